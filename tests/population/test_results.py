"""Small cells are hidden with what gives them away; a run goes on where it stopped."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from soleus.errors import UnreadableInput
from soleus.population.results.manifest import Manifest, suppress, unfinished, whole_file, write_rows


def rows(*counts: int) -> list[dict[str, object]]:
    return [{"sex": "all", "n": n, "share": n / 100} for n in counts]


def test_a_small_cell_takes_the_next_smallest_with_it() -> None:
    assert [r["n"] for r in suppress(rows(3, 40, 9, 0), ["n"])] == [None, 40, None, 0]


def test_two_small_cells_hide_each_other() -> None:
    assert [r["n"] for r in suppress(rows(3, 40, 2), ["n"])] == [None, 40, None]


def test_what_is_made_of_a_hidden_count_is_hidden() -> None:
    assert suppress(rows(3, 3), ["n"], drop={"n": ("share",)})[0]["share"] is None


def test_groups_are_hidden_apart() -> None:
    table = [{"sex": "f", "n": 3}, {"sex": "f", "n": 50}, {"sex": "m", "n": 50}, {"sex": "m", "n": 60}]
    assert [r["n"] for r in suppress(table, ["n"], within=["sex"])] == [None, None, 50, 60]


@given(st.lists(st.integers(0, 30), min_size=1, max_size=8), st.integers(0, 6))
def test_no_small_count_is_shown_and_none_follows_from_the_total(counts: list[int], least: int) -> None:
    shown = [r["n"] for r in suppress(rows(*counts), ["n"], least=least)]
    assert not any(n is not None and 0 < n < least for n in shown)
    hidden = [c for c, n in zip(counts, shown, strict=True) if n is None]
    assert len(hidden) != 1 or not any(n for n in shown)
    assert least > 1 or not hidden


def test_a_finished_part_is_not_made_again(tmp_path: Path) -> None:
    first = Manifest(tmp_path, {"seed": 1})
    first.finish("a", {"person": 5})
    again = Manifest(tmp_path, {"seed": 1})
    assert list(unfinished(again, ["a", "b"], str)) == ["b"]
    again.finish("b", {"person": 7})
    assert Manifest(tmp_path, {"seed": 1}).rows() == {"person": 12}


def test_other_settings_begin_anew(tmp_path: Path) -> None:
    Manifest(tmp_path, {"seed": 1}).finish("a", {"person": 5})
    assert Manifest(tmp_path, {"seed": 2}).rows() == {}


def test_a_manifest_that_is_none_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "manifest.json").write_text("{}")
    with pytest.raises(UnreadableInput):
        Manifest(tmp_path, {})


def test_a_file_that_was_not_finished_leaves_nothing(tmp_path: Path) -> None:
    def broken() -> None:
        with whole_file(tmp_path / "a.json") as part:
            part.write_text("half")
            raise RuntimeError

    with pytest.raises(RuntimeError):
        broken()
    assert list(tmp_path.iterdir()) == []


def test_results_are_json_and_parquet(tmp_path: Path) -> None:
    pq = pytest.importorskip("pyarrow.parquet")
    write_rows(tmp_path, "prevalence", [{"year": 2010, "people": None}, {"year": 2011, "people": 7}])
    assert (
        json.loads((tmp_path / "prevalence.json").read_text())
        == pq.read_table(tmp_path / "prevalence.parquet").to_pylist()
    )
