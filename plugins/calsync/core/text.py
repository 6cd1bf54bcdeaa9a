"""Text from outside: what of it may be kept, how long content becomes a title, how an edited one finds its way back.

See RULES F4 and C2.
"""

from __future__ import annotations

import re
import unicodedata

TITLE_LIMIT = 255
_JOINER = "\u200d"
_SKIN_TONES = range(0x1F3FB, 0x1F400)
_TAGS = range(0xE0020, 0xE0080)
_LATER_JAMO = range(0x1160, 0x1200)
_FLAG_LETTERS = range(0x1F1E6, 0x1F200)


LONGEST_ID = 1000
"""More characters than any id of either system has; an index of PostgreSQL holds no entry above 2,704 bytes."""

_UNMEANT = re.compile("[\x00-\x08\x0e-\x1b\x7f-\x84\x86-\x9f\u202d\u202e]")
"""Control characters that are no white space, and the two that show what follows them in the wrong order."""


def sound(text: str) -> str:
    """`text` without what nobody typed and no reader sees: control characters, overrides of the direction.

    Half characters (lone surrogates), which JSON may carry and no database or file can hold, become "?". The marks
    and isolates of right-to-left text stay.
    """
    whole = text if text.isascii() else text.encode("utf-8", "replace").decode()
    return _UNMEANT.sub("", whole)


def ident(value: object) -> str:
    """The id in a service's answer, as it stands there; "" for what can be none: a structure, a page of text."""
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value) if 0 <= value < 2**63 else ""
    if not isinstance(value, str) or len(value) > LONGEST_ID or value != value.strip():
        return ""
    return value if value.isascii() and value.isprintable() else ""


def squeeze(text: str) -> str:
    """One line, trimmed, single spaces."""
    return " ".join(text.split())


def compared(text: str) -> str:
    """The form in which titles are compared: squeezed, and however its accents were put together (C3)."""
    return unicodedata.normalize("NFC", squeeze(text))


def outgoing(title: str, limit: int = TITLE_LIMIT) -> str:
    """The title as Outlook gets it: one line of at most `limit` characters, no character cut in half (F4)."""
    line = squeeze(title)
    if len(line) <= limit:
        return line
    cut = limit
    while cut > 1 and _continues(line, cut):
        cut -= 1
    return line[:cut].rstrip()


def _continues(line: str, index: int) -> bool:
    """Whether the code point at `index` belongs to the visible character that the one before is part of.

    As Unicode's grapheme clusters have it (UAX 29): joined emoji, marks, skin tones, flags, and syllables of jamo.
    """
    before, char = line[index - 1], line[index]
    if ord(char) in _FLAG_LETTERS:
        letters = next((n for n, c in enumerate(reversed(line[:index])) if ord(c) not in _FLAG_LETTERS), index)
        return letters % 2 == 1
    joined = _JOINER in (before, char) or unicodedata.category(char).startswith("M")
    return joined or any(ord(char) in more for more in (_SKIN_TONES, _TAGS, _LATER_JAMO))


def is_cut(shown: str, full: str) -> bool:
    """Whether `shown` is as much as Outlook shows of a title that does not fit: its beginning, not always all of it."""
    return len(squeeze(full)) > TITLE_LIMIT and compared(full).startswith(compared(shown)) and bool(squeeze(shown))


def returning(full: str, edited: str, shown: str = "") -> tuple[str, str]:
    """The full title after Outlook's cut of it was edited, and the part of `full` that this gives up ("": nothing).

    Only what had gone out is replaced: what was `shown` before, where that is known. The rest that had been cut stays
    if the edited title begins the same and still hides it (C2): a rest that now came to light would be written into
    the event that its user has just shortened.
    """
    sent = compared(shown if is_cut(shown, full) else outgoing(full))
    rest = compared(full)[len(sent) :]
    if not rest:
        return edited, ""
    shared = next(
        (i for i, (a, b) in enumerate(zip(sent, edited, strict=False)) if a != b), min(len(sent), len(edited))
    )
    if 2 * shared >= min(len(sent), len(edited)) > 0 and len(edited + rest) > TITLE_LIMIT:
        return edited + rest, ""
    return edited, full
