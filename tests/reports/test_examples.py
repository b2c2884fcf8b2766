"""The examples that ship, judged by the engine, as every kind of report."""

from __future__ import annotations

import io
import json
import re
import subprocess
from functools import cache
from pathlib import Path
from typing import Literal

import jsonschema  # type: ignore[import-untyped]
import pytest
from rich.console import Console

import soleus
from soleus.reasoning.assessment import Assessment
from soleus.reports.html import render
from soleus.reports.json import schema, to_json
from soleus.reports.terminal import render as write

EXAMPLES = sorted((Path(__file__).parents[2] / "examples").glob("*.yaml"))
AUDIENCES: tuple[Literal["clinician", "patient"], ...] = ("clinician", "patient")


@cache
def judged(path: Path, audience: Literal["clinician", "patient"]) -> Assessment:
    return soleus.assess(soleus.read_case(path), audience=audience)


@pytest.fixture(params=EXAMPLES, ids=lambda path: path.stem)
def example(request: pytest.FixtureRequest) -> Path:
    found: Path = request.param
    return found


@pytest.mark.parametrize("audience", AUDIENCES)
def test_prints_on_two_sheets(
    example: Path, audience: Literal["clinician", "patient"], tmp_path: Path, chromium: Path, pdfinfo: Path
) -> None:
    file, out = tmp_path / "page.html", tmp_path / "page.pdf"
    file.write_text(render(judged(example, audience)), encoding="utf-8")
    command = [str(chromium), "--headless", "--no-sandbox", "--disable-gpu", "--no-pdf-header-footer"]
    subprocess.run([*command, f"--print-to-pdf={out}", file.as_uri()], check=True, capture_output=True, timeout=60)
    told = subprocess.run([pdfinfo, out], check=True, capture_output=True, text=True).stdout
    pages = re.search(r"^Pages:\s+(\d+)$", told, flags=re.M)
    assert pages is not None
    assert int(pages[1]) <= 2


def test_json_obeys_the_schema(example: Path) -> None:
    jsonschema.Draft202012Validator(schema()).validate(json.loads(to_json(judged(example, "clinician"))))


@pytest.mark.parametrize("audience", AUDIENCES)
def test_every_red_flag_and_the_review_status_are_on_page_and_terminal(
    example: Path, audience: Literal["clinician", "patient"]
) -> None:
    a = judged(example, audience)
    file = io.StringIO()
    write(a, Console(file=file, width=10_000))
    shown = re.sub(r"\s+", " ", file.getvalue())
    page = render(a)
    for flag in (flag for c in a.complaints for flag in c.red_flags):
        assert flag.label[1:] in shown
        end = "." if flag.urgency == "routine" else "</h"  # what can wait is an item of a list below the answer
        assert f">{flag.label[0].upper()}{flag.label[1:]}{end}" in page
    assert a.review_sentence.strip(".") in re.sub(r"\s+", " ", page)
    assert a.review_sentence.split()[0] in shown
