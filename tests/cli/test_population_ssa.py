"""`soleus population ssa`: the figures of the R package to the digit, the shape of the answer, and what goes wrong."""

from __future__ import annotations

import csv
import json
import math
import shutil
from pathlib import Path
from typing import Any

import pytest

from soleus.cli import main

REFERENCE = Path(__file__).parents[1] / "population/cohortsymmetry"
KEYS = ["index", "marker", "n_index_first", "n_marker_first", "crude", "crude_low", "crude_high", "null", "adjusted",
        "low", "high"]  # fmt: skip
Capture = pytest.CaptureFixture[str]


class Command:
    def __init__(self, capture: Capture, folder: Path = REFERENCE) -> None:
        self.capture, self.folder = capture, folder

    def __call__(self, *words: str) -> tuple[int, str, str]:
        with pytest.raises(SystemExit) as end:
            main(["population", "ssa", "--cohorts", str(self.folder), *words])
        told = self.capture.readouterr()
        return int(end.value.code or 0), told.out, told.err

    def json(self, *words: str) -> Any:
        code, out, _ = self(*words, "--format", "json")
        assert code == 0
        return json.loads(out)

    def fault(self, *words: str) -> tuple[int, str]:
        """Exit code and message; the message of a fault never holds a traceback."""
        code, out, err = self(*words)
        assert out == ""
        assert "Traceback" not in err
        return code, err


@pytest.fixture
def command(capsys: Capture) -> Command:
    return Command(capsys)


@pytest.fixture
def own(capsys: Capture, tmp_path: Path) -> Command:
    """The command on a copy of the tables that a test may spoil."""
    for path in REFERENCE.glob("*.csv"):
        shutil.copy(path, tmp_path / path.name)
    return Command(capsys, tmp_path)


# ----------------------------------------------------------------------------------------------- figures


def cases() -> list[dict[str, str]]:
    with (REFERENCE / "expected.csv").open(encoding="utf-8") as file:
        return list(csv.DictReader(file))


def settings_of(case: dict[str, str]) -> list[str]:
    named = [word for name, value in [*case.items()][:8] if value for word in ("--" + name.replace("_", "-"), value)]
    return [*named, "--compat", "cohortsymmetry"]


@pytest.mark.parametrize("case", cases(), ids=lambda c: " ".join([*c.values()][:8]))
def test_figures_are_those_of_the_r_package_on_the_same_people(command: Command, case: dict[str, str]) -> None:
    found = command.json(*settings_of(case))
    assert list(found) == KEYS
    for name in KEYS[2:]:
        value = float(case[name])
        if math.isfinite(value):
            assert found[name] == pytest.approx(value, rel=1e-12), name
        else:  # a point that R calls infinite is undefined; an infinite bound is said in a word
            assert found[name] == (None if name in ("crude", "null", "adjusted") else "Infinity"), name


def test_without_compat_the_null_looks_as_far_as_the_window(command: Command) -> None:
    plain = command.json("--index", "1", "--marker", "1")
    [compat] = [c for c in cases() if c["null_window"] == "365" and (c["index"], c["marker"]) == ("1", "1")][:1]
    assert plain["null"] == pytest.approx(float(compat["null"]), rel=1e-12)


def test_without_compat_bounds_are_finite_where_no_marker_comes_first(command: Command) -> None:
    found = command.json("--index", "2", "--marker", "1", "--window", "300,365")
    assert (found["n_index_first"], found["n_marker_first"]) == (2, 0)
    assert (found["crude"], found["adjusted"]) == (None, None)
    assert 0 < found["low"] < found["high"] < math.inf


def test_an_undefined_null_ratio_is_null(command: Command) -> None:
    found = command.json("--index", "1", "--marker", "1", "--null-window", "0")
    assert [found[name] for name in ("null", "adjusted", "low", "high")] == [None] * 4
    assert found["crude_low"] < found["crude"] < found["crude_high"]


def test_the_interval_can_be_exact_and_of_another_level(command: Command) -> None:
    pair = ("--index", "1", "--marker", "1")
    usual, exact, narrow = (
        command.json(*pair, *more) for more in ((), ("--interval", "clopper-pearson"), ("--level", "90"))
    )
    assert exact["low"] < usual["low"] < narrow["low"] < narrow["high"] < usual["high"] < exact["high"]


def test_bounds_of_the_null_ratio_stand_after_the_other_keys(command: Command) -> None:
    found = command.json("--index", "1", "--marker", "1", "--bootstrap", "200")
    assert list(found) == [*KEYS, "null_low", "null_high"]
    assert found["null_low"] < found["null"] < found["null_high"]


# ------------------------------------------------------------------------------------------------- shape


def test_one_pair_is_an_object(command: Command) -> None:
    assert list(command.json("--index", "1", "--marker", "3")) == KEYS


@pytest.mark.parametrize(
    ("words", "pairs"),
    [
        (("--index", "2", "--index", "1", "--marker", "3"), [(2, 3), (1, 3)]),
        (("--index", "1", "--marker", "3", "--marker", "1"), [(1, 3), (1, 1)]),
        ((), [(1, 1), (1, 3), (2, 1), (2, 3)]),
    ],
    ids=["two index cohorts", "two marker cohorts", "all"],
)
def test_several_pairs_are_an_array_in_the_order_asked(
    command: Command, words: tuple[str, ...], pairs: list[tuple[int, int]]
) -> None:
    assert [(row["index"], row["marker"]) for row in command.json(*words)] == pairs


def test_a_pair_is_the_same_in_an_array(command: Command) -> None:
    together = command.json("--window", "0,inf")
    for row in together:
        assert row == command.json("--index", str(row["index"]), "--marker", str(row["marker"]), "--window", "0,inf")


def test_the_text_shows_counts_and_the_adjusted_ratio(command: Command) -> None:
    _, out, _ = command("--index", "1", "--marker", "1", "--compat", "cohortsymmetry")
    row = out.splitlines()[1].split()
    assert row == ["1", "1", "27", "15", "1.800", "1.562", "1.152", "0.621", "to", "2.198"]
    assert "no proof of a cause" in out


def test_columns_may_come_in_any_order_and_case(own: Command) -> None:
    path = own.folder / "index_cohort.csv"
    with path.open(encoding="utf-8") as file:
        rows = [[*reversed(row), "x"] for row in csv.reader(file)]
    rows[0] = [cell.upper() for cell in rows[0]]
    with path.open("w", encoding="utf-8-sig", newline="") as file:
        csv.writer(file).writerows(rows)
    assert own.json("--index", "1", "--marker", "1") == Command(own.capture).json("--index", "1", "--marker", "1")


def test_ids_and_dates_may_look_as_r_and_databases_write_them(own: Command) -> None:
    path = own.folder / "marker_cohort.csv"
    head, *rows = path.read_text(encoding="utf-8").splitlines()
    cells = [row.split(",") for row in rows]
    text = [f"{float(c)},{int(p):e},{start} 00:00:00,{end}T00:00:00" for c, p, start, end in cells]
    path.write_text("\n".join([head, *text]), encoding="utf-8")
    assert own.json("--index", "1", "--marker", "1") == Command(own.capture).json("--index", "1", "--marker", "1")


# ------------------------------------------------------------------------------------------- what goes wrong

PAIR = ("--index", "1", "--marker", "1")


def test_every_number_of_days_may_be_inf(command: Command) -> None:
    """Nobody is observed for so long; where the washout has no end, an event that comes before at all is too near."""
    plain = command.json(*PAIR)
    assert plain["n_index_first"] > 0
    assert command.json(*PAIR, "--prior-observation", "inf")["n_index_first"] == 0
    asked = (*PAIR, "--date-range", "2012-01-01:")
    counts = [command.json(*asked, "--washout", days)["n_index_first"] for days in ("0", "100000", "inf")]
    assert counts[0] > counts[1] == counts[2]


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("--window", "365"), "--window"),
        (("--window", "30,7"), "--window"),
        (("--window", "-1,30"), "--window"),
        (("--window", "0,a"), "--window"),
        (("--null-window", "1.5"), "--null-window"),
        (("--max-gap", "nan"), "--max-gap"),
        (("--date-range", "2020-01-01"), "--date-range"),
        (("--date-range", "2020-02-30:"), "--date-range"),
        (("--date-range", "2021-01-01:2020-01-01"), "--date-range"),
        (("--washout", "-1"), "--washout"),
        (("--compat", "stata"), "--compat"),
    ],
)
def test_a_wrong_call_names_the_option(command: Command, words: tuple[str, ...], told: str) -> None:
    code, message = command.fault(*PAIR, *words)
    assert code == 2
    assert told in message


def test_a_cohort_that_is_not_there_is_named_with_those_that_are(command: Command) -> None:
    code, message = command.fault("--index", "1", "--marker", "2")
    assert code == 3
    assert "--marker: found 2; expected a cohort of marker_cohort.csv: 1, 3." in message


def test_a_folder_that_is_not_there(capsys: Capture, tmp_path: Path) -> None:
    code, message = Command(capsys, tmp_path / "none").fault(*PAIR)
    assert code == 3
    assert "no such folder" in message


@pytest.mark.parametrize("name", ["index_cohort.csv", "marker_cohort.csv", "observation_period.csv"])
def test_a_file_that_is_not_there(own: Command, name: str) -> None:
    (own.folder / name).unlink()
    code, message = own.fault(*PAIR)
    assert code == 3
    assert name in message


@pytest.mark.parametrize(
    ("name", "column"),
    [("index_cohort.csv", "cohort_end_date"), ("observation_period.csv", "person_id")],
)
def test_a_column_that_is_not_there(own: Command, name: str, column: str) -> None:
    path = own.folder / name
    path.write_text(path.read_text(encoding="utf-8").replace(column, "other", 1), encoding="utf-8")
    code, message = own.fault(*PAIR)
    assert code == 3
    assert f"a column {column}" in message


@pytest.mark.parametrize(
    ("row", "told"),
    [
        ("1,7,2020-13-01,2020-12-01", "index_cohort.csv line 2: cohort_start_date: found no date"),
        ("1,7,,2020-12-01", "index_cohort.csv line 2: cohort_start_date: found nothing"),
        ("1,7,2020-01-02,2020-01-01", "index_cohort.csv line 2: cohort_end_date: found an end before the start"),
        ("1,x,2020-01-01,2020-01-02", "index_cohort.csv line 2: subject_id: found no whole number"),
        ("1.5,7,2020-01-01,2020-01-02", "index_cohort.csv line 2: cohort_definition_id: found no whole number"),
        ("1,7,2020-01-01", "index_cohort.csv line 2: found 3 cells"),
    ],
)
def test_a_cell_that_cannot_be_is_told_by_line_and_column(own: Command, row: str, told: str) -> None:
    path = own.folder / "index_cohort.csv"
    head, *rows = path.read_text(encoding="utf-8").splitlines()
    path.write_text("\n".join([head, row, *rows]), encoding="utf-8")
    code, message = own.fault(*PAIR)
    assert code == 3
    assert told in message


@pytest.mark.parametrize("content", [b"", b"\xff\xfe\x00c"], ids=["empty", "no text"])
def test_a_file_that_is_no_table(own: Command, content: bytes) -> None:
    (own.folder / "index_cohort.csv").write_bytes(content)
    code, message = own.fault(*PAIR)
    assert code == 3
    assert "index_cohort.csv" in message


def test_a_cohort_without_events(own: Command) -> None:
    path = own.folder / "marker_cohort.csv"
    path.write_text(path.read_text(encoding="utf-8").splitlines()[0] + "\n", encoding="utf-8")
    code, message = own.fault(*PAIR)
    assert code == 3
    assert "marker_cohort.csv: found no events" in message


def test_with_json_a_fault_is_an_object(command: Command) -> None:
    code, _, err = command("--index", "9", "--marker", "1", "--format", "json")
    assert code == 3
    assert json.loads(err)["code"] == "unknown_name"
