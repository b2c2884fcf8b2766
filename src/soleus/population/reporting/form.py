"""A report on one database as data: what it holds, who is in it, how common things are, what was found.

`soleus.population.reporting.making` gathers it; rooms above show it. A finished report is a folder with a manifest that
says so (`finished`). Small cells are hidden before anything is put in here: a count that is None is hidden, and so is
what is made of it. A part that could not be made says why.
"""

from __future__ import annotations

import datetime
import json
from pathlib import Path
from typing import Any

import msgspec
from msgspec import Struct

from soleus.errors import UnreadableInput
from soleus.knowledge.overlay import Overlay
from soleus.population.results.manifest import NAME as MANIFEST

REPORT, PAGE, OVERLAY = "report.json", "report.html", "overlay.yaml"
#: Changes when a field changes its meaning; a report of another form is made anew.
FORM = 2
_MOST = 30_000_000  # bytes of a report that is read


class Part(Struct, frozen=True, kw_only=True):
    """``why_not``: why there is nothing in it; empty where there is."""

    why_not: str = ""


class Size(Struct, frozen=True):
    """A table of the database: rows, people, first and last day."""

    table: str
    rows: int | None
    people: int | None
    first: datetime.date | None
    last: datetime.date | None


class Fault(Struct, frozen=True):
    """Something wrong, how often, and what follows."""

    table: str
    fault: str
    found: int | None
    of: int | None
    consequence: str


class Missing(Struct, frozen=True):
    """A table or column that the database lacks, and what follows."""

    what: str
    consequence: str


class QualityPart(Part, frozen=True, kw_only=True):
    sizes: tuple[Size, ...] = ()
    faults: tuple[Fault, ...] = ()
    checks: int = 0  # how many faults were looked for
    lacks: tuple[Missing, ...] = ()
    value_sets: int = 0
    value_sets_found: int = 0
    medicines_by_name: int = 0


class StepRow(Struct, frozen=True):
    """Who is left after a step of the attrition."""

    step: str
    entries: int | None
    people: int | None


class CohortPart(Part, frozen=True, kw_only=True):
    id: str
    name: str
    sentence: str
    concepts: dict[str, int] = {}
    steps: tuple[StepRow, ...] = ()


class CohortsPart(Part, frozen=True, kw_only=True):
    cohorts: tuple[CohortPart, ...] = ()


class Frequency(Struct, frozen=True, kw_only=True):
    """A row of `cohorts.prevalence.Frequency`, with small cells hidden. Rates per 1,000 person-years."""

    year: int | None = None
    sex: str | None = None
    age: str | None = None
    people: int | None = None
    with_it: int | None = None
    prevalence: float | None = None
    prevalence_low: float | None = None
    prevalence_high: float | None = None
    person_years: float | None = None
    cases: int | None = None
    incidence: float | None = None
    incidence_low: float | None = None
    incidence_high: float | None = None


class FrequencyPart(Part, frozen=True, kw_only=True):
    """One value set. ``prior_days``: of observation before anybody is at risk; ``gap_days``: within one era."""

    value_set: str
    name: str
    meaning: str
    concepts: int = 0
    gap_days: int = 0
    prior_days: int = 0
    total: Frequency | None = None
    by_age: tuple[Frequency, ...] = ()
    by_year: tuple[Frequency, ...] = ()


class FrequenciesPart(Part, frozen=True, kw_only=True):
    sets: tuple[FrequencyPart, ...] = ()


class PublishedRatio(Struct, frozen=True):
    """A published sequence ratio: a fact of the knowledge base."""

    fact: str
    value: float
    low: float | None
    high: float | None


class SignalRow(Struct, frozen=True, kw_only=True):
    """A row of `screening.screen.Signal` with small counts hidden; what is hidden or undefined is None."""

    index: str
    name: str
    marker: str
    n_index_first: int | None
    n_marker_first: int | None
    crude: float | None
    null: float | None
    adjusted: float | None
    low: float | None
    high: float | None
    log_ratio: float | None
    se: float | None
    p: float | None
    calibrated: float | None
    calibrated_low: float | None
    calibrated_high: float | None
    calibrated_log_ratio: float | None
    calibrated_se: float | None
    calibrated_p: float | None
    q: float | None
    found: bool
    control: bool
    why: str
    published: PublishedRatio | None
    contributors: tuple[str, ...]


class ControlRow(Struct, frozen=True, kw_only=True):
    """A negative control, and its p value against the distribution of the others."""

    index: str
    name: str
    marker: str
    log_ratio: float | None
    se: float | None
    p: float | None
    used: bool


class CalibrationRow(Struct, frozen=True, kw_only=True):
    """How far the negative controls of a marker err, on the logarithm. ``used``: are estimates calibrated by them?"""

    marker: str
    mean: float | None
    sd: float | None
    controls: int
    used: bool


class YearRow(Struct, frozen=True, kw_only=True):
    """Calendar years of a pair, ``year`` to ``until``."""

    index: str
    marker: str
    year: int
    until: int
    n_index_first: int | None
    n_marker_first: int | None
    adjusted: float | None
    low: float | None
    high: float | None


class WaitingRow(Struct, frozen=True, kw_only=True):
    """People whose marker came so many days after the medicine; before it where negative."""

    index: str
    marker: str
    from_days: int
    to_days: int
    people: int | None


class SecondLookRow(Struct, frozen=True, kw_only=True):
    """A self-controlled case series of a pair that was found."""

    index: str
    marker: str
    cases: int | None
    events: int | None
    ratio: float | None
    low: float | None
    high: float | None
    why: str


class SignalsPart(Part, frozen=True, kw_only=True):
    """``rate``: of false discoveries among what is found. ``notes``: what must be known of it."""

    markers: tuple[str, ...] = ()
    method: str = ""
    rate: float = 0.0
    notes: tuple[str, ...] = ()
    signals: tuple[SignalRow, ...] = ()
    controls: tuple[ControlRow, ...] = ()
    calibration: tuple[CalibrationRow, ...] = ()
    by_year: tuple[YearRow, ...] = ()
    waiting_times: tuple[WaitingRow, ...] = ()
    self_controlled: tuple[SecondLookRow, ...] = ()


class ComplaintRow(Struct, frozen=True, kw_only=True):
    """People with (or without) a complaint of the legs on record in the last year."""

    complaint: bool
    people: int | None


class ExplanationRow(Struct, frozen=True, kw_only=True):
    """An explanation among them: for how many it comes first, its mean probability; ``sex``, ``age``: of a group."""

    complaint: bool
    explanation: str
    name: str
    first: int | None
    mean_probability: float | None
    sex: str | None = None
    age: str | None = None


class FlagRow(Struct, frozen=True, kw_only=True):
    """A red flag that records raise."""

    red_flag: str
    name: str
    urgency: str
    people: int | None


class ScoringPart(Part, frozen=True, kw_only=True):
    """Everybody judged as if a complaint of the legs were brought on the last day observed.

    ``explanations``: the most probable of those with and of those without a complaint on record; ``by_group``: the most
    probable of each group. ``unread``: kinds of results whose unit is not known.
    """

    setting: str = ""
    complaints: tuple[ComplaintRow, ...] = ()
    explanations: tuple[ExplanationRow, ...] = ()
    by_group: tuple[ExplanationRow, ...] = ()
    red_flags: tuple[FlagRow, ...] = ()
    unread: int = 0


class KnowledgePart(Part, frozen=True, kw_only=True):
    """What the knowledge base says and what this database says: an overlay of this database alone.

    ``names``: what its ids are called; ``sources``: keys of sources -> first author and year; ``first``: explanations
    whose rates are shown first.
    """

    overlay: Overlay | None = None
    names: dict[str, str] = {}
    sources: dict[str, str] = {}
    first: tuple[str, ...] = ()


class Made(Struct, frozen=True, kw_only=True):
    """Of what the report is made. ``input``: a fingerprint, never content."""

    code: str
    knowledge_version: str
    knowledge_digest: str
    engine: str
    kind: str
    input: str
    least: int  # counts from 1 to below this are hidden


class Report(Struct, frozen=True, kw_only=True):
    """The whole report; its parts in the order in which they are shown."""

    form: int = FORM
    title: str
    about: dict[str, str]
    made_on: datetime.date
    made: Made
    quality: QualityPart
    cohorts: CohortsPart
    frequencies: FrequenciesPart
    signals: SignalsPart
    scoring: ScoringPart
    knowledge: KnowledgePart


def finished(folder: Path) -> bool:
    """Does the manifest of the folder say that its report is whole? False for anything that is no such folder."""
    try:
        tree: Any = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
        return "report" in tree["parts"] and (folder / REPORT).is_file()
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        return False


def read_report(folder: Path) -> Report:
    """The finished report in a folder. Raises `UnreadableInput` for none, a broken one, or one of another form."""
    mend = "Make it with `soleus population report`."
    if not finished(folder):
        raise UnreadableInput("report", "none that is finished", "a finished report", mend)
    path = folder / REPORT
    try:
        if path.stat().st_size > _MOST:
            raise UnreadableInput(REPORT, "too many bytes", f"at most {_MOST:,}", mend)
        found = msgspec.json.decode(path.read_bytes(), type=Report)
    except (OSError, msgspec.MsgspecError, RecursionError):
        raise UnreadableInput(REPORT, "another form", "what this version writes", mend) from None
    if found.form != FORM:
        raise UnreadableInput(REPORT, f"form {found.form}", f"form {FORM}", mend)
    return found
