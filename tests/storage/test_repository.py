"""Every store keeps the same promises; the one on disk also survives processes, older forms and deletion."""

from __future__ import annotations

import sqlite3
import stat
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from soleus.errors import ChangedMeanwhile, StorageError
from soleus.storage import Card, Event, Feedback, MemoryRepository, Repository, Saved, SqliteRepository
from soleus.storage.sqlite_file import migrations

KEPT = Saved(id="a", sealed=b"\x00sealed", saved_at=10.0, expires_at=20.0)
CARD = Card(uuid="u1", service="soleus-order-sign", kind="quinine", shown_at=1.0)
TAKEN = Feedback("ehr", "soleus-order-sign", "u1", "accepted", "2026-11-29T05:00:00Z", ("s1", "s2"))
LEFT = Feedback("ehr", "soleus-order-sign", "u2", "overridden", "2026-11-29T05:00:00Z", (), "known")


@pytest.fixture(params=["memory", "sqlite"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Repository]:
    made: Repository = MemoryRepository() if request.param == "memory" else SqliteRepository(tmp_path / "soleus.db")
    yield made
    made.close()


def test_what_is_saved_comes_back_and_a_second_saving_replaces_it(store: Repository) -> None:
    store.save(KEPT)
    assert store.saved("a") == KEPT
    store.save(Saved("a", b"new", 11.0, 21.0))
    assert store.saved("a") == Saved("a", b"new", 11.0, 21.0)
    assert store.saved("b") is None


def test_what_is_deleted_is_gone(store: Repository) -> None:
    store.save(KEPT)
    assert store.delete("a") is True
    assert store.saved("a") is None
    assert store.delete("a") is False


def test_the_end_belongs_to_what_has_expired(store: Repository) -> None:
    store.save(KEPT)
    assert store.forget(19.999) == 0
    assert store.forget(20.0) == 1
    assert store.saved("a") is None


def test_a_token_is_used_once_until_it_is_forgotten(store: Repository) -> None:
    assert store.first_use("ehr", "t", 100.0) is True
    assert store.first_use("ehr", "t", 100.0) is False
    assert store.first_use("other", "t", 100.0) is True
    store.forget(100.0)
    assert store.first_use("ehr", "t", 200.0) is True


def test_feedback_is_kept_once_with_the_kind_of_its_card(store: Repository) -> None:
    store.keep_cards((CARD, CARD))
    assert store.keep_feedback((TAKEN, LEFT)) == 2
    assert store.keep_feedback((TAKEN,)) == 0
    assert store.feedback() == ((TAKEN, "quinine"), (LEFT, None))
    assert store.cards_shown() == {("soleus-order-sign", "quinine"): 1}


def test_events_come_back_in_their_order_by_topic_subject_and_author(store: Repository) -> None:
    one = store.append(Event("review", "fact:a", "approve", "ann", 1.0, {"comment": "ä"}))
    two = store.append(Event("review", "fact:b", "approve", "bob", 2.0))
    other = store.append(Event("learning", "fact:a", "answer", "ann", 3.0))
    assert 0 < one.number < two.number < other.number
    assert one.body == {"comment": "ä"}
    assert store.events("review") == (one, two)
    assert store.events("review", subject="fact:b") == (two,)
    assert store.events("review", author="ann") == (one,)
    assert store.events("review", since=one.number) == (two,)


def test_an_event_that_has_not_seen_the_last_one_is_refused_and_nothing_is_lost(store: Repository) -> None:
    first = store.append(Event("review", "fact:a", "comment", "ann", 1.0), after=0)
    with pytest.raises(ChangedMeanwhile):
        store.append(Event("review", "fact:a", "comment", "bob", 2.0), after=0)
    second = store.append(Event("review", "fact:a", "comment", "bob", 2.0), after=first.number)
    assert store.events("review") == (first, second)


def test_what_somebody_did_is_erased_and_its_number_never_used_again(store: Repository) -> None:
    gone = store.append(Event("learning", "case", "answer", "ann", 1.0))
    assert store.erase("learning", "ann") == 1
    assert store.erase("learning", "ann") == 0
    assert store.append(Event("learning", "case", "answer", "bob", 2.0)).number > gone.number


def test_a_database_of_every_version_before_is_brought_up_to_date(tmp_path: Path) -> None:
    steps = migrations()
    assert [n for n, _ in steps] == list(range(1, len(steps) + 1))
    for newest in range(len(steps)):
        path = tmp_path / f"{newest}.db"
        old = sqlite3.connect(path)
        for number, sql in steps[:newest]:
            old.executescript(sql)
            old.execute(f"PRAGMA user_version = {number}")
        if newest >= 1:
            old.execute("INSERT INTO saved VALUES ('a', x'007365616c6564', 10.0, 20.0)")
        old.commit()
        old.close()
        store = SqliteRepository(path)
        assert store.saved("a") == (KEPT if newest >= 1 else None)
        assert store.keep_feedback((TAKEN,)) == 1
        store.close()


def test_a_database_of_a_later_version_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "soleus.db"
    SqliteRepository(path).close()
    later = sqlite3.connect(path)
    later.execute("PRAGMA user_version = 999")
    later.close()
    with pytest.raises(StorageError, match="form 999"):
        SqliteRepository(path)


def test_the_file_is_for_its_owner_alone(tmp_path: Path) -> None:
    path = tmp_path / "data" / "soleus.db"
    SqliteRepository(path).close()
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700


def test_deleted_bytes_are_in_no_file(tmp_path: Path) -> None:
    store = SqliteRepository(tmp_path / "soleus.db")
    mark = b"MARKED-BYTES-OF-SOMEBODY" * 50
    store.save(Saved("a", mark, 10.0, 20.0))
    assert any(mark[:24] in f.read_bytes() for f in tmp_path.iterdir())
    store.delete("a")
    assert not any(mark[:24] in f.read_bytes() for f in tmp_path.iterdir())
    store.close()


def test_a_file_that_is_no_database_is_an_error_without_a_traceback(tmp_path: Path) -> None:
    path = tmp_path / "soleus.db"
    path.write_bytes(b"not a database at all" * 100)
    with pytest.raises(StorageError, match="SQLITE_NOTADB"):
        SqliteRepository(path)


def test_half_of_a_transaction_is_none(tmp_path: Path) -> None:
    store = SqliteRepository(tmp_path / "soleus.db")
    broken = Feedback("ehr", "s", "u", "lost", "2026", ())  # type: ignore[arg-type]
    with pytest.raises(StorageError, match="SQLITE_CONSTRAINT_CHECK"):
        store.keep_feedback((TAKEN, broken))
    assert store.feedback() == ()
    store.close()


USE = """
import sys
from pathlib import Path
from soleus.storage import SqliteRepository
store = SqliteRepository(Path(sys.argv[1]))
print(sum(store.first_use("ehr", f"t{n}", 1e12) for n in range(50)))
"""


def test_of_several_processes_only_one_uses_a_token_first(tmp_path: Path) -> None:
    words = [sys.executable, "-c", USE, str(tmp_path / "soleus.db")]
    runs = [subprocess.Popen(words, stdout=subprocess.PIPE, text=True) for _ in range(3)]
    told = [run.communicate(timeout=120)[0] for run in runs]
    assert sum(map(int, told)) == 50


OPEN = """
import sys
from pathlib import Path
from soleus.storage import SqliteRepository
folder = Path(sys.argv[1])
(folder / sys.argv[2]).touch()
while len(list(folder.glob("ready*"))) < 3:
    pass
for n in range(60):
    SqliteRepository(folder / f"{n}.db").close()
print("all")
"""


def test_several_processes_may_begin_the_same_file(tmp_path: Path) -> None:
    """As a service of several workers does when it first starts."""
    runs = [
        subprocess.Popen([sys.executable, "-c", OPEN, str(tmp_path), f"ready{n}"], stdout=subprocess.PIPE, text=True)
        for n in range(3)
    ]
    assert [run.communicate(timeout=120)[0] for run in runs] == ["all\n"] * 3


class Refusing(sqlite3.Connection):
    """As SQLite answers one of two that turn a new file to the write-ahead log in the same moment: at once."""

    refusals = 3

    def execute(self, sql: str, *values: Any) -> sqlite3.Cursor:
        if "journal_mode" in sql and Refusing.refusals:
            Refusing.refusals -= 1
            error = sqlite3.OperationalError("database is locked")
            error.sqlite_errorcode = sqlite3.SQLITE_BUSY_RECOVERY
            raise error
        return super().execute(sql, *values)


def test_a_file_that_another_one_begins_is_waited_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    plain = sqlite3.connect
    monkeypatch.setattr(sqlite3, "connect", lambda *args, **named: plain(*args, factory=Refusing, **named))
    store = SqliteRepository(tmp_path / "soleus.db")
    assert Refusing.refusals == 0
    store.check()
    store.close()
