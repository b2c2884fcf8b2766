"""A page prints on two sheets, of A4 and of Letter."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Callable
from html.parser import HTMLParser
from pathlib import Path
from typing import Literal

import pytest
from markupsafe import Markup
from msgspec.structs import replace

from soleus.reasoning.assessment import Assessment
from soleus.reports.html import render
from soleus.reports.paper import LEVELS, PICTURES, SMALL, level_for, printed


def filler(a: Assessment, times: int) -> Assessment:
    """The same assessment with its lists of optional things ``times`` as long."""
    c = a.complaints[0]
    more = replace(c, causes=c.causes * times, work_up=c.work_up * times, criteria=c.criteria * times)
    return replace(a, complaints=(replace(more, next_questions=c.next_questions * times),))


def pages(page: str, tmp_path: Path, chromium: Path, pdfinfo: Path, size: str) -> int:
    """How many sheets Chromium prints; ``size`` as CSS names it."""
    file, out = tmp_path / "page.html", tmp_path / "page.pdf"
    sized = page.replace("@page{", f"@page{{size:{size};", 1)
    file.write_text(re.sub(r"<meta http-equiv=[^>]*>", "", sized), encoding="utf-8")  # its hash is of the other style
    command = [str(chromium), "--headless", "--no-sandbox", "--disable-gpu", "--no-pdf-header-footer"]
    command += [f"--print-to-pdf={out}", file.as_uri()]
    subprocess.run(command, check=True, capture_output=True, timeout=60)
    told = subprocess.run([pdfinfo, out], check=True, capture_output=True, text=True).stdout
    found = re.search(r"^Pages:\s+(\d+)$", told, flags=re.M)
    assert found is not None
    return int(found[1])


@pytest.mark.parametrize("size", ["A4", "letter"])
@pytest.mark.parametrize("name", ["idiopathic_cramp", "dvt_told_as_cramp", "restless_legs"])
def test_one_complaint_prints_on_two_sheets(
    sample: Callable[[str], Assessment], name: str, size: str, tmp_path: Path, chromium: Path, pdfinfo: Path
) -> None:
    assert pages(render(sample(name)), tmp_path, chromium, pdfinfo, size) <= 2


def test_a_long_one_does_too(
    sample: Callable[[str], Assessment], tmp_path: Path, chromium: Path, pdfinfo: Path
) -> None:
    page = render(filler(sample("idiopathic_cramp"), 4))
    assert pages(page, tmp_path, chromium, pdfinfo, "A4") <= 2


def test_the_level_rises_with_the_length(sample: Callable[[str], Assessment]) -> None:
    levels = [level_for(render(filler(sample("idiopathic_cramp"), n)), patient=False) for n in (1, 2, 4, 8)]
    assert levels == sorted(levels)
    assert levels[0] < levels[-1]


def test_each_level_prints_no_more_than_the_one_before(assessment: Assessment) -> None:
    found = printed(render(assessment))
    sizes = [sum(found[level]) for level in LEVELS]
    assert sizes == sorted(sizes, reverse=True)


class Parsed(HTMLParser):
    """The same measure at one level by the parser of the standard library: slow and obvious."""

    def __init__(self, level: int) -> None:
        super().__init__()
        self.hidden_classes = {f"p{n}" for n in LEVELS if n <= level} | {"whole", "skip"}
        self.stack: list[tuple[bool, bool]] = []  # hidden, small
        self.sizes = [0.0, 0.0]  # before the part for the doctor, and from there on
        self.in_doctor = False

    def add(self, size: float) -> None:
        hidden, small = self.stack[-1] if self.stack else (False, False)
        self.sizes[self.in_doctor] += 0 if hidden else size * SMALL if small else size

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        classes = set((dict(attrs).get("class") or "").split())
        self.in_doctor = self.in_doctor or "doctor" in classes
        self.add(sum(PICTURES.get(name, 0) for name in classes))
        if tag not in VOID:
            hidden, small = self.stack[-1] if self.stack else (False, False)
            hidden = hidden or tag in ("head", "svg") or bool(classes & self.hidden_classes)
            self.stack.append((hidden, small or "refs" in classes))

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """An empty element of a drawing prints nothing."""

    def handle_endtag(self, tag: str) -> None:
        if self.stack and tag not in VOID:
            self.stack.pop()

    def handle_data(self, data: str) -> None:
        self.add(len(re.sub(r"\s+", " ", data.strip())))


VOID = {"meta", "br", "hr", "img", "input", "link"}


@pytest.mark.parametrize("name", ["idiopathic_cramp", "dvt_told_as_cramp", "restless_legs"])
@pytest.mark.parametrize("audience", ["clinician", "patient"])
def test_a_parser_of_html_measures_the_same(
    sample: Callable[[str], Assessment], name: str, audience: Literal["clinician", "patient"]
) -> None:
    page = render(replace(sample(name), audience=audience), Markup('<p title="a &gt; b">1 &lt; 2 &amp; <br> 3\n 4</p>'))
    found = printed(page)
    for level in LEVELS:
        parsed = Parsed(level)
        parsed.feed(page)
        parsed.close()
        assert found[level] == tuple(parsed.sizes)


def test_safety_stays_on_paper_at_every_level(sample: Callable[[str], Assessment]) -> None:
    """What is hidden on paper carries a class; nothing that must be read does."""
    for name in ("dvt_told_as_cramp", "idiopathic_cramp", "restless_legs"):
        text = render(sample(name))
        for mark in ('class="flag ', 'class="urgency"', 'class="action"', 'class="call"', 'tr class="avoid "'):
            for opened in re.findall(rf"<[^>]*{re.escape(mark)}[^>]*>", text):
                assert not re.search(r"\bp[3-5]\b", opened)
