"""What a notebook shows of an assessment."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import msgspec
import pytest

import soleus
from soleus.reasoning.assessment import Assessment
from soleus.reports import view
from soleus.reports.notebook import in_words, render

MOST_BYTES = 16_000
EVIL = "<script>alert('x')</script>\"'&"


def text_of(part: str) -> str:
    """The words of a part of a page. It must be well-formed."""
    return " ".join("".join(ElementTree.fromstring(part.replace("&nbsp;", " ")).itertext()).split())


def test_flags_stand_first_and_limits_last(assessment: Assessment) -> None:
    shown = text_of(render(assessment))
    first = assessment.complaints[0].explanations[0].label
    for flag in view.flags_of(assessment):
        if flag in view.pressing([flag]):
            assert shown.index(flag.label) < shown.index(first)
            assert flag.action.rstrip(".") in shown
    assert shown.index(assessment.review_sentence.rstrip(".")) > shown.index(first)
    assert assessment.intended_use in shown


def test_it_is_small_and_brings_nothing_from_elsewhere(assessment: Assessment) -> None:
    part = render(assessment)
    assert len(part) <= MOST_BYTES
    assert not re.search(r"<script|<style|<link|<img|https?://|url\(|\son\w+=", part)


def test_colours_are_those_of_the_surroundings(assessment: Assessment) -> None:
    part = render(assessment)
    assert set(re.findall(r'(?:fill|stroke)="([^"]+)"', part)) == {"currentColor", "none"}
    assert not re.search(r"[;\"](?:background|color):(?!inherit)", part)


def test_bars_stand_for_the_numbers(assessment: Assessment) -> None:
    part = render(assessment)
    for complaint in assessment.complaints:
        for e in view.ranking(complaint).shown:
            assert f'width="{e.probability * 200:.1f}'.removesuffix(".0") in part
            assert f"M{e.low * 200:.1f}".removesuffix(".0") in part


def test_words_of_the_input_are_escaped(assessment: Assessment) -> None:
    evil = msgspec.structs.replace(assessment, person=EVIL, review_sentence=EVIL)
    part = render(evil)
    assert "<script" not in part
    assert text_of(part)


def test_an_assessment_shows_itself() -> None:
    found: Any = soleus.assess({"findings": {"quality": "cramp"}})
    printed: list[str] = []
    found._repr_pretty_(type("Printer", (), {"text": printed.append}), False)
    assert found._repr_html_() == render(found)
    assert printed == [in_words(found)]


def test_the_line_for_a_terminal_tells_flags_and_limits(assessment: Assessment) -> None:
    line = in_words(assessment)
    assert assessment.summary.rstrip(".") in line
    assert assessment.review_sentence.rstrip(".") in line
    assert all(f.action.rstrip(".") in line for f in view.pressing(view.flags_of(assessment)))


@pytest.mark.parametrize("module", ["jinja2", "rich"])
def test_nothing_of_it_is_loaded_before_something_is_shown(module: str) -> None:
    code = f"import sys, soleus; soleus.assess; assert {module!r} not in sys.modules"
    assert subprocess.run([sys.executable, "-c", code], cwd=Path("/")).returncode == 0
