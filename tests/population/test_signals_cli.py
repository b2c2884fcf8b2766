"""`soleus population screen`, and `ssa` on a database, as a user meets them."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any

import pytest

from soleus.cli import main, populating_signals
from soleus.knowledge.loader import shipped
from soleus.population.databases.source import open_source
from soleus.population.made_up.files import write_population
from soleus.population.made_up.people import plan_of, shipped_world
from soleus.population.results.manifest import Manifest
from soleus.population.screening.planning import ScreenSettings
from soleus.population.screening.screen import screen
from soleus.population.sequences.counting import SequenceSettings
from soleus.population.sequences.study import Rules

pytest.importorskip("ibis")
Capture = pytest.CaptureFixture[str]
KEYS = ["index", "marker", "n_index_first", "n_marker_first", "crude", "crude_low", "crude_high", "null", "adjusted",
        "low", "high"]  # fmt: skip


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("world")
    plan = plan_of(shipped(), shipped_world(complaint_factor=40), {"laba_or_high_beta_agonist": 8.0})
    write_population(plan, out, 4000, 4, "omop", Manifest(out, {}), lambda _: None)
    return out


def run(capsys: Capture, *words: object) -> tuple[int, str, str]:
    with pytest.raises(SystemExit) as end:
        main(["population", *map(str, words)])
    told = capsys.readouterr()
    assert "Traceback" not in told.err
    return int(end.value.code or 0), told.out, told.err


def answer(capsys: Capture, *words: object) -> Any:
    code, out, err = run(capsys, *words, "--format", "json")
    assert (code, err) == (0, "")
    return json.loads(out)


# ------------------------------------------------------------------------------------------------ screen


def test_a_screen_is_told_in_lines(capsys: Capture, world: Path) -> None:
    code, out, _ = run(capsys, "screen", world)
    assert code == 0
    lines = out.splitlines()
    assert lines[0].startswith("quinine: ")
    assert any(line.startswith("  * Inhaled long-acting beta2-agonists") for line in lines)
    assert lines[-1] == "No human has reviewed these results."
    assert "An order in time is no proof of a cause." in lines
    assert max(len(line) for line in lines if line.startswith("  ")) < 140


def test_what_is_written_is_what_is_printed(capsys: Capture, world: Path, tmp_path: Path) -> None:
    told = answer(capsys, "screen", world, "--out", tmp_path)
    for name in ("signals", "controls", "calibration", "by_year", "waiting_times", "self_controlled"):
        assert json.loads((tmp_path / f"{name}.json").read_text(encoding="utf-8")) == told[name]
        assert (tmp_path / f"{name}.parquet").exists()
    assert told["reviewed"] == "No human has reviewed these results."
    manifest = json.loads((tmp_path / "manifest.json").read_text(encoding="utf-8"))
    assert manifest["made_of"]["settings"]["markers"] == ["quinine"]


def test_a_run_that_was_broken_off_goes_on_where_it_stopped(
    capsys: Capture, world: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(populating_signals, "look_again", broken)
        with pytest.raises(BaseException):  # noqa: B017, PT011 - whatever an interrupt becomes
            main(["population", "screen", str(world), "--out", str(tmp_path)])
    capsys.readouterr()
    monkeypatch.setattr(populating_signals, "carry_out", broken)
    resumed = answer(capsys, "screen", world, "--out", tmp_path)
    monkeypatch.setattr(populating_signals, "look_again", broken)
    again = answer(capsys, "screen", world, "--out", tmp_path)
    assert resumed["self_controlled"]
    assert again == resumed


@pytest.mark.parametrize(
    "text", ["[", '[{"index": "medicine.statin"}]', "3"], ids=["damaged", "another form", "no table"]
)
def test_what_is_kept_and_cannot_be_read_is_made_again(capsys: Capture, world: Path, tmp_path: Path, text: str) -> None:
    words = ("screen", world, "--out", tmp_path)
    made = answer(capsys, *words)
    (tmp_path / "by_year.json").write_text(text)
    assert answer(capsys, *words) == made
    assert made["self_controlled"]
    assert json.loads((tmp_path / "by_year.json").read_text()) == made["by_year"]


def test_other_settings_begin_anew(capsys: Capture, world: Path, tmp_path: Path) -> None:
    one = answer(capsys, "screen", world, "--out", tmp_path, "--no-second-look")
    other = answer(capsys, "screen", world, "--out", tmp_path, "--no-second-look", "--window", "0,90")
    assert one["settings"] != other["settings"]
    assert sum(r["n_index_first"] or 0 for r in other["signals"]) < sum(r["n_index_first"] or 0 for r in one["signals"])


def test_drawings_and_their_tables(capsys: Capture, world: Path, tmp_path: Path) -> None:
    told = answer(capsys, "screen", world, "--plot", tmp_path)
    assert sorted(told["plots"]) == sorted(p.name for p in tmp_path.iterdir())
    for stem in ("screen-quinine", "ratios-quinine", "waiting-laba-any-quinine", "years-laba-any-quinine"):
        assert (tmp_path / f"{stem}.svg").read_text(encoding="utf-8").startswith("<svg")
    with (tmp_path / "screen-quinine.csv").open(encoding="utf-8") as file:
        assert len(list(csv.reader(file))) == sum(r["adjusted"] is not None for r in told["signals"]) + 1


def test_no_small_count_is_shown(capsys: Capture, world: Path) -> None:
    told = answer(capsys, "screen", world, "--least", "8")
    for row in (*told["signals"], *told["by_year"]):
        assert not any(0 < (row[n] or 0) < 8 for n in ("n_index_first", "n_marker_first"))
        if None in (row["n_index_first"], row["n_marker_first"]):
            assert row["adjusted"] is None
    assert not any(0 < (row["people"] or 0) < 8 for row in told["waiting_times"])
    assert any(row["hidden"] for row in told["signals"])


def test_stored_first_exposures_change_no_digit(capsys: Capture, world: Path, tmp_path: Path) -> None:
    words = ("screen", world, "--date-range", "2007-06-01:2013-12-31", "--max-gap", "60", "--ingredients")
    whole = answer(capsys, *words)
    made = answer(capsys, *words, "--store", tmp_path)
    (stored,) = tmp_path.rglob("*.parquet")
    when = stored.stat().st_mtime_ns
    read = answer(capsys, *words, "--store", tmp_path, "--marker", "quinine")
    assert whole == made == read
    assert stored.stat().st_mtime_ns == when


def test_bounds_of_the_null_ratio_on_request(capsys: Capture, world: Path) -> None:
    told = answer(capsys, "screen", world, "--bootstrap", "50", "--no-second-look")
    for row in told["signals"]:
        assert (row["null_low"] is not None) == row["found"]
        if row["found"]:
            assert row["null_low"] < row["null"] < row["null_high"]
            assert row["uncertain_low"] < row["adjusted"] < row["uncertain_high"]


def test_the_length_of_the_first_record_chooses_the_starts(capsys: Capture, world: Path) -> None:
    # In the made-up world every prescription but the last lasts 90 days.
    words = ("screen", world, "--index", "medicine.statin", "--no-second-look", "--least", "0")
    (whole,), (long,), (short,), (none,) = (
        answer(capsys, *words, *more)["signals"]
        for more in ((), ("--min-days", "90"), ("--max-days", "89"), ("--min-days", "91"))
    )
    assert 0 < long["n_index_first"] < whole["n_index_first"]
    assert long["n_index_first"] + short["n_index_first"] == whole["n_index_first"]
    assert none["n_index_first"] == none["n_marker_first"] == 0
    assert none["adjusted"] is None


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("--marker", "quinin"), "Did you mean quinine"),
        (("--marker", "magnesium"), "vocabulary"),
        (("--index", "medicine.statins"), "value set"),
        (("--window", "9,3"), "the second larger"),
        (("--max-days", "0"), "--max-days"),
        (("--min-days", "9", "--max-days", "3"), "--max-days"),
        (("--index", "medicine.statin", "--ingredients"), "one of them"),
    ],
)
def test_what_cannot_be_screened_is_an_error_of_one_line(
    capsys: Capture, world: Path, words: tuple[str, ...], told: str
) -> None:
    code, out, err = run(capsys, "screen", world, *words)
    assert code != 0
    assert out == ""
    assert told in err
    assert err.count("\n") == 1


# --------------------------------------------------------------------------------------------------- ssa


def test_ssa_on_a_database_has_the_fields_of_ssa_on_cohorts(capsys: Capture, world: Path) -> None:
    one = answer(capsys, "ssa", world, "--index", "medicine.statin", "--marker", "quinine")
    assert list(one) == KEYS
    assert one["index"] == "medicine.statin"
    many = answer(capsys, "ssa", world, "--index", "medicine.statin", "--marker", "quinine", "--marker", "cramp")
    assert [row["marker"] for row in many] == ["quinine", "cramp"]
    assert many[0] == one


def test_ssa_on_a_database_is_a_pair_of_a_screen(capsys: Capture, world: Path) -> None:
    words = ("--index", "medicine.ppi", "--marker", "quinine", "--least", "0")
    pair = answer(capsys, "ssa", world, *words)
    (signal,) = answer(capsys, "screen", world, *words, "--no-second-look")["signals"]
    assert pair == {name: signal[name] for name in KEYS}


def test_ssa_counts_old_treatments_as_starts_only_where_asked(capsys: Capture, world: Path) -> None:
    words = ("ssa", world, "--index", "medicine.statin", "--marker", "quinine", "--least", "0")
    new, old = answer(capsys, *words), answer(capsys, *words, "--prior-observation", "0")
    assert old["n_index_first"] > new["n_index_first"]
    assert old["null"] > 1.1  # they stand on the first day, and everything else comes after


def test_compat_on_a_database_has_one_null_ratio_for_everybody(capsys: Capture, world: Path) -> None:
    """As the R package has it: first events ever, whatever the age and sex."""
    words = (world, "--index", "medicine.statin", "--marker", "quinine", "--least", "0")
    compat = answer(capsys, "ssa", *words, "--compat", "cohortsymmetry")
    settings = ScreenSettings(
        ("quinine",), ("medicine.statin",), sequence=SequenceSettings(compat="cohortsymmetry"),
        rules=Rules(starts="ever"), stratify=False,
    )  # fmt: skip
    (plain,) = screen(open_source(str(world)), shipped(), settings).signals
    assert (compat["null"], compat["n_index_first"]) == (plain.null, plain.n_index_first)
    assert compat["null"] != answer(capsys, "ssa", *words, "--starts", "ever", "--null-window", "548")["null"]


def test_the_negative_controls_are_no_class_of_which_nothing_is_recorded(capsys: Capture, world: Path) -> None:
    notes = answer(capsys, "screen", world, "--no-second-look")["notes"]
    (lacking,) = (note for note in notes if note.startswith("Classes of which nothing is recorded"))
    assert "triptan" in lacking
    assert "negative_controls" not in lacking


def test_ssa_takes_one_source(capsys: Capture, world: Path) -> None:
    assert "a database, or --cohorts" in run(capsys, "ssa")[2]
    assert "one of them" in run(capsys, "ssa", world, "--cohorts", world)[2]
    assert "--index" in run(capsys, "ssa", world)[2]
    assert "cohorts have numbers" in run(capsys, "ssa", "--cohorts", world, "--index", "medicine.statin")[2]


def test_ssa_hides_small_counts_and_their_ratios(capsys: Capture, world: Path) -> None:
    words = ("ssa", world, "--index", "medicine.statin", "--marker", "quinine")
    open_ = answer(capsys, *words, "--least", "0")
    least = open_["n_index_first"] + 1
    hidden = answer(capsys, *words, "--least", least)
    assert hidden["n_index_first"] is None
    assert hidden["adjusted"] is None
    assert hidden["null"] == open_["null"]
    assert "hidden" in run(capsys, *words, "--least", least)[1]
