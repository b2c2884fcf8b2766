"""How numbers are said."""

from __future__ import annotations

import pytest

from soleus.reports import words


@pytest.mark.parametrize(
    ("chance", "low", "high", "said"),
    [
        (0.72, 0.70, 0.74, "72%"),  # four points wide: steps of one
        (0.72, 0.55, 0.85, "70%"),  # thirty points wide: steps of five
        (0.73, 0.55, 0.85, "75%"),
        (0.02, 0.00, 0.30, "<5%"),
        (0.04, 0.00, 0.30, "<5%"),  # not rounded up to 5
        (0.004, 0.001, 0.01, "<1%"),
        (0.98, 0.60, 1.00, ">95%"),
        (0.996, 0.99, 1.00, ">99%"),
    ],
)
def test_a_chance_is_no_finer_than_its_interval(chance: float, low: float, high: float, said: str) -> None:
    assert words.percent(chance, low, high) == said


@pytest.mark.parametrize(
    ("low", "high", "said"),
    [
        (0.61, 0.83, "60 to 85%"),  # outwards
        (0.031, 0.069, "3 to 7%"),
        (0.001, 0.04, "<1 to 4%"),
        (0.71, 0.97, "70 to >95%"),
        (0.0, 0.004, "<1%"),
        (0.995, 1.0, ">99%"),
    ],
)
def test_an_interval_is_rounded_outwards(low: float, high: float, said: str) -> None:
    assert words.interval(low, high) == said


@pytest.mark.parametrize("points", range(101))
def test_nothing_is_impossible_or_certain(points: int) -> None:
    said = words.percent(points / 100, points / 100, points / 100)
    assert said not in {"0%", "100%"}


@pytest.mark.parametrize(
    ("chance", "said"),
    [
        (0.72, "about 7 in 10"),
        (0.12, "about 1 in 10"),
        (0.05, "about 1 in 20"),
        (0.03, "about 1 in 50"),
        (0.01, "about 1 in 100"),
        (0.001, "fewer than 1 in 100"),
        (0.96, "more than 9 in 10"),
        (0.999, "more than 99 in 100"),
    ],
)
def test_natural_frequencies(chance: float, said: str) -> None:
    assert words.frequency(chance) == said


def test_decibans_are_whole_and_signed() -> None:
    assert [words.decibans(x) for x in (11.3, -2.6, 0.4, -0.4)] == ["+11", "−3", "±0", "±0"]
    assert words.odds_factor(10) == "10 times"  # 10 ** (10 / 10)
    assert words.odds_factor(-3) == "2 times"  # 10 ** (3 / 10) = 1.995
    assert words.odds_factor(1) == "hardly any change"  # 10 ** (1 / 10) = 1.26


def test_runs_of_references_are_joined() -> None:
    assert words.ranges((13, 99, 100, 101, 7, 8)) == [(7, "7"), (8, "8"), (13, "13"), (99, "99–101")]


def test_small_words() -> None:
    assert words.date_words("2026-11-21") == "21 November 2026"
    assert words.date_words("last week") == "last week"
    assert words.date_words(None) == ""
    assert words.join(["a", "b", "c"]) == "a, b and c"
    assert words.duration(30, 3) == "30 seconds, 3 times"
    assert words.duration(120, None) == "2 minutes"
    assert words.duration(None, None) == ""
    assert words.sentence("stretch it") == "Stretch it."
    assert words.sentence("See a doctor..") == "See a doctor."
    assert words.closed("yes to “is it hot?”") == "yes to “is it hot?”"
    assert words.lower_first("A warm bath") == "a warm bath"
    assert words.telephone("0800 123 456") == "0800123456"
    assert words.telephone("999 or 112") is None
    assert words.between(0.62, 0.88) == "between 6 and 9 in 10"
    assert words.between(0.96, 0.99) == ""  # tenths cannot show it


def test_likelihood_words_cover_the_scale() -> None:
    assert [words.likelihood_word(x) for x in (1.0, 0.7, 0.5, 0.2, 0.0)] == [
        *("very likely", "likely", "about as likely as not", "unlikely", "very unlikely")
    ]
