"""Sequence symmetry on generated databases, as multiples of a scan of the same files in the same run.

    scan            count, and sums of person, concept and date, over the raw Parquet of exposures
    pair            people of one medicine and one marker by order, from the raw Parquet
    screen          500 medicines against one marker by order, from the stored first exposures
    full            the same with every null ratio and interval

What is stored is made once (`population_table_s`); the screen and every null ratio from the raw Parquet stand beside.
Each size has a process of its own, so that peak memory is its own. A round times the scan and everything else one after
the other; a ratio is the median over the rounds. pandas and Polars do the pair as an analyst would write it, Spark does
the screen, by our expression and by SQL written by hand; all counts must be equal.
"""

from __future__ import annotations

import argparse
import datetime
import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from statistics import median
from time import perf_counter
from typing import Any

import numpy as np
import population_data as data
from memory import peak_mb
from population_data import MARKER, SCREENED, sorted_by_concept

INDEX = 5  # a common medicine
SMALL, MIDDLE, LARGE = 10**6, 10**7, 10**8
WINDOW = 365
ROUNDS = 7
_FIRST = datetime.date(2005, 1, 1)
_LAST = datetime.date(2014, 12, 31)


def population_figures(*, quick: bool = False) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """All figures, and a row for each size. ``quick``: up to 10^6 rows; with BENCH_LARGE=1 up to 10^8."""
    sizes = [10**5, SMALL] if quick else [SMALL, MIDDLE, *([LARGE] if os.environ.get("BENCH_LARGE") == "1" else [])]
    main, rows = SMALL if quick else MIDDLE, []
    figures: dict[str, Any] = {"population_rows": main}
    with tempfile.TemporaryDirectory() as place:
        for size in sizes:
            print(f"databases: {size:,} exposures ...", flush=True)
            folder = data.write(Path(place) / str(size), size)
            found = _apart("made", folder) | _apart("ours", folder)
            rows.append({"exposures": size} | {name: found[name] for name in _ROW})
            if size == main:
                figures |= {name: value for name, value in found.items() if not isinstance(value, list)}
                figures |= _peers(folder, found)
            shutil.rmtree(folder)
    figures["population_peak_growth"] = rows[-1]["population_peak_mb"] / rows[0]["population_peak_mb"]
    return figures, [{name: _short(value) for name, value in row.items()} for row in rows]


def _short(value: float) -> float:
    return value if isinstance(value, int) else float(f"{value:.3g}")


_ROW = (
    "population_scan_s",
    "ssa_pair_s",
    "ssa_screen_s",
    "ssa_full_nulls_s",
    "population_table_s",
    "population_peak_mb",
)


def _peers(folder: Path, ours: dict[str, Any]) -> dict[str, Any]:
    out = _apart("raw", folder)
    _same("The raw Parquet", out.pop("adjusted"), ours["adjusted"])
    for name in ("pandas", "polars"):
        found = _apart(name, folder)
        _same(name, found.pop("pair"), ours["pair"])
        out |= {
            f"{name}_pair_vs_scan": found["seconds"] / ours["population_scan_s"],
            f"{name}_peak_mb": found["peak_mb"],
        }
    if _spark_packages() and shutil.which("java"):
        print("databases: Spark ...", flush=True)
        found = _apart("spark", folder)
        _same("Spark", found.pop("screen"), ours["screen"])
        out |= found
    return out


def _same(who: str, theirs: Any, ours: Any) -> None:
    if theirs != ours:
        raise SystemExit(f"{who} counts {theirs}, and Soleus {ours}")


def _apart(what: str, folder: Path) -> dict[str, Any]:
    """The figures of a process of its own."""
    command = [sys.executable, __file__, "--one", what, str(folder)]
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return found


def _rounds(actions: dict[str, Callable[[], object]], rounds: int = ROUNDS) -> dict[str, list[float]]:
    """Seconds of each action in each round, after one round that warms the disk."""
    out: dict[str, list[float]] = {name: [] for name in actions}
    for n in range(rounds + 1):
        for name, action in actions.items():
            begin = perf_counter()
            action()
            if n:
                out[name].append(perf_counter() - begin)
    return out


def _ratio(times: dict[str, list[float]], name: str, against: str = "scan") -> float:
    return median(a / b for a, b in zip(times[name], times[against], strict=True))


# --------------------------------------------------------------------------------------------------- ours


def _made(folder: Path) -> dict[str, Any]:
    """What is made once: the stored first exposures, and the files in the order of concepts."""
    from soleus.population.databases.spans import tidy
    from soleus.population.sequences.digest import digested

    _, screen = _studies(folder, "duckdb")
    opening = _seconds(lambda: tidy(screen.source))
    stored = _seconds(lambda: digested(screen.source, screen.span, folder / "stored"))
    peak = peak_mb()
    return {
        "ssa_open_s": opening,
        "population_table_s": stored,
        "population_table_peak_mb": peak,
        "ssa_sort_s": _seconds(lambda: sorted_by_concept(folder)),
        "population_bytes_per_row": _size(folder / "drug_exposure.parquet") / data.rows_in(folder),
    }


def _seconds(action: Callable[[], object]) -> float:
    begin = perf_counter()
    action()
    return perf_counter() - begin


def _ours(folder: Path) -> dict[str, Any]:
    from soleus.population.databases.spans import tidy
    from soleus.population.sequences.digest import digested
    from soleus.population.sequences.first_events import count_pairs

    pair, screen = _studies(folder, "duckdb")
    tidy(pair.source)
    stored = replace(screen, source=digested(screen.source, screen.span, folder / "stored"))
    by_concept = sorted_by_concept(folder)
    ordered = _studies(_linked(folder, by_concept), "duckdb")[0]
    times = _rounds({
        "scan": _scan(f"{folder}/drug_exposure.parquet/*.parquet"),
        "pair": lambda: count_pairs(pair),
        "raw": lambda: count_pairs(screen),
        "screen": lambda: count_pairs(stored),
        "full": lambda: _full(stored),
        "scan_sorted": _scan(str(by_concept)),
        "pair_sorted": lambda: count_pairs(ordered),
    })  # fmt: skip
    return {
        "population_scan_s": median(times["scan"]),
        "ssa_pair_vs_scan": _ratio(times, "pair"),
        "ssa_screen_vs_scan": _ratio(times, "screen"),
        "ssa_full_nulls_vs_scan": _ratio(times, "full"),
        "ssa_screen_raw_vs_scan": _ratio(times, "raw"),
        "ssa_pair_sorted_vs_scan": _ratio(times, "pair_sorted", "scan_sorted"),
        "ssa_pair_s": median(times["pair"]),
        "ssa_screen_s": median(times["screen"]),
        "ssa_full_nulls_s": median(times["full"]),
        "population_peak_mb": peak_mb(),
        "pair": _orders(count_pairs(pair), [1]),
        "screen": _orders(count_pairs(screen), list(screen.index)),
        "adjusted": [round(v, 12) for v in np.nan_to_num(_full(stored).adjusted[:, 0]).tolist()],
    }


def _raw(folder: Path) -> dict[str, Any]:
    """Every null ratio without what is stored."""
    _, screen = _studies(folder, "duckdb")
    times = _rounds({"scan": _scan(f"{folder}/drug_exposure.parquet/*.parquet"), "full": lambda: _full(screen)}, 3)
    return {
        "ssa_full_nulls_raw_vs_scan": _ratio(times, "full"),
        "population_raw_peak_mb": peak_mb(),
        "adjusted": [round(v, 12) for v in np.nan_to_num(_full(screen).adjusted[:, 0]).tolist()],
    }


def _scan(files: str) -> Callable[[], object]:
    import duckdb

    con = duckdb.connect()
    asked = (
        "select count(*), sum(person_id), sum(drug_concept_id), sum(drug_exposure_start_date - date '1970-01-01') "
        f"from '{files}'"
    )
    return lambda: con.execute(asked).fetchall()


def _full(study: Any) -> Any:
    """Every ratio of a screen, with its null ratio and interval."""
    from soleus.population.sequences.first_events import count_pairs
    from soleus.population.sequences.null_sums import null_sums
    from soleus.statistics.sequence_symmetry import sequence_ratios

    a, b = count_pairs(study).table(list(study.index), list(study.marker))
    return sequence_ratios(a, b, null_sums(study, WINDOW))


def _size(folder: Path) -> int:
    return sum(file.stat().st_size for file in folder.iterdir())


def _orders(counts: Any, index: list[int]) -> list[list[int]]:
    a, b = counts.table(index, [1])
    return [a[:, 0].tolist(), b[:, 0].tolist()]


def _linked(folder: Path, exposures: Path) -> Path:
    """The same database with its exposures in another order."""
    out = folder / "by_concept"
    if not out.exists():
        out.mkdir()
        for table in ("person", "observation_period"):
            (out / f"{table}.parquet").symlink_to(folder / f"{table}.parquet")
        (out / "drug_exposure.parquet").symlink_to(exposures)
    return out


def _studies(folder: Path, engine: str) -> tuple[Any, Any]:
    """One pair, and a screen of many medicines."""
    from soleus.population.databases.engine import open_engine
    from soleus.population.databases.source import open_source
    from soleus.population.sequences.counting import SequenceSettings
    from soleus.population.sequences.study import EXPOSURES, study_of

    source = open_source(folder, kind="omop", engine=open_engine(engine))
    how = SequenceSettings(window=(0, WINDOW), first_day=_FIRST, last_day=_LAST)
    some = {n + 1: [concept] for n, concept in enumerate(data.medicines()[:SCREENED])}
    made = [
        study_of(source, index, {1: [MARKER]}, how, None, marker_tables=EXPOSURES) for index in ({1: [INDEX]}, some)
    ]
    return made[0], made[1]


# -------------------------------------------------------------------------------------------------- peers


def _pandas(folder: Path) -> dict[str, Any]:
    import pandas as pd

    def pair() -> list[list[int]]:
        t = pd.read_parquet(
            folder / "drug_exposure.parquet", columns=["person_id", "drug_concept_id", "drug_exposure_start_date"],
            filters=[("drug_concept_id", "in", [INDEX, MARKER])],
        )  # fmt: skip
        t["day"] = pd.to_datetime(t.drug_exposure_start_date)
        first = t.groupby(["person_id", "drug_concept_id"])["day"].min().unstack().dropna()
        seen = pd.read_parquet(folder / "observation_period.parquet").set_index("person_id")
        both = first.join(seen, how="inner")
        apart = (both[MARKER] - both[INDEX]).dt.days
        earlier, later = both[[INDEX, MARKER]].min(axis=1), both[[INDEX, MARKER]].max(axis=1)
        kept = (apart != 0) & (apart.abs() <= WINDOW)
        kept &= earlier >= pd.to_datetime(both.observation_period_start_date)
        kept &= later <= pd.to_datetime(both.observation_period_end_date)
        return [[int((kept & (apart > 0)).sum())], [int((kept & (apart < 0)).sum())]]

    return _peer(pair)


def _polars(folder: Path) -> dict[str, Any]:
    import polars as pl

    def pair() -> list[list[int]]:
        day, concept = pl.col("drug_exposure_start_date"), pl.col("drug_concept_id")
        first = (
            pl.scan_parquet(folder / "drug_exposure.parquet/*.parquet")
            .filter(concept.is_in([INDEX, MARKER]))
            .group_by("person_id")
            .agg(index=day.filter(concept == INDEX).min(), marker=day.filter(concept == MARKER).min())
            .drop_nulls()
        )
        apart = (pl.col("marker") - pl.col("index")).dt.total_days()
        found = (
            first.join(pl.scan_parquet(folder / "observation_period.parquet/*.parquet"), on="person_id")
            .filter(
                apart != 0,
                apart.abs() <= WINDOW,
                pl.min_horizontal("index", "marker") >= pl.col("observation_period_start_date"),
                pl.max_horizontal("index", "marker") <= pl.col("observation_period_end_date"),
            )
            .select(a=(apart > 0).sum(), b=(apart < 0).sum())
            .collect()
        )
        return [[int(found["a"][0])], [int(found["b"][0])]]

    return _peer(pair)


def _peer(pair: Callable[[], list[list[int]]]) -> dict[str, Any]:
    times = _rounds({"pair": pair})
    return {"seconds": median(times["pair"]), "peak_mb": peak_mb(), "pair": pair()}


# -------------------------------------------------------------------------------------------------- Spark


def _spark_packages() -> Path | None:
    """PySpark lives in an environment of its own (`make spark`)."""
    found = sorted(Path(__file__).parents[1].glob(".venv-spark/lib/python3.*/site-packages/pyspark"))
    return found[0].parent if found else None


_BY_HAND = f"""
with marker as (
  select person_id, min(drug_exposure_start_date) as marker from exposure
  where drug_concept_id = {MARKER} and drug_exposure_start_date between date '{_FIRST}' and date '{_LAST}'
  group by person_id
), first as (
  select e.person_id, c.cohort, min(e.drug_exposure_start_date) as first from exposure e
  join cohorts c on e.drug_concept_id = c.concept
  left semi join marker m on e.person_id = m.person_id
  where e.drug_exposure_start_date between date '{_FIRST}' and date '{_LAST}'
  group by e.person_id, c.cohort
)
select f.cohort, sum(case when m.marker > f.first then 1 else 0 end) as a,
       sum(case when m.marker < f.first then 1 else 0 end) as b
from first f join marker m on f.person_id = m.person_id join period p on f.person_id = p.person_id
where m.marker <> f.first and abs(datediff(m.marker, f.first)) <= {WINDOW}
  and p.observation_period_start_date <= least(m.marker, f.first)
  and p.observation_period_end_date >= greatest(m.marker, f.first)
group by f.cohort
"""


def _spark(folder: Path) -> dict[str, Any]:
    from soleus.population.databases.spans import tidy
    from soleus.population.sequences.first_events import count_pairs

    sys.path.append(str(_spark_packages()))
    _, screen = _studies(folder, "spark")
    tidy(screen.source)
    session = screen.source.engine.con._session
    for name, file in (("exposure", "drug_exposure"), ("period", "observation_period")):
        session.read.parquet(str(folder / f"{file}.parquet")).createOrReplaceTempView(name)
    rows = [(concept, number) for number, concepts in screen.index.items() for concept in concepts]
    session.createDataFrame(rows, ["concept", "cohort"]).createOrReplaceTempView("cohorts")

    def by_hand() -> list[list[int]]:
        found = {row.cohort: (row.a, row.b) for row in session.sql(_BY_HAND).collect()}
        return [[found.get(n, (0, 0))[side] for n in screen.index] for side in (0, 1)]

    def ours() -> list[list[int]]:
        return _orders(count_pairs(screen), list(screen.index))

    times = _rounds({
        "hand": by_hand,
        "ours": ours,
        "scan": lambda: session.sql(
            "select count(*), sum(person_id), sum(drug_concept_id), sum(unix_date(drug_exposure_start_date)) "
            "from exposure"
        ).collect(),
    })  # fmt: skip
    _same("SQL by hand", by_hand(), ours())
    return {
        "spark_vs_handwritten": _ratio(times, "ours", "hand"),
        "spark_scan_s": median(times["scan"]),
        "spark_screen_s": median(times["ours"]),
        "spark_handwritten_s": median(times["hand"]),
        "screen": ours(),
    }


# --------------------------------------------------------------------------------------------- the command

_ONE = {"made": _made, "ours": _ours, "raw": _raw, "pandas": _pandas, "polars": _polars, "spark": _spark}


def main() -> None:
    parser = argparse.ArgumentParser(description="Databases, by themselves. BENCH_LARGE=1 goes up to 10^8 rows.")
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--one", nargs=2, metavar=("WHAT", "FOLDER"), help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.one:
        print(json.dumps(_ONE[given.one[0]](Path(given.one[1]))))
        return
    figures, rows = population_figures(quick=given.quick)
    for name, value in figures.items():
        print(f"{name}: {value}")
    for row in rows:
        print(row)


if __name__ == "__main__":
    main()
