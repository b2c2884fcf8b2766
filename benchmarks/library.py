"""The library: how many pages, how long a static site takes, how fast entries are read while a hundred a second are."""

from __future__ import annotations

import argparse
import asyncio
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from itertools import cycle
from pathlib import Path
from typing import Any

import numpy as np
from load import open_loop, served
from traffic import Request, written

from soleus.library import addresses
from soleus.library.entries import every
from soleus.reasoning.compiled import shipped_compiled

RATE, SECONDS = 100.0, 120
_KINDS = ("explanation", "contributor")  # what is read most; medicines and findings have short pages


def library_figures(*, quick: bool = False) -> dict[str, Any]:
    """All figures of the library. ``quick``: fifteen seconds of reading."""
    return build_figures() | reading_figures(15 if quick else SECONDS)


def build_figures() -> dict[str, Any]:
    """Pages of the static site and the seconds that it takes, in a process of its own."""
    print("building the library ...", flush=True)
    with tempfile.TemporaryDirectory() as folder:
        begun = time.perf_counter()
        code = "import sys; from soleus.cli import main; sys.argv = ['soleus', 'library', 'build', sys.argv[1]]; main()"
        subprocess.run([sys.executable, "-c", code, f"{folder}/site"], check=True, stdout=subprocess.DEVNULL)
        seconds = time.perf_counter() - begun
        files = [f for f in Path(folder, "site").rglob("*") if f.is_file()]
    pages = [f for f in files if f.suffix == ".html"]
    return {"library_pages": len(pages), "library_build_s": seconds}


def reading_figures(seconds: float) -> dict[str, Any]:
    """Latency of entries, in the order of chance, for both audiences; memory is warm after one round."""
    print(f"reading entries at {RATE:g}/s for {seconds:g} s ...", flush=True)
    found = _pages()
    with served() as (port, _):
        asyncio.run(open_loop(port, cycle(found), RATE / 2, 30))
        seen, rps = asyncio.run(open_loop(port, _shuffled(found), RATE, seconds))
    times = seen.all * 1000
    return {
        "entry_rps": rps,
        "entry_p50_ms": float(np.quantile(times, 0.5)),
        "entry_p99_ms": float(np.quantile(times, 0.99)),
        "entry_errors": sum(seen.errors.values()),
        "entries_read": len(found),
    }


def _pages() -> list[Request]:
    entries = [r for r in every(shipped_compiled()) if r.kind in _KINDS]
    paths = [addresses.entry(r.kind, r.id) + tail for r in entries for tail in ("", "?for=patient")]
    return [written("entry", "GET", path) for path in paths]


def _shuffled(found: list[Request]) -> Iterator[Request]:
    rng = np.random.default_rng(9)
    while True:
        for n in rng.permutation(len(found)):
            yield found[int(n)]


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="The library, by itself.")
    parser.add_argument("--seconds", type=float, default=30)
    given = parser.parse_args()
    for name, value in (build_figures() | reading_figures(given.seconds)).items():
        print(f"{name}: {value}")
