"""What to do: work-up, treatment and prevention, care notes, guides, test accuracy, published tables,
instruments.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from msgspec import Meta, Struct, field

from soleus.evidence.record import Code, Id, Probability, Record
from soleus.knowledge.schema.core import Setting, Urgency

#: A rule of `soleus.clinical.rules`: a mapping such as ``{has: ckd_stage_4_5}``.
RuleData = dict[str, Any]
Number = float | int
Country = Annotated[str, Meta(pattern=r"^[A-Z]{2}$")]


class _Data(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    pass


# ------------------------------------------------------------------------------------------------ treatment

#: Where a treatment stands: an editorial synthesis of the cited evidence, not a published grade.
#: first_step: do now; first_line: a reasonable first measure; may_try: optional, little harm, thin evidence;
#: popular_not_supported: widely believed, not borne out; uncertain: too weak or conflicting to advise;
#: specialist_only: by a specialist or in a named disease; last_resort: after all else, with conditions;
#: not_standard: once advised, no longer; not_recommended: evidence against, or harm outweighs; avoid: do not;
#: comparator_only: the reference arm of a trial.
Place = Literal[
    "first_step",
    "first_line",
    "may_try",
    "popular_not_supported",
    "uncertain",
    "specialist_only",
    "last_resort",
    "not_standard",
    "not_recommended",
    "avoid",
    "comparator_only",
]
Kind = Literal[
    "self_care", "prevention", "exercise", "medicine", "supplement", "procedure", "device", "review", "advice"
]


class Outcome(_Data, frozen=True, kw_only=True):
    """One result of a study. A negative effect means fewer or milder, unless the unit says otherwise.

    ``low`` and ``high`` are the printed 95 % interval; None where none was printed. ``text`` stands where the
    source gives no figure.
    """

    outcome: str
    metric: str
    effect: Number | None = None
    low: Number | None = None
    high: Number | None = None
    unit: str | None = None
    n: int | None = None
    text: str | None = None
    certainty: str | None = None
    detail: str | None = None  # p value, arms, control mean, in words


class Certainty(_Data, frozen=True, kw_only=True):
    """How sure, in the words of the body that rated it. ``rated_by`` is a source key; None: not rated by
    a body.
    """

    level: str
    rated_by: Id | None = None
    patient_level: str | None = None


class Avoid(_Data, frozen=True, kw_only=True):
    """A reason not to use it.

    ``level`` avoid: a contraindication; caution: use with care. ``when`` None: nothing in a case can tell
    (an allergy, a heart rhythm), so it is always named under "check first". ``check`` is what to find out.
    ``ask`` False: an unknown answer does not hold the measure back (low harm, and a known answer still does).
    """

    when: RuleData | None = None
    level: Literal["avoid", "caution"] = "avoid"
    ask: bool = True
    reason: str
    patient_reason: str
    check: str
    patient_check: str
    source: tuple[Id, ...] = ()


class Treatment(Record, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A treatment, a preventive measure or advice, with what is known of it. Never a prescription.

    ``option`` groups rows that speak of one thing (all quinine rows): a plan shows the row with ``headline``
    and cites the others. ``explanations`` (written ``for``) are the explanations it is for; ``causes`` limits
    it to people known to have one of these contributors. ``only_when`` is a further indication: known to be
    false hides the row; not known hides it too, unless ``indication_check`` says what to find out first.
    ``unless`` hides the row if known to be true. ``places`` overrides ``place`` for an explanation.
    ``dose`` is what the source used. ``interval`` says how long to try it, or how often.
    A row without ``patient_text`` is not shown to patients.
    """

    name: str
    patient_name: str
    option: Id
    headline: bool = False
    kind: Kind
    explanations: tuple[Id, ...] = field(name="for")
    causes: tuple[Id, ...] = ()
    only_when: RuleData | None = None
    unless: RuleData | None = None
    indication_check: str | None = None
    patient_indication_check: str | None = None
    place: Place
    places: dict[Id, Place] = {}  # noqa: RUF012  (msgspec copies it)
    patient_text: str | None = None
    clinician_text: str
    effect_text: str | None = None  # the size of the effect in a sentence
    patient_effect_text: str | None = None  # None: the same for patients
    population: str | None = None
    comparator: str | None = None
    outcomes: tuple[Outcome, ...] = ()
    certainty: Certainty | None = None
    harms: tuple[str, ...] = ()
    patient_harms: tuple[str, ...] = ()
    safety_confirmed: bool | None = None  # False: label knowledge still to be checked against a current label
    interactions: tuple[str, ...] = ()
    avoid_when: tuple[Avoid, ...] = ()
    interval: str | None = None
    dose: str | None = None
    steps: tuple[str, ...] = ()
    guides: tuple[Id, ...] = ()
    countries: tuple[Country, ...] = ()  # empty: everywhere


class CareNote(Record, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Who to see, how soon, and what to do until then, for explanations without a treatment record of
    their own.
    """

    explanations: tuple[Id, ...] = field(name="for")
    urgency: Urgency
    see: str  # who, for clinicians
    patient_see: str
    clinician_text: str
    patient_text: str
    meanwhile: str | None = None
    patient_meanwhile: str | None = None


class CarePolicy(Record, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How a plan is put together: numbers that would otherwise hide in code.

    The first explanation is always planned for. Another one is if its probability is at least ``plan_floor``
    and either at least ``plan_share`` of the first one's, or its care note is an emergency or for the same day.
    ``most_explanations`` and ``most_items`` keep the plan readable.
    """

    plan_share: Probability
    plan_floor: Probability
    most_explanations: int
    most_items: int
    emergency_text: str  # what stands in place of the plan
    patient_emergency_text: str


# ------------------------------------------------------------------------------------------------- work-up


class Trigger(_Data, frozen=True, kw_only=True):
    """A line of the work-up: when the rule is known to be true, this is the advice."""

    when: RuleData
    advice: Literal["do", "consider", "not_worth_doing"] = "do"
    urgency: Urgency = "routine"
    reason: str
    patient_reason: str


class WorkUp(Record, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A test, examination, review or referral, and when it is worth doing.

    Lines of ``when`` are read in order, then those of ``not_worth_when``; the first that is known to be true
    decides. None true: the item is not mentioned. ``burden`` is the cost of doing it in the units of the loss
    matrix.
    """

    name: str
    patient_name: str
    group: Literal["review", "bedside", "blood", "urine", "imaging", "neurophysiology", "sleep", "referral"]
    when: tuple[Trigger, ...] = ()
    not_worth_when: tuple[Trigger, ...] = ()
    targets: tuple[Id, ...] = ()  # explanations it would confirm or exclude
    contributors: tuple[Id, ...] = ()  # contributors it would confirm or exclude
    findings: tuple[Id, ...] = ()  # findings whose answer it gives
    excludes: str | None = None  # the neighbour it is there to exclude
    patient_excludes: str | None = None
    would_change: str
    patient_would_change: str
    guidance: str
    codes: tuple[Code, ...] = ()
    burden: float
    cost: Literal["none", "low", "medium", "high"]
    former_ids: tuple[Id, ...] = ()


# --------------------------------------------------------------------------------------------------- guides


class GuideStep(_Data, frozen=True, kw_only=True):
    """One step. ``seconds`` is how long to hold it; ``repeats`` how many times."""

    text: str
    position: str | None = None
    seconds: int | None = None
    repeats: int | None = None


class NotFor(_Data, frozen=True, kw_only=True):
    """Who should not do it; with ``when`` the guide is left out for people of whom it is known to be true."""

    text: str
    when: RuleData | None = None


class Guide(Record, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Illustrated steps. ``figure`` names an SVG file of the guides folder, without its ending."""

    name: str
    patient_name: str
    purpose: Literal["stop_now", "prevent", "live_with", "seek_care"]
    explanations: tuple[Id, ...] = field(default=(), name="for")
    shown_when: RuleData | None = None  # a rule on the site of the cramp, for example; false hides the guide
    position: int = 50  # order among the guides
    steps: tuple[GuideStep, ...]
    not_for: tuple[NotFor, ...] = ()
    figure: Id
    figure_text: str  # what the picture shows, for those who cannot see it


# -------------------------------------------------------------------------------------------- test accuracy


class Ratio(_Data, frozen=True, kw_only=True):
    """A likelihood ratio or proportion with its printed 95 % interval."""

    value: float
    low: float | None = None
    high: float | None = None
    derived: bool = False  # computed from the printed sensitivity and specificity


class DiagnosticTest(Record, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How well a sign, question or test tells the target from the others in one study."""

    name: str
    target: Id
    finding: Id | None = None  # the finding of ours that it answers, where there is one
    sensitivity: Ratio | None = None
    specificity: Ratio | None = None
    lr_positive: Ratio | None = None
    lr_negative: Ratio | None = None
    interval_text: str | None = None


# ------------------------------------------------------------------------------------------ published tables


class LikelihoodCheck(_Data, frozen=True, kw_only=True):
    """P(state in ``states`` | explanation), read from the likelihood record.

    ``explanation`` ``background`` reads the background record (what an explanation without a record falls
    back on).
    """

    explanation: Id
    finding: Id
    states: tuple[Id, ...]


class MarkerCheck(_Data, frozen=True, kw_only=True):
    """P(state in ``states`` | contributor present or absent), read from a marker."""

    contributor: Id
    finding: Id
    states: tuple[Id, ...]
    present: bool = True


class FacetCheck(_Data, frozen=True, kw_only=True):
    """P(all items of the facet typical | explanation) as the compiled facet gives it, not the input
    ``joint``.
    """

    facet: Id
    explanation: Id


class OddsRatioCheck(_Data, frozen=True, kw_only=True):
    """odds(F | explanation) / odds(F | against), from two likelihoods; ``against`` may be ``background``."""

    explanation: Id
    against: Id
    finding: Id
    states: tuple[Id, ...]


class LikelihoodRatioCheck(_Data, frozen=True, kw_only=True):
    """P(F | explanation) / P(F | not explanation); the second is the mixture of all other explanations.

    The mixture is weighted by presentation rates in ``setting`` for ``age`` and ``sex``.
    """

    explanation: Id
    finding: Id
    states: tuple[Id, ...]
    setting: Setting
    age: float
    sex: Literal["female", "male"]


class EffectCheck(_Data, frozen=True, kw_only=True):
    """The predictive rate ratio of ``contributor`` on ``explanation`` (``causal``: the causal one).

    ``expected``, ``low`` and ``high`` are on the same scale: where the source prints a prevalence odds ratio
    p1/(1-p1) / (p0/(1-p0)) it was turned into a prevalence ratio p1/p0 (the note of the check says how).
    """

    contributor: Id
    explanation: Id
    causal: bool = False


class RateRatioCheck(_Data, frozen=True, kw_only=True):
    """Rate of ``explanation`` in one group over the rate in another: sums of per_100k over the named cells,
    each cell weighted alike (``f_65_79``, ``m_80_plus`` …). Setting multipliers cancel.
    """

    explanation: Id
    numerator: tuple[str, ...]
    denominator: tuple[str, ...]


class PrevalenceCheck(_Data, frozen=True, kw_only=True):
    """One-year prevalence in the general population: mean of per_100k over ``cells``, times the setting
    multiplier for ``general_population``, divided by 100,000; ``child_age`` applies the factors of the
    child band, averaged over [from, to).
    """

    explanation: Id
    cells: tuple[str, ...]
    weights: tuple[float, ...] = ()  # shares of the population in the cells; none: all alike
    child_age: tuple[float, float] | None = None


class ContributorShareCheck(_Data, frozen=True, kw_only=True):
    """P(contributor | explanation) = p ρ / (p ρ + 1 − p).

    p is its prevalence in ``group``, ρ the predictive ratio. ``as_odds_ratio``: the odds of that share over p
    / (1 − p), the odds ratio of a case-control study.
    """

    contributor: Id
    explanation: Id
    group: str  # a key of Contributor.prevalence, such as male_65_plus
    as_odds_ratio: bool = False


class PosteriorCheck(_Data, frozen=True, kw_only=True):
    """The posterior of ``explanation`` for one person: case findings, age, sex, setting; nothing else
    known.

    ``conditional_on`` limits the partition to these explanations before the share is taken (a study that
    could only end in one of them).
    """

    explanation: Id
    age: float
    sex: Literal["female", "male"]
    setting: Setting
    findings: dict[Id, str]
    conditional_on: tuple[Id, ...] = ()


class SimulateCheck(_Data, frozen=True, kw_only=True):
    """Draw people with a leg complaint and count how many meet a set of criteria.

    The explanation of each is drawn from the rates of ``setting`` (uniformly over ``ages`` in years,
    ``female`` the share of women), leaving out ``without`` (or keeping only ``only``); findings are drawn
    from the compiled model, facets together. The share that meets every item of ``criteria`` (id of a
    criteria set) is the result.
    """

    criteria: Id
    setting: Setting
    ages: tuple[float, float]
    female: Probability
    without: tuple[Id, ...] = ()
    only: tuple[Id, ...] = ()
    equal: bool = False  # the explanations of ``only`` with equal chances (a sample enriched on purpose)


class PredictiveValueCheck(_Data, frozen=True, kw_only=True):
    """p·s / (p·s + (1 − p)·f): positive predictive value at prevalence ``prevalence``, with s the facet's
    joint in the target (`FacetCheck`) and f the simulated share of people without it (`SimulateCheck`).
    """

    prevalence: Probability
    sensitivity: FacetCheck
    false_positive: SimulateCheck


class ProductCheck(_Data, frozen=True, kw_only=True):
    """The product of independent likelihoods given one explanation."""

    explanation: Id
    parts: tuple[LikelihoodCheck, ...]


class QuotientCheck(_Data, frozen=True, kw_only=True):
    """One posterior divided by another for the same person: the ratio in which two explanations share a
    sign.
    """

    numerator: PosteriorCheck
    denominator: PosteriorCheck


class NoCheck(_Data, frozen=True, kw_only=True):
    """Nothing in the knowledge base stands for this figure; ``reason`` says why."""

    reason: str


class Compute(_Data, frozen=True, kw_only=True):
    """Exactly one of these is given."""

    likelihood: LikelihoodCheck | None = None
    marker: MarkerCheck | None = None
    facet: FacetCheck | None = None
    odds_ratio: OddsRatioCheck | None = None
    likelihood_ratio: LikelihoodRatioCheck | None = None
    effect: EffectCheck | None = None
    rate_ratio: RateRatioCheck | None = None
    prevalence: PrevalenceCheck | None = None
    contributor_share: ContributorShareCheck | None = None
    posterior: PosteriorCheck | None = None
    simulate: SimulateCheck | None = None
    predictive_value: PredictiveValueCheck | None = None
    product: ProductCheck | None = None
    quotient: QuotientCheck | None = None
    none: NoCheck | None = None

    def kind(self) -> str:
        """The name of the computation."""
        return next(name for name in self.__struct_fields__ if getattr(self, name) is not None)


class Check(_Data, frozen=True, kw_only=True):
    """One figure of a table and how the knowledge base gives it again.

    It holds if ``low`` <= computed <= ``high``: the 95 % Wilson interval of the published share with ``n``,
    or the printed interval of a ratio. ``figure`` names the entry of ``figures``.
    """

    figure: str
    compute: Compute
    expected: float | None = None
    n: int | None = None
    low: float | None = None
    high: float | None = None
    conflicting: tuple[Id, ...] = ()  # sources that disagree: the interval spans them all
    note: str | None = None


class PublishedTable(Record, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A published result that the knowledge base should give again.

    ``figures`` are the numbers as printed. A table is reproduced if every check that computes something
    holds; a table with only ``none`` checks is not checkable and says why.
    """

    result: str
    figures: dict[str, Any]
    checks: tuple[Check, ...]


# ---------------------------------------------------------------------------------------------- instruments


class Band(_Data, frozen=True, kw_only=True):
    label: str
    at_least: float
    at_most: float


class Instrument(Record, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A scale or diary measure, named and described; licensed wording is never reproduced."""

    name: str
    type: str
    scoring: str | None = None
    items: int | None = None
    total: tuple[float, float] | None = None
    cutoff: float | None = None
    bands: tuple[Band, ...] = ()
    reliability: str | None = None
    licence: str
    use: str | None = None
