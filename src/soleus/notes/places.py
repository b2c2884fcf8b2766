"""Where the complaint is and on which side: places and sides near words that tell of a complaint."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from soleus.notes.context import Context, Hold
from soleus.notes.patterns import Match

_NEAR = 8  # words between a place and a complaint
_PAIRS = 3  # pairs of the two in neighbouring sentences that tell of a leg complaint as well


@dataclass(frozen=True, slots=True)
class Place:
    what: str  # site or side
    state: str
    first: int
    last: int


def read(
    context: Context, complaints: Sequence[Match], told: Sequence[Match], not_places: frozenset[str]
) -> list[Place]:
    """The sites and the side that most of the complaint is told of."""
    tokens = context.tokens
    felt = [m for m in complaints if not context.of(m) & (Hold.NEGATED | Hold.OTHER | Hold.SUPPOSED | Hold.PAST)]
    by_sentence: dict[int, list[Match]] = {}
    for m in felt:
        by_sentence.setdefault(tokens[m.first].sentence, []).append(m)
    out = _sites(context, by_sentence, [m for m in told if m.label.id == "site"], not_places)  # type: ignore[attr-defined]
    out += _side(context, by_sentence, [m for m in told if m.label.id == "side"])  # type: ignore[attr-defined]
    return out


def told_of_legs(context: Context, complaints: Sequence[Match], told: Sequence[Match]) -> bool:
    """Whether a complaint is told of a leg: a word for one near a word for the other, said of the person as it is now."""
    tokens = context.tokens
    felt = [m for m in complaints if not context.of(m) & (Hold.NEGATED | Hold.OTHER | Hold.SUPPOSED | Hold.PAST)]
    legs = [m for m in told if m.label.id in ("site", "leg")]  # type: ignore[attr-defined]
    real = [m for m in legs if not context.hold[m.first] & (Hold.OTHER | Hold.SUPPOSED | Hold.NEGATED)]
    by_sentence: dict[int, list[Match]] = {}
    for c in felt:
        by_sentence.setdefault(tokens[c.first].sentence, []).append(c)
    near = 0
    for m in real:
        sentence = tokens[m.first].sentence
        if any(_gap(c, m) <= _NEAR for c in by_sentence.get(sentence, ())):
            return True
        near += sum(len(by_sentence.get(sentence + step, ())) for step in (-1, 0, 1))
    return near >= _PAIRS


def _votes(
    context: Context, by_sentence: dict[int, list[Match]], told: Sequence[Match]
) -> dict[str, list[tuple[float, Match]]]:
    tokens = context.tokens
    votes: dict[str, list[tuple[float, Match]]] = {}
    for match in _longest(told):
        if context.hold[match.first] & (Hold.OTHER | Hold.SUPPOSED | Hold.PAST | Hold.NEGATED):
            continue
        near = by_sentence.get(tokens[match.first].sentence, ())
        gap = min((_gap(match, c) for c in near), default=99)
        if gap > _NEAR:
            continue
        weight = 1.0 if context.section[match.first] == "examination" else 2.0
        weight += 1.0 if gap <= 2 else 0.0
        weight *= 1.5 if match.first < len(tokens) / 3 else 1.0
        votes.setdefault(match.label.state, []).append((weight, match))  # type: ignore[attr-defined]
    return votes


def _longest(told: Sequence[Match]) -> list[Match]:
    return [
        m
        for m in told
        if not any(
            o is not m and o.first <= m.first and m.last <= o.last and (o.last - o.first) > (m.last - m.first)
            for o in told
        )
    ]


def _gap(a: Match, b: Match) -> int:
    return max(b.first - a.last, a.first - b.last, 0)


def _sites(
    context: Context, by_sentence: dict[int, list[Match]], told: Sequence[Match], not_places: frozenset[str]
) -> list[Place]:
    tokens = context.tokens
    real = [m for m in told if not (m.last + 1 < len(tokens) and tokens[m.last + 1].word in not_places)]
    votes = _votes(context, by_sentence, real)
    if not votes:
        return []
    total = {state: sum(w for w, _ in found) for state, found in votes.items()}
    ranked = sorted(total, key=lambda s: (-total[s], votes[s][0][1].first))
    kept = [ranked[0]] + [s for s in ranked[1:2] if total[s] > 0.8 * total[ranked[0]]]
    return [Place("site", s, votes[s][0][1].first, votes[s][0][1].last) for s in kept]


def _side(context: Context, by_sentence: dict[int, list[Match]], told: Sequence[Match]) -> list[Place]:
    votes = _votes(context, by_sentence, told)
    if "either_leg" in votes:
        match = votes["either_leg"][0][1]
        return [Place("side", "either_leg", match.first, match.last)]
    if not votes:
        return []
    total = {state: sum(w for w, _ in found) for state, found in votes.items()}
    best = max(total, key=lambda s: (total[s], -votes[s][0][1].first))
    match = votes[best][0][1]
    return [Place("side", best, match.first, match.last)]
