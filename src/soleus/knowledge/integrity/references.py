"""References between the records of the posterior: every name leads to a record."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from soleus.knowledge.integrity.base import Base, Found, rule, unknown
from soleus.knowledge.schema.core import (
    Background,
    Block,
    CoOccurrence,
    Derivation,
    Effect,
    Facet,
    Likelihood,
    Marker,
    Rate,
)
from soleus.knowledge.schema.value_sets import ValueSet

MOST_MEMBERS = 6


@rule
def likelihoods_refer(base: Base) -> Iterator[Found]:
    """A likelihood names an explanation and a finding."""
    for r in base.all(Likelihood):
        if r.explanation not in base.explanations:
            yield unknown("likelihood", r.id, "explanation", r.explanation, "an explanation")
        if r.finding not in base.findings:
            yield unknown("likelihood", r.id, "finding", r.finding, "a finding")


@rule
def backgrounds_refer(base: Base) -> Iterator[Found]:
    """The id of a background is a finding's."""
    for r in base.all(Background):
        if r.id not in base.findings:
            yield unknown("background", r.id, "id", r.id, "a finding")


@rule
def rates_refer(base: Base) -> Iterator[Found]:
    """The id of a rate is an explanation's."""
    for r in base.all(Rate):
        if r.id not in base.explanations:
            yield unknown("rate", r.id, "id", r.id, "an explanation")


@rule
def effects_refer(base: Base) -> Iterator[Found]:
    """An effect names a contributor and an explanation."""
    for e in base.all(Effect):
        if e.contributor not in base.contributors:
            yield unknown("effect", e.id, "contributor", e.contributor, "a contributor")
        if e.explanation not in base.explanations:
            yield unknown("effect", e.id, "explanation", e.explanation, "an explanation")


@rule
def markers_refer(base: Base) -> Iterator[Found]:
    """A marker names a contributor and a finding."""
    for m in base.all(Marker):
        if m.contributor not in base.contributors:
            yield unknown("marker", m.id, "contributor", m.contributor, "a contributor")
        if m.finding not in base.findings:
            yield unknown("marker", m.id, "finding", m.finding, "a finding")


@rule
def co_occurrences_refer(base: Base) -> Iterator[Found]:
    """A co-occurrence names two explanations."""
    for c in base.all(CoOccurrence):
        for name in (c.first, c.second):
            if name not in base.explanations:
                yield unknown("co_occurrence", c.id, "first, second", name, "an explanation")


@rule
def derivations_refer(base: Base) -> Iterator[Found]:
    """A derived answer is a state of a finding, a derived state of the person a contributor."""
    for d in base.all(Derivation):
        if d.contributor is not None and d.contributor not in base.contributors:
            yield unknown("derivation", d.id, "contributor", d.contributor, "a contributor")
        if d.contributor is None and d.state not in base.states.get(d.finding or "", ()):
            yield unknown("derivation", d.id, "finding, state", f"{d.finding}: {d.state}", "a state of a finding")


@rule
def facet_items_exist(base: Base) -> Iterator[Found]:
    """The items of a facet are findings with backgrounds, and what is typical are states of theirs."""
    modelled = {b.id for b in base.all(Background)}
    for facet in base.all(Facet):
        for item in facet.items:
            if item.finding not in base.findings or item.finding not in modelled:
                yield unknown("facet", facet.id, "items", item.finding, "a finding with a background")
                continue
            for state in item.typical:
                if state not in base.states[item.finding]:
                    yield unknown("facet", facet.id, "items", state, f"a state of {item.finding}")


@rule
def facet_joints_refer(base: Base) -> Iterator[Found]:
    """A published joint is for a known explanation."""
    for facet in base.all(Facet):
        for joint in facet.joints:
            if joint.explanation not in base.explanations:
                yield unknown("facet", facet.id, "joints", joint.explanation, "an explanation")


@rule
def facets_are_disjoint(base: Base) -> Iterator[Found]:
    """A finding is an item of one facet at most."""
    count = Counter(i.finding for facet in base.all(Facet) for i in facet.items)
    for facet in base.all(Facet):
        for item in facet.items:
            if count[item.finding] > 1:
                yield Found("facet", facet.id, "items", f"{item.finding} is in several facets.", "Keep it in one.")


@rule
def block_members_exist(base: Base) -> Iterator[Found]:
    """The members of a block are contributors."""
    for block in base.all(Block):
        for member in block.members:
            if member not in base.contributors:
                yield unknown("block", block.id, "members", member, "a contributor")


@rule
def blocks_are_disjoint(base: Base) -> Iterator[Found]:
    """A contributor is in one block at most, once."""
    count = Counter(m for block in base.all(Block) for m in block.members)
    for block in base.all(Block):
        for member in dict.fromkeys(block.members):
            if count[member] > 1:
                yield Found("block", block.id, "members", f"{member} is named {count[member]} times.", "Keep one.")


@rule
def blocks_are_small(base: Base) -> Iterator[Found]:
    """A block has at most six members, since its joint states are enumerated."""
    for block in base.all(Block):
        if len(block.members) > MOST_MEMBERS:
            yield Found(
                "block", block.id, "members", f"{len(block.members)} members; at most {MOST_MEMBERS}.", "Split it."
            )


@rule
def block_dependence_is_a_tree(base: Base) -> Iterator[Found]:
    """``given`` ties members of the block, each to at most one other, without a circle."""
    for block in base.all(Block):
        parent = {member: other for member, other, _ in block.given}
        if len(parent) < len(block.given) or not {*parent, *parent.values()} <= set(block.members):
            yield Found("block", block.id, "given", "A pair repeats a member or names none.", "Give each one pair.")
        elif any(_circles(member, parent) for member in parent):
            yield Found("block", block.id, "given", "Members depend on each other in a circle.", "Drop a pair.")


def _circles(start: str, parent: dict[str, str]) -> bool:
    seen, at = set(), start
    while at in parent and at not in seen:
        seen.add(at)
        at = parent[at]
    return at in seen


@rule
def neighbours_exist(base: Base) -> Iterator[Found]:
    """What an explanation is confused with is another explanation."""
    for e in base.explanations.values():
        for name in e.confused_with:
            if name not in base.explanations or name == e.id:
                yield unknown("explanation", e.id, "confused_with", name, "another explanation")


@rule
def required_contributors_are_necessary(base: Base) -> Iterator[Found]:
    """Each contributor under ``requires`` has a necessary effect on the explanation, and the other way round."""
    necessary = {(e.explanation, e.contributor) for e in base.all(Effect) if e.necessary}
    for e in base.explanations.values():
        for c in e.requires:
            if (e.id, c) not in necessary:
                yield Found(
                    "explanation", e.id, "requires", f"No effect of {c} on it is necessary.", "Add it, or drop it."
                )
    for s, c in sorted(necessary):
        if s in base.explanations and c not in base.explanations[s].requires:
            yield Found(
                "effect", f"{c}.{s}", "necessary", f"{s} does not list {c} under requires.", "List it, or give a ratio."
            )


@rule
def contributors_refer(base: Base) -> Iterator[Found]:
    """``same_as``, ``past_of`` and ``family_of`` name explanations."""
    for c in base.contributors.values():
        fields = {"same_as": (c.same_as,) if c.same_as else (), "past_of": c.past_of, "family_of": c.family_of}
        for field, names in fields.items():
            for name in names:
                if name not in base.explanations:
                    yield unknown("contributor", c.id, field, name, "an explanation")


@rule
def value_sets_refer(base: Base) -> Iterator[Found]:
    """A value set borrows codes from explanations, contributors and medicines that are there, and has some."""
    for v in base.all(ValueSet):
        for field, known in (
            ("explanations", base.explanations),
            ("contributors", base.contributors),
            ("medicines", base.medicines),
        ):
            for name in getattr(v, field):
                if name not in known:
                    yield unknown("value_set", v.id, field, name, f"one of {field}")
        if not (v.explanations or v.contributors or v.medicines or v.codes):
            yield Found("value_set", v.id, "codes", "It has no codes.", "Add codes, or what lends them.")
