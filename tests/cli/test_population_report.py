"""`soleus population report`: what it writes, goes on with, hides; and what every command says of a broken database."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from soleus.cli import main
from soleus.population.reporting.form import Report, finished, read_report

pytest.importorskip("ibis")
Capture = pytest.CaptureFixture[str]


def run(capture: Capture, *words: object) -> tuple[int, str, str]:
    with pytest.raises(SystemExit) as end:
        main(["population", *(str(w) for w in words)])
    said = capture.readouterr()
    return int(end.value.code or 0), said.out, said.err


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("world")
    with pytest.raises(SystemExit):
        main(["population", "simulate", str(out), "--people", "4000", "--seed", "7"])
    return out


@pytest.fixture(scope="module")
def made(world: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a report on it."""
    out = tmp_path_factory.mktemp("report")
    with pytest.raises(SystemExit) as end:
        main(["population", "report", str(world), "--out", str(out), "--title", "A world"])
    assert not end.value.code
    return out


@pytest.fixture(scope="module")
def report(made: Path) -> Report:
    return read_report(made)


# ----------------------------------------------------------------------------------------- the report


def test_a_finished_report_is_data_a_page_and_tables(made: Path, report: Report) -> None:
    assert finished(made)
    assert report.title == "A world"
    assert (made / "report.html").read_text(encoding="utf-8").startswith("<!doctype html>")
    for table in ("attrition", "frequencies", "quality_tables"):
        assert all((made / f"{table}.{ending}").stat().st_size for ending in ("json", "csv", "parquet"))


def test_its_figures_are_those_of_the_commands_alone(world: Path, report: Report, capsys: Capture) -> None:
    code, out, _ = run(capsys, "prevalence", world, "--value-set", "cramp", "--by", "age,sex", "--format", "json")
    assert code == 0
    alone = {(row["sex"], row["age"]): row for row in json.loads(out)["rows"]}
    (cramp,) = [part for part in report.frequencies.sets if part.value_set == "cramp"]
    shown = 0
    for row in cramp.by_age:  # beside other tables other cells are hidden; what both show is the same
        other = alone[row.sex, row.age]
        told = {name: getattr(row, name) for name in row.__struct_fields__}
        assert {k: v for k, v in told.items() if None not in (v, other[k])}.items() <= other.items()
        shown += row.incidence is not None and row.incidence == other["incidence"]
    assert shown >= len(alone) // 2


def test_no_small_count_is_in_any_file(made: Path) -> None:
    counts = ("people", "with_it", "cases", "entries", "rows", "found", "n", "n_index_first", "n_marker_first")
    small = [
        (path.name, row)
        for path in made.glob("*.json")
        for row in every_row(json.loads(path.read_text(encoding="utf-8")))
        for name in counts
        if isinstance(row.get(name), int) and not isinstance(row[name], bool) and 0 < row[name] < 5
    ]
    assert small == []


def every_row(tree: Any) -> list[dict[str, Any]]:
    if isinstance(tree, list):
        return [row for part in tree for row in every_row(part)]
    if not isinstance(tree, dict):
        return []
    return [tree, *(row for part in tree.values() for row in every_row(part))]


def test_no_file_names_a_path_of_this_machine_or_a_person(made: Path, world: Path) -> None:
    text = "".join(p.read_text(encoding="utf-8") for p in made.iterdir() if p.suffix in (".json", ".csv", ".html"))
    assert str(world) not in text
    assert "person_id" not in text


def test_what_is_finished_is_not_made_again(
    world: Path, made: Path, tmp_path: Path, capsys: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Broken off after the cohorts: these are read, the rest is made, and the whole is as if nothing had happened."""
    from soleus.population.reporting import making as reporting

    out = Path(shutil.copytree(made, tmp_path / "again"))
    manifest = json.loads((out / "manifest.json").read_text(encoding="utf-8"))
    kept = {k: v for k, v in manifest["parts"].items() if k in ("quality", "cohorts")}
    (out / "manifest.json").write_text(json.dumps(manifest | {"parts": kept}), encoding="utf-8")

    def never(*_: Any) -> Any:
        raise AssertionError("made again")

    monkeypatch.setattr(reporting, "quality_part", never)
    monkeypatch.setattr(reporting, "cohorts_part", never)
    assert not finished(out)
    code, _, err = run(capsys, "report", world, "--out", out, "--title", "A world")
    assert (code, "made again" in err) == (0, False)
    assert (out / "report.json").read_bytes() == (made / "report.json").read_bytes()


def test_with_other_settings_it_is_made_anew(world: Path, made: Path, tmp_path: Path, capsys: Capture) -> None:
    out = Path(shutil.copytree(made, tmp_path / "again"))
    code, _, _ = run(capsys, "report", world, "--out", out, "--title", "A world", "--least", "0")
    assert code == 0
    assert read_report(out).made.least == 0
    assert "No count is hidden" in (out / "report.html").read_text(encoding="utf-8")


def test_cohorts_of_ones_own_take_the_place_of_the_usual_ones(world: Path, tmp_path: Path, capsys: Capture) -> None:
    file = tmp_path / "cohorts.yaml"
    file.write_text("cohorts: [{id: on_statin, name: Statins, entry: [medicine.statin]}]", encoding="utf-8")
    code, _, _ = run(capsys, "report", world, "--out", tmp_path / "out", "--cohorts", file)
    assert code == 0
    (cohort,) = read_report(tmp_path / "out").cohorts.cohorts
    assert (cohort.id, cohort.why_not) == ("on_statin", "")
    assert (cohort.steps[0].people or 0) > 100


def test_a_part_that_cannot_be_made_says_why_and_the_others_are_made(
    world: Path, tmp_path: Path, capsys: Capture
) -> None:
    """A vocabulary without quinine: its cohort and its frequencies say so."""
    source = Path(shutil.copytree(world, tmp_path / "world"))
    for name in ("concept", "concept_ancestor", "concept_relationship"):
        for path in source.glob(f"{name}*"):
            shutil.rmtree(path) if path.is_dir() else path.unlink()
    code, _, _ = run(capsys, "report", source, "--out", tmp_path / "out")
    assert code == 0
    found = read_report(tmp_path / "out")
    assert all("knows no code" in c.why_not for c in found.cohorts.cohorts)
    assert all("not the same as nobody" in f.why_not for f in found.frequencies.sets)
    assert found.quality.sizes[0].people == 4000


@pytest.mark.parametrize("place", ["data/omop_gibleed", "data/fhir_synthea_r4"])
def test_real_databases_are_reported(test_data: Path, place: str, tmp_path: Path, capsys: Capture) -> None:
    code, _, _ = run(capsys, "report", test_data / place, "--out", tmp_path)
    assert code == 0
    assert finished(tmp_path)
    assert "No human has reviewed this" in (tmp_path / "report.html").read_text(encoding="utf-8")


# ----------------------------------------------------------------------- databases that are none


def _nothing(place: Path) -> Path:
    return place / "nowhere"


def _empty_folder(place: Path) -> Path:
    (place / "empty").mkdir()
    return place / "empty"


def _of_garbage(place: Path) -> Path:
    for name in ("person", "observation_period"):
        (place / f"{name}.parquet").write_bytes(b"PAR1 this is no table PAR1")
    return place


def _people_alone(place: Path) -> Path:
    (place / "person.csv").write_text("person_id,gender_concept_id,year_of_birth\n1,8507,1950\n", encoding="utf-8")
    return place


def _a_column_short(place: Path) -> Path:
    _people_alone(place)
    (place / "observation_period.csv").write_text("person_id,observation_period_start_date\n1,2010-01-01\n")
    return place


def _text_as_database(place: Path) -> Path:
    (place / "cdm.duckdb").write_text("Dear colleague, the database is attached.", encoding="utf-8")
    return place / "cdm.duckdb"


def _broken_fhir(place: Path) -> Path:
    (place / "bundle.json").write_text('{"resourceType": "Bundle", "entry": [', encoding="utf-8")
    return place


def _photographs(place: Path) -> Path:
    (place / "holiday.jpg").write_bytes(b"\xff\xd8\xff")
    return place


BROKEN = (
    *(_nothing, _empty_folder, _of_garbage, _people_alone, _a_column_short, _text_as_database, _broken_fhir),
    _photographs,
)
COMMANDS: dict[str, tuple[str, ...]] = {
    "init": (),
    "quality": (),
    "cohort": ("--value-set", "cramp"),
    "prevalence": (),
    "ssa": ("--index", "medicine.statin", "--marker", "cramp"),
    "screen": (),
    "score": (),
    "learn": ("--out", "OUT"),
    "report": ("--out", "OUT"),
}


@pytest.mark.parametrize("break_", BROKEN, ids=lambda f: f.__name__.strip("_"))
@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_says_what_is_wrong_with_a_database_that_is_none(
    command: str, break_: Callable[[Path], Path], tmp_path: Path, capsys: Capture
) -> None:
    (tmp_path / "source").mkdir()
    source, out = break_(tmp_path / "source"), tmp_path / "out"
    words = [w.replace("OUT", str(out)) for w in COMMANDS[command]]
    code, said, err = run(capsys, command, source, *words)
    assert (code, said) == (3, "")
    assert "found" in err
    assert "expected" in err
    assert "Traceback" not in err
    assert not finished(out)


def test_nobody_at_all_is_said_and_no_report_is_finished(tmp_path: Path, capsys: Capture) -> None:
    (tmp_path / "person.csv").write_text("person_id,gender_concept_id,year_of_birth\n", encoding="utf-8")
    (tmp_path / "observation_period.csv").write_text(
        "person_id,observation_period_start_date,observation_period_end_date\n", encoding="utf-8"
    )
    code, said, err = run(capsys, "report", tmp_path, "--out", tmp_path / "out")
    assert (code, said) == (3, "")
    assert "found no people" in err
    assert not finished(tmp_path / "out")


def test_a_folder_that_holds_something_else_is_not_written_over(world: Path, tmp_path: Path, capsys: Capture) -> None:
    (tmp_path / "manifest.json").write_text("{}", encoding="utf-8")
    code, said, err = run(capsys, "report", world, "--out", tmp_path)
    assert (code, said) == (3, "")
    assert "no manifest" in err


def test_a_file_in_place_of_the_folder_is_said(world: Path, tmp_path: Path, capsys: Capture) -> None:
    (tmp_path / "out").write_text("a file", encoding="utf-8")
    code, said, err = run(capsys, "report", world, "--out", tmp_path / "out")
    assert (code, said) == (2, "")
    assert "--out" in err
