"""Where each log lies: on a whole drive, in a copied `Logging` folder, or in a pile of files."""

from dataclasses import dataclass
from datetime import datetime
from zlib import crc32

from extriage.samples.spec import Family, ServerSpec


@dataclass(frozen=True, slots=True)
class Log:
    """One log of one server: its family, and which of its siblings it is."""

    family: Family
    name: str = ""


def path(spec: ServerSpec, log: Log, time: datetime) -> str:
    """Return the file that a line of that time stands in; empty if the layout lacks the log."""
    on_server = _on_server(spec, log, time)
    if spec.layout == "pile":
        return _renamed(on_server)
    if spec.layout == "logging":
        _, found, rest = on_server.partition("/Logging/")
        return f"Logging/{rest}" if found else ""
    return on_server


def page(spec: ServerSpec, windows_path: str) -> str:
    """Return where a file of the server lies; empty if the layout lacks it."""
    if spec.layout == "logging":
        return ""
    drive, _, rest = windows_path.partition(":\\")
    on_server = f"{drive.upper()}/{rest.replace(chr(92), '/')}"
    return _renamed(on_server) if spec.layout == "pile" else on_server


def _renamed(on_server: str) -> str:
    return f"{crc32(on_server.encode()):08x}.txt"


def _on_server(spec: ServerSpec, log: Log, time: datetime) -> str:
    logging = f"{spec.install.replace(':', '').replace(chr(92), '/')}Logging"
    match log.family:
        case "httpproxy":
            first = file_start(spec, time)
            return f"{logging}/HttpProxy/{log.name}/HttpProxy_{first:%Y%m%d%H}-1.LOG"
        case "ecp-server":
            return f"{logging}/ECP/Server/ECPServer{time:%Y%m%d}-1.LOG"
        case "oab-generator":
            return f"{logging}/OABGeneratorLog/OABGenerator{time:%Y%m%d}-1.LOG"
        case "ews":
            return f"{logging}/Ews/Ews_{file_start(spec, time):%Y%m%d%H}-1.LOG"
        case "rps-cmdlet":
            first = file_start(spec, time)
            folder = f"{logging}/CmdletInfra/Powershell-Proxy/Cmdlet"
            return f"{folder}/Rps_Cmdlet_{first:%Y%m%d%H}-1.LOG"
        case "iis":
            return f"C/inetpub/logs/LogFiles/W3SVC{log.name}/u_ex{time:%y%m%d}.log"
        case _:
            return f"exports/{log.name.replace('/', '%4')}.jsonl"


def file_start(spec: ServerSpec, time: datetime) -> datetime:
    """Return the hour that the HttpProxy file of a line is named after."""
    hour = time.hour - time.hour % max(1, min(spec.hours_per_file, 24))
    return time.replace(hour=hour, minute=0, second=0, microsecond=0)
