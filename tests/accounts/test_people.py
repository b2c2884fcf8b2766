"""Accounts, invitations and groups as administrators make them; what the audit log takes and what it does not."""

from __future__ import annotations

import threading
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from soleus.accounts import Visitor, audit
from soleus.accounts.identities import Identity
from soleus.accounts.names import email_of, name_of
from soleus.accounts.people import People
from soleus.accounts.service import Accounts
from soleus.errors import ChangedMeanwhile, InvalidValue, NotAllowed, UnknownName
from soleus.storage import MemoryRepository
from tests.accounts.people import ANOTHER, PASSWORD, Clock, accounts, made

ROOT = Visitor("root-id", "Root", frozenset({"administrator"}))


@pytest.fixture
def found() -> Accounts:
    return accounts()


@pytest.mark.parametrize("name", ["", " ", "x", "a@b", "x" * 61, "a\x00b", "a\u202eb", "--", "a\nb\u200b"])
def test_a_name_that_cannot_be_is_refused(name: str) -> None:
    with pytest.raises(InvalidValue, match="name"):
        name_of(name)


@given(st.text(max_size=80))
def test_a_name_that_is_taken_over_can_be_shown(text: str) -> None:
    try:
        name = name_of(text)
    except InvalidValue:
        return
    assert 2 <= len(name) <= 60
    assert name == name.strip()
    assert name.isprintable()
    assert name_of(name) == name


@pytest.mark.parametrize("email", ["a", "a@", "@b", "a b@c", "a@b@c", "<a@b>", "a@b,c@d", "a@b\n", "a@" + "b" * 255])
def test_an_address_that_cannot_be_is_refused(email: str) -> None:
    if email.strip() == email:
        with pytest.raises(InvalidValue, match="email"):
            email_of(email)
    else:
        assert email_of(email) == "a@b"


def test_no_address_is_none() -> None:
    assert email_of(None) is None
    assert email_of("  ") is None
    assert email_of(" ann@x.example ") == "ann@x.example"


def test_an_account_without_roles_named_reads_and_learns(found: Accounts) -> None:
    assert found.people.add("Ann Example", None, (), PASSWORD, who="command-line").roles == {"reader", "learner"}
    with pytest.raises(InvalidValue, match="a role that is none"):
        found.people.add("Bob Example", None, ("emperor",), PASSWORD, who="command-line")


def test_what_could_not_be_done_leaves_no_line_in_the_audit_log(found: Accounts) -> None:
    made(found)
    before = audit.entries(found.people.store)
    for act in (
        lambda: made(found),
        lambda: found.people.add("Bob", None, (), "short", who="x"),
        lambda: found.people.grant("none", "reader", who="x"),
        lambda: found.institutions.add("a", "Clinic", "2026-02-30", "2026-12-31", who="x"),
        lambda: found.institutions.join("none", "none", "member", who="x"),
        lambda: found.people.invite(who="x", institution="none"),
    ):
        with pytest.raises((InvalidValue, UnknownName)):
            act()
    assert audit.entries(found.people.store) == before
    assert not found.people.grant(found.people.named("Ann Example").id, "reader", who="x")
    assert audit.entries(found.people.store) == before


def test_an_account_whose_line_of_the_log_is_not_kept_is_not_kept_either(monkeypatch: Any) -> None:
    store = MemoryRepository()

    def broken(*_: Any, **__: Any) -> None:
        raise OSError

    monkeypatch.setattr(store, "append", broken)
    with pytest.raises(OSError):  # noqa: PT011
        made(accounts(store))
    assert store.accounts() == ()


def test_two_who_accept_one_invitation_make_one_account(found: Accounts) -> None:
    link = found.people.invite(who=ROOT, roles=["reader"])
    outcomes: list[str] = []

    def accept(name: str) -> None:
        try:
            outcomes.append(found.people.accept(link.secret, name, PASSWORD).name)
        except UnknownName:
            outcomes.append("gone")

    both = [threading.Thread(target=accept, args=(name,)) for name in ("Ann Example", "Bob Example")]
    for one in both:
        one.start()
    for one in both:
        one.join()
    assert sorted(outcomes)[1] == "gone"
    assert len(found.people.store.accounts()) == 1


def test_who_saw_an_invitation_that_another_used_since_makes_no_account(found: Accounts, monkeypatch: Any) -> None:
    link = found.people.invite(who=ROOT, roles=["reader"])
    seen = found.people.invitation(link.secret)
    found.people.accept(link.secret, "Ann Example", PASSWORD)
    monkeypatch.setattr(People, "invitation", lambda *_: seen)
    with pytest.raises(UnknownName):
        found.people.accept(link.secret, "Bob Example", PASSWORD)
    assert [a.name for a in found.people.store.accounts()] == ["Ann Example"]


def test_an_invitation_for_an_address_that_has_an_account_is_refused(found: Accounts) -> None:
    made(found, email="ann@x.example")
    with pytest.raises(InvalidValue, match="taken"):
        found.people.invite(who=ROOT, email="ANN@x.example")


def test_a_link_for_a_password_dies_with_its_account(found: Accounts) -> None:
    account = made(found)
    link = found.people.password_link(account.id, who=ROOT)
    found.people.delete(account.id, who=ROOT)
    with pytest.raises(UnknownName):
        found.people.accept(link.secret, "", ANOTHER)


def test_nobody_locks_or_deletes_the_account_they_are_signed_in_to(found: Accounts) -> None:
    account = made(found, roles=["administrator"])
    oneself = found.sessions.shown(account)
    for act in (
        lambda: found.people.lock(account.id, who=oneself),
        lambda: found.people.delete(account.id, who=oneself),
        lambda: found.people.withdraw(account.id, "administrator", who=oneself),
    ):
        with pytest.raises(NotAllowed):
            act()
    assert found.people.found(account.id) == account
    assert found.people.withdraw(account.id, "administrator", who="command-line")


@pytest.mark.parametrize(
    ("id", "first", "last"),
    [
        ("Clinic", "2026-01-01", "2026-12-31"),
        ("-a", "2026-01-01", "2026-12-31"),
        ("", "2026-01-01", "2026-12-31"),
        ("a" * 41, "2026-01-01", "2026-12-31"),
        ("a", "2026-1-1", "2026-12-31"),
        ("a", "2026-12-31", "2026-01-01"),
        ("a", "20260101", "2026-12-31"),
        ("a", "2026-01-01", "2026-W53-1"),
        ("a", "2026-02-29", "2026-12-31"),
    ],
)
def test_a_licence_that_cannot_be_is_refused(found: Accounts, id: str, first: str, last: str) -> None:
    with pytest.raises(InvalidValue):
        found.institutions.add(id, "Clinic", first, last, who="command-line")
    assert found.people.store.institutions() == ()


def test_of_two_who_change_a_licence_the_later_one_is_told(found: Accounts) -> None:
    seen = found.institutions.add("clinic", "Clinic", "2026-01-01", "2026-12-31", who="command-line")
    found.institutions.change(seen, name="Clinic", from_day="2026-01-01", last_day="2027-12-31", who="command-line")
    with pytest.raises(ChangedMeanwhile):
        found.institutions.change(seen, name="Klinik", from_day="2026-01-01", last_day="2026-12-31", who=ROOT)
    assert found.institutions.named("clinic").last_day == "2027-12-31"


def test_members_are_told_by_group_licensed_or_not(found: Accounts) -> None:
    account = made(found)
    found.institutions.add("clinic", "Clinic", "2020-01-01", "2020-12-31", who="command-line")
    found.institutions.join("clinic", account.id, "member", who="command-line")
    assert [m.account for m in found.institutions.members("clinic")] == [account.id]
    assert not found.institutions.licensed("clinic")
    assert not found.institutions.licensed("none")


def test_an_account_without_a_password_is_deleted_within_minutes_of_a_sign_in() -> None:
    clock = Clock()
    found = accounts(clock=clock)
    account = found.identities.account_of(Identity("https://issuer", "sub", "Ann Example"), create=True)
    cookie = found.sessions.begin(account, "x")
    visitor = found.visitor(cookie)
    assert visitor is not None
    clock.pass_(minutes=10, seconds=1)
    with pytest.raises(NotAllowed, match="some time ago"):
        found.own.delete(visitor, cookie, "")
    with pytest.raises(NotAllowed):
        found.own.delete(visitor, None, "")
    cookie = found.sessions.begin(account, "x")
    found.own.delete(visitor, cookie, "")
    assert found.people.store.accounts() == ()


# --- the audit log ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("who", "what", "subject", "more"),
    [
        ("a", "Typed text", "b", {}),
        ("a", "did", "a subject with blanks", {}),
        ("a name", "did", "b", {}),
        ("a", "did", "b", {"with": "words of somebody"}),
        ("a", "did", "", {}),
        ("a", "x" * 41, "b", {}),
        ("a", "did", "b" * 201, {}),
        ("a", "did", "b\n", {}),
    ],
)
def test_the_audit_log_takes_no_text(who: str, what: str, subject: str, more: dict[str, str]) -> None:
    store = MemoryRepository()
    with pytest.raises(ValueError, match="ids and words of our own"):
        audit.note(store, who, what, subject, 1.0, **more)
    assert store.events("audit") == ()


def test_a_line_holds_who_what_subject_and_when() -> None:
    store = MemoryRepository()
    line = audit.note(store, ROOT, "review_approved", "cause:diuretic.x-1", 5.0, version="2026.11")
    assert (line.author, line.kind, line.subject, line.at) == ("root-id", "review_approved", "cause:diuretic.x-1", 5.0)
    assert line.body == {"version": "2026.11"}
    assert "Root" not in repr(line)


def test_lines_about_somebody_are_those_they_wrote_and_those_about_them_newest_first() -> None:
    store = MemoryRepository()
    for who, subject in (("a", "b"), ("b", "a"), ("a", "a"), ("c", "c")):
        audit.note(store, who, "did", subject, 1.0)
    assert [e.number for e in audit.entries(store, about="a")] == [3, 2, 1]
    assert [e.number for e in audit.entries(store)] == [4, 3, 2, 1]
