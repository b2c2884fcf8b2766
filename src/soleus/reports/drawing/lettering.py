"""How wide words are: drawings have no layout engine, so lines are broken here.

The widths are those of Helvetica, to which Arial and Liberation Sans are cut; a drawing asks for these first.
"""

from __future__ import annotations

from typing import Final

FONT: Final = "'Helvetica Neue',Helvetica,Arial,'Liberation Sans',Roboto,sans-serif"
#: Advance in thousandths of the size, for the characters that share it (Adobe's published metrics of Helvetica).
_ADVANCES: Final = {
    191: "'", 222: "ijl", 260: "|", 278: " !,./:;I[]\\ft", 333: "()-r`", 334: "{}", 355: '"', 389: "*",
    469: "^", 500: "cJksvxyz", 556: "#$0123456789?_Labdeghnopqu–“”", 584: "+<=>~−±", 611: "FTZ", 667: "&ABEKPSVXY",
    722: "CDHNRUw", 778: "GOQ", 833: "Mm", 889: "%", 944: "W", 1000: "—…", 1015: "@",
}  # fmt: skip
_WIDTHS: Final = {letter: advance / 1000 for advance, letters in _ADVANCES.items() for letter in letters}
_OTHER: Final = 0.6
_BOLD: Final = 1.07  # how much wider bold is, on average


def width(words: str, size: float, bold: bool = False) -> float:
    """The width of one line."""
    return sum(_WIDTHS.get(letter, _OTHER) for letter in words) * size * (_BOLD if bold else 1)


def lines(words: str, room: float, size: float, bold: bool = False, most: int = 99) -> tuple[str, ...]:
    """``words`` broken into lines that fit; what does not fit into ``most`` lines ends with an ellipsis."""
    out: list[str] = []
    line, used, blank = "", 0.0, width(" ", size, bold)
    for word in (part for whole in words.split() for part in _broken(whole, room, size, bold)):
        wide = width(word, size, bold)
        if line and used + blank + wide > room:
            out.append(line)
            line, used = word, wide
        else:
            line, used = (f"{line} {word}", used + blank + wide) if line else (word, wide)
    out.append(line)
    if len(out) <= most:
        return tuple(out)
    return (*out[: most - 1], _cut(" ".join(out[most - 1 :]), room, size, bold))


def _broken(word: str, room: float, size: float, bold: bool) -> tuple[str, ...]:
    """A word in parts that fit: an address may be wider than a drawing."""
    if width(word, size, bold) <= room:
        return (word,)
    end = max((n for n in range(1, len(word)) if width(word[:n], size, bold) <= room), default=1)
    return (word[:end], *_broken(word[end:], room, size, bold))


def _cut(words: str, room: float, size: float, bold: bool) -> str:
    while words and width(f"{words}…", size, bold) > room:
        words = words[:-1].rstrip(" ,;:(–")
    return f"{words}…"
