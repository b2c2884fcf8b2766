"""A report on one database as one HTML page, alone or within the pages of a service."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any, TypeAlias

from jinja2 import Environment
from markupsafe import Markup

from soleus.population.report import (
    CohortPart,
    Frequency,
    FrequencyPart,
    RateRow,
    RateTable,
    Report,
)
from soleus.reasoning.words import REVIEW
from soleus.reports import interval_plot
from soleus.reports.html import templates
from soleus.reports.population_plots import STYLE
from soleus.reports.words import date_words, join

RESEARCH = (
    "Of records that were made for other ends: what goes together need not be cause and effect. For research; not a "
    "medical device."
)
SEXES = {"female": "Women", "male": "Men", "unknown": "Sex not known"}
HIDDEN = "hidden"
#: (id, heading) of the parts.
CONTENTS = (
    ("quality", "Quality"),
    ("cohorts", "Cohorts"),
    ("frequencies", "How common"),
    ("knowledge", "Beside the knowledge base"),
    ("method", "How it was made"),
)


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


@dataclass(frozen=True)
class Beside:
    """A rate of the knowledge base beside that of the database."""

    name: str
    published: str
    here: str
    counted: str
    times: str
    plot: Markup


# ------------------------------------------------------------------------------------------ words


def count(number: int | None) -> str:
    """A count, or that it is hidden."""
    return HIDDEN if number is None else f"{number:,}"


def concepts(number: int) -> str:
    return "1 concept" if number == 1 else f"{number:,} concepts"


def interval(value: float | None, low: float | None, high: float | None) -> str:
    """2.14 (1.66–2.72); "none" where there is no figure."""
    if value is None or low is None or high is None:
        return "none"
    return f"{short(value)} ({short(low)}–{short(high)})"


def short(value: float) -> str:
    """A figure in about three digits."""
    return f"{value:,.0f}" if value >= 100 else f"{value:.1f}" if value >= 10 else f"{value:.2f}"


def lead(report: Report) -> str:
    """The answer in a few sentences."""
    people = next((s for s in report.quality.sizes if s.table == "person"), None)
    period = next((s for s in report.quality.sizes if s.table == "period"), None)
    told = [f"{count(people.people if people else None)} people"]
    if period and period.first and period.last:
        told.append(f"seen from {date_words(str(period.first))} to {date_words(str(period.last))}")
    seen = [_told(part) for part in report.frequencies.sets if part.total]
    unseen = [part.name.lower() for part in report.frequencies.sets if not part.total]
    return (
        f"{', '.join(told)}."
        + (f" New ones in 1,000 person-years: {'; '.join(seen)}." if seen else "")
        + (f" Nobody can be seen to have {join(unseen, 'or')}." if unseen else "")
    )


def _told(part: FrequencyPart) -> str:
    total = part.total
    if total is None or total.incidence is None:
        return f"{part.name.lower()} too few to be told"
    rate = interval(total.incidence, total.incidence_low, total.incidence_high)
    return f"{part.name.lower()} {rate}, {count(total.cases)} people"


def meta(report: Report) -> str:
    parts = [*dict.fromkeys(v for v in report.about.values() if v), f"made on {date_words(str(report.made_on))}"]
    return " · ".join(parts)


def method(report: Report) -> tuple[str, ...]:
    """How it was made and what it cannot say."""
    made = report.made
    return (
        f"Read as {made.kind.upper()} by {made.engine}; the database was only read. Fingerprint of what was read: "
        f"{made.input[:16]}. The same database, code and knowledge give the same figures.",
        f"Counts from 1 to {made.least - 1} are hidden, others that would give them away, and what is made of them."
        if made.least > 1
        else "No count is hidden: this report is not for passing on.",
        "A record is not a diagnosis, and no record is not health: people who do not come, or whose doctor codes "
        "otherwise, are not seen. Cramps are coded far less often than people have them.",
        "Prevalence: of those under observation in a year, the share with an era in it. Incidence: first eras ever "
        "after the stated days of observation, per person-year at risk. Intervals of 95 %: Wilson for shares, Byar "
        "for rates. Over several years a person counts once in each.",
    )


# ------------------------------------------------------------------------------------------- views


def bars(part: CohortPart) -> list[Bar]:
    """The attrition with a bar a step, as long as those who are left."""
    most = max((s.people or 0 for s in part.steps), default=0) or 1
    before = [None, *(s.people for s in part.steps)]
    return [
        Bar(s.step, count(s.people), _lost(was, s.people), count(s.entries), _bar((s.people or 0) / most))
        for s, was in zip(part.steps, before, strict=False)
    ]


def _lost(before: int | None, now: int | None) -> str:
    return "" if before is None or now is None or before == now else f"−{before - now:,}"


def _bar(share: float) -> Markup:
    return Markup(
        '<svg class="plot" viewBox="0 0 240 18" aria-hidden="true" focusable="false">'
        f'<rect class="track" x="0" y="4" width="240" height="10" rx="2"/>'
        f'<rect class="fill" x="0" y="4" width="{240 * share:.1f}" height="10" rx="2"/></svg>'
    )


def by_age(part: FrequencyPart) -> tuple[list[Row], Markup, Markup]:
    """Rows by sex and age, and the scales of their two columns of plots."""
    return _rows(part.by_age, [f"{SEXES.get(r.sex or '', r.sex)}, {_age(r.age)}" for r in part.by_age])


def by_year(part: FrequencyPart) -> tuple[list[Row], Markup, Markup]:
    """Rows by calendar year, and the scales."""
    return _rows(part.by_year, [str(r.year) for r in part.by_year])


def _age(band: str | None) -> str:
    return "age not known" if band in (None, "unknown") else str(band).replace("-", "–").replace("+", " and over")


def _rows(rows: Sequence[Frequency], names: Sequence[str]) -> tuple[list[Row], Markup, Markup]:
    shares = interval_plot.amounts(_highest(100 * r.prevalence_high for r in rows if r.prevalence_high is not None))
    rates = interval_plot.amounts(_highest(r.incidence_high for r in rows if r.incidence_high is not None))
    shown = [_row(r, name, shares, rates) for r, name in zip(rows, names, strict=True)]
    return shown, interval_plot.scale(shares), interval_plot.scale(rates)


def _highest(values: Iterable[float]) -> float:
    """The top of an axis: of the highest ends that which leaves the others room."""
    seen = sorted(values)
    return seen[-1] if len(seen) < 4 else min(seen[-1], 3 * seen[len(seen) // 2])


def _row(r: Frequency, name: str, shares: interval_plot.Axis, rates: interval_plot.Axis) -> Row:
    share = _times(100, r.prevalence, r.prevalence_low, r.prevalence_high)
    rate = (r.incidence, r.incidence_low, r.incidence_high)
    return Row(
        name=name,
        people=count(r.people),
        with_it=count(r.with_it),
        share=interval(*share),
        share_plot=interval_plot.row(shares, *share),
        years="none" if r.person_years is None else f"{r.person_years:,.0f}",
        cases=count(r.cases),
        rate=interval(*rate),
        rate_plot=interval_plot.row(rates, *rate),
    )


_Three: TypeAlias = tuple[float | None, float | None, float | None]


def _times(factor: float, *values: float | None) -> _Three:
    """A value and the ends of its interval, times a factor."""
    value, low, high = (None if v is None else factor * v for v in values)
    return value, low, high


def beside(table: RateTable) -> tuple[list[Beside], Markup]:
    """Each rate of the knowledge base with that of the database, and the scale: how many times as high it is here."""
    axis = interval_plot.ratios(
        end / r.published for r in table.rows for end in (r.here_low, r.here_high) if end and r.published
    )
    return [_beside(r, axis) for r in table.rows], interval_plot.scale(axis)


def _beside(r: RateRow, axis: interval_plot.Axis) -> Beside:
    times = _times(1 / r.published if r.published else 0, r.here, r.here_low, r.here_high)
    none = not times[0]
    return Beside(
        name=f"{SEXES.get(r.sex, r.sex)}, {_age(r.age)}",
        published=short(r.published),
        here=interval(r.here, r.here_low, r.here_high),
        counted=f"{count(r.cases)} in {r.person_years:,.0f}" if r.person_years is not None else "",
        times="none" if none else interval(*times),
        plot=interval_plot.row(axis, *((None, None, None) if none else times)),
    )


# -------------------------------------------------------------------------------------------- page


def page(report: Report) -> str:
    """One self-contained page: no script, nothing from outside."""
    style, style_hash = style_sheet()
    return filled(templates(), report, layout="population_page.html.j2", style=Markup(style), style_hash=style_hash)


def filled(environment: Environment, report: Report, layout: str, **more: Any) -> str:
    """The report in a ``layout``, a template with a block ``body``."""
    return environment.get_template("population.html.j2").render(
        layout=layout, r=report, title=report.title, lead=lead(report), meta=meta(report), method=method(report),
        contents=CONTENTS, bars=bars, by_age=by_age, by_year=by_year, beside=beside, count=count, concepts=concepts,
        interval=interval, join=join, review=REVIEW["clinician"], intended=RESEARCH, **more,
    )  # fmt: skip


@cache
def style_sheet() -> tuple[str, str]:
    """The style sheet and its hash as a content security policy wants it."""
    css = rules()
    return css, f"sha256-{base64.b64encode(hashlib.sha256(css.encode()).digest()).decode()}"


def rules() -> str:
    """The rules of the page and of its plots."""
    return (
        files("soleus.reports").joinpath("templates/population.css").read_text(encoding="utf-8").strip() + "\n" + STYLE
    )
