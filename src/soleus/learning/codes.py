"""Names of attempts: long enough that nobody guesses one, and good to read aloud from a certificate."""

from __future__ import annotations

import re
import secrets

#: Crockford's base 32: no I, L, O, U, which are taken for other signs.
_SIGNS = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_GROUPS, _LENGTH = 4, 4  # 16 signs of 5 bits


def new_code() -> str:
    """Such as ``7KQ2-M4XT-9PWB-3RHD``."""
    signs = [secrets.choice(_SIGNS) for _ in range(_GROUPS * _LENGTH)]
    return "-".join("".join(signs[i : i + _LENGTH]) for i in range(0, len(signs), _LENGTH))


def code_of(text: str) -> str | None:
    """A code as it was typed, in its one form: small letters, spaces and I, L, O are understood. None for no code."""
    plain = re.sub(r"[\s-]", "", text[:60]).upper().translate(str.maketrans("ILO", "110"))
    if len(plain) != _GROUPS * _LENGTH or any(sign not in _SIGNS for sign in plain):
        return None
    return "-".join(plain[i : i + _LENGTH] for i in range(0, len(plain), _LENGTH))
