"""Forest plots: causes of an explanation, what a contributor changes, and what trials of treatments found."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from soleus.knowledge.schema.care import Outcome, Treatment
from soleus.knowledge.schema.core import Effect
from soleus.library.drawing import chart
from soleus.library.drawing.chart import Mark
from soleus.library.drawing.sheet import MARGIN, Drawn, Look, Sheet, titled
from soleus.library.figures import number, ratio
from soleus.library.titles import name_of
from soleus.reasoning.compiled import Compiled
from soleus.reports.drawing.axes import Axis
from soleus.reports.words import capital

_RATIOS = ("risk ratio", "odds ratio", "hazard ratio", "rate ratio")
_DIFFERENCES = ("mean difference", "risk difference")


# ------------------------------------------------------------------------------------------- causes and effects


def causes(compiled: Compiled, explanation: str, look: Look, address: str = "") -> Drawn:
    """How often an explanation occurs with each contributor against without, the strongest first."""
    effects, marks = effects_on(compiled, explanation), cause_marks(compiled, explanation, look)
    lead = "What makes it more likely" if look.audience == "patient" else "Causes"
    title = titled(lead, compiled.explanations[explanation], look)
    return _forest(compiled, f"causes-{explanation}", look, title, marks, effects, address)


def effects(compiled: Compiled, contributor: str, look: Look, address: str = "") -> Drawn:
    """Which explanations a contributor changes, and by how much."""
    found = effects_of(compiled, contributor)
    marks = _together([(e, _name(compiled.explanations[e.explanation], look)) for e in found])
    lead = "What it may bring" if look.audience == "patient" else "Effects"
    title = titled(lead, compiled.contributors[contributor], look)
    return _forest(compiled, f"effects-{contributor}", look, title, marks, found, address)


def cause_marks(compiled: Compiled, explanation: str, look: Look) -> list[Mark]:
    """The rows of the causes of an explanation, the strongest first."""
    found = effects_on(compiled, explanation)
    return _together([(e, _name(compiled.contributors[e.contributor], look)) for e in found])


def effects_on(compiled: Compiled, explanation: str) -> tuple[Effect, ...]:
    return tuple(e for (_, s), e in compiled.effects.items() if s == explanation)


def effects_of(compiled: Compiled, contributor: str) -> tuple[Effect, ...]:
    return tuple(e for (c, _), e in compiled.effects.items() if c == contributor)


def _name(record: Any, look: Look) -> str:
    return capital(name_of(record, look.audience))


def _together(told: Sequence[tuple[Effect, str]]) -> list[Mark]:
    """One mark an effect; those of one family share one ratio and one row."""
    families: dict[tuple[object, ...], list[tuple[Effect, str]]] = {}
    for effect, label in told:
        key = (effect.family, effect.rho, effect.low, effect.high) if effect.family else (effect.id,)
        families.setdefault(key, []).append((effect, label))
    marks = [_mark(members) for members in families.values()]
    return sorted(marks, key=lambda m: (m.value is not None, -(m.value or 0), m.label))


def _mark(members: Sequence[tuple[Effect, str]]) -> Mark:
    effect, label = members[0]
    note = ""
    if len(members) > 1:
        names = sorted(name for _, name in members)
        label, note = f"{len(names)} others, one figure for all", ", ".join(names)
    if effect.rho is None:
        return Mark(label, "cannot be without it", basis=effect.basis, note=note)
    return Mark(
        label, _figure(effect.rho, effect.low, effect.high), effect.rho, effect.low, effect.high, effect.basis, note
    )


def _figure(value: float, low: float | None, high: float | None) -> str:
    told = ratio(value)
    return told if low is None or high is None else f"{told} ({ratio(low)} to {ratio(high)})"


_LEADS = {
    "clinician": "Ratio of rates with it against without, with its 95% interval.",
    "patient": "How many times as often it is found in people with each, and how far that may be off.",
}


def _forest(
    compiled: Compiled, name: str, look: Look, title: str, marks: list[Mark], records: Sequence[Effect], address: str
) -> Drawn:
    sheet = Sheet(name, look, title, _described(title, marks))
    sheet.lead(_LEADS[look.audience])
    axis, plot = chart.ratios(marks), chart.plot_of(sheet, marks)
    for heading, members in _panels(marks):
        if heading:
            sheet.y += 14
            sheet.text(MARGIN, sheet.y, heading, 13, bold=True)
        sheet.y += 6
        chart.rows(sheet, members, axis, ("less often", "more often"), plot)
    chart.legend(sheet, marks)
    return sheet.signed(compiled, records, address)


def _panels(marks: list[Mark]) -> list[tuple[str, list[Mark]]]:
    """What was measured apart from what was estimated, where there is enough of both."""
    measured, estimated = [m for m in marks if m.measured], [m for m in marks if not m.measured]
    if len(marks) < 8 or not measured or not estimated:
        return [("", marks)]
    return [("Measured, or computed from what was", measured), ("Estimated by the editors", estimated)]


def _described(title: str, marks: Sequence[Mark]) -> str:
    told = "; ".join(f"{m.label} {m.figure}" for m in marks)
    return f"{title}. {told}." if told else title


# --------------------------------------------------------------------------------------------------- treatments


def trials(compiled: Compiled, explanation: str) -> tuple[tuple[Treatment, Outcome], ...]:
    """Results of comparisons that printed an interval, for treatments of an explanation."""
    return tuple(
        (t, o)
        for t in compiled.knowledge.all(Treatment)
        if explanation in t.explanations and t.comparator
        for o in t.outcomes
        if o.effect is not None and o.low is not None and o.high is not None and _panel(o)
    )


def treatments(compiled: Compiled, explanation: str, look: Look, address: str = "") -> Drawn:
    """What trials found: ratios in one panel, differences in one for each thing that was counted."""
    panels = trial_panels(compiled, explanation, look)
    marks = [m for panel in panels for m in panel.marks]
    title = titled("What trials found", compiled.explanations[explanation], look)
    sheet = Sheet(f"treatments-{explanation}", look, title, _described(title, marks))
    sheet.lead("Against its comparison, with its 95% interval. A line that crosses the upright may be chance.")
    plot = chart.plot_of(sheet, marks)
    for panel in panels:
        sheet.y += 14
        sheet.text(MARGIN, sheet.y, panel.heading, 13, bold=True)
        sheet.y += 6
        chart.rows(sheet, panel.marks, panel.axis, panel.below, plot)
    chart.legend(sheet, marks)
    return sheet.signed(compiled, {t.id: t for t, _ in trials(compiled, explanation)}.values(), address)


@dataclass(frozen=True)
class Panel:
    """Results that share an axis; ``below`` says what lies left and right of no change."""

    heading: str
    marks: tuple[Mark, ...]
    axis: Axis
    below: tuple[str, str]


def trial_panels(compiled: Compiled, explanation: str, look: Look) -> tuple[Panel, ...]:
    """Ratios first, then differences, those with most results first; within each the lowest result first."""
    panels: dict[str, list[Mark]] = {}
    for treatment, outcome in trials(compiled, explanation):
        panels.setdefault(_panel(outcome), []).append(_trial(treatment, outcome, look))
    ranked = sorted(panels.items(), key=lambda p: (p[0] != _RATIO_PANEL, -len(p[1]), p[0]))
    return tuple(_made(heading, sorted(marks, key=lambda m: m.value or 0)) for heading, marks in ranked)


def _made(heading: str, marks: list[Mark]) -> Panel:
    if heading == _RATIO_PANEL:
        return Panel(heading, tuple(marks), chart.ratios(marks), ("less often", "more often"))
    return Panel(heading, tuple(marks), chart.differences(marks), ("less", "more"))


_RATIO_PANEL = "Ratio of what is named"


def _panel(o: Outcome) -> str:
    """Results that share an axis: all ratios; differences of one thing counted over one time."""
    if o.metric in _RATIOS:
        return _RATIO_PANEL
    if o.metric not in _DIFFERENCES:
        return ""
    unit = (o.unit or "").split(" (")[0]
    weeks = re.search(r"(\d+) weeks", f"{o.outcome} {unit}")
    if unit.startswith("cramps"):
        return (
            f"Cramps in {weeks[1]} weeks, difference" if weeks else f"Cramps {unit[6:].replace('/', 'a ')}, difference"
        )
    return f"Difference in {_UNITS.get(unit, unit)}"


_UNITS = {"VAS cm": "severity, cm of a 10 cm line", "cm": "severity, cm of a 10 cm line", "points": "points"}


def _trial(treatment: Treatment, o: Outcome, look: Look) -> Mark:
    say = ratio if o.metric in _RATIOS else number
    value, low, high = float(o.effect or 0), float(o.low or 0), float(o.high or 0)
    people = f"; {o.n:,} people" if o.n else ""
    return Mark(
        label=_name(treatment, look),
        figure=f"{say(value)} ({say(low)} to {say(high)})",
        value=value, low=low, high=high,
        basis=treatment.basis,
        note=f"{o.outcome}; against {treatment.comparator}{people}",
    )  # fmt: skip
