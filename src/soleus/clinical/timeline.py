"""Dates that may lack a day or month, and durations in words."""

from __future__ import annotations

import datetime
import re

from soleus.errors import InvalidValue

_DAYS = {"hour": 1 / 24, "day": 1.0, "night": 1.0, "week": 7.0, "month": 30.44, "year": 365.25}
_LIFE = 120 * 365.25  # days
_WORDS = {"a": 1.0, "an": 1.0, "one": 1.0, "two": 2.0, "three": 3.0, "four": 4.0, "five": 5.0, "six": 6.0,
          "seven": 7.0, "eight": 8.0, "nine": 9.0, "ten": 10.0, "twelve": 12.0, "several": 4.0, "few": 3.0,
          "couple": 2.0}  # fmt: skip


def day(text: str, where: str) -> datetime.date:
    """A date; a missing month or day is taken as the first."""
    try:
        parts = [int(p) for p in text.split("-")] + [1, 1]
        return datetime.date(*parts[:3])
    except ValueError:
        raise InvalidValue(where, "a date that does not exist", "a date like 2026-11-21", "Correct it.") from None


def days_between(start: str, end: str, where: str) -> float:
    """Days from ``start`` to ``end``; a start after the end is an error."""
    gap = (day(end, where) - day(start, where)).days
    # A day known only by month or year may lie "before" or "after" a day inside it.
    if gap < 0 and not end.startswith(start) and not start.startswith(end):
        raise InvalidValue(where, "a date after as_of", "a date in the past", "Correct the date or as_of.")
    return float(max(gap, 0))


def duration_days(text: str, where: str) -> float:
    """Days in words such as "3 weeks", "about two years", "a few months", "36 hours": the number next to the unit."""
    words = re.findall(r"\d+(?:\.\d+)?|[a-z]+", text.lower())
    for n, word in enumerate(words):
        length = _DAYS.get(word.removesuffix("s"))
        number = next((x for w in reversed(words[max(n - 3, 0) : n]) if (x := _number(w)) is not None), None)
        if length is not None and number is not None:
            return _lived(number * length / (2 if words[max(n - 2, 0) : n] == ["half", "a"] else 1), where)
    raise InvalidValue(where, "a duration that cannot be read", "a number and a unit, like 3 weeks", "Rewrite it.")


def _lived(days: float, where: str) -> float:
    if days > _LIFE:
        raise InvalidValue(where, "a duration longer than a life", "a number and a unit, like 3 weeks", "Correct it.")
    return days


def _number(word: str) -> float | None:
    return float(word) if word[0].isdigit() else _WORDS.get(word)
