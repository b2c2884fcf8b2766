"""Three-valued rules: what is true, false and not known."""

from __future__ import annotations

from typing import Any

import pytest

from soleus.clinical.rules import (
    Rule,
    answers_needed,
    evaluate,
    leaves,
    open_leaves,
    parts,
    reasons,
    score_range,
    subject,
)

YES: Rule = {"finding": "yes", "is": "here"}
NO: Rule = {"finding": "no", "is": "here"}
UNKNOWN: Rule = {"finding": "unknown", "is": "here"}


class Facts:
    """``yes`` is here, ``no`` is gone, a leg is swollen, potassium is 3.0, diabetes is present, gout absent."""

    age: float | None = 65.0
    sex: str | None = "female"
    pregnant: bool | None = None
    setting = "primary_care"

    def state(self, finding: str) -> str | None:
        return {"yes": "here", "no": "none", "swelling": "one_leg"}.get(finding)

    def absent_state(self, finding: str) -> str | None:  # noqa: ARG002
        return "none"

    def number(self, finding: str) -> float | None:
        return {"potassium": 3.0}.get(finding)

    def has(self, contributor: str) -> bool | None:
        return {"diabetes": True, "gout": False}.get(contributor)

    def takes(self, medicine: str) -> bool | None:
        return {"quinine": True}.get(medicine)

    def probability(self, explanation: str) -> float | None:
        return {"dvt": 0.2}.get(explanation)


FACTS = Facts()


@pytest.mark.parametrize(
    ("rule", "truth"),
    [
        ({"all": [YES, YES]}, True),
        ({"all": [YES, UNKNOWN]}, None),
        ({"all": [NO, UNKNOWN]}, False),
        ({"any": [NO, NO]}, False),
        ({"any": [NO, UNKNOWN]}, None),
        ({"any": [YES, UNKNOWN]}, True),
        ({"not": YES}, False),
        ({"not": UNKNOWN}, None),
        ({"unless": YES}, False),
        ({"unless": NO}, True),
        ({"unless": UNKNOWN}, True),  # an exception has to be known
        ({"at_least": 2, "of": [YES, YES, UNKNOWN]}, True),
        ({"at_least": 2, "of": [YES, UNKNOWN, NO]}, None),
        ({"at_least": 2, "of": [YES, NO, NO]}, False),
    ],
)
def test_connectives(rule: Rule, truth: bool | None) -> None:
    assert evaluate(rule, FACTS) is truth


@pytest.mark.parametrize(
    ("rule", "truth"),
    [
        ({"finding": "swelling"}, True),
        ({"finding": "no"}, False),
        ({"finding": "swelling", "is": ["both_legs", "one_leg"]}, True),
        ({"finding": "swelling", "is": "none"}, False),
        ({"number": "potassium", "at_least": 3.0}, True),  # the lower end is included
        ({"number": "potassium", "below": 3.0}, False),  # the upper end is not
        ({"number": "potassium", "above": 3.0}, False),
        ({"number": "potassium", "at_most": 3.0}, True),
        ({"number": "sodium", "below": 130}, None),
        ({"has": "diabetes"}, True),
        ({"has": "gout"}, False),
        ({"has": "cirrhosis"}, None),
        ({"medicine": "quinine"}, True),
        ({"medicine": "statin"}, None),
        ({"age": {"at_least": 65, "below": 80}}, True),
        ({"sex": "male"}, False),
        ({"pregnant": True}, None),
        ({"setting": "sleep_clinic"}, False),
        ({"likely": "dvt", "above": 0.1}, True),
    ],
)
def test_leaves_of_every_kind(rule: Rule, truth: bool | None) -> None:
    assert evaluate(rule, FACTS) is truth


def scored(at_least: float) -> dict[str, Any]:
    items = [{"points": 1, "when": YES}, {"points": 2, "when": UNKNOWN}, {"points": -2, "when": UNKNOWN}]
    return {"score": items, "at_least": at_least}


@pytest.mark.parametrize(("at_least", "truth"), [(-1, True), (0, None), (3, None), (4, False)])
def test_a_score_is_decided_when_what_is_not_known_cannot_change_it(at_least: float, truth: bool | None) -> None:
    assert score_range(scored(at_least)["score"], FACTS) == (1 - 2, 1 + 2)
    assert evaluate(scored(at_least), FACTS) is truth


def test_parts_and_leaves_read_a_rule_from_left_to_right() -> None:
    rule: Rule = {
        "all": [{"any": [YES, NO]}, {"unless": UNKNOWN}, {"score": [{"points": 1, "when": YES}], "at_least": 1}]
    }
    assert len(parts(rule)) == 3
    assert [leaf["finding"] for leaf in leaves(rule)] == ["yes", "no", "unknown", "yes"]


@pytest.mark.parametrize(
    ("leaf", "found"),
    [
        (YES, ("finding", "yes")),
        ({"number": "potassium", "below": 2.5}, ("number", "potassium")),
        ({"has": "gout"}, ("has", "gout")),
        ({"age": {"below": 18}}, ("age", "")),
        ({"sex": "female"}, ("sex", "")),
        ({"pregnant": True}, ("pregnant", "")),
    ],
)
def test_what_a_leaf_asks_about(leaf: Rule, found: tuple[str, str]) -> None:
    assert subject(leaf) == found


def test_reasons_are_the_leaves_that_hold_without_exceptions() -> None:
    rule: Rule = {"all": [{"any": [YES, NO, UNKNOWN]}, {"has": "diabetes"}, {"unless": NO}]}
    assert reasons(rule, FACTS) == (YES, {"has": "diabetes"})
    assert reasons({"all": [YES, UNKNOWN]}, FACTS) == ()


def test_open_leaves_are_those_that_could_still_make_it_true() -> None:
    rule: Rule = {"all": [YES, {"any": [NO, UNKNOWN]}]}
    assert open_leaves(rule, FACTS) == (UNKNOWN,)
    assert open_leaves({"all": [NO, UNKNOWN]}, FACTS) == ()  # false already
    assert open_leaves({"any": [YES, UNKNOWN]}, FACTS) == ()  # true already


@pytest.mark.parametrize(
    ("rule", "answers"),
    [
        (YES, 0),
        (NO, float("inf")),
        (UNKNOWN, 1),
        ({"all": [YES, UNKNOWN, UNKNOWN]}, 0 + 1 + 1),
        ({"any": [NO, UNKNOWN, {"all": [UNKNOWN, UNKNOWN]}]}, 1),
        ({"at_least": 3, "of": [YES, UNKNOWN, UNKNOWN, NO]}, 0 + 1 + 1),
        ({"not": UNKNOWN}, 1),
    ],
)
def test_how_many_answers_are_missing(rule: Rule, answers: float) -> None:
    assert answers_needed(rule, FACTS) == answers
