"""Published criteria, item by item: met, not met, or not assessed."""

from __future__ import annotations

from typing import Literal

from msgspec import Struct

from soleus.clinical.rules import Facts, Truth, evaluate
from soleus.knowledge.schema.safety import CriteriaSet, CriterionItem, Interpretation

ItemState = Literal["met", "not_met", "not_assessed"]
SetState = Literal["met", "not_met", "undecided"]
_WORD: dict[Truth, ItemState] = {True: "met", False: "not_met", None: "not_assessed"}


class ItemOutcome(Struct, frozen=True, kw_only=True):
    item: CriterionItem
    state: ItemState


class CriteriaOutcome(Struct, frozen=True, kw_only=True):
    """A set judged for one person.

    ``score_low`` and ``score_high`` bound the score by what is not assessed (None in unscored sets).
    ``interpretation`` is given where both ends fall into it. ``valid`` is false where the set does not apply;
    then the state is undecided.
    """

    criteria: CriteriaSet
    items: tuple[ItemOutcome, ...]
    state: SetState
    valid: bool = True
    score_low: float | None = None
    score_high: float | None = None
    interpretation: Interpretation | None = None


def judge(criteria: CriteriaSet, facts: Facts) -> CriteriaOutcome:
    """The set with each of its items, for what is known of this person."""
    truths = [evaluate(item.when, facts) for item in criteria.items]
    low, high = _range(criteria, truths)
    valid = criteria.valid_when is None or evaluate(criteria.valid_when, facts) is not False
    return CriteriaOutcome(
        criteria=criteria,
        items=tuple(ItemOutcome(item=i, state=_WORD[t]) for i, t in zip(criteria.items, truths, strict=True)),
        state=_state(criteria, low, high) if valid else "undecided",
        valid=valid,
        score_low=low if criteria.rule == "score" else None,
        score_high=high if criteria.rule == "score" else None,
        interpretation=_reading(criteria, low, high) if valid else None,
    )


def touched(outcome: CriteriaOutcome) -> bool:
    """Whether anything the set asks about is known: an untouched set tells the reader nothing."""
    return any(i.state != "not_assessed" for i in outcome.items)


def _range(criteria: CriteriaSet, truths: list[Truth]) -> tuple[float, float]:
    """Lowest and highest sum of points that the items not assessed allow; unscored items count one."""
    points = [item.points if item.points is not None else 1.0 for item in criteria.items]
    known = sum(p for p, t in zip(points, truths, strict=True) if t is True)
    unknown = [p for p, t in zip(points, truths, strict=True) if t is None]
    return known + sum(p for p in unknown if p < 0), known + sum(p for p in unknown if p > 0)


def _state(criteria: CriteriaSet, low: float, high: float) -> SetState:
    if criteria.rule == "describe":
        return "undecided"
    needed = len(criteria.items) if criteria.rule == "all" else criteria.needed
    if needed is None or low < needed <= high:
        return "undecided"
    return "met" if low >= needed else "not_met"


def _reading(criteria: CriteriaSet, low: float, high: float) -> Interpretation | None:
    return next((i for i in criteria.interpretation if _within(i, low) and _within(i, high)), None)


def _within(reading: Interpretation, score: float) -> bool:
    above = reading.at_least is None or score >= reading.at_least
    return above and (reading.below is None or score < reading.below)
