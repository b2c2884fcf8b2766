"""The part of a report that screens medicines: signals, negative controls, and a second look at what is found."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec

from soleus.population.databases.engine import Row
from soleus.population.reporting.form import SignalsPart
from soleus.population.reporting.work import Tables, Work, unknown
from soleus.population.screening.planning import Plan, ScreenSettings
from soleus.population.screening.screen import Screen


def signals_part(work: Work) -> tuple[SignalsPart, Tables]:
    """Every class of medicines against those markers that the database knows."""
    from soleus.population.screening.planning import plan_screen
    from soleus.population.screening.screen import carry_out
    from soleus.population.screening.tables import tables_of

    known = tuple(m for m in work.plan.markers if work.expansion.concepts.get(m))
    notes = [unknown([m]) for m in work.plan.markers if m not in known]
    if not known:
        return SignalsPart(why_not=unknown(work.plan.markers)), {}
    settings = ScreenSettings(markers=known)
    plan = plan_screen(work.source, work.knowledge, settings)
    found = carry_out(plan, work.tell)
    tables = tables_of(found, work.least)
    tables["self_controlled"] = list(_second_looks(work, plan, found))
    part = msgspec.convert(
        {
            **tables,
            "markers": known,
            "method": _method(settings),
            "notes": [*notes, *found.notes],
            "rate": settings.rate,
        },
        SignalsPart,
    )
    return part, {name: [_flat(row) for row in rows] for name, rows in tables.items()}


def _second_looks(work: Work, plan: Plan, found: Screen) -> Sequence[Row]:
    from soleus.population.screening.tables import second_look_row
    from soleus.population.sequences.self_controls import look_again

    out: list[Row] = []
    if plan.study is None:
        return out
    for signal in found.signals:
        if signal.found:
            work.tell(f"Second design: {signal.name}")
            i, m = plan.numbers(signal.index, signal.marker)
            look = look_again(plan.study, (i, signal.index), (m, signal.marker), plan.settings.sequence.level)
            out.append(second_look_row(look, work.least))
    return out


def _method(settings: ScreenSettings) -> str:
    """What was screened, in one paragraph."""
    s = settings.sequence
    return (
        f"First starts at most {s.window[1]:g} days apart and not on one day, each after {s.prior_observation} days of "
        f"observation and {s.washout} days without; null ratios from all starts of the medicine and of the marker, by "
        f"age and sex; left out: {', '.join(settings.exclude).replace('_', ' ')}. Found: false discoveries held to "
        f"{100 * settings.rate:g} %."
    )


def _flat(row: Row) -> dict[str, Any]:
    """A row whose parts are words and numbers, as every form of table can hold them."""
    return {name: _word(value) for name, value in row.items()}


def _word(value: Any) -> Any:
    if isinstance(value, (list, tuple)):
        return " ".join(map(str, value))
    return value["value"] if isinstance(value, dict) else value
