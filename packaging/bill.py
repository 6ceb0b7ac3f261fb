"""What is in a bundle: its distributions with version, licence and hash, as the wheels tell.

Three papers go with every bundle: `SHA256SUMS` (what `sha256sum -c` reads), `sbom.cdx.json`
(CycloneDX 1.6, what scanners and auditors read) and `licences.txt` (what a lawyer reads). They hold
no time and no name of a machine: the same wheels give the same papers.
"""

import hashlib
import json
import uuid
import zipfile
from collections.abc import Iterable
from dataclasses import dataclass
from email.message import Message
from email.parser import Parser
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from targets import Target

SUMS = "SHA256SUMS"
SBOM = "sbom.cdx.json"
LICENCES = "licences.txt"
_BY_LICENCE = "License :: OSI Approved :: "


@dataclass(frozen=True, slots=True)
class Dist:
    """A distribution as its wheel tells of it.

    `licence` is its own word; `spdx` says that it is an expression of SPDX, not a name.
    """

    name: str
    version: str
    licence: str
    spdx: bool
    home: str
    file: str
    sha256: str
    needs: tuple[str, ...]
    texts: tuple[str, ...]


def read_wheel(wheel: Path) -> Dist:
    """Return what a wheel says of itself."""
    with zipfile.ZipFile(wheel) as archive:
        names = archive.namelist()
        place = next(name for name in names if name.endswith(".dist-info/METADATA"))
        facts = Parser().parsestr(archive.read(place).decode("utf-8", "replace"))
    folder = place.rpartition("/")[0]
    words = ("licen", "copying", "notice", "authors")
    papers = [name for name in names if name.startswith(folder) and not name.endswith("METADATA")]
    texts = [
        name for name in papers if any(word in name.rpartition("/")[2].lower() for word in words)
    ]
    return Dist(
        canonicalize_name(str(facts["Name"])),
        str(facts["Version"]),
        licence_of(facts),
        bool(facts["License-Expression"]),
        _home(facts),
        wheel.name,
        sha256(wheel),
        tuple(facts.get_all("Requires-Dist", ())),
        tuple(sorted(texts)),
    )


def licence_of(facts: Message) -> str:
    """Return the licence that a wheel names: an expression, else a classifier, else its words."""
    if expression := facts["License-Expression"]:
        return str(expression)
    classified = [
        one.removeprefix(_BY_LICENCE)
        for one in facts.get_all("Classifier", ())
        if one.startswith(_BY_LICENCE)
    ]
    if classified:
        return ", ".join(sorted(classified))
    return next(
        (line.strip() for line in str(facts["License"] or "").splitlines() if line.strip()), ""
    )


def _home(facts: Message) -> str:
    if page := facts["Home-page"]:
        return str(page)
    urls = dict(
        str(line).split(", ", 1) for line in facts.get_all("Project-URL", ()) if ", " in line
    )
    known = {label.lower(): url for label, url in urls.items()}
    wanted = ("homepage", "source", "repository", "source code", "code", "github")
    return next((known[label] for label in wanted if label in known), "")


def read_wheels(folder: Path) -> list[Dist]:
    """Return the distributions of a folder of wheels, by name."""
    return sorted((read_wheel(wheel) for wheel in folder.glob("*.whl")), key=lambda one: one.name)


def needed(dist: Dist, target: Target, extras: Iterable[str] = ()) -> list[Requirement]:
    """Return what a distribution asks for on the machine the bundle is for."""
    asked = [Requirement(line) for line in dist.needs]
    machines = [target.environment(extra) for extra in ("", *extras)]
    return [
        one
        for one in asked
        if one.marker is None or any(one.marker.evaluate(machine) for machine in machines)
    ]


def sha256(file: Path) -> str:
    """Return the SHA-256 of a file in hex."""
    with file.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def sums(folder: Path) -> str:
    """Return a line for each file below a folder, as `sha256sum` writes it, but for the sums."""
    files = sorted(file for file in folder.rglob("*") if file.is_file() and file.name != SUMS)
    return "".join(f"{sha256(file)}  {file.relative_to(folder).as_posix()}\n" for file in files)


def sbom(dists: list[Dist], target: Target) -> str:
    """Return the bundle's parts as CycloneDX 1.6: our own wheel, and what it needs."""
    own = next(one for one in dists if one.name == "extriage")
    known = {one.name: one for one in dists}
    document = {
        "$schema": "http://cyclonedx.org/schema/bom-1.6.schema.json",
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "serialNumber": f"urn:uuid:{_serial(dists)}",
        "version": 1,
        "metadata": {
            "component": _component(own, "application"),
            "properties": [
                {"name": "extriage:platform", "value": target.name},
                {"name": "extriage:python", "value": target.python},
            ],
        },
        "components": [_component(one, "library") for one in dists if one is not own],
        "dependencies": [
            {
                "ref": _purl(one),
                "dependsOn": sorted(
                    {
                        _purl(known[name])
                        for asked in needed(one, target, target.extras if one is own else ())
                        if (name := canonicalize_name(asked.name)) in known
                    }
                ),
            }
            for one in dists
        ],
    }
    return json.dumps(document, indent=1) + "\n"


def _component(one: Dist, kind: str) -> dict[str, object]:
    component: dict[str, object] = {
        "type": kind,
        "bom-ref": _purl(one),
        "name": one.name,
        "version": one.version,
        "hashes": [{"alg": "SHA-256", "content": one.sha256}],
        "purl": _purl(one),
        "properties": [{"name": "extriage:wheel", "value": one.file}],
    }
    if one.licence:
        named = {"expression": one.licence} if one.spdx else {"license": {"name": one.licence}}
        component["licenses"] = [named]
    if one.home:
        component["externalReferences"] = [{"type": "website", "url": one.home}]
    return component


def _purl(one: Dist) -> str:
    return f"pkg:pypi/{one.name}@{one.version}"


def _serial(dists: list[Dist]) -> uuid.UUID:
    return uuid.uuid5(uuid.NAMESPACE_URL, "\n".join(f"{one.file} {one.sha256}" for one in dists))


def licences(dists: list[Dist]) -> str:
    """Return a table of licences, and where in the wheels their texts stand."""
    lines = ["Licences of the parts of this bundle, as each part names its own.\n"]
    for one in dists:
        lines.append(f"\n{one.name} {one.version}: {one.licence or 'names none'}\n")
        lines += [f"  {one.home}\n"] if one.home else []
        lines += [f"  {one.file}: {text}\n" for text in one.texts]
    return "".join(lines)
