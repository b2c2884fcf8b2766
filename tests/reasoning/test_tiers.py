"""Tiers: ranked explanations first, danger by its own threshold, and a reason for each place."""

from __future__ import annotations

from typing import Any

import pytest

from soleus.knowledge.schema.safety import Harm, RedFlag
from soleus.reasoning.judging import Judged
from soleus.reasoning.questions import fired_flags
from soleus.reasoning.tiers import Placed, place
from tests.reasoning.people import CRAMP, present

CASES: dict[str, dict[str, Any]] = {
    "cramp": CRAMP,
    "swollen": {"quality": "ache", "swelling": "one_leg", "colour_temperature": "red_warm", "tempo": "days"},
    "numb": {"quality": "burning", "sensory_loss": "distal_both", "tempo": "years", "side": "both_legs"},
    "vague": {"quality": "ache"},
    "weak": {"quality": "cramp", "weakness": "proximal_or_general", "visible_movement": "twitches"},
}


def placed(name: str) -> tuple[Judged, dict[str, Placed], list[RedFlag]]:
    judged = Judged(present(CASES[name]), 60)
    flags = [f.flag for f in fired_flags(judged)]
    return judged, {p.explanation: p for p in place(judged, flags)}, flags


@pytest.mark.parametrize("name", CASES)
def test_the_most_probable_is_most_likely_whatever_else_it_is(name: str) -> None:
    judged, found, _ = placed(name)
    assert found[judged.first.id].tier == "most_likely"
    assert [p.tier for p in found.values()].count("most_likely") == 1


@pytest.mark.parametrize("name", CASES)
def test_danger_above_its_own_threshold_is_listed_whatever_its_rank(name: str) -> None:
    judged, found, _ = placed(name)
    harms = judged.compiled.knowledge.by_id(Harm)
    above = [
        s
        for s, p in judged.probability.items()
        if s in harms
        and (
            judged.compiled.explanations[s].must_not_miss
            or judged.compiled.explanations[s].acuity in ("emergency", "same_day")
        )
        and p >= harms[s].action_threshold.value
    ]
    listed = [s for s in above if s in found]
    assert len(listed) >= min(len(above), int(judged.parameter("tier_do_not_miss_most")))
    assert all(found[s].tier in ("do_not_miss", "most_likely", "rare", "other_likely") for s in listed)


@pytest.mark.parametrize("name", CASES)
def test_what_an_urgent_flag_suggests_is_never_left_out(name: str) -> None:
    _, found, flags = placed(name)
    for flag in flags:
        if flag.urgency in ("emergency", "same_day", "urgent"):
            assert {s for s in flag.suggests if s in present().compiled.explanations} <= set(found), flag.id


@pytest.mark.parametrize("name", CASES)
def test_likely_and_rare_keep_to_their_least_probability(name: str) -> None:
    judged, found, _ = placed(name)
    for s, p in found.items():
        if p.tier == "other_likely":
            assert judged.probability[s] >= judged.parameter("tier_other_likely_least")
        if p.tier == "rare":
            assert judged.probability[s] >= judged.parameter("tier_rare_least")
        assert p.why
    assert [p.tier for p in found.values()].count("rare") <= int(judged.parameter("tier_rare_most"))


def test_a_benign_story_names_few_dangers() -> None:
    _, found, flags = placed("cramp")
    assert not [f for f in flags if f.urgency in ("emergency", "same_day")]
    assert [p.tier for p in found.values()].count("do_not_miss") <= 4


def test_an_explanation_stands_in_one_tier_only() -> None:
    judged = Judged(present(CASES["swollen"]), 60)
    flags = [f.flag for f in fired_flags(judged)]
    names = [p.explanation for p in place(judged, flags)]
    assert len(set(names)) == len(names)
