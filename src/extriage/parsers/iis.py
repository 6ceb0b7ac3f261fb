"""IIS logs: every request that reached the web server, front end and back end of Exchange.

W3C form: UTC without a mark, `#Fields` says the columns and may change in mid-file, blanks in
values are written `+`, a single `-` or nothing at all between two blanks is an empty value.
Native form: fixed columns, local time without a zone in the server's own date style.
"""

from extriage.parsers.base import Columns, LineFormat, names

COLUMNS: Columns = names("""
    date,time,s-ip,cs-method,cs-uri-stem,cs-uri-query,s-port,cs-username,c-ip,cs(User-Agent),
    cs(Referer),sc-status,sc-substatus,sc-win32-status,time-taken""")
"""IIS 7.5 and later."""

COLUMNS_7: Columns = tuple(name for name in COLUMNS if name != "cs(Referer)")
COLUMNS_6: Columns = ("date", "time", "s-sitename", *COLUMNS_7[2:-1])

FORMAT = LineFormat(
    kind="iis",
    delimiter=b" ",
    columns=(COLUMNS, COLUMNS_7, COLUMNS_6),
    host_fields=("s-computername",),
    part_field="s-port",
    part_names=(*((port, "back-end") for port in ("444", "81", "445")), ("", "front-end")),
    url=("cs-uri-stem", "cs-uri-query"),
)

NATIVE_COLUMNS: Columns = names("""
    c-ip,cs-username,date,time,s-sitename,s-computername,s-ip,time-taken,cs-bytes,sc-bytes,
    sc-status,sc-win32-status,cs-method,cs-uri-stem,cs-uri-query,""")
"""Every row ends with a comma, so the last column has no name."""

NATIVE = LineFormat(
    kind="iis-native",
    delimiter=b",",
    columns=(NATIVE_COLUMNS,),
    host_fields=("s-computername",),
    local_time=True,
)

HTTPERR = LineFormat(
    kind="httperr",
    delimiter=b" ",
    columns=(
        names("""date,time,c-ip,c-port,s-ip,s-port,cs-version,cs-method,cs-uri,sc-status,s-siteid,
        s-reason,s-queuename"""),
    ),
)
"""Requests that HTTP.sys refused before IIS saw them."""
