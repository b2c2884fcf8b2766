"""The records that the posterior is made of (design: docs/model.md)."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from msgspec import Meta, Struct, field

from soleus.evidence.record import Basis, Cited, Code, Estimate, Id, Probability, Record, Spread

Urgency = Literal["emergency", "same_day", "urgent", "routine"]
Setting = Literal[
    "primary_care",
    "emergency_department",
    "sleep_clinic",
    "neurology_clinic",
    "vascular_clinic",
    "general_population",
]


class Explanation(Record, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One thing that can explain a leg complaint. Explanations exclude each other for one complaint."""

    name: str
    patient_name: str
    family: Id
    definition: str
    patient_definition: str
    codes: tuple[Code, ...] = ()
    synonyms: tuple[str, ...] = ()
    acuity: Urgency
    must_not_miss: bool
    why: str | None = None
    confused_with: tuple[Id, ...] = ()
    requires: tuple[Id, ...] = ()  # contributors without which it cannot be


class State(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A state of a finding, in words; numeric findings give the interval [at_least, below) in their unit.

    ``synonyms`` are accepted as the answer, and as a name of their own: "fever: yes" is the state fever.
    """

    id: Id
    label: str
    patient_label: str
    synonyms: tuple[str, ...] = ()
    at_least: float | None = None
    below: float | None = None


class Finding(Record, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A question with mutually exclusive answers.

    ``absent`` is the state that "absent" means; for a yes|no finding the states are ``yes`` and ``no``.
    ``burden`` is the cost of learning the answer, in the units of the loss matrix.
    """

    name: str
    question: str  # the patient's words
    clinician_question: str
    why_asked: str | None = None
    kind: Literal["yes_no", "categorical", "ordered", "numeric"]
    states: tuple[State, ...]
    absent: Id | None = None
    group: Literal["history", "examination", "test", "instrument"]
    core: bool = False
    opening: int | None = None  # its place among the words with which the complaint is told
    bedside: int | None = None  # its place among the five bedside questions
    unit: str | None = None  # UCUM
    #: UCUM unit -> factor, or (factor, offset), to ``unit``
    other_units: dict[str, float | tuple[float, float]] = field(default_factory=dict)
    plausible: tuple[float, float] | None = None  # values outside are an input error
    codes: tuple[Code, ...] = ()
    synonyms: tuple[str, ...] = ()
    burden: float
    body_site: str | None = None
    former_ids: tuple[Id, ...] = ()  # ids of the evidence that this finding answers


class Likelihood(Record, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """P(state | explanation), states in the finding's order; sums to 1.

    ``id`` is ``<explanation>.<finding>``.
    """

    explanation: Id
    finding: Id
    p: tuple[Probability, ...]
    spread: Spread
    n: int | None = None


class Background(Record, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """P(state | some other leg complaint), used where an explanation has no record. ``id`` is the finding's."""

    p: tuple[Probability, ...]
    spread: Spread = "wide"


class Rate(Record, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """New presentations per 100,000 person-years in primary care. ``id`` is the explanation's."""

    per_100k: dict[str, float]  # m_0_17 … f_80_plus
    spread: Spread
    setting: dict[Setting, float]  # multiplier against primary care
    pregnancy_ratio: Estimate | None = None
    child_age_factor: tuple[dict[str, float], ...] = ()  # {from, to, factor}


class Contributor(Record, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A state of the person, there before the complaint, that changes how often an explanation occurs.

    ``recorded_*`` say how well a problem or medication list shows it; ``stated_ppv`` is the share of people
    said to have it who do. With ``window_days`` it counts only that long after its date, as its definition says.
    """

    name: str
    patient_name: str
    definition: str
    kind: Literal["disease", "medicine", "deficiency", "event", "habit", "family", "physiological"]
    codes: tuple[Code, ...] = ()
    synonyms: tuple[str, ...] = ()
    question: str | None = None  # the patient's words
    burden: float = 0.1
    prevalence: dict[str, float]  # all, female_18_39 …, male_65_plus
    prevalence_basis: Basis
    prevalence_source: tuple[Id, ...] = ()
    prevalence_spread: Spread = "wide"
    recorded_sensitivity: Probability
    recorded_specificity: Probability
    stated_ppv: Probability = 0.95
    modifiable: bool = False  # a medicine that can be reviewed, a deficiency that can be replaced
    sex: Literal["female", "male"] | None = None  # where it is possible at all
    conspicuous: bool = False  # no history that names any condition would leave it out: its silence counts
    same_as: Id | None = None  # the explanation that it is, already known
    window_days: int | None = None  # an event counts from its date for so many days
    past_of: tuple[Id, ...] = ()  # explanations of which it is an earlier, ended episode
    family_of: tuple[Id, ...] = ()  # explanations that a close relative has or had


class Effect(Record, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How often an explanation occurs with a contributor against without. ``id`` is ``<contributor>.<explanation>``.

    ``rho`` is predictive (enters the posterior), ``causal_rho`` enters shares and advice. ``necessary``: the
    explanation cannot be without it, and ``rho`` is left out.
    """

    contributor: Id
    explanation: Id
    rho: Annotated[float, Meta(gt=0)] | None = None
    low: float | None = None
    high: float | None = None
    causal_rho: Annotated[float, Meta(gt=0)] | None = None
    necessary: bool = False
    measure: str | None = None  # RR, HR, OR, aSR …
    design: str | None = None
    confounded: Literal["low", "some", "high"] | None = None
    family: Id | None = None  # one shrunken effect per confounding family
    window_days: int | None = None


class Block(Record, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Contributors that overlap: how their ratios combine, and which imply each other.

    ``rule``: multiply; largest (per explanation); largest_sqrt (largest times the square root of each next);
    replaces (the first listed that is present stands for all).
    ``given``: P(member | another member present), where they depend on each other.
    """

    members: tuple[Id, ...]
    rule: Literal["multiply", "largest", "largest_sqrt", "replaces"]
    given: tuple[tuple[Id, Id, Probability], ...] = ()


class Marker(Record, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A finding that speaks of a contributor, not of the complaint (ferritin of iron deficiency).

    ``id`` is ``<contributor>.<finding>``; the finding has no likelihood of its own.
    """

    contributor: Id
    finding: Id
    p_present: tuple[Probability, ...]
    p_absent: tuple[Probability, ...]
    spread: Spread = "wide"


class Joint(Cited, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """P(all items of a facet typical | explanation), as published."""

    explanation: Id
    value: Probability
    low: float | None = None
    high: float | None = None
    n: int | None = None


class FacetItem(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    finding: Id
    typical: tuple[Id, ...]


class Facet(Record, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Findings that hang together given the explanation (docs/model.md, facets)."""

    name: str
    patient_name: str
    items: tuple[FacetItem, ...]
    correlation: Estimate
    joints: tuple[Joint, ...] = ()


class Parameter(Record, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A number that steers what is shown or asked, such as the least probability of a tier."""

    value: float
    unit: str
    meaning: str


class CoOccurrence(Record, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How much oftener two explanations are found together than by chance. ``id`` is ``<one>.<other>``.

    ``prevalence``: share of people who have the second, against which the ratio holds.
    """

    first: Id
    second: Id
    ratio: Estimate
    prevalence: Estimate


class Derivation(Record, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """An answer or a state of the person that follows from others, used only where it was not told.

    A temperature of 39 is a fever; a statin with a strong inhibitor of its breakdown is an interaction.

    ``when`` is a rule of `soleus.clinical.rules` over what was told.
    """

    finding: Id | None = None
    state: Id | None = None
    contributor: Id | None = None
    when: dict[str, Any]
