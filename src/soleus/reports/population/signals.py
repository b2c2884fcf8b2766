"""The signals of a screen: what is said of them, and their drawings."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from math import exp

from soleus.population.reporting.form import CalibrationRow, SignalRow, SignalsPart
from soleus.reports import population_plots as plots
from soleus.reports.drawing.plot import Plot
from soleus.reports.population.words import count, interval, short
from soleus.reports.words import capital

#: Medicines that are found, of which each has drawings of its own.
MOST_DRAWN = 8


@dataclass(frozen=True)
class Look:
    """The second design of a pair that was found."""

    name: str
    ratio: str
    cases: str
    events: str
    first: str  # what the first design says


@dataclass(frozen=True)
class MarkerView:
    """What was found with one marker."""

    marker: str
    summary: str
    calibration: str
    plots: list[Plot]
    looks: list[Look]
    details: list[tuple[str, list[Plot]]]  # medicine -> its waiting times and years


def markers(part: SignalsPart) -> list[MarkerView]:
    """Each marker with its drawings."""
    return [_marker(part, marker) for marker in part.markers]


def _marker(part: SignalsPart, marker: str) -> MarkerView:
    rows = [r for r in part.signals if r.marker == marker]
    found = [r for r in ranked(rows) if r.found]
    return MarkerView(
        marker=words(marker),
        summary=_summary(part, rows, found),
        calibration=_calibration([c for c in part.calibration if c.marker == marker]),
        plots=_screen_plots(marker, rows),
        looks=_looks(part, marker, {r.index: r for r in rows}),
        details=[(r.name, _pair_plots(part, r)) for r in found[:MOST_DRAWN]],
    )


def words(name: str) -> str:
    """A value set as it is said."""
    return name.rpartition(".")[2].replace("_", " ")


def ranked(rows: Sequence[SignalRow]) -> list[SignalRow]:
    """What was found first, by the rate of false discoveries; negative controls last."""
    far = 2.0
    return sorted(
        rows,
        key=lambda r: (not r.found, r.control, far if r.q is None else r.q, far if r.p is None else r.p, r.name),
    )


def _summary(part: SignalsPart, rows: Sequence[SignalRow], found: Sequence[SignalRow]) -> str:
    tested = sum(r.q is not None for r in rows)
    hidden = sum(r.adjusted is None and not r.why.startswith("Nobody") for r in rows)
    told = f"{len(rows)} medicines, {tested} tested, {len(found)} found"
    told += f" (at most {100 * part.rate:g} % of these expected to be false)." if found else "."
    return told + (f" Of {hidden} no ratio is shown: too few people in one of the two orders." if hidden else "")


def _calibration(rows: Sequence[CalibrationRow]) -> str:
    for row in rows:
        if row.used and row.mean is not None and row.sd is not None:
            return (
                f"{row.controls} negative controls err by a factor of {short(exp(row.mean))} on average and scatter by "
                f"{short(row.sd)} on the logarithm beyond chance; ratios and p values are calibrated by them."
            )
        return f"{row.controls} negative controls could be used: too few, or too unsure, to calibrate by them."
    return "No negative control could be used; nothing is calibrated."


def _drawn(r: SignalRow) -> plots.Signal:
    known = r.published.value if r.published else None
    ratio = (r.adjusted, r.low, r.high, r.p)
    if r.calibrated is not None:
        ratio = (r.calibrated, r.calibrated_low, r.calibrated_high, r.calibrated_p)
    return plots.Signal(r.name, *ratio, r.n_index_first, r.n_marker_first, r.control, r.found, known)


def _screen_plots(marker: str, rows: Sequence[SignalRow]) -> list[Plot]:
    """The whole screen, and those that were found, published or are controls."""
    told = [r for r in ranked(rows) if r.adjusted is not None]
    if not told:
        return []
    lead = f"First start of each medicine against the first {words(marker)}."
    chosen = [r for r in told if r.found or r.published or r.control]
    out = [
        plots.volcano_plot(
            stem("screen", marker), f"{capital(words(marker))}: the screen", [_drawn(r) for r in told], lead
        )
    ]
    if chosen:
        title = f"{capital(words(marker))}: found, published, or a negative control"
        out.insert(0, plots.forest_plot(stem("ratios", marker), title, [_drawn(r) for r in chosen], lead))
    return out


def _years(first: int, last: int) -> str:
    return str(first) if first == last else f"{first}–{last % 100:02d}"


def _pair_plots(part: SignalsPart, r: SignalRow) -> list[Plot]:
    """Waiting times and calendar years of one pair."""
    bins = [
        plots.Bin(w.from_days, w.to_days, w.people)
        for w in part.waiting_times
        if (w.index, w.marker) == (r.index, r.marker)
    ]
    years = [
        plots.Period(_years(y.year, y.until), y.adjusted, y.low, y.high, y.n_index_first, y.n_marker_first)
        for y in part.by_year
        if (y.index, y.marker) == (r.index, r.marker)
    ]
    title = f"{r.name} and {words(r.marker)} by calendar time"
    out = []
    if bins:
        out.append(plots.waiting_time_plot(stem("waiting", r.index, r.marker), r.name, words(r.marker), bins))
    if years:
        out.append(plots.funnel_plot(stem("years", r.index, r.marker), title, years, r.adjusted))
    return out


def _looks(part: SignalsPart, marker: str, rows: dict[str, SignalRow]) -> list[Look]:
    return [
        Look(
            name=rows[x.index].name if x.index in rows else x.index,
            ratio=x.why or interval(x.ratio, x.low, x.high),
            cases=count(x.cases),
            events=count(x.events),
            first=_ratio(rows[x.index]) if x.index in rows else "",
        )
        for x in part.self_controlled
        if x.marker == marker
    ]


def _ratio(r: SignalRow) -> str:
    if r.calibrated is not None:
        return interval(r.calibrated, r.calibrated_low, r.calibrated_high)
    return interval(r.adjusted, r.low, r.high)


def stem(*parts: str) -> str:
    """A name for files and ids."""
    return re.sub(r"[^a-z0-9]+", "-", " ".join(p.rpartition("medicine.")[2] for p in parts).lower()).strip("-")
