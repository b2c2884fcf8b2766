"""What is kept of the knowledge base between answers changes no answer, in whatever order and thread they are given."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import msgspec
import numpy as np

from soleus.interop.reading import read_any
from soleus.knowledge.loader import COMPILED, read_compiled
from soleus.reasoning.assess import assess
from soleus.reasoning.compiled import Compiled, shipped_compiled
from soleus.reasoning.interview import Interview
from soleus.reasoning.losses import losses
from soleus.reasoning.medicines import MedicineIndex
from tests.reasoning.people import EXAMPLES, NAMES

CASES = [read_any(EXAMPLES / name, shipped_compiled()) for name in NAMES]
#: The same person without a sex and in another setting: other rates on the same prevalences.
CASES += [msgspec.structs.replace(case, setting="sleep_clinic") for case in CASES[:2]]


def fresh() -> Compiled:
    """The shipped knowledge base, read anew: nothing is kept with it yet."""
    return Compiled(read_compiled(COMPILED))


def answers(compiled: Compiled, order: list[int]) -> dict[int, bytes]:
    return {n: msgspec.json.encode(assess(CASES[n], knowledge=compiled, draws=60)) for n in order}


def test_what_was_answered_before_changes_no_answer() -> None:
    order = list(range(len(CASES)))
    forth, back = answers(fresh(), order), answers(fresh(), order[::-1])
    assert forth == back
    first = answers(fresh(), [0])
    assert first[0] == forth[0]


def test_threads_that_share_a_knowledge_base_give_the_same_answers() -> None:
    compiled, order = fresh(), list(range(len(CASES)))
    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(lambda turn: answers(compiled, order[turn:] + order[:turn]), range(4)))
    assert all(one == answers(fresh(), order) for one in found)


def test_what_is_made_of_the_knowledge_alone_is_made_once() -> None:
    compiled = fresh()
    assert losses(compiled) is losses(compiled)
    assert losses(compiled) is not losses(fresh())
    assert compiled.knowledge.once(MedicineIndex) is compiled.knowledge.once(MedicineIndex)


def test_settings_share_what_follows_from_the_prevalences_and_nothing_else() -> None:
    compiled = fresh()
    here, there = (compiled.context(67.0, "female", s) for s in ("primary_care", "sleep_clinic"))
    assert here.known is there.known
    assert not np.array_equal(here.log_rate, there.log_rate)
    assert compiled.context(67.0, "male", "primary_care").known is not here.known


def test_an_interview_judges_anew_after_each_answer_and_when_one_is_taken_back() -> None:
    session = Interview(shipped_compiled(), {"person": {"age": 67, "sex": "female"}})
    steps = []
    for _ in range(4):
        steps.append(session.judged())
        assert session.judged() is steps[-1]
        question = session.next()
        assert question is not None
        session.answer(question, question.finding.states[0].id if question.finding else "no")
    assert len({id(step) for step in steps}) == 4
    session.back()
    assert session.judged().probability == steps[-1].probability
