"""The `soleus` command: what it prints, where errors go, and what it exits with."""

from __future__ import annotations

import io
import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import pytest
import yaml

from soleus.cli import main
from soleus.errors import KnowledgeError

EXAMPLES = Path(__file__).resolve().parents[2] / "examples"
CRAMP, DVT = str(EXAMPLES / "idiopathic-cramp.yaml"), str(EXAMPLES / "dvt-told-as-cramp.yaml")
COMMANDS = ("assess", "interview", "explain", "compare", "causes", "sources", "show", "validate")
KNOWLEDGE = ("check", "stats", "diff", "schema", "export", "compile")
ERROR = {"code", "where", "found", "expected", "repair"}


class Ran(NamedTuple):
    code: int
    out: str
    err: str


Run = Callable[..., Ran]


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Run:
    """The command in this process, 80 columns wide."""
    monkeypatch.setenv("COLUMNS", "80")

    def call(*arguments: str | Path, stdin: str = "") -> Ran:
        monkeypatch.setattr(sys, "stdin", io.StringIO(stdin))
        with pytest.raises(SystemExit) as end:
            main([str(a) for a in arguments])
        told = capsys.readouterr()
        code = end.value.code
        return Ran(code if isinstance(code, int) else 0, told.out, told.err)

    return call


def write(path: Path, case: Any) -> Path:
    path.write_text(yaml.safe_dump(case), encoding="utf-8")
    return path


def error_of(ran: Ran) -> dict[str, str]:
    """The one object on standard error."""
    lines = ran.err.strip().splitlines()
    assert len(lines) == 1, ran.err
    found = json.loads(lines[0])
    assert set(found) == ERROR
    assert all(isinstance(v, str) and v for v in found.values())
    return dict(found)


# --- exit codes ---------------------------------------------------------------------------------------------


def test_judged_is_0(run: Run) -> None:
    ran = run("assess", CRAMP)
    assert ran.code == 0
    assert "leg cramp" in ran.out
    assert ran.err == ""


def test_a_red_flag_never_changes_the_exit_code(run: Run) -> None:
    ran = run("assess", DVT, "--format", "json")
    assert json.loads(ran.out)["red_flags"]
    assert ran.code == 0


WRONG: list[list[str]] = [
    ["nonsense"],
    ["assess"],
    ["assess", CRAMP, "--bogus"],
    ["assess", CRAMP, "--audience", "dog"],
    ["assess", CRAMP, "--draws", "3"],
    ["assess", CRAMP, "--as-of", "tomorrow"],
    ["assess", CRAMP, "--as-of", "2026-02-30"],
    ["assess", CRAMP, "--setting", "moon"],
    ["compare", "nocturnal_leg_cramp"],
    ["knowledge", "nonsense"],
]


@pytest.mark.parametrize("arguments", WRONG, ids=" ".join)
def test_a_wrong_call_is_2_and_says_what_mends_it(run: Run, arguments: list[str]) -> None:
    ran = run(*arguments)
    assert ran.code == 2
    assert ran.out == ""
    assert ran.err.startswith("soleus: ")
    assert "expected" in ran.err


@pytest.mark.parametrize("arguments", [w for w in WRONG if w[0] == "assess"], ids=" ".join)
@pytest.mark.parametrize("form", [["--format", "json"], ["--format=json"]], ids=" ".join)
def test_a_wrong_call_is_one_object_where_json_was_asked_for(run: Run, arguments: list[str], form: list[str]) -> None:
    ran = run(*arguments, *form)
    assert ran.code == 2
    assert ran.out == ""
    assert error_of(ran)["code"] == "usage"


def test_a_format_that_is_none_is_2(run: Run) -> None:
    assert run("assess", CRAMP, "--format", "pdf").code == 2


BAD_INPUT: dict[str, tuple[Any, str]] = {
    "unknown finding": ({"findings": {"qualty": "cramp"}}, "unknown_name"),
    "unknown state": ({"findings": {"quality": "purple"}}, "invalid_value"),
    "wrong unit": ({"findings": {"quality": "cramp", "potassium": {"value": 3, "unit": "kg"}}}, "invalid_value"),
    "unknown field": ({"persn": {}}, "unknown_name"),
    "contradiction": (
        {"findings": {"quality": "cramp"}, "conditions": ["diabetes", {"name": "diabetes", "status": "absent"}]},
        "contradiction",
    ),
    "a list": ([1, 2], "unreadable_input"),
}


@pytest.mark.parametrize("what", BAD_INPUT)
def test_bad_input_is_3_with_one_object(run: Run, tmp_path: Path, what: str) -> None:
    case, code = BAD_INPUT[what]
    ran = run("assess", write(tmp_path / "case.yaml", case), "--format", "json")
    assert ran.code == 3
    assert ran.out == ""
    assert error_of(ran)["code"] == code


def test_no_file_is_3_and_a_sentence(run: Run) -> None:
    ran = run("assess", "no-such-file.yaml")
    assert ran.code == 3
    assert "no-such-file.yaml" in ran.err
    assert "Traceback" not in ran.err


def test_a_broken_knowledge_base_is_4(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken() -> None:
        raise KnowledgeError("rates.yaml: x", "a negative rate", "a rate", "Correct it.")

    monkeypatch.setattr("soleus.cli.overlaid.shipped_compiled", broken)
    ran = run("assess", CRAMP, "--format", "json")
    assert ran.code == 4
    assert error_of(ran)["code"] == "knowledge"


def test_nothing_to_assess_is_5(run: Run, tmp_path: Path) -> None:
    ran = run("assess", write(tmp_path / "empty.yaml", {"person": {"age": 67}}), "--format", "json")
    assert ran.code == 5
    assert error_of(ran)["code"] == "cannot_assess"


def test_a_defect_is_70_and_shows_nothing_of_the_person(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: Any, **__: Any) -> None:
        raise ZeroDivisionError("a woman of 67")

    monkeypatch.setattr("soleus.cli.assessing.assess", broken)
    for form in ("text", "json"):
        ran = run("assess", CRAMP, "--format", form)
        assert ran.code == 70
        assert "woman" not in ran.err
        assert "Traceback" not in ran.err
    assert error_of(ran)["code"] == "defect"


# --- help and versions --------------------------------------------------------------------------------------


@pytest.mark.parametrize("command", [[c] for c in COMMANDS] + [["knowledge", c] for c in KNOWLEDGE], ids=" ".join)
def test_help_of_every_command_teaches_with_an_example(run: Run, command: list[str]) -> None:
    ran = run(*command, "--help")
    assert ran.code == 0
    assert re.search(r"Examples?:", ran.out)
    assert f"soleus {' '.join(command)}" in " ".join(ran.out.split())


@pytest.mark.parametrize("flag", ["--help", "-h"])
def test_help_names_every_command_and_where_to_begin(run: Run, flag: str) -> None:
    ran = run(flag)
    assert ran.code == 0
    for command in (*COMMANDS, "knowledge"):
        assert command in ran.out
    assert "soleus assess" in ran.out
    assert "Not a medical device" in ran.out


def test_no_arguments_show_the_help(run: Run) -> None:
    ran = run()
    assert ran.code == 2
    assert "Usage" in ran.out + ran.err


def test_version_tells_software_and_knowledge(run: Run) -> None:
    ran = run("--version")
    assert ran.code == 0
    assert re.fullmatch(r"soleus \S+, knowledge \S+ \([0-9a-f]{12}\)\n", ran.out)


def test_completion_is_offered() -> None:
    done = subprocess.run(
        [_script()],
        env={**os.environ, "_SOLEUS_COMPLETE": "complete_bash", "COMP_WORDS": "soleus as", "COMP_CWORD": "1"},
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 0
    assert "assess" in done.stdout


def _script() -> str:
    return str(Path(sys.executable).with_name("soleus"))


# --- one case -----------------------------------------------------------------------------------------------


def test_json_is_one_object_on_one_line(run: Run) -> None:
    ran = run("assess", CRAMP, "--format", "json")
    assert ran.out.count("\n") == 1
    found = json.loads(ran.out)
    assert found["explanations"][0]["id"] == "nocturnal_leg_cramp"
    assert found["knowledge_version"]


def test_html_is_a_page(run: Run) -> None:
    ran = run("assess", CRAMP, "--format", "html")
    assert ran.out.lstrip().lower().startswith("<!doctype html>")


def test_audience_setting_and_date_are_heeded(run: Run) -> None:
    base = ["assess", CRAMP, "--format", "json"]
    found = json.loads(run(*base, "--audience", "patient", "--setting", "sleep_clinic", "--as-of", "2027-01-01").out)
    assert (found["audience"], found["setting"], found["as_of"]) == ("patient", "sleep_clinic", "2027-01-01")


def test_out_is_a_file_for_one_case(run: Run, tmp_path: Path) -> None:
    target = tmp_path / "new" / "answer.json"
    ran = run("assess", CRAMP, "--format", "json", "--out", target)
    assert ran.code == 0
    assert ran.out == ""
    assert json.loads(target.read_text(encoding="utf-8"))["case"] == "idiopathic-cramp"
    assert "answer.json" in ran.err


def test_out_may_be_a_folder_that_exists(run: Run, tmp_path: Path) -> None:
    run("assess", CRAMP, "--format", "html", "--out", tmp_path)
    assert (tmp_path / "idiopathic-cramp.html").is_file()


def test_out_that_cannot_be_written_is_2(run: Run, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    ran = run("assess", CRAMP, "--out", tmp_path / "file" / "inside.txt")
    assert ran.code == 2
    assert "--out" in ran.err


# --- several cases ------------------------------------------------------------------------------------------


def test_several_cases_are_json_lines_in_the_order_given(run: Run) -> None:
    for order in ([CRAMP, DVT], [DVT, CRAMP]):
        ran = run("assess", *order, "--format", "json")
        assert ran.code == 0
        found = [json.loads(line)["case"] for line in ran.out.splitlines()]
        assert found == [Path(p).stem for p in order]
        assert ran.err == ""  # no progress where nobody watches


def test_a_folder_is_all_its_cases(run: Run, tmp_path: Path) -> None:
    for name in ("b.yaml", "a.yaml"):
        shutil.copy(CRAMP, tmp_path / name)
    (tmp_path / "notes.txt").write_text("not a case")
    out = tmp_path / "results"
    ran = run("assess", tmp_path, "--format", "json", "--out", out)
    assert ran.code == 0
    assert sorted(p.name for p in out.iterdir()) == ["a.json", "b.json"]


def test_one_bad_case_keeps_no_other_from_being_judged(run: Run, tmp_path: Path) -> None:
    bad = write(tmp_path / "bad.yaml", {"findings": {"qualty": "cramp"}})
    ran = run("assess", bad, CRAMP, "--format", "json")
    assert ran.code == 3
    assert json.loads(ran.out)["case"] == "idiopathic-cramp"
    assert error_of(ran)["code"] == "unknown_name"


def test_cases_of_one_name_do_not_overwrite_each_other(run: Run, tmp_path: Path) -> None:
    for folder in ("one", "two"):
        (tmp_path / folder).mkdir()
        shutil.copy(CRAMP, tmp_path / folder / "case.v1.yaml")
    shutil.copy(DVT, tmp_path / "two" / "case.v2.yaml")
    out = tmp_path / "out"
    ran = run("assess", tmp_path / "one", tmp_path / "two", "--format", "json", "--out", out)
    assert ran.code == 0
    assert sorted(p.name for p in out.iterdir()) == ["case.v1-2.json", "case.v1.json", "case.v2.json"]


def test_several_cases_into_one_file_is_2_before_anything_is_judged(run: Run, tmp_path: Path) -> None:
    (tmp_path / "out.json").write_text("kept")
    ran = run("assess", CRAMP, DVT, "--out", tmp_path / "out.json")
    assert ran.code == 2
    assert (tmp_path / "out.json").read_text() == "kept"


def test_a_folder_without_cases_is_3(run: Run, tmp_path: Path) -> None:
    assert run("assess", tmp_path).code == 3


# --- piped, plain, narrow -----------------------------------------------------------------------------------


def longest(text: str) -> int:
    return max(len(line) for line in text.splitlines() if "http" not in line)


@pytest.mark.parametrize(
    "arguments",
    [
        ["assess", CRAMP],
        ["assess", DVT, "--audience", "patient"],
        ["explain", CRAMP],
        ["compare", "nocturnal_leg_cramp", "restless_legs_syndrome"],
        ["causes"],
        ["show", "systremma"],
    ],
    ids=" ".join,
)
def test_output_fits_80_columns_and_has_no_colour_when_piped(run: Run, arguments: list[str]) -> None:
    ran = run(*arguments)
    assert ran.code == 0
    assert "\x1b[" not in ran.out
    assert longest(ran.out) <= 80


def test_a_real_process_piped_without_colour_or_terminal() -> None:
    done = subprocess.run(
        [_script(), "assess", CRAMP],
        env={**os.environ, "NO_COLOR": "1", "COLUMNS": "80"},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 0
    assert "\x1b[" not in done.stdout
    assert done.stderr == ""


def test_a_reader_that_goes_away_is_no_fault() -> None:
    command = f"{_script()} sources | head -n 1; exit ${{PIPESTATUS[0]}}"
    done = subprocess.run(["bash", "-c", command], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0
    assert done.stderr == ""


# --- looking things up --------------------------------------------------------------------------------------


def test_explain_goes_from_the_answer_to_numbered_sources(run: Run) -> None:
    ran = run("explain", CRAMP, "--for", "nocturnal_leg_cramp", "--against", "restless_legs_syndrome")
    assert ran.code == 0
    assert "rate of presenting" in ran.out
    shown = " ".join(ran.out.split())
    assert re.search(r"Sum [+-]\d", shown)
    listed = {int(n) for n in re.findall(r"^\[(\d+)\]", ran.out, re.M)}
    cited = {int(n) for n in re.findall(r"\[(\d+)\]", ran.out)}
    assert listed
    assert cited <= listed


def test_explain_an_explanation_that_is_none_is_an_error_with_near_names(run: Run) -> None:
    ran = run("explain", CRAMP, "--for", "nocturnal_leg_crump")
    assert ran.code == 3
    assert "nocturnal_leg_cramp" in ran.err


def test_compare_by_synonym_and_by_length(run: Run) -> None:
    short, long = (run("compare", "systremma", "RLS", "--most", n).out for n in ("3", "12"))
    assert "restless legs" in short.lower()
    assert len(short.splitlines()) < len(long.splitlines())


def test_causes_name_ratios_beliefs_and_verdicts(run: Run) -> None:
    ran = run("causes")
    assert ran.code == 0
    assert "Belief:" in ran.out
    assert run("causes", "restless_legs_syndrome").code == 0


def test_sources_are_found_by_their_words(run: Run) -> None:
    ran = run("sources", "quinine")
    assert ran.code == 0
    assert "quinine" in ran.out.lower()
    nothing = run("sources", "zyxwvut")
    assert nothing.code == 3
    assert "zyxwvut" in nothing.err


@pytest.mark.parametrize("name", ["G47.62", "7A82", "systremma", "Lasix", "urge_to_move", "cirrhosis"])
def test_show_finds_by_name_former_name_and_code(run: Run, name: str) -> None:
    ran = run("show", name)
    assert ran.code == 0
    assert ran.out


def test_show_of_nothing_names_what_is_near(run: Run) -> None:
    ran = run("show", "restles", "legs")
    assert ran.code == 3
    assert "restless legs" in ran.err


# --- the interview ------------------------------------------------------------------------------------------


def interview(run: Run, *lines: str, options: tuple[str, ...] = ()) -> Ran:
    return run("interview", *options, stdin="".join(f"{line}\n" for line in lines))


BEGIN = ("67", "f")


def test_an_interview_asks_judges_and_ends(run: Run) -> None:
    ran = interview(run, *BEGIN, "cramp", "5", *["2"] * 9, *["1"] * 30, "q")
    assert ran.code == 0
    assert "most likely" in ran.out.lower()
    assert "now: " in ran.out  # the belief after an answer


def test_why_back_and_dont_know(run: Run) -> None:
    ran = interview(run, *BEGIN, "?", "1", "b", "d", "1", "q")
    first = ran.out.split("  1  ")[0].strip().splitlines()[-1].rpartition("] ")[2]
    assert ran.out.count(first) >= 2  # asked again after going back
    assert "Type a number" not in ran.out


def test_a_reply_that_is_none_is_asked_again(run: Run) -> None:
    ran = interview(run, *BEGIN, "perhaps", "99", "1", "q")
    assert ran.out.count("Type a number, d for don't know") == 2
    assert ran.code == 0


def test_an_age_that_is_none_is_asked_again(run: Run) -> None:
    ran = interview(run, "old", "300", *BEGIN, "1", "q")
    assert ran.out.count("Type a number of years") == 2
    assert ran.code == 0


def test_stopping_before_anything_was_told_is_a_goodbye(run: Run) -> None:
    ran = interview(run, *BEGIN, "q")
    assert ran.code == 0
    assert "Goodbye." in ran.out
    assert ran.err == ""


def test_the_end_of_the_input_is_the_end_of_the_interview(run: Run) -> None:
    assert interview(run).code == 0
    assert interview(run, *BEGIN, "1").code == 0


def test_saved_and_resumed(run: Run, tmp_path: Path) -> None:
    kept = tmp_path / "mine.json"
    interview(run, *BEGIN, "1", "5", "q", options=("--save", str(kept)))
    saved = json.loads(kept.read_text(encoding="utf-8"))
    assert len(saved["answers"]) == 2
    assert saved["case"]["person"] == {"age": 67, "sex": "female"}
    ran = interview(run, "q", options=("--resume", str(kept)))
    assert ran.code == 0
    assert "How old" not in ran.out


def test_a_file_that_is_no_interview_is_3(run: Run, tmp_path: Path) -> None:
    (tmp_path / "x.json").write_text("[1]")
    assert interview(run, "q", options=("--resume", str(tmp_path / "x.json"))).code == 3


def test_a_plain_interview_shows_no_belief(run: Run) -> None:
    ran = interview(run, *BEGIN, "1", "5", "q", options=("--plain",))
    assert "now: " not in ran.out


def test_a_clinician_is_asked_in_a_clinicians_words(run: Run) -> None:
    doctor = interview(run, *BEGIN, "1", "q", options=("--audience", "clinician"))
    patient = interview(run, *BEGIN, "1", "q")
    assert doctor.out != patient.out
    assert "decision support" in doctor.out.lower()
    assert "talk over with a doctor" in " ".join(patient.out.split())


# --- plain words in faults ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("fields", "where", "words"),
    [
        ({"person": {"age": 150}}, "person.age", "a number of years from 0 to 120"),
        ({"person": {"age": "forty"}}, "person.age", "found text"),
        ({"person": {"sex": "woman"}}, "person.sex", "found 'woman'; expected female or male"),
        ({"onset": "last spring"}, "onset", "a date such as 2026-11-21"),
        ({"medicines": [{"name": "quinine", "started": "21/11/2025"}]}, "medicines[0].started", "a date such as"),
        ({"medicines": [{"dose": "one"}]}, "medicines[0]", "found no name"),
        ({"pretest": {"other": 2}}, "pretest", "probabilities from 0 to 1"),
        ({"findings": ["cramp"]}, "findings", "found a list"),
    ],
)
def test_what_was_expected_is_told_in_plain_words(
    run: Run, tmp_path: Path, fields: dict[str, Any], where: str, words: str
) -> None:
    ran = run("assess", write(tmp_path / "one.yaml", fields))
    assert ran.code == 3
    assert ran.err.startswith(f"soleus: one.yaml: {where}")
    assert words in ran.err
    assert not re.search(r"`?Expected|enum|regex|'float'|'str'", ran.err)


@pytest.mark.parametrize(
    ("name", "value", "unit", "code"),
    [
        ("potassium", 4.1, "mEq/L", 0),
        ("potassium", 4.1, "MEQ/L", 0),
        ("potassium", 4.1, "MMOL/L", 0),
        ("potassium", 4.1, "Mmol/L", 3),  # mega, a thousand million times as much
        ("ferritin", 80, "ng/ml", 0),
        ("ferritin", 80, "NG/ML", 0),
        ("tsh", 2, "mIU/L", 0),
        ("tsh", 2, "miu/l", 0),
        ("ferritin", 80, "spoons", 3),
    ],
)
def test_capitals_of_a_unit_do_not_matter_where_one_unit_is_meant(
    run: Run, tmp_path: Path, name: str, value: float, unit: str, code: int
) -> None:
    case = {"findings": {"quality": "cramp", name: {"value": value, "unit": unit}}}
    ran = run("assess", write(tmp_path / "one.yaml", case), "--format", "json")
    assert ran.code == code, ran.err


def test_where_no_name_is_near_the_list_of_names_is_named(run: Run, tmp_path: Path) -> None:
    ran = run("assess", write(tmp_path / "one.yaml", {"findings": {"zzqqxx": "yes"}}))
    assert "`soleus show findings`" in ran.err
    assert run("show", "findings").code == 0


def test_the_examples_of_explain_work(run: Run) -> None:
    told = " ".join(re.sub(r"[│\s]+", " ", run("explain", "--help").out).split())
    names = re.search(r'--for "([^"]+)" --against "([^"]+)"', told)
    assert names
    assert run("explain", CRAMP, "--for", names[1], "--against", names[2]).code == 0


# --- which file, and the standard input ---------------------------------------------------------------------


def test_of_several_cases_each_answer_and_each_fault_names_its_file(run: Run, tmp_path: Path) -> None:
    write(tmp_path / "a.yaml", {"findings": {"quality": "cramp"}})
    write(tmp_path / "b.yaml", {"findings": {"quality": "zzqqxx"}})
    write(tmp_path / "c.yaml", {"person": {"age": 40}})  # nothing to assess
    write(tmp_path / "d.yaml", {"id": "mine", "findings": {"quality": "ache"}})
    write(tmp_path / "findings.yaml", {"person": {"age": "old"}})
    write(tmp_path / "q.yaml", {"findings": {"zzqqxx": 1, "yyqqxx": 1}})
    (tmp_path / "r.yaml").write_text("a: [")
    ran = run("assess", tmp_path, "--format", "json")
    assert re.findall(r'"case": ?"(.*?)"', ran.out) == ["a", "mine"]
    faults = [json.loads(line) for line in ran.err.strip().splitlines()]
    places = [f["where"].partition(".yaml")[0] for f in faults]
    assert places == ["b", "c", "findings", "q", "r"]
    assert faults[1]["code"] == "cannot_assess"
    assert faults[3]["where"].count("q.yaml") == 1


def test_a_case_comes_from_the_standard_input(run: Run) -> None:
    piped = run("assess", "-", "--format", "json", stdin=Path(CRAMP).read_text(encoding="utf-8"))
    assert piped.code == 0
    assert json.loads(piped.out) == json.loads(run("assess", CRAMP, "--format", "json").out)


def test_faults_of_the_standard_input_say_so(run: Run) -> None:
    assert run("assess", "-", stdin="").err.startswith("soleus: standard input: found nothing")
    assert run("assess", "-", stdin='{"findings": {"quality": "zzqqxx"}}').err.startswith("soleus: standard input: f")
