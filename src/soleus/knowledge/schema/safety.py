"""The records that keep a person safe: red flags, criteria sets, and what it costs to be wrong."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from msgspec import Meta, Struct, field

from soleus.evidence.record import Estimate, Id, Probability, Record
from soleus.knowledge.schema.core import Urgency

#: A rule of `soleus.clinical.rules`: a mapping such as ``{finding: swelling, is: one_leg}``.
RuleData = dict[str, Any]
Loss = Annotated[float, Meta(ge=0)]


class RedFlag(Record, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A rule over findings that calls for action whatever the probabilities say.

    ``when`` may use findings, contributors, medicines, age, sex and pregnancy, never a probability. What is
    not known is reported as not known, never as false. ``suggests`` names explanations.
    """

    name: str
    patient_name: str
    when: RuleData
    urgency: Urgency
    action: str  # for the clinician
    patient_action: str  # plain words: what to do now
    suggests: tuple[Id, ...] = ()
    former_ids: tuple[Id, ...] = ()  # ids of the evidence that this rule stands for


class ScreenItem(Record, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One grouped question of the red-flag screen, asked before anything else.

    "No" sets every finding of ``no_means`` to the state given there. "Yes" sets nothing by itself and asks
    the findings of ``then_ask`` in their order. "Don't know" sets nothing and counts as answered.
    The item is settled once the findings of ``settled_by`` are known (none: once all of ``no_means`` are).
    """

    position: int
    question: str  # the patient's words
    carer_question: str
    clinician_question: str
    ask_when: RuleData | None = None  # None: always; asked unless the rule is known to be false
    no_means: dict[Id, Id]  # finding -> state, the leading finding first
    settled_by: tuple[Id, ...] = ()
    then_ask: tuple[Id, ...]
    help_text: str | None = None
    dark_skin_text: str | None = None  # where a colour is asked about


class CriterionItem(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One item of a set. ``points`` only in scored sets."""

    id: Id
    statement: str
    patient_statement: str
    when: RuleData
    points: float | None = None


class Interpretation(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a score in [at_least, below) means."""

    label: str
    patient_label: str
    at_least: float | None = None
    below: float | None = None


class CriteriaSet(Record, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A published set of criteria in our own words; the manuals are copyrighted.

    ``rule``: all items; at least ``needed`` of them; a score, met from ``needed`` points; or describe (a
    picture without a cut-off: never met or not met). Where ``valid_when`` is known to be false the set does
    not apply.
    """

    name: str
    patient_name: str
    explanation: Id | None = None
    edition: str | None = None
    rule: Literal["all", "at_least", "score", "describe"]
    needed: float | None = None
    items: tuple[CriterionItem, ...]
    interpretation: tuple[Interpretation, ...] = ()
    valid_when: RuleData | None = None
    not_valid_text: str | None = None


class Classification(Record, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A place in the classification of sleep-related movement disorders."""

    name: str
    parent: Id | None = None
    role: Literal["group", "member", "isolated_symptom_or_variant"]
    explanation: Id | None = None
    alias: str | None = None


class CarePath(Record, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Something that can be done next, for the loss model.

    ``cost`` in units of loss (1 = an ordinary appointment with a general practitioner, its time and worry
    included). ``covers``: explanations that it deals with in full; ``partly``: the share of the harm avoided.
    """

    name: str
    patient_name: str
    urgency: Urgency
    cost: Loss
    covers: tuple[Id, ...] = ()
    partly: dict[Id, Probability] = field(default_factory=dict)


class Harm(Record, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What it costs to miss an explanation, and when to name it although it is unlikely.

    ``id`` is the explanation's.
    ``loss`` in the units of `CarePath.cost`. ``action_threshold``: the probability from which it is listed
    as not to be missed; without a source it is the cost of one further look (an appointment) over the harm.
    """

    loss: Loss
    low: Loss
    high: Loss
    why: str
    action_threshold: Estimate


class CauseValue(Record, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What it is worth to address a cause, and what it costs to look for it, in units of loss.

    ``id`` is the contributor's, or ``default.<kind>`` for every other contributor of that kind.
    """

    value: Loss
    cost: Loss


class OrderLoss(Record, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What it costs to begin a medicine for the legs, in units of loss (`CarePath`). ``id`` is the medicine's.

    ``harm`` is what a year of it is expected to cost whatever the legs have; ``relief`` what it takes away from an
    explanation if that is the right one. Worth of warning = harm - sum over explanations of P(s) relief(s).
    ``other_uses``: contributors for which it is given as well, so that nothing is said. ``option`` is the treatment
    whose texts a warning quotes.
    """

    summary: Annotated[str, Meta(max_length=139)]  # one line, as the head of a card
    patient_summary: Annotated[str, Meta(max_length=139)]
    harm: Loss
    low: Loss
    high: Loss
    relief: dict[Id, Loss]
    other_uses: tuple[Id, ...] = ()
    option: Id


class EmergencyNumber(Record, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Whom to ring. ``id`` is the ISO 3166 country code in lower case, or ``default``."""

    country: str | None
    emergency: str | None
    sentence: str  # patient's words, for an emergency
    advice_line: str | None = None
    advice_sentence: str | None = None
