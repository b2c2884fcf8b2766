"""The self-controlled case series: the published example, a likelihood written out day by day, and known answers."""

from __future__ import annotations

import datetime
import math
from collections.abc import Callable, Sequence

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy import optimize

from soleus.statistics.self_controlled import Case, CaseSeriesDesign, Window, case_series

EXPOSED = Window("exposed")
BEFORE = Window("before", -30, -1, "start")


def day(text: str) -> int:
    return (datetime.date.fromisoformat(text) - datetime.date(1970, 1, 1)).days


def test_the_worked_example_of_the_tutorial() -> None:
    # Whitaker et al. 2006, section 3: ten children of Oxford with viral meningitis in their second year of life, 15 to
    # 35 days after measles, mumps and rubella vaccine; two age groups. Age in days at meningitis and at vaccination.
    # Data as in the tests of OHDSI Cyclops; the paper gives 12.04 (3.00 to 48.26).
    children = [
        (398, 458), (413, 392), (449, 429), (455, 433), (472, 432), (474, 395), (485, 470), (524, 496), (700, 428),
        (399, 716),
    ]  # fmt: skip
    cases = [Case(366, 730, (event,), ((vaccine, vaccine),)) for event, vaccine in children]
    found = case_series(cases, CaseSeriesDesign((Window("risk", 15, 35, "start"),), age_days=(548,)))
    ratios = [round(math.exp(v[0]), 2) for v in (found.log_ratio, found.low, found.high)]
    assert ratios == [12.04, 3.00, 48.26]
    assert (found.events.tolist(), found.cases) == ([5], 10)


def test_two_people_by_hand() -> None:
    # 10 days exposed of 100; of 6 events 2 were exposed. The rate is 2 / 10 against 4 / 90.
    cases = [Case(0, 99, (5, 50, 60), ((0, 9),)), Case(1000, 1099, (1003, 1050, 1090), ((1000, 1009),))]
    found = case_series(cases, CaseSeriesDesign((EXPOSED,)))
    assert found.log_ratio == pytest.approx([math.log((2 / 10) / (4 / 90))])
    # Binomial with odds 10 r : 90, 6 events: information 6 x (2 / 6) x (4 / 6).
    assert found.se == pytest.approx([1 / math.sqrt(6 * (2 / 6) * (4 / 6))])
    assert found.log_likelihood == pytest.approx(2 * math.log(2 / 6) + 4 * math.log(4 / 6))
    assert (found.events.tolist(), found.days.tolist()) == ([2], [20])


# ---------------------------------------------------------------------- a likelihood of days, slow and plain


def labels(case: Case, design: CaseSeriesDesign) -> list[list[float]]:
    """Indicators of each day of observation: windows, age groups but the first, seasons but the first."""
    rows = []
    for d in range(case.start, case.end + 1):
        inside = [
            any(a + w.since <= d <= (b if w.of == "end" else a) + w.until for a, b in case.exposures)
            for w in design.windows
        ]
        first = [flag and not any(inside[:n]) for n, flag in enumerate(inside)]
        age = sum(d - case.birth >= limit for limit in design.age_days)
        month = (datetime.date(1970, 1, 1) + datetime.timedelta(d)).month
        season = (month - 1) * design.seasons // 12
        ages = [age == n + 1 for n in range(len(design.age_days))]
        rows.append([float(v) for v in [*first, *ages, *(season == n + 1 for n in range(design.seasons - 1))]])
    return rows


Slow = Callable[[NDArray[np.float64]], float]


def slow_log_likelihood(cases: Sequence[Case], design: CaseSeriesDesign) -> Slow:
    told = [(np.array(labels(c, design)), [d - c.start for d in c.events if c.start <= d <= c.end]) for c in cases]

    def height(b: NDArray[np.float64]) -> float:
        total = 0.0
        for x, events in told:
            rate = np.exp(x @ b)
            total += sum(math.log(rate[d] / rate.sum()) for d in events)
        return total

    return height


def simulated(seed: int, people: int, design: CaseSeriesDesign, log_ratio: Sequence[float]) -> list[Case]:
    """People of middle age with one or two exposures, whose events follow the ratios; half a year of observation."""
    rng = np.random.default_rng(seed)
    out = []
    for _ in range(people):
        start = int(rng.integers(10_000, 11_000))
        first = start + int(rng.integers(-20, 160))
        exposures = [(first, first + int(rng.integers(5, 40)))]
        if rng.random() < 0.5:
            exposures.append((first + 70, first + 90))
        bare = Case(start, start + 180, (), tuple(exposures), start - 18_000 + int(rng.integers(-90, 90)))
        x = np.array(labels(bare, design))
        rate = np.exp(x @ np.resize(log_ratio, x.shape[1]))
        number = int(rng.integers(1, 4))
        events = bare.start + rng.choice(len(rate), number, p=rate / rate.sum())
        out.append(Case(bare.start, bare.end, tuple(events.tolist()), bare.exposures, bare.birth))
    return out


@pytest.mark.parametrize(
    "design",
    [
        CaseSeriesDesign((EXPOSED,)),
        CaseSeriesDesign((EXPOSED, BEFORE)),
        CaseSeriesDesign((Window("early", 0, 13, "start"), EXPOSED, BEFORE), age_days=(18_000, 18_090)),
        CaseSeriesDesign((EXPOSED, BEFORE), age_days=(18_060,), seasons=4),
    ],
    ids=["one window", "before exposure", "ages", "ages and seasons"],
)
def test_the_answer_is_where_the_likelihood_of_days_is_largest(design: CaseSeriesDesign) -> None:
    cases = simulated(7, 40, design, [0.8, -0.4, 0.3])
    height, width = slow_log_likelihood(cases, design), len(labels(cases[0], design)[0])
    best = optimize.minimize(lambda b: -height(b), np.zeros(width), method="BFGS", options={"gtol": 1e-6})
    found = case_series(cases, design)
    assert found.converged
    assert found.log_ratio == pytest.approx(best.x[: len(design.windows)], abs=2e-4)
    expected = np.sqrt(np.diag(np.linalg.inv(curvature(height, best.x))))
    assert found.se == pytest.approx(expected[: len(design.windows)], rel=2e-3)


def curvature(height: Slow, at: NDArray[np.float64], step: float = 1e-3) -> NDArray[np.float64]:
    """Minus the second derivatives, by differences."""
    moves = np.eye(len(at)) * step
    return np.array(
        [[-sum(s * t * height(at + s * a + t * b) for s in (1, -1) for t in (1, -1)) for b in moves] for a in moves]
    ) / (4 * step * step)


def test_a_planted_ratio_is_found_again() -> None:
    design = CaseSeriesDesign((EXPOSED, BEFORE), age_days=(18_000,), seasons=4)
    found = case_series(simulated(9, 1200, design, [math.log(2.0), math.log(0.5), 0.2]), design)
    assert found.low[0] < math.log(2.0) < found.high[0]
    assert found.low[1] < math.log(0.5) < found.high[1]
    assert found.se.max() < 0.15


# --------------------------------------------------------------------------------- what must hold of any data

DAYS = st.integers(0, 60)
PEOPLE = st.lists(
    st.builds(
        lambda start, length, events, exposures: Case(
            start, start + length, tuple(events), tuple((min(e), max(e)) for e in exposures)
        ),
        DAYS,
        st.integers(5, 60),
        st.lists(st.integers(0, 120), max_size=3),
        st.lists(st.tuples(st.integers(0, 120), st.integers(0, 120)), max_size=2),
    ),
    max_size=8,
)
some = settings(max_examples=80, deadline=None)
PLAIN = CaseSeriesDesign((EXPOSED, Window("before", -7, -1, "start")))


@some
@given(PEOPLE, st.integers(-400, 4000))
def test_moving_everything_in_time_changes_nothing(people: list[Case], by: int) -> None:
    moved = [
        Case(c.start + by, c.end + by, tuple(e + by for e in c.events), tuple((a + by, b + by) for a, b in c.exposures))
        for c in people
    ]
    one, two = case_series(people, PLAIN), case_series(moved, PLAIN)
    assert one.log_ratio == pytest.approx(two.log_ratio, nan_ok=True)
    assert (one.events.tolist(), one.days.tolist()) == (two.events.tolist(), two.days.tolist())


@some
@given(PEOPLE)
def test_everybody_twice_halves_the_variance(people: list[Case]) -> None:
    once, twice = case_series(people, PLAIN), case_series([*people, *people], PLAIN)
    assert once.log_ratio == pytest.approx(twice.log_ratio, abs=1e-6, nan_ok=True)
    assert once.se == pytest.approx(math.sqrt(2) * twice.se, rel=1e-6, nan_ok=True)


@some
@given(PEOPLE)
def test_people_without_an_event_or_without_contrast_say_nothing(people: list[Case]) -> None:
    idle = [Case(0, 50, (), ((3, 9),)), Case(0, 50, (99,), ((3, 9),)), Case(10, 40, (12,), ())]
    plain, more = case_series(people, PLAIN), case_series([*people, *idle], PLAIN)
    if plain.converged:
        assert more.log_ratio == pytest.approx(plain.log_ratio, abs=1e-6, nan_ok=True)
        assert more.se == pytest.approx(plain.se, rel=1e-6, nan_ok=True)


def test_a_window_without_events_has_a_ratio_of_zero() -> None:
    found = case_series([Case(0, 99, (50,), ((0, 9),))], CaseSeriesDesign((EXPOSED,)))
    assert math.exp(found.log_ratio[0]) == 0
    assert np.isnan([found.se[0], found.low[0], found.high[0]]).all()


def test_events_in_the_window_alone_have_no_largest_likelihood() -> None:
    found = case_series([Case(0, 99, (5,), ((0, 9),))], CaseSeriesDesign((EXPOSED,)))
    assert not found.converged
    assert np.isnan(found.log_ratio).all()


def test_a_window_that_nobody_was_in_is_not_known() -> None:
    found = case_series([Case(0, 99, (5, 50), ((0, 9),))], CaseSeriesDesign((EXPOSED, Window("late", 500, 600))))
    assert found.log_ratio[0] == pytest.approx(math.log((1 / 10) / (1 / 90)))
    assert math.isnan(found.log_ratio[1])


def test_a_person_always_exposed_says_nothing_of_exposure() -> None:
    found = case_series([Case(0, 99, (5,), ((0, 99),))], CaseSeriesDesign((EXPOSED,)))
    assert math.isnan(found.log_ratio[0])


def test_without_cases_nothing_is_known() -> None:
    found = case_series([], CaseSeriesDesign((EXPOSED,), age_days=(18_000,), seasons=4))
    assert (found.cases, found.converged) == (0, False)
    assert np.isnan(found.log_ratio).all()


def test_exposure_outside_the_observation_is_cut_off() -> None:
    found = case_series([Case(100, 199, (105, 150), ((50, 109), (190, 400)))], CaseSeriesDesign((EXPOSED,)))
    assert found.days.tolist() == [10 + 10]


def test_of_windows_that_overlap_the_first_has_the_days() -> None:
    windows = (EXPOSED, Window("before", -30, -1, "start"))
    found = case_series([Case(0, 199, (15, 150), ((10, 19), (40, 49)))], CaseSeriesDesign(windows))
    assert found.days.tolist() == [20, 10 + 20]  # days 0-9 before the first, 20-39 between the two


def test_seasons_are_those_of_the_calendar() -> None:
    # One year, events in the first quarter only: the others are silent, and nothing is left to say of the exposure.
    start = day("2021-01-01")
    case = Case(start, start + 364, (start + 10, start + 80), ((start, start + 19),))
    quarters = case_series([case], CaseSeriesDesign((EXPOSED,), seasons=4))
    assert quarters.log_ratio == pytest.approx([math.log((1 / 20) / (1 / 70))])  # 90 days in the first quarter
    assert case_series([case], CaseSeriesDesign((EXPOSED,))).log_ratio == pytest.approx(
        [math.log((1 / 20) / (1 / 345))]
    )
