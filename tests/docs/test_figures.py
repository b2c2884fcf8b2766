"""The figures that the documents and the hazard log rest on are there, with their aims."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from soleus.validation.report import AIMS

#: What other programs read (design: contracts).
NAMES = {
    "calibration_slope",
    "calibration_slope_cases",
    "dnm_entries_median",
    "must_not_miss_recall",
    "oracle_max_abs_error",
    "over_triage",
    "questions_median",
    "tables_reproduced",
    "top1",
    "top1_baseline",
    "top1_diagnosis",
    "top1_without_expert",
    "top3",
    "under_triage",
    "vignettes",
    "vignettes_set_aside",
}


@pytest.fixture
def figures(root: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((root / "docs/validation.json").read_text(encoding="utf-8"))
    return found


def test_the_figures_are_flat_numbers(figures: dict[str, Any]) -> None:
    assert NAMES - figures.keys() == set()
    assert [name for name, value in figures.items() if not isinstance(value, int | float)] == []


def test_needless_alarm_is_measured(root: Path, figures: dict[str, Any]) -> None:
    """Flags and entries where the answer is benign, against an aim, met or missed, in sight of the reader."""
    aims = {name for name, *_ in AIMS}
    page = (root / "docs/validation.md").read_text(encoding="utf-8")
    for name in ("over_triage", "dnm_entries_median"):
        assert name in aims
        assert figures[name] >= 0
        assert f"`{name}`" in page


def test_dangerous_answers_are_measured(figures: dict[str, Any]) -> None:
    assert "must_not_miss_recall" in {name for name, *_ in AIMS}
    assert 0.9 <= figures["must_not_miss_recall"] <= 1
