"""Columns of Exchange logs that pack a list into one value: `key=value;key=value;`.

`GenericInfo` and `GenericErrors` hold what the other columns have no place for. Each key becomes a
field of its own, `GenericInfo.<key>`, type marks such as `S:` included.
"""

from extriage.model.evidence import Fields

COLUMNS = ("GenericInfo", "GenericErrors")
_MOST = 300
_LONGEST = 32 * 1024


def unpack(fields: Fields, _text: str = "") -> None:
    """Give every pair of the packed columns its own field; a key that comes twice keeps both."""
    for column in COLUMNS:
        packed = fields.get(column, "")
        if not isinstance(packed, str) or "=" not in packed:
            continue
        told: dict[str, list[str]] = {}
        for piece in packed[:_LONGEST].split(";", _MOST)[:_MOST]:
            key, mark, value = piece.partition("=")
            if mark and key:
                told.setdefault(key.strip(), []).append(value)
        for key, values in told.items():
            name = f"{column}.{key}"
            fields.setdefault(name, values[0] if len(values) == 1 else tuple(values))
