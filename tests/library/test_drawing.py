"""Drawings: they show what the records say, nothing runs off the sheet, and the bytes are the same each time."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any
from xml.etree.ElementTree import Element

import pytest
from hypothesis import given
from hypothesis import strategies as st

from soleus.errors import UnknownName
from soleus.knowledge.schema.care import Guide
from soleus.knowledge.schema.core import Finding, Rate
from soleus.library.drawing import Look, anatomy, chart, draw, drawn, figures, figures_of, pain_map
from soleus.library.drawing.chart import Mark
from soleus.library.drawing.curves import between, curve, enclosed, flattened
from soleus.library.drawing.sheet import NARROW
from soleus.library.titles import name_of
from soleus.reasoning.compiled import Compiled
from soleus.reports.drawing import lettering
from soleus.reports.drawing.axes import Axis
from soleus.reports.drawing.palette import PAINTS
from soleus.reports.drawing.svg import number
from tests.reading_svg import SVG, collisions, root_of, size_of, text_of, words_of

CRAMP, RESTLESS = "nocturnal_leg_cramp", "restless_legs_syndrome"
SOME = (
    "leg",
    "pain-map",
    f"pain-{RESTLESS}",
    "guide-stop_calf_cramp",
    f"causes-{CRAMP}",
    "causes-tetany",
    "effects-diabetes",
    f"treatments-{CRAMP}",
    f"features-{CRAMP}",
    f"rates-{CRAMP}",
    f"compare-{CRAMP}-{RESTLESS}",
)
LOOKS = [Look(audience, narrow) for audience in ("clinician", "patient") for narrow in (False, True)]


def kinds_of(svg: str) -> Iterator[tuple[str, Element]]:
    for e in root_of(svg).iter():
        if kind := e.get("class"):
            yield kind.removeprefix("f-"), e


# ------------------------------------------------------------------------------------------------ every drawing


@pytest.mark.parametrize("look", LOOKS, ids=lambda look: f"{look.audience}-{'narrow' if look.narrow else 'wide'}")
@pytest.mark.parametrize("name", SOME)
def test_nothing_runs_off_the_sheet_and_no_words_lie_on_others(name: str, look: Look, compiled: Compiled) -> None:
    assert collisions(drawn(compiled, name, look).svg) == []


@pytest.mark.parametrize("name", SOME)
def test_a_drawing_is_the_same_each_time(name: str, compiled: Compiled) -> None:
    fresh = Compiled(compiled.knowledge)
    assert draw(compiled, name, "patient") == draw(fresh, name, "patient")


@pytest.mark.parametrize("name", SOME)
def test_a_drawing_says_its_version_its_review_and_how_many_sources(name: str, compiled: Compiled) -> None:
    made = drawn(compiled, name, Look())
    told = text_of(made.svg)
    assert f"Soleus knowledge {compiled.knowledge.version}, not reviewed by a clinician." in told
    n = len(made.sources)
    assert (f"{n} source{'' if n == 1 else 's'}." if n else "No source.") in told
    assert f"/library/figure/{name}.svg" in told.replace(" ", "")


@pytest.mark.parametrize("name", SOME)
def test_a_drawing_is_read_out_and_holds_nothing_that_runs_or_is_fetched(name: str, compiled: Compiled) -> None:
    made = drawn(compiled, name, Look())
    root = root_of(made.svg)
    ids = {e.get("id"): e for e in root.iter() if e.get("id")}
    told = [ids[i].text for i in (root.get("aria-labelledby") or "").split()]
    assert told == [made.title, made.description]
    assert len(made.description) > 40
    assert not any(e.tag.endswith(("script", "foreignObject", "image")) for e in root.iter())
    assert "href" not in made.svg
    assert "@import" not in made.svg
    assert set(re.findall(r"url\(([^)]*)\)", made.svg)) <= {f"#{i}" for i in ids}


@pytest.mark.parametrize("name", SOME)
def test_every_shape_bears_its_light_colour_and_the_style_sheet_the_dark_one(name: str, compiled: Compiled) -> None:
    svg = draw(compiled, name)
    style = next((e.text or "" for e in root_of(svg).iter(f"{SVG}style")), "")
    assert style.startswith("@media screen and (prefers-color-scheme:dark){")
    for kind, e in kinds_of(svg):
        light, dark = PAINTS[kind]
        assert all(e.get(attribute) for attribute in light), kind
        assert (f".f-{kind}{{" in style) == bool(dark), kind


def test_the_citation_stands_inside_with_every_source(compiled: Compiled) -> None:
    made = drawn(compiled, f"causes-{CRAMP}", Look(), "https://soleus.example")
    base = compiled.knowledge
    place = f"https://soleus.example/library/figure/causes-{CRAMP}.svg"
    assert made.citation == (
        f"Soleus maintainers. {made.title}. Soleus knowledge {base.version} ({base.digest[:12]}). {place}. CC BY 4.0."
    )
    metadata = next(root_of(made.svg).iter(f"{SVG}metadata"))
    told = {e.tag.partition("}")[2]: e.text for e in metadata.iter()}
    assert told["bibliographicCitation"] == made.citation
    assert told["identifier"] == place
    listed = list(metadata.iter("{http://purl.org/dc/elements/1.1/}source"))
    assert len(listed) == len(made.sources) > 20


def test_every_name_can_be_drawn_and_no_other(compiled: Compiled) -> None:
    names = figures(compiled)
    assert len(names) == len(set(names))
    kinds = {n.partition("-")[0] for n in names}
    assert kinds == {"leg", "pain", "guide", "features", "rates", "causes", "treatments", "compare", "effects"}
    for name in names[:: len(names) // 25]:
        assert drawn(compiled, name, Look(narrow=True)).width == NARROW
    for wrong in ("", "legs", "pain-nobody", "causes-", "guide-x", "effects-leg", f"compare-{CRAMP}-{CRAMP}", "x-y-z"):
        with pytest.raises(UnknownName):
            draw(compiled, wrong)


def test_any_two_conditions_can_be_compared(compiled: Compiled) -> None:
    assert f"compare-als-{RESTLESS}" not in figures(compiled)
    assert "or restless legs syndrome" in drawn(compiled, f"compare-als-{RESTLESS}", Look()).title


def test_the_drawings_about_one_thing_are_named(compiled: Compiled) -> None:
    about = figures_of(compiled, "explanation", CRAMP)
    assert {f"pain-{CRAMP}", f"features-{CRAMP}", f"rates-{CRAMP}", f"causes-{CRAMP}", f"treatments-{CRAMP}"} < {*about}
    assert figures_of(compiled, "contributor", "diabetes") == ("effects-diabetes",)
    assert figures_of(compiled, "guide", "stop_calf_cramp") == ("guide-stop_calf_cramp",)
    assert figures_of(compiled, "explanation", "nobody") == ()
    assert figures_of(compiled, "medicine", "quinine") == ()


# ----------------------------------------------------------------------------------------------------- the parts


def test_the_leg_names_its_muscles_in_the_words_of_who_reads(compiled: Compiled) -> None:
    clinician, patient = (text_of(draw(compiled, "leg", a)) for a in ("clinician", "patient"))
    for name in ("Gastrocnemius, medial head", "Gastrocnemius, lateral head", "Soleus", "Flexor digitorum brevis"):
        assert name in clinician
    for name in (
        "Rectus femoris",
        "Vastus lateralis",
        "Biceps femoris, long head",
        "Semitendinosus",
        "Achilles tendon",
    ):
        assert name in clinician
    assert "Calf muscle" in patient
    assert "Rectus femoris" not in patient


def test_the_calf_lies_over_soleus_and_soleus_beside_it() -> None:
    order = [p.id for p in anatomy.parts("back")]
    assert order.index("soleus") < order.index("achilles") < order.index("gastrocnemius-lateral")
    boxes = {p.id: flattened(p.outline) for p in anatomy.parts("back") if p.id and p.kind != "skin"}
    right = {id: max((x for x, y in points if y > 390), default=0.0) for id, points in boxes.items()}
    low = {id: max(y for _, y in points) for id, points in boxes.items()}
    assert right["soleus"] > right["gastrocnemius-lateral"]  # its edge is seen below the belly
    assert low["gastrocnemius-lateral"] < low["gastrocnemius-medial"] < low["soleus"] < low["achilles"]


def test_the_map_has_the_places_of_the_finding_and_is_as_dark_as_their_shares(compiled: Compiled) -> None:
    states = {s.id for s in compiled.knowledge.by_id(Finding)["site"].states}
    places = {p.id for view in pain_map.VIEWS for p in anatomy.parts(view)}
    assert places == states - {"whole_leg"}
    steps = [pain_map.kind_of(p) for p in (0, 0.049, 0.05, 0.15, 0.35, 0.6, 1)]
    assert steps == ["share-0", "share-0", "share-1", "share-2", "share-3", "share-4", "share-4"]
    cramp = pain_map.shares_of(compiled, CRAMP)
    painted = [k for k, _ in kinds_of(draw(compiled, f"pain-{CRAMP}")) if k.startswith("share-")]
    assert painted.count("share-4") == 1 + 1  # the calf, and its sign in the key
    assert cramp["calf"] >= 0.6


def test_what_is_felt_in_the_whole_leg_is_a_rim_around_it(compiled: Compiled) -> None:
    halos = [k for k, _ in kinds_of(draw(compiled, "pain-akathisia")) if k.startswith("halo-")]
    assert halos
    assert pain_map.shares_of(compiled, "akathisia")["whole_leg"] >= 0.6
    assert set(halos) == {"halo-4"}
    assert not [k for k, _ in kinds_of(draw(compiled, f"pain-{CRAMP}")) if k.startswith("halo-")]


def test_the_map_of_all_says_how_many_of_its_places_are_estimates(compiled: Compiled) -> None:
    shown = pain_map.mapped(compiled)
    guessed = sum(compiled.basis_of(s, "site") == "expert" for s in shown)
    assert f"In {guessed} of these {len(shown)}" in text_of(draw(compiled, "pain-map"))


def test_a_forest_plot_fills_what_was_measured_and_leaves_estimates_hollow(compiled: Compiled) -> None:
    effects = [e for (_, s), e in compiled.effects.items() if s == CRAMP]
    svg = draw(compiled, f"causes-{CRAMP}")
    kinds = [k for k, _ in kinds_of(svg)]
    families = {(e.family, e.rho) for e in effects if e.family}
    alone = [e for e in effects if not e.family]
    filled = [e for e in alone if e.basis in ("measured", "derived", "guideline")]
    assert kinds.count("measured") == len(filled) + len(families) + 1  # and the sign in the key
    assert kinds.count("expert") == len(alone) - len(filled) + 1
    assert "12 others, one figure for all" in text_of(svg)


def test_a_mark_lies_where_its_ratio_lies_and_its_span_from_end_to_end(compiled: Compiled) -> None:
    effect = compiled.effects["laba_or_high_beta_agonist", CRAMP]
    assert effect.rho
    assert effect.low
    assert effect.high
    marks = chart.ratios([Mark("", "", effect.rho, effect.low, effect.high)])
    assert marks.at(1) < marks.at(effect.low) < marks.at(effect.rho) < marks.at(effect.high)
    assert marks.at(effect.rho) == pytest.approx((marks.at(effect.rho**2) + marks.at(1)) / 2, abs=1e-9) or (
        effect.rho**2 > marks.high
    )
    svg = draw(compiled, f"causes-{CRAMP}")
    assert "2.42 (2.02 to 2.89)" in text_of(svg)


def test_trials_of_one_thing_share_an_axis(compiled: Compiled) -> None:
    told = text_of(draw(compiled, f"treatments-{CRAMP}"))
    for heading in ("Ratio of what is named", "Cramps in 4 weeks, difference", "Cramps a night, difference"):
        assert heading in told
    assert "−1.2 (−1.8 to −0.6)" in told
    assert "night cramps in drinkers" not in told  # a risk, not a trial


def test_bars_of_a_comparison_are_as_long_as_their_shares(compiled: Compiled) -> None:
    svg = draw(compiled, f"compare-{CRAMP}-{RESTLESS}")
    bars = [(k, float(e.get("width", 0))) for k, e in kinds_of(svg) if k in ("one", "two") and e.get("height") == "9"][
        2:
    ]
    told = [w for w in words_of(svg) if w.text.endswith("%")]
    full = [
        wide / (float(w.text.rstrip("%")) / 100)
        for (_, wide), w in zip(bars, told, strict=True)
        if "under" not in w.text
    ]
    wide_ones = [f for f, w in zip(full, told, strict=False) if float(w.text.rstrip("%")) >= 20]
    assert max(wide_ones) - min(wide_ones) < 0.04 * max(wide_ones)


def test_rates_of_women_grow_to_the_left_and_those_of_men_to_the_right(compiled: Compiled) -> None:
    rate = compiled.knowledge.by_id(Rate)[CRAMP].per_100k
    svg = draw(compiled, f"rates-{CRAMP}")
    bars = [e for k, e in kinds_of(svg) if k == "one"]
    width, _ = size_of(svg)
    women = [e for e in bars if float(e.get("x", 0)) < width / 2]
    men = [e for e in bars if float(e.get("x", 0)) > width / 2]
    assert len(women) == len(men) == 5
    ages = ("80_plus", "65_79", "40_64", "18_39", "0_17")
    for side, shown in (("f", women), ("m", men)):
        for age, bar in zip(ages, shown, strict=True):
            per = float(bar.get("width", 0)) / rate[f"{side}_{age}"]
            assert per == pytest.approx(float(women[0].get("width", 0)) / rate["f_80_plus"], rel=0.02)


def test_a_guide_shows_every_step_with_its_time_and_who_should_take_care(compiled: Compiled) -> None:
    for guide in compiled.knowledge.all(Guide):
        svg = draw(compiled, f"guide-{guide.id}", "patient", narrow=True)
        told = " ".join(text_of(svg).split())
        for step in guide.steps:
            assert step.text.replace("  ", " ") in told
            assert step.seconds is None or f"{step.seconds} seconds" in told or f"{step.seconds // 60} minutes" in told
        assert all(item.text in told for item in guide.not_for)


def test_patients_read_plain_names_and_frequencies(compiled: Compiled) -> None:
    plain = text_of(draw(compiled, f"features-{CRAMP}", "patient"))
    assert " in 10 against " in plain
    assert "%" not in plain.replace("100%", "")
    title = drawn(compiled, f"causes-{CRAMP}", Look("patient")).title
    assert name_of(compiled.explanations[CRAMP], "patient") in title


# ----------------------------------------------------------------------------------------------------- the tools


@given(st.lists(st.text("abcdefgh-,.é", min_size=1, max_size=40), min_size=1, max_size=30), st.floats(40, 600))
def test_broken_lines_fit_and_lose_no_letter(words: list[str], room: float) -> None:
    lines = lettering.lines(" ".join(words), room, 13)
    assert "".join("".join(lines).split()) == "".join(words)
    assert all(lettering.width(line, 13) <= room + 1e-6 for line in lines if len(line) > 1)


@given(st.text("abc de", min_size=1, max_size=200), st.integers(1, 4))
def test_what_is_cut_ends_with_an_ellipsis_and_fits(words: str, most: int) -> None:
    whole, cut = lettering.lines(words, 90, 13), lettering.lines(words, 90, 13, most=most)
    assert len(cut) <= most
    assert (cut == whole) or (cut[-1].endswith("…") and lettering.width(cut[-1], 13) <= 90)


COORDINATE = st.integers(-900, 900).map(lambda n: n / 2)
POINT = st.tuples(COORDINATE, COORDINATE)


@given(st.lists(POINT, min_size=4, max_size=10).filter(lambda p: len(p) % 3 == 1))
def test_a_curve_is_read_as_it_is_drawn_and_runs_backwards_too(points: list[Any]) -> None:
    data = "M{} {}".format(*map(number, points[0]))
    for n in range(1, len(points), 3):
        data += "C" + " ".join(number(c) for point in points[n : n + 3] for c in point)
    read = curve(data)
    assert read.points == tuple(points)
    assert curve(read.drawn()) == read
    assert read.backwards.backwards == read
    assert between(read, read.backwards, 0) == read
    assert between(read, read.backwards, 1) == read.backwards
    ends = flattened(enclosed(read, read.backwards))
    assert ends[0] == read.points[0]


@given(st.lists(st.floats(0.01, 500), min_size=1, max_size=8))
def test_an_axis_of_ratios_holds_all_its_values_and_one(values: list[float]) -> None:
    axis = chart.ratios([Mark("", "", v, v, v) for v in values])
    assert axis.low <= min(values)
    assert axis.high >= max(values)
    assert axis.low < 1 < axis.high
    assert axis.at(axis.low) == 0
    assert axis.at(axis.high) == pytest.approx(1)
    assert 1 in axis.ticks
    assert len(axis.ticks) <= 10


@given(st.lists(st.floats(-1000, 1000), min_size=1, max_size=8))
def test_an_axis_of_differences_holds_all_its_values_and_nought(values: list[float]) -> None:
    axis = chart.differences([Mark("", "", v, v, v) for v in values])
    assert axis.low <= min(*values, 0) + 1e-6
    assert axis.high >= max(*values, 0) - 1e-6
    assert any(abs(t) < 1e-9 for t in axis.ticks)
    assert len(axis.ticks) <= 9


def test_what_lies_beyond_an_axis_is_at_its_edge() -> None:
    axis = Axis(0, 10, (0, 10), ("0", "10"))
    assert [axis.at(v) for v in (-5, 0, 5, 10, 50)] == [0, 0, 0.5, 1, 1]


@pytest.mark.parametrize(
    ("value", "told"), [(1.0, "1"), (0.125, "0.12"), (-0.001, "0"), (3, "3"), ("x", "x"), (-2.5, "-2.5")]
)
def test_coordinates_are_short(value: object, told: str) -> None:
    assert number(value) == told
