"""Lists to browse by: complete, in order, and true to the records."""

from __future__ import annotations

from itertools import pairwise
from math import exp
from typing import get_args

import pytest

from soleus.knowledge.schema.medicines import Medicine
from soleus.library.browsing import alphabet, families, first_rank, medicine_classes, questions, symptoms
from soleus.library.code_trees import Branch, System, code_tree
from soleus.library.labels import label
from soleus.library.model import EntryKind, RecordRef
from soleus.library.naming import records
from soleus.library.regions import felt_in, regions
from soleus.library.signs import speaks_for
from soleus.reasoning.compiled import Compiled

SYSTEMS: tuple[System, ...] = get_args(System)


def branches(tree: tuple[Branch, ...]) -> list[Branch]:
    return [b for root in tree for b in root]


def path_to(tree: tuple[Branch, ...], code: str) -> list[str]:
    """The codes from the outside in to a code."""
    for b in tree:
        if b.code == code:
            return [b.code]
        if below := path_to(b.below, code):
            return [b.code, *below]
    return []


def test_a_code_stands_below_its_categories(compiled: Compiled) -> None:
    assert path_to(code_tree(compiled, "icd10cm", "clinician"), "G47.62") == ["G00–G99", "G47", "G47.6", "G47.62"]


@pytest.mark.parametrize("system", SYSTEMS)
def test_every_code_of_an_explanation_is_in_its_tree(compiled: Compiled, system: System) -> None:
    tree = branches(code_tree(compiled, system, "clinician"))
    borne = {(leaf.entry.id, b.code) for b in tree for leaf in b.entries if leaf.entry.kind == "explanation"}
    assert borne == {(e.id, c.code) for e in compiled.explanations.values() for c in e.codes if c.system == system}


@pytest.mark.parametrize("system", SYSTEMS)
def test_no_branch_of_a_tree_is_bare(compiled: Compiled, system: System) -> None:
    assert [b.code for b in branches(code_tree(compiled, system, "patient")) if not (b.entries or b.below)] == []


def test_titles_of_categories_are_those_of_the_listing(compiled: Compiled) -> None:
    titles = {b.code: b.title for b in branches(code_tree(compiled, "icd10cm", "clinician"))}
    assert titles["G47"] == "Sleep disorders"
    assert titles["G47.6"] == "Sleep related movement disorders"


def test_every_explanation_but_the_rest_has_a_family(compiled: Compiled) -> None:
    listed = [leaf.entry.id for group in families(compiled, "clinician") for leaf in group.entries]
    assert sorted(listed) == sorted(set(compiled.explanations) - {"other"})


def test_every_finding_is_listed_once_and_those_asked_of_everybody_come_first(compiled: Compiled) -> None:
    for signs in symptoms(compiled, "clinician").values():
        order = [s.core for s in signs]
        assert order == sorted(order, reverse=True)
    listed = [s.finding.entry.id for signs in symptoms(compiled, "clinician").values() for s in signs]
    assert sorted(listed) == sorted(compiled.findings)


def test_what_a_sign_speaks_for_has_it_more_often_than_others(compiled: Compiled) -> None:
    rows = [r for f in compiled.findings.values() for s in f.states for r in speaks_for(compiled, f.id, s.id)]
    assert len(rows) > 500
    for row in rows:
        assert row.share > row.elsewhere
        likelihood = next(x for x in compiled.likelihoods.values() if x.id == row.record.id)
        assert (likelihood.explanation, row.share in likelihood.p) == (row.explanation, True)


def test_the_urge_to_move_speaks_for_restless_legs(compiled: Compiled) -> None:
    assert "restless_legs_syndrome" in [r.explanation for r in speaks_for(compiled, "urge_to_move", "yes")]


def test_what_is_felt_in_a_region_is_ordered_by_how_often_it_brings_people(compiled: Compiled) -> None:
    here = felt_in(compiled, "calf")
    rates = compiled.context(None, None, "primary_care").log_rate.tolist()
    rate = {e: exp(log_rate) for e, log_rate in zip(compiled.network.explanations, rates, strict=True)}
    for one, other in pairwise(here):
        assert rate[one.explanation] * one.share >= rate[other.explanation] * other.share * (1 - 1e-9)
    assert here[0].explanation == "nocturnal_leg_cramp"


def test_every_explanation_is_felt_somewhere(compiled: Compiled) -> None:
    told = {h.explanation for r in regions(compiled) for h in felt_in(compiled, r.id)}
    with_site = {e for e, f in compiled.likelihoods if f == "site"} - {"other"}
    assert with_site - told == set()


def test_every_medicine_of_a_class_stands_in_it(compiled: Compiled) -> None:
    classes = {c.entry.entry.id: {m.entry.id for m in c.members} for c in medicine_classes(compiled, "patient")}
    for m in compiled.knowledge.all(Medicine):
        for parent in m.member_of:
            assert m.id in classes[parent]


def test_the_alphabet_has_every_entry_once(compiled: Compiled) -> None:
    groups = alphabet(compiled, "patient", get_args(EntryKind))
    listed = [leaf.entry for g in groups for leaf in g.entries]
    assert len(listed) == len(set(listed))
    assert set(listed) == {ref for ref, _ in records(compiled)}
    assert [g.id for g in groups] == sorted(g.id for g in groups)


def test_the_first_rank_is_what_is_written_by_hand(compiled: Compiled) -> None:
    assert [leaf.entry.id for leaf in first_rank(compiled, "patient")].count("nocturnal_leg_cramp") == 1


def test_questions_stand_in_their_order(compiled: Compiled) -> None:
    places = [q.position for q in questions(compiled)]
    assert places == sorted(places)
    assert len(places) >= 16


def test_every_record_has_a_label(compiled: Compiled) -> None:
    for kind, every in compiled.knowledge.records.items():
        for record in every:
            told = label(compiled.knowledge, RecordRef(kind=kind, id=record.id))
            assert told.strip()
            assert len(told) <= 400
