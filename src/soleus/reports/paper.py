"""How densely a page prints so that it fills two sheets of A4 or Letter, and no more.

A page prints at one of five levels. From level to level the type gets smaller; from level 3 on, elements of the
classes ``p3`` to ``p5`` stay on the screen (``p4`` is left out at the levels 4 and 5). Red flags, the answer, what is
recommended and what is to be avoided carry no such class. The sizes below were found by printing.
"""

from __future__ import annotations

import re
from html import unescape

LEVELS = (1, 2, 3, 4, 5)
#: Characters that one printed page holds at each level.
CLINICIAN_ROOM = {1: 4_900, 2: 6_000, 3: 7_000, 4: 8_300, 5: 10**9}
PATIENT_ROOM = {1: 4_000, 2: 4_600, 3: 5_000, 4: 5_600, 5: 10**9}
#: From this level on the part for the doctor follows on the same sheet.
FLOWING = 3
#: References are set small: one character takes this much of the room of another.
SMALL = 0.5
#: What a bar and a drawing take, in characters.
PICTURES = {"chance": 50, "weight": 0, "figure": 250}
_VOID = {"meta", "br", "hr", "img", "input", "link"}
_NOT_PRINTED = {"head", "svg"}
_HIDES = {f"p{n}": n for n in LEVELS} | {"whole": 0, "skip": 0}  # class -> the first level at which it hides
_SHOWN = len(LEVELS) + 1
#: One piece of a page that our templates made: a style sheet or declaration, a tag with its attributes, or text.
_PIECE = re.compile(
    r"""<style.*?</style>|<!.*?>|<(/?)([a-zA-Z][\w-]*+)((?:[^<>"']++|"[^"]*+"|'[^']*+')*+)>|([^<]++)""", re.DOTALL
)
_CLASS = re.compile(r'(?:^|\s)class="([^"]*)"')


class _Measure:
    """Adds up what the part of a page prints, apart by the level from which it is hidden."""

    def __init__(self) -> None:
        self.size: dict[tuple[bool, int], float] = {}  # whether for the doctor, first level at which hidden
        self.open: list[tuple[int, bool]] = [(_SHOWN, False)]  # first level at which hidden, whether small
        self.in_doctor = False

    def add(self, size: float) -> None:
        hidden, small = self.open[-1]
        at = self.in_doctor, hidden
        self.size[at] = self.size.get(at, 0.0) + (size * SMALL if small else size)

    def start(self, tag: str, attributes: str) -> None:
        found = _CLASS.search(attributes)
        classes = found[1].split() if found else []
        self.in_doctor = self.in_doctor or "doctor" in classes
        self.add(sum(PICTURES.get(name, 0) for name in classes))
        if tag not in _VOID:
            hidden, small = self.open[-1]
            own = (
                0 if tag in _NOT_PRINTED else min((_HIDES[name] for name in classes if name in _HIDES), default=hidden)
            )
            self.open.append((min(hidden, own), small or "refs" in classes))

    def end(self, tag: str) -> None:
        if tag not in _VOID and len(self.open) > 1:
            self.open.pop()


def printed(page: str) -> dict[int, tuple[float, float]]:
    """Level -> characters printed before the part for the doctor, and from there on."""
    measure = _Measure()
    for closes, tag, attributes, text in _PIECE.findall(page):
        if text:
            measure.add(len(" ".join(unescape(text).split())))
        elif closes:
            measure.end(tag)
        elif tag and not attributes.endswith("/"):  # an empty element of a drawing prints nothing
            measure.start(tag, attributes)
    return {level: (_printed(measure, level, False), _printed(measure, level, True)) for level in LEVELS}


def _printed(measure: _Measure, level: int, for_doctor: bool) -> float:
    return sum(size for (doctor, hidden), size in measure.size.items() if doctor is for_doctor and level < hidden)


def _fits(front: float, back: float, level: int, patient: bool) -> bool:
    if patient and level < FLOWING:  # the part for the doctor begins a new sheet
        return max(front, back) <= PATIENT_ROOM[level]
    if patient:
        return front + back <= 2 * PATIENT_ROOM[level]
    return front + back <= 2 * CLINICIAN_ROOM[level]


def level_for(page: str, patient: bool) -> int:
    """The first level at which ``page`` fits on two sheets; the last one if none is sure to."""
    sizes = printed(page)
    return next((level for level in LEVELS if _fits(*sizes[level], level, patient)), LEVELS[-1])
