"""Plots of drug signals: drawing, description and table tell the same, and no words lie on others."""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Callable
from pathlib import Path
from typing import Any
from xml.etree.ElementTree import Element

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.reading_svg import SVG, collisions, root_of, size_of, text_of, words_of

from soleus.reports.drawing.labels import Box, placed
from soleus.reports.population_plots import (
    STYLE,
    Bin,
    Period,
    Plot,
    Signal,
    forest_plot,
    funnel_plot,
    volcano_plot,
    waiting_time_plot,
)
from soleus.reports.population_plots.funnel import limits_of

LOOP = Signal("Loop diuretics", 1.2, 1.0, 1.44, 0.04, 320, 270, known=1.2)
LABA = Signal("Inhaled long-acting beta-agonists", 2.42, 2.02, 2.89, 1e-20, 150, 62, found=True, known=2.42)
BETA = Signal("Beta-blockers", 1.01, 0.9, 1.13, 0.85, 400, 396, control=True)
FEW = Signal("A rare medicine", None, index_first=None, marker_first=3)
ENDLESS = Signal("Nobody had the marker first", 3.0, 0.4, math.inf, 0.3, 6, 0)
SCREEN = (LOOP, LABA, BETA, FEW, ENDLESS)
BINS = (Bin(-60, -31, None), Bin(-30, -1, 40), Bin(0, 0, 7), Bin(1, 30, 95), Bin(31, 60, 1200))
YEARS = (
    Period("2008", 1.5, 1.0, 2.2, 60, 40),
    Period("2009", 4.0, 2.5, 6.5, 120, 30),
    Period("2010", None, None, None),
)


def some() -> dict[str, Plot]:
    return {
        "waiting": waiting_time_plot("waiting", "Loop diuretics", "Quinine", BINS),
        "forest": forest_plot("forest", "A screen", SCREEN),
        "volcano": volcano_plot("volcano", "All medicines", SCREEN),
        "funnel": funnel_plot("funnel", "By year", YEARS, 1.5),
    }


KINDS = tuple(some())

ratio = st.floats(0.001, 900)
signal = st.builds(
    Signal,
    st.text("abcdefghij -", min_size=1, max_size=60),
    st.none() | ratio | st.just(math.nan),
    st.none() | ratio,
    st.none() | ratio | st.just(math.inf),
    st.none() | st.floats(0, 1),
    st.none() | st.integers(0, 10**7),
    st.none() | st.integers(0, 10**7),
    st.booleans(),
    st.booleans(),
    st.none() | ratio,
)
period = st.builds(
    Period, st.text("0123456789Q-", min_size=1, max_size=7), st.none() | ratio, st.none() | ratio, st.none() | ratio,
    st.none() | st.integers(0, 10**7), st.none() | st.integers(0, 10**7),
)  # fmt: skip


def shapes(svg: str, kind: str) -> list[Element]:
    return [e for e in root_of(svg).iter() if e.get("class") == f"f-{kind}"]


# ------------------------------------------------------------------------------------------------------- every plot


@pytest.mark.parametrize("kind", KINDS)
def test_both_drawings_hold_their_words_apart_and_on_the_sheet(kind: str) -> None:
    plot = some()[kind]
    assert size_of(plot.svg)[0] == 720
    assert size_of(plot.narrow)[0] == 360
    assert collisions(plot.svg) == []
    assert collisions(plot.narrow) == []


@given(st.lists(signal, max_size=25))
def test_no_signals_make_the_words_of_forest_and_volcano_collide(signals: list[Signal]) -> None:
    for plot in (forest_plot("f", "A screen", signals), volcano_plot("v", "A screen", signals)):
        assert len(plot.rows) == len(signals)
        for svg in (plot.svg, plot.narrow):
            assert "nan" not in svg
            assert collisions(svg) == []


@given(st.lists(period, max_size=30), st.none() | ratio)
def test_no_periods_make_the_words_of_a_funnel_collide(periods: list[Period], pooled: float | None) -> None:
    plot = funnel_plot("f", "By year", periods, pooled)
    assert "nan" not in plot.svg
    assert collisions(plot.svg) == []
    assert collisions(plot.narrow) == []


@given(st.lists(st.tuples(st.integers(1, 4000), st.integers(0, 90), st.none() | st.integers(0, 10**8)), max_size=20))
def test_any_waiting_times_are_drawn(told: list[tuple[int, int, int | None]]) -> None:
    bins = [Bin(s * (low if s > 0 else low + length), s * (low + length if s > 0 else low), n)
            for low, length, n in told for s in (-1, 1)]  # fmt: skip
    plot = waiting_time_plot("w", "Index", "Marker", bins)
    assert len(plot.rows) == len(bins)
    assert collisions(plot.svg) == []
    assert collisions(plot.narrow) == []


@pytest.mark.parametrize("kind", KINDS)
def test_a_plot_is_read_out_and_says_that_nobody_has_reviewed_it(kind: str) -> None:
    plot = some()[kind]
    for svg in (plot.svg, plot.narrow):
        root = root_of(svg)
        told = {e.get("id"): e.text for e in root if e.tag in (f"{SVG}title", f"{SVG}desc")}
        assert root.get("role") == "img"
        assert list(told.values()) == [plot.title, plot.description]
        assert (root.get("aria-labelledby") or "").split() == list(told)
        assert "No human has reviewed this result." in text_of(svg)


@pytest.mark.parametrize("kind", KINDS)
def test_in_a_page_ids_are_used_once_and_the_page_keeps_the_style(kind: str) -> None:
    html = some()[kind].html("Nobody in it is real.")
    ids = [e.get("id") for e in root_of(f"<div>{html}</div>").iter() if e.get("id")]
    assert len(ids) == len(set(ids)) == 4
    assert "<style" not in html
    assert 'style="' not in html
    assert "Nobody in it is real." in html
    assert all(f".f-{e.get('class', '')[2:]}{{" in STYLE for e in root_of(some()[kind].svg).iter(f"{SVG}text"))


def test_a_name_is_text_and_never_markup() -> None:
    plot = forest_plot("f", "A & B", [Signal("<script>x</script>", 1.0, 0.5, 2.0)])
    assert "<script>" not in plot.html("<i>")
    assert "<script>" not in plot.svg
    assert "&lt;i&gt;" in plot.html("<i>")


def test_the_files_are_both_drawings_and_the_table() -> None:
    files = some()["forest"].files()
    assert list(files) == ["forest.svg", "forest-narrow.svg", "forest.csv"]
    head, *rows = csv.reader(io.StringIO(files["forest.csv"]))
    assert head[0] == "Medicine"
    assert rows[1][:4] == ["Inhaled long-acting beta-agonists", "2.42 (2.02–2.89)", "150", "62"]


def test_a_hidden_count_is_called_hidden_and_a_missing_ratio_not_computed() -> None:
    row = dict(zip(some()["forest"].head, some()["forest"].rows[3], strict=True))
    assert (row["Adjusted ratio"], row["Medicine first"], row["Marker first"]) == ("not computed", "hidden", "3")
    assert "1 without a ratio: in the table." in text_of(some()["forest"].svg)


# ---------------------------------------------------------------------------------------------------- waiting times


def test_bars_are_as_high_as_people_are_many_and_hidden_ones_are_dashed() -> None:
    svg = some()["waiting"].svg
    before = [float(e.get("height", "0")) for e in shapes(svg, "marker-bar")]
    after = [float(e.get("height", "0")) for e in shapes(svg, "one")]
    assert len(before) == 2  # 30 to 1 days before, and the same day
    assert before[0] / after[0] == pytest.approx(40 / 95, rel=0.05)
    assert after[1] / after[0] == pytest.approx(1200 / 95, rel=0.05)
    assert [e for e in shapes(svg, "expert") if e.get("stroke-dasharray")]
    assert "too few to be shown" in text_of(svg)
    assert some()["waiting"].rows[0] == ("31 to 60", "Quinine", "hidden")


# ----------------------------------------------------------------------------------------------------------- forest


def test_marks_of_a_forest_lie_in_the_order_of_their_ratios_and_controls_are_diamonds() -> None:
    plot = forest_plot("f", "A screen", [LOOP, LABA, BETA])
    (loop,), (laba,) = (shapes(plot.svg, kind)[:1] for kind in ("expert", "measured"))
    (control,) = (e for e in shapes(plot.svg, "two") if "Z" in (e.get("d") or "") and float(_start(e)) > 200)
    assert float(_start(control)) + 5 < float(loop.get("cx", "0")) < float(laba.get("cx", "0"))
    assert "negative control" in text_of(plot.svg)


def _start(e: Element) -> str:
    return (e.get("d") or "M0 ")[1:].split()[0]


# ---------------------------------------------------------------------------------------------------------- volcano


def test_the_rarest_stands_highest_and_what_is_found_is_named() -> None:
    svg = volcano_plot("v", "All medicines", SCREEN).svg
    (laba, *_) = shapes(svg, "measured")
    others = [float(e.get("cy", "0")) for e in shapes(svg, "expert")]
    assert float(laba.get("cy", "0")) < min(others)
    assert LABA.name in text_of(svg)
    assert LOOP.name not in text_of(svg)


def test_a_p_of_nothing_stands_at_the_upper_edge_and_not_beyond() -> None:
    svg = volcano_plot("v", "All", [Signal("Sure", 2.0, 1.5, 2.5, 0.0, 9, 9, found=True)]).svg
    (dot, *_) = shapes(svg, "measured")
    top = min(float((e.get("d") or "M0 0").split()[1].split("L")[0]) for e in shapes(svg, "grid"))
    assert top <= float(dot.get("cy", "0")) <= top + 40


@given(
    st.lists(st.tuples(st.text("abcdef ", min_size=1, max_size=30), st.floats(0, 300), st.floats(0, 300)), max_size=20)
)
def test_names_lie_on_no_other_name_and_on_no_point(names: list[tuple[str, float, float]]) -> None:
    points = [(x, y) for _, x, y in names]
    field = Box(0, 0, 300, 300)
    boxes = [label.box(11) for label in placed(names, points, field, 11, 5)]
    assert all(box.within(field) for box in boxes)
    assert not any(a.meets(b) for n, a in enumerate(boxes) for b in boxes[n + 1 :])
    assert not any(a.meets(Box(x - 5, y - 5, x + 5, y + 5)) for a in boxes for x, y in points)


# ----------------------------------------------------------------------------------------------------------- funnel


def test_the_funnel_is_narrower_where_more_people_are() -> None:
    few, many = (limits_of(Period("", 1.5, 1, 2, 60 * n, 40 * n), 1.5) for n in (1, 100))
    assert few is not None
    assert many is not None
    # a : b is 60 : 40 under the pooled ratio itself: half a width of 1.96 / sqrt(100 x 0.6 x 0.4)
    assert math.log(few[1] / 1.5) == pytest.approx(1.959964 / math.sqrt(100 * 0.6 * 0.4))
    assert math.log(many[1] / 1.5) == pytest.approx(math.log(few[1] / 1.5) / 10)


def test_a_year_beyond_chance_is_filled_and_named() -> None:
    plot = some()["funnel"]
    assert "Outside the limits of chance: 2009." in plot.description
    assert [row[-1] for row in plot.rows] == ["", "yes", ""]
    assert "1 of 3 have no ratio: too few people." in text_of(plot.svg)
    assert [w.text for w in words_of(plot.svg) if w.text == "more than chance"]


# ------------------------------------------------------------------------------------------------------------- axe


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [320, 1280])
def test_axe_finds_nothing_in_a_page_of_plots(
    scheme: str, width: int, launched: Callable[[Path], Any], chromium: Path, axe: Path, tmp_path: Path
) -> None:
    css = (Path(__file__).parents[2] / "src/soleus/reports/templates/population.css").read_text(encoding="utf-8")
    file = tmp_path / "page.html"
    body = "".join(f"<section><h2>{kind}</h2>{plot.html()}</section>" for kind, plot in some().items())
    file.write_text(
        f"<!doctype html><html lang='en'><meta charset='utf-8'><title>Plots</title><style>{css}{STYLE}</style>"
        f"<meta name='viewport' content='width=device-width'><main><h1>Plots</h1>{body}</main></html>",
        encoding="utf-8",
    )
    context = launched(chromium).new_context(viewport={"width": width, "height": 900}, color_scheme=scheme)
    page = context.new_page()
    page.goto(file.as_uri())
    page.evaluate("document.querySelectorAll('details').forEach(d => d.open = true)")
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    shown = page.evaluate(
        "[...document.querySelectorAll('svg')].filter(s => s.checkVisibility()).map(s => s.classList[0])"
    )
    assert set(shown) == {"plot-narrow" if width == 320 else "plot-wide"}
    page.evaluate(axe.read_text(encoding="utf-8"))
    found = page.evaluate("axe.run(document)")
    context.close()
    assert [(v["id"], v["nodes"][0]["html"]) for v in found["violations"]] == []
