"""IIS W3C logs: site 1 is the front end, site 2 the back end; UTC, written at a request's end."""

from datetime import datetime

from extriage.samples.organisation import Organisation
from extriage.samples.spec import Product
from extriage.samples.web import Call, Request

_FIELDS = (
    "date time s-ip cs-method cs-uri-stem cs-uri-query s-port cs-username c-ip cs(User-Agent) "
    "cs(Referer) sc-status sc-substatus sc-win32-status time-taken"
)

_VERSIONS: dict[Product, str] = {"2010": "7.5", "2013": "8.5", "2016": "10.0", "2019": "10.0"}


def fields(product: Product, sizes: bool = False) -> tuple[str, ...]:
    """Return the field names; IIS 7.5 below Exchange 2010 logs no referrer."""
    names = _FIELDS.split()
    if product == "2010":
        names.remove("cs(Referer)")
    if sizes:
        names[-1:-1] = ["sc-bytes", "cs-bytes"]
    return tuple(names)


def head(product: Product, first: datetime, sizes: bool = False) -> list[str]:
    """Return the header block that IIS writes at the start of a day."""
    return [
        f"#Software: Microsoft Internet Information Services {_VERSIONS[product]}",
        "#Version: 1.0",
        f"#Date: {first:%Y-%m-%d %H:%M:%S}",
        f"#Fields: {' '.join(fields(product, sizes))}",
    ]


def sent_bytes(request: Request | Call) -> int:
    """Return `sc-bytes`: the answer with its head, which `ResponseBytes` does not count."""
    return request.sent + 310 + len(request.stem)


def received_bytes(request: Request | Call) -> int:
    """Return `cs-bytes`: the request with its head."""
    return request.received + 270 + len(request.stem) + len(request.query) + len(request.agent)


def _sizes(request: Request | Call) -> str:
    return f"{sent_bytes(request)} {received_bytes(request)} "


def front(org: Organisation, product: Product, request: Request, sizes: bool = False) -> str:
    """Return the front end's line; 2013 and later append their own tail to the query."""
    query = request.query
    if product != "2010" and request.protocol:
        query += f"&CorrelationID=<empty>;&cafeReqId={request.request_id};"
        if request.status == 302 and request.hop is None and not request.user:
            query += "&LogoffReason=NoCookiesGetOrE14AuthPost"
    values = [
        request.time.isoformat(" ", "seconds")[:19],
        "127.0.0.1" if request.client == "127.0.0.1" else org.address,
        request.method,
        request.stem,
        _plain(query),
        str(request.port),
        _plain(request.user),
        request.client,
        _plain(request.agent),
        _plain(request.referer),
        f"{request.status} {request.substatus} {_sizes(request) * sizes}{request.took}",
    ]
    if product == "2010":
        del values[9]
    return " ".join(values)


def back(call: Call, sizes: bool = False) -> str:
    """Return the back end's line.

    Remote PowerShell leaves two blanks before its user name, as real back ends do.
    """
    user = _plain(call.user)
    if call.stem == "/powershell":
        user = f" {user}"
    values = (
        call.time.isoformat(" ", "seconds")[:19],
        call.client,
        call.method,
        call.stem,
        _plain(call.query),
        str(call.port),
        user,
        call.client,
        _plain(call.agent),
        _plain(call.referer),
        f"{call.status} 0 {call.win32} {_sizes(call) * sizes}{call.took}",
    )
    return " ".join(values)


def _plain(value: str) -> str:
    return value.replace(" ", "+") or "-"
