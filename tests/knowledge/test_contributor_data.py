"""The shipped contributors, effects, blocks, markers, medicines and facts keep their own rules."""

from __future__ import annotations

import math
from functools import cache
from typing import Any

import pytest

from soleus.knowledge.loader import DATA, read_folder
from soleus.knowledge.schema.medicines import Medicine

CELLS = {f"{sex}_{band}" for sex in ("male", "female") for band in ("0_17", "18_39", "40_64", "65_plus")}


@cache
def records() -> dict[str, tuple[Any, ...]]:
    return read_folder(DATA)


def ids(kind: str) -> set[str]:
    return {r.id for r in records()[kind]}


@pytest.mark.parametrize(
    ("kind", "least"),
    [("contributor", 129), ("effect", 880), ("medicine", 400), ("fact", 450), ("cause", 20), ("belief", 8)],
)
def test_nothing_is_lost(kind: str, least: int) -> None:
    assert len(records()[kind]) >= least


def test_every_effect_joins_a_contributor_to_an_explanation() -> None:
    for e in records()["effect"]:
        assert e.id == f"{e.contributor}.{e.explanation}"
        assert e.contributor in ids("contributor")
        assert e.explanation in ids("explanation")


def test_ratios_lie_within_their_intervals_and_necessary_causes_have_none() -> None:
    for e in records()["effect"]:
        if e.necessary:
            assert (e.rho, e.low, e.high, e.causal_rho) == (None, None, None, None), e.id
        else:
            assert e.low <= e.rho <= e.high, e.id
            assert e.low < e.high or e.low == e.rho == e.high, e.id
            assert e.causal_rho is not None, e.id


def test_a_cause_is_never_said_to_do_more_than_it_goes_with() -> None:
    """|ln causal| <= |ln rho|, but for medicines prescribed for the complaint, whose causal part points elsewhere."""
    prescribed = {"dopamine_agonist", "opioid_long_term"}
    over = [
        e.id
        for e in records()["effect"]
        if e.rho and e.contributor not in prescribed and abs(math.log(e.causal_rho)) > abs(math.log(e.rho)) + 0.05
    ]
    assert over == []


def test_an_explanation_requires_what_its_necessary_effects_say() -> None:
    necessary: dict[str, set[str]] = {}
    for e in records()["effect"]:
        if e.necessary:
            necessary.setdefault(e.explanation, set()).add(e.contributor)
    assert {e.id: set(e.requires) for e in records()["explanation"] if e.requires} == necessary


def test_blocks_share_no_member_and_stay_small() -> None:
    members = [m for b in records()["block"] for m in b.members]
    assert len(members) == len(set(members))
    assert set(members) <= ids("contributor")
    assert max(len(b.members) for b in records()["block"]) <= 6


def test_links_in_a_block_form_a_tree() -> None:
    for b in records()["block"]:
        parent = {m: other for m, other, _ in b.given}
        assert len(parent) == len(b.given), b.id
        assert {*parent, *parent.values()} <= set(b.members), b.id
        for start in parent:
            seen, at = {start}, parent[start]
            while at in parent:
                assert at not in seen, b.id
                seen.add(at)
                at = parent[at]


def test_markers_fit_the_states_of_their_finding() -> None:
    findings = {f.id: f for f in records()["finding"]}
    with_likelihood = {r.finding for r in records()["likelihood"]}
    for m in records()["marker"]:
        assert m.contributor in ids("contributor")
        assert m.finding not in with_likelihood
        for p in (m.p_present, m.p_absent):
            assert len(p) == len(findings[m.finding].states)
            assert sum(p) == pytest.approx(1, abs=1e-12)


def test_a_defining_test_all_but_settles_its_contributor() -> None:
    """Potassium below 2.5: prevalence 0.003, so 0.003 x p1 / (0.003 x p1 + 0.997 x p0) must be high."""
    marker = next(m for m in records()["marker"] if m.id == "hypokalaemia.potassium")
    p1, p0 = marker.p_present[0], marker.p_absent[0]
    assert (0.003 * p1) / (0.003 * p1 + 0.997 * p0) > 0.9


def test_contributors_have_prevalence_wording_and_question() -> None:
    for c in records()["contributor"]:
        assert set(c.prevalence) in ({"all"}, {"all", *CELLS}), c.id  # one figure for everybody, or every group
        assert all(0 <= p <= 1 for p in c.prevalence.values()), c.id
        assert c.question, c.id
        assert c.question.endswith("?"), c.id
        assert c.same_as is None or c.same_as in ids("explanation"), c.id


def test_no_word_stands_for_two_contributors_or_two_medicines() -> None:
    for kind in ("contributor", "medicine"):
        owner: dict[str, str] = {}
        for r in records()[kind]:
            names = (r.name, r.patient_name, *r.synonyms) if kind == "contributor" else r.names
            for name in names:
                assert owner.setdefault(name.lower(), r.id) == r.id, name


def test_medicines_point_to_what_exists() -> None:
    for m in records()["medicine"]:
        assert set(m.member_of) <= ids("medicine"), m.id
        assert set(m.contributors) <= ids("contributor"), m.id
        for i in m.interactions:
            assert set(i.medicines) <= ids("medicine"), m.id
            assert set(i.contributors) <= ids("contributor"), m.id
        for j in (m.cramp, m.restless_legs):
            assert j is None or set(j.facts) <= ids("fact"), m.id


def test_every_medicine_has_a_judgement_on_cramps() -> None:
    known = {m.id: m for m in records()["medicine"]}

    def judged(m: Medicine) -> bool:
        return m.cramp is not None or any(judged(known[k]) for k in m.member_of)

    assert [m.id for m in records()["medicine"] if not judged(m)] == []


def test_a_medicine_class_with_an_effect_on_cramps_has_a_contributor_with_it() -> None:
    promotes = {
        c
        for m in records()["medicine"]
        if m.level == "class"
        and m.cramp
        and m.cramp.relation == "promotes"
        and m.cramp.verdict in ("strong", "moderate")
        for c in m.contributors
    }
    assert promotes <= {e.contributor for e in records()["effect"] if e.explanation == "nocturnal_leg_cramp"}


@pytest.mark.parametrize("kind", ["cause", "belief", "conflict"])
def test_statements_name_facts_that_exist(kind: str) -> None:
    for r in records()[kind]:
        assert set(r.facts) <= ids("fact"), r.id


def test_nothing_rests_on_sources_that_may_not_be_shipped() -> None:
    banned = {"sider4", "k2_tan", "tan2024"}
    for kind, rows in records().items():
        for r in rows:
            assert not banned & set(getattr(r, "source", ())), f"{kind} {r.id}"


def test_every_source_that_is_named_is_there() -> None:
    known = ids("source")
    for kind in ("contributor", "effect", "fact", "cause", "belief", "conflict", "medicine"):
        for r in records()[kind]:
            assert set(r.source) <= known, f"{kind} {r.id}: {set(r.source) - known}"


def test_statins_and_potassium_are_judged_by_the_evidence_not_by_belief() -> None:
    effects = {e.id: e for e in records()["effect"]}
    assert effects["statin.nocturnal_leg_cramp"].causal_rho < 1.1
    sparing, loop = (effects[f"diuretic_{k}.nocturnal_leg_cramp"].rho for k in ("potassium_sparing", "loop"))
    assert sparing > loop
