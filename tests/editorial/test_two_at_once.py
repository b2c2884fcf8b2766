"""Several reviewers at one record: nothing is lost, nobody decides unseen, and death loses nothing acknowledged."""

from __future__ import annotations

import random
import signal
import subprocess
import sys
import time
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from soleus.editorial.standing import standing, statuses
from soleus.storage import Event, SqliteRepository
from tests.editorial.people import ID, KIND, base
from tests.editorial.working import work

Kept = tuple[int, str, int]
DEEDS = 60


def kept_in(store: SqliteRepository) -> dict[int, Event]:
    return {e.number: e for topic in ("review", "proposal") for e in store.events(topic)}


def check(store: SqliteRepository, acknowledged: Iterable[Kept]) -> None:
    """All that was acknowledged is there, and every act but a comment came right after what its author had seen."""
    found = kept_in(store)
    for number, kind, seen in acknowledged:
        assert found[number].kind == kind
        if kind not in ("comment", "proposed"):
            before = [n for n, e in found.items() if n < number and e.topic == "review"]
            assert max(before, default=0) == seen


def test_two_threads_lose_nothing_and_decide_nothing_unseen(tmp_path: Path) -> None:
    store = SqliteRepository(tmp_path / "soleus.db")
    with ThreadPoolExecutor(2) as pool:
        one, two = (pool.submit(work, store, name, DEEDS, n) for n, name in enumerate(("One", "Two")))
        every = [*one.result(), *two.result()]
    assert len(kept_in(store)) == len(every) >= 2 * DEEDS
    check(store, every)
    assert statuses(store, base()).get((KIND, ID), "submitted") == standing(store, base(), KIND, ID).status
    store.close()


def started(path: Path, name: str, deeds: int, seed: int, cwd: Path) -> subprocess.Popen[str]:
    words = [sys.executable, "-m", "tests.editorial.working", str(path), name, str(deeds), str(seed)]
    return subprocess.Popen(words, stdout=subprocess.PIPE, text=True, cwd=cwd)


def told(output: str) -> list[Kept]:
    """The lines that came out whole."""
    lines = [line.split() for line in output.splitlines(keepends=True) if line.endswith("\n")]
    return [(int(number), kind, int(seen)) for number, kind, seen in lines]


def test_two_processes_lose_nothing_and_decide_nothing_unseen(tmp_path: Path, root: Path) -> None:
    path = tmp_path / "soleus.db"
    runs = [started(path, name, DEEDS, n, root) for n, name in enumerate(("One", "Two"))]
    every = [line for run in runs for line in told(run.communicate(timeout=300)[0])]
    store = SqliteRepository(path)
    assert len(kept_in(store)) == len(every) >= 2 * DEEDS
    check(store, every)
    store.close()


def test_nothing_acknowledged_is_lost_when_a_reviewers_process_is_killed(tmp_path: Path, root: Path) -> None:
    """Killed at any moment, while another one works on: what was printed had been acknowledged."""
    path, chance, every = tmp_path / "soleus.db", random.Random(1), list[Kept]()
    steady = started(path, "Steady", 80, 99, root)
    for turn in range(4):
        doomed = started(path, f"Doomed{turn}", 10_000, turn, root)
        assert doomed.stdout is not None
        first = doomed.stdout.readline()
        time.sleep(chance.uniform(0.0, 0.3))
        doomed.send_signal(signal.SIGKILL)
        every += told(first + doomed.communicate(timeout=60)[0])
    every += told(steady.communicate(timeout=300)[0])
    store = SqliteRepository(path)
    assert len(every) > 84
    check(store, every)
    store.close()
