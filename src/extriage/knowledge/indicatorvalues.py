"""Values of indicators: what type a value is, how it is spelled, which say nothing.

Publishers break addresses so that nobody clicks them (`hxxp`, `[.]`), and every format has words of
its own for the types. What comes out is one spelling, so that the same value from two lists is the
same indicator.
"""

import ipaddress
import re
from collections.abc import Callable, Mapping
from datetime import date, timedelta
from functools import lru_cache

LONGEST = 2048
"""Characters of a value; longer ones are no indicator that anybody could look for."""

_WORDS = {
    "ipv4": "ip ipv4 ipaddr ipaddress address ipsrc ipdst ipv4addr srcip dstip hostip",
    "ipv6": "ipv6 ipv6addr",
    "network": "network cidr subnet netblock iprange ipnet",
    "domain": "domain domainname hostname host fqdn dns",
    "url": "url uri link",
    "sha256": "sha256 sha256hash filesha256 hashsha256 filehashsha256",
    "sha1": "sha1 sha1hash filesha1 hashsha1 filehashsha1",
    "md5": "md5 md5hash filemd5 hashmd5 filehashmd5",
    "file-name": "filename file name webshell",
    "path": "path filepath fullpath directory folder fullname",
    "url-path": "urlpath uripath uristem csuristem urlstem stem",
    "user-agent": "useragent agent httpuseragent csuseragent",
    "account": "account username user samaccountname accountname",
    "email": "email emailaddr emailaddress mail emailsrc emaildst sender recipient smtp",
    "shell-parameter": "shellparameter shellpassword webshellparameter webshellpassword",
    "shell-password-sha256": "shellpasswordsha256",
    "text": "text string literal pattern cookieprefix",
    "hash": "hash filehash checksum",
}
_TYPES = {word: name for name, words in _WORDS.items() for word in words.split()}
TYPES = frozenset(_WORDS) - {"hash"}
"""The types that an indicator can have."""
HASHES = {64: "sha256", 40: "sha1", 32: "md5"}

_DEFANGED = (
    (re.compile(r"\[\.\]|\(\.\)|\{\.\}|\[dot\]|\(dot\)|\[,\]|\\\.(?=\w)", re.IGNORECASE), "."),
    (re.compile(r"\[:\]|\(:\)"), ":"),
    (re.compile(r"\[(://|:/|/)\]"), r"\1"),
    (re.compile(r"\[(?:at|@)\]|\((?:at|@)\)", re.IGNORECASE), "@"),
    (re.compile(r"^(?:hxxp|h\*\*p|hXXp|meow)(s?)(?=:)", re.IGNORECASE), r"http\1"),
    (re.compile(r"^fxp(s?)(?=:)", re.IGNORECASE), r"ftp\1"),
)
_LABEL = r"(?!-)[a-z0-9_-]{1,63}(?<!-)"
_DOMAIN = re.compile(rf"{_LABEL}(?:\.{_LABEL})*\.(?:[a-z]{{2,24}}|xn--[a-z0-9-]{{2,59}})")
_EMAIL = re.compile(r"[^\s@<>\"',;:()]{1,64}@([^\s@<>\"',;:()]{1,253})")
_URL = re.compile(r"(?:https?|ftp)://[^\s\"<>]+", re.IGNORECASE)
_HEX = re.compile(r"[0-9a-f]+")
_FILE = re.compile(r"[^\\/:*?\"<>|\x00-\x1f]{1,255}")
_ENDING = re.compile(
    r"\.(?:aspx?|ashx|asmx|php|jspx?|svc|soap|exe|dll|ps1|bat|cmd|vbs|js|txt|log|dat|tmp|zip|7z|rar|"
    r"cab|pst|xml|config|db|hta|sys|msi|png|jpe?g|gif|cer|dmp|sct|iso|lnk)$",
    re.IGNORECASE,
)
_SPAN = re.compile(r"(\d{4})(?:-(\d\d))?(?:-(\d\d))?")
_UNUSABLE = re.compile(r"[\x00-\x1f\x7f\ud800-\udfff]")


def refang(text: str) -> str:
    """Undo what keeps people from clicking: `hxxp`, `[.]`, `(at)`; Windows paths stay as they are.

    >>> refang("hxxps://evil[.]contoso[.]example/a")
    'https://evil.contoso.example/a'
    """
    if re.match(r"[A-Za-z]:\\|\\|%", text):
        return text
    for pattern, plain in _DEFANGED:
        text = pattern.sub(plain, text)
    return text


def type_named(word: str) -> str:
    """Return the type that a word of a feed means (`FileHash-SHA256`, `domainname`), else none."""
    return _TYPES.get(re.sub(r"[^a-z0-9]", "", word.lower()), "")


def shaped(type: str, value: str) -> tuple[str, str]:
    """Return type and value in the one spelling; ValueError says in words why it is refused.

    An empty type is told from the value's shape.
    """
    text = refang(value.strip().strip("\"'").strip())
    if not text:
        raise ValueError("the value is empty")
    if len(text) > LONGEST:
        raise ValueError(f"longer than {LONGEST} characters")
    if _UNUSABLE.search(text):
        raise ValueError("the value has control characters")
    found = _narrowed(type, text) or _told(text)
    if not found:
        raise ValueError("its type cannot be told from its shape")
    shape = _SHAPES[found](text)
    if not shape:
        raise ValueError(f"it is no {found}")
    if trivial := _trivial(found, shape):
        raise ValueError(trivial)
    return found, shape


def day_from(text: str) -> date | None:
    """Return the first day of a day, a month or a year (`2021-03`); None if it is none."""
    found = _SPAN.match(text.strip())
    if found is None:
        return None
    try:
        return date(int(found[1]), int(found[2] or 1), int(found[3] or 1))
    except ValueError:
        return None


def day_until(text: str) -> date | None:
    """Return the last day of a day, a month or a year; None if it is none."""
    found, first = _SPAN.match(text.strip()), day_from(text)
    if found is None or first is None or found[3]:
        return first
    after = first.replace(day=28) + timedelta(4)
    if not found[2]:
        after = date(first.year, 12, 28) + timedelta(4)
    return after.replace(day=1) - timedelta(1)


def _narrowed(type: str, text: str) -> str:
    """Return the type, made exact by the value where its word names several."""
    if type in {"ipv4", "ipv6", "network"}:
        return _told_address(text) or type
    if type == "hash":
        return HASHES.get(len(text), "")
    if type == "domain" and _told_address(text):
        return _told_address(text)
    if type == "url" and text.startswith("/"):
        return "url-path"
    if type == "file-name" and re.search(r"[\\/]", text):
        return "path"
    return type


def _told(text: str) -> str:
    """Tell the type from the shape alone."""
    if found := _told_address(text):
        return found
    if _HEX.fullmatch(text.lower()) and len(text) in HASHES:
        return HASHES[len(text)]
    return next((type for type, told in _TELLING if told(text)), "")


_TELLING: tuple[tuple[str, Callable[[str], object]], ...] = (
    ("url", _URL.fullmatch),
    ("email", _EMAIL.fullmatch),
    ("path", re.compile(r"[A-Za-z]:\\|\\\\?[^\\]|%\w+%\\").match),
    ("url-path", lambda text: text.startswith("/")),
    ("file-name", lambda text: _ENDING.search(text) and _FILE.fullmatch(text)),
    ("domain", lambda text: _DOMAIN.fullmatch(text.lower().rstrip("."))),
    ("user-agent", re.compile(r"(?:Mozilla|python|curl|Go-http|antSword)[/-]").match),
)


@lru_cache(maxsize=4096)
def _told_address(text: str) -> str:
    plain = _plain_address(text)
    try:
        return f"ipv{ipaddress.ip_address(plain).version}"
    except ValueError:
        pass
    try:
        found = ipaddress.ip_network(plain, strict=False) if "/" in plain else None
    except ValueError:
        return ""
    if found is None:
        return ""
    return "network" if found.num_addresses > 1 else f"ipv{found.version}"


def _plain_address(text: str) -> str:
    """Take a port and brackets off an address."""
    if text.startswith("["):
        return text[1:].partition("]")[0]
    return text.partition(":")[0] if text.count(":") == 1 else text


def _address(text: str) -> str:
    try:
        return str(ipaddress.ip_address(_plain_address(text).partition("/")[0]))
    except ValueError:
        return ""


def _network(text: str) -> str:
    try:
        return str(ipaddress.ip_network(text, strict=False))
    except ValueError:
        return ""


def _domain(text: str) -> str:
    lowered = text.lower().removeprefix("*.").strip(".")
    return lowered if _DOMAIN.fullmatch(lowered) and len(lowered) <= 253 else ""


def _hash(length: int) -> Callable[[str], str]:
    def shape(text: str) -> str:
        lowered = text.lower()
        return lowered if len(lowered) == length and _HEX.fullmatch(lowered) else ""

    return shape


def _url(text: str) -> str:
    scheme, mark, rest = text.partition("://")
    if not mark:
        return text if "/" in text and _domain(text.partition("/")[0]) else ""
    host, slash, path = rest.partition("/")
    return f"{scheme.lower()}://{host.lower()}{slash}{path}" if host else ""


def _url_path(text: str) -> str:
    return text if text.startswith("/") and not re.search(r"\s", text) else ""


def _path(text: str) -> str:
    return text if re.search(r"[\\/]", text) else ""


def _name(text: str) -> str:
    return text if _FILE.fullmatch(text) else ""


def _email(text: str) -> str:
    found = _EMAIL.fullmatch(text.lower())
    return found[0] if found and _DOMAIN.fullmatch(found[1]) else ""


def _text(text: str) -> str:
    return text


_SHAPES: Mapping[str, Callable[[str], str]] = {
    "ipv4": _address,
    "ipv6": _address,
    "network": _network,
    "domain": _domain,
    "url": _url,
    "sha256": _hash(64),
    "sha1": _hash(40),
    "md5": _hash(32),
    "file-name": _name,
    "path": _path,
    "url-path": _url_path,
    "user-agent": _text,
    "account": _text,
    "email": _email,
    "shell-parameter": _text,
    "shell-password-sha256": _hash(64),
    "text": _text,
}


def _trivial(type: str, value: str) -> str:
    """Say why a value would be met everywhere and mean nothing; empty if it would not."""
    if type in {"ipv4", "ipv6"}:
        address = ipaddress.ip_address(value)
        if address.is_loopback or address.is_unspecified or address.is_link_local:
            return "the address is that of any machine itself"
    if type == "network" and _wide(value):
        return "the network is too wide to say anything"
    if type in _EMPTY and value == _EMPTY[type]:
        return "it is the hash of an empty file"
    if type in {"text", "user-agent", "account"} and len(value) < _SHORTEST[type]:
        return f"fewer than {_SHORTEST[type]} characters"
    return ""


def _wide(value: str) -> bool:
    network = ipaddress.ip_network(value)
    return network.prefixlen < (8 if network.version == 4 else 19)


_SHORTEST = {"text": 6, "user-agent": 4, "account": 2}
_EMPTY = {
    "sha256": "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    "sha1": "da39a3ee5e6b4b0d3255bfef95601890afd80709",
    "md5": "d41d8cd98f00b204e9800998ecf8427e",
}
