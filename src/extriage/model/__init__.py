"""The nouns: frozen dataclasses without I/O, known to every floor above."""
