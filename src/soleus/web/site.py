"""What the pages need of the service, handed in by it."""

from __future__ import annotations

import datetime
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from starlette.requests import Request

from soleus.accounts import Visitor
from soleus.accounts.service import Accounts
from soleus.reasoning.compiled import Compiled
from soleus.storage import Repository
from soleus.web.cookies import SessionCookie


class Run(Protocol):
    """Gives what a function gives, and raises what it raises."""

    def __call__(self, function: Callable[..., Any], /, *args: Any, **named: Any) -> Awaitable[Any]: ...


@dataclass(frozen=True)
class Site:
    """``address``: what users see, such as https://soleus.example; ``judged``: counts one judgement.

    ``visitor_of``: who is signed in, None if nobody is; reading, interview and judgement never ask for it.
    ``form_token``: what a form that acts as an account carries (`soleus.web.acting`);
    ``provider``: what the button for signing in elsewhere says, None without one.
    ``archive``: the folder of a built library, whose older versions are served.
    ``reports``: the folder of reports on databases, whose finished ones administrators see.
    ``at_once`` is for what takes milliseconds; ``run`` for what may take longer (texts, PDF, the disk): away from the
    event loop, and refused when its time is over.
    """

    compiled: Compiled
    store: Repository
    clock: Callable[[], datetime.datetime]
    run: Run
    at_once: Run
    address: str
    save_days: int
    judged: Callable[[], None]
    accounts: Accounts
    cookie: SessionCookie
    visitor_of: Callable[[Request], Visitor | None] = lambda _: None
    form_token: Callable[[Request], str] = lambda _: ""
    provider: str | None = None
    archive: Path | None = None
    reports: Path | None = None

    def fitting(self, note: str | None) -> Run:
        """How a case is worked on: in a thread where it holds a text to read."""
        return self.run if note else self.at_once

    def today(self) -> str:
        return self.clock().date().isoformat()
