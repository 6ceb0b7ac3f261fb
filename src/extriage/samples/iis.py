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


def fields(product: Product) -> tuple[str, ...]:
    """Return the field names; IIS 7.5 below Exchange 2010 logs no referrer."""
    if product == "2010":
        return tuple(name for name in _FIELDS.split() if name != "cs(Referer)")
    return tuple(_FIELDS.split())


def head(product: Product, first: datetime) -> list[str]:
    """Return the header block that IIS writes at the start of a day."""
    return [
        f"#Software: Microsoft Internet Information Services {_VERSIONS[product]}",
        "#Version: 1.0",
        f"#Date: {first:%Y-%m-%d %H:%M:%S}",
        f"#Fields: {' '.join(fields(product))}",
    ]


def front(org: Organisation, product: Product, request: Request) -> str:
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
        f"{request.status} {request.substatus} {request.took}",
    ]
    if product == "2010":
        del values[9]
    return " ".join(values)


def back(call: Call) -> str:
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
        f"{call.status} 0 {call.win32} {call.took}",
    )
    return " ".join(values)


def _plain(value: str) -> str:
    return value.replace(" ", "+") or "-"
