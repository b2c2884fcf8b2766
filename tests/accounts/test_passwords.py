"""Which passwords are taken, and what is kept of them."""

from __future__ import annotations

import re
import unicodedata

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from soleus.accounts import passwords
from soleus.errors import InvalidValue
from tests.accounts.people import ANOTHER, PASSWORD

ABOUT = ("Ann Example", "ann.sleeper@clinic.example")


@pytest.mark.parametrize(
    "password",
    [
        PASSWORD,
        ANOTHER,
        "kumquat-wardrobe-14",
        "blau Regenschirm Tasse",
        "dvkqzpxwrtmbnjh",
        "27491835091726384",
        "пароль не для всех людей",
        "  spaces  at  both  ends  ",
        "password but with giraffes and tubas",
        "]%;=,)-.#&+@(|~/",
        "🦒🎺🪴🧭🛶🥁🪁🧵🫖🪑🛎️🧲🪵🧊",
    ],
)
def test_length_is_all_that_is_asked(password: str) -> None:
    passwords.check(password, ABOUT)


@pytest.mark.parametrize(("length", "taken"), [(14, False), (15, True), (128, True), (129, False)])
def test_a_password_has_15_to_128_characters(length: int, taken: bool) -> None:
    password = ("kumquat wardrobe " * 9)[:length] if length > 40 else "dvkqzpxwrtmbnjhg"[:length]
    if taken:
        passwords.check(password)
    else:
        with pytest.raises(InvalidValue, match=r"15 to 128 characters"):
            passwords.check(password)


@pytest.mark.parametrize(
    "password",
    [
        "passwordpassword",
        "Password12345678!",
        "P@ssw0rd P@ssw0rd",
        "qwertyuiopasdfghjkl",
        "1234567890123456",
        "abcdefghijklmnopqrst",
        "zyxwvutsrqponmlkj",
        "aaaaaaaaaaaaaaaaaaaa",
        "abcabcabcabcabcabc",
        "12 12 12 12 12 12 12 12",
        "correct horse battery staple",
        "letmein letmein 2026",
        "soleus-admin-changeme",
        "AnnExample AnnExample",
        "ann.sleeper@clinic.example",
        "example-ann-example-1",
        "Welcome to sunshine 1",
    ],
)
def test_what_is_guessed_first_is_not_taken(password: str) -> None:
    with pytest.raises(InvalidValue, match="guessed first"):
        passwords.check(password, ABOUT)


@given(st.text(max_size=200), st.lists(st.text(max_size=20), max_size=3))
@settings(max_examples=150)
def test_any_text_is_taken_or_refused_in_words_that_do_not_quote_it(password: str, about: list[str]) -> None:
    try:
        passwords.check(password, about)
    except InvalidValue as error:
        told = str(error)
        assert len(password) < 8 or password not in told
    else:
        assert passwords.LEAST <= len(unicodedata.normalize("NFKC", password)) <= passwords.MOST


def test_a_hash_is_argon2id_with_the_parameters_of_owasp_and_a_salt_of_its_own() -> None:
    one, two = passwords.hashed(PASSWORD), passwords.hashed(PASSWORD)
    assert one != two
    assert re.match(r"\$argon2id\$v=19\$m=19456,t=2,p=1\$", one)
    assert passwords.fits(PASSWORD, one)
    assert not passwords.fits(PASSWORD + " ", one)
    assert not passwords.fits("", one)


def test_one_password_in_two_encodings_is_the_same() -> None:
    assert passwords.fits("cafe\u0301 au lait ce soir", passwords.hashed("caf\u00e9 au lait ce soir"))


def test_without_a_hash_or_with_a_broken_one_nothing_fits() -> None:
    assert not passwords.fits("the password of nobody", None)
    assert not passwords.fits(PASSWORD, "no hash")


def test_a_hash_of_other_parameters_is_old() -> None:
    from argon2 import PasswordHasher

    assert passwords.is_old(PasswordHasher(time_cost=1, memory_cost=8192, parallelism=1).hash(PASSWORD))
    assert not passwords.is_old(passwords.hashed(PASSWORD))
