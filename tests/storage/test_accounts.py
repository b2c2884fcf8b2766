"""Accounts in every store: what is taken, what goes with an account, what is kept together."""

from __future__ import annotations

import subprocess
import sys
import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from soleus.errors import ChangedMeanwhile
from soleus.storage import (
    Account,
    Attempts,
    Event,
    Institution,
    Invitation,
    Member,
    MemoryRepository,
    Repository,
    Session,
    SqliteRepository,
)
from soleus.storage.accounts import folded

ANN = Account("a1", "Ann Example", "ann@x.example", frozenset({"reader", "reviewer"}), False, 1.0)
BOB = Account("b1", "Bob Example", None, frozenset(), False, 2.0)
CLINIC = Institution("clinic", "Clinic", "2026-01-01", "2026-12-31")
SESSION = Session("s1", "a1", "Firefox on Linux", 10.0, 10.0, 100.0)
INVITATION = Invitation("i1", "root", 10.0, 100.0, None, "eve@x.example", frozenset({"reader"}), "clinic", "instructor")


@pytest.fixture(params=["memory", "sqlite"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Repository]:
    made: Repository = MemoryRepository() if request.param == "memory" else SqliteRepository(tmp_path / "soleus.db")
    assert made.add_account(ANN, "hash-of-ann")
    assert made.add_institution(CLINIC)
    yield made
    made.close()


def test_an_account_comes_back_by_id_name_and_address_in_any_spelling(store: Repository) -> None:
    assert store.account("a1") == ANN
    for word in ("Ann Example", "  ann   EXAMPLE ", "ANN@X.example", "Ａｎｎ Example"):
        assert store.account_named(word) == ANN
    assert store.account_named("ann") is None
    assert store.account_named("") is None
    assert store.password("a1") == "hash-of-ann"
    assert store.password("none") is None


def test_no_two_accounts_have_a_name_or_address_in_common(store: Repository) -> None:
    assert not store.add_account(replace(BOB, name="ann  example"), None)
    assert not store.add_account(replace(BOB, email="Ann@X.Example"), None)
    assert not store.add_account(replace(BOB, id="a1"), None)
    assert store.accounts() == (ANN,)
    assert store.add_account(BOB, None)
    assert not store.rename("b1", "ANN EXAMPLE")
    assert not store.set_email("b1", "ANN@x.example")
    assert store.account("b1") == BOB


def test_accounts_without_an_address_do_not_meet(store: Repository) -> None:
    assert store.add_account(BOB, None)
    assert store.add_account(replace(BOB, id="c1", name="Cat Example"), None)
    assert store.set_email("a1", None)
    assert [a.name for a in store.accounts()] == ["Ann Example", "Bob Example", "Cat Example"]


def test_one_may_change_the_spelling_of_ones_own_name(store: Repository) -> None:
    assert store.rename("a1", "ANN Example")
    assert store.set_email("a1", "Ann@x.example")
    assert store.account("a1") == replace(ANN, name="ANN Example", email="Ann@x.example")
    assert not store.rename("none", "Somebody")
    assert not store.set_email("none", "some@x.example")


def test_each_field_is_changed_by_itself(store: Repository) -> None:
    assert store.grant("a1", "learner")
    assert not store.grant("a1", "learner")
    assert store.withdraw("a1", "reader")
    assert not store.withdraw("a1", "reader")
    assert store.set_locked("a1", True)
    assert not store.set_locked("a1", True)
    store.set_password("a1", "another")
    assert store.account("a1") == replace(ANN, roles=frozenset({"learner", "reviewer"}), locked=True)
    assert store.password("a1") == "another"


def test_all_that_belongs_to_an_account_goes_with_it(store: Repository) -> None:
    store.begin_session(SESSION)
    store.join(Member("clinic", "a1", "member"))
    store.link("https://issuer", "sub", "a1")
    store.invite(replace(INVITATION, id="i2", account="a1"))
    store.invite(INVITATION)
    assert store.remove_account("a1")
    assert not store.remove_account("a1")
    assert store.account("a1") is None
    assert store.session("s1") is None
    assert store.members() == ()
    assert store.linked("https://issuer", "sub") is None
    assert [i.id for i in store.invitations()] == ["i1"]
    assert store.add_account(replace(ANN, id="a2"), None)


def test_an_identity_leads_to_one_account_and_an_account_has_one_of_each_issuer(store: Repository) -> None:
    store.add_account(BOB, None)
    assert store.link("https://issuer", "sub", "a1")
    assert not store.link("https://issuer", "sub", "b1")
    assert not store.link("https://issuer", "other", "a1")
    assert store.link("https://second", "sub", "a1")
    assert store.linked("https://issuer", "sub") == "a1"
    assert store.linked("https://issuer", "other") is None


def test_sessions_are_listed_with_the_latest_use_first_and_ended(store: Repository) -> None:
    for n, seen in (("s1", 10.0), ("s2", 30.0), ("s3", 20.0)):
        store.begin_session(replace(SESSION, id=n, seen_at=seen))
    assert [s.id for s in store.sessions("a1")] == ["s2", "s3", "s1"]
    store.seen("s1", 40.0, 140.0)
    assert store.session("s1") == replace(SESSION, seen_at=40.0, until=140.0)
    assert store.end_session("s2")
    assert not store.end_session("s2")
    assert store.end_sessions("a1", but="s1") == 1
    assert [s.id for s in store.sessions("a1")] == ["s1"]
    assert store.end_sessions("a1") == 1


def test_an_invitation_is_used_once(store: Repository) -> None:
    store.invite(INVITATION)
    store.invite(replace(INVITATION, id="i2", made_at=20.0, roles=frozenset(), institution=None))
    assert [i.id for i in store.invitations()] == ["i2", "i1"]
    assert store.invitation("i1") == INVITATION
    assert store.use_invitation("i1")
    assert not store.use_invitation("i1")
    assert store.invitation("i1") is None


def test_members_are_found_by_group_and_by_account(store: Repository) -> None:
    store.add_account(BOB, None)
    store.add_institution(replace(CLINIC, id="ward"))
    store.join(Member("ward", "a1", "member"))
    store.join(Member("clinic", "a1", "member"))
    store.join(Member("clinic", "b1", "member"))
    store.join(Member("clinic", "b1", "instructor"))
    assert store.members(institution="clinic") == (
        Member("clinic", "a1", "member"),
        Member("clinic", "b1", "instructor"),
    )
    assert [m.institution for m in store.members(account="a1")] == ["clinic", "ward"]
    assert store.leave("clinic", "b1")
    assert not store.leave("clinic", "b1")
    assert store.remove_institution("ward")
    assert [m.institution for m in store.members()] == ["clinic"]


def test_a_licence_is_changed_only_by_somebody_who_saw_the_present_one(store: Repository) -> None:
    longer = replace(CLINIC, last_day="2027-12-31")
    store.change_institution(CLINIC, longer)
    with pytest.raises(ChangedMeanwhile):
        store.change_institution(CLINIC, replace(CLINIC, name="Klinik"))
    assert store.institutions() == (longer,)
    assert not store.add_institution(CLINIC)


def test_a_licence_includes_its_first_and_its_last_day() -> None:
    days = ("2025-12-31", "2026-01-01", "2026-12-31", "2027-01-01")
    assert [CLINIC.licensed(day) for day in days] == [False, True, True, False]


def test_failures_are_kept_until_they_are_forgotten(store: Repository) -> None:
    assert store.attempts("k") is None
    store.set_attempts(Attempts("k", 3, 10.0, 20.0))
    store.set_attempts(Attempts("k", 4, 11.0, 21.0))
    assert store.attempts("k") == Attempts("k", 4, 11.0, 21.0)
    store.forget_attempts("k")
    assert store.attempts("k") is None


def test_what_is_over_is_forgotten(store: Repository) -> None:
    store.begin_session(SESSION)
    store.invite(INVITATION)
    store.set_attempts(Attempts("k", 3, 10.0, 100.0))
    store.forget(99.9)
    assert store.session("s1") == SESSION
    store.forget(100.0)
    assert (store.session("s1"), store.invitation("i1"), store.attempts("k")) == (None, None, None)


def test_what_is_done_together_is_kept_whole_or_not_at_all(store: Repository) -> None:
    with store.together():
        store.grant("a1", "learner")
        store.append(Event("audit", "a1", "role_granted", "root", 1.0))
    with pytest.raises(ZeroDivisionError), store.together():  # noqa: PT012
        store.withdraw("a1", "learner")
        store.append(Event("audit", "a1", "role_withdrawn", "root", 2.0))
        store.erase("audit", "root")
        raise ZeroDivisionError
    assert "learner" in store.account("a1").roles  # type: ignore[union-attr]
    assert [e.kind for e in store.events("audit")] == ["role_granted"]


def test_what_is_erased_together_with_more_is_in_no_file(tmp_path: Path) -> None:
    store = SqliteRepository(tmp_path / "soleus.db")
    mark = "MARKED-NAME-OF-SOMEBODY"
    store.add_account(replace(ANN, name=mark), "hash")
    with store.together():
        store.remove_account("a1")
        store.erase("learning", "a1")
        store.append(Event("audit", "a1", "account_deleted", "a1", 1.0))
    assert not any(mark.encode() in f.read_bytes() for f in tmp_path.iterdir())
    store.close()


def test_roles_given_by_two_at_once_are_both_kept(store: Repository) -> None:
    roles = [f"role-{n}" for n in range(40)]
    halves = [
        threading.Thread(target=lambda part=part: [store.grant("a1", r) for r in part])
        for part in (roles[::2], roles[1::2])
    ]
    for half in halves:
        half.start()
    for half in halves:
        half.join()
    assert store.account("a1").roles == ANN.roles | set(roles)  # type: ignore[union-attr]


USE = """
import sys
from pathlib import Path
from soleus.storage import SqliteRepository
store = SqliteRepository(Path(sys.argv[1]))
print(sum(store.use_invitation(f"i{n}") for n in range(50)))
"""


def test_of_several_processes_only_one_uses_an_invitation(tmp_path: Path) -> None:
    store = SqliteRepository(tmp_path / "soleus.db")
    for n in range(50):
        store.invite(replace(INVITATION, id=f"i{n}", institution=None))
    words = [sys.executable, "-c", USE, str(tmp_path / "soleus.db")]
    runs = [subprocess.Popen(words, stdout=subprocess.PIPE, text=True) for _ in range(3)]
    told = [run.communicate(timeout=120)[0] for run in runs]
    assert sum(map(int, told)) == 50
    store.close()


@given(st.text(max_size=30))
def test_a_folded_name_is_folded_already(text: str) -> None:
    assert folded(folded(text)) == folded(text)
    assert folded(f"  {text.upper()} ") == folded(text.upper())
