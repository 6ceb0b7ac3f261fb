"""ASP.NET's machineKey: the keys that sign and encrypt ViewState and logon tickets.

Whoever knows the keys of a site can make the server run code (CVE-2020-0688, and the ViewState
attacks since). The keys themselves never leave the evidence: only their SHA-256 and their length
are told, so that servers can be compared with each other and with lists of keys that are public.
"""

import hashlib
import itertools
import re
from collections.abc import Mapping

GENERATED = "AutoGenerate"
_PARTS = ("validationKey", "decryptionKey")
_ISOLATED = re.compile(r",\s{0,20}Isolate(?:Apps|ByAppId)", re.IGNORECASE)
"""What may follow a key: it is then changed for each application."""
_PRINTED = range(0x20, 0x7F)
_SHORTEST = 8
"""Bytes of the shortest key that ASP.NET takes, one for DES."""


def described(attributes: Mapping[str, str]) -> str:
    """Tell what a machineKey element says: generated keys as they are, set keys as a digest."""
    parts = []
    for name in _PARTS:
        text = attributes.get(name, "").strip()
        if key := _key(attributes, name):
            text = f"sha256:{_digest(key)}"
        if text:
            parts.append(f"{name}={text}")
    return "; ".join(parts) or f"validationKey={GENERATED}"


def measured(attributes: Mapping[str, str]) -> dict[str, str]:
    """Tell the same for rules: digest, length and form of each key that is set, never the key."""
    told = {
        "Explicit": str(any(_key(attributes, name) for name in _PARTS)),
        "Validation": attributes.get("validation", ""),
        "Decryption": attributes.get("decryption", ""),
    }
    for name in _PARTS:
        if key := _key(attributes, name):
            label = name[0].upper() + name[1:]
            told |= {
                f"{label}Sha256": _digest(key),
                f"{label}Length": str(len(key)),
                f"{label}Form": _form(key),
            }
    return told


def _key(attributes: Mapping[str, str], name: str) -> str:
    """Return a key that is set; empty if it is generated."""
    text = attributes.get(name, "").strip()
    return "" if text.startswith(GENERATED) else _ISOLATED.sub("", text).strip()


def _form(key: str) -> str:
    """Tell a key that no generator makes: `repeated`, `text` or `sequence`, `short`, `not-hex`."""
    try:
        raw = bytes.fromhex(key)
    except ValueError:
        return "not-hex"
    if len(set(raw)) <= max(2, len(raw) // 8):
        return "repeated"
    if all(byte in _PRINTED for byte in raw):
        return "text"
    steps = {(after - before) % 256 for before, after in itertools.pairwise(raw)}
    digits = {(int(b, 16) - int(a, 16)) % 16 for a, b in itertools.pairwise(raw.hex())}
    if len(steps) == 1 or len(digits) == 1:
        return "sequence"
    return "short" if len(raw) < _SHORTEST else "random"


def _digest(key: str) -> str:
    return hashlib.sha256(key.upper().encode("utf-8", "replace")).hexdigest()
