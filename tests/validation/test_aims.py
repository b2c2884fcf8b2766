"""The figures of the validation stand in docs/validation.json: flat numbers that other programs read."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import pytest

from soleus.validation.vignettes import read_all, set_aside

NAMES = {
    "tables_reproduced", "vignettes", "vignettes_set_aside", "top1", "top1_diagnosis", "top3", "must_not_miss_recall",
    "dnm_entries_median", "over_triage", "under_triage", "calibration_slope", "calibration_slope_cases",
    "questions_median", "ssa_coverage_95", "ssa_bias", "ssa_false_positives", "nhanes_mild_2005", "nhanes_modsev_2005",
    "nhanes_mild_2007", "nhanes_modsev_2007", "oracle_max_abs_error", "top1_baseline", "top1_without_expert",
}  # fmt: skip
SHARES = {
    "top1", "top1_diagnosis", "top3", "must_not_miss_recall", "over_triage", "under_triage", "top1_baseline",
    "top1_without_expert",
}  # fmt: skip


@pytest.fixture(scope="module")
def figures(root: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((root / "docs/validation.json").read_text(encoding="utf-8"))
    return found


def test_every_figure_is_there_and_a_plain_number(figures: dict[str, Any]) -> None:
    assert set(figures) >= NAMES
    for name, value in figures.items():
        assert isinstance(value, (int, float)), name
        assert not isinstance(value, bool), name
        assert math.isfinite(value), name


def test_shares_are_shares(figures: dict[str, Any]) -> None:
    assert all(0 <= figures[name] <= 1 for name in SHARES)
    assert figures["top1"] <= figures["top3"]


def test_over_triage_is_measured(figures: dict[str, Any]) -> None:
    # The aims: on benign cases of the half set aside at most 4 entries "do not miss" in the median, and a flag of the
    # same day or sooner in at most 10 %. Missed aims are reported in docs/validation.md; not measuring them is a fault.
    assert 0 <= figures["over_triage"] <= 1
    assert figures["dnm_entries_median"] >= 0
    assert 0 <= figures["under_triage"] <= 1


def test_the_figures_are_those_of_the_vignettes_that_are_there(root: Path, figures: dict[str, Any]) -> None:
    ids = {v.id for v in read_all(root / "validation/vignettes")}
    assert figures["vignettes"] == len(ids)
    assert figures["vignettes_set_aside"] == len(set_aside(root / "validation") & ids)


def test_the_engine_agrees_with_its_oracle(figures: dict[str, Any]) -> None:
    assert figures["oracle_max_abs_error"] <= 1e-9


def test_the_report_tells_the_same_figures(root: Path, figures: dict[str, Any]) -> None:
    report = (root / "docs/validation.md").read_text(encoding="utf-8")
    assert f"{figures['vignettes_set_aside']}" in report
    assert f"{figures['top1']:.0%}" in report
