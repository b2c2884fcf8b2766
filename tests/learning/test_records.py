"""What is kept of a learner: every line, in order, once; nothing of two tabs or of a process that dies is lost."""

from __future__ import annotations

import json
import random
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from soleus.errors import InvalidValue
from soleus.learning.codes import new_code
from soleus.learning.records import (
    TOPIC,
    Answered,
    Asked,
    keep_answer,
    keep_asked,
    keep_named,
    keep_paper,
    paper_of,
    record_of,
)
from soleus.storage import MemoryRepository, Repository, SqliteRepository
from tests.learning.people import ANN, AT, BOB, CRAMP, DAY, KNOWLEDGE, RESTLESS, answer, given, paper, sit


@pytest.fixture(params=["memory", "sqlite"])
def log(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Repository]:
    store: Repository = MemoryRepository() if request.param == "memory" else SqliteRepository(tmp_path / "soleus.db")
    yield store
    store.close()


def test_everything_comes_back_as_it_was_kept_with_its_knowledge(log: Repository) -> None:
    code, body = new_code(), Answered(given(CRAMP, True, 90), KNOWLEDGE)
    keep_answer(log, ANN, code, body, AT)
    kept = sit(log, ANN, right=6, at=AT + 1)
    keep_asked(log, ANN, new_code(), Asked(CRAMP, None, 0.0, 0.3), AT + 2)
    found = record_of(log, ANN.id)
    assert [(a.code, a.at, a.what) for a in found.answers] == [(code, AT, body)]
    assert found.quizzes == (kept,)
    assert kept.what == paper(right=6)
    assert [q.what.regret for q in found.questions] == [0.3 - 0.0]


def test_a_form_that_is_sent_twice_counts_once_and_the_first_counts(log: Repository) -> None:
    code = new_code()
    first = keep_answer(log, ANN, code, Answered(given(CRAMP, False), KNOWLEDGE), AT)
    again = keep_answer(log, ANN, code, Answered(given(CRAMP, True), KNOWLEDGE), AT + 5)
    assert again == first
    assert len(record_of(log, ANN.id).answers) == 1
    code = new_code()
    one, two = (keep_paper(log, ANN, code, paper(right=n), AT) for n in (5, 10))
    assert one == two
    assert two.what.score.right == 5


def test_nobody_writes_under_a_code_of_somebody_else(log: Repository) -> None:
    kept = sit(log, BOB)
    with pytest.raises(InvalidValue):
        keep_paper(log, ANN, kept.code, paper(), AT)
    assert record_of(log, ANN.id).events == ()
    assert paper_of(log, kept.code) == (BOB.id, kept)


def test_an_answer_and_a_quiz_may_bear_the_same_code(log: Repository) -> None:
    code = new_code()
    keep_answer(log, ANN, code, Answered(given(CRAMP), KNOWLEDGE), AT)
    keep_paper(log, ANN, code, paper(), AT)
    assert len(record_of(log, ANN.id).answers) == len(record_of(log, ANN.id).quizzes) == 1


def test_the_first_answer_to_a_case_is_told_from_later_ones_across_course_and_quiz(log: Repository) -> None:
    answer(log, ANN, CRAMP, right=False, at=AT)
    kept = sit(log, ANN, at=AT + DAY)
    inside = kept.what.given[0].case
    answer(log, ANN, inside, right=False, at=AT + 2 * DAY)
    answer(log, ANN, CRAMP, right=True, at=AT + 3 * DAY)
    found = record_of(log, ANN.id)
    assert found.first_given[CRAMP] == (AT, given(CRAMP, False))
    assert found.last_given[CRAMP] == given(CRAMP, True)
    assert found.first_given[inside] == (AT + DAY, kept.what.given[0])
    assert not found.last_given[inside].right
    assert len(found.given) == 1 + 10 + 1 + 1
    assert [at for at, _ in found.given] == sorted(at for at, _ in found.given)


def test_best_and_last_quiz_and_of_equal_ones_the_later_is_best(log: Repository) -> None:
    assert record_of(log, ANN.id).best_quiz is None
    first, second, third = (sit(log, ANN, right, seed, AT + seed) for seed, right in enumerate((9, 9, 4)))
    found = record_of(log, ANN.id)
    assert found.quizzes == (first, second, third)
    assert found.best_quiz == second
    assert found.last_quiz == third


def test_a_name_is_hidden_until_its_owner_says_otherwise_and_again(log: Repository) -> None:
    assert not record_of(log, ANN.id).named
    keep_named(log, ANN, True, AT)
    assert record_of(log, ANN.id).named
    assert not record_of(log, BOB.id).named
    keep_named(log, ANN, False, AT + 1)
    assert not record_of(log, ANN.id).named


def test_what_others_did_is_not_in_a_record_and_deletion_takes_all_of_one(log: Repository) -> None:
    answer(log, ANN)
    sit(log, ANN)
    answer(log, BOB, RESTLESS)
    assert set(record_of(log, BOB.id).first_given) == {RESTLESS}
    assert log.erase(TOPIC, ANN.id) == 2
    assert record_of(log, ANN.id).events == ()
    assert set(record_of(log, BOB.id).first_given) == {RESTLESS}


def together(*acts: Callable[[], object]) -> None:
    """All at once."""
    gate = threading.Barrier(len(acts))

    def run(act: Callable[[], object]) -> None:
        gate.wait()
        act()

    threads = [threading.Thread(target=run, args=(act,)) for act in acts]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def test_two_tabs_that_send_at_once_lose_nothing(log: Repository) -> None:
    for n in range(10):
        together(
            lambda n=n: sit(log, ANN, right=n, seed=n),  # type: ignore[misc]
            lambda n=n: sit(log, ANN, right=n, seed=100 + n),  # type: ignore[misc]
        )
    found = record_of(log, ANN.id).quizzes
    assert {q.what.quiz for q in found} == {f"mixed-{n}" for n in (*range(10), *range(100, 110))}


def test_the_same_form_sent_by_two_tabs_at_once_is_kept_once(log: Repository) -> None:
    codes = [new_code() for _ in range(10)]
    for code in codes:
        body = Answered(given(CRAMP), KNOWLEDGE)
        together(*[lambda code=code, body=body: keep_answer(log, ANN, code, body, AT)] * 3)
    assert [a.code for a in record_of(log, ANN.id).answers] == codes


# --- a process that is killed -----------------------------------------------------------------------------------------

WORK = """
import sys
from pathlib import Path
from soleus.storage import SqliteRepository
from tests.learning.people import ANN, answer, sit
log = SqliteRepository(Path(sys.argv[1]))
while True:
    print(answer(log, ANN).code, flush=True)
    print(sit(log, ANN).code, flush=True)
"""


def test_what_was_acknowledged_is_kept_when_the_process_is_killed(tmp_path: Path, root: Path) -> None:
    path, chance = tmp_path / "soleus.db", random.Random(1)
    SqliteRepository(path).close()
    told: list[str] = []
    for _ in range(4):
        process = subprocess.Popen([sys.executable, "-c", WORK, str(path)], stdout=subprocess.PIPE, text=True, cwd=root)
        assert process.stdout is not None
        told.append(process.stdout.readline().strip())
        time.sleep(chance.uniform(0.02, 0.3))
        process.send_signal(signal.SIGKILL)
        told += [line.strip() for line in process.communicate()[0].splitlines(keepends=True) if line.endswith("\n")]
    log = SqliteRepository(path)
    found = record_of(log, ANN.id)
    kept = [a.code for a in found.answers] + [q.code for q in found.quizzes]
    assert len(told) > 8
    assert set(told) <= set(kept)
    assert len(kept) == len(set(kept)) <= len(told) + 4
    assert all(json.dumps(e.body) for e in found.events)
    log.close()
