"""The memory of a process at its peak."""

from __future__ import annotations

import resource
from pathlib import Path


def peak_mb() -> float:
    """Of this process since it was started; what `getrusage` says of a child begins with its parent's."""
    try:
        lines = Path("/proc/self/status").read_text(encoding="utf-8").splitlines()
        return next(int(line.split()[1]) / 1024 for line in lines if line.startswith("VmHWM"))
    except (OSError, StopIteration):
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
