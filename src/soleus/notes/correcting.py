"""A statement of a note put right by one word: a state, a number, present, absent or uncertain."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import get_args

from soleus.clinical.case import Sex
from soleus.errors import InvalidValue
from soleus.notes.reading import Reading, State, Understood
from soleus.reasoning.compiled import Compiled

STATES: tuple[State, ...] = ("present", "absent", "uncertain")
SEXES: tuple[str, ...] = get_args(Sex)


def changed(reading: Reading, number: int, word: str, compiled: Compiled, where: str = "correction") -> Reading:
    """The reading with statement ``number`` (from 1) as ``word`` says: a state of its finding, a number, or one of
    `STATES`. Raises `UnknownName` for a number that is none, `InvalidValue` for a word that does not fit.
    """
    if not 1 <= number <= len(reading.understood):
        return reading.changed(number, "present")  # raises, naming the numbers there are
    u = reading.understood[number - 1]
    finding = compiled.findings.get(u.finding)
    if u.finding == "sex":
        return reading.changed(number, "present", _one_of(word, SEXES, where))
    if is_number(u, compiled):
        return reading.changed(number, "present", _number(word, where))
    if finding is None:
        return reading.changed(number, _state(word, STATES, where))
    ids = [s.id for s in finding.states]
    if word in ids:
        return reading.changed(number, "absent" if word == finding.absent else "present", word)
    chosen = _state(word, (*STATES, *ids), where)
    if chosen == "absent":
        if finding.absent is None:
            raise InvalidValue(where, repr(word), f"one of {', '.join(ids)}", "Name a state.")
        return reading.changed(number, "absent", finding.absent)
    value = u.value if u.value != finding.absent else next((i for i in ids if i != finding.absent), u.value)
    return reading.changed(number, chosen, value)


def is_number(u: Understood, compiled: Compiled) -> bool:
    """Whether a statement is put right by a number."""
    finding = compiled.findings.get(u.finding)
    return (u.kind == "person" and u.finding != "sex") or (finding is not None and finding.kind == "numeric")


def words_for(u: Understood, compiled: Compiled) -> tuple[str, ...]:
    """The words that can put a statement right, as `changed` takes them; none for one that takes a number."""
    finding = compiled.findings.get(u.finding)
    if u.finding == "sex":
        return SEXES
    if is_number(u, compiled):
        return ()
    return (*(s.id for s in finding.states), "uncertain") if finding is not None else STATES


def _number(word: str, where: str) -> float:
    try:
        number = float(word)
    except ValueError:
        number = math.nan
    if not math.isfinite(number):
        raise InvalidValue(where, repr(word), "a number", "Strike the statement if it is wrong as a whole.")
    return number


def _state(word: str, known: Sequence[str], where: str) -> State:
    return _one_of(word, known, where)  # type: ignore[return-value]


def _one_of(word: str, known: Sequence[str], where: str) -> str:
    if word not in known:
        raise InvalidValue(where, repr(word), f"one of {', '.join(known)}", "Name one of them.")
    return word
