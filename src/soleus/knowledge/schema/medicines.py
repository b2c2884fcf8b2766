"""Medicines, published facts about causes, and what popular opinion makes of them."""

from __future__ import annotations

from typing import Literal

from soleus.evidence.record import Cited, Code, Id, Record

#: strong: consistent controlled or high-frequency evidence; moderate: a signal with a plausible mechanism but limited
#: or discordant confirmation; weak: small, confounded or listing only; refuted: no better than comparison;
#: none_known: nothing found either way.
Verdict = Literal["strong", "moderate", "weak", "refuted", "none_known"]

#: How a medicine stands to the symptom. promotes: more of it; relieves: prescribed for it with some effect;
#: no_effect: compared and found alike; fewer: less often than on comparison; prescribed_for_it: the link is that
#: sufferers are given it; marks_treated: only tells that the symptom was treated; not_known: not studied or not found.
Relation = Literal["promotes", "relieves", "no_effect", "fewer", "prescribed_for_it", "marks_treated", "not_known"]


class Judgement(Cited, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What is known of a medicine and one symptom, with the facts it rests on."""

    verdict: Verdict
    relation: Relation
    statement: str  # for clinicians
    patient_statement: str
    facts: tuple[Id, ...] = ()


class Interaction(Cited, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What should not meet this medicine: other medicines (ids of ``medicine``), states of the person, or both."""

    medicines: tuple[Id, ...] = ()
    contributors: tuple[Id, ...] = ()
    statement: str
    patient_statement: str


class Caution(Cited, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A harm of the medicine that advice about leg complaints has to respect."""

    about: Id
    statement: str
    patient_statement: str


class Medicine(Record, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A medicine or a class of medicines, as it stands in a drug list.

    ``names`` are generic names (INN and USAN), brands and salts. ``member_of`` are classes, the closest first; where
    ``cramp``, ``restless_legs``, ``onset_days``, ``discuss``, ``patient_discuss``, ``do_not`` or ``patient_do_not`` is
    None (and ``contributors``, ``cautions`` or ``interactions`` empty), that of the first class that has one holds.
    ``contributors`` are the contributors that a person who takes it has; a fixed combination has several.
    ``onset_days`` is how soon after the start the symptom typically begins, in days: (earliest, latest).
    """

    name: str
    level: Literal["class", "ingredient", "combination"]
    member_of: tuple[Id, ...] = ()
    names: tuple[str, ...] = ()
    codes: tuple[Code, ...] = ()
    contributors: tuple[Id, ...] = ()
    cramp: Judgement | None = None
    restless_legs: Judgement | None = None
    onset_days: tuple[int, int] | None = None
    stopping: tuple[Id, ...] = ()  # contributors of a person who stopped it within ``stopping_days``
    stopping_days: int | None = None
    discuss: str | None = None  # alternatives to talk over, for clinicians
    patient_discuss: str | None = None
    do_not: str | None = None
    patient_do_not: str | None = None
    cautions: tuple[Caution, ...] = ()
    interactions: tuple[Interaction, ...] = ()


class Fact(Record, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One published or recalculated figure. ``value`` None: only a direction was read.

    ``family``: ratios that share one source of confounding, as prevalent users of one survey do; they are never
    multiplied. ``interval`` says what ``low`` and ``high`` are. ``comparator_value`` is the same measure in the
    comparison group; ``via`` the source through which the figure was read.
    """

    topic: Id
    statement: str
    measure: Literal[
        "prevalence",
        "odds_ratio",
        "sequence_ratio",
        "relative_risk",
        "incidence",
        "mean",
        "median",
        "share",
        "threshold",
    ]
    value: float | None = None
    low: float | None = None
    high: float | None = None
    interval: Literal["confidence_95", "credible_95", "range"] = "confidence_95"
    unit: str
    population: str
    n: int | None = None
    count: int | None = None
    comparator_value: float | None = None
    age: str | None = None
    sex: Literal["female", "male"] | None = None
    via: Id | None = None
    family: Id | None = None


class Cause(Record, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How strong the case is for one cause of night cramps. ``contributors`` carry it in the model."""

    name: str
    patient_name: str
    verdict: Verdict
    statement: str
    patient_statement: str
    facts: tuple[Id, ...] = ()
    contributors: tuple[Id, ...] = ()


class Belief(Record, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Something often said about cramps, and what the evidence makes of it."""

    belief: str
    verdict: Verdict
    statement: str
    patient_statement: str
    facts: tuple[Id, ...]
    contributors: tuple[Id, ...] = ()
    medicines: tuple[Id, ...] = ()


class Conflict(Record, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Facts that disagree, what was chosen, and why."""

    topic: Id
    facts: tuple[Id, ...] = ()
    statement: str
    chosen: str


class Gap(Record, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Something that was looked for and not found."""

    topic: Id
    statement: str
