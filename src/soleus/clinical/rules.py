"""Three-valued rules over what is known of a person: true, false, or not known.

A rule is data (a mapping with one key), so that red flags, criteria, indications and contraindications can be
read, cited and tested without code.

    {all: [rule, …]}  {any: [rule, …]}  {not: rule}  {at_least: 2, of: [rule, …]}
    {score: [{points: 1, when: rule}, …], at_least: 2}   sum of the points of the items that hold
    {unless: rule}                            false if the rule is known to hold, else true: an exception
    {finding: swelling, is: one_leg}          a state or a list; ``is: present`` = any state but absent
    {number: potassium, below: 2.5}           also at_least, above, at_most; in the finding's own unit
    {has: diabetes}                           contributor present (condition, medicine class, event)
    {medicine: quinine}                       a medicine or class of ``medicines`` is taken
    {age: {at_least: 65, below: 80}}  {sex: female}  {pregnant: true}
    {setting: sleep_clinic}
    {likely: deep_vein_thrombosis, above: 0.1}   posterior probability (not allowed in red flags or criteria)

``all`` is false if one part is false, unknown if none is false and one unknown; ``any`` the other way round.
``unless`` is the one operator that treats silence as an answer: an exception has to be known before it holds
a warning back. A finding that nobody asked about never silences a red flag.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, Protocol

Rule = Mapping[str, Any]
Truth = bool | None


class Facts(Protocol):
    """What a rule can ask. Every answer may be None: not known."""

    def state(self, finding: str) -> str | None: ...
    def absent_state(self, finding: str) -> str | None: ...
    def number(self, finding: str) -> float | None: ...
    def has(self, contributor: str) -> Truth: ...
    def takes(self, medicine: str) -> Truth: ...
    def probability(self, explanation: str) -> float | None: ...
    @property
    def age(self) -> float | None: ...
    @property
    def sex(self) -> str | None: ...
    @property
    def pregnant(self) -> Truth: ...
    @property
    def setting(self) -> str: ...


def evaluate(rule: Rule, facts: Facts) -> Truth:
    """Whether the rule holds; None where what is known does not decide it."""
    for key in rule:
        holds = _OPERATORS.get(key)
        if holds is not None:
            return holds(rule, facts)
    raise KeyError(_operator(rule))


def _operator(rule: Rule) -> str:
    for key in rule:
        if key in _OPERATORS:
            return key
    return next(iter(rule))


def _all(rule: Rule, facts: Facts) -> Truth:
    out: Truth = True
    for part in rule["all"]:
        truth = evaluate(part, facts)
        if truth is False:
            return False
        out = out if truth else None
    return out


def _any(rule: Rule, facts: Facts) -> Truth:
    out: Truth = False
    for part in rule["any"]:
        truth = evaluate(part, facts)
        if truth:
            return True
        out = None if truth is None else out
    return out


def _not(rule: Rule, facts: Facts) -> Truth:
    inner = evaluate(rule["not"], facts)
    return None if inner is None else not inner


def _at_least(rule: Rule, facts: Facts) -> Truth:
    parts = [evaluate(r, facts) for r in rule["of"]]
    yes, unknown = parts.count(True), parts.count(None)
    return True if yes >= rule["at_least"] else None if yes + unknown >= rule["at_least"] else False


def score_range(items: Sequence[Rule], facts: Facts) -> tuple[float, float]:
    """Lowest and highest sum of points that what is not known still allows."""
    truths = [(float(i["points"]), evaluate(i["when"], facts)) for i in items]
    known = sum(points for points, truth in truths if truth is True)
    unknown = [points for points, truth in truths if truth is None]
    return known + sum(p for p in unknown if p < 0), known + sum(p for p in unknown if p > 0)


def _score(rule: Rule, facts: Facts) -> Truth:
    low, high = score_range(rule["score"], facts)
    return True if low >= rule["at_least"] else None if high >= rule["at_least"] else False


def _finding(rule: Rule, facts: Facts) -> Truth:
    state = facts.state(rule["finding"])
    if state is None:
        return None
    wanted = rule.get("is", "present")
    if wanted == "present":
        return state != facts.absent_state(rule["finding"])
    return state in ((wanted,) if isinstance(wanted, str) else tuple(wanted))


def _compare(value: float | None, bounds: Mapping[str, Any]) -> Truth:
    if value is None:
        return None
    return (
        value >= bounds.get("at_least", float("-inf"))
        and value < bounds.get("below", float("inf"))
        and ("above" not in bounds or value > bounds["above"])
        and ("at_most" not in bounds or value <= bounds["at_most"])
    )


_OPERATORS: dict[str, Callable[[Rule, Facts], Truth]] = {
    "all": _all,
    "any": _any,
    "not": _not,
    "unless": lambda r, f: evaluate(r["unless"], f) is not True,
    "of": _at_least,
    "score": _score,
    "finding": _finding,
    "number": lambda r, f: _compare(f.number(r["number"]), r),
    "has": lambda r, f: f.has(r["has"]),
    "medicine": lambda r, f: f.takes(r["medicine"]),
    "age": lambda r, f: _compare(f.age, r["age"]),
    "sex": lambda r, f: None if f.sex is None else f.sex == r["sex"],
    "pregnant": lambda r, f: None if f.pregnant is None else f.pregnant == r["pregnant"],
    "setting": lambda r, f: f.setting == r["setting"],
    "likely": lambda r, f: _compare(f.probability(r["likely"]), r),
}


def parts(rule: Rule) -> tuple[Rule, ...]:
    """The rules that a rule is made of; none for a leaf."""
    key = _operator(rule)
    if key in ("all", "any", "of"):
        return tuple(rule[key])
    if key in ("not", "unless"):
        return (rule[key],)
    return tuple(item["when"] for item in rule["score"]) if key == "score" else ()


def leaves(rule: Rule) -> Iterator[Rule]:
    """Every plain condition in a rule, in reading order."""
    inner = parts(rule)
    if not inner:
        yield rule
    for part in inner:
        yield from leaves(part)


def subject(leaf: Rule) -> tuple[str, str]:
    """What a leaf asks about: its operator and the name (finding, contributor, medicine …; empty for age)."""
    key = _operator(leaf)
    value = leaf[key]
    return key, value if isinstance(value, str) and key != "sex" else ""


def reasons(rule: Rule, facts: Facts) -> tuple[Rule, ...]:
    """The leaves that hold and help to make the rule true; none if it is not true. Exceptions do not count."""
    if evaluate(rule, facts) is not True or _operator(rule) in ("not", "unless"):
        return ()
    inner = parts(rule)
    return tuple(leaf for part in inner for leaf in reasons(part, facts)) if inner else (rule,)


def open_leaves(rule: Rule, facts: Facts) -> tuple[Rule, ...]:
    """The leaves that are not known and could still make an undecided rule true."""
    if evaluate(rule, facts) is not None:
        return ()
    inner = parts(rule)
    return tuple(leaf for part in inner for leaf in open_leaves(part, facts)) if inner else (rule,)


def answers_needed(rule: Rule, facts: Facts, most: float = math.inf) -> float:
    """The fewest further answers that would make the rule true: 0 if it is, infinite if it cannot be.

    Above ``most`` it is not worked out any further: some number above ``most``.
    """
    key = _operator(rule)
    if key not in ("all", "any", "of"):
        truth = evaluate(rule, facts)
        return 1.0 if truth is None else 0.0 if truth else math.inf
    needed = (answers_needed(part, facts, most) for part in rule[key])
    if key == "any":
        return min(needed, default=math.inf)
    if key == "of":
        return sum(sorted(needed)[: rule["at_least"]])
    total = 0.0
    for n in needed:
        total += n
        if total > most:
            break
    return total
