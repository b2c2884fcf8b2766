"""The conditions that are data: every word in them is known, and a warning rests on no probability."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple, get_args

from soleus.clinical.rules import leaves, subject
from soleus.knowledge.integrity.base import Base, Found, rule, unknown
from soleus.knowledge.schema.care import Guide, Treatment, WorkUp
from soleus.knowledge.schema.core import Derivation, Setting
from soleus.knowledge.schema.safety import CriteriaSet, RedFlag, ScreenItem

_LEAVES = frozenset({"finding", "number", "has", "medicine", "age", "sex", "pregnant", "setting", "likely"})
_BOUNDS = frozenset({"at_least", "below", "above", "at_most"})


class Condition(NamedTuple):
    """A rule of `soleus.clinical.rules` and where it stands."""

    kind: str
    id: str
    field: str
    rule: Any


def conditions(base: Base) -> Iterator[Condition]:
    """Every rule of every record."""
    for flag in base.all(RedFlag):
        yield Condition("red_flag", flag.id, "when", flag.when)
    for c in base.all(CriteriaSet):
        yield from (Condition("criteria_set", c.id, f"items.{i.id}.when", i.when) for i in c.items)
        yield from _given("criteria_set", c.id, {"valid_when": c.valid_when})
    for item in base.all(ScreenItem):
        yield from _given("screen_item", item.id, {"ask_when": item.ask_when})
    yield from (Condition("derivation", d.id, "when", d.when) for d in base.all(Derivation))
    for t in base.all(Treatment):
        yield from _given("treatment", t.id, {"only_when": t.only_when, "unless": t.unless})
        yield from _given("treatment", t.id, {f"avoid_when[{n}]": a.when for n, a in enumerate(t.avoid_when)})
    for w in base.all(WorkUp):
        yield from (Condition("work_up", w.id, "when", line.when) for line in (*w.when, *w.not_worth_when))
    for g in base.all(Guide):
        yield from _given("guide", g.id, {"shown_when": g.shown_when})
        yield from _given("guide", g.id, {f"not_for[{n}]": who.when for n, who in enumerate(g.not_for)})


def _given(kind: str, id: str, fields: Mapping[str, Any]) -> Iterator[Condition]:
    return (Condition(kind, id, field, value) for field, value in fields.items() if value is not None)


def _leaves(condition: Condition) -> tuple[Mapping[str, Any], ...]:
    """The plain conditions; none where the rule cannot be read, which is a breach of its own."""
    return tuple(leaves(condition.rule)) if readable(condition.rule) else ()


def readable(tree: Any) -> bool:
    """Whether a rule is made of known operators and fields."""
    try:
        found = tuple(leaves(tree))
        return bool(found) and all(_plain(leaf) for leaf in found)
    except (TypeError, KeyError, AttributeError, StopIteration):
        return False


def _plain(leaf: Mapping[str, Any]) -> bool:
    key, _ = subject(leaf)
    extra = {"finding": {"is"}, "number": _BOUNDS, "likely": _BOUNDS}.get(key, frozenset())
    inner = set(leaf[key]) <= _BOUNDS if key == "age" else True
    return key in _LEAVES and set(leaf) <= {key, *extra} and inner


@rule
def conditions_can_be_read(base: Base) -> Iterator[Found]:
    """A condition is made of the operators of `soleus.clinical.rules`."""
    for c in conditions(base):
        if not readable(c.rule):
            yield Found(c.kind, c.id, c.field, "The rule has an unknown operator or field.", "See clinical/rules.py.")


@rule
def conditions_use_known_names(base: Base) -> Iterator[Found]:
    """Findings, contributors, medicines, explanations and settings in a condition exist."""
    known: dict[str, tuple[Any, str]] = {
        "finding": (base.findings, "a finding"),
        "number": (base.findings, "a finding"),
        "has": (base.contributors, "a contributor"),
        "medicine": (base.medicines, "a medicine"),
        "likely": (base.explanations, "an explanation"),
        "setting": (get_args(Setting), "a setting"),
    }
    for c in conditions(base):
        for leaf in _leaves(c):
            key, name = subject(leaf)
            if key in known and name not in known[key][0]:
                yield unknown(c.kind, c.id, c.field, name, known[key][1])


@rule
def conditions_use_known_states(base: Base) -> Iterator[Found]:
    """The states in a condition are states of its finding; ``present`` needs a finding with an ``absent`` state."""
    for c in conditions(base):
        for leaf in _leaves(c):
            finding = base.findings.get(leaf["finding"]) if "finding" in leaf else None
            if finding is None:
                continue
            wanted = leaf.get("is", "present")
            for state in (wanted,) if isinstance(wanted, str) else wanted:
                if state == "present" and "present" not in base.states[finding.id]:
                    if finding.absent is None:
                        yield Found(
                            c.kind, c.id, c.field, f"{finding.id} has no absent state, so present means nothing.",
                            "Name the states.",
                        )  # fmt: skip
                elif state not in base.states[finding.id]:
                    yield unknown(c.kind, c.id, c.field, str(state), f"a state of {finding.id}")


@rule
def conditions_compare_numbers(base: Base) -> Iterator[Found]:
    """Only numeric findings are compared with numbers, and the numbers can occur."""
    for c in conditions(base):
        for leaf in _leaves(c):
            finding = base.findings.get(leaf["number"]) if "number" in leaf else None
            if finding is None:
                continue
            if finding.kind != "numeric":
                yield Found(c.kind, c.id, c.field, f"{finding.id} is not a number.", "Use its states.")
            low, high = finding.plausible or (float("-inf"), float("inf"))
            if any(not low <= leaf[b] <= high for b in _BOUNDS & set(leaf)):
                yield Found(
                    c.kind, c.id, c.field, f"A bound is outside {low:g} to {high:g} {finding.unit}.", "Check the unit."
                )


@rule
def warnings_use_no_probability(base: Base) -> Iterator[Found]:
    """Red flags, the screen, criteria and derived answers rest on facts, never on a probability."""
    for c in conditions(base):
        if c.kind in ("red_flag", "criteria_set", "screen_item", "derivation"):
            for leaf in _leaves(c):
                if "likely" in leaf:
                    yield Found(c.kind, c.id, c.field, "It rests on a probability.", "Use facts of the person.")
