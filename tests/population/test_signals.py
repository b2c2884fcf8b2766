"""A screen finds what was planted, calibrates by its controls, says what it could not do, and hides small counts."""

from __future__ import annotations

import csv
import datetime
import json
import math
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from soleus.errors import UnknownName
from soleus.knowledge.loader import shipped
from soleus.population.databases.engine import open_engine
from soleus.population.databases.source import Source, open_source
from soleus.population.judges.plain import Database, Exposure, Happening, Person
from soleus.population.made_up.files import write_population
from soleus.population.made_up.people import plan_of, shipped_world
from soleus.population.results.manifest import Manifest
from soleus.population.screening import signals
from soleus.population.screening.planning import Plan, ScreenSettings, plan_screen
from soleus.population.screening.screen import Screen, carry_out, screen
from soleus.population.screening.screened import screened
from soleus.population.screening.signals import ITSELF
from soleus.population.screening.tables import RATIOS, tables_of
from soleus.population.sequences.counted import DayCounts, PairCounts
from soleus.population.sequences.counting import Counts, SequenceSettings, null_of
from soleus.population.sequences.first_events import count_sequences
from soleus.population.sequences.null_days import null_sums_by_year, null_sums_of
from soleus.population.sequences.self_controls import look_again
from soleus.population.sequences.study import Rules, study_of
from soleus.population.sequences.uncertain_null import first_days, null_bounds
from soleus.population.sequences.waiting_times import waiting_times

pytest.importorskip("ibis")
PLANTED = {"laba_or_high_beta_agonist": 5.0, "statin": 1.0}
DAY = datetime.date(2010, 1, 1)
OPEN = SequenceSettings(prior_observation=365, washout=365)


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Source:
    """Few people who cramp a lot, with one planted ratio."""
    out = tmp_path_factory.mktemp("world")
    plan = plan_of(shipped(), shipped_world(complaint_factor=40), PLANTED)
    write_population(plan, out, 6000, 4, "omop", Manifest(out, {}), lambda _: None)
    return open_source(out)


@pytest.fixture(scope="module")
def planned(world: Source) -> Plan:
    return plan_screen(world, shipped(), ScreenSettings())


@pytest.fixture(scope="module")
def found(planned: Plan) -> Screen:
    return carry_out(planned)


# ----------------------------------------------------------------------------------------------- finding


def test_what_was_planted_is_found_and_what_was_not_is_not(found: Screen) -> None:
    by_name = {s.index: s for s in found.signals}
    assert [s.index for s in found.signals if s.found] == ["medicine.laba_any"]
    planted = by_name["medicine.laba_any"]
    assert planted.low <= 5 <= planted.high * 1.3  # people who cramp a lot have had quinine before: a little less
    assert planted.low > 2
    assert by_name["medicine.statin"].low < 1 < by_name["medicine.statin"].high


def test_a_pair_does_not_depend_on_what_else_is_asked(world: Source, found: Screen) -> None:
    alone = screen(world, shipped(), ScreenSettings(index=("medicine.statin",))).signals[0]
    among = next(s for s in found.signals if s.index == "medicine.statin")
    names = ("n_index_first", "n_marker_first", "crude", "null", "adjusted", "low", "high")
    assert [getattr(alone, n) for n in names] == [getattr(among, n) for n in names]


def test_index_and_marker_in_each_others_place_turn_the_ratio_over(world: Source) -> None:
    one = screen(world, shipped(), ScreenSettings(("quinine",), ("medicine.statin",))).signals[0]
    other = screen(world, shipped(), ScreenSettings(("medicine.statin",), ("quinine",))).signals[0]
    assert one.adjusted == pytest.approx(1 / other.adjusted, rel=1e-12)
    assert one.null == pytest.approx(1 / other.null, rel=1e-12)
    assert (one.n_index_first, one.n_marker_first) == (other.n_marker_first, other.n_index_first)


def test_several_markers_are_screened_at_once(world: Source, found: Screen) -> None:
    both = screen(world, shipped(), ScreenSettings(("quinine", "cramp")))
    quinine = [s for s in both.signals if s.marker == "quinine"]
    assert repr(quinine) == repr(list(found.signals))  # NaN is not equal to itself, its name is
    assert {c.marker for c in both.calibration} == {"quinine", "cramp"}


def test_a_screen_agrees_with_counts_of_the_same_study(planned: Plan, found: Screen) -> None:
    assert planned.study is not None
    counts = count_sequences(planned.study)
    sums = null_of(counts, 365, range(len(planned.medicines)), [0])
    for n, (medicine, signal) in enumerate(zip(planned.medicines, found.signals, strict=True)):
        assert medicine.id == signal.index
        if signal.why != ITSELF:
            assert counts.pairs.get((n, 0), (0, 0)) == (signal.n_index_first, signal.n_marker_first)
            assert np.array_equal(sums.ratio()[n, 0], signal.null, equal_nan=True)


# ----------------------------------------------------------------------------------------------- controls


def test_negative_controls_are_no_hypotheses(found: Screen) -> None:
    controls = [s for s in found.signals if s.control]
    assert {c.index for c in found.controls} <= {s.index for s in controls}
    assert all(math.isnan(s.q) and not s.found for s in controls)
    assert "medicine.metoprolol" in {c.index for c in found.controls}


def test_controls_shift_and_widen_what_is_calibrated(planned: Plan, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(signals, "MOST_UNCERTAIN", 1)
    found = carry_out(planned)
    (fit,) = found.calibration
    assert fit.used
    assert fit.controls >= 5
    for s in found.signals:
        if math.isfinite(s.calibrated_log_ratio):
            assert s.calibrated_log_ratio == pytest.approx(s.log_ratio - fit.mean)
            assert s.calibrated_se == pytest.approx(math.sqrt(s.se**2 + fit.sd**2 + fit.error**2))


def test_without_enough_controls_nothing_is_calibrated_and_that_is_said(tmp_path: Path) -> None:
    write_population(plan_of(shipped()), tmp_path, 500, 4, "omop", Manifest(tmp_path, {}), lambda _: None)
    found = screen(open_source(tmp_path), shipped(), ScreenSettings())
    assert not found.calibration[0].used
    assert all(math.isnan(s.calibrated) for s in found.signals)
    assert any("nothing is calibrated" in note for note in found.notes)


def test_a_control_class_stands_for_its_ingredients_only_where_there_are_none(world: Source) -> None:
    medicines, _ = screened(world, shipped())
    fitting = {m.id for m in medicines if m.fits}
    assert "medicine.lama" in fitting  # the made-up world has no ingredient of it
    assert "medicine.beta_blocker_no_isa" not in fitting
    classes = {m.id: m for m in medicines}
    assert classes["medicine.metoprolol"].concepts < classes["medicine.beta_blocker_no_isa"].concepts


def test_classes_that_hold_the_same_records_are_one_test(world: Source) -> None:
    medicines, _ = screened(world, shipped())
    assert len({m.concepts for m in medicines}) == len(medicines)
    widest = next(m for m in medicines if m.id == "medicine.laba_any")
    assert "medicine.laba_alone" in widest.same_as


def test_ingredients_of_the_database_are_found_below_rxnorm() -> None:
    database = Database(
        person=[Person(1, None, None)],
        period=[(1, DAY, DAY)],
        exposure=[Exposure(1, c, DAY, DAY) for c in (32, 33, 34, 50)],
        concept=[
            (30, "atc", "C03C", "Loop diuretics"), (31, "rxnorm", "4603", "furosemide"),
            (32, "rxnorm", "a", "furosemide 40 MG"), (33, "rxnorm", "b", "both"), (35, "rxnorm", "x", "spironolactone"),
            (34, "rxnorm", "4603b", "furosemide injection"), (50, "NDC", "c", "a box"),
        ],
        descends=[(30, 31), (30, 32), (31, 31), (31, 32), (31, 33), (31, 34), (32, 34), (35, 33), (35, 35)],
    )  # fmt: skip
    medicines, _ = screened(database.on(open_engine()), shipped(), ingredients=True)
    own = {m.id: (m.name, m.concepts) for m in medicines if m.id.startswith("ingredient.")}
    assert own["ingredient.35"] == ("spironolactone", frozenset({33}))
    assert own["ingredient.50"] == ("a box", frozenset({50}))
    loops = next(m for m in medicines if "ingredient.31" in (m.id, *m.same_as))
    assert loops.concepts == {32, 33, 34}


# --------------------------------------------------------------------------------------------- what fails


def test_a_marker_that_the_vocabulary_does_not_know_is_an_error(world: Source) -> None:
    with pytest.raises(UnknownName, match="vocabulary"):
        screen(world, shipped(), ScreenSettings(("magnesium",)))
    with pytest.raises(UnknownName, match="Did you mean quinine"):
        screen(world, shipped(), ScreenSettings(("quinin",)))


def test_where_nobody_is_observed_nothing_is_counted_and_that_is_said() -> None:
    database = Database(
        person=[Person(1, None, None)],
        exposure=[Exposure(1, 40, DAY, DAY), Exposure(1, 31, DAY, DAY)],
        concept=[(40, "rxnorm", "9071", "quinine"), (31, "rxnorm", "4603", "furosemide")],
    )
    found = screen(database.on(open_engine()), shipped(), ScreenSettings())
    assert found.signals == ()
    assert "Nobody is observed" in found.notes[-1]


def test_the_marker_has_no_order_with_itself(world: Source) -> None:
    found = screen(world, shipped(), ScreenSettings(("quinine",), ("medicine.quinine_class", "medicine.statin")))
    assert found.signals[0].why == ITSELF
    assert math.isnan(found.signals[0].adjusted)
    assert math.isfinite(found.signals[1].adjusted)
    assert not any(y.index == "medicine.quinine_class" for y in found.years)


def test_every_figure_is_finite_or_has_a_reason(found: Screen) -> None:
    for s in found.signals:
        assert not any(math.isinf(getattr(s, name)) for name in (*RATIOS, "null"))
        if not math.isfinite(s.adjusted) or not math.isfinite(s.p):
            assert s.why
        assert math.isnan(s.p) or 0 <= s.p <= 1


def test_people_who_are_left_out_count_nowhere(world: Source) -> None:
    everybody = screen(world, shipped(), ScreenSettings(exclude=()))
    nobody = screen(world, shipped(), ScreenSettings(exclude=("cramp",)))
    assert sum(s.n_index_first for s in nobody.signals) < sum(s.n_index_first for s in everybody.signals)


# ------------------------------------------------------------------------------------------- null ratios

COUNTS = st.dictionaries(
    st.tuples(st.integers(0, 2), st.integers(0, 2), st.integers(14_600, 15_400)), st.integers(1, 5), max_size=12
)


def day_counts(counts: dict[tuple[int, int, int], int]) -> DayCounts:
    columns = np.array([(*key, n) for key, n in counts.items()], np.int64).reshape(-1, 4).T
    return DayCounts(*columns)


@settings(deadline=None)
@given(COUNTS, COUNTS, st.sampled_from([1, 30, 365, math.inf]))
def test_null_sums_of_arrays_are_those_of_the_plain_engine(
    first: dict[tuple[int, int, int], int], second: dict[tuple[int, int, int], int], window: float
) -> None:
    one, other = day_counts(first), day_counts(second)
    want = null_of(Counts({}, one.as_mapping(), other.as_mapping()), window, [2, 0, 1], [1, 2])
    found = null_sums_of(one, other, [2, 0, 1], [1, 2], window)
    assert np.array_equal(found.forward, want.forward)
    assert np.array_equal(found.backward, want.backward)
    years = null_sums_by_year(one, other, [2, 0, 1], [1, 2], window, list(range(2009, 2014)))
    assert np.array_equal(years.forward.sum(axis=0), want.forward)
    assert np.array_equal(years.backward.sum(axis=0), want.backward)


def test_a_year_has_the_null_ratio_of_its_own_days() -> None:
    # Index on 30 December 2009, marker on 2 January 2010: the pair belongs to 2009.
    first = DayCounts(*(np.array([v]) for v in (0, 0, 14_608, 2)))
    second = DayCounts(*(np.array([v]) for v in (0, 0, 14_611, 3)))
    sums = null_sums_by_year(first, second, [0], [0], 365, [2009, 2010])
    assert sums.forward[:, 0, 0].tolist() == [6, 0]
    assert sums.backward[:, 0, 0].tolist() == [0, 0]
    sums = null_sums_by_year(second, first, [0], [0], 365, [2009, 2010])
    assert sums.backward[:, 0, 0].tolist() == [6, 0]


def test_people_who_took_it_before_they_were_observed_are_no_starters() -> None:
    """Somebody who is seen with an old prescription on the first day would look like a start before everything."""
    days = [DAY + datetime.timedelta(n) for n in range(0, 3000, 30)]
    database = Database(
        person=[Person(p, None, None) for p in (1, 2)],
        period=[(1, DAY, days[-1]), (2, DAY, days[-1])],
        exposure=[Exposure(1, 7, day, day) for day in days] + [Exposure(2, 7, days[50], days[50])],
    )
    study = study_of(database.on(open_engine()), {0: [7]}, {0: [8]}, OPEN)
    assert study is not None
    assert count_sequences(study).first_index == {(0, 0, days[50]): 1}
    ever = count_sequences(replace(study, rules=Rules(starts="ever"))).first_index
    assert ever == {(0, 0, DAY): 1, (0, 0, days[50]): 1}


def test_bounds_of_a_null_ratio_hold_it_and_narrow_with_people(planned: Plan, found: Screen) -> None:
    assert planned.study is not None
    signal = next(s for s in found.signals if s.index == "medicine.statin")
    at = planned.numbers("medicine.statin", "quinine")
    bounds = null_bounds(planned.study, *at, (signal.n_index_first, signal.n_marker_first), 200)
    flat = replace(planned.study, strata=None)
    index, _, stratum = first_days(replace(flat, index={0: flat.index[at[0]]}, marker={0: flat.marker[at[1]]}))
    assert set(stratum.tolist()) == {0}
    assert (index >= 0).sum() > 100
    assert bounds.null_low < signal.null < bounds.null_high
    assert bounds.null_high / bounds.null_low < 2
    assert bounds.low < signal.adjusted < bounds.high
    assert bounds == null_bounds(planned.study, *at, (signal.n_index_first, signal.n_marker_first), 200)


# ------------------------------------------------------------------------------------------ waiting times


def pairs(*rows: tuple[int, int, int]) -> PairCounts:
    """apart, index first, marker first."""
    apart, first, second = (np.array(column, np.int64) for column in zip(*rows, strict=True))
    nothing = np.zeros(len(rows), np.int64)
    return PairCounts(nothing, nothing, nothing, apart, first, second, 30)


def test_bars_are_mirrored_and_the_last_takes_what_is_left_of_the_window() -> None:
    found = waiting_times(pairs((1, 9, 0), (13, 2, 0), (12, 3, 0), (-1, 0, 7)), {0: "i"}, {0: "m"}, 365)
    spans = [(w.from_days, w.to_days) for w in found]
    assert len(spans) == 24
    assert spans == [(-b, -a) for a, b in reversed(spans)]
    people = {(w.from_days, w.to_days): w.people for w in found if w.people}
    assert people == {(1, 30): 9, (331, 365): 5, (-30, -1): 7}


def test_waiting_times_add_up_to_the_pairs(found: Screen) -> None:
    for s in found.signals:
        own = [w for w in found.waiting if (w.index, w.marker) == (s.index, s.marker)]
        if own:
            assert sum(w.people for w in own if w.from_days > 0) == s.n_index_first
            assert sum(w.people for w in own if w.from_days < 0) == s.n_marker_first


def test_years_add_up_to_the_pairs_and_to_their_ratios(found: Screen) -> None:
    for s in found.signals:
        own = [y for y in found.years if (y.index, y.marker) == (s.index, s.marker)]
        if own:
            assert sum(y.n_index_first for y in own) == s.n_index_first
            assert sum(y.n_marker_first for y in own) == s.n_marker_first


def test_a_hidden_bar_or_year_does_not_follow_from_the_others(found: Screen) -> None:
    tables = tables_of(found, 6)
    sides = {"n_index_first": 1, "n_marker_first": -1}
    for row in (r for r in tables["signals"] if not r["hidden"]):
        for side, sign in sides.items():
            bars = [
                r["people"]
                for r in tables["waiting_times"]
                if (r["index"], r["marker"]) == (row["index"], row["marker"]) and r["from_days"] * sign > 0
            ]
            years = [r[side] for r in tables["by_year"]
                     if (r["index"], r["marker"]) == (row["index"], row["marker"])]  # fmt: skip
            for parts in (bars, years):
                left = row[side] - sum(n for n in parts if n is not None) if parts else 0
                assert parts.count(None) != 1
                # More than one person each, unless even the zeros are hidden.
                assert left == 0 or left > parts.count(None) or parts.count(None) == len(parts)


# -------------------------------------------------------------------------------------------- small cells


def test_small_counts_take_with_them_what_is_made_of_them(found: Screen) -> None:
    tables = tables_of(found, 20)
    json.dumps(tables, allow_nan=False)
    hidden = [row for row in tables["signals"] if row["hidden"]]
    assert hidden
    for row, s in zip(tables["signals"], found.signals, strict=True):
        small = any(0 < n < 20 for n in (s.n_index_first, s.n_marker_first))
        assert row["hidden"] == small
        if small:
            assert all(row[name] is None for name in RATIOS)
            assert row["n_index_first"] == (None if 0 < s.n_index_first < 20 else s.n_index_first)
    names = {(row["index"], row["marker"]) for row in hidden}
    assert all(row["log_ratio"] is None for row in tables["controls"] if (row["index"], row["marker"]) in names)


def test_nothing_is_hidden_where_nothing_is_to_be(found: Screen) -> None:
    tables = tables_of(found, 0)
    assert not any(row["hidden"] for row in tables["signals"])
    assert [r["n_index_first"] for r in tables["by_year"]] == [y.n_index_first for y in found.years]


# ------------------------------------------------------------------------------------------ second design


def test_a_second_design_finds_what_was_planted(planned: Plan) -> None:
    assert planned.study is not None
    at = planned.numbers("medicine.laba_any", "quinine")
    look = look_again(planned.study, (at[0], "laba"), (at[1], "quinine"))
    assert look.why == ""
    assert look.low > 1.5
    at = planned.numbers("medicine.ppi", "quinine")
    assert look_again(planned.study, (at[0], "ppi"), (at[1], "quinine")).low < 1.1


def test_a_second_design_says_that_there_are_too_few(planned: Plan) -> None:
    assert planned.study is not None
    empty = replace(planned.study, index={0: frozenset({1})})
    look = look_again(empty, (0, "nothing"), (0, "quinine"))
    assert look.cases == 0
    assert "Fewer than" in look.why
    assert math.isnan(look.ratio)


def test_a_case_series_of_people_without_birthdays_counts_them_out() -> None:
    start = datetime.date(2011, 6, 1)
    people = range(1, 30)
    database = Database(
        person=[Person(p, None, None) for p in people],
        period=[(p, DAY, DAY + datetime.timedelta(2000)) for p in people],
        exposure=[Exposure(p, 7, start, start) for p in people],
        event=[Happening(p, 8, start + datetime.timedelta(40 + p)) for p in people],
    )
    study = study_of(database.on(open_engine()), {0: [7]}, {0: [8]}, OPEN)
    assert study is not None
    assert count_sequences(study).pairs == {(0, 0): (29, 0)}
    assert look_again(study, (0, "i"), (0, "m")).cases == 0


def test_a_ratio_over_strata_is_not_the_ratio_of_the_sums(world: Source, found: Screen) -> None:
    flat = screen(world, shipped(), ScreenSettings(stratify=False))
    one, other = (next(s for s in f.signals if s.index == "medicine.statin") for f in (found, flat))
    assert (one.n_index_first, one.crude) == (other.n_index_first, other.crude)
    assert one.null != other.null
    assert one.null == pytest.approx(other.null, rel=0.2)


def test_the_ratio_is_that_of_its_counts_and_its_null(found: Screen) -> None:
    for s in found.signals:
        if math.isfinite(s.adjusted):
            assert s.adjusted == pytest.approx(s.n_index_first / s.n_marker_first / s.null)
            assert s.low < s.adjusted < s.high or s.n_index_first == 0


# ------------------------------------------------------------------------------------------------- doses

PEOPLE: dict[str, list[Any]] = {
    "person": [["person_id", "gender_concept_id", "year_of_birth"], [1, 0, 1950], [2, 0, 1950], [3, 0, 1950]],
    "observation_period": [
        ["person_id", "observation_period_start_date", "observation_period_end_date"],
        *([p, "2010-01-01", "2012-12-31"] for p in (1, 2, 3)),
    ],
    "drug_exposure": [
        ["person_id", "drug_concept_id", "drug_exposure_start_date", "drug_exposure_end_date", "days_supply",
         "quantity"],
        [1, 7, "2011-03-01", "2011-03-30", 30, 60],  # 2 tablets of 20 mg a day
        [2, 7, "2011-03-01", "2011-03-30", "", 30],  # 1 a day, over the days of the exposure
        [3, 7, "2011-03-01", "", 30, ""],  # not told
        [3, 9, "2011-03-01", "2011-03-30", 30, 30],  # two ingredients
        [3, 10, "2011-03-01", "2011-03-30", 30, 30],  # a concentration, no amount
    ],
    "drug_strength": [
        ["drug_concept_id", "ingredient_concept_id", "amount_value", "amount_unit_concept_id"],
        [7, 70, 20, 8576], [9, 70, 20, 8576], [9, 90, 5, 8576], [10, 90, "", ""],
    ],
    "condition_occurrence": [
        ["person_id", "condition_concept_id", "condition_start_date"], *([p, 8, "2011-06-01"] for p in (1, 2, 3)),
    ],
}  # fmt: skip


def omop(folder: Path, *without: str) -> Source:
    for name, rows in PEOPLE.items():
        if name not in without:
            with (folder / f"{name}.csv").open("w", newline="", encoding="utf-8") as file:
                csv.writer(file).writerows(rows)
    return open_source(folder)


def test_a_dose_is_the_quantity_times_the_strength_over_the_days(tmp_path: Path) -> None:
    source = omop(tmp_path)
    rows = source.engine.rows(source.tables["dose"].order_by("person_id"))
    assert [(row["person_id"], row["concept"], row["dose"]) for row in rows] == [(1, 7, 40.0), (2, 7, 20.0)]


@pytest.mark.parametrize(
    ("doses", "people"), [(None, 3), ((0, math.inf), 2), ((20, 20), 1), ((21, math.inf), 1), ((41, math.inf), 0)]
)
def test_the_dose_of_the_first_record_chooses_the_starts(
    tmp_path: Path, doses: tuple[float, float] | None, people: int
) -> None:
    study = study_of(omop(tmp_path), {0: [7]}, {0: [8]}, OPEN, Rules(index_dose=doses))
    assert study is not None
    counts = count_sequences(study)
    assert counts.pairs.get((0, 0), (0, 0)) == (people, 0)
    assert sum(counts.first_index.values()) == people
    assert sum(counts.first_marker.values()) == 3


def test_a_source_without_doses_says_so(tmp_path: Path) -> None:
    study = study_of(omop(tmp_path, "drug_strength"), {0: [7]}, {0: [8]}, OPEN, Rules(index_dose=(1, 2)))
    assert study is not None
    with pytest.raises(UnknownName, match="drug_strength"):
        count_sequences(study)
