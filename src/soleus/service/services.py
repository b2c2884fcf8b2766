"""What the routes share: made once, handed in, so that tests can hand in their own."""

from __future__ import annotations

import datetime
from collections.abc import Callable
from dataclasses import dataclass, field
from threading import Event

from soleus.reasoning.compiled import Compiled
from soleus.service.metrics import Metrics
from soleus.service.settings import Settings
from soleus.service.work import Work
from soleus.storage import Repository

Clock = Callable[[], datetime.datetime]


def utc_now() -> datetime.datetime:
    return datetime.datetime.now(datetime.UTC)


@dataclass(frozen=True)
class Services:
    """Settings, store, knowledge, clock, workers and counters of one application.

    ``warm`` is set once a judgement need not wait for anything to be loaded.
    """

    settings: Settings
    store: Repository
    compiled: Compiled
    clock: Clock
    work: Work
    metrics: Metrics
    warm: Event = field(default_factory=Event)

    def today(self) -> str:
        """Today's date (UTC): the `as_of` of a request that names none."""
        return self.clock().date().isoformat()
