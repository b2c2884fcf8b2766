"""What to ask next: the worth of each question is the engine's, and regret is what the choice leaves on the table."""

from __future__ import annotations

from dataclasses import replace

import pytest

from soleus.inference.decisions import value_of
from soleus.learning.course import case_named, course
from soleus.learning.next_question import ACT, Exercise, exercise, exercises
from soleus.learning.records import Asked
from soleus.learning.rules import rules
from soleus.reasoning import questions
from soleus.reasoning.compiled import shipped_compiled
from soleus.reasoning.intake import take_in
from soleus.reasoning.judging import Judged
from soleus.reasoning.medicines import medicine_index

FOUND = exercises(shipped_compiled())


@pytest.mark.parametrize("case", FOUND, ids=lambda c: c.id)
def test_each_worth_is_that_of_the_whole_agenda(case: object) -> None:
    compiled, named = shipped_compiled(), case_named(case.id)  # type: ignore[attr-defined]
    judged = Judged(take_in(named.read(), compiled, medicine_index(compiled.knowledge))[0])
    values = value_of(questions.open_agenda(judged, ("history",)))
    engine = {q.id: q for q in questions.by_value(judged, values)}
    found = exercise(compiled, named)
    assert {w.finding for w in found.worths} == set(named.ask)
    for w in found.worths:
        assert w.value == pytest.approx(engine[w.finding].net, abs=1e-9)
        assert w.gain == pytest.approx(engine[w.finding].gain, abs=1e-9)
        assert w.reason == engine[w.finding].reason
    assert [w.value for w in found.worths] == sorted((w.value for w in found.worths), reverse=True)


def test_regret_is_the_best_value_less_the_chosen_and_acting_is_worth_nothing() -> None:
    found = exercise(shipped_compiled(), case_named("sim_restless_with_olanzapine"))
    best, worst = found.worths[0], found.worths[-1]
    assert best.value > rules()["ask_least_value"]
    chosen = found.asked(best.finding)
    assert chosen is not None
    assert chosen.regret == 0
    chosen = found.asked(worst.finding)
    assert chosen is not None
    assert chosen.regret == pytest.approx(best.value - worst.value)
    acted = found.asked(ACT)
    assert acted is not None
    assert (acted.question, acted.regret) == (None, best.value)


def test_where_no_question_is_worth_its_burden_acting_is_best() -> None:
    found = exercise(shipped_compiled(), case_named("sim_acute_or_chronic_artery"))
    assert found.worths[0].value <= 0
    assert found.best == 0
    acted, asked = found.asked(ACT), found.asked(found.worths[0].finding)
    assert acted is not None
    assert asked is not None
    assert acted.regret == 0
    assert asked.regret == pytest.approx(-found.worths[0].value)


def test_what_is_no_choice_is_none() -> None:
    found = exercise(shipped_compiled(), FOUND[0])
    for choice in ("", "nonsense", FOUND[0].answer):
        assert found.asked(choice) is None


def test_the_exercises_are_those_where_there_is_something_to_find() -> None:
    compiled = shipped_compiled()
    assert len(FOUND) >= 12
    for case in course():
        found = exercise(compiled, case)
        if found.best >= rules()["ask_least_value"]:
            assert case in FOUND
    assert any(exercise(compiled, c).best == 0 for c in FOUND)
    assert any(exercise(compiled, c).best > 0 for c in FOUND)


def test_best_is_never_below_that_of_acting() -> None:
    found = exercise(shipped_compiled(), FOUND[0])
    poor = Exercise(found.case, tuple(replace(w, value=-0.04) for w in found.worths))
    assert poor.best == 0
    assert Asked("x", None, 0.0, poor.best).regret == 0
