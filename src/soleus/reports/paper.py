"""How densely a page prints so that it fills two sheets of A4 or Letter, and no more.

A page prints at one of five levels. From level to level the type gets smaller; from level 3 on, elements of the
classes ``p3`` to ``p5`` stay on the screen (``p4`` is left out at the levels 4 and 5). Red flags, the answer, what is
recommended and what is to be avoided carry no such class. The sizes below were found by printing.
"""

from __future__ import annotations

import re
from html.parser import HTMLParser

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
_NEVER = {"whole", "skip"}


class _Measure(HTMLParser):
    """Adds up what the part of a page between two elements prints at one level."""

    def __init__(self, level: int) -> None:
        super().__init__()
        self.hidden_classes = {f"p{n}" for n in LEVELS if n <= level} | _NEVER
        self.stack: list[tuple[bool, bool]] = []  # hidden, small
        self.before_doctor = 0.0
        self.after = 0.0
        self.in_doctor = False

    def _add(self, size: float) -> None:
        hidden, small = self.stack[-1] if self.stack else (False, False)
        size *= 0 if hidden else SMALL if small else 1
        if self.in_doctor:
            self.after += size
        else:
            self.before_doctor += size

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        classes = set((dict(attrs).get("class") or "").split())
        self.in_doctor = self.in_doctor or "doctor" in classes
        self._add(sum(PICTURES.get(name, 0) for name in classes))
        if tag in _VOID:
            return
        hidden, small = self.stack[-1] if self.stack else (False, False)
        hidden = hidden or tag in ("head", "svg") or bool(classes & self.hidden_classes)
        self.stack.append((hidden, small or "refs" in classes))

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """A drawing's empty element prints nothing."""

    def handle_endtag(self, tag: str) -> None:
        if self.stack and tag not in _VOID:
            self.stack.pop()

    def handle_data(self, data: str) -> None:
        self._add(len(re.sub(r"\s+", " ", data.strip())))


def printed(page: str, level: int) -> tuple[float, float]:
    """Characters printed at ``level`` before the part for the doctor, and from there on."""
    measure = _Measure(level)
    measure.feed(page)
    return measure.before_doctor, measure.after


def _fits(page: str, level: int, patient: bool) -> bool:
    front, back = printed(page, level)
    if patient and level < FLOWING:  # the part for the doctor begins a new sheet
        return max(front, back) <= PATIENT_ROOM[level]
    if patient:
        return front + back <= 2 * PATIENT_ROOM[level]
    return front + back <= 2 * CLINICIAN_ROOM[level]


def level_for(page: str, patient: bool) -> int:
    """The first level at which ``page`` fits on two sheets; the last one if none is sure to."""
    return next((level for level in LEVELS if _fits(page, level, patient)), LEVELS[-1])
