"""`soleus interview`: warnings at once, keys that work everywhere, and an end that always comes."""

from __future__ import annotations

import io
import json
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml

from soleus.cli import main

Ask = Callable[..., tuple[int, str]]
GO_ON = "Go on with them?"


@pytest.fixture
def ask(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Ask:
    """(exit code, output) of the command with these lines typed; the end of the input follows."""
    monkeypatch.setenv("COLUMNS", "80")

    def call(*arguments: str | Path, typed: tuple[str, ...] = ()) -> tuple[int, str]:
        monkeypatch.setattr(sys, "stdin", io.StringIO("".join(f"{line}\n" for line in typed)))
        with pytest.raises(SystemExit) as end:
            main([str(a) for a in arguments])
        told = capsys.readouterr()
        return int(end.value.code or 0), told.out + told.err

    return call


def with_a_flag(path: Path, country: str | None = None) -> Path:
    """A saved interview in which brown urine with cramp was told, and most is still open."""
    findings = {"quality": "cramp", "dark_urine": "yes"}
    case = {"person": {"age": 67, "sex": "female"}, "findings": findings, "country": country}
    answers = [{"question": "quality", "stage": "opening", "reply": "cramp", "set_findings": [["quality", "cramp"]]}]
    path.write_text(json.dumps({"case": case, "respondent": "self", "answers": answers}), encoding="utf-8")
    return path


# --- red flags ----------------------------------------------------------------------------------------------


def test_a_red_flag_is_told_at_once_with_the_number_and_a_way_out(ask: Ask, tmp_path: Path) -> None:
    code, out = ask("interview", "--resume", with_a_flag(tmp_path / "a.json", "GB"), typed=("2",))
    assert code == 0
    warned = out.index("! EMERGENCY, ACT NOW")
    assert warned < out.index("call 999") < out.index(GO_ON) < out.index("THE ANSWER")


def test_the_warning_follows_the_answer_that_calls_for_it(ask: Ask) -> None:
    typed = ("67", "f", "cramp", "1 to 14", "yes", "yes, one", "the calf", *["yes"] * 4)
    _, out = ask("interview", "--plain", typed=typed)
    warned = out.index("! ")
    assert out.index("Is a leg swollen?") < warned < out.index(GO_ON) < out.index("THE ANSWER")


def test_each_red_flag_is_told_once(ask: Ask, tmp_path: Path) -> None:
    _, out = ask("interview", "--resume", with_a_flag(tmp_path / "a.json"), typed=("1", "d", "d", "d", "q"))
    assert out.count(GO_ON) == 1
    assert "your local emergency number" in out


def test_a_reply_that_is_none_after_a_warning_stops_in_the_end(ask: Ask, tmp_path: Path) -> None:
    _, out = ask("interview", "--resume", with_a_flag(tmp_path / "a.json"), typed=("hm",) * 9)
    assert out.count("Type 1 to go on or 2 to stop.") == 5


# --- keys ---------------------------------------------------------------------------------------------------


def test_the_keys_work_at_the_questions_about_the_person(ask: Ask, tmp_path: Path) -> None:
    kept = tmp_path / "a.json"
    code, out = ask("interview", "--save", kept, typed=("?", "d", "b", "31", "f", "b", "w", "y", "1", "q"))
    assert code == 0
    assert "How common a cause is depends on age." in out
    person = json.loads(kept.read_text(encoding="utf-8"))["case"]["person"]
    assert person == {"age": 31, "sex": "female", "pregnant": True}


@pytest.mark.parametrize("typed", [(), ("q",), ("67", "q"), ("b",) * 99, ("hm",) * 30])
def test_stopping_before_a_question_is_a_goodbye(ask: Ask, typed: tuple[str, ...]) -> None:
    code, out = ask("interview", typed=typed)
    assert code == 0
    assert "Goodbye." in out


def test_stopping_before_an_answer_says_when_to_seek_care(ask: Ask) -> None:
    code, out = ask("interview", typed=("67", "m", "q"))
    assert code == 0
    assert "Nothing was judged." in out
    assert "When to get help" in out


def test_dont_know_to_everything_ends_with_when_to_seek_care(ask: Ask) -> None:
    code, out = ask("interview", "--plain", typed=("d",) * 400)
    assert code == 0
    assert "nothing could be judged" in out
    assert "When to get help" in out
    assert "emergency number" in out


def test_after_five_replies_that_are_none_it_is_dont_know(ask: Ask, tmp_path: Path) -> None:
    kept = tmp_path / "a.json"
    ask("interview", "--plain", "--save", kept, typed=("67", "m", *["hm"] * 5, "q"))
    assert [a["reply"] for a in json.loads(kept.read_text(encoding="utf-8"))["answers"]] == ["not_assessed"]


@pytest.mark.parametrize("key", ["b", "?", "hm", ""])
def test_no_key_held_down_goes_on_for_ever(ask: Ask, key: str) -> None:
    code, out = ask("interview", "--plain", typed=("67", "m", *[key] * 5000))
    assert code == 0
    assert len(out.splitlines()) < 1000


# --- saved interviews ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["me.yaml", "me.json", "me.txt"])
def test_a_saved_interview_can_be_assessed_and_resumed(ask: Ask, tmp_path: Path, name: str) -> None:
    kept = tmp_path / name
    ask("interview", "--plain", "--save", kept, typed=("67", "f", "cramp", "q"))
    text = kept.read_text(encoding="utf-8")
    assert text.startswith("case:" if name == "me.yaml" else "{")
    assert yaml.safe_load(text)["answers"][0]["set_findings"] == [["quality", "cramp"]]
    code, out = ask("assess", kept, "--audience", "patient")
    assert code == 0
    assert "Woman of 67" in out
    assert ask("interview", "--resume", kept, typed=("q",))[0] == 0


@pytest.mark.parametrize("answers", [[{"question": 3}], 4, [["x"]]])
def test_a_damaged_interview_is_an_error_of_the_file(ask: Ask, tmp_path: Path, answers: object) -> None:
    kept = tmp_path / "me.json"
    kept.write_text(json.dumps({"case": {}, "respondent": "self", "answers": answers}), encoding="utf-8")
    code, out = ask("assess", kept)
    assert code == 3
    assert out.startswith("soleus: me.json: saved interview")


def test_a_place_that_cannot_be_written_is_2(ask: Ask, tmp_path: Path) -> None:
    assert ask("interview", "--save", tmp_path / "no" / "me.json", typed=("67", "m", "q"))[0] == 2
