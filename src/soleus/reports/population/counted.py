"""Who is in a cohort and how common things are, as rows with their drawings."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from markupsafe import Markup

from soleus.population.reporting.form import CohortPart, Frequency, FrequencyPart
from soleus.reports import interval_plot
from soleus.reports.population.words import HIDDEN, SEXES, age_words, count, interval, times


@dataclass(frozen=True)
class Bar:
    """A step of an attrition with its bar; ``lost``: people who are not left."""

    step: str
    people: str
    lost: str
    entries: str
    plot: Markup


@dataclass(frozen=True)
class Row:
    """A row of a table of frequencies, as it is shown."""

    name: str
    people: str
    with_it: str
    share: str
    share_plot: Markup
    years: str
    cases: str
    rate: str
    rate_plot: Markup


def bars(part: CohortPart) -> list[Bar]:
    """The attrition with a bar a step, as long as those who are left."""
    most = max((s.people or 0 for s in part.steps), default=0) or 1
    before = [None, *(s.people for s in part.steps)]
    return [
        Bar(s.step, count(s.people), _lost(was, s.people), count(s.entries), bar((s.people or 0) / most))
        for s, was in zip(part.steps, before, strict=False)
    ]


def _lost(before: int | None, now: int | None) -> str:
    return "" if before is None or now is None or before == now else f"−{before - now:,}"


def bar(share: float) -> Markup:
    """A share as a bar."""
    return Markup(
        '<svg class="plot" viewBox="0 0 240 18" aria-hidden="true" focusable="false">'
        f'<rect class="track" x="0" y="4" width="240" height="10" rx="2"/>'
        f'<rect class="fill" x="0" y="4" width="{240 * share:.1f}" height="10" rx="2"/></svg>'
    )


def by_age(part: FrequencyPart) -> tuple[list[Row], Markup, Markup]:
    """Rows by sex and age, and the scales of their two columns of plots."""
    return _rows(part.by_age, [f"{SEXES.get(r.sex or '', r.sex)}, {age_words(r.age)}" for r in part.by_age])


def by_year(part: FrequencyPart) -> tuple[list[Row], Markup, Markup]:
    """Rows by calendar year, and the scales."""
    return _rows(part.by_year, [str(r.year) for r in part.by_year])


def _rows(rows: Sequence[Frequency], names: Sequence[str]) -> tuple[list[Row], Markup, Markup]:
    shares = interval_plot.amounts(_highest(100 * r.prevalence_high for r in rows if r.prevalence_high is not None))
    rates = interval_plot.amounts(_highest(r.incidence_high for r in rows if r.incidence_high is not None))
    shown = [_row(r, name, shares, rates) for r, name in zip(rows, names, strict=True)]
    return shown, interval_plot.scale(shares), interval_plot.scale(rates)


def _highest(values: Iterable[float]) -> float:
    """The top of an axis: of the highest ends that which leaves the others room; 1 where all are hidden."""
    seen = sorted(values) or [1.0]
    return seen[-1] if len(seen) < 4 else min(seen[-1], 3 * seen[len(seen) // 2])


def _row(r: Frequency, name: str, shares: interval_plot.Axis, rates: interval_plot.Axis) -> Row:
    share = times(100, r.prevalence, r.prevalence_low, r.prevalence_high)
    rate = (r.incidence, r.incidence_low, r.incidence_high)
    return Row(
        name=name,
        people=count(r.people),
        with_it=count(r.with_it),
        share=interval(*share, _nothing(r.with_it)),
        share_plot=interval_plot.row(shares, *share),
        years="none" if r.person_years is None else f"{r.person_years:,.0f}",
        cases=count(r.cases),
        rate=interval(*rate, _nothing(r.cases)),
        rate_plot=interval_plot.row(rates, *rate),
    )


def _nothing(made_of: int | None) -> str:
    """Why there is no figure: what it is made of is hidden, or nobody is there to be counted."""
    return HIDDEN if made_of is None else "none"
