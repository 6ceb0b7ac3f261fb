"""ASP.NET's machineKey: the keys that sign and encrypt ViewState and logon tickets.

Whoever knows the keys of a site can make the server run code (CVE-2020-0688, and the ViewState
attacks since). The keys themselves never leave the evidence: only their SHA-256 is told, so that
servers can be compared.
"""

import hashlib

GENERATED = "AutoGenerate"
_PARTS = ("validationKey", "decryptionKey")


def described(attributes: dict[str, str]) -> str:
    """Tell what a machineKey element says: generated keys as they are, set keys as a digest."""
    parts = []
    for name in _PARTS:
        key = attributes.get(name, "").strip()
        if key and not key.startswith(GENERATED):
            digest = hashlib.sha256(key.upper().encode("utf-8", "replace")).hexdigest()
            key = f"sha256:{digest}"
        if key:
            parts.append(f"{name}={key}")
    return "; ".join(parts) or f"validationKey={GENERATED}"
