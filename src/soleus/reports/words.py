"""How probabilities, intervals, decibans and grades are said, for every report. No clinical number lives here.

A number is never said more precisely than its interval allows: where the 95 % interval is wide it moves in steps of
five points, and nothing is called impossible or certain.
"""

from __future__ import annotations

import datetime
from collections.abc import Sequence
from math import ceil, floor, log2

#: An interval wider than this (in points) is said in steps of five points.
WIDE_POINTS = 12
COARSE, FINE = 5, 1

#: The verbal scale of the IPCC's guidance note on uncertainty (2010, table 1), without its outermost steps.
_SCALE = (
    (0.9, "very likely"),
    (2 / 3, "likely"),
    (1 / 3, "about as likely as not"),
    (0.1, "unlikely"),
    (0.0, "very unlikely"),
)

#: Frequencies below one in ten, as (chance, "1 in n").
_SMALL = (10, 20, 50, 100)

_MONTHS = (
    *("January", "February", "March", "April", "May", "June", "July", "August", "September", "October"),
    *("November", "December"),
)

URGENCY = {
    "clinician": {
        "emergency": "Emergency, act now",
        "same_day": "Same day",
        "urgent": "Urgent",
        "routine": "Routine",
    },
    "patient": {
        "emergency": "Emergency, act now",
        "same_day": "See someone today",
        "urgent": "See someone soon",
        "routine": "At your next visit",
    },
}
TIERS = {
    "clinician": {
        "most_likely": "Most likely",
        "other_likely": "Other likely",
        "do_not_miss": "Do not miss",
        "rare": "Rare",
    },
    "patient": {
        "most_likely": "Most likely",
        "other_likely": "Also possible",
        "do_not_miss": "Worth ruling out",
        "rare": "Rare",
    },
}
#: Sign and word of an item of a criteria set.
TRUTH = {"met": ("✓", "Met"), "not_met": ("✗", "Not met"), "not_assessed": ("?", "Not assessed")}
SET_STATE = {"met": "Met", "not_met": "Not met", "undecided": "Undecided"}
VERDICT = {
    "likely_contributor": "Likely contributor",
    "possible_contributor": "Possible contributor",
    "unlikely": "Unlikely contributor",
    "no_signal_known": "No signal known",
    "not_recognised": "Not recognised",
}
#: What a patient reads where warning signs could not be checked: no names, which alarm and help nobody.
OPEN_SIGNS = "Some warning signs could not be checked: please answer the questions about them, or tell your doctor."
FLAGS = {"clinician": "Red flags", "patient": "Warning signs: read this first"}
CAN_WAIT = "Worth acting on"
PATIENT_VERDICT = {
    "likely_contributor": "Likely to play a part",
    "possible_contributor": "May play a part",
    "unlikely": "Unlikely to play a part",
    "no_signal_known": "No link known",
    "not_recognised": "We do not know this name",
}
WORK_UP = {"do": "Worth doing", "consider": "Consider", "not_worth_doing": "Not worth doing"}
MANAGEMENT = {
    "recommended": "Recommended",
    "consider": "Consider",
    "check_first": "Check first",
    "avoid": "Avoid",
}
PATIENT_MANAGEMENT = {
    "recommended": "Do this",
    "consider": "You could try",
    "check_first": "Ask first",
    "avoid": "Do not use",
}
STATUS = {"present": "Present", "absent": "Absent", "not_known": "Not known"}
REVIEW = {"submitted": "Submitted", "under_review": "Under review", "approved": "Approved"}


def step(low: float, high: float) -> int:
    """The step, in points, to which a chance with this interval is rounded: 5 where it is wide, otherwise 1."""
    return COARSE if (high - low) * 100 > WIDE_POINTS else FINE


def percent(chance: float, low: float, high: float) -> str:
    """``chance`` in percent, no finer than its interval: ``72%``, ``70%``, ``<5%``, ``>99%``."""
    size = step(low, high)
    if chance * 100 < size:
        return f"<{size}%"
    if chance * 100 > 100 - size:
        return f">{100 - size}%"
    return f"{floor(chance * 100 / size + 0.5) * size}%"


def interval(low: float, high: float) -> str:
    """The 95 % interval rounded outwards: ``60 to 85%``, ``<1 to 5%``, ``>99%``."""
    size = step(low, high)
    start, end = floor(low * 100 / size + 1e-9) * size, ceil(high * 100 / size - 1e-9) * size
    if end <= size and start < size:
        return f"<{size}%"
    if start >= 100 - size and end > 100 - size:
        return f">{100 - size}%"
    left = f"<{size}" if start < size else str(start)
    return f"{left} to >{100 - size}%" if end > 100 - size else f"{left} to {end}%"


def frequency(chance: float) -> str:
    """A natural frequency: ``about 7 in 10``, ``about 1 in 20``, ``more than 99 in 100``."""
    if chance < 0.0075:
        return "fewer than 1 in 100"
    if chance < 0.15:
        return f"about 1 in {min(_SMALL, key=lambda n: abs(log2(chance * n)))}"
    if chance > 0.9925:
        return "more than 99 in 100"
    return "more than 9 in 10" if chance >= 0.95 else f"about {floor(chance * 10 + 0.5)} in 10"


def size(chance: float, low: float, high: float, audience: str) -> str:
    """A chance as this audience reads it everywhere: percent for clinicians, a natural frequency for patients."""
    return frequency(chance) if audience == "patient" else percent(chance, low, high)


def tenths(chance: float) -> int:
    """How many of ten: 0.72 gives 7."""
    return floor(chance * 10 + 0.5)


def between(low: float, high: float) -> str:
    """An interval as natural frequencies: ``between 6 and 9 in 10``; '' where tenths cannot show it."""
    start, end = floor(low * 10 + 1e-9), ceil(high * 10 - 1e-9)
    return f"between {start} and {end} in 10" if end - start > 1 else ""


def likelihood_word(chance: float) -> str:
    """``chance`` on a verbal scale of five steps."""
    return next(word for least, word in _SCALE if chance >= least)


def decibans(value: float) -> str:
    """A weight of evidence in whole decibans with its sign: ``+7``, ``−3``, ``±0``."""
    whole = floor(abs(value) + 0.5)
    return f"{'+' if value > 0 else '−'}{whole}" if whole else "±0"


def odds_factor(value: float) -> str:
    """What decibans do to the odds, in one figure: 10 gives ``10 times``, 3 gives ``2 times``."""
    factor = 10 ** (abs(value) / 10)
    if factor < 1.5:
        return "hardly any change"
    size = 10 ** max(0, len(str(floor(factor))) - 1)
    return f"{floor(factor / size + 0.5) * size:,} times"


def date_words(date: str | None) -> str:
    """An ISO date in words: ``21 November 2026``. A text that is not a date comes back as it is; None is ''."""
    try:
        day = datetime.date.fromisoformat(date or "")
    except ValueError:
        return date or ""
    return f"{day.day} {_MONTHS[day.month - 1]} {day.year}"


def setting_words(setting: str) -> str:
    """An id as words: ``primary_care`` gives ``primary care``."""
    return setting.replace("_", " ")


def join(words: Sequence[str], last: str = "and") -> str:
    """``a, b and c``."""
    if len(words) < 2:
        return "".join(words)
    return f"{', '.join(words[:-1])} {last} {words[-1]}"


def ranges(numbers: Sequence[int]) -> list[tuple[int, str]]:
    """Numbers in order, runs of three or more joined: 13, 99, 100, 101 gives [(13, "13"), (99, "99–101")]."""
    runs: list[list[int]] = []
    for n in sorted(set(numbers)):
        if runs and n == runs[-1][-1] + 1:
            runs[-1].append(n)
        else:
            runs.append([n])
    short = [part for run in runs for part in ([run] if len(run) > 2 else [[n] for n in run])]
    return [(run[0], str(run[0]) if len(run) == 1 else f"{run[0]}–{run[-1]}") for run in short]


def duration(seconds: int | None, repeats: int | None) -> str:
    """How long and how often a step is done: ``30 seconds, 3 times``; '' if neither is given."""
    parts = []
    if seconds:
        long = seconds >= 120 and seconds % 60 == 0
        parts.append(f"{seconds // 60} minutes" if long else f"{seconds} seconds")
    if repeats:
        parts.append("once" if repeats == 1 else f"{repeats} times")
    return ", ".join(parts)


def sentence(text: str) -> str:
    """``text`` with a capital letter first and a full stop last."""
    text = text.strip()
    if not text:
        return ""
    return text[0].upper() + (text[1:] if text[-1] == ":" else closed(text)[1:])


def closed(text: str) -> str:
    """``text`` with one full stop last, unless it ends with a question or exclamation mark."""
    text = text.strip()
    return text if text.endswith(("?", "!", "…", "?”", ".”")) else f"{text.rstrip('.')}."


def capital(text: str) -> str:
    """``text`` with a capital letter first."""
    return text[:1].upper() + text[1:]


def review(status: str, told: str) -> tuple[str, str]:
    """The review status as a word with a full stop, '' where the sentence begins with it, and the sentence."""
    word = REVIEW.get(status, status)
    return ("" if told.startswith(word) else f"{word}."), sentence(told)


def lower_first(text: str) -> str:
    """Small initial inside a sentence, but not of an abbreviation (DVT) or a single letter."""
    single = text[1:2] in ("", " ", "-") and not text.startswith("A ")
    return text if single or text[1:2].isupper() else text[:1].lower() + text[1:]


def telephone(number: str) -> str | None:
    """The digits of a telephone number for a ``tel:`` link; None if ``number`` is not one number."""
    digits = number.replace(" ", "").replace("-", "")
    return digits if digits.lstrip("+").isdigit() else None
