"""The compartment flag: one sign with a cause fires, a torn calf or a clot without a sign does not."""

from __future__ import annotations

from typing import Any

import pytest

from soleus.knowledge.schema.safety import RedFlag
from soleus.reasoning import red_flags
from tests.reasoning.known_facts import KnownFacts, records

FLAG: RedFlag = next(f for f in records("red_flag") if f.id == "compartment")
SHIN: dict[str, Any] = {"age": 24, "tempo": "hours", "severity": "severe", "pain_on_passive_stretch": "yes"}


def fires(known: dict[str, Any]) -> bool:
    return bool(red_flags.fired([FLAG], KnownFacts(known)))


@pytest.mark.parametrize(
    "second",
    [
        {"recent_injury_or_new_exercise": "yes"},
        {"sensory_loss": "distal_both"},
        {"swelling": "one_leg"},
        {"has": ["recent_fracture_or_leg_cast"]},
        {"has": ["anticoagulant"]},
    ],
)
def test_pain_on_stretch_needs_one_more(second: dict[str, Any]) -> None:
    assert fires({**SHIN, **second})


@pytest.mark.parametrize(
    "known",
    [
        SHIN,
        {**SHIN, "tempo": "days", "swelling": "one_leg"},  # a clot in the calf also hurts on stretching
        {**SHIN, "severity": "moderate", "recent_injury_or_new_exercise": "yes"},
        {"tempo": "hours", "severity": "severe", "recent_injury_or_new_exercise": "yes", "swelling": "one_leg"},
        {**SHIN, "recent_injury_or_new_exercise": "yes", "tense_compartment": "no", "pain_out_of_proportion": "no"},
    ],
)
def test_near_misses_stay_silent(known: dict[str, Any]) -> None:
    assert not fires(known)
