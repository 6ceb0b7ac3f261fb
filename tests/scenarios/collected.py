"""One server's folder, handed over as collectors and helpful colleagues hand it over.

Each way writes what it makes of the folder `server` (with `C/` and `exports/` in it) below the
folder `out`. Names, logs and layouts are those of the collectors' own documentation.
"""

import io
import json
import re
import struct
import tarfile
import zipfile
import zlib
from collections.abc import Callable, Iterator
from hashlib import sha1
from pathlib import Path
from typing import Any, TypeAlias

import inflate64
import py7zr

Way: TypeAlias = Callable[[Path, Path], None]
Files: TypeAlias = list[tuple[str, bytes]]

OPEN_TAR: Any = tarfile.open
"""Its types name every mode apart; here the mode is a parameter."""
PAGES = ("/Temporary ASP.NET Files/", "/wwwroot/", "/FrontEnd/")
RENAMED = (
    ("Logging/HttpProxy/Owa/", "OWA_Proxy_Logs/"),
    ("Logging/HttpProxy/Ecp/", "ECP_Proxy_Logs/"),
    ("Logging/HttpProxy/Eas/", "EAS_Proxy_Logs/"),
    ("Logging/HttpProxy/Ews/", "EWS_Proxy_Logs/"),
    ("Logging/HttpProxy/Mapi/", "MAPI_Proxy_Logs/"),
    ("Logging/HttpProxy/RpcHttp/", "RCA_Proxy_Logs/"),
    ("Logging/HttpProxy/Oab/", "OAB_Proxy_Logs/"),
    ("Logging/HttpProxy/Autodiscover/", "AutoD_Proxy_Logs/"),
    ("Logging/HttpProxy/PowerShell/", "PowerShell_Proxy_Logs/"),
    ("Logging/ECP/", "ECP_Logs/"),
    ("Logging/Ews/", "EWS_BE_Logs/"),
    ("Logging/OABGeneratorLog/", "OAB_Generation_Logs/"),
    ("Logging/CmdletInfra/", "CmdletInfra_Logs/"),
    ("LogFiles/W3SVC1/", "IIS_W3SVC1_Logs/"),
    ("LogFiles/W3SVC2/", "IIS_W3SVC2_Logs/"),
    ("exports/", "Windows_Event_Logs/"),
)
"""What the log collector of CSS-Exchange calls folders."""


def files_of(server: Path) -> Files:
    """Return all files of a server by their path in its folder."""
    return [(name, (server / name).read_bytes()) for name in sorted(_names(server))]


def _names(server: Path) -> Iterator[str]:
    for path in server.rglob("*"):
        if path.is_file():
            yield path.relative_to(server).as_posix()


def laid(out: Path, files: Files) -> None:
    """Write files below a folder."""
    for name, data in files:
        path = out / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)


def zipped(files: Files, method: int = zipfile.ZIP_DEFLATED) -> bytes:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", method) as archive:
        for name, data in files:
            archive.writestr(zipfile.ZipInfo(name), data, method)
    return made.getvalue()


def taped(path: Path, files: Files, packed: str = "") -> None:
    """Write a tar archive; `packed` is gz or xz."""
    with OPEN_TAR(path, f"w:{packed}") as archive:
        for name, data in files:
            info = tarfile.TarInfo(name)
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data))


def zipped_deflate64(files: Files) -> bytes:
    """Return a zip archive in the compression that Explorer uses above two gigabytes."""
    packed = []
    for name, data in files:
        deflater = inflate64.Deflater()
        packed.append((name, bytes(deflater.deflate(data) + deflater.flush())))
    raw = bytearray(zipped(packed, zipfile.ZIP_STORED))
    with zipfile.ZipFile(io.BytesIO(raw)) as archive:
        offsets, record = [one.header_offset for one in archive.infolist()], archive.start_dir
    for offset, (_, data) in zip(offsets, files, strict=True):
        record = raw.index(b"PK\x01\x02", record)
        for start in (offset + 8, record + 10):  # method, checksum and size stand in both records
            struct.pack_into("<H", raw, start, 9)
            struct.pack_into("<I", raw, start + 6, zlib.crc32(data))
            struct.pack_into("<I", raw, start + 14, len(data))
        record += 46
    return bytes(raw)


def folder(server: Path, out: Path) -> None:
    laid(out, files_of(server))


def one_zip(server: Path, out: Path) -> None:
    laid(out, [("EX01.zip", zipped(files_of(server)))])


def zip_in_zip(server: Path, out: Path) -> None:
    inner = zipped(files_of(server))
    laid(out, [("case.zip", zipped([("EX01.zip", inner)], zipfile.ZIP_STORED))])


def deflate64_zip(server: Path, out: Path) -> None:
    """Write the zip that Windows Explorer makes of much data."""
    laid(out, [("EX01.zip", zipped_deflate64(files_of(server)))])


def tar(server: Path, out: Path) -> None:
    taped(out / "EX01.tar", files_of(server))


def tar_gz(server: Path, out: Path) -> None:
    taped(out / "EX01.tar.gz", files_of(server), "gz")


def tar_xz(server: Path, out: Path) -> None:
    taped(out / "EX01.tar.xz", files_of(server), "xz")


def sevenzip(server: Path, out: Path) -> None:
    with py7zr.SevenZipFile(out / "EX01.7z", "w") as archive:
        for name, data in files_of(server):
            archive.writestr(data, name)


def _encoded(part: str) -> str:
    """Return a file name as Velociraptor writes it."""
    return re.sub(
        rb"[^A-Za-z0-9._~$ -]", lambda one: b"%%%02X" % ord(one[0]), part.encode()
    ).decode()


def velociraptor(server: Path) -> Files:
    """Return an offline collection: uploads of two accessors, results, and its own lists."""
    made: Files = [
        ("client_info.json", b'{"hostname":"EX01","os":"windows"}'),
        ("collection_context.json", b'{"state":"FINISHED","total_uploaded_files":1}'),
        ("log.json", b'{"Timestamp":1614765000,"level":"INFO","message":"Starting collection"}\n'),
    ]
    uploads = []
    for name, data in files_of(server):
        drive, _, rest = name.partition("/")
        if drive == "exports":
            made.append((f"results/{_encoded(rest).replace('.jsonl', '.json')}", data))
            continue
        parts = "/".join(map(_encoded, rest.split("/")))
        made.append((f"uploads/auto/C%3A/{parts}", data))
        if "/owa/auth/" in rest or "W3SVC1" in rest:  # what the raw accessor took once more
            made.append((f"uploads/ntfs/%5C%5C.%5CC%3A/{parts}", data))
        components = ["uploads", "auto", "C:", *rest.split("/")]
        row = {"vfs_path": f"C:/{rest}", "_Components": components, "Type": ""}
        uploads.append(json.dumps(row | {"file_size": len(data), "uploaded_size": len(data)}))
    return [*made, ("uploads.json", "\n".join(uploads).encode())]


def velociraptor_folder(server: Path, out: Path) -> None:
    laid(out, velociraptor(server))


def velociraptor_zip(server: Path, out: Path) -> None:
    name = "Collection-EX01_contoso_example-2021-03-05T09_00_00Z.zip"
    laid(out, [(name, zipped(velociraptor(server)))])


KAPE_COPIES = (
    "CopiedTimestamp,SourceFile,DestinationFile,FileSize,SourceFileSha1,DeferredCopy,"
    "CreatedOnUtc,ModifiedOnUtc,LastAccessedOnUtc,CopyDuration"
)


def kape(server: Path) -> Files:
    """Return KAPE's target folder with its logs; it left out an empty file."""
    run, made = "2021-03-05T09_00_00_1234567", files_of(server)
    copies, at = [KAPE_COPIES], "2021-03-05 09:00:01.0000000"
    for name, data in made:
        source, digest = f"C:\\{name[2:]}".replace("/", "\\"), sha1(data).hexdigest().upper()
        copies.append(f"{at},{source},E:\\k\\{name},{len(data)},{digest},False,{at},{at},{at},0")
    empty = sha1(b"").hexdigest().upper()
    console = [
        "[2021-03-05 09:00:00.0000000 | INF] KAPE directory: E:\\KAPE",
        "[2021-03-05 09:00:09.0000000 | INF] Copied 90 (Deduplicated: 1) out of 91 files.",
    ]
    skipped = rf"C:\inetpub\logs\LogFiles\W3SVC1\u_ex210228.log,{empty},Deduped"
    return [
        *made,
        (f"{run}_CopyLog.csv", _lines(copies)),
        (f"{run}_SkipLog.csv.csv", _lines(["SourceFile,SourceFileSha1,Reason", skipped])),
        (f"{run}_ConsoleLog.txt", _lines(console)),
    ]


def _lines(lines: list[str]) -> bytes:
    return ("\ufeff" + "".join(f"{line}\r\n" for line in lines)).encode()


def kape_folder(server: Path, out: Path) -> None:
    laid(out, kape(server))


def acquire_tar(server: Path, out: Path) -> None:
    """Write acquire's archive: drives as `C:`, its own files, and pages once more as `sysvol`."""
    files = [
        (f"fs/C:/{name[2:]}" if name.startswith("C/") else f"fs/{name}", data)
        for name, data in files_of(server)
    ]
    twice = [
        (name.replace("fs/C:/", "fs/sysvol/"), data)
        for name, data in files
        if name.startswith(("fs/C:/inetpub/", "fs/C:/Program Files/"))
    ]
    own = [("$metadata$/volatile/loaded-drivers/loaded-drivers", b"ntoskrnl.exe\n")]
    taped(out / "EX01_20210305090000.tar", [*files, *twice, *own])


def uac_tar_gz(server: Path, out: Path) -> None:
    files = [(f"[root]/{name}", data) for name, data in files_of(server)]
    own = ("uac.log", b"2021-03-05 09:00:00 +0000 INF Program: UAC (Unix-like Artifacts)\n")
    taped(out / "uac-ex01-windows-20210305090000.tar.gz", [own, *files], "gz")


def cylr_zip(server: Path, out: Path) -> None:
    own = ("CyLR_Collection_Log_2021-03-05.log", b"2021-03-05T09:00:00 [info] Collecting\r\n")
    laid(out, [("EX01.zip", zipped([*files_of(server), own]))])


def exchange_log_collector(server: Path, out: Path) -> None:
    """Write one zip with renamed folders of logs; this collector takes no pages."""
    made = []
    for name, data in files_of(server):
        for old, new in RENAMED:
            if old in name:
                made.append((new + name.partition(old)[2], data))
    laid(out, [("EX01.zip", zipped([(f"EX01/{name}", data) for name, data in made]))])


def no_pages(server: Path, out: Path) -> None:
    """Write what a collector leaves that takes logs alone."""
    files = files_of(server)
    laid(out, [one for one in files if not any(place in f"/{one[0]}" for place in PAGES)])


def twice(server: Path, out: Path) -> None:
    """Write the folder, and the zip that was made of it."""
    folder(server, out)
    one_zip(server, out)


WAYS: dict[str, Way] = {
    "zip": one_zip,
    "zip in zip": zip_in_zip,
    "zip of Windows Explorer": deflate64_zip,
    "tar": tar,
    "tar.gz": tar_gz,
    "tar.xz": tar_xz,
    "7z": sevenzip,
    "Velociraptor folder": velociraptor_folder,
    "Velociraptor zip": velociraptor_zip,
    "KAPE folder": kape_folder,
    "acquire tar": acquire_tar,
    "UAC tar.gz": uac_tar_gz,
    "CyLR zip": cylr_zip,
    "folder and zip": twice,
}
"""Ways that keep all that the folder holds: each must tell the same of the server."""
