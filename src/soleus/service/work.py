"""Where a request is worked on.

What takes milliseconds is done at once, on the event loop: handing it to a thread costs more than it takes, because the
arithmetic and the loop fight for the interpreter (measured: 330 requests a second against 130). What may take longer
(texts, large records, PDF, the disk) is done in threads, a few at a time and never for longer than a request may last.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import ParamSpec, TypeVar

import anyio
from anyio import to_thread
from starlette.requests import Request

from soleus.errors import ServiceError
from soleus.service.problems import Refused

P = ParamSpec("P")
T = TypeVar("T")
_THREADS = 2  # the arithmetic holds the interpreter: more threads would only make all of them late
_SMALL = 48_000  # bytes of a request whose work is done at once: twice the record of a person without texts


class Work:
    """`run` gives what a function returns, or raises `Refused` (503) when its time is over; `at_once` does not wait."""

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

    async def at_once(self, function: Callable[P, T], *args: P.args, **named: P.kwargs) -> T:
        return function(*args, **named)

    async def fitting(self, request: Request, function: Callable[P, T], *args: P.args, **named: P.kwargs) -> T:
        """At once where the request is small, else in a thread."""
        length = request.headers.get("content-length", "")
        small = length.isdigit() and int(length) <= _SMALL
        return await (self.at_once if small else self.run)(function, *args, **named)
