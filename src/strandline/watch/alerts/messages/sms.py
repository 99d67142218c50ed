"""How a text becomes short messages: its alphabet, and the parts that a phone joins again.

Source: 3GPP TS 23.038 (GSM 7-bit default alphabet and its extension), TS 23.040 (9.2.3.24.1, concatenation: a header of
6 octets leaves 153 septets or 67 UCS-2 characters of a part).
"""

import unicodedata
from dataclasses import dataclass
from typing import Literal

_BASIC = (
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?"
    "¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
_EXTENDED = "^{}\\[~]|€\f"
"""Each takes two septets: an escape, and itself."""
_REPLACED = str.maketrans({"–": "-", "—": "-", "−": "-", "’": "'", "‘": "'", "“": '"', "”": '"', "…": "...",
                           "\u00a0": " ", "\u202f": " ", "\u2009": " "})  # fmt: skip
"""Typography that would make a message twice as long for nothing."""
SINGLE = {"gsm7": 160, "ucs2": 70}
"""Longest message in one part [septets, UTF-16 units]."""
PART = {"gsm7": 153, "ucs2": 67}
"""Longest part of several [septets, UTF-16 units]."""
MOST_PARTS = 255


@dataclass(frozen=True)
class ShortMessage:
    """A text in parts.

    Attributes:
        alphabet: ``gsm7``, or ``ucs2`` where a character needs it.
    """

    alphabet: Literal["gsm7", "ucs2"]
    parts: tuple[str, ...]


def split(text: str) -> ShortMessage:
    """The parts of a text; a word is cut only if it is longer than a part, a character or its marks never.

    Raises:
        ValueError: it has more than ``MOST_PARTS`` parts.
    """
    plain = text.translate(_REPLACED)
    alphabet: Literal["gsm7", "ucs2"] = "gsm7" if all(char in _BASIC or char in _EXTENDED for char in plain) else "ucs2"
    if alphabet == "ucs2":
        plain = text
    if _length(plain, alphabet) <= SINGLE[alphabet]:
        return ShortMessage(alphabet, (plain,))
    parts = _filled(plain, alphabet)
    if len(parts) > MOST_PARTS:
        raise ValueError(f"{len(parts)} parts; a phone joins {MOST_PARTS} at most")
    return ShortMessage(alphabet, tuple(parts))


def _filled(text: str, alphabet: Literal["gsm7", "ucs2"]) -> list[str]:
    """Parts as long as they may be; joined, they are the text again."""
    parts, rest = list[str](), text
    while rest:
        end = _fitting(rest, alphabet)
        if end < len(rest):
            at_space = rest.rfind(" ", 0, end)
            if at_space > 0:
                end = at_space + 1  # the space ends its part, so that nothing is lost between two
        parts.append(rest[:end])
        rest = rest[end:]
    return parts


def _fitting(text: str, alphabet: Literal["gsm7", "ucs2"]) -> int:
    """How many of the first characters fit into a part, without the last one's marks cut off."""
    used = end = 0
    while end < len(text) and used + _length(text[end], alphabet) <= PART[alphabet]:
        used += _length(text[end], alphabet)
        end += 1
    if end == len(text):
        return end
    while end > 1 and _is_mark(text[end]):
        end -= 1
    return max(end, 1)


def _is_mark(char: str) -> bool:
    """Whether a character belongs to the one before: vowel signs, combining marks, joiners."""
    return unicodedata.category(char) in ("Mn", "Mc", "Me") or char in "\u200c\u200d"


def _length(text: str, alphabet: Literal["gsm7", "ucs2"]) -> int:
    if alphabet == "gsm7":
        return len(text) + sum(char in _EXTENDED for char in text)
    return len(text.encode("utf-16-be")) // 2
