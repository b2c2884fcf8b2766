"""`soleus population nhanes` as a user calls it: what is printed, what is written, and with which exit."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import pytest

from soleus.cli import main
from tests.population.made_up_survey import write_survey


class Run(NamedTuple):
    code: int
    out: str
    err: str


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_survey(tmp_path_factory.mktemp("survey"), cycles="D")


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> Callable[..., Run]:
    def call(*words: object) -> Run:
        with pytest.raises(SystemExit) as end:
            main(["population", "nhanes", *(str(w) for w in words)])
        captured = capsys.readouterr()
        return Run(int(end.value.code or 0), captured.out, captured.err)

    return call


def test_json_is_one_object_and_nothing_else_is_printed(run: Callable[..., Run], folder: Path) -> None:
    done = run(folder, "--format", "json")
    assert (done.code, done.err) == (0, "")
    tree = json.loads(done.out)
    assert tree["cycles"] == ["2005-2006"]
    (loop,) = [r for r in tree["odds_ratios"] if r["factor"] == "loop"]
    assert loop["adjusted_low"] < loop["adjusted"] < loop["adjusted_high"]
    assert {"level": "mild", "cycle": None, "age": "18+"}.items() <= tree["prevalence"][6].items()


def test_text_is_the_default_and_says_that_nobody_reviewed_it(run: Callable[..., Run], folder: Path) -> None:
    done = run(folder)
    assert done.code == 0
    assert "Loop diuretics" in done.out
    assert "no clinician has reviewed" in done.out


def test_the_page_is_written_where_it_was_asked_for(run: Callable[..., Run], folder: Path, tmp_path: Path) -> None:
    target = tmp_path / "deep/nhanes.html"
    done = run(folder, "--format", "html", "--out", target)
    assert (done.code, done.out) == (0, "")
    assert target.read_text(encoding="utf-8").startswith("<!doctype html>")


def test_a_folder_without_the_tables_is_an_error_of_input(run: Callable[..., Run], tmp_path: Path) -> None:
    done = run(tmp_path, "--format", "json")
    assert (done.code, done.out) == (3, "")
    assert json.loads(done.err)["code"] == "unreadable_input"
    assert "DEMO_D" in json.loads(done.err)["expected"]


def test_a_wrong_table_is_an_error_without_a_traceback(run: Callable[..., Run], tmp_path: Path) -> None:
    write_survey(tmp_path, cycles="D")
    (tmp_path / "SLQ_D.csv").write_text("SEQN\n31001\n", encoding="utf-8")
    done = run(tmp_path)
    assert done.code == 3
    assert "SLQ_D.csv: found no column SLQ160" in done.err
    assert "Traceback" not in done.err


def test_help_gives_an_example(run: Callable[..., Run]) -> None:
    assert "soleus population nhanes data/nhanes" in " ".join(run("--help").out.split())
