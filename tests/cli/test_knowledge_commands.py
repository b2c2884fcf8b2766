"""`soleus knowledge …` as a user calls it: what is printed, and with which exit."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import Any, NamedTuple

import msgspec
import pytest
import yaml

from soleus.cli import main
from soleus.knowledge.loader import COMPILED, kinds, read_compiled

jsonschema: Any = import_module("jsonschema")
PARAMETER = {"id": "one", "basis": "expert", "value": 1.0, "unit": "entries", "meaning": "the first"}


class Run(NamedTuple):
    code: int
    out: str
    err: str


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> Callable[..., Run]:
    """`soleus knowledge` with words after it."""

    def call(*words: object) -> Run:
        with pytest.raises(SystemExit) as end:
            main(["knowledge", *(str(w) for w in words)])
        captured = capsys.readouterr()
        return Run(int(end.value.code or 0), captured.out, captured.err)

    return call


def base(folder: Path, **fields: object) -> Path:
    """A folder with one parameter."""
    folder.mkdir()
    tree = {"kind": "parameter", "review": {"review_by": "2027-11-21"}, "records": [{**PARAMETER, **fields}]}
    (folder / "parameters.yaml").write_text(yaml.safe_dump(tree), encoding="utf-8")
    return folder


# -------------------------------------------------------------------------------------------------- check


def test_the_shipped_base_passes(run: Callable[..., Run]) -> None:
    found = run("check")
    assert found.code == 0, found.err + found.out
    assert "no fault" in found.out


def test_a_fault_names_record_field_rule_and_repair(run: Callable[..., Run], tmp_path: Path) -> None:
    found = run("check", "--folder", base(tmp_path / "base", source=["nobody1999"]))
    assert found.code == 4
    line = next(x for x in found.out.splitlines() if "nobody1999" in x)
    assert line == (
        "fault: parameter one, source [cited_sources_exist]: "
        "The source 'nobody1999' is not on record. Add it to data/sources."
    )
    assert "fault" in found.err


def test_overdue_reviews_are_listed_on_a_day(run: Callable[..., Run], tmp_path: Path) -> None:
    folder = base(tmp_path / "base")
    late, early = run("check", "--folder", folder, "--as-of", "2028-01-01"), run("check", "--folder", folder)
    assert "Reviews overdue on 2028-01-01: 1" in late.out
    assert "parameter, due 2027-11-21: 1 (one)" in late.out
    assert "overdue" not in early.out
    assert late.code == early.code


def test_a_day_that_is_none_is_a_usage_error(run: Callable[..., Run]) -> None:
    assert run("check", "--as-of", "tomorrow").code == 2


def test_a_folder_that_is_not_there_is_a_usage_error(run: Callable[..., Run], tmp_path: Path) -> None:
    for command in ("check", "stats", "compile"):
        assert run(command, "--folder", tmp_path / "nothing").code == 2


def test_a_record_that_does_not_decode_is_a_knowledge_error(run: Callable[..., Run], tmp_path: Path) -> None:
    found = run("check", "--folder", base(tmp_path / "base", value="many"))
    assert found.code == 4
    assert "parameters.yaml: one" in found.err
    assert "$.value" in found.err


# -------------------------------------------------------------------------------------------------- stats


def test_stats_tell_how_much_is_expert(run: Callable[..., Run]) -> None:
    found = run("stats")
    cells = read_compiled(COMPILED).records["likelihood"]
    expert = sum(r.basis == "expert" for r in cells)
    assert found.code == 0
    row = next(x.split() for x in found.out.partition("Likelihoods by basis")[2].splitlines() if "expert" in x)
    assert row == ["expert", str(expert), f"{100 * expert / len(cells):.0f}", "%"]
    assert "submitted" in found.out
    assert "Core findings: 3,638 of 3,638 cells filled" in found.out  # 107 explanations, 34 findings


# --------------------------------------------------------------------------------------------------- diff


def test_diff_names_the_field_and_both_values(run: Callable[..., Run], tmp_path: Path) -> None:
    before, after = base(tmp_path / "a"), base(tmp_path / "b", value=1.5)
    found = run("diff", before, after, "--vignettes", tmp_path / "none")
    assert found.code == 0
    assert "changed parameter one" in found.out
    assert "value: 1.0 -> 1.5" in found.out
    assert "posteriors were not compared" in found.out


def test_a_base_does_not_differ_from_itself(run: Callable[..., Run]) -> None:
    found = run("diff", COMPILED, COMPILED)
    assert (found.code, "No record differs." in found.out) == (0, True)


def test_diff_reaches_the_posteriors_of_the_vignettes(run: Callable[..., Run], root: Path, tmp_path: Path) -> None:
    """Restless legs ten times as frequent: cases with restless legs among their explanations move."""
    tree = json.loads(COMPILED.read_text(encoding="utf-8"))
    rate = next(r for r in tree["records"]["rate"] if r["id"] == "restless_legs_syndrome")
    rate["per_100k"] = {cell: 10 * x for cell, x in rate["per_100k"].items()}
    (tmp_path / "after.json").write_text(json.dumps(tree), encoding="utf-8")
    (tmp_path / "cases").mkdir()
    some = sorted((root / "validation" / "vignettes").glob("*.yaml"))[:6]
    for path in some:
        shutil.copy(path, tmp_path / "cases")
    found = run("diff", COMPILED, tmp_path / "after.json", "--vignettes", tmp_path / "cases")
    assert found.code == 0, found.err
    assert "changed rate restless_legs_syndrome" in found.out
    assert f"of {len(some)} cases; largest first" in found.out
    assert "restless_legs_syndrome" in found.out.partition("largest first")[2]


# ------------------------------------------------------------------------------------------------- schema


def test_schema_lists_every_kind(run: Callable[..., Run]) -> None:
    found = run("schema")
    named = {line.partition(":")[0] for line in found.out.splitlines()}
    assert named == {"case", "assessment", *kinds()}


@pytest.mark.parametrize("kind", ["case", "assessment", "likelihood", "red_flag"])
def test_schema_is_json_schema(run: Callable[..., Run], kind: str) -> None:
    tree = json.loads(run("schema", kind).out)
    jsonschema.Draft202012Validator.check_schema(tree)


def test_a_record_fits_the_schema_of_its_kind(run: Callable[..., Run]) -> None:
    tree = json.loads(run("schema", "marker").out)
    record = read_compiled(COMPILED).records["marker"][0]
    jsonschema.validate(json.loads(msgspec.json.encode(record)), tree)


def test_an_unknown_kind_is_answered_with_near_names(run: Callable[..., Run]) -> None:
    found = run("schema", "likelyhood")
    assert found.code == 3
    assert "likelihood" in found.err


# ------------------------------------------------------------------------------------------------- export


def test_export_writes_network_and_evidence(run: Callable[..., Run], root: Path, tmp_path: Path) -> None:
    out = tmp_path / "person.bif"
    found = run("export", "--case", root / "examples" / "idiopathic-cramp.yaml", "--out", out)
    assert found.code == 0, found.err
    assert "variable S {" in out.read_text(encoding="utf-8")
    assert json.loads((tmp_path / "person.json").read_text(encoding="utf-8"))["evidence"]["f_quality"] == "cramp"


def test_export_without_a_file_prints_the_network(run: Callable[..., Run], root: Path) -> None:
    found = run("export", "--case", root / "examples" / "idiopathic-cramp.yaml")
    assert found.out.startswith("// Soleus knowledge")
    assert json.loads(found.err)["evidence"]


def test_another_format_is_a_usage_error(run: Callable[..., Run], root: Path) -> None:
    assert run("export", "--case", root / "examples" / "idiopathic-cramp.yaml", "--format", "xdsl").code == 2


# ------------------------------------------------------------------------------------------------ compile


def test_compile_writes_the_one_file_whole(run: Callable[..., Run], tmp_path: Path) -> None:
    folder = base(tmp_path / "base")
    (folder / "VERSION").write_text("3.1.4\n", encoding="utf-8")
    found = run("compile", "--folder", folder)
    compiled = read_compiled(folder / "compiled.json")
    assert found.code == 0, found.err
    assert f"version 3.1.4, digest {compiled.digest}" in found.out
    assert sorted(p.name for p in folder.iterdir()) == ["VERSION", "compiled.json", "parameters.yaml"]
    assert run("diff", folder, folder / "compiled.json").out.endswith("No record differs.\n")
