"""The figures as JSON and as a table to read."""

from __future__ import annotations

import json
import operator
import os
import platform
import subprocess
from collections.abc import Callable
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
Aim = tuple[str, str, Callable[[float, float], bool], float]
AIMS: tuple[Aim, ...] = (
    ("single_vs_pyagrum", "one posterior, times as quick as pyAgrum", operator.ge, 20),
    ("batch_vs_pyagrum", "a batch, times as quick as pyAgrum", operator.ge, 3_000),
    ("batch_cases_per_s", "cases per second in a batch", operator.ge, 2_000_000),
    ("assess_500_draws_ms", "judgement with 500 draws and the next question, ms", operator.le, 30),
    ("import_s", "`import soleus`, s", operator.le, 0.25),
    ("assess_cold_s", "the whole command, s", operator.le, 0.8),
    ("service_rps", "requests a second that the service holds, the worst tenth of the run", operator.ge, 200),
    ("service_p99_ms", "99 of 100 requests within, ms", operator.le, 100),
    ("service_errors", "requests that went wrong", operator.le, 0),
    ("schemathesis_cases", "cases that schemathesis made", operator.ge, 20_000),
    ("schemathesis_5xx", "answers of the kind 5xx to them", operator.le, 0),
    ("axe_violations", "violations that axe finds on the pages", operator.le, 0),
    ("fhir_referee_errors", "errors that the referees of FHIR find", operator.le, 0),
    ("kill9_lost", "acknowledged records lost when the process is killed", operator.le, 0),
    ("first_page_kb", "the first page, all in, kB", operator.le, 100),
    ("layout_shift", "largest layout shift of a page", operator.le, 0.0),
    ("entry_p99_ms", "entries at a hundred a second, 99 of 100 within, ms", operator.le, 50),
    ("entry_errors", "entries that went wrong", operator.le, 0),
    ("ssa_pair_vs_scan", "one pair of a database, times a scan of the same files", operator.le, 2.5),
    (
        "ssa_screen_vs_scan",
        "500 medicines against one marker, pair counts, from stored first exposures",
        operator.le,
        2.5,
    ),
    ("ssa_full_nulls_vs_scan", "the same with every null ratio", operator.le, 10),
    ("spark_vs_handwritten", "the screen on Spark, times SQL written by hand", operator.le, 1.5),
    ("score_people_per_s", "people of a database judged a second, by all their records", operator.ge, 500_000),
)
MEANING = {
    "batch_numpy_cases_per_s": "cases per second without numba",
    "single_us": "one posterior, µs",
    "pyagrum_ms": "pyAgrum's quickest engine, one posterior, ms",
    "knowledge_load_ms": "reading the compiled knowledge, ms",
    "network_build_ms": "making its arrays, ms",
    "assess_whole_ms": "`soleus.assess` in a process that is warm, ms",
    "assess_500_draws_processor_ms": "processor time of the judgement with draws and next question, ms",
    "assess_cold_processor_s": "processor time of the whole command, s",
    "batch_table_s": "making the table of one context for batches, s",
    "batch_best_cases_per_s": "cases per second, the best round",
    "batch_cases_per_processor_s": "cases per second of processor time, of one core",
    "agreement_max_abs": "largest difference from pyAgrum in any probability",
    "service_seconds": "seconds of load",
    "service_cases": "requests of the load that differ",
    "service_p50_ms": "half of the requests within, ms",
    "service_memory_mb": "memory of the service after the first minute, MB",
    "service_memory_growth_mb": "memory that it grew by in the nine minutes after, MB",
    "assess_only_rps": "`$assess` with 500 draws alone, requests a second",
    "axe_pages": "kinds of page that axe looked at, in light and dark",
    "heaviest_page_kb": "the heaviest page, HTML alone, kB",
    "library_pages": "pages of the library as a static site",
    "library_build_s": "making it, s",
    "entry_p50_ms": "half of the entries within, ms",
    "entries_read": "entries that were read, both audiences",
    "kill9_rounds": "times the process was killed under load",
    "kill9_acknowledged": "records that it had acknowledged",
    "population_rows": "drug exposures of the generated database",
    "population_scan_s": "scan: count and sums of person, concept and date over the raw Parquet, s",
    "ssa_pair_s": "one pair from the raw Parquet, s",
    "ssa_screen_s": "the screen from stored first exposures, s",
    "ssa_full_nulls_s": "the same with every null ratio and interval, s",
    "ssa_screen_raw_vs_scan": "the screen's pair counts from the raw Parquet, times the scan",
    "ssa_full_nulls_raw_vs_scan": "the same with every null ratio, times the scan",
    "population_raw_peak_mb": "memory of that at its peak, MB",
    "population_table_peak_mb": "memory at its peak while first exposures are stored, MB",
    "ssa_pair_sorted_vs_scan": "one pair, files in the order of concepts, times a scan of those",
    "population_table_s": "storing first exposures once, s",
    "ssa_sort_s": "sorting the raw Parquet by concept once, s",
    "ssa_open_s": "looking once whether periods are in order, s",
    "population_peak_mb": "memory at its peak, MB",
    "population_peak_growth": "peak of memory at the largest size against that at the smallest",
    "pandas_pair_vs_scan": "the pair with pandas, times the scan",
    "polars_pair_vs_scan": "the pair with Polars, times the scan",
    "pandas_peak_mb": "memory of pandas at its peak, MB",
    "polars_peak_mb": "memory of Polars at its peak, MB",
    "population_bytes_per_row": "bytes a row of the Parquet of exposures",
    "spark_scan_s": "the scan on Spark, s",
    "spark_screen_s": "the screen on Spark, s",
    "spark_handwritten_s": "the screen on Spark by SQL written by hand, s",
    "score_people": "people of the simulated database that was judged",
    "score_rows": "rows of their records",
    "score_people_per_processor_s": "people judged a second of processor time",
    "score_without_results_people_per_s": "people judged a second by diagnoses and medicines alone",
    "score_patterns": "bitmaps that differ, each judged once in its range",
    "score_peak_mb": "memory at its peak, MB",
    "score_memory_growth": "peak of memory against that for a tenth of the people",
    "score_long_join_people_per_s": "medicines alone as independent weights, a long join in SQL, people a second",
    "score_pandas_people_per_s": "the same with pandas and a matrix, people a second",
    "batch_max_abs_error": "largest difference of a batch from the single posterior",
}


def surroundings() -> dict[str, Any]:
    """Commit, processor, cores, versions, load of the machine, date."""
    return {
        "commit": _git("rev-parse", "HEAD"),
        "changed_since_commit": bool(_git("status", "--porcelain", "--", "src")),
        "date": datetime.now(UTC).strftime("%Y-%m-%dT%H:%MZ"),
        "processor": _processor(),
        "cores": len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count(),
        "load_average": round(os.getloadavg()[0], 2),
        "python": platform.python_version(),
        **{f"{name}_version": _version(name) for name in ("numpy", "numba", "msgspec", "pyagrum", "soleus")},
    }


def _git(*words: str) -> str:
    done = subprocess.run(["git", *words], cwd=HERE, capture_output=True, text=True, check=False)
    return done.stdout.strip()


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return platform.processor()
    return next((line.partition(":")[2].strip() for line in lines if line.startswith("model name")), "unknown")


def _version(name: str) -> str | None:
    try:
        return version(name)
    except PackageNotFoundError:
        return None


def write(figures: dict[str, Any], growth: dict[str, list[dict[str, Any]]]) -> str:
    """Write results.json and results.md; returns the table."""
    flat = {k: _rounded(v) for k, v in figures.items()}
    (HERE / "results.json").write_text(json.dumps(flat, indent=1) + "\n", encoding="utf-8")
    text = "\n".join([*_aims(flat), *_method(flat), *_growth(growth)])
    (HERE / "results.md").write_text(text, encoding="utf-8")
    return text


def _rounded(value: Any) -> Any:
    return float(f"{value:.4g}") if isinstance(value, float) else value


def _shown(value: Any) -> str:
    if isinstance(value, float) and value >= 1000:
        return f"{value:,.0f}"
    return f"{value:g}" if isinstance(value, (int, float)) else str(value)


def _aims(flat: dict[str, Any]) -> list[str]:
    lines = ["# How fast", "", "Rebuilt by `make bench`; the same figures are in results.json.", ""]
    lines += ["| figure | measured | aim | |", "|---|---:|---:|---|"]
    for name, meaning, holds, aim in AIMS:
        if name not in flat:  # a run without the service
            continue
        sign = "≥" if holds is operator.ge else "≤"
        met = "met" if holds(flat[name], aim) else "**missed**"
        lines.append(f"| `{name}`: {meaning} | {_shown(flat[name])} | {sign} {aim:,} | {met} |")
    lines += ["", "| beside them | |", "|---|---:|"]
    lines += [f"| `{name}`: {meaning} | {_shown(flat[name])} |" for name, meaning in MEANING.items() if name in flat]
    return lines


def _method(flat: dict[str, Any]) -> list[str]:
    engines = ", ".join(f"{name} {ms:g} ms" for name, ms in flat["pyagrum_engines_ms"].items())
    changed = " with changes not yet committed" if flat["changed_since_commit"] else ""
    return [
        "",
        f"{flat['date']}, commit {flat['commit'][:12]}{changed}; {flat['processor']}, {flat['cores']} cores, load"
        f" {flat['load_average']} at the start; Python {flat['python']}, NumPy {flat['numpy_version']}, Numba"
        f" {flat['numba_version']}, pyAgrum {flat['pyagrum_version']}.",
        "",
        f"The whole shipped base: {flat['explanations']} explanations, {flat['findings']} findings,"
        f" {flat['contributors']} contributors, for one context (a woman of 67 in primary care). Cases are patients"
        " simulated from the model, each with 20 findings (16 core, 4 others) and 3 statements about contributors; the"
        " batch holds 1,000,000 cases, drawn from 8,192 that differ, in chunks of 65,536.",
        "",
        "A ratio is the median over 15 rounds, each of which times Soleus and pyAgrum one after the other, so that a"
        " busy machine slows both. pyAgrum has the whole tree built beforehand, the evidence ready in its own form,"
        f" and S as its only target; the quickest of its engines counts ({engines}). Agreement is checked in the same"
        " run. Linear algebra runs on one thread, a batch with Numba on all cores. Times of commands are medians of 11"
        " runs after one that warms the disk. Other work on the machine slows what the clock measures; processor"
        " times are given beside it.",
        "",
        "The service runs in two processes beside the generator, on the same two cores. The generator is an open loop:"
        " requests leave at fixed times, and latency counts from the time at which one should have left. The mix: half"
        " next question (JSON), a quarter hooks (a chart opened, an order signed), 15 % pages (home, interview, result,"
        " comparison), a tenth `$assess` with 500 draws; 1,500 people drawn from the model, each in every form; no"
        " answer is cached. It is warmed for half a minute. The rate is that of the worst tenth of the run; times are"
        " of all requests.",
        "",
        *_databases(flat),
        "`assess_500_draws_ms`: posterior, 500 draws of every parameter with intervals and ranks, the open questions"
        " of history and examination with the value of each in order, and the stop rule, on each of the coded"
        " examples; `assess_whole_ms` adds reading, rules, causes, plan and words.",
    ]


def _databases(flat: dict[str, Any]) -> list[str]:
    if "population_rows" not in flat:  # a run without databases
        return []
    return [
        f"Databases: {flat['population_rows']:,} drug exposures, generated as OMOP tables in Parquet in the order of"
        " persons and days, 1,000 medicines. The scan counts rows and sums person, concept and date of the same files"
        " with DuckDB. All times are those of a caller: building the query, running it and the arithmetic after it. A"
        " ratio is the median over 7 rounds that time everything one after the other. First exposures are stored once"
        " and serve every later screen of the same study range. pandas and Polars read the two medicines' rows alone,"
        " as an analyst would; all counts are checked to be equal.",
        "",
    ]


_GROWN = {
    "explanations": "Generated networks: 107 explanations, 200 findings, 20 blocks, 20 answers unless varied.",
    "databases": "Generated databases: rows of the table of exposures, 36 a person; seconds of a scan of them, of one"
    " pair, of a screen of 500 medicines, of the same with every null ratio from stored first exposures, and of storing"
    " these once; memory at its peak.",
}


def _growth(growth: dict[str, list[dict[str, Any]]]) -> list[str]:
    lines = ["", "## Growth"]
    for name, rows in growth.items():
        if said := _GROWN.get(name):
            lines += ["", said]
        names = list(rows[0])
        lines += ["", "| " + " | ".join(names) + " |", "|" + "---:|" * len(names)]
        lines += ["| " + " | ".join(f"{r[n]:,}" for n in names) + " |" for r in rows]
    return [*lines, ""]
