"""Everybody of a simulated database judged: people a second, memory, and the same sum as an analyst would write it.

A process of its own measures each size, so that its peak of memory is its own. Opening the database, the libraries for
it, reading its vocabulary and every new pattern are within the time.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from tempfile import gettempdir
from time import perf_counter, process_time
from typing import Any

import numpy as np
from memory import peak_mb

PEOPLE = 1_000_000
FEW = 100_000
SEED = 7
CACHE = Path(gettempdir()) / "soleus-benchmark-scoring"


def scoring_figures(quick: bool = False) -> dict[str, Any]:
    """`score_people_per_s` on all records, the same on codes and medicines alone, memory, and two plain ways."""
    many = FEW if quick else PEOPLE
    large, small = _measured(many), _measured(FEW // (10 if quick else 1))
    plain = json.loads(_child("plain", FEW))
    return {
        "score_people": many,
        "score_rows": large["rows"],
        "score_people_per_s": large["rate"],
        "score_people_per_processor_s": large["processor_rate"],
        "score_patterns": large["patterns"],
        "score_without_results_people_per_s": large["rate_without_results"],
        "score_peak_mb": large["peak_mb"],
        "score_memory_growth": large["peak_mb"] / small["peak_mb"],
        **plain,
    }


def _measured(people: int) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(_child("all", people))
    found["rate_without_results"] = json.loads(_child("without", people))["rate"]
    return found


def _child(what: str, people: int) -> str:
    world(people)
    done = subprocess.run(
        [sys.executable, __file__, what, str(people)], check=True, capture_output=True, text=True
    )  # fmt: skip
    return done.stdout.splitlines()[-1]


def world(people: int) -> Path:
    """A simulated database of so many people; made once."""
    from soleus.knowledge.loader import shipped
    from soleus.population.made_up.files import write_population
    from soleus.population.made_up.people import plan_of
    from soleus.population.results.manifest import Manifest

    out = CACHE / str(people)
    made = {"seed": SEED, "knowledge": shipped().digest}
    if out.exists() and json.loads((out / "manifest.json").read_text(encoding="utf-8"))["made_of"] != made:
        shutil.rmtree(out)
    write_population(plan_of(shipped()), out, people, SEED, "omop", Manifest(out, made), lambda _: None)
    return out


def measure(people: int, results: bool) -> dict[str, Any]:
    """One run over everybody of a database that is there, with or without laboratory values."""
    from soleus.population.databases.source import SHAPE, open_source
    from soleus.population.scoring.everyone import Asked, score_everyone
    from soleus.reasoning.compiled import shipped_compiled

    compiled = shipped_compiled()
    begin, processor = perf_counter(), process_time()
    source = open_source(CACHE / str(people))
    if not results:
        tables = dict(source.tables) | {"result": source.engine.empty(SHAPE["result"])}
        source = replace(source, tables=tables)
    found = score_everyone(source, compiled, Asked())
    took, processor = perf_counter() - begin, process_time() - processor
    if round(found.sums.people.sum()) != people:
        raise SystemExit("somebody was not judged")
    peak = peak_mb()
    rows = sum(source.engine.one(t.aggregate(n=t.count()))["n"] for t in source.tables.values())
    return {"rate": people / took, "processor_rate": people / processor, "patterns": found.patterns,
            "peak_mb": peak, "rows": rows}  # fmt: skip


# ------------------------------------------------------------------------------------------ plain ways


def plain_figures(people: int) -> dict[str, Any]:
    """Medicines taken on the last day alone, each an independent weight: a long join, and pandas with a matrix.

    Less than what is measured above (no codes, values, windows, blocks, silence or red flags), in the usual way.
    """
    features, weights, prior = _weights()
    return {
        "score_long_join_people_per_s": people / _long_join(people, features, weights, prior),
        "score_pandas_people_per_s": people / _pandas(people, features, weights, prior),
    }


def _weights() -> tuple[dict[int, int], Any, Any]:
    """Concept -> feature; (features, S) what each adds to the logarithm; (S,) what everybody begins with."""
    from soleus.population.databases.source import open_source
    from soleus.population.scoring.atoms import Atom, kinds_of
    from soleus.population.scoring.judging import Judge
    from soleus.population.scoring.layout import layout_of
    from soleus.population.scoring.meanings import meanings_of
    from soleus.population.scoring.patterns import People
    from soleus.reasoning.compiled import shipped_compiled

    compiled = shipped_compiled()
    layout = layout_of(compiled, meanings_of(open_source(world(FEW)), compiled))
    kinds = sorted({a.name for a in layout.place if a.kind == "takes"})
    words = np.zeros((layout.words, len(kinds) + 1), np.int64)
    for n, name in enumerate(kinds, 1):
        for word, bits in layout.bits([Atom("takes", name)]).items():
            words[word, n] = bits
    size = words.shape[1]
    p = Judge(layout).score(People(words, np.full(size, 20), np.ones(size, np.int64))).probability
    log = np.log(np.maximum(p, 1e-30))
    place = {name: n for n, name in enumerate(kinds)}
    takes = kinds_of(compiled).takes
    features = {c: place[takes[m]] for c, ms in layout.medicines.items() for m in ms if m in takes}
    return features, log[1:] - log[0], log[0]


_TAKEN = """
    from '{0}/drug_exposure.parquet/*.parquet' e
    join '{0}/observation_period.parquet/*.parquet' p using (person_id)
    join features f on f.concept = e.drug_concept_id
    where e.drug_exposure_end_date >= p.observation_period_end_date
"""


def _long_join(people: int, features: dict[int, int], weights: Any, prior: Any) -> float:
    import duckdb
    import pyarrow as pa

    shape = weights.shape
    con = duckdb.connect()
    con.register("features", pa.table({"concept": list(features), "feature": list(features.values())}))
    con.register("weights", pa.table({
        "feature": np.repeat(np.arange(shape[0]), shape[1]), "explanation": np.tile(np.arange(shape[1]), shape[0]),
        "weight": weights.ravel(),
    }))  # fmt: skip
    con.register("prior", pa.table({"explanation": np.arange(shape[1]), "weight": prior}))
    begin = perf_counter()
    con.execute(
        f"""with taken as (select distinct person_id, feature {_TAKEN.format(world(people))}),
        added as (
            select person_id, explanation, sum(weight) as weight from taken join weights using (feature) group by all
        ),
        logs as (
            select person_id, explanation, exp(added.weight + prior.weight) as p
            from added join prior using (explanation)
        )
        select explanation, avg(p / total) from logs join (select person_id, sum(p) as total from logs group by all)
        using (person_id) group by all"""
    ).fetchall()
    return perf_counter() - begin


def _pandas(people: int, features: dict[int, int], weights: Any, prior: Any) -> float:
    import pandas as pd

    folder = world(people)
    begin = perf_counter()
    columns = ["person_id", "drug_concept_id", "drug_exposure_end_date"]
    taken = pd.read_parquet(folder / "drug_exposure.parquet", columns=columns)
    taken = taken.merge(pd.read_parquet(folder / "observation_period.parquet"), on="person_id")
    taken = taken[taken.drug_exposure_end_date >= taken.observation_period_end_date]
    taken["feature"] = taken.drug_concept_id.map(features)
    wide = pd.crosstab(taken.person_id, taken.feature).clip(upper=1)
    log = wide.to_numpy() @ weights[wide.columns.astype(int)] + prior
    p = np.exp(log - log.max(axis=1, keepdims=True))
    (p / p.sum(axis=1, keepdims=True)).mean(axis=0)
    return perf_counter() - begin


if __name__ == "__main__":
    what, many = sys.argv[1], int(sys.argv[2])
    print(json.dumps(plain_figures(many) if what == "plain" else measure(many, what == "all")))
