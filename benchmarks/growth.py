"""How time grows with explanations, findings and cases, on generated networks."""

from __future__ import annotations

import sys
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np
from measures import CHUNK, seconds
from people import repeated
from referee import as_told, best, referees

from soleus.inference import batch
from soleus.inference.draws import draw
from soleus.inference.network import Context, Evidence, Network
from soleus.inference.posterior import judge

sys.path.insert(0, str(Path(__file__).parents[1]))
from tests.inference import generated

EXPLANATIONS = (15, 30, 60, 120, 240)
FINDINGS = (50, 100, 200, 400, 800)
ASKED = 20


def saying(_contributor: int, present: bool) -> tuple[float, float]:
    """What a statement is worth; the same for all."""
    return (0.03, 0.9) if present else (0.97, 0.1)


def cases_of(network: Network, n: int, asked: int = ASKED) -> list[Evidence]:
    """Cases with so many findings and three contributors, at random."""
    rng = np.random.default_rng(3)
    out = []
    for _ in range(n):
        found = {
            int(f): int(rng.integers(len(network.states[f])))
            for f in rng.choice(len(network.findings), min(asked, len(network.findings)), replace=False)
        }
        said = {
            int(c): saying(int(c), bool(rng.random() < 0.5)) for c in rng.choice(len(network.contributors), 3, False)
        }
        out.append(Evidence(found, said))
    return out


def row(network: Network, context: Context, asked: int = ASKED) -> dict[str, Any]:
    """Single, draws, batch and pyAgrum for one network."""
    cases = cases_of(network, 40, asked)
    table = batch.build(network, context, saying)
    codes = repeated(batch.encode(network, cases), CHUNK)
    out = np.empty((CHUNK, table.size), np.float32)
    judged = [judge(network, context, c) for c in cases]
    batch.score(table, codes, out)
    quickest, medians = best(referees(network, context), [as_told(c) for c in cases[:12]])
    return {
        "single_us": round(median(seconds(lambda c=c: judge(network, context, c)) for c in cases) * 1e6, 1),
        "draws_500_ms": round(median(seconds(lambda j=j: draw(j)) for j in judged[:12]) * 1e3, 2),
        "batch_cases_per_s": round(CHUNK / median(seconds(lambda: batch.score(table, codes, out)) for _ in range(5))),
        "pyagrum_ms": round(medians[quickest.name] * 1e3, 3),
    }


def growth_figures() -> dict[str, list[dict[str, Any]]]:
    """Three tables: more explanations, more findings in the base, more answers per case."""
    base = {"explanations": 107, "findings": 200, "blocks": 20}
    middle = generated.network(1, **base)
    return {
        "explanations": [
            {"explanations": n} | row(*generated.network(1, **(base | {"explanations": n}))) for n in EXPLANATIONS
        ],
        "findings": [{"findings": n} | row(*generated.network(1, **(base | {"findings": n}))) for n in FINDINGS],
        "answers": [{"answers": n} | row(*middle, asked=n) for n in (5, 10, 20, 40, 80)],
        "cases": _by_cases(*middle),
    }


def _by_cases(network: Network, context: Context) -> list[dict[str, Any]]:
    table = batch.build(network, context, saying)
    small = batch.encode(network, cases_of(network, 200))
    out = []
    for n in (1, 10, 100, 1_000, 10_000, 100_000):
        codes = repeated(small, n)
        with_numba = median(seconds(lambda c=codes: batch.score(table, c)) for _ in range(5))
        without = median(seconds(lambda c=codes: batch.score_numpy(table, c)) for _ in range(3))
        out.append({"cases": n, "numba_ms": round(with_numba * 1e3, 3), "numpy_ms": round(without * 1e3, 3)})
    return out
