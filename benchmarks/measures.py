"""Single posteriors, batches and whole judgements, timed against pyAgrum."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from statistics import median
from time import perf_counter, process_time
from typing import Any

import numpy as np
from people import Population, people, repeated
from referee import as_told, best, referees

from soleus.inference import batch
from soleus.inference.decisions import value_of
from soleus.inference.network import Evidence
from soleus.inference.posterior import judge
from soleus.interop.reading import read_any
from soleus.reasoning import questions
from soleus.reasoning.assess import assess
from soleus.reasoning.intake import take_in
from soleus.reasoning.judging import Judged
from soleus.reasoning.medicines import MedicineIndex

CASES = 1_000_000
CHUNK = 65_536
DISTINCT = 8_192
ROUNDS = 15
AGREEMENT = 1e-9
EXAMPLES = Path(__file__).parents[1] / "examples"


def seconds(action: Callable[[], object]) -> float:
    """How long an action takes."""
    begin = perf_counter()
    action()
    return perf_counter() - begin


def inference_figures(where: Population) -> dict[str, Any]:
    """Single and batch against pyAgrum: each round times all three, a ratio is the median of the rounds' ratios."""
    cases = people(where, DISTINCT)
    own, told = cases[:60], [as_told(c) for c in cases[:60]]
    engines = referees(where.network, where.context)
    quickest, medians = best(engines, told)
    worst = max(
        float(np.abs(r.posterior(t) - judge(where.network, where.context, c).probability).max())
        for r in engines
        for c, t in zip(own, told, strict=True)
    )
    if worst > AGREEMENT:
        raise SystemExit(f"pyAgrum and Soleus differ by {worst:.1e}")
    table_s, table = _table(where)
    codes = repeated(batch.encode(where.network, cases), CASES)
    error = _batch_error(where, table, own)
    single, one, gum, processor = [], [], [], []
    for _ in range(ROUNDS):
        single.append(median(_single_seconds(where, own)))
        gum.append(median(quickest.seconds(told)))
        begin = process_time()
        one.append(_batch_seconds(table, codes))
        processor.append(process_time() - begin)
    rate = [CASES / s for s in one]
    return {
        "single_vs_pyagrum": median(g / s for g, s in zip(gum, single, strict=True)),
        "batch_vs_pyagrum": median(g * r for g, r in zip(gum, rate, strict=True)),
        "batch_cases_per_s": median(rate),
        "batch_numpy_cases_per_s": _numpy_rate(table, codes.part(0, 20_000)),
        "single_us": median(single) * 1e6,
        "pyagrum_ms": median(gum) * 1e3,
        "pyagrum_engine": quickest.name,
        "pyagrum_engines_ms": {name: round(s * 1e3, 3) for name, s in medians.items()},
        "agreement_max_abs": worst,
        "batch_max_abs_error": error,
        "batch_table_s": table_s,
        "batch_best_cases_per_s": max(rate),
        "batch_cases_per_processor_s": CASES / median(processor),
    }


def _single_seconds(where: Population, cases: list[Evidence]) -> list[float]:
    return [seconds(lambda c=c: judge(where.network, where.context, c)) for c in cases]  # type: ignore[misc]


def _table(where: Population) -> tuple[float, batch.Table]:
    begin = perf_counter()
    table = batch.build(where.network, where.context, where.saying)
    return perf_counter() - begin, table


def _batch_error(where: Population, table: batch.Table, cases: list[Evidence]) -> float:
    exact = np.array([judge(where.network, where.context, c).probability for c in cases])
    return float(np.abs(batch.score(table, batch.encode(where.network, cases)) - exact).max())


def _batch_seconds(table: batch.Table, codes: batch.Codes) -> float:
    """All cases, chunk by chunk, into one output that is used again."""
    out = np.empty((CHUNK, table.size), np.float32)
    chunks = [codes.part(at, min(at + CHUNK, len(codes))) for at in range(0, len(codes), CHUNK)]
    begin = perf_counter()
    for part in chunks:
        batch.score(table, part, out[: len(part)])
    return perf_counter() - begin


def _numpy_rate(table: batch.Table, codes: batch.Codes) -> float:
    return len(codes) / median(seconds(lambda: batch.score_numpy(table, codes)) for _ in range(5))


def judgement_figures(where: Population) -> dict[str, Any]:
    """Judgement, 500 draws, value of every question and stop rule on the coded examples; and all of `assess`."""
    compiled = where.compiled
    index = MedicineIndex(compiled.knowledge)
    read = [read_any(path, compiled) for path in sorted(EXAMPLES.glob("*.yaml"))]
    taken = [take_in(case, compiled, index)[0] for case in read]

    def decide(n: int) -> None:
        judged = Judged(taken[n], 500)
        assert judged.judgement.probability.sum() > 0
        assert len(judged.draws.kept)
        agenda = questions.open_agenda(judged, ("history", "examination"))
        questions.should_stop(agenda, judged.parameter("stop_tolerance"))
        next(questions.by_value(judged, value_of(agenda)), None)

    whole = [[seconds(lambda c=c: assess(c, knowledge=compiled)) for c in read] for _ in range(5)]  # type: ignore[misc]
    parts = [[seconds(lambda n=n: decide(n)) for n in range(len(taken))] for _ in range(9)]  # type: ignore[misc]
    begin = process_time()
    for n in range(len(taken)):
        decide(n)
    processor = (process_time() - begin) / len(taken)
    return {
        "assess_500_draws_ms": median(t for row in parts[1:] for t in row) * 1e3,
        "assess_500_draws_processor_ms": processor * 1e3,
        "assess_whole_ms": median(t for row in whole[1:] for t in row) * 1e3,
    }
