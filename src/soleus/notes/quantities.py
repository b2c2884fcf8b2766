"""Ages, spans of time and results of tests in a text."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from soleus.notes.text import Token

_DAYS = {
    "second": 1 / 86_400, "sec": 1 / 86_400, "minute": 1 / 1_440, "hour": 1 / 24, "hr": 1 / 24, "day": 1.0, "night": 1.0,
    "week": 7.0, "fortnight": 14.0, "month": 30.5, "year": 365.25, "decade": 3652.5,
}  # fmt: skip
_NUMBERS = {
    "a": 1.0, "an": 1.0, "one": 1.0, "two": 2.0, "three": 3.0, "four": 4.0, "five": 5.0, "six": 6.0, "seven": 7.0,
    "eight": 8.0, "nine": 9.0, "ten": 10.0, "eleven": 11.0, "twelve": 12.0, "fifteen": 15.0, "twenty": 20.0, "thirty": 30.0,
    "forty": 40.0, "fifty": 50.0, "sixty": 60.0, "seventy": 70.0, "eighty": 80.0, "ninety": 90.0,
    "several": 4.0, "few": 3.0, "couple": 2.0, "some": 3.0, "many": 5.0, "half": 0.5, "thirteen": 13.0, "fourteen": 14.0,
    "sixteen": 16.0, "seventeen": 17.0, "eighteen": 18.0, "nineteen": 19.0, "this": 1.0, "last": 1.0, "past": 1.0,
}  # fmt: skip
#: what clinicians in the United Kingdom write: 3/12 is three months
_SHORT_UNITS = {"7": 7.0 / 7, "52": 7.0, "12": 30.44, "24": 1 / 24}


@dataclass(frozen=True, slots=True)
class Span:
    """A length of time at tokens [first, last], in days."""

    first: int
    last: int
    days: float
    plural: bool = False


def number_at(tokens: Sequence[Token], n: int) -> tuple[float, int] | None:
    """The number that begins at a token and the token after it: 3, 2.5, twenty four, a couple of."""
    if n >= len(tokens):
        return None
    word = tokens[n].word
    if word[0].isdigit():
        return (
            (
                float(
                    word.replace(",", ".")
                    if word.count(",") + word.count(".") == 1 and len(word.split(",")[-1]) != 3
                    else word.replace(",", "")
                ),
                n + 1,
            )
            if re.fullmatch(r"[0-9]+([.,][0-9]+)?", word)
            else None
        )
    if word not in _NUMBERS:
        return None
    value, after = _NUMBERS[word], n + 1
    if value >= 20 and after < len(tokens) and tokens[after].word == "-":
        after += 1
    if (
        value >= 20
        and after < len(tokens)
        and 1 <= _NUMBERS.get(tokens[after].word, 0) < 10
        and tokens[after].word not in ("a", "an", "few", "some")
    ):
        return value + _NUMBERS[tokens[after].word], after + 1
    if (
        word in ("a", "last", "past", "this")
        and after < len(tokens)
        and tokens[after].word in ("few", "couple", "half", "several", "one", "two", "three", "four", "five", "six")
    ):
        inner = number_at(tokens, after)
        if inner:
            value, after = inner
    elif word in ("last", "past", "this") and after < len(tokens) and tokens[after].word[0].isdigit():
        return number_at(tokens, after)
    if after < len(tokens) and tokens[after].word == "of":
        after += 1
    if word == "half" and after < len(tokens) and tokens[after].word in ("a", "an"):
        after += 1
    return value, after


def spans(tokens: Sequence[Token]) -> Iterator[Span]:
    """Every length of time in a text: "3 years", "2-3 weeks", "a couple of months", "3/12", "a year and a half"."""
    n = 0
    while n < len(tokens):
        found = _span(tokens, n)
        if found is None:
            n += 1
            continue
        yield found
        n = found.last + 1


def _span(tokens: Sequence[Token], n: int) -> Span | None:
    short = _short(tokens, n)
    if short is not None:
        return short
    first = number_at(tokens, n)
    if first is None:
        return _bare(tokens, n)
    value, place = first
    sentence = tokens[n].sentence
    if place + 1 < len(tokens) and tokens[place].word in ("-", "to", "or") and (high := number_at(tokens, place + 1)):
        value, place = (value + high[0]) / 2, high[1]
    while place < len(tokens) and tokens[place].word in ("-", "+", "or", "so", "long", "whole", "good", "solid"):
        place += 1
    unit = _unit(tokens, place)
    if unit is None or tokens[place].sentence != sentence:
        return None
    last = place
    if [t.word for t in tokens[place + 1 : place + 4]] == ["and", "a", "half"]:
        value, last = value + 0.5, place + 3
    after = [t.word for t in tokens[last + 1 : last + 3]]
    if after[:1] == ["old"] or after == ["-", "old"] or after == ["of", "age"]:
        return None
    return Span(n, last, value * unit, tokens[place].word.endswith("s"))


def _short(tokens: Sequence[Token], n: int) -> Span | None:
    """3/7, 2/52, 6/12."""
    if (
        n + 2 < len(tokens)
        and tokens[n + 1].word == "/"
        and tokens[n + 2].word in _SHORT_UNITS
        and tokens[n].word.isdigit()
    ):
        value = float(tokens[n].word)
        touching = tokens[n].end == tokens[n + 1].start and tokens[n + 1].end == tokens[n + 2].start
        before = tokens[n - 1].word if n else ""
        if touching and value <= 60 and before != "/" and not (n + 3 < len(tokens) and tokens[n + 3].word == "/"):
            return Span(n, n + 2, value * _SHORT_UNITS[tokens[n + 2].word], True)
    return None


def _bare(tokens: Sequence[Token], n: int) -> Span | None:
    """Units without a number: "for years", "weeks of", "over months"."""
    word = tokens[n].word
    if word in ("years", "decades", "months", "weeks", "days", "hours", "minutes", "seconds") and n:
        return Span(
            n,
            n,
            {
                "years": 5.0,
                "decades": 20.0,
                "months": 3.0,
                "weeks": 3.0,
                "days": 3.0,
                "hours": 3.0,
                "minutes": 3.0,
                "seconds": 10.0,
            }[word]
            * (365.25 if word == "decades" else _DAYS[word[:-1]])
            / (1 if word != "decades" else 20.0 / 20.0),
            True,
        )
    return None


def _unit(tokens: Sequence[Token], n: int) -> float | None:
    if n >= len(tokens):
        return None
    word = tokens[n].word
    if word in ("h",):
        return _DAYS["hour"]
    return _DAYS.get(word) or _DAYS.get(word.removesuffix("s"))


# Repetitions are bounded: a long run of blanks or hyphens must not be tried from each of its places.
_AGE = (
    re.compile(r"\b(\d{1,3})\s{0,6}[- ]?\s{0,6}(?:years?|yrs?|y)\s{0,6}[-./ ]?\s{0,6}(?:olds?|o)\b"),
    re.compile(r"\b(\d{1,3})\s{0,6}[- ]?(?:years?|yrs?)[- ]of[- ]age"),
    re.compile(r"\b(\d{1,3})\s{0,6}[- ]?\s{0,6}(?:yo|y/o|yrs|yr|y\.o\.?)\b"),
    re.compile(r"\b(\d{1,3})\s{0,6}/?\s{0,6}[- ]?(?:m|f|male|female|woman|man|lady|gentleman|girl|boy|year[- ]olds?)\b(?!\s{0,6}(?:/|mg|g/))"),
    re.compile(r"\b(?:[mf]|male|female|woman|man|lady|girl|boy),?\s{0,6}/?\s{0,6}(?:aged?\s{0,6})?(\d{1,3})\b(?!\s{0,6}[/%.]|\s{0,6}(?:mg|kg|cm|mm|days|weeks|months|year))"),
    re.compile(r"\b(\d{1,3})\s?y\b(?!\s{0,6}(?:ago|hx|history))"),
    re.compile(r"(?:^|\n|\bpt|patient|re:?)\s{0,6}(?:\w{1,30} \w{1,30},\s{0,6})?(\d{2})\s{0,6},"),
    re.compile(r"\baged?\s{0,6}(?:of|:|is|at)?\s{0,6}(\d{1,3})\b"),
    re.compile(r"\b(?:i am|i'm|im|i m|she is|he is|she's|he's|who is|now|i will be|turning|just turned|i have|have)\s{1,6}(\d{1,3})\b(?=\s{0,6}(?:,|\.|and|years?(?! (?:ago|since|of (?!age)))|yrs?|now|year|[mf]\b|male|female)|\s{0,6}$)"),
    re.compile(r"\b(?:woman|man|lady|gentleman|girl|boy|patient|male|female|child)\s{1,6}(?:of|in (?:his|her)|aged)\s{1,6}(\d{1,3})\b"),
    re.compile(r"^\W{0,20}(?:an?|this|the|our|my)?\s{0,6}(?:[a-z-]{1,30}\s{1,6}){1,4}of\s{1,6}(\d{1,2})\b(?!\s{0,6}(?:[/%]|(?:weeks?|months?|days?|hours?|minutes?|mg|g|ml)\b))"),
    re.compile(r",\s{0,6}(\d{2})(?:\s{0,6}(?:years?|yrs?|y))?\s{0,6}(?=[,;)\n]|\.\s)"),
    re.compile(r"\b(\d{2})(?:\s{0,6}(?:years?|yrs?))?\s{0,6},\s{0,6}(?=male|female|man|woman|m\b|f\b|bloke|lad|girl)"),
    re.compile(r"\b(?:man|woman|male|female|girl|boy|bloke|lad|guy),\s{0,6}(\d{2})\s{0,6}(?:years?|yrs?|,|\.)"),
    re.compile(r"\b(?:i'm|im|i am|nan|gran|mum|mom|dad|mother|father|husband|wife|grandad|grandma|she|he)\s{1,6}(?:is\s{1,6})?(\d{2})\b(?=\s{0,6}(?:an|n|now|this|next|and|but|,|\.|years?|yrs?|$))"),
    re.compile(r"\b(?:i'm|im|i am)\s{1,6}(\d{2})\b(?!\s{0,6}(?:weeks?|wks?|months?|days?|stone|kg|st\b|lbs?|cm|%|/|miles|minutes|mins|hours|units|years? (?:in|into|post|after|since)))"),
    re.compile(r"(?<![a-z0-9])[mf](\d{2})\b"),
    re.compile(r"^[^.!?\n]{0,60}\b(?:im|i'm|i am|its|it's|it is|name is|this is|here is)\s{1,6}(?:mrs |mr |miss |ms )?(?:[a-z]{1,30}\s){1,2}(\d{2})\b(?!\s{0,6}(?:weeks?|months?|days?|minutes?|mins?|hours?|times?|/))"),
    re.compile(r"\b(?:i|he|she)\s{1,6}(?:have|has)\s{1,6}(\d{2})\s{1,6}years\b(?! (?:of|ago|now|since))"),
    re.compile(r"\b(?:man|woman|male|female|bloke|guy|lady|girl|boy)\s{1,6}(?:of\s{1,6})?(\d{2})\b(?!\s{0,6}(?:weeks?|months?|days?|minutes?|/|%|mg|kg))"),
    re.compile(r"\b(?:son|daughter|boy|girl|brother|sister|husband|wife|partner|mother|father|mum|mom|dad|nan|gran)\s{1,6}(?:[a-z]{1,30}\s)?(?:is|who is|,)\s{0,6}(\d{1,2})\b(?!\s{0,6}(?:weeks?|months?|days?|minutes?|kg|stone|/))"),
    re.compile(r"\bage\s{0,6}:?\s{0,6}(\d{1,3})\b"),
    re.compile(r"\bi was (\d{2})\b(?=\s{0,6}(?:,|\.|and|when it|when this|last|that (?:summer|winter|year|spring|autumn)))"),
)  # fmt: skip
_MONTHS_OLD = re.compile(r"\b(\d{1,2})\s{0,6}[- ]?\s{0,6}(?:months?|mths?|mo)\s{0,6}[- ]?\s{0,6}olds?\b")
_WEEKS_OLD = re.compile(
    r"\b(\d{1,2}|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve)[- ]?\s{0,6}(weeks?|wks?|days?)[- ]?\s{0,6}(?:olds?\b|of age\b|of life\b|today\b)"
)
_TENS = {"twenty": 20, "thirty": 30, "forty": 40, "fifty": 50, "sixty": 60, "seventy": 70, "eighty": 80, "ninety": 90}
_SAID = re.compile(
    r"\b(?:she is|he is|she's|he's|aged|(?:daughter|son|boy|girl|child),?(?: of| is)?|who is|just turned) "
    r"(two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|thirteen|fourteen|fifteen|sixteen|seventeen)\b(?! (?:times|years ago|weeks|months|days|hours|minutes))"
)
_OF_TENS = re.compile(
    r"\b(?:i am|i'm|im|she is|he is|aged|(?:man|woman|lady|gentleman) of) "
    r"(twenty|thirty|forty|fifty|sixty|seventy|eighty|ninety)(?:[- ](one|two|three|four|five|six|seven|eight|nine))?\b(?! (?:per cent|percent|miles|minutes|hours|pounds))"
)
_SPELLED = re.compile(
    r"\b(?:(twenty|thirty|forty|fifty|sixty|seventy|eighty|ninety)(?:[- ](one|two|three|four|five|six|seven|eight|nine))?"
    r"|(one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|thirteen|fourteen|fifteen|sixteen|seventeen|eighteen|nineteen))"
    r"[- ]years?[- ]old\b"
)


def ages(plain: str) -> Iterator[tuple[float, int, int]]:
    """(age in years, start, end) of each age in a folded text, the first the likeliest to be the patient's."""
    found: list[tuple[int, int, float]] = []
    for rank, pattern in enumerate(_AGE):
        for m in pattern.finditer(plain):
            value = float(m.group(1))
            if value <= 112 and not (rank in (3, 4) and value < 1):
                found.append((m.start(), m.end(), value))
    for m in _MONTHS_OLD.finditer(plain):
        found.append((m.start(), m.end(), float(m.group(1)) / 12))
    for m in _WEEKS_OLD.finditer(plain):
        number = float(m.group(1)) if m.group(1).isdigit() else _NUMBERS[m.group(1)]
        found.append((m.start(), m.end(), round(number * (7 if m.group(2)[0] == "w" else 1) / 365.25, 3)))
    for m in _SPELLED.finditer(plain):
        tens, ones, small = m.groups()
        value = _TENS[tens] + _NUMBERS.get(ones or "", 0.0) if tens else _NUMBERS[small]
        found.append((m.start(), m.end(), value))
    for m in _OF_TENS.finditer(plain):
        found.append((m.start(1), m.end(), _TENS[m.group(1)] + _NUMBERS.get(m.group(2) or "", 0.0)))
    for m in _SAID.finditer(plain):
        found.append((m.start(), m.end(), _NUMBERS[m.group(1)]))
    for start, end, value in sorted(found):
        yield value, start, end
