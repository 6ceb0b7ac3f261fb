"""What a shell may lie in: dumps of virtual directories, mailbox files, requests, pictures."""

from random import Random

_DUMPS = {
    "english": ("Name", "PollInterval", "OfflineAddressBooks", "RequireSSL", "MetabasePath", "Path",
                "Server", "InternalUrl", "ExternalUrl", "WhenChanged", "IsValid"),
    "german": ("Name", "Abrufintervall", "Offlineadressb\u00fccher", "RequireSSL", "Metabasispfad",
               "Pfad", "Server", "InterneURL", "ExterneURL", "Ge\u00e4ndertAm", "IstG\u00fcltig"),
    "russian": ("\u0418\u043c\u044f", "PollInterval", "OfflineAddressBooks", "RequireSSL",
                "MetabasePath", "\u041f\u0443\u0442\u044c", "\u0421\u0435\u0440\u0432\u0435\u0440",
                "InternalUrl", "ExternalUrl", "WhenChanged", "IsValid"),
}  # fmt: skip


def dump(text: str, tongue: str) -> str:
    """Return what the server writes about a virtual directory, with the text in its address."""
    compact = " ".join(text.split())
    values = (
        "OAB (Default Web Site)",
        "480",
        "\\Default Offline Address Book",
        "True",
        "IIS://EX01.contoso.example/W3SVC/1/ROOT/OAB",
        "C:\\Program Files\\Microsoft\\Exchange Server\\V15\\FrontEnd\\HttpProxy\\OAB",
        "EX01",
        "https://ex01.contoso.example/OAB",
        f"http://f.example/#{compact}",
        "3/3/2021 4:12:09 AM",
        "True",
    )
    rows = zip(_DUMPS[tongue], values, strict=True)
    return "".join(f"{key:<32}: {value}\r\n" for key, value in rows)


def _noise(rng: Random, many: int) -> bytes:
    data = rng.randbytes(many)
    return data.replace(b"<", b"\x01").replace(b"%", b"\x02")


def mailbox_file(data: bytes, rng: Random) -> bytes:
    """Put bytes where an exported mailbox has an attachment."""
    head = b"!BDN" + rng.randbytes(4) + b"SM\x17\x00\x13\x00\x01\x01" + bytes(240)
    return head + _noise(rng, 2000) + data + _noise(rng, 3000)


def request_file(data: bytes, rng: Random) -> bytes:
    """Put bytes into the subject of a certificate request."""
    inside = b"\x02\x01\x00" + b"\x30\x82\x01\x40" + b"\x06\x03\x55\x04\x03\x0c\x82"
    inside += len(data).to_bytes(2, "big") + data + b"\xa0\x00" + _noise(rng, 600)
    return b"\x30\x82" + (len(inside) & 0xFFFF).to_bytes(2, "big") + inside


def picture(data: bytes, rng: Random) -> bytes:
    return b"GIF89a\x01\x00\x01\x00\x80\x00\x00" + _noise(rng, 40) + b"\n" + data


def short_picture(data: bytes, rng: Random) -> bytes:
    return b"GIF89a;\n" + data


def photograph(data: bytes, rng: Random) -> bytes:
    return b"\xff\xd8\xff\xe0\x00\x10JFIF\x00\x01" + _noise(rng, 900) + data + b"\xff\xd9"


def packed(data: bytes, rng: Random) -> bytes:
    """Lead with the first bytes of an archive."""
    return b"PK\x03\x04\x14\x00\x00\x00" + _noise(rng, 200) + data


def gzip_head(data: bytes, rng: Random) -> bytes:
    """Lead with the first bytes of a packed file."""
    return b"\x1f\x8b\x08\x00" + _noise(rng, 60) + data


def event_log_head(data: bytes, rng: Random) -> bytes:
    """Lead with the first bytes of a log that the reader of evidence would rather read."""
    return b"ElfFile\x00" + _noise(rng, 300) + data


def padded(data: bytes, rng: Random) -> bytes:
    """Put far more white space before the code than an editor shows."""
    return b"\r\n" * 20_000 + data


def buried(data: bytes, rng: Random) -> bytes:
    """Put the code behind a long harmless text."""
    line = b"<p>The quarterly figures of the department are shown in the table below.</p>\r\n"
    return line * 4000 + data


WRAPPED = {
    "mailbox-file": mailbox_file,
    "certificate-request": request_file,
    "picture": picture,
    "short-picture": short_picture,
    "photograph": photograph,
    "archive-head": packed,
    "gzip-head": gzip_head,
    "event-log-head": event_log_head,
    "padded": padded,
    "buried": buried,
}
_NOT_FOUND = (
    "<html><head><title>404 - File or directory not found.</title></head><body>\n"
    "<h2>404 - File or directory not found.</h2><h3>The resource you are looking for might have "
    "been removed, had its name changed, or is temporarily unavailable.</h3>\n@@\n</body></html>"
)
_LOGON = (
    '<!DOCTYPE HTML><html><head><title>Outlook</title><link rel="shortcut icon" '
    'href="/owa/auth/15.1.2176/themes/resources/favicon.ico"></head><body class="signInBg">\n'
    '<form action="/owa/auth.owa" method="POST" name="logonForm" autocomplete="off">\n'
    '<input type="hidden" name="destination" value=""><input name="username" id="username">'
    '<input type="password" name="password" id="password"></form>\n@@\n</body></html>'
)
AROUND = {"fake-not-found": _NOT_FOUND, "fake-logon": _LOGON}


def around(text: str, kind: str) -> str:
    """Put an ordinary page around the code; the directives stay on top."""
    lines = text.split("\n")
    top = 0
    while top < len(lines) and lines[top].startswith("<%@") and lines[top].rstrip().endswith("%>"):
        top += 1
    rest = "\n".join(lines[top:]).replace("<html>", "").replace("</html>", "")
    return "".join(line + "\n" for line in lines[:top]) + AROUND[kind].replace("@@", rest)
