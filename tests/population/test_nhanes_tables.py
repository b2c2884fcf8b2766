"""Reading the public tables: every form gives the same numbers, and every fault is said."""

from __future__ import annotations

import csv
import lzma
import math
from contextlib import suppress
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from soleus.errors import Contradiction, InvalidValue, UnknownName, UnreadableInput
from soleus.population.nhanes.tables import find_table, read_table
from soleus.population.nhanes.transport import columns_of
from tests.population.made_up_survey import ibm, tables, transport, write_csv

HERE = Path(__file__).parent
some = settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


def written(folder: Path, text: str, name: str = "DIQ_D.csv") -> Path:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


# ------------------------------------------------------------------------------------------------------ the forms


def test_csv_packed_csv_and_transport_files_say_the_same(tmp_path: Path) -> None:
    rows = tables("D")["DEMO"]
    write_csv(tmp_path / "A_D.csv", rows)
    (tmp_path / "B_D.csv.xz").write_bytes(lzma.compress((tmp_path / "A_D.csv").read_bytes()))
    (tmp_path / "C_D.XPT").write_bytes(transport(rows))
    read = [read_table(find_table(tmp_path, f"{name}_D") or tmp_path, set(rows)) for name in "ABC"]
    for column in rows:
        first, second, third = (table.numbers(column) for table in read)
        assert np.array_equal(first, second, equal_nan=True)
        assert np.array_equal(first, third, equal_nan=True)


def test_a_transport_file_of_another_program_is_read() -> None:
    """samples/small.xpt was written by pyreadstat 1.3.7 (ReadStat), version 5, from these values."""
    table = read_table(HERE / "samples/small.xpt", {"SEQN", "VALUE", "WORDS"})
    assert table.numbers("SEQN").tolist() == [1, 2, 3, 4]
    value = table.numbers("VALUE")
    assert value[[0, 1, 3]] == pytest.approx([0.5, -1234.5678, 1e-6], rel=1e-15)
    assert math.isnan(value[2])
    assert table.words("WORDS") == ["FUROSEMIDE", "", "ATENOLOL; CHLORTHALIDONE", "X"]


def test_packed_csv_comes_before_csv_and_csv_before_transport(tmp_path: Path) -> None:
    assert find_table(tmp_path, "DEMO_D") is None
    for ending in (".xpt", ".XPT", ".csv", ".csv.xz"):
        (tmp_path / f"DEMO_D{ending}").touch()
        found = find_table(tmp_path, "DEMO_D")
        assert found is not None
        assert found.name == f"DEMO_D{ending}"


def test_only_wanted_columns_are_kept(tmp_path: Path) -> None:
    table = read_table(written(tmp_path, "SEQN,DIQ010\n1,2\n"), {"SEQN"})
    assert "SEQN" in table
    assert "DIQ010" not in table


def test_na_nothing_and_a_dot_are_missing(tmp_path: Path) -> None:
    table = read_table(written(tmp_path, 'SEQN,DIQ010\n1,NA\n2,""\n3,.\n4,2.5\n'), {"DIQ010"})
    values = table.numbers("DIQ010")
    assert np.isnan(values[:3]).all()
    assert values[3] == 2.5
    assert table.words("DIQ010") == ["", "", "", "2.5"]


def test_a_mark_of_utf8_before_the_first_name_is_no_part_of_it(tmp_path: Path) -> None:
    path = tmp_path / "DIQ_D.csv"
    path.write_bytes(b"\xef\xbb\xbfSEQN,DIQ010\n1,2\n")
    assert read_table(path, {"SEQN"}).numbers("SEQN").tolist() == [1]


cells = st.none() | st.floats(allow_nan=False, allow_infinity=False, width=64)


@some
@given(st.lists(st.tuples(cells, cells), max_size=20))
def test_what_was_written_is_read(tmp_path: Path, rows: list[tuple[float | None, float | None]]) -> None:
    write_csv(tmp_path / "T_D.csv", {"SEQN": [a for a, _ in rows], "VALUE": [b for _, b in rows]})
    table = read_table(tmp_path / "T_D.csv", {"SEQN", "VALUE"})
    for place, column in enumerate(("SEQN", "VALUE")):
        expected = [math.nan if row[place] is None else row[place] for row in rows]
        assert np.array_equal(table.numbers(column), np.array(expected, float), equal_nan=True)


sizes = st.floats(1e-60, 1e60) | st.floats(-1e60, -1e-60) | st.just(0.0) | st.none()
texts = st.text(st.characters(min_codepoint=33, max_codepoint=126), min_size=1, max_size=12)


@some
@given(st.lists(st.tuples(sizes, texts), min_size=1, max_size=9))
def test_what_was_written_as_transport_file_is_read(rows: list[tuple[float | None, str]]) -> None:
    columns = columns_of(transport({"VALUE": [v for v, _ in rows], "WORD": [w for _, w in rows]}), "T_D.XPT")
    values = columns["VALUE"]
    assert isinstance(values, np.ndarray)
    assert columns["WORD"] == [word for _, word in rows]
    for value, (given_value, _) in zip(values, rows, strict=True):
        assert math.isnan(value) if given_value is None else value == pytest.approx(given_value, rel=1e-15)


def test_a_number_of_the_mainframe_is_read_as_ts_140_gives_it() -> None:
    """TS-140: 1 is 41 10 00 00 00 00 00 00 in hexadecimal, 0 all zero bytes."""
    assert ibm(1.0).hex() == "4110000000000000"
    values = columns_of(transport({"VALUE": [1.0, 0.0, -1.0]}), "T_D.XPT")["VALUE"]
    assert list(values) == [1.0, 0.0, -1.0]


# ----------------------------------------------------------------------------------------------------- the faults


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", "an empty file"),
        ("SEQN,DIQ010\n1\n", "1 cells in line 2"),
        ('SEQN,DIQ010\n1,"2\n', "unexpected end of data"),
    ],
)
def test_a_broken_file_is_named_with_what_is_wrong(tmp_path: Path, text: str, told: str) -> None:
    with pytest.raises(UnreadableInput, match=f"DIQ_D.csv.*{told}"):
        read_table(written(tmp_path, text), {"SEQN"})


def test_a_cut_off_packed_file_is_a_fault(tmp_path: Path) -> None:
    path = tmp_path / "DIQ_D.csv.xz"
    path.write_bytes(lzma.compress(b"SEQN,DIQ010\n1,2\n" * 99)[:60])
    with pytest.raises(UnreadableInput, match="cannot unpack"):
        read_table(path, {"SEQN"})


@pytest.mark.parametrize("cell", ["yes", "1,5", "inf", "nan", "1e999", "0x10"])
def test_a_cell_that_is_no_number_is_named_by_line_and_column_and_not_repeated(tmp_path: Path, cell: str) -> None:
    path = tmp_path / "DIQ_D.csv"
    with path.open("w", newline="") as file:
        csv.writer(file).writerows([["SEQN", "DIQ010"], ["1", "2"], ["2", cell]])
    table = read_table(path, {"DIQ010"})
    with pytest.raises(InvalidValue, match=r"DIQ_D\.csv line 3: DIQ010") as caught:
        table.numbers("DIQ010")
    assert cell not in str(caught.value)


def test_a_column_that_is_not_there_is_named(tmp_path: Path) -> None:
    table = read_table(written(tmp_path, "SEQN,DIQ010\n1,2\n"), {"SEQN", "DIQ999"})
    with pytest.raises(UnknownName, match=r"no column DIQ999.*SEQN"):
        table.numbers("DIQ999")


def test_a_person_twice_is_a_fault_where_each_stands_once(tmp_path: Path) -> None:
    table = read_table(written(tmp_path, "SEQN,DIQ010\n1,2\n1,2\n"), {"SEQN"})
    assert table.keys("SEQN", once=False).tolist() == [1, 1]
    with pytest.raises(Contradiction, match="a person twice"):
        table.keys("SEQN", once=True)


@pytest.mark.parametrize("cell", ["", "1.5"])
def test_a_row_without_a_person_is_a_fault(tmp_path: Path, cell: str) -> None:
    table = read_table(written(tmp_path, f"SEQN,DIQ010\n{cell},2\n"), {"SEQN"})
    with pytest.raises(InvalidValue, match="a row without a number"):
        table.keys("SEQN", once=True)


def test_a_folder_in_place_of_a_file_is_a_fault(tmp_path: Path) -> None:
    (tmp_path / "DIQ_D.csv").mkdir()
    with pytest.raises(UnreadableInput):
        read_table(tmp_path / "DIQ_D.csv", {"SEQN"})


whole = transport({"SEQN": [1.0, 2.0], "WORD": ["A", "B"]})


@some
@given(st.integers(0, len(whole)), st.lists(st.tuples(st.integers(0, len(whole) - 1), st.integers(0, 255)), max_size=6))
def test_a_damaged_transport_file_is_read_or_refused(length: int, changes: list[tuple[int, int]]) -> None:
    raw = bytearray(whole)
    for place, byte in changes:
        raw[place] = byte
    with suppress(UnreadableInput):
        assert len({len(column) for column in columns_of(bytes(raw[:length]), "T_D.XPT").values()}) <= 1


@some
@given(st.binary(max_size=200))
def test_any_bytes_are_read_as_csv_or_refused(tmp_path: Path, raw: bytes) -> None:
    path = tmp_path / "T_D.csv"
    path.write_bytes(raw)
    with suppress(UnreadableInput):
        table = read_table(path, {"SEQN"})
        assert len(table.words("SEQN") if "SEQN" in table else []) <= len(raw.splitlines())
