"""The model behind docs/scale.md: its arithmetic, and that what is measured takes the place of stand-ins."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest


@pytest.fixture
def scale(program: Callable[[str], ModuleType]) -> ModuleType:
    return program("scale_model")


def made(scale: ModuleType, **values: float) -> Any:
    known = {g.name: g for g in scale.model(Path("nowhere")).given.values()}
    changed = {k: scale.Given(k, v, "", "assumed", "") for k, v in values.items()}
    return scale.Model([*(known | changed).values()])


SMALL = {
    "rows_a_person": 10, "scan_rows": 1000, "scan_s": 1, "cores_measured": 2, "machine_cores": 4, "efficiency": 0.5,
    "bytes_a_row": 20, "read_mb_s": 1, "spark_vs_duckdb": 3, "cluster_efficiency": 0.5,
}  # fmt: skip


def test_the_scan_takes_rows_over_the_speed_of_all_cores(scale: ModuleType) -> None:
    """100 people, 1,000 rows; 500 rows a second and core, of which 4 cores keep half: 1,000 / 1,000."""
    assert made(scale, **SMALL).computed_s(100) == pytest.approx(1.0)


def test_a_task_takes_its_multiple_of_the_scan_but_never_less_than_reading(scale: ModuleType) -> None:
    """Reading 20,000 bytes at 1 MB/s takes 0.02 s; at 1 kB/s, 20 s."""
    assert made(scale, **SMALL).task_s(100, 2.5) == pytest.approx(2.5)
    assert made(scale, **(SMALL | {"read_mb_s": 0.001})).task_s(100, 2.5) == pytest.approx(20.0)


def test_a_cluster_is_slower_by_its_engine_and_by_waiting(scale: ModuleType) -> None:
    """One machine: 3 x 2.5 s. Four of them, half of whose time is lost: 7.5 / (4 x 0.5)."""
    model = made(scale, **SMALL)
    assert model.spark_s(100, 2.5, 1) == pytest.approx(7.5)
    assert model.spark_s(100, 2.5, 4) == pytest.approx(3.75)


def test_costs_are_those_of_all_cores_from_the_start_of_the_machines(scale: ModuleType) -> None:
    """(3,590 + 5 + 5) s are an hour of 2 machines with 4 cores at 0.5 USD."""
    model = made(scale, **SMALL, fixed_s=5, start_s=5, core_usd_h=0.5, dbu_usd_core_h=0.25)
    assert model.usd(3590, 2) == pytest.approx(4.0)
    assert model.usd(3590, 2, platform=True) == pytest.approx(6.0)


def test_what_is_measured_takes_the_place_of_what_stands_in(scale: ModuleType, tmp_path: Path) -> None:
    file = tmp_path / "results.json"
    file.write_text(json.dumps({"ssa_pair_vs_scan": 1.25}), encoding="utf-8")
    told = scale.model(file).given
    assert (told["pair_vs_scan"].value, told["pair_vs_scan"].there) == (1.25, True)
    assert told["screen_vs_scan"].there is False
    assert "not measured yet" in scale.assumptions(scale.model(file))


def test_every_number_says_what_it_rests_on(scale: ModuleType) -> None:
    given = scale.model().given.values()
    assert {g.basis for g in given} <= {"measured", "tried", "published", "assumed"}
    assert [g.name for g in given if not g.why] == []


def test_the_page_explains_every_name_of_its_formulas(scale: ModuleType, root: Path) -> None:
    page = (root / "docs/scale.md").read_text(encoding="utf-8")
    formulas = page.split("```text")[1].split("```")[0]
    used = {word for word in scale.model().given if word in formulas}
    assert {"efficiency", "fixed_s", "bytes_a_group", "spark_vs_duckdb"} <= used
    assert [word for word in used if f"| `{word}` |" not in page] == []
