"""`soleus library build`, `search` and `changes`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from soleus.knowledge.loader import COMPILED
from soleus.web import building
from soleus.web.building import Built, Order
from tests.cli.test_commands import Run, run

__all__ = ["run"]


def test_search_prints_the_entries_and_why(run: Run) -> None:
    ran = run("library", "search", "charley", "horse", "--audience", "patient", "--most", "3")
    assert ran.code == 0
    assert ran.out.splitlines()[0] == "explanation nocturnal_leg_cramp: Night leg cramp  (also: charley horse)"
    assert len(ran.out.splitlines()) == 3


def test_search_that_finds_nothing_is_a_wrong_call(run: Run) -> None:
    ran = run("library", "search", "zzzz")
    assert (ran.code, ran.out) == (2, "")
    assert "zzzz" not in ran.err


def test_changes_of_the_first_version_say_what_it_holds(run: Run, tmp_path: Path) -> None:
    out = tmp_path / "history/first.json"
    ran = run("library", "changes", "--summary", "The first.", "--date", "2026-01-02", "--out", out)
    told = json.loads(out.read_text(encoding="utf-8"))
    assert ran.code == 0
    assert (told["summary"], told["date"]) == ("The first.", "2026-01-02")
    assert told["holds"]["explanation"] > 100


def test_changes_between_two_bases_judge_the_examples_and_the_course(run: Run, root: Path) -> None:
    ran = run("library", "changes", "--before", COMPILED, "--cases", root / "examples", "--date", "2026-01-02")
    told = json.loads(ran.out)
    assert told["judged"] > 30
    assert "moved" not in told
    assert told["before_digest"] == told["digest"]


@pytest.mark.parametrize(
    ("arguments", "where"),
    [
        (("changes", "--date", "tomorrow"), "--date"),
        (("changes", "--before", "no-such.json"), "no-such.json"),
        (("build", "site", "--address", "library.example"), "--address"),
        (("build", "site", "--service", "ftp://soleus.example"), "--service"),
    ],
)
def test_a_wrong_call_names_its_place(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, arguments: tuple[str, ...], where: str
) -> None:
    monkeypatch.chdir(tmp_path)
    ran = run("library", *arguments)
    assert ran.code == 2
    assert where in ran.err
    assert list(tmp_path.iterdir()) == []


def test_a_folder_of_somebody_else_is_refused(run: Run, tmp_path: Path) -> None:
    (tmp_path / "letter.txt").write_text("mine", encoding="utf-8")
    ran = run("library", "build", tmp_path)
    assert ran.code == 2
    assert "something else" in ran.err


def test_build_says_how_many_pages_and_how_long_it_took(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ordered: list[Order] = []

    def built(_: Any, ask: Any, order: Order, told: Any) -> Built:
        ordered.append(order)
        told(1, 1)
        assert ask("/library").status == 200
        return Built({"index.html", "robots.txt"})

    monkeypatch.setattr(building, "build", built)
    ran = run("library", "build", tmp_path / "site", "--audience", "patient", "--address", "https://library.example/")
    assert ran.code == 0
    assert ordered == [Order(tmp_path / "site", ("patient",), "https://library.example")]
    assert ": 1 pages of knowledge " in ran.out
    assert ran.out.endswith(" s\n")
