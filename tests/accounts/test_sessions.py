"""Sessions: how long they last, what they show, how they end."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from soleus.accounts import tokens
from soleus.accounts.devices import device_of
from soleus.accounts.rules import Rules
from soleus.accounts.service import Accounts
from soleus.accounts.visitor import Visitor
from tests.accounts.people import Clock, accounts, made

AGENTS = {
    "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0": "Firefox on Linux",
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) Chrome/140.0.0.0 Safari/537.36 Edg/140.0.0.0": "Edge on Windows",
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) Chrome/140.0.0.0 Safari/537.36": "Chrome on Windows",
    "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) Version/19.0 Safari/605.1.15": "Safari on a Mac",
    "Mozilla/5.0 (iPad; CPU OS 19_0 like Mac OS X) CriOS/140 Safari/604.1": "Chrome on an iPad",
    "Mozilla/5.0 (Linux; Android 16; SM-S9) SamsungBrowser/29.0 Chrome/130 Safari": "Samsung Internet on Android",
    "curl/8.9": "another device",
    "Something on Linux": "a browser on Linux",
    "Firefox": "Firefox on another system",
    "": "another device",
}


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def found(clock: Clock) -> Accounts:
    return accounts(clock=clock)


def begun(found: Accounts, name: str = "Ann Example") -> str:
    return found.sessions.begin(made(found, name), "Firefox on Linux")


@pytest.mark.parametrize(("agent", "device"), AGENTS.items())
def test_a_device_is_told_in_coarse_words(agent: str, device: str) -> None:
    assert device_of(agent) == device


@given(st.text(max_size=300))
def test_whatever_a_browser_says_of_itself_few_words_are_kept(agent: str) -> None:
    assert len(device_of(agent)) <= 40


def test_a_session_ends_twelve_hours_after_its_last_use(found: Accounts, clock: Clock) -> None:
    cookie = begun(found)
    for _ in range(5):
        clock.pass_(hours=11, minutes=59)
        assert found.visitor(cookie) is not None
    clock.pass_(hours=12)
    assert found.visitor(cookie) is None


def test_a_session_ends_after_thirty_days_however_often_it_is_used(found: Accounts, clock: Clock) -> None:
    cookie = begun(found)
    for _ in range(59):
        clock.pass_(hours=11.999)
        assert found.visitor(cookie) is not None
    clock.pass_(hours=24 * 30 - 59 * 11.999)
    assert found.visitor(cookie) is None


def test_a_use_is_written_down_once_a_minute(found: Accounts, clock: Clock) -> None:
    cookie = begun(found)
    first = found.sessions.session(cookie)
    assert first is not None
    clock.pass_(seconds=59)
    found.visitor(cookie)
    assert found.sessions.session(cookie) == first
    clock.pass_(seconds=1)
    found.visitor(cookie)
    now = found.sessions.session(cookie)
    assert now is not None
    assert now.seen_at == first.seen_at + 60


def test_what_is_over_is_forgotten_with_the_next_sign_in(found: Accounts, clock: Clock) -> None:
    begun(found)
    clock.pass_(hours=12)
    begun(found, "Bob Example")
    assert found.people.store.sessions(found.people.named("Ann Example").id) == ()


@given(st.floats(0, 1e7), st.floats(0, 1e7))
def test_no_session_outlives_either_of_its_ends(begun_at: float, later: float) -> None:
    rules = Rules()
    until = rules.session_until(begun_at, begun_at + later)
    assert until <= begun_at + rules.longest_s
    assert until <= begun_at + later + rules.idle_s


@given(st.text(max_size=400))
def test_a_cookie_that_nobody_was_given_is_nobody(cookie: str) -> None:
    found = accounts()
    begun(found)
    assert found.visitor(cookie) is None


def test_no_cookie_is_nobody(found: Accounts) -> None:
    assert found.visitor(None) is None


def test_the_id_that_is_kept_is_no_cookie(found: Accounts) -> None:
    begun(found)
    session = found.people.store.sessions(found.people.store.accounts()[0].id)[0]
    assert found.visitor(session.id) is None


def test_a_visitor_has_the_roles_of_now(found: Accounts) -> None:
    cookie = begun(found)
    account = found.people.named("Ann Example")
    found.people.grant(account.id, "reviewer", who="command-line")
    found.people.withdraw(account.id, "reader", who="command-line")
    assert found.visitor(cookie) == Visitor(account.id, "Ann Example", frozenset({"reviewer"}))
    found.people.erase(account, who="command-line")
    assert found.visitor(cookie) is None


def test_a_locked_account_is_nobody_even_with_a_session(found: Accounts) -> None:
    cookie = begun(found)
    found.people.store.set_locked(found.people.named("Ann Example").id, True)
    assert found.visitor(cookie) is None


def test_a_group_is_that_whose_licence_is_valid_today_on_its_first_and_last_day_too(
    found: Accounts, clock: Clock
) -> None:
    cookie = begun(found)
    account = found.people.named("Ann Example")
    for id, first, last in (("a-old", "2020-01-01", "2026-11-28"), ("b-now", "2026-11-29", "2026-11-30")):
        found.institutions.add(id, "Clinic", first, last, who="command-line")
        found.institutions.join(id, account.id, "instructor" if id == "b-now" else "member", who="command-line")
    seen = []
    for _ in range(3):
        visitor = found.visitor(cookie)
        assert visitor is not None
        seen.append((visitor.group, visitor.instructor))
        clock.pass_(hours=8)
        assert found.visitor(cookie) is not None
        clock.pass_(hours=8)
        assert found.visitor(cookie) is not None
        clock.pass_(hours=8)
    assert seen == [("b-now", True), ("b-now", True), (None, False)]


@given(st.text(max_size=60), st.text(max_size=60))
def test_forms_of_two_sessions_carry_different_tokens(one: str, two: str) -> None:
    same = one.encode("utf-8", "replace") == two.encode("utf-8", "replace")
    assert tokens.same(tokens.form_token(one), tokens.form_token(two)) == same


def test_the_token_of_a_form_does_not_hold_the_secret() -> None:
    secret = tokens.new_secret()
    assert secret not in tokens.form_token(secret)
    assert tokens.id_of(secret) not in tokens.form_token(secret)
    assert len({tokens.new_secret() for _ in range(100)}) == 100
