"""The tutorial on populations: its commands run in their order from nothing, and print what it shows."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

pytest.importorskip("ibis")


@pytest.fixture(scope="module")
def runner(program: Callable[[str], ModuleType]) -> ModuleType:
    return program("run_tutorial")


@pytest.fixture(scope="module")
def page(root: Path) -> str:
    return (root / "docs/tutorial-population.md").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def ran(runner: ModuleType, page: str, tmp_path_factory: pytest.TempPathFactory) -> tuple[str, list[Any], Path]:
    """The page with fresh outputs, the commands, and the folder in which they ran."""
    folder = tmp_path_factory.mktemp("newcomer")
    return (*runner.run(page, folder), folder)


def test_every_command_runs_from_nothing_and_in_order(ran: tuple[str, list[Any], Path]) -> None:
    _, done, _ = ran
    named = [d.command.split()[2] if "population" in d.command else "assess" for d in done]
    assert named == [
        *("simulate", "init", "quality", "cohort", "prevalence", "ssa", "screen", "score", "learn", "assess"),
        "report",
    ]
    assert [d.command for d in done if "Traceback" in d.errors] == []


def test_the_page_shows_what_they_print(runner: ModuleType, page: str, ran: tuple[str, list[Any], Path]) -> None:
    assert runner.shown(page) == runner.shown(ran[0]), "run tools/run_tutorial.py"


def test_what_it_promises_lies_in_the_folder(ran: tuple[str, list[Any], Path]) -> None:
    from soleus.population.reporting.form import finished

    _, _, folder = ran
    for name in ("screen/signals.parquet", "plots/screen-cramp.svg", "plots/ratios-cramp.svg", "overlay.yaml"):
        assert (folder / name).stat().st_size, name
    assert finished(folder / "reports/world")
    assert (folder / "reports/world/report.html").stat().st_size


def test_the_strongest_planted_cause_is_found(ran: tuple[str, list[Any], Path]) -> None:
    (screen,) = [d.out for d in ran[1] if d.command.startswith("soleus population screen ")]
    told = screen.partition("\ncramp:")[2].partition("Second design")[0]
    assert re.search(r"^  \* .*long-acting beta", told, re.MULTILINE)


def test_the_judgement_says_that_an_overlay_was_used(ran: tuple[str, list[Any], Path]) -> None:
    (judged,) = [d.out for d in ran[1] if d.command.startswith("soleus assess")]
    assert "local." in judged


def test_an_excerpt_says_where_lines_are_left_out(runner: ModuleType) -> None:
    out = "one\ntwo\nthree\nfour\n"
    assert runner.excerpt(out, {}) == "one\ntwo\nthree\nfour"
    assert runner.excerpt(out, {"from": "two", "until": "four"}) == "...\ntwo\nthree\n..."
    assert runner.excerpt(out, {"most": 1}) == "one\n..."


def test_digests_do_not_make_it_stale(runner: ModuleType) -> None:
    made = "<!-- shows: {} -->\n```text\nlocal.0123abcd was made\n```\n"
    assert runner.shown(made) == ["(digest) was made\n"]


def test_a_command_that_fails_is_named(runner: ModuleType, tmp_path: Path) -> None:
    with pytest.raises(runner.Failed, match="quality nowhere: exit 3"):
        runner.run("```sh\nsoleus population quality nowhere\n```\n", tmp_path)
