"""The authorisation code flow with PKCE, state and nonce, as signing in and SMART launches share it.

    browser -> here: begins      state, verifier and nonce into a sealed cookie; `address`
    browser -> there             somebody says yes
    browser -> here: comes back  `CodeFlow.fitting`: of this browser, in time, the state, the issuer, no error, a code
                                 `CodeFlow.used_once`, then `exchange`: the code and the verifier for tokens

Sources: RFC 6749, section 4.1; RFC 7636 (PKCE); RFC 9207 (issuer); RFC 9700, section 2.1.
"""

from __future__ import annotations

import base64
import hashlib
import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol, TypedDict, TypeVar
from urllib.parse import urlencode

import anyio

from soleus.accounts.tokens import same
from soleus.errors import InvalidValue, SoleusError
from soleus.service.outside import Outside
from soleus.service.problems import Refused
from soleus.storage import Repository


class Waiting(Protocol):
    """What waits for its callback, sealed in a cookie."""

    @property
    def state(self) -> str: ...
    @property
    def until(self) -> float: ...


W = TypeVar("W", bound=Waiting)


class Secrets(TypedDict):
    """What is secret between the two halves."""

    state: str
    verifier: str
    nonce: str


def fresh_secrets() -> Secrets:
    return {
        "state": secrets.token_urlsafe(32),
        "verifier": secrets.token_urlsafe(48),
        "nonce": secrets.token_urlsafe(32),
    }


def address(endpoint: str, asked: Mapping[str, str]) -> str:
    """Where to send the browser; the endpoint may have a query of its own."""
    return f"{endpoint}{'&' if '?' in endpoint else '?'}{urlencode(asked)}"


def challenge(verifier: str) -> str:
    """The S256 code challenge of RFC 7636, section 4.2."""
    return base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()


@dataclass(frozen=True)
class CodeFlow:
    """What one kind of flow is called in its errors, and what is raised where somebody there said no."""

    name: str  # sign-in, launch
    other: str  # who answers: provider, server
    again: str  # the repair
    denied: Callable[[], SoleusError]

    def refused(self, found: str) -> Refused:
        return Refused(400, InvalidValue(self.name, found, f"the answer to a {self.name}", self.again))

    def fitting(
        self, pending: W | None, answer: Mapping[str, str], ours: Callable[[W, str | None], bool], now: float
    ) -> W:
        """What was waiting for this answer. ``ours``: is this the issuer (None: none is told) that was asked?"""
        if pending is None or pending.until <= now:
            raise self.refused(f"no {self.name} of this browser, or one that is too old")
        if not same(answer.get("state", ""), pending.state):
            raise self.refused(f"the state of another {self.name}")
        if not ours(pending, answer.get("iss")):
            raise self.refused(f"the answer of another {self.other}")
        if "error" in answer:
            raise self.denied()
        if not answer.get("code"):
            raise self.refused("no code")
        return pending

    async def used_once(self, store: Repository, scope: str, pending: Waiting) -> None:
        """Raises `Refused` where an answer to it was taken before."""
        if not await anyio.to_thread.run_sync(store.first_use, scope, pending.state, pending.until):
            raise self.refused(f"a {self.name} that was used before")


async def exchange(
    outside: Outside,
    endpoint: str,
    code: str,
    verifier: str,
    redirect_uri: str,
    form: Mapping[str, str],
    headers: Mapping[str, str],
) -> dict[str, Any]:
    """What the token endpoint answers; empty where it is no object. ``form`` and ``headers``: who we are."""
    whole = {
        "grant_type": "authorization_code",
        "code": code,
        "redirect_uri": redirect_uri,
        "code_verifier": verifier,
        **form,
    }
    found = await outside.post_form(endpoint, whole, bases=[endpoint], headers=headers)
    return found if isinstance(found, dict) else {}
