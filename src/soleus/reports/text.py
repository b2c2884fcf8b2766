"""Text that any terminal can take: bars of characters, fallbacks for poor encodings, nothing that steers."""

from __future__ import annotations

import unicodedata
from typing import NamedTuple

#: What stands for a character where the encoding lacks it.
_PLAIN = str.maketrans(
    {
        "–": "-", "−": "-", "—": "-", "→": "->", "←": "<-", "“": '"', "”": '"', "‘": "'", "’": "'", "…": "...",
        "≥": ">=", "≤": "<=", "±": "+/-", "·": "|", "•": "*", "✓": "+", "✗": "-", "µ": "u", "μ": "u", "×": "x",
        "─": "-", "°": " deg", "²": "2", "\u00a0": " ", "\u202f": " ",
    }
)  # fmt: skip
#: Characters that turn or hide text without being seen.
_STEERING = {"Cc", "Cf", "Co", "Cs"}


class Blocks(NamedTuple):
    """The characters of bars. A chance is drawn up to its lower limit, its estimate, its upper limit."""

    sure: str
    estimate: str
    possible: str
    empty: str
    against: str
    middle: str


UTF8 = Blocks("█", "▓", "░", "·", "▒", "│")
ASCII = Blocks("#", "=", "-", ".", "<", "|")


def speaks_unicode(encoding: str) -> bool:
    """Whether an output with this encoding can show block characters."""
    try:
        "".join((*UTF8, "✓✗→−")).encode(encoding)
    except (UnicodeEncodeError, LookupError):
        return False
    return True


def _one(character: str, encoding: str) -> str:
    try:
        character.encode(encoding)
    except UnicodeEncodeError:
        base = unicodedata.normalize("NFKD", character).encode("ascii", "ignore").decode()
        return base or "?"
    return character


def safe(text: str, encoding: str = "utf-8") -> str:
    """``text`` without control and direction characters, in characters that ``encoding`` has."""
    text = "".join(" " if c in "\n\t" else c for c in text if c in "\n\t" or unicodedata.category(c) not in _STEERING)
    if speaks_unicode(encoding):
        return text
    return "".join(_one(c, encoding) for c in text.translate(_PLAIN))


def chance_bar(chance: float, low: float, high: float, width: int, blocks: Blocks = UTF8) -> str:
    """A probability in ``width`` characters, one kind up to ``low``, then to ``chance``, then to ``high``."""
    ends = [round(x * width) for x in (low, chance, high)]
    ends = [ends[0], max(ends[0], ends[1]), max(ends)]
    parts = zip((blocks.sure, blocks.estimate, blocks.possible), (0, *ends), ends, strict=False)
    return "".join(c * (end - start) for c, start, end in parts) + blocks.empty * (width - ends[-1])


def deciban_bar(value: float, scale: float, half: int, blocks: Blocks = UTF8) -> str:
    """Decibans to the left or right of a middle line; ``half`` characters stand for ``scale``."""
    length = min(half, round(abs(value) / scale * half))
    if value < 0:
        return " " * (half - length) + blocks.against * length + blocks.middle + " " * half
    right = ">" if blocks is ASCII else blocks.sure
    return " " * half + blocks.middle + right * length + " " * (half - length)
