"""The report of the survey: one page that needs nothing else, a text for a terminal, and drawings that do not lie."""

from __future__ import annotations

import base64
import hashlib
import io
import re
from collections.abc import Callable
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace
from rich.console import Console
from tests.population.made_up_survey import write_survey

from soleus.population.nhanes.analysis import Analysis, NotComputed, analyse
from soleus.reports import interval_plot
from soleus.reports.interval_plot import ratios, shares
from soleus.reports.nhanes import GROUPS, page, print_text, ranked, ratio_words


class Tags(HTMLParser):
    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> Analysis:
    return analyse(write_survey(tmp_path_factory.mktemp("survey")))


@pytest.fixture(scope="module")
def text(found: Analysis) -> str:
    return page(found)


def printed(found: Analysis, width: int = 100) -> str:
    console = Console(file=io.StringIO(), width=width, no_color=True, force_terminal=False)
    print_text(found, console)
    return console.file.getvalue()  # type: ignore[attr-defined, no-any-return]


# ---------------------------------------------------------------------------------------------------------- the page


def test_nothing_runs_and_nothing_comes_from_outside(text: str) -> None:
    tags = Tags(text).tags
    assert {tag for tag, _ in tags} & {"script", "link", "img", "iframe", "object", "embed", "form"} == set()
    assert [a for _, attrs in tags for a in attrs if a.startswith("on") or a in {"style", "src", "srcset"}] == []


def test_the_policy_allows_exactly_the_style_sheet(text: str) -> None:
    (css,) = re.findall(r"<style>(.*?)</style>", text, flags=re.S)
    digest = base64.b64encode(hashlib.sha256(css.encode()).digest()).decode()
    assert f"default-src 'none'; style-src 'sha256-{digest}'" in text
    assert "url(" not in css


def test_every_factor_stands_on_the_page_with_its_ratio(found: Analysis, text: str) -> None:
    for r in found.odds_ratios:
        row = text[text.index(f'<th scope="row">{r.name}') :].split("</tr>")[0]
        assert ratio_words(r.adjusted, r.adjusted_low, r.adjusted_high) in row


def test_the_page_says_that_nobody_reviewed_it_and_what_it_cannot_say(text: str) -> None:
    assert "No clinician has reviewed this" in text
    assert "Submitted, not reviewed" in text
    assert "need not cause them" in text


def test_what_was_not_computed_is_named(found: Analysis) -> None:
    told = replace(found, not_computed=(NotComputed(factor="gout", why="no table of the folder holds it"),))
    assert "Not computed: gout (no table of the folder holds it)." in page(told)
    assert "gout (no table of the folder holds it)" in " ".join(printed(told).split())


def test_the_way_to_each_part_leads_there(text: str) -> None:
    tags = Tags(text).tags
    ids = {attrs["id"] for _, attrs in tags if "id" in attrs}
    ways = {
        (attrs["href"] or "").removeprefix("#")
        for tag, attrs in tags
        if tag == "a" and str(attrs["href"]).startswith("#")
    }
    assert ways - ids == set()
    assert {"often", "age", "medicine", "method"} <= ways


def test_names_are_escaped(found: Analysis) -> None:
    first = replace(found.odds_ratios[0], name="<script>alert(1)</script>")
    told = page(replace(found, odds_ratios=(first,)))
    assert "<script>" not in told
    assert "&lt;script&gt;" in told


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [320, 1280])
def test_axe_finds_nothing(
    text: str,
    scheme: str,
    width: int,
    launched: Callable[[Path], Any],
    chromium: Path,
    axe: Path,
    tmp_path: Path,
) -> None:
    file = tmp_path / "page.html"
    file.write_text(text, encoding="utf-8")
    size = {"width": width, "height": 900}
    context = launched(chromium).new_context(viewport=size, color_scheme=scheme, bypass_csp=True)
    opened = context.new_page()
    complaints: list[str] = []
    opened.on("console", lambda message: complaints.append(message.text))
    opened.goto(file.as_uri())
    assert opened.evaluate("document.documentElement.scrollWidth") <= width
    opened.evaluate(axe.read_text(encoding="utf-8"))
    result = opened.evaluate("axe.run(document, {rules: {'target-size': {enabled: true}}})")
    context.close()
    assert [(v["id"], v["nodes"][0]["html"]) for v in result["violations"]] == []
    assert complaints == []


# ---------------------------------------------------------------------------------------------------------- the text


def test_the_text_tells_every_group_and_every_factor(found: Analysis) -> None:
    told = printed(found)
    assert [title for group, title in GROUPS.items() if ranked(found, group) and title.upper() not in told] == []
    assert all(ratio_words(r.adjusted, r.adjusted_low, r.adjusted_high) in told for r in found.odds_ratios)


def test_the_text_fits_eighty_columns(found: Analysis) -> None:
    assert max(len(line) for line in printed(found, width=80).splitlines()) <= 80


def test_the_highest_ratio_stands_first_and_what_rests_on_few_last(found: Analysis) -> None:
    rows = ranked(replace(found, odds_ratios=(*found.odds_ratios, replace(found.odds_ratios[0], few=True))), "medicine")
    assert [r.few for r in rows] == sorted(r.few for r in rows)
    sure = [r.adjusted or 0 for r in rows if not r.few]
    assert sure == sorted(sure, reverse=True)


def test_a_ratio_that_does_not_exist_is_said_so() -> None:
    assert ratio_words(None, None, None) == "none"
    assert ratio_words(1.8553, 1.316, 2.6156) == "1.86 (1.32–2.62)"
    assert ratio_words(12.1786, 5.3957, 27.4883) == "12.2 (5.40–27.5)"


# ------------------------------------------------------------------------------------------------------ the drawings


@settings(deadline=None)
@given(st.lists(st.floats(0.01, 100), min_size=1), st.floats(0.001, 1000))
def test_a_mark_lies_within_the_drawing_and_in_the_order_of_values(ends: list[float], value: float) -> None:
    axis = ratios(ends)
    places = [axis.x(v) for v in sorted([value, axis.low, 1.0, axis.high])]
    assert places == sorted(places)
    assert 0 <= min(places) <= max(places) <= 240


def test_equal_ratios_lie_equally_far_from_one() -> None:
    axis = ratios([0.25, 4.0])
    assert axis.x(4.0) - axis.x(1.0) == pytest.approx(axis.x(1.0) - axis.x(0.25))
    assert axis.ticks == (0.25, 0.5, 1.0, 2.0, 4.0)


@given(st.floats(0.001, 1))
def test_an_axis_of_shares_reaches_beyond_the_highest(highest: float) -> None:
    assert shares(highest).high > highest
    assert shares(highest).ticks[0] == 0


def test_an_end_beyond_the_axis_is_an_arrow_and_one_within_it_a_bar() -> None:
    axis = ratios([0.5, 2.0])
    assert interval_plot.row(axis, 1.5, 1.0, 2.0).count("<path") == 0
    assert interval_plot.row(axis, 1.5, 1.0, 9.0).count("<path") == 1
    assert interval_plot.row(axis, 1.5, 0.1, 9.0).count("<path") == 2


def test_a_row_without_a_value_has_no_mark_and_one_of_few_people_a_hollow_one() -> None:
    axis = ratios([0.5, 2.0])
    assert "<rect" not in interval_plot.row(axis, None, None, None)
    assert 'class="mark hollow"' in interval_plot.row(axis, 1.0, 0.6, 1.8, hollow=True)
