"""The page on a database: it needs nothing else, is for everybody to read, and says what is hidden and what is not."""

from __future__ import annotations

import base64
import datetime
import hashlib
import re
from collections.abc import Callable
from html.parser import HTMLParser
from pathlib import Path
from types import ModuleType
from typing import Any

import msgspec
import pytest
from msgspec.structs import replace

from soleus.knowledge.overlay import Overlay
from soleus.population.reporting.form import FrequenciesPart, Frequency, FrequencyPart, Report, SignalRow, read_report
from soleus.population.reporting.knowledge import without_hidden
from soleus.population.reporting.work import shipped_plan
from soleus.reports.population import lead, page
from soleus.reports.population.beside import beside
from soleus.reports.population.counted import by_year
from soleus.reports.population.signals import markers, ranked
from soleus.reports.population.words import interval, short

pytest.importorskip("ibis")


class Tags(HTMLParser):
    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))


@pytest.fixture(scope="module")
def report(program: Callable[[str], ModuleType], tmp_path_factory: pytest.TempPathFactory) -> Report:
    """On a simulated population that is large enough for a signal to be found with the cramps themselves."""
    folder = tmp_path_factory.mktemp("reports")
    program("page_population").reported(folder, datetime.date(2026, 11, 29), people=30_000)
    return read_report(folder / "simulated")


@pytest.fixture(scope="module")
def text(report: Report) -> str:
    return page(report)


# ------------------------------------------------------------------------------------------ the page


def test_nothing_runs_and_nothing_comes_from_outside(text: str) -> None:
    tags = Tags(text).tags
    assert {tag for tag, _ in tags} & {"script", "link", "img", "iframe", "object", "embed", "form"} == set()
    assert [a for _, attrs in tags for a in attrs if a.startswith("on") or a in {"style", "src", "srcset"}] == []


def test_the_policy_allows_exactly_the_style_sheet(text: str) -> None:
    (css,) = re.findall(r"<style>(.*?)</style>", text, flags=re.S)
    digest = base64.b64encode(hashlib.sha256(css.encode()).digest()).decode()
    assert f"default-src 'none'; style-src 'sha256-{digest}'" in text
    assert "url(" not in css


def test_the_way_to_each_part_leads_there_and_no_id_stands_twice(text: str) -> None:
    tags = Tags(text).tags
    ids = [attrs["id"] for _, attrs in tags if attrs.get("id")]
    ways = {str(attrs["href"])[1:] for tag, attrs in tags if tag == "a" and str(attrs["href"]).startswith("#")}
    assert ways - set(ids) == set()
    assert {"quality", "cohorts", "frequencies", "signals", "scoring", "knowledge", "method"} <= ways
    assert [i for i in ids if ids.count(i) > 1] == []


def test_it_says_that_nobody_reviewed_it_and_what_it_cannot_say(text: str) -> None:
    assert "No human has reviewed this" in text
    assert "Submitted, not reviewed" in text
    assert "A record is not a diagnosis" in text
    assert "no proof of a cause" in text


def test_every_figure_of_the_tables_stands_with_its_interval(report: Report, text: str) -> None:
    rows = [r for part in report.frequencies.sets for r in part.by_age if r.incidence is not None]
    assert len(rows) > 5
    assert [r for r in rows if interval(r.incidence, r.incidence_low, r.incidence_high) not in text] == []


def test_both_markers_are_drawn_and_their_tables_told(report: Report, text: str) -> None:
    assert report.signals.markers == ("quinine", "cramp")
    for marker in ("quinine", "cramp"):
        assert f"Marker: {marker}" in text
    assert text.count('class="plot-figure"') >= 2
    assert text.count("The figures as a table") >= 2


def test_names_are_escaped(report: Report) -> None:
    told = page(replace(report, title="<script>alert(1)</script>", about={"name": "<img src=x>"}))
    assert "<script>" not in told
    assert "<img" not in told


def test_a_part_that_could_not_be_made_says_why(report: Report) -> None:
    told = page(replace(report, signals=type(report.signals)(why_not="No medicine & no marker.")))
    assert "No medicine &amp; no marker." in told


def test_the_first_sentences_tell_who_and_what_is_new_or_cannot_be_seen(report: Report) -> None:
    assert lead(report).startswith("30,000 people, seen from 1 January 2005 to 31 December 2014. New ones in 1,000")
    part = replace(report.frequencies.sets[0], total=None)
    told = lead(replace(report, frequencies=FrequenciesPart(sets=(part,))))
    assert told.endswith("Nobody can be seen to have cramp.")


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [320, 1280])
def test_axe_finds_nothing(
    text: str, scheme: str, width: int, launched: Callable[[Path], Any], chromium: Path, axe: Path, tmp_path: Path
) -> None:
    file = tmp_path / "page.html"
    file.write_text(text, encoding="utf-8")
    size = {"width": width, "height": 900}
    context = launched(chromium).new_context(viewport=size, color_scheme=scheme, bypass_csp=True)
    opened = context.new_page()
    complaints: list[str] = []
    opened.on("console", lambda message: complaints.append(message.text))
    opened.goto(file.as_uri())
    opened.evaluate("document.querySelectorAll('details').forEach(d => d.open = true)")
    assert opened.evaluate("document.documentElement.scrollWidth") <= width
    opened.evaluate(axe.read_text(encoding="utf-8"))
    result = opened.evaluate("axe.run(document, {rules: {'target-size': {enabled: true}}})")
    context.close()
    assert [(v["id"], v["nodes"][0]["html"]) for v in result["violations"]] == []
    assert complaints == []


# --------------------------------------------------------------------------------------- its figures


def test_a_figure_has_about_three_digits() -> None:
    assert [short(v) for v in (0.5432, 9.876, 12.34, 1234.5)] == ["0.54", "9.88", "12.3", "1,234"]
    assert interval(None, None, None) == "none"


def test_what_was_found_stands_first_and_controls_last(report: Report) -> None:
    row = next(r for r in report.signals.signals if r.adjusted is not None)

    def made(name: str, **more: Any) -> SignalRow:
        return replace(row, name=name, **{"found": False, "control": False, "q": None, "p": 0.5} | more)

    rows = [made("control", control=True), made("none", p=None), made("weak", q=0.9), made("found", found=True, q=0.01)]
    assert [r.name for r in ranked(rows)] == ["found", "weak", "none", "control"]


def test_calibration_is_told_as_it_was_used(report: Report) -> None:
    part = report.signals
    (told,) = ({m.marker: m.calibration for m in markers(part)}["cramp"],)
    assert "too few, or too unsure" in told or "could be used; nothing" in told
    used = msgspec.structs.replace(part.calibration[-1], mean=0.0, sd=0.1, controls=9, used=True)
    (shown,) = [m for m in markers(replace(part, calibration=(used,))) if m.marker == used.marker]
    assert shown.calibration.startswith("9 negative controls err by a factor of 1.00 on average")


def test_what_is_asked_for_first_stands_first_beside_the_knowledge(report: Report) -> None:
    groups = {heading: groups for heading, _, groups in beside(report.knowledge)}
    first = groups["New presentations"][0]
    assert (first.record, first.first) == ("rate/nocturnal_leg_cramp", True)
    assert "Garrison SR 2015" in first.sources
    assert all(" in " in row.counted for row in first.rows)


# ---------------------------------------------------------------- what one table hides, no other shows


def overlay(report: Report) -> Overlay:
    assert report.knowledge.overlay is not None
    return report.knowledge.overlay


def shown(field: str, cases: int | None) -> FrequenciesPart:
    """A table of frequencies with one cell."""
    sex, _, age = field.partition(".")[2].partition("_")
    row = Frequency(sex={"f": "female", "m": "male"}[sex], age=age.replace("_plus", "+").replace("_", "-"), cases=cases)
    return FrequenciesPart(sets=(FrequencyPart(value_set="cramp", name="", meaning="", by_age=(row,)),))


@pytest.mark.parametrize(("apart", "kept"), [(0, True), (5, True), (4, False), (1, False), (-4, False), (None, False)])
def test_a_rate_that_would_tell_a_hidden_cell_or_a_small_difference_is_left_out(
    report: Report, apart: int | None, kept: bool
) -> None:
    found = overlay(report)
    entry = next(e for e in found.entries if e.id == "nocturnal_leg_cramp")
    cases = None if apart is None else entry.local.n + apart
    rates = shipped_plan().rates
    told = without_hidden(found, shown(entry.field, cases), rates, 5)
    assert (entry in told.entries) is kept
    assert len(told.entries) == len(found.entries) - (not kept)
    assert (any(n.field == entry.field and n.id == entry.id for n in told.not_learnt[-1:])) is not kept


def test_both_tables_of_the_page_agree(report: Report) -> None:
    (cramp,) = [part for part in report.frequencies.sets if part.value_set == "cramp"]
    cells = {(r.sex, r.age): r.cases for r in cramp.by_age}
    for e in overlay(report).entries:
        if e.id == "nocturnal_leg_cramp" and e.kind == "rate":
            sex, _, age = e.field.partition(".")[2].partition("_")
            key = ({"f": "female", "m": "male"}[sex], age.replace("_plus", "+").replace("_", "-"))
            assert cells[key] == e.local.n


def test_a_table_of_which_all_is_hidden_is_drawn_without_marks(report: Report) -> None:
    part = report.frequencies.sets[0]
    hidden = replace(part, by_year=tuple(Frequency(year=r.year, people=r.people) for r in part.by_year))
    rows, _, _ = by_year(hidden)
    assert {(r.with_it, r.share, r.rate) for r in rows} == {("hidden", "hidden", "hidden")}
    assert all("<rect" not in r.share_plot for r in rows)
