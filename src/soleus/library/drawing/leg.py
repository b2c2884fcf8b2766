"""The muscles of the leg that cramp, from behind, from the front, and in the sole."""

from __future__ import annotations

from functools import cache
from importlib.resources import files
from typing import Any

import yaml

from soleus.library.drawing import anatomy
from soleus.library.drawing.sheet import MARGIN, Drawn, Look, Sheet
from soleus.reasoning.compiled import Compiled
from soleus.reports.drawing import lettering

_SIZE, _LEADING = 13.0, 16.0
_TITLES = {"clinician": "Muscles of the leg", "patient": "The muscles that cramp"}
_LEADS = {
    "clinician": "The right leg. Cramps at night are mostly of the calf (gastrocnemius and soleus, in red) and of the "
    "sole (flexor digitorum brevis); less often of the thigh.",
    "patient": "The right leg. Cramps at night are mostly in the calf or the sole, here in deeper red; less often in "
    "the thigh.",
}
_DESCRIPTION = (
    "Four views of the right leg. From behind: the buttock, the three hamstrings, the two heads of gastrocnemius, "
    "soleus at its edges and the Achilles tendon. The same with gastrocnemius cut away: soleus whole, popliteus and "
    "plantaris. From the front: the quadriceps, the shin bone and the muscles beside it. The sole: the short flexor "
    "of the toes between the muscles of the big and the little toe."
)
#: View -> (where its shapes begin and end across, upper and lower end, which side its names stand on)
_VIEWS = {
    "back": (38, 170, 0, 600, "left"),
    "deep": (48, 158, 168, 600, "right"),
    "front": (30, 162, 0, 600, "right"),
    "sole": (20, 134, 0, 296, "right"),
}
#: How the views stand side by side: left edge of the drawing, room for names, scale
_ABREAST = {
    "back": (208, 188, 0.92), "deep": (368, 136, 0.92), "front": (634, 136, 0.92), "sole": (914, 148, 1.0),
}  # fmt: skip
_WIDE = 1200


def leg(compiled: Compiled, look: Look, address: str = "") -> Drawn:
    """The anatomy of what hurts; labels in the words of the audience."""
    width = look.width if look.narrow else _WIDE
    sheet = Sheet("leg", look, _TITLES[look.audience], _DESCRIPTION, width)
    sheet.lead(_LEADS[look.audience])
    (_below if look.narrow else _abreast)(sheet)
    sheet.remark("Drawn by hand for Soleus; simplified: nerves, vessels and deeper muscles are left out.")
    return sheet.signed(compiled, (compiled.likelihoods["nocturnal_leg_cramp", "site"],), address)


def _abreast(sheet: Sheet) -> None:
    top = sheet.y + 26
    for view, (x, room, scale) in _ABREAST.items():
        _view(sheet, view, x, top - (0 if view != "sole" else -120), room, scale)
    sheet.y = top + 600 * 0.92 + 44


def _below(sheet: Sheet) -> None:
    """One view under the other."""
    for view, (left, right, upper, lower, side) in _VIEWS.items():
        scale = 0.88
        room = sheet.room - (right - left) * scale - 40
        x = MARGIN + 22 if side == "right" else sheet.width - MARGIN - 22 - (right - left) * scale
        sheet.y += 34
        _view(sheet, view, x, sheet.y - upper * scale, room, scale)
        sheet.y += (lower - upper) * scale + 24
    sheet.y += 14


def _view(sheet: Sheet, view: str, x: float, top: float, room: float, scale: float) -> None:
    """A view whose shapes begin at ``x``, with its names beside it."""
    left, right, upper, _, side = _VIEWS[view]
    told = _labels()[view]
    audience = sheet.look.audience
    x0 = x - left * scale
    anatomy.draw(sheet, view, x0, top, scale)
    title_y = top + upper * scale - 12
    if sheet.look.narrow:
        sheet.text(MARGIN, title_y, told["title"][audience], 14, bold=True)
    else:
        sheet.text(x + (right - left) * scale / 2, title_y, told["title"][audience], 13, "ink", "middle", bold=True)
    edge = x + (right - left) * scale + 14 if side == "right" else x - 14
    names = [(x0 + a["at"][0] * scale, top + a["at"][1] * scale, a[audience], a.get("strong")) for a in told["labels"]]
    foot = top + _VIEWS[view][3] * scale + 13
    sides = ("inner", "outer") if view in ("back", "deep") else ("outer", "inner")
    sheet.text(x, foot, sides[0], 11, "soft")
    sheet.text(x + (right - left) * scale, foot, sides[1], 11, "soft", "end")
    _name(sheet, sorted(names, key=lambda n: n[1]), edge, side, room)


def _name(
    sheet: Sheet, names: list[tuple[float, float, str, bool | None]], edge: float, side: str, room: float
) -> None:
    """Names in a column at ``edge``, none on top of another, each with a line to its place."""
    free = 0.0
    out = 1 if side == "right" else -1
    for x, y, words, strong in names:
        told = lettering.lines(words, room, _SIZE, bool(strong))
        at = max(y - (len(told) - 1) * _LEADING / 2, free)
        free = at + len(told) * _LEADING + 5
        middle = at + (len(told) - 1) * _LEADING / 2
        sheet.shape("path", "leader", d=f"M{edge:g} {middle:.1f}L{edge - out * 9:g} {middle:.1f}L{x:.1f} {y:.1f}")
        sheet.shape("circle", "pin", cx=x, cy=y, r=2.4)
        for n, line in enumerate(told):
            anchor = None if side == "right" else "end"
            sheet.text(edge + out * 4, at + n * _LEADING + 4.5, line, _SIZE, "ink", anchor, bool(strong))


@cache
def _labels() -> dict[str, Any]:
    told = files("soleus.library.drawing").joinpath("shapes/labels.yaml").read_text(encoding="utf-8")
    found: dict[str, Any] = yaml.safe_load(told)
    return found
