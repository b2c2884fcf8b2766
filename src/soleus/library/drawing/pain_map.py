"""Where each condition hurts: the leg, each place as dark as its share of people who name it as the worst."""

from __future__ import annotations

from collections.abc import Sequence

from soleus.knowledge.schema.core import Likelihood
from soleus.library.drawing import anatomy, chart
from soleus.library.drawing.chart import FILLED
from soleus.library.drawing.sheet import MARGIN, Drawn, Look, Sheet, titled
from soleus.library.tables import share
from soleus.library.titles import name_of
from soleus.reasoning.compiled import Compiled
from soleus.reports.drawing import lettering
from soleus.reports.drawing.palette import HALOS, STEPS
from soleus.reports.words import capital

SITE, SIDE = "site", "side"
_WHOLE = "whole_leg"
_CRAMP = "nocturnal_leg_cramp"
#: Shares from which a place is a step darker.
_FROM = (0.05, 0.15, 0.35, 0.6)
VIEWS = ("map_back", "map_front")
_TOP, _TALL, _BROAD = -90.0, 700.0, 200.0  # of the shape files


def mapped(compiled: Compiled) -> tuple[str, ...]:
    """The explanations of the map of all: the night cramp, and what it is most often confused with."""
    cramp = compiled.explanations[_CRAMP]
    others = [s for s in cramp.confused_with if (s, SITE) in compiled.likelihoods]
    near = [s for other in others for s in compiled.explanations[other].confused_with]
    return tuple(s for s in dict.fromkeys((_CRAMP, *others, *near)) if (s, SITE) in compiled.likelihoods)[:12]


def pain_map(compiled: Compiled, look: Look, address: str = "") -> Drawn:
    """Small pictures side by side, one for each of the main explanations."""
    shown = mapped(compiled)
    title = "Where it hurts"
    told = "; ".join(f"{_name(compiled, s, look)}: {places(compiled, s, look, 3)}" for s in shown)
    sheet = Sheet("pain-map", look, title, f"{title}, in {len(shown)} conditions. {told}.")
    sheet.lead(
        "The place named as worst: the darker, the more people name it. Each leg from behind, then from the front."
    )
    _steps(sheet)
    columns = 2 if look.narrow else 4
    wide = sheet.room / columns
    for start in range(0, len(shown), columns):
        abreast = shown[start : start + columns]
        tall = max(len(_heading(compiled, s, look, wide - 14)) for s in abreast) * 15.5
        sheet.y = (
            max(_small(sheet, compiled, s, MARGIN + n * wide, wide - 14, tall) for n, s in enumerate(abreast)) + 12
        )
    if guessed := sum(compiled.basis_of(s, SITE) == "expert" for s in shown):
        sheet.remark(f"In {guessed} of these {len(shown)} the shares of the places are estimated by the editors.")
    return sheet.signed(compiled, _records(compiled, shown), address)


def pain(compiled: Compiled, explanation: str, look: Look, address: str = "") -> Drawn:
    """One condition: the leg large, with the share of every place and side beside it."""
    title = titled("Where it hurts", compiled.explanations[explanation], look)
    sheet = Sheet(f"pain-{explanation}", look, title, f"{title}. {places(compiled, explanation, look, 7)}.")
    sheet.lead(
        "The place named as worst: the darker, the more people name it. The leg from behind, and from the front."
    )
    _steps(sheet)
    scale = 0.46
    top = sheet.y + 6
    left = (sheet.width - 2 * _BROAD * scale) / 2 if look.narrow else MARGIN + 20
    for n, view in enumerate(VIEWS):
        _leg(sheet, view, shares_of(compiled, explanation), left + n * _BROAD * scale, top, scale)
    if look.narrow:
        sheet.y = top + _TALL * scale + 16
        _bars(sheet, compiled, explanation, MARGIN, sheet.room)
    else:
        sheet.y = top + 14
        _bars(sheet, compiled, explanation, 260, sheet.width - MARGIN - 260)
        sheet.y = max(sheet.y, top + _TALL * scale + 16)
    told = _records(compiled, [explanation])
    filled = [r for r in told if r.basis in FILLED]
    signs = [("one", "measured, or computed from what was")] if filled else []
    chart.legend(sheet, (), signs + ([("two", "estimated by the editors")] if len(filled) < len(told) else []))
    return sheet.signed(compiled, told, address)


def _name(compiled: Compiled, id: str, look: Look) -> str:
    return capital(name_of(compiled.explanations[id], look.audience))


def _records(compiled: Compiled, shown: Sequence[str]) -> list[Likelihood]:
    pairs = ((s, f) for s in shown for f in (SITE, SIDE))
    return [compiled.likelihoods[pair] for pair in pairs if pair in compiled.likelihoods]


def shares_of(compiled: Compiled, explanation: str, finding: str = SITE) -> dict[str, float]:
    """State -> the share of people who name it; nothing where there is no record."""
    states = compiled.findings[finding].states
    record = compiled.likelihoods.get((explanation, finding))
    return {state.id: p for state, p in zip(states, record.p, strict=True)} if record else {}


def places(compiled: Compiled, explanation: str, look: Look, most: int) -> str:
    """The places that most people name, in words."""
    shares = sorted(shares_of(compiled, explanation).items(), key=lambda item: -item[1])[:most]
    return ", ".join(f"{_state(compiled, SITE, s, look)} {share(p, look.audience)}" for s, p in shares)


def _state(compiled: Compiled, finding: str, id: str, look: Look) -> str:
    state = next(s for s in compiled.findings[finding].states if s.id == id)
    return state.patient_label if look.audience == "patient" else state.label


def kind_of(p: float) -> str:
    """How a place with this share is painted."""
    return STEPS[_step(p)]


def _step(p: float) -> int:
    return sum(p >= least for least in _FROM)


def _leg(sheet: Sheet, view: str, shares: dict[str, float], x: float, y: float, scale: float) -> None:
    """One view; what is felt in the whole leg is a rim around it."""
    group = sheet.add(None, "g", transform=f"translate({x:.2f} {y - _TOP * scale:.2f}) scale({scale:g})")
    shapes = anatomy.parts(view)
    rim = _step(shares.get(_WHOLE, 0.0))
    if rim:
        for part in shapes:
            sheet.shape("path", HALOS[rim], group, d=part.outline)
    for part in shapes:
        sheet.shape("path", kind_of(shares.get(part.id, 0.0)), group, d=part.outline)
        sheet.shape("path", "limb", group, d=part.outline, stroke_linejoin="round")


def _heading(compiled: Compiled, explanation: str, look: Look, wide: float) -> tuple[str, ...]:
    return lettering.lines(_name(compiled, explanation, look), wide, 12.5, bold=True, most=4)


def _small(sheet: Sheet, compiled: Compiled, explanation: str, x: float, wide: float, tall: float) -> float:
    """One cell of the map under a heading ``tall`` high; where it ends."""
    look, scale = sheet.look, 0.26
    for n, line in enumerate(_heading(compiled, explanation, look, wide)):
        sheet.text(x, sheet.y + 18 + n * 15.5, line, 12.5, bold=True)
    y = sheet.y + 18 + tall
    for n, view in enumerate(VIEWS):
        _leg(sheet, view, shares_of(compiled, explanation), x + n * (_BROAD * scale + 4), y - 6, scale)
    y += _TALL * scale + 12
    for told in _said(compiled, explanation, look):
        y = sheet.paragraph(x, y, told, wide, 11.5, "soft", leading=1.27)
    return y


def _said(compiled: Compiled, explanation: str, look: Look) -> list[str]:
    """The places that most people name, and whether in one leg or both."""
    shares = sorted(shares_of(compiled, explanation).items(), key=lambda item: -item[1])
    told = [
        f"{capital(_state(compiled, SITE, s, look))}: {share(p, look.audience)}" for s, p in shares[:3] if p >= _FROM[0]
    ]
    sides = shares_of(compiled, explanation, SIDE)
    if sides:
        side = max(sides, key=lambda s: sides[s])
        told.append(f"{capital(_state(compiled, SIDE, side, look))}: {share(sides[side], look.audience)}")
    return told


def _steps(sheet: Sheet) -> None:
    """What the colours mean."""
    x, y = float(MARGIN), sheet.y + 4
    ends = ("0", *(f"{least:.0%}" for least in _FROM), "")
    for n, kind in enumerate(STEPS):
        words = f"under {ends[1]}" if n == 0 else f"from {ends[n]}"
        sheet.shape("rect", kind, x=x, y=y - 9, width=14, height=10)
        sheet.text(x + 19, y, words, 11, "soft")
        x += 19 + lettering.width(words, 11) + 12
        if x > sheet.width - MARGIN - 60:
            x, y = float(MARGIN), y + 16
    if x + 19 + lettering.width(_RIM, 11) > sheet.width - MARGIN:
        x, y = float(MARGIN), y + 16
    sheet.shape("rect", "paper", x=x + 1.5, y=y - 7.5, width=10, height=7, stroke="#d9774f", stroke_width=3)
    sheet.text(x + 19, y, _RIM, 11, "soft")
    sheet.y = y + 14


_RIM = "rim: the whole leg"


def _bars(sheet: Sheet, compiled: Compiled, explanation: str, x: float, wide: float) -> None:
    """Every place and side with its share."""
    look = sheet.look
    for finding, heading in ((SITE, "The worst place"), (SIDE, "Which leg")):
        shares = shares_of(compiled, explanation, finding)
        if not shares:
            continue
        sheet.text(x, sheet.y, heading, 13, bold=True)
        sheet.y += 10
        record = compiled.likelihoods[explanation, finding]
        kind = "one" if record.basis in FILLED else "two"
        for state, p in shares.items():
            label = capital(_state(compiled, finding, state, look))
            told = lettering.lines(label, 118, 12.5)
            for n, line in enumerate(told):
                sheet.text(x, sheet.y + 11 + n * 15, line, 12.5)
            full = wide - 130 - lettering.width(share(1, look.audience), 12) - 8
            sheet.shape("rect", kind, x=x + 126, y=sheet.y + 1.5, width=max(full * p, 1.0), height=11)
            sheet.text(x + 126 + full * p + 7, sheet.y + 11, share(p, look.audience), 12)
            sheet.y += 21 + (len(told) - 1) * 15
        sheet.y += 22
