"""Signals of medicines: every class, and if asked every ingredient, against the start of a marker of cramps.

Sequence symmetry (`soleus.statistics.sequence_symmetry`) for all medicines of a database at once, by strata of age and
sex; how far estimates of this design err is learnt from negative controls, and the share of false discoveries among
what is called found is held down. Nothing here proves a cause: what is found deserves a second, independent look
(`soleus.population.sequences.self_controls`).

Every number that could not be computed is NaN, and `Signal.why` says why.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from soleus.knowledge.loader import Knowledge
from soleus.population.databases.source import Source
from soleus.population.screening.coarse import Coarse, readable
from soleus.population.screening.planning import Plan, ScreenSettings, plan_screen
from soleus.population.screening.signals import ITSELF, Calibration, Control, Signal, judged
from soleus.population.sequences.counted import PairCounts
from soleus.population.sequences.first_events import count_days, count_pairs
from soleus.population.sequences.null_days import null_sums_by_year
from soleus.population.sequences.null_sums import null_sums
from soleus.population.sequences.waiting_times import WaitingTime, waiting_times
from soleus.statistics.sequence_symmetry import NullSums, sequence_ratios


@dataclass(frozen=True)
class YearRatio:
    """Some calendar years of a pair that was found or is published, by its earlier event: ``year`` to ``until``."""

    index: str
    marker: str
    year: int
    until: int
    n_index_first: int
    n_marker_first: int
    null: float
    adjusted: float
    low: float
    high: float


@dataclass(frozen=True)
class Screen:
    """The answer. ``notes``: what must be known. ``cells``: people of each pair by year and days between, from which
    it follows which counts may be shown."""

    settings: ScreenSettings
    signals: tuple[Signal, ...]
    controls: tuple[Control, ...]
    calibration: tuple[Calibration, ...]
    years: tuple[YearRatio, ...]
    waiting: tuple[WaitingTime, ...]
    notes: tuple[str, ...]
    cells: Mapping[tuple[str, str], PairCounts] = field(default_factory=dict)


def screen(
    source: Source,
    knowledge: Knowledge,
    settings: ScreenSettings | None = None,
    told: Callable[[str], None] = lambda _: None,
) -> Screen:
    """Every medicine against every marker. Raises `UnknownName` for a marker that the vocabulary does not know."""
    told("Looking for medicines")
    return carry_out(plan_screen(source, knowledge, settings or ScreenSettings()), told)


def carry_out(plan: Plan, told: Callable[[str], None] = lambda _: None) -> Screen:
    """Count and compute."""
    if plan.study is None:
        return Screen(plan.settings, (), (), (), (), (), (*plan.notes, "Nobody is observed: nothing was counted."))
    told("Counting sequences")
    pairs = count_pairs(plan.study, by_year=True, step=plan.settings.step)
    told("Counting starts")
    sums = null_sums(plan.study, plan.settings.sequence.null_window)
    signals, controls, calibration, notes = judged(plan, pairs, sums)
    told("Counting years")
    names = [{n: m.id for n, m in enumerate(side)} for side in (plan.medicines, plan.markers)]
    longest = plan.settings.sequence.window[1]
    coarse = {
        at: readable(pairs.only((pairs.index == at[0]) & (pairs.marker == at[1])), longest) for at in _made(pairs)
    }
    years = _years(plan, coarse, [s for s in signals if s.found or s.published])
    waiting = [w for pair in coarse.values() for w in waiting_times(pair.cells, names[0], names[1], longest)]
    itself = {(s.index, s.marker) for s in signals if s.why == ITSELF}
    return Screen(
        plan.settings,
        signals,
        controls,
        calibration,
        tuple(y for y in years if (y.index, y.marker) not in itself),
        tuple(w for w in waiting if (w.index, w.marker) not in itself),
        (*plan.notes, *notes),
        {(names[0][i], names[1][m]): pair.cells for (i, m), pair in coarse.items()},
    )


def _made(pairs: PairCounts) -> list[tuple[int, int]]:
    """The pairs that anybody makes."""
    return sorted(set(zip(pairs.index.tolist(), pairs.marker.tolist(), strict=True)))


# ---------------------------------------------------------------------------------------------- ratios


def _years(plan: Plan, coarse: Mapping[tuple[int, int], Coarse], wanted: Sequence[Signal]) -> list[YearRatio]:
    """These pairs by the calendar years of their earlier event."""
    assert plan.study is not None
    asked = {at: signal for signal in wanted if (at := plan.numbers(signal.index, signal.marker)) in coarse}
    rows, markers = sorted({i for i, _ in asked}), range(len(plan.markers))
    if not rows:
        return []
    every = sorted({y for at in asked for y in _span(coarse[at])})
    study = replace(plan.study, index={n: plan.study.index[n] for n in rows})
    days = count_days(study, "index"), count_days(study, "marker")
    sums = null_sums_by_year(*days, rows, markers, plan.settings.sequence.null_window, every)
    out = []
    for (i, m), signal in asked.items():
        pair, at = coarse[i, m], (rows.index(i), m)
        for year in sorted(set(pair.cells.year.tolist())):
            within = [n for n, y in enumerate(every) if year <= y < year + pair.years]
            own = NullSums(*(side[within, at[0], at[1]].sum().reshape(1, 1) for side in (sums.forward, sums.backward)))
            out.append(_year(plan, signal, pair, year, own))
    return sorted(out, key=lambda r: (r.marker, r.index, r.year))


def _span(pair: Coarse) -> range:
    """The years of a pair, those without anybody as well."""
    return range(int(pair.cells.year.min()), int(pair.cells.year.max()) + pair.years)


def _year(plan: Plan, signal: Signal, pair: Coarse, year: int, sums: NullSums) -> YearRatio:
    """The ratio of one period."""
    assert plan.study is not None
    at, s = pair.cells.year == year, plan.settings.sequence
    until = min(year + pair.years - 1, plan.study.span[1].year)
    counts = int(pair.cells.index_first[at].sum()), int(pair.cells.marker_first[at].sum())
    a, b = (np.array([[n]]) for n in counts)
    found = sequence_ratios(a, b, sums, s.level, s.interval)
    told = (float(v[0, 0]) for v in (found.null, found.adjusted, found.low, found.high))
    return YearRatio(signal.index, signal.marker, year, until, *counts, *told)
