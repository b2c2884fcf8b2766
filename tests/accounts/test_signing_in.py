"""Signing in: the same answer for every mistake, fewer tries the more fail, hashes that grow with their parameters."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from soleus.accounts import passwords
from soleus.accounts.rules import Rules
from soleus.accounts.service import Accounts
from soleus.errors import AccessError, NotAllowed, NotSignedIn, TooManyAttempts
from soleus.storage import MemoryRepository
from tests.accounts.people import ANOTHER, PASSWORD, Clock, accounts, made, signed


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def found(clock: Clock) -> Accounts:
    return accounts(clock=clock)


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> list[str | None]:
    """Passwords that are compared at once; what was compared with is listed."""
    compared: list[str | None] = []

    def fits(password: str, kept: str | None) -> bool:
        compared.append(kept)
        return kept == f"hash of {password}"

    monkeypatch.setattr(passwords, "fits", fits)
    monkeypatch.setattr(passwords, "hashed", lambda password: f"hash of {password}")
    monkeypatch.setattr(passwords, "is_old", lambda _: False)
    return compared


def refusal(act: Callable[[], Any]) -> AccessError:
    with pytest.raises(AccessError) as told:
        act()
    return told.value


def test_a_name_or_an_address_and_the_password_sign_in(found: Accounts) -> None:
    account = made(found, email="ann@x.example")
    for login in ("Ann Example", "ANN example", "ann@X.example"):
        visitor = found.visitor(signed(found, login))
        assert visitor is not None
        assert (visitor.id, visitor.name) == (account.id, "Ann Example")


def test_every_mistake_gets_the_same_words_after_the_same_work(found: Accounts, quick: list[str | None]) -> None:
    made(found)
    found.people.add("Eve Elsewhere", None, (), None, who="openid")  # signs in elsewhere: no password here
    told = [
        str(refusal(lambda login=login: signed(found, login, "wrong", login)))  # type: ignore[misc]
        for login in ("Ann Example", "Nobody", "Eve Elsewhere", "", "x" * 300)
    ]
    assert len(set(told)) == 1
    assert len(quick) == 5  # one comparison each, whatever was wrong
    assert "Ann" not in told[0]


def test_a_hash_of_old_parameters_is_made_anew_at_the_next_sign_in(found: Accounts) -> None:
    from argon2 import PasswordHasher

    account = made(found)
    store = found.people.store
    old = PasswordHasher(time_cost=1, memory_cost=8192, parallelism=1).hash(PASSWORD)
    store.set_password(account.id, old)
    with pytest.raises(NotSignedIn):
        signed(found, password="wrong")
    assert store.password(account.id) == old
    signed(found)
    assert "m=19456,t=2,p=1" in str(store.password(account.id))
    signed(found)


@pytest.mark.parametrize("login", ["Ann Example", "Nobody"])
def test_after_five_failures_each_try_waits_twice_as_long_and_after_ten_a_quarter_of_an_hour(
    found: Accounts, clock: Clock, quick: list[str | None], login: str
) -> None:
    made(found)
    waits = []
    for _ in range(10):
        refused = refusal(lambda: signed(found, login, "wrong", ""))
        waited = 0
        while isinstance(refused, TooManyAttempts):
            clock.pass_(seconds=1)
            waited += 1
            refused = refusal(lambda: signed(found, login, "wrong", ""))
        waits.append(waited)
    assert waits == [0, 0, 0, 0, 0, 1, 2, 4, 8, 16]
    clock.pass_(minutes=14, seconds=59)
    assert refusal(lambda: signed(found, login, PASSWORD, "")).expected == "the next one in 1 seconds"
    clock.pass_(seconds=1)
    if login == "Ann Example":
        signed(found, login, PASSWORD, "")
    else:
        assert isinstance(refusal(lambda: signed(found, login, PASSWORD, "")), NotSignedIn)
    assert quick


def test_while_a_try_has_to_wait_no_password_is_looked_at(found: Accounts, quick: list[str | None]) -> None:
    made(found)
    for _ in range(5):
        refusal(lambda: signed(found, password="wrong"))
    before = len(quick)
    assert isinstance(refusal(lambda: signed(found)), TooManyAttempts)
    assert len(quick) == before


def test_a_sign_in_ends_the_count_of_its_account(found: Accounts, quick: list[str | None]) -> None:
    made(found)
    for _ in range(3):
        for _ in range(4):
            refusal(lambda: signed(found, password="wrong"))
        signed(found)
    assert quick


def test_failures_are_forgotten_a_quarter_of_an_hour_after_the_last(
    found: Accounts, clock: Clock, quick: list[str | None]
) -> None:
    made(found)
    for _ in range(3):
        for _ in range(4):
            refusal(lambda: signed(found, password="wrong"))
        clock.pass_(minutes=15)
    assert quick


def test_an_address_that_tries_many_names_is_slowed_down_and_others_are_not(
    found: Accounts, quick: list[str | None]
) -> None:
    made(found)
    for n in range(25):
        assert isinstance(refusal(lambda n=n: signed(found, f"name {n}", "x", "192.0.2.7")), NotSignedIn)  # type: ignore[misc]
    assert isinstance(refusal(lambda: signed(found, "name 25", "x", "192.0.2.7")), TooManyAttempts)
    assert isinstance(refusal(lambda: signed(found, address="192.0.2.7")), TooManyAttempts)
    assert signed(found, address="192.0.2.8")
    assert quick


def test_many_who_sign_in_from_one_address_do_not_lock_each_other_out(found: Accounts, quick: list[str | None]) -> None:
    for n in range(60):
        made(found, f"Member {n}")
        signed(found, f"Member {n}", address="192.0.2.7")
    assert len(quick) == 60


def test_many_tries_at_once_win_no_more_than_one_after_the_other(found: Accounts, monkeypatch: Any) -> None:
    """A try counts before the password is looked at."""
    gate, looked = threading.Event(), []

    def fits(password: str, _: str | None) -> bool:
        looked.append(password)
        gate.wait(10)
        return False

    made(found)
    monkeypatch.setattr(passwords, "fits", fits)
    results: list[AccessError] = []
    tries = [threading.Thread(target=lambda: results.append(refusal(lambda: signed(found)))) for _ in range(30)]
    for one in tries:
        one.start()
    while len(results) + len(looked) < 30:
        gate.wait(0.01)
    gate.set()
    for one in tries:
        one.join()
    assert len(looked) == 5
    assert sum(isinstance(r, TooManyAttempts) for r in results) == 25


def test_a_lock_out_is_noted_once_and_ended_by_an_administrator(
    found: Accounts, clock: Clock, quick: list[str | None]
) -> None:
    account = made(found)
    for _ in range(10):
        refusal(lambda: signed(found, password="wrong"))
        clock.pass_(seconds=16)
    kinds = [e.kind for e in found.people.store.events("audit", subject=account.id)]
    assert kinds.count("sign_in_failed") == 10
    assert kinds.count("locked_out") == 1
    assert isinstance(refusal(lambda: signed(found)), TooManyAttempts)
    found.people.unlock(account.id, who="command-line")
    assert signed(found)
    assert quick


def test_the_store_holds_neither_the_address_nor_the_name_that_was_tried(quick: list[str | None]) -> None:
    store = MemoryRepository()
    refusal(lambda: signed(accounts(store), "A Typed Secret", "Another Secret", "192.0.2.77"))
    kept = repr(vars(store)).lower()
    assert quick == [None]
    for secret in ("secret", "192.0.2.77"):
        assert secret not in kept


def test_a_locked_account_is_told_only_to_who_knows_its_password(found: Accounts, quick: list[str | None]) -> None:
    account = made(found)
    found.people.lock(account.id, who="command-line")
    assert isinstance(refusal(lambda: signed(found, password="wrong")), NotSignedIn)
    assert isinstance(refusal(lambda: signed(found)), NotAllowed)
    assert quick


def test_ones_own_password_is_guessed_no_more_often_than_at_the_door(found: Accounts, quick: list[str | None]) -> None:
    made(found)
    cookie = signed(found)
    visitor = found.visitor(cookie)
    assert visitor is not None
    for _ in range(5):
        refusal(lambda: found.own.change_password(visitor, cookie, "wrong", ANOTHER, "x"))
    assert isinstance(refusal(lambda: found.own.delete(visitor, cookie, PASSWORD)), TooManyAttempts)
    assert quick


@given(st.integers(0, 30), st.integers(1, 8), st.integers(1, 12))
def test_the_more_fail_the_longer_is_the_wait(failures: int, slow: int, more: int) -> None:
    rules = Rules(slow_after=slow, lock_after=slow + more, lock_s=900.0)
    assert 0 <= rules.delay_s(failures) <= max(900.0, 2.0**more)
    if failures >= slow + more:
        assert rules.delay_s(failures) == 900.0
    elif failures >= slow:
        assert rules.delay_s(failures) == 2.0 ** (failures - slow)
    else:
        assert rules.delay_s(failures) == 0.0
