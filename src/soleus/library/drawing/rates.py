"""Who comes with a complaint: new presentations by age and sex, women to the left, men to the right."""

from __future__ import annotations

from math import log10

from soleus.knowledge.schema.core import Rate
from soleus.library.drawing.sheet import MARGIN, Drawn, Look, Sheet, titled
from soleus.library.figures import number
from soleus.reasoning.compiled import Compiled

_BANDS = {"80_plus": "80 and over", "65_79": "65 to 79", "40_64": "40 to 64", "18_39": "18 to 39", "0_17": "under 18"}
_BAR, _STEP, _FIGURE = 20.0, 32.0, 12.5
_SPREADS = {
    "narrow": "The true figures probably lie within a third of these.",
    "medium": "The true figures may be half or twice these.",
    "wide": "The true figures may be a quarter or four times these.",
}


def rates(compiled: Compiled, explanation: str, look: Look, address: str = "") -> Drawn:
    """How many new people a year of each age and sex, per 100,000, in primary care."""
    rate = compiled.knowledge.by_id(Rate)[explanation]
    title = titled("Who comes with it", compiled.explanations[explanation], look)
    told = "; ".join(
        f"{words}: women {number(rate.per_100k[f'f_{band}'])}, men {number(rate.per_100k[f'm_{band}'])}"
        for band, words in reversed(_BANDS.items())
    )
    sheet = Sheet(f"rates-{explanation}", look, title, f"{title}. New presentations per 100,000 a year. {told}.")
    sheet.lead("New presentations to primary care, per 100,000 people a year, by age and sex.")
    _pyramid(sheet, rate)
    made = "computed from published figures" if rate.basis in ("measured", "derived") else "estimated by the editors"
    sheet.remark(f"{made[0].upper()}{made[1:]}. {_SPREADS[rate.spread]}")
    return sheet.signed(compiled, [rate], address)


def _pyramid(sheet: Sheet, rate: Rate) -> None:
    middle, half = sheet.width / 2, 44.0
    figures = 52.0
    full = middle - half - MARGIN - figures
    most = _round_up(max(rate.per_100k[f"{s}_{band}"] for s in "fm" for band in _BANDS))
    sheet.y += 16
    sheet.text(middle - half, sheet.y, "Women", 13, anchor="end", bold=True)
    sheet.text(middle + half, sheet.y, "Men", 13, bold=True)
    sheet.y += 10
    for band, words in _BANDS.items():
        y = sheet.y
        sheet.text(middle, y + 14.5, words, 12.5, "soft", "middle")
        for sex, out in (("f", -1), ("m", 1)):
            value = rate.per_100k[f"{sex}_{band}"]
            long = max(full * value / most, 1.0)
            start = middle + out * half
            sheet.shape("rect", "one", x=min(start, start + out * long), y=y, width=long, height=_BAR)
            sheet.text(start + out * (long + 6), y + 14.5, number(value), _FIGURE, anchor="end" if out < 0 else None)
        sheet.y += _STEP
    sheet.y += 8


def _round_up(value: float) -> float:
    """The next of 1, 1.5, 2, 3, 5 and 8 times a power of ten; 1 for nothing at all."""
    if value <= 0:
        return 1.0
    power = 10.0 ** int(log10(value) // 1)
    return next(step * power for step in (1, 1.5, 2, 3, 5, 8, 10) if step * power >= value)
