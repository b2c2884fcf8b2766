"""The service under load, on the same two cores: `soleus serve` in processes of its own, an open-loop generator here.

Requests leave at fixed times, whether or not earlier ones were answered, and latency counts from the time at which one
should have left: a service that falls behind cannot hide it.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
from traffic import Request, mixed, requests

RATE, SECONDS, WARM_S = 202.0, 600, 30  # a little above the aim: of an open loop some answers fall into the next minute
_CONNECTIONS = 48
_LATE_S = 30.0


@dataclass
class Seen:
    """What came back: seconds by kind, and what went wrong."""

    seconds: dict[str, list[float]] = field(default_factory=dict)
    errors: dict[str, int] = field(default_factory=dict)

    def add(self, kind: str, seconds: float, status: int) -> None:
        self.seconds.setdefault(kind, []).append(seconds)
        if status != 200:
            self.errors[f"{kind} {status}"] = self.errors.get(f"{kind} {status}", 0) + 1

    @property
    def all(self) -> np.ndarray[Any, np.dtype[np.float64]]:
        return np.array([s for some in self.seconds.values() for s in some])


class Connection:
    """One kept-alive connection that sends a request and reads its answer whole."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._streams: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None

    async def ask(self, request: Request) -> int:
        """The status; 0 where the connection broke."""
        try:
            if self._streams is None:
                self._streams = await asyncio.open_connection("127.0.0.1", self._port, limit=2**22)
            reader, writer = self._streams
            writer.write(request.raw)
            head = await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), _LATE_S)
            length = next(
                int(line.split(b":")[1]) for line in head.split(b"\r\n") if line.lower().startswith(b"content-length:")
            )
            await asyncio.wait_for(reader.readexactly(length), _LATE_S)
            return int(head.split(b" ", 2)[1])
        except (OSError, TimeoutError, asyncio.IncompleteReadError, StopIteration, ValueError):
            self._streams = None
            return 0


async def open_loop(port: int, found: Iterator[Request], rate: float, seconds: float) -> tuple[Seen, float]:
    """Send at ``rate`` for ``seconds``; what was seen, and the rate at which answers came."""
    seen, free = Seen(), asyncio.Queue[Connection]()
    for _ in range(_CONNECTIONS):
        free.put_nowait(Connection(port))
    begun = time.perf_counter()
    running: set[asyncio.Task[None]] = set()

    async def one(request: Request, due: float) -> None:
        connection = await free.get()
        status = await connection.ask(request)
        free.put_nowait(connection)
        seen.add(request.kind, time.perf_counter() - due, status)

    for n in range(int(rate * seconds)):
        due = begun + n / rate
        wait = due - time.perf_counter()
        if wait > 0:
            await asyncio.sleep(wait)
        task = asyncio.create_task(one(next(found), due))
        running.add(task)
        task.add_done_callback(running.discard)
    await asyncio.gather(*running)
    return seen, len(seen.all) / (time.perf_counter() - begun)


async def closed_loop(port: int, found: list[Request], workers: int, seconds: float) -> tuple[Seen, float]:
    """As fast as ``workers`` connections can, one request after the other."""
    seen, begun, place = Seen(), time.perf_counter(), iter(range(10**9))

    async def one() -> None:
        connection = Connection(port)
        while time.perf_counter() - begun < seconds:
            request, sent = found[next(place) % len(found)], time.perf_counter()
            status = await connection.ask(request)
            seen.add(request.kind, time.perf_counter() - sent, status)

    await asyncio.gather(*(one() for _ in range(workers)))
    return seen, len(seen.all) / (time.perf_counter() - begun)


@contextlib.contextmanager
def served(workers: int = 2) -> Iterator[tuple[int, int]]:
    """(port, process) of a service with a store of its own."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    with tempfile.TemporaryDirectory() as data:
        env = os.environ | {"SOLEUS_DATA": data, "SOLEUS_PORT": str(port), "SOLEUS_WORKERS": str(workers)}
        env["SOLEUS_LOG_LEVEL"] = "warning"
        code = "from soleus.service.running import serve; serve()"
        process = subprocess.Popen([sys.executable, "-c", code], env=env, stdout=subprocess.DEVNULL)
        try:
            _wait_for(port)
            yield port, process.pid
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait(30)


def _wait_for(port: int) -> None:
    until = time.monotonic() + 60
    while time.monotonic() < until:
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 0.5):
            time.sleep(5)  # the other worker loads the knowledge too
            return
        time.sleep(0.1)
    raise SystemExit("the service did not start")


def memory_mb(process: int) -> float:
    """Proportional set size of the process and its children, MB."""
    total = 0
    for one in [process, *_children(process)]:
        with contextlib.suppress(OSError):
            text = Path(f"/proc/{one}/smaps_rollup").read_text(encoding="ascii")
            total += next(int(line.split()[1]) for line in text.splitlines() if line.startswith("Pss:"))
    return total / 1024


def _children(process: int) -> list[int]:
    out: list[int] = []
    for task in Path(f"/proc/{process}/task").iterdir():
        for child in (task / "children").read_text(encoding="ascii").split():
            out += [int(child), *_children(int(child))]
    return out


def load_figures(rate: float = RATE, seconds: float = SECONDS) -> dict[str, Any]:
    """The figures of the benchmark; prints what it does."""
    print(f"making requests of {rate:g}/s for {seconds:g} s ...", flush=True)
    found = requests()
    with served() as (port, process):
        asyncio.run(open_loop(port, mixed(found, seed=1), min(rate, 50.0), WARM_S))
        stream, memory = mixed(found), [memory_mb(process)]
        parts: list[tuple[Seen, float]] = []
        for n in range(10):
            parts.append(asyncio.run(open_loop(port, stream, rate, seconds / 10)))
            memory.append(memory_mb(process))
            tail = np.quantile(parts[-1][0].all, 0.99) * 1000
            print(f"  {n + 1}/10: {parts[-1][1]:.1f}/s, p99 {tail:.1f} ms, {memory[-1]:.0f} MB", flush=True)
        only = [r for r in found if r.kind == "assess"]
        assessed, assess_rps = asyncio.run(closed_loop(port, only, 4, min(20.0, seconds)))
    times = np.concatenate([s.all for s, _ in parts])
    kinds = {k: np.concatenate([s.seconds[k] for s, _ in parts if k in s.seconds]) for k in parts[0][0].seconds}
    errors = {k: n for s, _ in [*parts, (assessed, 0.0)] for k, n in s.errors.items()}
    return {
        "service_rps": min(rps for _, rps in parts),
        "service_seconds": seconds,
        "service_p50_ms": float(np.quantile(times, 0.5)) * 1000,
        "service_p99_ms": float(np.quantile(times, 0.99)) * 1000,
        "service_max_ms": float(times.max()) * 1000,
        "service_errors": sum(errors.values()),
        "service_error_kinds": errors,
        "service_kinds_p99_ms": {k: round(float(np.quantile(v, 0.99)) * 1000, 1) for k, v in kinds.items()},
        "service_memory_mb": memory[1],
        "service_memory_growth_mb": memory[-1] - memory[1],
        "service_cases": len({r.raw for r in islice(mixed(found), 20_000)}),
        "assess_only_rps": assess_rps,
    }


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="The service under load, by itself.")
    parser.add_argument("--rate", type=float, default=RATE)
    parser.add_argument("--seconds", type=float, default=30)
    given = parser.parse_args()
    for name, value in load_figures(given.rate, given.seconds).items():
        print(f"{name}: {value}")
