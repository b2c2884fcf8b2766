"""The plots of the validation report (matplotlib, development only)."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from soleus.validation.interviews import Held
from soleus.validation.scoring import Outcome

_INK, _ACCENT, _SOFT = "#1d2a33", "#0b6e75", "#b9c4c9"


def _axes(title: str, x: str, y: str) -> tuple[Any, Any]:
    import matplotlib

    matplotlib.use("svg")
    matplotlib.rcParams["svg.hashsalt"] = "soleus"  # the same picture from the same figures
    from matplotlib import pyplot

    figure, axes = pyplot.subplots(figsize=(5.2, 4.2))
    axes.set_title(title, loc="left", color=_INK, fontsize=11)
    axes.set_xlabel(x, color=_INK)
    axes.set_ylabel(y, color=_INK)
    for side in ("top", "right"):
        axes.spines[side].set_visible(False)
    return figure, axes


def _save(figure: Any, path: Path) -> None:
    figure.tight_layout()
    figure.savefig(path, metadata={"Date": None})
    from matplotlib import pyplot

    pyplot.close(figure)


def calibration_plot(path: Path, pairs: tuple[Any, Any], held: Sequence[Outcome]) -> None:
    """How often the first explanation was right, by the probability that it was given."""
    figure, axes = _axes("Is the first explanation right as often as it says?", "probability given", "share right")
    axes.plot([0, 1], [0, 1], color=_SOFT, linewidth=1)
    axes.plot(*_bins(np.asarray(pairs[0]), np.asarray(pairs[1])), "o-", color=_ACCENT, label="simulated patients")
    p = np.array([o.first_probability for o in held])
    right = np.array([o.rank == 1 for o in held], float)
    axes.plot(*_bins(p, right, 5), "s", color=_INK, label="vignettes set aside")
    axes.set_xlim(0, 1)
    axes.set_ylim(0, 1)
    axes.legend(frameon=False, loc="upper left")
    _save(figure, path)


def _bins(p: Any, right: Any, n: int = 10) -> tuple[list[float], list[float]]:
    edges = np.quantile(p, np.linspace(0, 1, n + 1))
    at = np.clip(np.searchsorted(edges, p, side="right") - 1, 0, n - 1)
    filled = [k for k in range(n) if (at == k).any()]
    return [float(p[at == k].mean()) for k in filled], [float(right[at == k].mean()) for k in filled]


def interview_plot(path: Path, sessions: Sequence[Held]) -> None:
    """How long interviews were."""
    figure, axes = _axes("How many questions until asking stops?", "questions", "interviews")
    n = [h.questions for h in sessions]
    axes.hist(n, bins=np.arange(0.5, max(n) + 1.5), color=_ACCENT)
    axes.axvline(float(np.median(n)), color=_INK, linewidth=1, linestyle="--")
    _save(figure, path)
