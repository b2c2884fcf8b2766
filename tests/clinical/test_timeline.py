"""Durations in words and dates that may lack a day or month."""

from __future__ import annotations

import pytest

from soleus.clinical.timeline import day, days_between, duration_days
from soleus.errors import InvalidValue


@pytest.mark.parametrize(
    ("words", "days"),
    [
        ("3 weeks", 21),
        ("3weeks", 21),
        ("about two years", 2 * 365.25),
        ("for the last ten days", 10),
        ("a few weeks", 21),
        ("several nights", 4),
        ("a couple of months", 2 * 30.44),
        ("half a year", 365.25 / 2),
        ("1.5 years", 1.5 * 365.25),
        ("2-3 weeks", 21),
        ("36 hours", 1.5),
        ("a year and a half", 365.25),
        ("more than 5 long years", 5 * 365.25),
    ],
)
def test_a_duration_is_the_number_next_to_its_unit(words: str, days: float) -> None:
    assert duration_days(words, "duration") == pytest.approx(days)


@pytest.mark.parametrize("words", ["", "long", "weeks", "3", "since I was young", "3 fortnights"])
def test_words_without_number_or_unit_are_an_error(words: str) -> None:
    with pytest.raises(InvalidValue):
        duration_days(words, "duration")


@pytest.mark.parametrize(
    ("start", "end", "days"),
    [
        ("2026-11-01", "2026-11-21", 20),
        ("2026-11", "2026-11-21", 20),
        ("2026", "2026-01-01", 0),
        ("2026-11-20", "2026-11", 0),
    ],
)
def test_days_between_dates_of_any_precision(start: str, end: str, days: float) -> None:
    assert days_between(start, end, "onset") == days


def test_a_start_after_the_end_is_an_error() -> None:
    with pytest.raises(InvalidValue):
        days_between("2026-11-22", "2026-11-21", "onset")


@pytest.mark.parametrize("date", ["2026-02-30", "2026-13-01", "2026-00-10"])
def test_a_date_that_does_not_exist_is_an_error(date: str) -> None:
    with pytest.raises(InvalidValue):
        day(date, "onset")
