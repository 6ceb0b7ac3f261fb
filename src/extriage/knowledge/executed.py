"""Files that IIS executes: their names make the server run them, whatever their first bytes are.

Source: the handlers of ASP.NET and classic ASP in applicationHost.config and the web.config of
.NET Framework. `.cer`, `.asa` and `.cdx` are run as classic ASP.
"""

REQUESTED = (
    *("aspx", "ashx", "asmx", "asp", "asa", "cdx", "cer"),
    *("svc", "soap", "rem", "cshtml", "vbhtml"),
)
"""Extensions that a browser can ask for."""
EXTENSIONS = frozenset({*REQUESTED, "ascx", "asax"})
"""Those and what other pages bring in: controls, and the application's own file."""
ENDING = rf"\.(?:{'|'.join(REQUESTED)})"
"""The end of the name of a page that can be asked for, as a regular expression."""
ANY_ENDING = rf"\.(?:{'|'.join(sorted(EXTENSIONS))})"


def is_executed(name: str) -> bool:
    """Tell whether IIS executes a file of this name or path."""
    return name.rpartition(".")[2].lower() in EXTENSIONS
