"""Commitments: what is promised, when one is asked again, what became of it; two pages that speak at once."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from soleus.errors import ChangedMeanwhile, InvalidValue
from soleus.learning.commitments import (
    MOST_WORDS,
    Outcome,
    Promise,
    commitment_on,
    commitments_of,
    keep,
    outcome,
    promise,
)
from soleus.learning.course import course
from soleus.learning.records import record_of
from soleus.learning.rules import resolutions, resolutions_for, rules
from soleus.storage import MemoryRepository, Repository, SqliteRepository
from tests.learning.people import ANN, AT, BOB, DAY, sit

TODAY = "2026-11-18"
IRON = Promise(("iron",), "", "2026-12-16")


@pytest.fixture(params=["memory", "sqlite"])
def log(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Repository]:
    store: Repository = MemoryRepository() if request.param == "memory" else SqliteRepository(tmp_path / "soleus.db")
    yield store
    store.close()


def test_one_is_asked_again_after_the_weeks_that_one_chose() -> None:
    made = promise(("iron",), "", "4", TODAY)
    assert made == IRON  # 18 November and 28 days
    assert {promise(("iron",), "", str(w), TODAY).until for w in rules().follow_up_weeks} == {
        "2026-12-16", "2027-01-13", "2027-02-10", "2027-05-19",
    }  # fmt: skip


def test_own_words_are_enough_and_are_cut_and_statements_are_those_there_are() -> None:
    made = promise(("iron", "nonsense"), "  Order   ferritin\n kits " + "x" * 900, "8", TODAY)
    assert made.statements == ("iron",)
    assert made.words.startswith("Order ferritin kits x")
    assert len(made.words) == MOST_WORDS


@pytest.mark.parametrize(
    ("statements", "words", "weeks", "where"),
    [((), "  ", "4", "commitment"), (("nonsense",), "", "4", "commitment"), (("iron",), "", "", "weeks"),
     (("iron",), "", "5", "weeks"), (("iron",), "", "4.0", "weeks")],
)  # fmt: skip
def test_nothing_promised_or_no_time_is_said_at_its_field(
    statements: tuple[str, ...], words: str, weeks: str, where: str
) -> None:
    with pytest.raises(InvalidValue) as caught:
        promise(statements, words, weeks, TODAY)
    assert caught.value.where == where


def test_an_outcome_is_yes_partly_or_no() -> None:
    assert outcome("partly", "  two  of three ") == Outcome("partly", "two of three")
    with pytest.raises(InvalidValue):
        outcome("maybe", "")


def test_a_commitment_is_due_from_its_day_until_its_outcome_is_told(log: Repository) -> None:
    code = sit(log, ANN).code
    keep(log, ANN, code, IRON, 0, AT)
    made = commitment_on(record_of(log, ANN.id), code)
    assert made is not None
    assert not made.due("2026-12-15")
    assert made.due("2026-12-16")
    assert made.due("2027-06-01")
    assert made.texts == (resolutions()["iron"].text,)
    keep(log, ANN, code, Outcome("no", "No kits."), made.last, AT + 30 * DAY)
    told = commitment_on(record_of(log, ANN.id), code)
    assert told is not None
    assert told.outcome == Outcome("no", "No kits.")
    assert not told.due("2027-06-01")


def test_a_new_promise_takes_the_place_of_the_old_and_asks_anew_and_the_old_line_stays(log: Repository) -> None:
    code = sit(log, ANN).code
    keep(log, ANN, code, IRON, 0, AT)
    keep(log, ANN, code, Outcome("yes", ""), last(log, code), AT + DAY)
    keep(log, ANN, code, Promise(("urge",), "", "2027-01-13"), last(log, code), AT + 2 * DAY)
    made = commitment_on(record_of(log, ANN.id), code)
    assert made is not None
    assert (made.promise.statements, made.outcome) == (("urge",), None)
    lines = log.events("learning", subject=f"commitment:{code}")
    assert [e.kind for e in lines] == ["committed", "followed_up", "committed"]


def last(log: Repository, code: str) -> int:
    found = commitment_on(record_of(log, ANN.id), code)
    return found.last if found else 0


def test_the_same_sent_twice_is_kept_once(log: Repository) -> None:
    code = sit(log, ANN).code
    keep(log, ANN, code, IRON, 0, AT)
    keep(log, ANN, code, IRON, 0, AT + 1)
    assert len(log.events("learning", subject=f"commitment:{code}")) == 1


def test_another_page_that_said_something_else_since_is_not_overwritten(log: Repository) -> None:
    code = sit(log, ANN).code
    keep(log, ANN, code, IRON, 0, AT)
    with pytest.raises(ChangedMeanwhile):
        keep(log, ANN, code, Promise(("urge",), "", "2026-12-16"), 0, AT + 1)
    made = commitment_on(record_of(log, ANN.id), code)
    assert made is not None
    assert made.promise == IRON


def test_commitments_are_of_ones_own(log: Repository) -> None:
    code = sit(log, ANN).code
    keep(log, ANN, code, IRON, 0, AT)
    assert len(commitments_of(record_of(log, ANN.id))) == 1
    assert commitments_of(record_of(log, BOB.id)) == ()


def test_statements_come_from_the_cases_and_first_from_those_that_were_wrong() -> None:
    cases = tuple(c.id for c in course())
    offered = resolutions_for(cases, frozenset({"msk_rhabdo_one_leg_02"}))
    assert {r.id for r in offered} == resolutions().keys()
    assert offered[0].id == "urine"
    assert [r.id for r in resolutions_for(("sim_acute_or_chronic_artery",))] == ["cold_foot"]
    assert resolutions_for(()) == ()
