"""What somebody feels, in their own words, as a case: the explanations that it speaks for, and what must not wait."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, replace

from soleus.clinical.rules import leaves
from soleus.errors import SoleusError
from soleus.knowledge.schema.safety import RedFlag
from soleus.notes.case import case_of
from soleus.notes.reading import Reading, Understood, read
from soleus.reasoning.compiled import Compiled
from soleus.reasoning.intake import Presentation, take_in
from soleus.reasoning.judging import Judged
from soleus.reasoning.medicines import medicine_index
from soleus.reasoning.questions import fired_flags

MOST = 8  # explanations that are named
_SURE = 0.4  # statements that were read right less often than this steer no search
_LEAST = 0.04  # of the first: what speaks less is not named
RATE = 0.4  # how far the rate of an explanation counts beside what the words say: a rare one that fits is wanted here
_REST = "other"  # the explanation that stands for everything else has nothing to read
_PLACES = ("site", "side")


@dataclass(frozen=True)
class Told:
    """What was understood. ``findings``: finding -> state; ``share``: of the words, from 0 to 1.

    ``fits``: explanation -> how well it fits against the one that fits best (1), the best first. ``dangers``: warning
    signs that the words tell of or come near to, which must not wait.
    """

    findings: dict[str, str]
    share: float
    fits: dict[str, float]
    dangers: tuple[RedFlag, ...] = ()


NOTHING = Told({}, 0.0, {})


def told_by(compiled: Compiled, words: str) -> Told:
    """What the words tell of a complaint; `NOTHING` where they tell of none, or of what cannot be."""
    reading = read(words, compiled)
    kept = tuple(u for u in reading.understood if u.used and u.state in ("present", "absent") and u.confidence >= _SURE)
    told = {u.finding: str(u.value) for u in kept if u.kind == "finding"}
    if not told.keys() - set(_PLACES):
        return NOTHING
    try:
        judged = Judged(_presented(compiled, replace(reading, understood=kept)))
        fits = _fits(compiled, judged.probability)
    except SoleusError:  # words that cannot all be true of one leg
        return NOTHING
    fired = tuple(f.flag for f in fired_flags(judged) if f.flag.urgency in ("emergency", "same_day"))
    return Told(told, _share(words, kept), fits, fired or _nearest(compiled, next(iter(fits)), told))


def _nearest(compiled: Compiled, explanation: str, told: Collection[str]) -> tuple[RedFlag, ...]:
    """Where what fits best is an emergency: that sign of it which asks for most of what was told.

    A few words seldom make a sign complete, and somebody whose leg has gone cold should not have to find more.
    """
    if compiled.explanations[explanation].acuity != "emergency":
        return ()
    flags = [f for f in compiled.knowledge.all(RedFlag) if explanation in f.suggests and f.urgency == "emergency"]
    asked = [(len({leaf.get("finding") for leaf in leaves(f.when)} & set(told)), f) for f in flags]
    most, nearest = max(asked, key=lambda pair: pair[0], default=(0, None))
    return (nearest,) if nearest and most else ()


def _presented(compiled: Compiled, reading: Reading) -> Presentation:
    return take_in(case_of(reading, compiled, id="search"), compiled, medicine_index(compiled.knowledge))[0]


def _fits(compiled: Compiled, probability: dict[str, float]) -> dict[str, float]:
    """The posterior with most of the weight of the rates taken out again."""
    before = compiled.once(_before)
    fits = {e: p / before[e] ** (1 - RATE) for e, p in probability.items() if e != _REST and before[e] > 0}
    ranked = sorted(fits.items(), key=lambda pair: (-pair[1], pair[0]))[:MOST]
    best = ranked[0][1]
    return {e: fit / best for e, fit in ranked if fit >= _LEAST * best}


def _before(compiled: Compiled) -> dict[str, float]:
    """The probability of each explanation before anything is told."""
    nothing = case_of(Reading("", ()), compiled, id="search")
    return Judged(take_in(nothing, compiled, medicine_index(compiled.knowledge), empty=True)[0]).probability


def _share(words: str, kept: tuple[Understood, ...]) -> float:
    """The share of the letters that stand in one of the statements."""
    covered = {n for u in kept for n in range(*u.span) if words[n].isalnum()}
    return len(covered) / max(sum(c.isalnum() for c in words), 1)
