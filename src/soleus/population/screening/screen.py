"""Signals of medicines: every class, and if asked every ingredient, against the start of a marker of cramps.

Sequence symmetry (`soleus.statistics.sequence_symmetry`) for all medicines of a database at once, by strata of age and
sex; how far estimates of this design err is learnt from negative controls, and the share of false discoveries among
what is called found is held down. Nothing here proves a cause: what is found deserves a second, independent look
(`soleus.population.sequences.self_controls`).

Every number that could not be computed is NaN, and `Signal.why` says why.
"""

from __future__ import annotations

import datetime
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from soleus.errors import UnknownName, near_names
from soleus.knowledge.loader import Knowledge
from soleus.knowledge.schema.value_sets import ValueSet
from soleus.population.cohorts.prevalence import BANDS
from soleus.population.cohorts.value_sets import definitions, expand
from soleus.population.databases.engine import Table, day
from soleus.population.databases.source import Source
from soleus.population.databases.spans import age_on, people
from soleus.population.screening.coarse import Coarse, readable
from soleus.population.screening.screened import EXCLUSIONS, Published, Screened, chosen, screened
from soleus.population.sequences.counting import SequenceSettings
from soleus.population.sequences.first_events import (
    EVERYWHERE,
    EXPOSURES,
    PairCounts,
    Rules,
    Study,
    count_days,
    count_pairs,
    null_sums_by_year,
    study_of,
)
from soleus.population.sequences.null_sums import null_sums
from soleus.population.sequences.waiting_times import WaitingTime, waiting_times
from soleus.statistics.calibration import (
    NullDistribution,
    calibrate,
    fit_null,
    left_out_p,
    mean_error,
    standard_error,
    with_uncertain_mean,
)
from soleus.statistics.discovery import adjusted_p
from soleus.statistics.sequence_symmetry import NullSums, SequenceRatios, sequence_ratios
from soleus.statistics.special import Floats, normal_two_sided

#: Fewer controls say too little about their scatter to judge others by it.
LEAST_CONTROLS = 5
#: Nor do controls whose mean is less sure than this, a standard error on the log scale: they would move estimates by
#: the play of chance among a few people.
MOST_UNCERTAIN = 0.2
ITSELF = "It is the marker itself, or holds it."


@dataclass(frozen=True)
class ScreenSettings:
    """What is screened, and how.

    ``markers``: value sets; the first record of one marks that cramps were treated or told. ``index``: value sets to
    look at in place of all classes; ``ingredients``: every ingredient of the database as well. ``sequence`` and
    ``rules``: what counts as a sequence. ``exclude``: value sets; people who have one are left out, besides those that
    the rules leave out. ``stratify``: null ratios by age band and sex. ``rate``: of false discoveries. ``calibrate``:
    by the negative controls, where there are enough. ``step``: least days of a bar of the waiting times.
    """

    markers: tuple[str, ...] = ("quinine",)
    index: tuple[str, ...] = ()
    ingredients: bool = False
    sequence: SequenceSettings = field(default_factory=lambda: SequenceSettings(prior_observation=365, washout=365))
    rules: Rules = field(default_factory=Rules)
    exclude: tuple[str, ...] = (EXCLUSIONS,)
    stratify: bool = True
    rate: float = 0.05
    calibrate: bool = True
    step: int = 30


@dataclass(frozen=True)
class Signal:
    """One medicine with one marker; undefined is NaN.

    ``log_ratio``, ``se``, ``p``: of the adjusted ratio; where nobody came in one of the orders one half is added to
    both counts. ``calibrated``: freed of what the negative controls show. ``q``: the rate of false discoveries at which
    it would be found, from the calibrated p value where there is one; negative controls are not among the hypotheses.
    """

    index: str
    name: str
    marker: str
    n_index_first: int
    n_marker_first: int
    crude: float
    crude_low: float
    crude_high: float
    null: float
    adjusted: float
    low: float
    high: float
    log_ratio: float
    se: float
    p: float
    calibrated: float = math.nan
    calibrated_low: float = math.nan
    calibrated_high: float = math.nan
    calibrated_log_ratio: float = math.nan
    calibrated_se: float = math.nan
    calibrated_p: float = math.nan
    q: float = math.nan
    found: bool = False
    control: bool = False
    why: str = ""
    published: Published | None = None
    contributors: tuple[str, ...] = ()
    same_as: tuple[str, ...] = ()


@dataclass(frozen=True)
class Control:
    """A negative control and, against the distribution of the others, its p value: these should be uniform."""

    index: str
    name: str
    marker: str
    log_ratio: float
    se: float
    p: float
    used: bool


@dataclass(frozen=True)
class Calibration:
    """Systematic error on the log scale as the negative controls of one marker show it; NaN where none could be used.

    ``error``: of the mean, which intervals carry. ``used``: False where there are too few controls, or too unsure.
    """

    marker: str
    mean: float
    sd: float
    error: float
    controls: int
    used: bool


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
class Plan:
    """What is to be counted. ``study`` is None where nobody is observed; its cohorts are places in these two."""

    settings: ScreenSettings
    medicines: tuple[Screened, ...]
    markers: tuple[Screened, ...]
    study: Study | None
    notes: tuple[str, ...]

    def numbers(self, index: str, marker: str) -> tuple[int, int]:
        """The cohorts of a pair by name."""
        return [m.id for m in self.medicines].index(index), [m.id for m in self.markers].index(marker)


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


def plan_screen(source: Source, knowledge: Knowledge, settings: ScreenSettings) -> Plan:
    """What the vocabulary has of what is asked for, before anybody is counted."""
    wanted, notes = _wanted(source, knowledge, settings)
    markers = _known(source, knowledge, "marker", settings.markers)
    study = _study(source, knowledge, settings, wanted, markers, notes)
    return Plan(settings, tuple(wanted), tuple(markers), study, tuple(notes))


def carry_out(plan: Plan, told: Callable[[str], None] = lambda _: None) -> Screen:
    """Count and compute."""
    if plan.study is None:
        return Screen(plan.settings, (), (), (), (), (), (*plan.notes, "Nobody is observed: nothing was counted."))
    told("Counting sequences")
    pairs = count_pairs(plan.study, by_year=True, step=plan.settings.step)
    told("Counting starts")
    sums = null_sums(plan.study, plan.settings.sequence.null_window)
    signals, controls, calibration, notes = _judged(plan, pairs, sums)
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


def _known(source: Source, knowledge: Knowledge, what: str, names: Sequence[str]) -> list[Screened]:
    """The value sets, all of which the database knows."""
    known = definitions(knowledge)
    for name in names:
        if name not in known:
            near = near_names(name, sorted(known)).replace("soleus show findings", "soleus population init")
            raise UnknownName(what, repr(name), "a value set of the knowledge base", near)
    found = chosen(source, knowledge, names)
    for value_set in found:
        if not value_set.concepts:
            raise UnknownName(
                what, repr(value_set.id), "one that the vocabulary of this database knows",
                "See what it knows with `soleus population init`; no code is not the same as nobody.",
            )  # fmt: skip
    return found


def _wanted(source: Source, knowledge: Knowledge, settings: ScreenSettings) -> tuple[list[Screened], list[str]]:
    """The medicines, and what must be said of those that are not there."""
    if settings.index:
        return _known(source, knowledge, "index", settings.index), []
    found, lacking = screened(source, knowledge, ingredients=settings.ingredients)
    names = ", ".join(name.removeprefix("medicine.") for name in lacking)
    return found, [f"Classes of which nothing is recorded: {names}."] if lacking else []


def _study(
    source: Source, knowledge: Knowledge, settings: ScreenSettings, wanted: Sequence[Screened],
    markers: Sequence[Screened], notes: list[str],
) -> Study | None:  # fmt: skip
    study = study_of(
        source,
        {n: m.concepts for n, m in enumerate(wanted)},
        {n: m.concepts for n, m in enumerate(markers)},
        settings.sequence,
        _rules(source, knowledge, settings, notes),
        index_tables=_tables(knowledge, wanted),
        marker_tables=_tables(knowledge, markers),
    )
    if study is None or not settings.stratify:
        return study
    return replace(study, strata=strata(source, study.span))


def _tables(knowledge: Knowledge, names: Sequence[Screened]) -> tuple[str, ...]:
    """Medicines are looked for among exposures only."""
    sets = _medicine_sets(knowledge)
    return (
        EXPOSURES if all(m.id in sets or m.id.startswith(("medicine.", "ingredient.")) for m in names) else EVERYWHERE
    )


def _medicine_sets(knowledge: Knowledge) -> frozenset[str]:
    """Value sets that hold medicines alone."""
    return frozenset(
        v.id for v in knowledge.all(ValueSet) if v.medicines and not (v.explanations or v.contributors or v.codes)
    )


def _rules(source: Source, knowledge: Knowledge, settings: ScreenSettings, notes: list[str]) -> Rules:
    """The rules with the concepts of what is excluded by name."""
    if not settings.exclude:
        return settings.rules
    found = expand(source, knowledge, settings.exclude).concepts
    concepts = frozenset(c for some in found.values() for c in some)
    lacking = [name for name in settings.exclude if not found.get(name)]
    if lacking:
        notes.append(f"Nobody could be left out for {', '.join(lacking)}: the vocabulary does not know the codes.")
    return replace(settings.rules, exclude=settings.rules.exclude | concepts)


def strata(source: Source, span: tuple[datetime.date, datetime.date]) -> Table:
    """person_id, stratum: sex and the band of age in the middle of the study; 0 where the birthday is not known."""
    import ibis

    middle = span[0] + (span[1] - span[0]) / 2
    t = people(source)
    age = age_on(t.birth_date, day(middle))
    band = ibis.cases(*((age >= start, n) for n, start in reversed(list(enumerate(BANDS)))), else_=0)
    sex = ibis.cases((t.sex == "female", 1), (t.sex == "male", 2), else_=0)
    number = ibis.ifelse(t.birth_date.isnull(), 0, 1 + 3 * band + sex)
    return t.select("person_id", stratum=number.cast("int64"))


# ---------------------------------------------------------------------------------------------- ratios


def _judged(
    plan: Plan, pairs: PairCounts, sums: NullSums
) -> tuple[tuple[Signal, ...], tuple[Control, ...], tuple[Calibration, ...], list[str]]:
    """Ratios, calibration and false discoveries, marker by marker, and what must be said."""
    s, wanted = plan.settings.sequence, plan.medicines
    places = range(len(wanted)), range(len(plan.markers))
    found = sequence_ratios(*pairs.table(*places), sums, s.level, s.interval, s.compat)
    signals: list[Signal] = []
    controls: list[Control] = []
    fits: list[Calibration] = []
    for k, marker in enumerate(plan.markers):
        rows = [_signal(found, (n, k), medicine, marker, sums, s.level) for n, medicine in enumerate(wanted)]
        fit, judged = _fit(wanted, rows, marker.id)
        fits, controls = [*fits, fit], controls + judged
        rows = _calibrated(rows, fit, s.level) if fit.used and plan.settings.calibrate else rows
        signals += [
            replace(r, q=float(q), found=bool(q <= plan.settings.rate and _ratio(r) > 1 and not r.control))
            for r, q in zip(rows, _rates(rows), strict=True)
        ]
    notes = [_uncalibrated(fit) for fit in fits if not fit.used and any(m.fits for m in wanted)]
    return tuple(signals), tuple(controls), tuple(fits), notes


def _uncalibrated(fit: Calibration) -> str:
    few = fit.controls < LEAST_CONTROLS
    why = f"fewer than {LEAST_CONTROLS}" if few else "their mean too unsure to move other estimates by"
    return f"{fit.marker}: {fit.controls} negative controls could be used, {why}; nothing is calibrated by them."


def _signal(
    found: SequenceRatios, at: tuple[int, int], medicine: Screened, marker: Screened, sums: NullSums, level: float
) -> Signal:
    a, b = int(found.n_index_first[at]), int(found.n_marker_first[at])
    null, low, high = (float(v[at]) for v in (found.null, found.low, found.high))
    itself = bool(medicine.concepts & marker.concepts)
    se = float(standard_error(low, high, level))
    half = 0.0 if a and b else 0.5
    known = a + b > 0 and math.isfinite(null) and math.isfinite(se) and not itself
    log_ratio = math.log((a + half) / (b + half) / null) if known else math.nan
    row = Signal(
        medicine.id, medicine.name, marker.id, a, b,
        crude=float(found.crude[at]), crude_low=float(found.crude_low[at]), crude_high=float(found.crude_high[at]),
        null=null, adjusted=float(found.adjusted[at]), low=low, high=high, log_ratio=log_ratio, se=se,
        p=float(normal_two_sided(log_ratio / se)) if known else math.nan,
        control=medicine.control, why=_why(a, b, float(sums.forward[at]), float(sums.backward[at])),
        published=medicine.published if marker.id == "quinine" else None, contributors=medicine.contributors,
        same_as=medicine.same_as,
    )  # fmt: skip
    return _of_itself(row) if itself else row


def _of_itself(row: Signal) -> Signal:
    """A medicine that holds the marker has no order in time with it."""
    nothing = dict.fromkeys(("crude", "crude_low", "crude_high", "null", "adjusted", "low", "high", "se"), math.nan)
    return replace(row, n_index_first=0, n_marker_first=0, why=ITSELF, **nothing)  # type: ignore[arg-type]


def _why(a: int, b: int, forward: float, backward: float) -> str:
    """What could not be computed, in words; nothing where all could."""
    if forward + backward == 0:
        return "Nobody began it within reach of a start of the marker: there is no null ratio."
    if a + b == 0:
        return "Nobody began both within the window."
    if not forward or not backward:
        return "On one side of the null ratio there are no starts: the ratio cannot be adjusted."
    if not a or not b:
        return "Nobody began in one of the two orders: the ratio has bounds only."
    return ""


def _fit(wanted: Sequence[Screened], rows: Sequence[Signal], marker: str) -> tuple[Calibration, list[Control]]:
    own = [r for s, r in zip(wanted, rows, strict=True) if s.fits]
    y, se = np.array([r.log_ratio for r in own]), np.array([r.se for r in own])
    usable = np.isfinite(y) & np.isfinite(se)
    p = left_out_p(y, se) if usable.sum() > 1 else np.full(y.shape, np.nan)
    judged = [
        Control(r.index, r.name, marker, r.log_ratio, r.se, float(v), bool(u))
        for r, v, u in zip(own, p, usable, strict=True)
    ]
    fit = fit_null(y, se)
    error = mean_error(fit, se[usable])
    used = fit.controls >= LEAST_CONTROLS and error <= MOST_UNCERTAIN
    return Calibration(marker, fit.mean, fit.sd, error, fit.controls, used), judged


def _calibrated(rows: Sequence[Signal], fit: Calibration, level: float) -> list[Signal]:
    null = with_uncertain_mean(NullDistribution(fit.mean, fit.sd, fit.controls), fit.error)
    found = calibrate(null, [r.log_ratio for r in rows], [r.se for r in rows], level)
    columns: list[Floats] = [
        np.exp(found.log_ratio), np.exp(found.low), np.exp(found.high), found.log_ratio, found.se, found.p,
    ]  # fmt: skip
    return [
        replace(
            r, calibrated=float(c[0]), calibrated_low=float(c[1]), calibrated_high=float(c[2]),
            calibrated_log_ratio=float(c[3]), calibrated_se=float(c[4]), calibrated_p=float(c[5]),
        )
        for r, c in zip(rows, zip(*columns, strict=True), strict=True)
    ]  # fmt: skip


def _rates(rows: Sequence[Signal]) -> Floats:
    """The false discovery rate at which each is found; negative controls are no hypotheses."""
    p = np.array([math.nan if r.control else _p(r) for r in rows])
    return adjusted_p(p)


def _p(row: Signal) -> float:
    return row.calibrated_p if math.isfinite(row.calibrated_p) else row.p


def _ratio(row: Signal) -> float:
    log = row.calibrated_log_ratio if math.isfinite(row.calibrated_log_ratio) else row.log_ratio
    return math.exp(log) if math.isfinite(log) else math.nan


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
