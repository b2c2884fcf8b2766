"""`soleus population init`, `quality`, `cohort`, `prevalence` and `simulate`, from the command line."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from soleus.cli import main

pytest.importorskip("ibis")
Capture = pytest.CaptureFixture[str]


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("world")
    with pytest.raises(SystemExit) as end:
        main(["population", "simulate", str(out), "--people", "3000", "--seed", "7", "--plant", "statin=2"])
    assert not end.value.code
    return out


def told(capture: Capture, *words: str) -> tuple[int, str, str]:
    with pytest.raises(SystemExit) as end:
        main(["population", *words])
    said = capture.readouterr()
    return int(end.value.code or 0), said.out, said.err


def answer(capture: Capture, *words: str) -> Any:
    code, out, _ = told(capture, *words, "--format", "json")
    assert code == 0
    return json.loads(out)


def test_a_simulated_world_says_what_was_planted(world: Path) -> None:
    settings = json.loads((world / "manifest.json").read_text())["made_of"]["settings"]
    assert settings["planted"] == {"statin": 2.0}
    assert settings["seed"] == 7


def test_two_populations_are_never_mixed_in_one_folder(world: Path, capsys: Capture) -> None:
    before = (world / "manifest.json").read_text()
    for words in (("--people", "2000", "--seed", "7"), ("--people", "3000", "--seed", "8")):
        code, _, said = told(capsys, "simulate", str(world), *words)
        assert code == 2
        assert "another population" in said
    assert (world / "manifest.json").read_text() == before


def test_every_answer_as_json_says_that_nobody_reviewed_it(world: Path, capsys: Capture) -> None:
    for words in (("init",), ("quality",), ("prevalence", "--value-set", "cramp"), ("score",)):
        assert answer(capsys, words[0], str(world), *words[1:])["reviewed"].startswith("No human has reviewed")
    (cohort,) = answer(capsys, "cohort", str(world), "--value-set", "cramp")
    assert cohort["reviewed"].startswith("No human has reviewed")


def test_init_tells_what_a_database_is_and_knows(world: Path, capsys: Capture) -> None:
    found = answer(capsys, "init", str(world))
    assert found["kind"] == "omop"
    assert found["value_sets"]["cramp"] == 1
    assert found["value_sets"]["medicine.statin"] > 1
    assert any(lack["column"] == "observation" for lack in found["lacks"])


def test_quality_finds_no_fault_in_a_clean_world(world: Path, capsys: Capture) -> None:
    found = answer(capsys, "quality", str(world))
    assert next(t for t in found["tables"] if t["table"] == "person")["rows"] == 3000
    assert [c for c in found["checks"] if c["found"]] == []


def test_a_cohort_is_counted_drawn_and_written_without_people(world: Path, tmp_path: Path, capsys: Capture) -> None:
    (found,) = answer(capsys, "cohort", str(world), "--value-set", "medicine.statin", "--out", str(tmp_path))
    assert found["steps"][0]["entries"] >= found["steps"][-1]["people"] > 100
    assert found["sentence"].startswith("People enter on the first day of their first era of statin")
    assert (tmp_path / "medicine_statin.svg").read_text().startswith("<svg")
    assert sorted(p.suffix for p in tmp_path.iterdir()) == [".json", ".json", ".parquet", ".svg"]
    assert not any("members" in p.name for p in tmp_path.iterdir())


def test_the_attrition_is_drawn_where_it_is_asked_for(world: Path, tmp_path: Path, capsys: Capture) -> None:
    code, out, _ = told(capsys, "cohort", str(world), "--value-set", "quinine", "--plot", str(tmp_path / "pictures"))
    assert code == 0
    assert "First of a person" in out
    assert [p.name for p in (tmp_path / "pictures").iterdir()] == ["quinine.svg"]
    (tmp_path / "file").write_text("")
    code, _, err = told(capsys, "cohort", str(world), "--value-set", "quinine", "--plot", str(tmp_path / "file"))
    assert (code, "--plot: found File exists" in err) == (2, True)


def test_quality_does_not_count_faults_of_few(tmp_path: Path, capsys: Capture) -> None:
    people = "".join(f"{n},{'' if n < 3 else '1950-01-01'},male\n" for n in range(20))
    (tmp_path / "person.csv").write_text("person_id,birth_date,sex\n" + people)
    periods = "".join(f"{n},2010-01-01,2010-12-31\n" for n in range(12))
    (tmp_path / "period.csv").write_text("person_id,start,end\n" + periods)
    checks = {c["fault"]: (c["found"], c["share"]) for c in answer(capsys, "quality", str(tmp_path))["checks"]}
    assert checks["no birthday"] == (None, None)
    assert checks["never under observation"] == (8, 0.4)
    _, out, _ = told(capsys, "quality", str(tmp_path))
    assert "no birthday: hidden (small" in out
    assert ": 3 of 20" in told(capsys, "quality", str(tmp_path), "--least", "0")[1]


def test_a_table_of_few_people_tells_neither_its_rows_nor_its_days(tmp_path: Path, capsys: Capture) -> None:
    """The first day on which somebody died is the day of one person."""
    (tmp_path / "person.csv").write_text(
        "person_id,birth_date,sex\n" + "".join(f"{n},1950-01-01,male\n" for n in range(9))
    )
    (tmp_path / "period.csv").write_text(
        "person_id,start,end\n" + "".join(f"{n},2010-01-01,2010-12-31\n" for n in range(9))
    )
    (tmp_path / "death.csv").write_text("person_id,date\n1,2010-03-05\n2,2010-07-09\n")
    (death,) = (t for t in answer(capsys, "quality", str(tmp_path))["tables"] if t["table"] == "death")
    assert death == {"table": "death", "rows": None, "people": None, "first": None, "last": None}
    _, out, _ = told(capsys, "quality", str(tmp_path), "--least", "4")
    assert "death: hidden (small, below 4 or next to it)" in out
    assert "person: 9 rows, 9 people" in out
    assert "2010-03-05" not in out
    assert (
        "death: 2 rows, 2 people, 2010-03-05 to 2010-07-09" in told(capsys, "quality", str(tmp_path), "--least", "0")[1]
    )


def test_words_name_the_least_count_that_is_shown(world: Path, capsys: Capture) -> None:
    by = ("prevalence", str(world), "--by", "year,sex,age", "--value-set", "cramp", "--least", "400")
    assert "below 400 or next to it" in told(capsys, *by)[1]
    few = ("cohort", str(world), "--value-set", "quinine", "--least", "100000", "--format")
    assert "below 100000 or next to it" in told(capsys, *few, "text")[1]
    assert "below 100000 or next to it" in told(capsys, *few, "svg")[1]


@pytest.mark.parametrize(
    "words",
    [
        ("score", "WORLD", "--people", "FILE/people.parquet"),
        ("score", "WORLD", "--out", "FILE/results"),
        ("screen", "WORLD", "--marker", "cramp", "--no-second-look", "--plot", "FILE/plots"),
        ("screen", "WORLD", "--marker", "cramp", "--no-second-look", "--store", "FILE/store"),
    ],
)
def test_a_place_that_cannot_be_written_to_is_named_by_its_option(
    world: Path, tmp_path: Path, capsys: Capture, words: tuple[str, ...]
) -> None:
    (tmp_path / "file").write_text("")
    code, _, err = told(
        capsys, *(w.replace("WORLD", str(world)).replace("FILE", str(tmp_path / "file")) for w in words)
    )
    assert (code, err.startswith(f"soleus: {words[-2]}: found ")) == (2, True)


def test_people_are_written_only_on_request(world: Path, tmp_path: Path, capsys: Capture) -> None:
    told(capsys, "cohort", str(world), "--value-set", "quinine", "--person-level", "--out", str(tmp_path))
    assert any("members" in p.name for p in tmp_path.iterdir())


def test_prevalence_hides_small_cells(world: Path, capsys: Capture) -> None:
    by = ("prevalence", str(world), "--by", "year,sex,age")
    shown, everything = answer(capsys, *by)["rows"], answer(capsys, *by, "--least", "0")["rows"]
    assert [r["year"] for r in shown] == [r["year"] for r in everything]
    assert any(0 < r["with_it"] < 5 for r in everything)
    assert not any(r["with_it"] is not None and 0 < r["with_it"] < 5 for r in shown)
    hidden = [r for r in shown if r["with_it"] is None]
    assert all(r["prevalence"] is None for r in hidden)


def test_prevalence_in_words_names_denominators(world: Path, capsys: Capture) -> None:
    code, out, _ = told(capsys, "prevalence", str(world), "--value-set", "medicine.statin", "--by", "sex")
    assert code == 0
    assert "per 1,000 person-years" in out
    assert "No human has reviewed" in out


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (("quality", "/nowhere"), 3),
        (("prevalence", "WORLD", "--value-set", "cramps"), 3),
        (("prevalence", "WORLD", "--value-set", "contributor.adhd", "--by", "moon"), 2),
        (("cohort", "WORLD"), 2),
        (("cohort", "WORLD", "--value-set", "magnesium"), 3),
        (("cohort", "WORLD", "--value-set", "cramp", "--person-level"), 2),
        (("init", "WORLD", "--out", "/tmp/never"), 2),
        (("simulate", "OUT", "--plant", "statin"), 2),
        (("simulate", "OUT", "--plant", "statins=2"), 3),
    ],
)
def test_what_goes_wrong_is_said_with_its_exit_code(
    world: Path, tmp_path: Path, capsys: Capture, words: tuple[str, ...], code: int
) -> None:
    found, out, err = told(capsys, *(w.replace("WORLD", str(world)).replace("OUT", str(tmp_path / "o")) for w in words))
    assert (found, out) == (code, "")
    assert "Traceback" not in err


def test_what_the_vocabulary_does_not_know_is_not_nobody(world: Path, capsys: Capture) -> None:
    code, _, err = told(capsys, "prevalence", str(world), "--value-set", "medicine.lithium_nothing")
    assert code == 3
    assert "medicine." in err
