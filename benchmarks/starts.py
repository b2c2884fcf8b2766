"""What a process costs from its start: the import, the whole command, the knowledge."""

from __future__ import annotations

import os
import resource
import subprocess
import sys
from pathlib import Path
from statistics import median
from time import perf_counter
from typing import Any

ROOT = Path(__file__).parents[1]
_LOAD = (
    "from time import perf_counter as t; b = t(); from soleus.reasoning.compiled import shipped_compiled; m = t();"
    "k = shipped_compiled(); l = t(); k.network; n = t(); print(l - m, n - l)"
)


def _command() -> list[str]:
    script = Path(sys.executable).parent / "soleus"
    return [str(script)] if script.exists() else [sys.executable, "-c", "from soleus.cli import main; main()"]


def _run(command: list[str], times: int) -> tuple[float, float]:
    """Median seconds by the clock and of the processor, after one run that warms the disk."""
    clock, processor = [], []
    for _ in range(times + 1):
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        begin = perf_counter()
        subprocess.run(command, cwd=ROOT, check=True, stdout=subprocess.DEVNULL, env=_environment())
        clock.append(perf_counter() - begin)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        processor.append(after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)
    return median(clock[1:]), median(processor[1:])


def _environment() -> dict[str, str]:
    """As a user has it: without the benchmark's own thread settings."""
    return {k: v for k, v in os.environ.items() if not k.endswith("_NUM_THREADS")}


def start_figures(times: int = 11) -> dict[str, Any]:
    """Seconds of ``import soleus``, of the whole command, of loading the knowledge and of making its arrays."""
    imported, _ = _run([sys.executable, "-c", "import soleus"], times)
    cold, processor = _run([*_command(), "assess", "examples/idiopathic-cramp.yaml"], times)
    done = [
        subprocess.run(
            [sys.executable, "-c", _LOAD], cwd=ROOT, check=True, capture_output=True, text=True
        ).stdout.split()
        for _ in range(5)
    ]
    return {
        "import_s": imported,
        "assess_cold_s": cold,
        "assess_cold_processor_s": processor,
        "knowledge_load_ms": median(float(load) for load, _ in done) * 1e3,
        "network_build_ms": median(float(build) for _, build in done) * 1e3,
    }
