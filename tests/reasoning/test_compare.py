"""The discriminating table of two explanations."""

from __future__ import annotations

import math

import pytest

from soleus.reasoning.compare import compare
from soleus.reasoning.compiled import shipped_compiled

CRAMP, RESTLESS = "nocturnal_leg_cramp", "restless_legs_syndrome"


def test_each_row_is_ten_times_the_logarithm_of_its_ratio() -> None:
    for row in compare(shipped_compiled(), CRAMP, RESTLESS):
        ratio = max(row.p_first, 1e-4) / max(row.p_second, 1e-4)
        assert row.decibans == pytest.approx(10 * math.log10(ratio))


def test_the_other_way_round_turns_the_signs() -> None:
    there = {r.finding: r for r in compare(shipped_compiled(), CRAMP, RESTLESS)}
    back = {r.finding: r for r in compare(shipped_compiled(), RESTLESS, CRAMP)}
    assert there.keys() == back.keys()
    for finding, row in there.items():
        if row.state == back[finding].state:
            assert row.decibans == pytest.approx(-back[finding].decibans)


def test_the_most_telling_stand_first() -> None:
    weights = [abs(r.decibans) * (r.p_first + r.p_second) for r in compare(shipped_compiled(), CRAMP, RESTLESS)]
    assert weights == sorted(weights, reverse=True)


def test_what_textbooks_say_tells_cramp_from_restless_legs() -> None:
    leading = [r.finding for r in compare(shipped_compiled(), CRAMP, RESTLESS)[:10]]
    assert {"urge_to_move", "quality"} <= set(leading)
    rows = {(r.finding, r.state): r for r in compare(shipped_compiled(), CRAMP, RESTLESS)}
    urge = next(r for (f, state), r in rows.items() if f == "urge_to_move")
    assert (urge.decibans < 0) == (urge.state == "yes")


def test_an_explanation_does_not_differ_from_itself() -> None:
    assert all(r.decibans == 0 for r in compare(shipped_compiled(), CRAMP, CRAMP))


def test_every_row_says_its_basis_and_its_sources_exist() -> None:
    from soleus.evidence.record import Source

    known = shipped_compiled().knowledge.by_id(Source)
    for row in compare(shipped_compiled(), "pad_claudication", "neurogenic_claudication"):
        assert row.basis
        assert set(row.sources) <= set(known)
