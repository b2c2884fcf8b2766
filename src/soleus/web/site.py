"""What the pages need of the service, handed in by it."""

from __future__ import annotations

import datetime
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, Protocol

from soleus.reasoning.compiled import Compiled
from soleus.storage import Repository


class Run(Protocol):
    """Runs a function away from the event loop; raises what it raises, or a refusal when its time is over."""

    def __call__(self, function: Callable[..., Any], /, *args: Any, **named: Any) -> Awaitable[Any]: ...


@dataclass(frozen=True)
class Site:
    """``address``: what users see, such as https://soleus.example; ``judged``: counts one judgement."""

    compiled: Compiled
    store: Repository
    clock: Callable[[], datetime.datetime]
    run: Run
    address: str
    save_days: int
    judged: Callable[[], None]

    def today(self) -> str:
        return self.clock().date().isoformat()
