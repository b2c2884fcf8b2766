"""A guide on one sheet: its drawing, the steps with their times, and who should not do it."""

from __future__ import annotations

from importlib.resources import files
from xml.etree import ElementTree
from xml.etree.ElementTree import Element

from soleus.knowledge.schema.care import Guide, GuideStep
from soleus.library.drawing.sheet import MARGIN, Drawn, Look, Sheet
from soleus.reasoning.compiled import Compiled
from soleus.reports.drawing import lettering
from soleus.reports.figures import clean
from soleus.reports.words import closed, duration

_PURPOSES = {
    "stop_now": "When it comes",
    "prevent": "To have fewer",
    "live_with": "To live with it",
    "seek_care": "Do not wait where it says so",
}
_SIZE = 14.0


def guide(compiled: Compiled, id: str, look: Look, address: str = "") -> Drawn:
    """The steps of a guide under its drawing."""
    record = compiled.knowledge.by_id(Guide)[id]
    sheet = Sheet(f"guide-{id}", look, record.patient_name, _described(record))
    sheet.lead(_PURPOSES[record.purpose])
    top = sheet.y
    wide = sheet.room if look.narrow else 300.0
    _pictured(sheet, record, MARGIN, top, wide)
    below = top + wide * 200 / 320 + 14
    left = MARGIN if look.narrow else MARGIN + wide + 28
    sheet.y = below if look.narrow else top + 8
    for n, step in enumerate(record.steps, start=1):
        _step(sheet, n, step, left)
    sheet.y = max(sheet.y, below) + 10
    _warned(sheet, record)
    return sheet.signed(compiled, [record], address)


def _described(record: Guide) -> str:
    steps = " ".join(f"{n}. {_told(step)}" for n, step in enumerate(record.steps, start=1))
    return f"{closed(record.figure_text)} {steps}"


def _told(step: GuideStep) -> str:
    times = duration(step.seconds, step.repeats)
    return f"{closed(step.text)} {closed(times[0].upper() + times[1:])}" if times else closed(step.text)


def picture_of(record: Guide) -> str:
    """The drawing of a guide as SVG, without the numbers in it, which are not those of the steps."""
    return ElementTree.tostring(_picture(record, ""), encoding="unicode")


def _picture(record: Guide, prefix: str) -> Element:
    told = files("soleus.knowledge").joinpath(f"data/guides/{record.figure}.svg").read_text(encoding="utf-8")
    drawing = clean(ElementTree.fromstring(told), prefix)
    for element in [e for e in drawing if e.find("text") is not None]:
        drawing.remove(element)
    return drawing


def _pictured(sheet: Sheet, record: Guide, x: float, y: float, wide: float) -> None:
    """The drawing of the guide, in the ink of the sheet, which has a title of its own."""
    drawing = _picture(record, f"{sheet.id}-")
    for name in ("role", "aria-labelledby"):
        drawing.attrib.pop(name, None)
    for element in [e for e in drawing if e.tag in ("title", "desc")]:
        drawing.remove(element)
    drawing.attrib |= {"x": f"{x:g}", "y": f"{y:g}", "width": f"{wide:g}", "height": f"{wide * 200 / 320:g}"}
    sheet.shape("g", "drawn").append(drawing)


def _step(sheet: Sheet, n: int, step: GuideStep, left: float) -> None:
    room = sheet.width - MARGIN - left - 30
    y = sheet.y + 14
    sheet.shape("circle", "accent", cx=left + 10, cy=y - 4.8, r=10.5)
    sheet.text(left + 10, y, str(n), 12.5, "paper", "middle", bold=True)
    for line in lettering.lines(step.text, room, _SIZE):
        sheet.text(left + 30, y, line, _SIZE)
        y += 19
    if times := duration(step.seconds, step.repeats):
        sheet.text(left + 30, y, times[0].upper() + times[1:], 12.5, "accent", bold=True)
        y += 18
    sheet.y = y - 6


def _warned(sheet: Sheet, record: Guide) -> None:
    """Who should take care, in a box of its own."""
    if not record.not_for:
        return
    box = sheet.shape("rect", "wash", x=MARGIN, y=sheet.y, width=sheet.room, rx=8)
    top = sheet.y
    sheet.y += 22
    sheet.text(MARGIN + 14, sheet.y, "Take care", 13.5, "warn", bold=True)
    sheet.y += 19
    for item in record.not_for:
        sheet.y = sheet.paragraph(MARGIN + 14, sheet.y, item.text, sheet.room - 28, 13, leading=1.35) + 3
    box.set("height", f"{sheet.y - top - 4:g}")
    sheet.y += 22
