"""`soleus review`: the queue, and what was decided at the desk as a change to a data folder."""

from __future__ import annotations

import json
import shutil
from functools import cache
from pathlib import Path

import pytest

from soleus.cli import main
from soleus.editorial.corrections import decide, propose
from soleus.editorial.reviewing import act
from soleus.editorial.standing import standing
from soleus.evidence.content import shown_status
from soleus.knowledge.loader import DATA, Knowledge, load, read_file, shipped
from soleus.service.app import STORE
from soleus.storage import SqliteRepository
from tests.editorial.people import AT, EDITOR, ONE, READER, acceptance, deed, proposal

EFFECT = ("effect", "laba_or_high_beta_agonist.nocturnal_leg_cramp")
RATE = ("rate", "nocturnal_leg_cramp")


def run(capsys: pytest.CaptureFixture[str], *words: str) -> tuple[int, str, str]:
    with pytest.raises(SystemExit) as end:
        main(["review", *words])
    told = capsys.readouterr()
    return int(end.value.code or 0), told.out, told.err


@cache
def data() -> Knowledge:
    return load(DATA)


@pytest.fixture
def store(tmp_path: Path) -> Path:
    """The folder of a service at whose desk one value was corrected and one record approved."""
    folder = tmp_path / "store"
    folder.mkdir()
    log = SqliteRepository(folder / STORE)
    made = propose(log, data(), *EFFECT, proposal("2.5", "rho"), READER, "", AT)
    decide(log, data(), *EFFECT, acceptance(made.number, 0, "2.5", "rho"), EDITOR, AT)
    for what in ("taken", "approved"):
        act(log, data(), *RATE, deed(what, standing(log, data(), *RATE).last), ONE, AT)
    log.close()
    return folder


def test_the_queue_is_a_table_and_says_why(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, out, _ = run(capsys, "queue", "--data", str(tmp_path), "--most", "3")
    assert code == 0
    assert "records" in out
    assert "moves the first" in out


def test_the_queue_as_json_with_what_the_store_knows(store: Path, capsys: pytest.CaptureFixture[str]) -> None:
    words = ("queue", "--data", str(store), "--kind", "effect", "--status", "corrections", "--format", "json")
    assert json.loads(run(capsys, *words)[1]) == []
    _, out, _ = run(capsys, "queue", "--data", str(store), "--kind", "red_flag", "--most", "2", "--format", "json")
    rows = json.loads(out)
    assert [(r["kind"], r["status"], r["overdue"]) for r in rows] == [("red_flag", "submitted", False)] * 2
    late = ("queue", "--data", str(store), "--as-of", "2031-01-01", "--status", "overdue", "--format", "json")
    assert {r["overdue"] for r in json.loads(run(capsys, *late)[1])} == {True}


@pytest.mark.parametrize("words", [("--kind", "red_flags"), ("--as-of", "tomorrow"), ("--by", "mood"), ("--most", "0")])
def test_a_wrong_call_says_what_is_wrong(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], words: tuple[str, str]
) -> None:
    code, _, err = run(capsys, "queue", "--data", str(tmp_path), *words)
    assert code in (2, 3)
    assert words[0] in err


def test_an_export_needs_a_place_and_a_store(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert "nowhere to write" in run(capsys, "export", "--data", str(tmp_path))[2]
    assert "no folder" in run(capsys, "export", "--out", str(tmp_path / "x"), "--folder", str(tmp_path / "none"))[2]


def test_decisions_become_files_a_difference_and_a_report(
    store: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    before = {p: p.read_bytes() for p in DATA.rglob("*.yaml")}
    words = ("export", "--data", str(store), "--out", str(tmp_path / "change"), "--vignettes", str(tmp_path / "none"))
    code, out, err = run(capsys, *words)
    assert (code, err) == (0, "")
    assert {p: p.read_bytes() for p in DATA.rglob("*.yaml")} == before
    assert "1 corrected fields and 1 reviews in 2 files" in out
    assert "No rule of integrity is broken" in out
    assert "of the panel move" in out
    assert (tmp_path / "change/report.md").read_text(encoding="utf-8").strip() == out.strip()
    diff = (tmp_path / "change/changes.diff").read_text(encoding="utf-8")
    assert len([x for x in diff.splitlines() if x.startswith("+") and not x.startswith("+++")]) == 2
    assert run(capsys, *words)[0] == 2  # the folder is not empty any more


def test_decisions_are_written_into_a_folder_only_when_asked(
    store: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "data"
    shutil.copytree(DATA, folder)
    words = ("export", "--data", str(store), "--folder", str(folder), "--vignettes", str(tmp_path / "none"))
    assert run(capsys, *words, "--write")[0] == 0
    effects = {r.id: r for r in read_file(folder / "effects.yaml", folder)[1]}
    rates = {r.id: r for r in read_file(folder / "rates/cramp.yaml", folder)[1]}
    assert effects[EFFECT[1]].rho == 2.5
    assert shown_status(rates[RATE[1]]) == "approved"
    assert {shown_status(r) for id, r in rates.items() if id != RATE[1]} == {"submitted"}
    assert {shown_status(r) for r in shipped().records["rate"]} == {"submitted"}


def test_a_change_that_breaks_a_rule_ends_with_an_error(
    store: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    log = SqliteRepository(store / STORE)
    made = propose(log, data(), *EFFECT, proposal("25", "rho"), READER, "", AT)
    seen = log.events("correction")[-1].number
    decide(log, data(), *EFFECT, acceptance(made.number, seen, "25", "rho"), EDITOR, AT)
    log.close()
    words = ("export", "--data", str(store), "--out", str(tmp_path / "change"), "--vignettes", str(tmp_path / "none"))
    code, out, err = run(capsys, *words)
    assert code == 4
    assert "ratios_lie_in_their_interval" in out
    assert "1 new faults" in err
