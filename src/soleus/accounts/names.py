"""Names, addresses and other words of accounts, as they are taken from a form or the command line."""

from __future__ import annotations

import re
import unicodedata
from typing import get_args

from soleus.accounts.visitor import Role
from soleus.errors import InvalidValue

MOST_NAME, MOST_EMAIL = 60, 254
ROLES: tuple[Role, ...] = get_args(Role)


def name_of(text: str) -> str:
    """A name to be shown and to sign in with. Raises `InvalidValue`."""
    name = " ".join(unicodedata.normalize("NFC", text).split())
    odd = any(unicodedata.category(c)[0] == "C" for c in name) or "@" in name
    if not 2 <= len(name) <= MOST_NAME or odd or not any(c.isalnum() for c in name):
        raise InvalidValue(
            "name", "a name that cannot be", f"2 to {MOST_NAME} characters without @", "Write it as it is to be shown."
        )
    return name


def email_of(text: str | None) -> str | None:
    """An e-mail address, None for none. Raises `InvalidValue`."""
    email = (text or "").strip()
    if not email:
        return None
    if len(email) > MOST_EMAIL or not re.fullmatch(r"[^@\s<>\"',;\x00-\x1f]+@[^@\s<>\"',;\x00-\x1f]+", email):
        raise InvalidValue(
            "email", "an address that cannot be", "one such as ann@clinic.example", "Check its spelling."
        )
    return email


def role_of(text: str) -> Role:
    """Raises `InvalidValue` for a role that there is not."""
    for role in ROLES:
        if role == text:
            return role
    raise InvalidValue("role", "a role that is none", f"one of {', '.join(ROLES)}", "Choose one of them.")


def taken() -> InvalidValue:
    return InvalidValue("name", "a name or address that is taken", "another one", "Choose another.")
