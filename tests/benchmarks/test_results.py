"""The figures of the benchmark: which are there, not how large they are."""

from __future__ import annotations

import json
from pathlib import Path

HERE = Path(__file__).parents[2] / "benchmarks"
NAMES = (
    "single_vs_pyagrum",
    "batch_vs_pyagrum",
    "batch_cases_per_s",
    "assess_500_draws_ms",
    "import_s",
    "assess_cold_s",
    "service_rps",
    "service_p99_ms",
    "schemathesis_cases",
    "first_page_kb",
)
COUNTS = ("service_errors", "schemathesis_5xx", "axe_violations", "fhir_referee_errors", "kill9_lost")


def test_the_results_are_flat_and_hold_the_figures_that_others_read() -> None:
    found = json.loads((HERE / "results.json").read_text(encoding="utf-8"))
    assert all(isinstance(found[name], float | int) and found[name] > 0 for name in NAMES)
    assert found["agreement_max_abs"] <= 1e-9
    assert all(isinstance(found[name], int) for name in COUNTS)
    assert found["commit"]
    assert found["processor"]


def test_the_table_shows_every_figure_with_its_aim() -> None:
    table = (HERE / "results.md").read_text(encoding="utf-8")
    assert all(f"`{name}`" in table for name in (*NAMES, *COUNTS))
