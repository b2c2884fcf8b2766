"""Judging away from the event loop, a few at a time, and never for longer than a request may last."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import ParamSpec, TypeVar

import anyio
from anyio import to_thread

from soleus.errors import ServiceError
from soleus.service.problems import Refused

P = ParamSpec("P")
T = TypeVar("T")
_THREADS = 2  # the arithmetic holds the interpreter: more threads would only make all of them late


class Work:
    """`run` gives what a function returns, or raises `Refused` (503) when its time is over."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._limiter: anyio.CapacityLimiter | None = None

    async def run(self, function: Callable[P, T], *args: P.args, **named: P.kwargs) -> T:
        if self._limiter is None:  # made where a loop runs
            self._limiter = anyio.CapacityLimiter(_THREADS)
        call = partial(function, *args, **named)
        with anyio.move_on_after(self._seconds):
            return await to_thread.run_sync(call, abandon_on_cancel=True, limiter=self._limiter)
        raise Refused(
            503, ServiceError("soleus", "a request that takes too long", "a shorter one", "Send less at once.")
        )
