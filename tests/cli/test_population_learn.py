"""`soleus population learn`, from the command line: a database, sites without rows of people, and what goes wrong."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from soleus.cli import main
from soleus.knowledge.overlay import read_overlay

pytest.importorskip("ibis")
Capture = pytest.CaptureFixture[str]


def told(capture: Capture, *words: str) -> tuple[int, str, str]:
    with pytest.raises(SystemExit) as end:
        main(list(words))
    said = capture.readouterr()
    return int(end.value.code or 0), said.out, said.err


@pytest.fixture(scope="module")
def worlds(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    out = [tmp_path_factory.mktemp(name) for name in ("north", "south")]
    for seed, folder in enumerate(out, 7):
        with pytest.raises(SystemExit):
            main(["population", "simulate", str(folder), "--people", "3000", "--seed", str(seed)])
    return out


def learn(capture: Capture, *words: str | Path) -> tuple[int, str, str]:
    return told(capture, "population", "learn", *map(str, words))


def test_a_database_teaches_an_overlay_that_keeps_its_rules(
    worlds: list[Path], tmp_path: Path, capsys: Capture
) -> None:
    file = tmp_path / "overlay.yaml"
    code, out, err = learn(capsys, worlds[0], "--out", file)
    assert code == 0
    assert f"Written: {file}" in err
    for words in ("Learnt:", "Not learnt, and why:", f"soleus assess CASE --overlay {file}", "No human has reviewed"):
        assert words in out
    assert told(capsys, "knowledge", "check", "--overlay", str(file))[0] == 0
    assert read_overlay(file).entries


def test_sites_combine_from_their_aggregates_alone(worlds: list[Path], tmp_path: Path, capsys: Capture) -> None:
    files = [tmp_path / f"{name}.json" for name in ("north", "south")]
    for world, file in zip(worlds, files, strict=True):
        assert learn(capsys, world, "--site", file.stem, "--aggregates", file)[0] == 0
    code, out, _ = learn(capsys, "--combine", *files, "--format", "json")
    assert code == 0
    found = json.loads(out)
    assert [s["name"] for s in found["sites"]] == ["north", "south"]
    assert any(e["local"]["sites"] == ["north", "south"] for e in found["entries"])


def test_a_site_alone_gives_what_its_database_gives(worlds: list[Path], tmp_path: Path, capsys: Capture) -> None:
    code, out, _ = learn(capsys, worlds[0], "--aggregates", tmp_path / "a.json", "--format", "json")
    assert code == 0
    assert learn(capsys, "--combine", tmp_path / "a.json", "--format", "json")[1] == out


def test_signals_of_an_earlier_screen_are_read(worlds: list[Path], tmp_path: Path, capsys: Capture) -> None:
    row: dict[str, Any] = {
        "index": "medicine.statin", "marker": "quinine", "control": False, "n_index_first": 60, "n_marker_first": 40,
        "log_ratio": 0.4, "se": 0.2, "contributors": ["statin"],
    }  # fmt: skip
    (tmp_path / "signals.json").write_text(json.dumps([row]))
    _, out, _ = learn(capsys, worlds[0], "--signals", tmp_path, "--format", "json")
    assert [e["id"] for e in json.loads(out)["entries"] if e["kind"] == "effect"] == ["statin.nocturnal_leg_cramp"]


def test_signals_of_another_database_are_refused(worlds: list[Path], tmp_path: Path, capsys: Capture) -> None:
    assert told(capsys, "population", "screen", str(worlds[1]), "--out", str(tmp_path))[0] == 0
    code, _, err = learn(capsys, worlds[0], "--signals", tmp_path)
    assert (code, "--signals: found a screen of another database" in err) == (2, True)
    assert learn(capsys, worlds[1], "--signals", tmp_path / "signals.json")[0] == 0


def test_without_a_screen_no_ratio_is_learnt_and_it_is_said(worlds: list[Path], capsys: Capture) -> None:
    _, out, _ = learn(capsys, worlds[0], "--no-screen")
    assert "effect: No screen was run." in out


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (["nowhere"], 3, "nowhere"),
        (["--combine", "nowhere.json"], 3, "No such file"),
        (["one", "two"], 2, "Join sites with --combine"),
        (["{world}", "--index-day", "July"], 2, "--index-day"),
        (["{world}", "--out", "/dev/null/x.yaml"], 2, "--out"),
        (["--combine", "x.json", "--aggregates", "y.json"], 2, "one of them"),
        (["{world}", "--signals", "nowhere"], 3, "nowhere"),
    ],
)
def test_what_goes_wrong_is_said_with_its_exit_code(
    worlds: list[Path], capsys: Capture, words: list[str], code: int, said: str
) -> None:
    found, _, err = learn(capsys, *(w.replace("{world}", str(worlds[0])) for w in words))
    assert (found, said in err) == (code, True), err


def test_a_database_without_the_marker_teaches_the_rest(worlds: list[Path], tmp_path: Path, capsys: Capture) -> None:
    import shutil

    import pyarrow.parquet as pq

    shutil.copytree(worlds[0], tmp_path / "w")
    names = pq.read_table(tmp_path / "w" / "concept.parquet")
    kept = [str(n).lower() != "quinine" for n in names["concept_name"].to_pylist()]
    pq.write_table(names.filter(kept), tmp_path / "w" / "concept.parquet")
    code, out, _ = learn(capsys, tmp_path / "w")
    assert code == 0
    assert "No medicine of this database marks that somebody has cramps." in out
    assert "nocturnal_leg_cramp" in out
