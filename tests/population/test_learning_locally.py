"""Local figures are what a database holds, drawn towards published ones; small cells and rows of people stay there."""

from __future__ import annotations

import datetime
import json
import math
import random
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import soleus
from soleus.errors import InputError, KnowledgeError, UnreadableInput
from soleus.knowledge.loader import shipped
from soleus.knowledge.overlay import Entry, Key, Overlay, Site
from soleus.knowledge.overlaying import check_overlay, figure
from soleus.knowledge.schema.core import Contributor, Rate
from soleus.population.databases.engine import Engine, open_engine
from soleus.population.databases.source import Source, open_source
from soleus.population.judges import plain
from soleus.population.judges.plain import Database, Exposure, Happening, Person, Result
from soleus.population.learning.aggregates import (
    Aggregates,
    SiteRatio,
    aggregates_of,
    aggregates_text,
    count_site,
    read_aggregates,
    read_signals,
    site_of,
    site_ratios,
)  # fmt: skip
from soleus.population.learning.counts import LearningSettings, LocalCount, LocalCounts, count_locally
from soleus.population.learning.overlays import learn, overlay_of
from soleus.population.made_up.files import write_population
from soleus.population.made_up.people import plan_of, shipped_world
from soleus.population.results.manifest import Manifest

from . import plain_learning
from .worlds import FIRST, databases

pytest.importorskip("ibis")

CRAMP, RLS = "nocturnal_leg_cramp", "restless_legs_syndrome"
CELL = "per_100k.f_65_79"
CASE = {"person": {"age": 67, "sex": "female"}, "findings": {"quality": "cramp"}}


@cache
def duckdb() -> Engine:
    return open_engine("duckdb")


# ------------------------------------------------------------------------------------------- counting

DAY = FIRST + datetime.timedelta(days=9)
ASKED = LearningSettings(prior_observation_days=3, index_day=DAY, open_ended_days=4)
CONCEPTS = {
    f"explanation.{CRAMP}": {1},
    f"explanation.{RLS}": {2},
    "contributor.statin": {1, 3},
    "contributor.cirrhosis": {2, 3},
    "contributor.recent_major_surgery": {1},
}


def agree(engine: Engine, database: Database) -> None:
    """Every count on the engine against the loops."""
    try:
        found = count_locally(database.on(engine), shipped(), ASKED, concepts=CONCEPTS)
    except InputError:
        assert not any(plain.observed(database).values())
        return
    window = shipped().by_id(Contributor)["recent_major_surgery"].window_days
    assert window is not None
    rates = plain_learning.rates(database, {CRAMP: {1}, RLS: {2}}, 3)
    recorded = {"cirrhosis": ({2, 3}, None), "recent_major_surgery": ({1}, window)}
    people = plain_learning.prevalences(database, {"statin": {1, 3}}, recorded, DAY, 3, 4)
    assert told(found, "rate") == some(rates)
    assert told(found, "contributor") == some(people)


def told(found: LocalCounts, kind: str) -> plain_learning.Cells:
    per = 365.25 if kind == "rate" else 1
    cells = {(c.id, c.cell): (c.n, round(c.of * per)) for c in found.counts if c.kind == kind}
    return {key: value for key, value in cells.items() if value[1]}


def some(cells: plain_learning.Cells) -> plain_learning.Cells:
    """Without things that nobody has: these are listed, not counted."""
    there = {name for (name, _), (n, _) in cells.items() if n}
    return {key: value for key, value in cells.items() if key[0] in there}


def crowded(seed: int) -> Database:
    """Many people within two months, with ages near the ends of bands, so that every rule meets somebody."""
    draw = random.Random(seed)

    def day(low: int, high: int) -> datetime.date:
        return FIRST + datetime.timedelta(days=draw.randint(low, high))

    def some_day() -> datetime.date | None:
        return draw.choice([None, day(0, 12), day(0, 12), day(-5, 60), day(-80, -70)])

    births = [None, datetime.date(1991, 7, 1), datetime.date(1991, 11, 10), datetime.date(1930, 2, 3), day(-20, 5)]
    people = range(1, 121)
    anybody = [*people, 999]
    return Database(
        person=[Person(p, draw.choice(births), draw.choice(["male", "female", "female", None])) for p in people],
        period=[(p, day(-2, 7), day(7, 40)) for p in people for _ in range(draw.choice([0, 1, 1, 2]))],
        exposure=[Exposure(draw.choice(anybody), draw.randint(0, 4), some_day(), some_day()) for _ in range(300)],
        event=[Happening(draw.choice(anybody), draw.randint(0, 4), some_day()) for _ in range(150)],
        death=[(p, some_day()) for p in people if draw.random() < 0.1],
    )


@settings(deadline=None, max_examples=10, suppress_health_check=list(HealthCheck))
@given(databases())
def test_duckdb_counts_as_loops_do_whatever_is_missing(database: Database) -> None:
    agree(duckdb(), database)


@pytest.mark.parametrize("seed", range(4))
def test_duckdb_counts_as_loops_do(seed: int) -> None:
    agree(duckdb(), crowded(seed))


@pytest.mark.parametrize("seed", range(1))
def test_spark_counts_as_loops_do(spark: Engine, seed: int) -> None:
    agree(spark, crowded(seed))


def test_the_crowd_meets_every_count() -> None:
    found = count_locally(crowded(0).on(duckdb()), shipped(), ASKED, concepts=CONCEPTS)
    assert {"statin", "cirrhosis", "recent_major_surgery", CRAMP, RLS} == {c.id for c in found.counts if c.n}


def small_world(**tables: Any) -> Source:
    """One woman, seen for three years, with her concepts in a vocabulary of four."""
    day = datetime.date(2010, 1, 1)
    concept = [
        (1, "icd10cm", "G47.62", "Sleep related leg cramps"), (2, "icd10", "R25.2", "Cramp"),
        (3, "loinc", "2777-1", "Phosphate"), (4, "icd10cm", "M80.0", "Osteoporosis with fracture"),
    ]  # fmt: skip
    shape = {
        "person": [Person(1, datetime.date(1940, 1, 1), "female")],
        "period": [(1, day, datetime.date(2012, 12, 31))],
        "concept": concept,
        "descends": [(c, c) for c, *_ in concept],
    }
    return Database(**{**shape, **tables}).on(duckdb())


def why(found: LocalCounts, kind: str, id: str | None) -> str:
    return next(n.why for n in found.not_counted if (n.kind, n.id) == (kind, id))


@pytest.mark.parametrize(("ago", "counts"), [(0, 1), (84, 1), (85, 0), (-1, 0)])
def test_an_event_counts_for_its_window(ago: int, counts: int) -> None:
    assert shipped().by_id(Contributor)["recent_major_surgery"].window_days == 84
    day = datetime.date(2012, 7, 1)
    source = small_world(event=[Happening(1, 1, day - datetime.timedelta(days=ago))])
    asked = LearningSettings(index_day=day)
    found = count_locally(source, shipped(), asked, concepts={"contributor.recent_major_surgery": {1}})
    assert sum(c.n for c in found.counts if c.kind == "contributor") == counts


def test_a_record_that_may_mean_another_explanation_teaches_neither() -> None:
    event = [Happening(1, 1, datetime.date(2011, 6, 1)), Happening(1, 2, datetime.date(2011, 7, 1))]
    found = count_locally(small_world(event=event), shipped())
    assert not [c for c in found.counts if c.kind == "rate"]
    assert why(found, "rate", CRAMP) == "Records that may mean it may also mean exercise_or_heat_cramp."


def test_where_such_records_are_not_in_use_the_own_ones_teach() -> None:
    found = count_locally(small_world(event=[Happening(1, 1, datetime.date(2011, 6, 1))]), shipped())
    (count,) = [c for c in found.counts if c.n]
    assert (count.kind, count.id, count.field, count.people) == ("rate", CRAMP, CELL, 1)
    days = (datetime.date(2011, 6, 1) - datetime.date(2011, 1, 1)).days + 1  # at risk after a year, to the first record
    assert count.of == days / 365.25


def test_a_record_of_a_state_is_no_complaint() -> None:
    found = count_locally(small_world(event=[Happening(1, 4, datetime.date(2011, 6, 1))]), shipped())
    assert "state without a complaint (osteoporosis)" in why(found, "rate", "fragility_or_occult_fracture")


def test_what_is_not_recorded_is_not_absent() -> None:
    found = count_locally(small_world(), shipped())
    assert found.counts == ()
    assert "not absent" in why(found, "likelihood", None)
    assert "not absent" in why(found, "background", None)


@pytest.mark.parametrize(
    ("value", "unit", "day", "state"),
    [
        (0.5, "mmol/L", datetime.date(2011, 6, 3), "below_0_8"),
        (3.1, "mg/dL", datetime.date(2011, 6, 3), "0_8_to_1_5"),
        (0.5, "furlongs", datetime.date(2011, 6, 3), None),
        (0.5, "mmol/L", datetime.date(2012, 6, 3), None),
    ],
)
def test_laboratory_values_near_a_complaint_are_read_in_their_unit(
    value: float, unit: str, day: datetime.date, state: str | None
) -> None:
    event, result = [Happening(1, 1, datetime.date(2011, 6, 1))], [Result(1, 3, day, value, unit)]
    found = count_locally(small_world(event=event, result=result), shipped())
    assert [c.cell for c in found.counts if c.kind == "background" and c.n] == ([(state,)] if state else [])


def test_the_value_nearest_to_the_complaint_counts() -> None:
    near, far = (
        Result(1, 3, datetime.date(2011, 6, 3), 0.5, "mmol/L"),
        Result(1, 3, datetime.date(2011, 5, 1), 1, "mmol/L"),
    )
    event = [Happening(1, 1, datetime.date(2011, 6, 1))]
    found = count_locally(small_world(event=event, result=[far, near]), shipped())
    assert [c.cell for c in found.counts if c.kind == "background" and c.n] == [("below_0_8",)]


def test_nobody_under_observation_is_an_error() -> None:
    with pytest.raises(InputError, match="nobody under observation"):
        count_locally(small_world(period=[]), shipped())


def test_the_index_day_is_the_last_first_of_july_with_half_of_the_most() -> None:
    day = datetime.date
    period = [(n, day(2010, 1, 1), day(2012, 12, 31) if n < 2 else day(2011, 12, 31)) for n in range(1, 5)]
    found = count_locally(
        small_world(person=[Person(n, day(1940, 1, 1), "male") for n in range(1, 5)], period=period), shipped()
    )
    assert found.index_day == day(2011, 7, 1)  # in 2012 one of four is left


# ------------------------------------------------------------------------------------------- sites


def site(name: str = "north", people: int = 1000) -> Site:
    return Site(name=name, input=f"of {name}", kind="omop", engine="duckdb", software="0", people=people)


def local(*counts: LocalCount) -> LocalCounts:
    day = datetime.date(2014, 7, 1)
    return LocalCounts(counts, (), 1000, day, day, day)


def rate(n: int, of: float = 1000, cell: tuple[str, str] = ("f", "65_79"), id: str = CRAMP) -> LocalCount:
    return LocalCount("rate", id, cell, n, of, 500)


def given_away(*counts: LocalCount, name: str = "north", signals: Any = (), **asked: Any) -> Aggregates:
    return aggregates_of(local(*counts), site(name), shipped(), LearningSettings(**asked), signals)


def learnt(*counts: LocalCount, **asked: Any) -> Overlay:
    return overlay_of([given_away(*counts, **asked)], shipped())


COUNTS = st.lists(
    st.builds(
        rate,
        st.integers(0, 30),
        st.floats(50, 5000),
        st.tuples(st.sampled_from("fm"), st.sampled_from(["18_39", "40_64", "65_79"])),
        st.sampled_from([CRAMP, RLS]),
    ),
    unique_by=lambda c: (c.id, c.cell),
    max_size=12,
)


@given(COUNTS)
@settings(deadline=None, max_examples=60)
def test_small_cells_never_leave_and_none_is_hidden_alone(counts: list[LocalCount]) -> None:
    found = given_away(*counts)
    shown = {(c.id, c.field): c.n for c in found.counts}
    assert all(n is None or n == 0 or n >= 5 for n in shown.values())
    for id in (CRAMP, RLS):
        for sex in "fm":
            row = [shown[id, c.field] for c in counts if c.id == id and c.cell[0] == sex]
            others = [c.n for c in counts if c.id == id and c.cell[0] == sex and c.n]
            if None in row and len(others) > 1:
                assert row.count(None) > 1
    assert {e.field for e in overlay_of([found], shipped()).entries if e.local.n < 5} == set()


def test_a_rate_from_a_hidden_cell_is_not_learnt_and_said() -> None:
    overlay = learnt(rate(4), rate(40, cell=("f", "40_64")), rate(50, cell=("f", "18_39")))
    assert [e.field for e in overlay.entries] == ["per_100k.f_18_39"]
    hidden = {n.field for n in overlay.not_learnt if n.id == CRAMP and "hidden" in n.why}
    assert hidden == {CELL, "per_100k.f_40_64"}


def test_cells_of_few_people_are_hidden_with_their_time() -> None:
    (count,) = given_away(replace(rate(9), people=4)).counts
    assert (count.n, count.of) == (None, None)


def test_what_a_site_gives_away_holds_no_small_number_of_people() -> None:
    counts = replace(local(rate(9)), people=4)
    assert site_of(small_world(), counts, "tiny", 5).people is None


def test_aggregates_are_read_as_they_were_written(tmp_path: Path) -> None:
    found = given_away(rate(40), rate(3, cell=("m", "65_79")))
    (tmp_path / "site.json").write_text(aggregates_text(found), encoding="utf-8")
    assert read_aggregates(tmp_path / "site.json") == found


@given(
    st.one_of(
        st.text(max_size=60),
        st.recursive(
            st.none() | st.integers() | st.text(max_size=5),
            lambda x: (
                st.lists(x, max_size=3)
                | st.dictionaries(st.sampled_from(["format", "site", "counts", "n"]), x, max_size=3)
            ),
            max_leaves=6,
        ).map(json.dumps),
    )
)
@settings(deadline=None, max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_anything_else_is_no_aggregates(tmp_path: Path, text: str) -> None:
    (tmp_path / "site.json").write_text(text, encoding="utf-8", errors="replace")
    with pytest.raises(UnreadableInput):
        read_aggregates(tmp_path / "site.json")


@pytest.mark.parametrize(
    ("change", "error", "said"),
    [
        ({"site": site("north")}, InputError, "same name twice"),
        ({"site": msgspec.structs.replace(site("south"), input="of north")}, InputError, "same database twice"),
        ({"settings": {"prior_observation_days": 1}}, InputError, "other settings"),
        ({"knowledge": {"version": "0", "digest": "x"}}, KnowledgeError, "counts for knowledge 0"),
    ],
)  # fmt: skip
def test_sites_that_do_not_fit_together_are_refused(change: dict[str, Any], error: type[Exception], said: str) -> None:
    one, two = given_away(rate(40)), given_away(rate(40), name="south")
    tree = msgspec.to_builtins(two) | msgspec.to_builtins(change)
    with pytest.raises(error, match=said):
        overlay_of([one, msgspec.convert(tree, Aggregates)], shipped())


# ------------------------------------------------------------------------------------------- estimating


def entry(overlay: Overlay, key: Key) -> Entry:
    return overlay.by_key[key]


def test_a_rate_is_drawn_towards_the_published_by_precision() -> None:
    published = shipped().by_id(Rate)[CRAMP].per_100k["f_65_79"]
    found = entry(learnt(rate(100, of=2500)), ("rate", CRAMP, CELL))
    assert found.published.value == published == 1290
    assert found.local.value == pytest.approx(100_000 * 100 / 2500)
    number = figure(shipped(), ("rate", CRAMP, CELL))
    assert number is not None
    # One number does not tell how far others scatter: its own gap to the published one is no reason to trust it more.
    gap, before = math.log(4000 / 1290), number.sd**2
    assert found.weight == pytest.approx(before / (before + 1 / 100), abs=1e-5)
    combined = math.log(1290) + found.weight * gap
    assert math.log(found.combined.value) == pytest.approx(combined, abs=1e-5)
    assert found.combined.low < found.combined.value < found.combined.high


@given(st.integers(5, 100_000), st.floats(10, 1e7))
@settings(deadline=None, max_examples=60)
def test_the_combined_value_lies_between_and_the_overlay_keeps_its_rules(n: int, of: float) -> None:
    overlay = learnt(rate(n, of=of))
    for e in overlay.entries:
        low, high = sorted((e.published.value, e.local.value))
        assert low * (1 - 1e-5) <= e.combined.value <= high * (1 + 1e-5)
    assert [f for f in check_overlay(overlay, shipped()) if f.level == "fault"] == []


def test_the_more_is_counted_the_more_it_weighs() -> None:
    cells = [("f", band) for band in ("18_39", "40_64", "65_79")]
    counts = [rate(n, of=n / 0.02, cell=cell) for n, cell in zip((6, 60, 600), cells, strict=True)]
    weights = [entry(learnt(*counts), ("rate", CRAMP, f"per_100k.f_{b}")).weight for _, b in cells]
    assert weights == sorted(weights)


def test_a_recorded_share_is_seen_through_the_record() -> None:
    record = shipped().by_id(Contributor)["osteoarthritis"]
    sensitivity, wrong = record.recorded_sensitivity, 1 - record.recorded_specificity
    count = LocalCount("contributor", "osteoarthritis", ("female", "65_plus"), 300, 1000, 1000)
    found = entry(learnt(count), ("contributor", "osteoarthritis", "prevalence.female_65_plus"))
    assert found.local.value == pytest.approx((0.3 - wrong) / (sensitivity - wrong), rel=1e-5)


def test_a_prescription_is_itself_the_medicine() -> None:
    count = LocalCount("contributor", "statin", ("female", "65_plus"), 300, 1000, 1000)
    assert entry(learnt(count), ("contributor", "statin", "prevalence.female_65_plus")).local.value == pytest.approx(
        0.3
    )


def test_no_more_records_than_wrong_ones_alone_teach_nothing() -> None:
    wrong = 1 - shipped().by_id(Contributor)["osteoarthritis"].recorded_specificity
    count = LocalCount("contributor", "osteoarthritis", ("female", "65_plus"), int(1000 * wrong), 1000, 1000)
    overlay = learnt(count)
    assert overlay.entries == ()
    assert any("wrong entries alone" in n.why for n in overlay.not_learnt)


def test_how_well_records_mirror_people_is_uncertain_whatever_is_counted() -> None:
    def width(people: int) -> float:
        count = LocalCount("contributor", "osteoarthritis", ("female", "65_plus"), 3 * people // 10, people, people)
        found = entry(learnt(count), ("contributor", "osteoarthritis", "prevalence.female_65_plus"))
        return found.local.high - found.local.low

    assert width(10**8) > 0.5 * width(1000)


def test_a_distribution_is_learnt_whole_or_not_at_all() -> None:
    states = {"below_0_8": 50, "0_8_to_1_5": 900, "1_5_or_more": 50}

    def counts(**other: int) -> list[LocalCount]:
        return [LocalCount("background", "phosphate", (s,), n, 1000, 1000) for s, n in (states | other).items()]

    assert {e.field for e in learnt(*counts()).entries} == {f"p.{s}" for s in states}
    overlay = learnt(*counts(**{"1_5_or_more": 0}))
    assert overlay.entries == ()
    assert any("must add up to 1" in n.why for n in overlay.not_learnt)


def test_what_is_published_as_impossible_is_left_alone() -> None:
    assert shipped().by_id(Contributor)["pregnancy"].prevalence["male_0_17"] == 0
    count = LocalCount("contributor", "pregnancy", ("male", "0_17"), 30, 1000, 1000)
    assert learnt(count).entries == ()


def test_rates_far_from_the_published_bring_a_warning() -> None:
    few = [rate(20, of=20 / (0.2 * 0.0129))]
    assert "records only part" in learnt(*few).warnings[0]
    assert learnt(rate(129, of=10_000)).warnings == ()


# ------------------------------------------------------------------------------------------- several sites


@given(st.lists(st.tuples(st.integers(20, 400), st.floats(0.95, 1.05)), min_size=2, max_size=5))
@settings(deadline=None, max_examples=40)
def test_sites_combine_to_what_the_pooled_counts_say(sites: list[tuple[int, float]]) -> None:
    parts = [rate(n, of=n / (0.0129 * off)) for n, off in sites]
    pooled = rate(sum(p.n for p in parts), of=sum(p.of for p in parts))
    together = overlay_of([given_away(p, name=f"site {k}") for k, p in enumerate(parts)], shipped())
    one, other = (entry(o, ("rate", CRAMP, CELL)) for o in (together, learnt(pooled)))
    assert one.local.n == other.local.n
    assert one.local.of == pytest.approx(other.local.of, abs=0.1)
    within = 0.5 / math.sqrt(pooled.n)  # half a standard error of the pooled rate
    assert math.log(one.local.value / other.local.value) == pytest.approx(0, abs=within)
    assert math.log(one.combined.value / other.combined.value) == pytest.approx(0, abs=2 * within)


def test_sites_that_disagree_are_less_sure_together() -> None:
    alike = [given_away(rate(200, of=10_000), name=n) for n in "ab"]
    apart = [given_away(rate(200, of=of), name=n) for n, of in (("a", 5_000), ("b", 20_000))]
    widths = []
    for sites in (alike, apart):
        found = entry(overlay_of(sites, shipped()), ("rate", CRAMP, CELL)).local
        widths.append((found.high / found.low, found.between_sites))
    assert widths[0][0] < widths[1][0]
    assert widths[0][1] == 0 < widths[1][1]


def test_the_order_of_sites_changes_no_number() -> None:
    sites = [given_away(rate(n, of=of), name=name) for name, n, of in (("a", 50, 3e3), ("b", 80, 9e3), ("c", 20, 1e3))]
    one, other = overlay_of(sites, shipped()), overlay_of(sites[::-1], shipped())
    assert one.entries[0].combined == other.entries[0].combined


def test_a_number_that_one_site_hides_is_learnt_from_the_other() -> None:
    overlay = overlay_of([given_away(rate(3), name="a"), given_away(rate(60, of=5000), name="b")], shipped())
    assert entry(overlay, ("rate", CRAMP, CELL)).local.sites == ("b",)
    assert [n.site for n in overlay.not_learnt if n.field == CELL] == ["a"]


# ------------------------------------------------------------------------------------------- ratios


@dataclass(frozen=True)
class Row:
    index: str = "medicine.statin"
    marker: str = "quinine"
    control: bool = False
    n_index_first: int | None = 60
    n_marker_first: int | None = 40
    log_ratio: float | None = 0.4
    se: float | None = 0.2
    calibrated_log_ratio: float | None = 0.3
    calibrated_se: float | None = 0.25
    contributors: tuple[str, ...] = ("statin",)


EFFECT = f"statin.{CRAMP}"


def ratios(*rows: Row) -> dict[str, SiteRatio]:
    return {r.id: r for r in site_ratios(shipped(), rows, 5)[0]}


def test_a_ratio_is_learnt_as_its_negative_controls_correct_it() -> None:
    found = ratios(Row())[EFFECT]
    assert (found.log_ratio, found.se, found.n, found.calibrated) == (0.3, 0.25, 100, True)
    bare = ratios(Row(calibrated_log_ratio=math.nan, calibrated_se=math.nan))[EFFECT]
    assert (bare.log_ratio, bare.se, bare.calibrated) == (0.4, 0.2, False)


@pytest.mark.parametrize(
    "row",
    [
        Row(control=True), Row(marker="magnesium"), Row(index="ingredient.7"), Row(n_marker_first=4),
        Row(n_marker_first=None), Row(contributors=("statin", "diuretic_loop")), Row(contributors=("ssri_snri",)),
        Row(calibrated_se=None, se=math.nan), Row(calibrated_se=None, log_ratio=None),
    ],
)  # fmt: skip
def test_other_rows_of_a_screen_teach_no_ratio(row: Row) -> None:
    found, lacking = site_ratios(shipped(), [row], 5)
    assert found == ()
    assert EFFECT in {n.id for n in lacking}


def test_of_several_classes_the_one_with_most_people_speaks() -> None:
    assert (
        ratios(Row(index="medicine.small", n_index_first=10), Row(index="medicine.large"))[EFFECT].index
        == "medicine.large"
    )


def test_a_ratio_is_drawn_towards_the_published_one() -> None:
    overlay = overlay_of([given_away(signals=[Row(calibrated_log_ratio=math.log(2), calibrated_se=0.1)])], shipped())
    found = entry(overlay, ("effect", EFFECT, "rho"))
    assert found.published.value == 1.16
    assert found.local.value == pytest.approx(2, rel=1e-5)
    assert 1.16 < found.combined.value < 2


def test_a_ratio_of_few_people_alone_does_not_turn_a_published_one_of_many() -> None:
    """0.63 (0.29 to 1.4) here does not contradict 1.16 (1.04 to 1.29), and weighs as little as it is sure."""
    few = Row(calibrated_log_ratio=math.log(0.63), calibrated_se=0.4)
    found = entry(overlay_of([given_away(signals=[few])], shipped()), ("effect", EFFECT, "rho"))
    assert found.weight < 0.03
    assert 1.1 < found.combined.value < 1.16


def test_without_a_screen_it_is_said() -> None:
    assert {n.why for n in given_away().not_counted if n.id == EFFECT} == {"No screen was run."}


def test_signals_are_read_as_a_screen_writes_them(tmp_path: Path) -> None:
    row = {"index": "medicine.statin", "name": "Statin", "marker": "quinine", "control": False, "n_index_first": 60,
           "n_marker_first": None, "log_ratio": None, "se": None, "contributors": '["statin"]', "q": 0.1}  # fmt: skip
    (tmp_path / "signals.json").write_text(json.dumps([row, row | {"contributors": ["statin"]}]))
    found = read_signals(tmp_path)
    assert [r.contributors for r in found] == [("statin",)] * 2
    assert found[0].n_marker_first is None


# ------------------------------------------------------------------------------------------- whole worlds


def world(folder: Path, people: int, seed: int, **changes: Any) -> Source:
    plan = plan_of(shipped(), shipped_world(**changes))
    write_population(plan, folder, people, seed, "omop", Manifest(folder, {"seed": seed}), lambda _: None)
    return open_source(folder)


@pytest.fixture(scope="module")
def doubled(tmp_path_factory: pytest.TempPathFactory) -> Overlay:
    """A world in which twice as many come with night cramps as is published, and as many with restless legs."""
    source = world(tmp_path_factory.mktemp("doubled"), 40_000, 5, complaint_factor=2, complaint_trend=0)
    return learn(source, shipped(), "doubled")


def test_a_rate_that_was_doubled_is_learnt_back(doubled: Overlay) -> None:
    found = [e for e in doubled.entries if e.id == CRAMP]
    assert len(found) > 6
    inside = [e.combined.low <= 2 * e.published.value <= e.combined.high for e in found if e.local.n >= 20]
    assert sum(inside) >= len(inside) - 1
    events = sum(e.local.n for e in found)
    expected = sum(e.published.value * (e.local.of or 0) / 100_000 for e in found)
    assert math.log(events / expected) == pytest.approx(math.log(2), abs=0.15)


def test_a_rate_that_was_not_changed_stays(doubled: Overlay) -> None:
    others = [e for e in doubled.entries if e.kind == "rate" and e.id != CRAMP and e.local.n >= 20]
    assert len(others) > 3
    assert all(0.6 < e.combined.value / e.published.value < 1.6 for e in others)


def test_what_is_learnt_moves_the_answer_and_is_said(doubled: Overlay) -> None:
    before, after = soleus.assess(CASE), soleus.assess(CASE, overlay=doubled)
    assert after.complaints[0].explanations[0].id == CRAMP
    assert after.complaints[0].explanations[0].probability > before.complaints[0].explanations[0].probability
    assert after.local_overlay is not None
    assert after.local_overlay.sites == ("doubled",)


def test_a_site_alone_gives_what_its_database_gives(tmp_path: Path) -> None:
    source = world(tmp_path / "w", 2_000, 5)
    found = count_site(source, shipped(), "alone")
    (tmp_path / "site.json").write_text(aggregates_text(found), encoding="utf-8")
    assert overlay_of([read_aggregates(tmp_path / "site.json")], shipped()) == learn(source, shipped(), "alone")


def test_what_a_site_gives_away_names_no_person(tmp_path: Path) -> None:
    text = aggregates_text(count_site(world(tmp_path / "w", 2_000, 5), shipped(), "site"))
    tree = json.loads(text)
    assert set(tree) == {
        "format", "reviewed", "site", "knowledge", "settings", "smallest_cell", "counts", "ratios", "not_counted",
    }  # fmt: skip
    assert {n for c in tree["counts"] if (n := c["n"]) is not None and 0 < n < 5} == set()
    assert "person_id" not in text


def test_a_database_with_nothing_to_learn_from_changes_nothing() -> None:
    overlay = learn(small_world(), shipped(), "empty")
    assert overlay.entries == ()
    assert soleus.assess(CASE, overlay=overlay) == soleus.assess(CASE)
