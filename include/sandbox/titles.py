"""What a server may make of a title that it is given."""

from __future__ import annotations

import unicodedata
from typing import Literal

Way = Literal["as_written", "trimmed", "nbsp", "nfc", "plain", "clipped"]

_CLIPPED = 20
_PLAIN = 0xFFFF


def rewritten(title: str, way: Way) -> str:
    """The title as a server stores it that treats titles this `way`."""
    if way == "trimmed":
        return title.strip()
    if way == "nbsp":
        return title.replace(" ", "\u00a0")
    if way == "nfc":
        return unicodedata.normalize("NFC", title)
    if way == "plain":
        return "".join(char if ord(char) <= _PLAIN else "?" for char in title)
    return title[:_CLIPPED] if way == "clipped" else title
