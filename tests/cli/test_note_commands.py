"""`soleus read`, `assess --note` and `ask`, as a person calls them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from soleus.cli import main

CRAMP = "71M, 3/12 hx of calf cramps in bed at night, each lasting 2 minutes, calf goes hard. Denies swelling."


def run(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str, str]:
    with pytest.raises(SystemExit) as end:
        main(list(arguments))
    out, err = capsys.readouterr()
    return int(end.value.code or 0), out, err


@pytest.fixture
def note(tmp_path: Path) -> Path:
    path = tmp_path / "letter.txt"
    path.write_text(CRAMP, encoding="utf-8")
    return path


def test_a_note_is_judged_and_shows_what_was_understood(note: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, out, _ = run(capsys, "assess", "--note", str(note), "--format", "json", "--draws", "50")
    found = json.loads(out)
    assert code == 0
    assert found["explanations"][0]["id"] == "nocturnal_leg_cramp"
    for item in found["understood"]:
        assert {"finding", "state", "value", "unit", "span", "text", "source"} <= set(item)
        assert CRAMP[slice(*item["span"])] == item["text"]
    assert {"swelling": "absent"}.items() <= {u["finding"]: u["state"] for u in found["understood"]}.items()


def test_nothing_to_assess_ends_with_5_and_says_so(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "other.txt"
    path.write_text("I have a sore throat.", encoding="utf-8")
    code, out, _ = run(capsys, "assess", "--note", str(path), "--format", "json")
    found = json.loads(out)
    assert (code, found["explanations"], found["reason"]) == (5, [], "nothing_to_assess")
    assert run(capsys, "assess", "--note", str(path))[0] == 5


@pytest.mark.parametrize("form", ["text", "json", "html"])
def test_the_reading_alone(note: Path, form: str, capsys: pytest.CaptureFixture[str]) -> None:
    code, out, _ = run(capsys, "read", str(note), "--format", form)
    assert code == 0
    signs = {"text": "Denies swelling[", "json": '"denies swelling"', "html": "<mark"}
    assert signs[form].lower() in out.lower()


def test_a_report_with_the_note_escapes_it(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "sly.txt"
    path.write_text(CRAMP + " <script>alert(1)</script>", encoding="utf-8")
    code, out, _ = run(capsys, "assess", "--note", str(path), "--format", "html", "--draws", "50")
    assert code == 0
    assert "<script>" not in out
    assert "&lt;script&gt;" in out


def test_a_statement_can_be_changed(note: Path, capsys: pytest.CaptureFixture[str]) -> None:
    _, out, _ = run(capsys, "read", str(note), "--format", "json")
    number = next(n for n, u in enumerate(json.loads(out)["understood"], 1) if u["finding"] == "swelling")
    _, out, _ = run(capsys, "read", str(note), "--format", "json", "--change", f"{number}=one_leg")
    assert {"swelling": "one_leg"}.items() <= {u["finding"]: u["value"] for u in json.loads(out)["understood"]}.items()
    assert run(capsys, "read", str(note), "--strike", "999")[0] == 3
    assert run(capsys, "read", str(note), "--change", f"{number}=purple")[0] == 3
    assert run(capsys, "read", str(note), "--change", "x")[0] == 2


def test_a_table_of_notes_goes_on_where_it_stopped(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    table = tmp_path / "notes.csv"
    table.write_text(f'id,text\na,"{CRAMP}"\nb,"I have a cold."\n', encoding="utf-8")
    out = tmp_path / "out"
    call = ("assess", "--note", str(table), "--format", "json", "--out", str(out), "--draws", "50")
    assert run(capsys, *call)[0] == 0
    assert sorted(p.name for p in out.iterdir()) == ["a.json", "b.json"]
    before = (out / "a.json").stat().st_mtime_ns
    (out / "b.json").unlink()
    assert run(capsys, *call, "--resume")[0] == 0
    assert (out / "a.json").stat().st_mtime_ns == before
    assert (out / "b.json").exists()


def test_no_word_of_a_note_stands_in_an_error(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "long.txt"
    path.write_text("secretword leg cramp " * 20_000, encoding="utf-8")
    code, out, err = run(capsys, "assess", "--note", str(path))
    assert code == 3
    assert "secretword" not in out + err


def test_a_note_and_a_case_together_are_a_wrong_call(note: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(capsys, "assess", str(note), "--note", str(note))[0] == 2
    assert run(capsys, "assess")[0] == 2


def test_a_question_is_answered_with_sources(capsys: pytest.CaptureFixture[str]) -> None:
    code, out, _ = run(capsys, "ask", "could my furosemide cause leg cramps?")
    assert code == 0
    assert "[1]" in out
    code, out, _ = run(capsys, "ask", "what should I plant under a hedge?", "--format", "json")
    assert (code, json.loads(out)["kind"]) == (5, "out_of_scope")


def test_two_notes_of_one_name_are_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    table = tmp_path / "notes.csv"
    table.write_text('id,text\na,"Calf cramps at night"\na,"Left leg swollen"\n', encoding="utf-8")
    code, out, err = run(capsys, "assess", "--note", str(table), "--format", "json")
    assert code == 3
    assert "two notes of this name" in " ".join((out + err).split())


def test_readings_of_several_notes_are_written_apart(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = tmp_path / "notes"
    folder.mkdir()
    for name in ("a", "b"):
        (folder / f"{name}.txt").write_text(CRAMP, encoding="utf-8")
    assert run(capsys, "read", str(folder), "--format", "json", "--out", str(tmp_path / "out"))[0] == 0
    assert sorted(p.name for p in (tmp_path / "out").iterdir()) == ["a.json", "b.json"]


def test_a_question_that_tells_of_danger_is_answered_with_what_to_do(capsys: pytest.CaptureFixture[str]) -> None:
    code, out, _ = run(
        capsys, "ask", "I can't pee and both my legs are weak since this morning, what shall I do", "--format", "json"
    )
    assert (code, json.loads(out)["kind"]) == (0, "red_flag")


def test_age_and_numbers_can_be_changed(note: Path, capsys: pytest.CaptureFixture[str]) -> None:
    _, out, _ = run(capsys, "read", str(note), "--format", "json")
    number = next(n for n, u in enumerate(json.loads(out)["understood"], 1) if u["finding"] == "age")
    _, out, _ = run(capsys, "read", str(note), "--format", "json", "--change", f"{number}=80")
    assert {"age": 80.0}.items() <= {u["finding"]: u["value"] for u in json.loads(out)["understood"]}.items()
    assert run(capsys, "read", str(note), "--change", f"{number}=old")[0] == 3


def test_one_file_that_cannot_be_read_does_not_stop_the_others(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder, out = tmp_path / "notes", tmp_path / "out"
    folder.mkdir()
    (folder / "a.txt").write_bytes(b"calf \xff\xfe\xfa cramp")
    (folder / "b.txt").write_text(CRAMP, encoding="utf-8")
    call = ("assess", "--note", str(folder), "--format", "json", "--out", str(out), "--draws", "50")
    assert run(capsys, *call)[0] == 3
    assert [p.name for p in out.iterdir()] == ["b.json"]
