"""Passwords: which are taken, and what is kept of them.

Hashed with argon2id at the least that OWASP asks for (Password Storage Cheat Sheet: 19 MiB, two passes, one lane);
a hash made with other parameters is made anew when its owner signs in.

Length is all that is asked, as in NIST SP 800-63B-4, section 3.1.1.2: at least 15 characters where the password is the
only factor, no rules of composition, no date of expiry, and a list of what is guessed first. That list is made by rule
here (repeats, runs of the keyboard, the words that people begin with, the owner's own name), not of leaked passwords:
a password that leaked elsewhere is not noticed.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from functools import cache
from typing import TYPE_CHECKING

from soleus.errors import InvalidValue
from soleus.storage.accounts import folded

if TYPE_CHECKING:
    from argon2 import PasswordHasher

LEAST, MOST = 15, 128  # characters
_MEMORY_KIB, _PASSES, _LANES = 19_456, 2, 1

_ROWS = ("abcdefghijklmnopqrstuvwxyz", "01234567890", "qwertyuiop", "asdfghjkl", "zxcvbnm", "qwertzuiop", "azertyuiop")
_WORDS = (
    "password", "passwort", "passphrase", "letmein", "welcome", "iloveyou", "admin", "administrator", "secret", "login",
    "changeme", "master", "dragon", "monkey", "sunshine", "princess", "football", "baseball", "superman", "qwerty",
    "trustno", "starwars", "whatever", "computer", "internet", "correcthorsebatterystaple", "soleus", "cramp", "summer",
    "winter", "spring", "autumn", "hello", "user", "guest", "test", "account", "mypassword", "thisismy",
)  # fmt: skip
_MARKS = re.compile(r"[\s!-/:-@\[-`{-~]+")  # of ASCII
_LEET = str.maketrans("@4031!$5", "aaoeiiss")
_LONGEST_PIECE = 5  # a password that repeats a piece of so many characters is a repeat
_LEAST_REST = 6  # characters that must be left when the words are taken out
_RUN = 4  # characters in a row of the keyboard that count as one


@cache
def _hasher() -> PasswordHasher:
    from argon2 import PasswordHasher

    return PasswordHasher(time_cost=_PASSES, memory_cost=_MEMORY_KIB, parallelism=_LANES)


def hashed(password: str) -> str:
    """What is kept of a password, with its salt and parameters."""
    return _hasher().hash(_normal(password))


def fits(password: str, kept: str | None) -> bool:
    """Whether a password is the one that was hashed. Without a hash it takes the same time, and is False."""
    from argon2.exceptions import InvalidHashError, VerificationError

    try:
        _hasher().verify(kept or _dummy(), _normal(password)[: 4 * MOST])
    except (VerificationError, InvalidHashError):
        return False
    return kept is not None


def is_old(kept: str) -> bool:
    """Whether a hash was made with other parameters than today's."""
    return _hasher().check_needs_rehash(kept)


@cache
def _dummy() -> str:
    return hashed("the password of nobody")


def _normal(password: str) -> str:
    """One spelling of what looks the same, whatever keyboard wrote it (SP 800-63B-4: NFKC or NFC before hashing)."""
    return unicodedata.normalize("NFKC", password)


def check(password: str, about: Iterable[str] = ()) -> None:
    """Raise `InvalidValue` for a password that is too short, too long, or guessed first.

    ``about``: the owner's name and address; they do not count.
    """
    plain = _normal(password)
    if len(plain) < LEAST:
        raise _refused(f"fewer than {LEAST} characters")
    if len(plain) > MOST:
        raise _refused(f"more than {MOST} characters")
    if _guessed_first(plain, about):
        raise _refused("one that is guessed first")


def _refused(found: str) -> InvalidValue:
    expected = f"{LEAST} to {MOST} characters that are not easy to guess"
    return InvalidValue("password", found, expected, "Take four or five words that have nothing to do with each other.")


def _guessed_first(plain: str, about: Iterable[str]) -> bool:
    own = [_bare(piece) for word in about for piece in (word, word.partition("@")[0], *word.split())]
    return any(_little_is_left(_bare(form), own) for form in (plain, plain.translate(_LEET)))


def _bare(text: str) -> str:
    """Without case, blanks and marks, unless it is mostly marks."""
    whole = folded(text)
    bare = _MARKS.sub("", whole)
    return bare if 2 * len(bare) >= len(whole) else whole


def _little_is_left(bare: str, own: Iterable[str]) -> bool:
    rest = bare
    for word in sorted({*_WORDS, *own}, key=len, reverse=True):
        if len(word) >= _RUN:
            rest = rest.replace(word, "")
    return _is_pattern(bare) or _is_pattern(rest)


def _is_pattern(text: str) -> bool:
    return len(text) < _LEAST_REST or _is_repeat(text) or _is_runs(text)


def _is_repeat(text: str) -> bool:
    pieces = (text[:n] for n in range(1, _LONGEST_PIECE + 1))
    return any(text == (piece * len(text))[: len(text)] for piece in pieces)


def _is_runs(text: str) -> bool:
    """Whether nearly all of it lies in rows of the keyboard or the alphabet, in either direction."""
    rows = [row for r in _ROWS for row in (r, r[::-1])]
    place = covered = 0
    while place < len(text):
        longest = max(
            (n for n in range(_RUN, len(text) - place + 1) if _in_row(text[place : place + n], rows)), default=0
        )
        covered += longest
        place += longest or 1
    return len(text) - covered < _RUN


def _in_row(piece: str, rows: Iterable[str]) -> bool:
    return any(piece in row for row in rows)
