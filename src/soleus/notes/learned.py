"""What was learnt from annotated texts: what a clause tells, where no wording stands for it, and how far to trust a wording.

Two small models, fitted by `tools/train_notes.py` to the open texts and kept in ``wordings/learned.npz``:

- A clause is a bag of word stems, pairs of stems, the words of its neighbours and what the wordings read in it. One layer of
  rectified units, then one logistic output for each statement (finding=state): h = max(0, xE + b), p = 1/(1 + exp(-(hW + c))).
- A statement of a text is weighed by a logistic regression over what speaks for it: the clause that tells it most surely, the
  wordings that tell it, how often these were right, what speaks for the opposite. Its probability is the confidence that is
  shown.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from importlib.resources import files
from typing import Any

import numpy as np

from soleus.notes.context import Context, Hold
from soleus.notes.text import Token

_CUT = frozenset({",", "and", "but", ";", ":", "(", ")", "-", "then", "which", "because", "though", "although", "while", "so", "or"})  # fmt: skip
_SILENT = frozenset({",", "and", ".", "the", "a"})
_NEIGHBOUR, _READ, _SECTION = 0.4, 2.0, 0.5  # weights of features beside 1 for the words of the clause itself
_LEAST_SHOWN = 0.3  # share of the strongest word's part at which a word belongs to the span
_FLOOR = 1e-3
_RARE = 20  # a statement of fewer texts is learnt badly, and its clauses weigh less against a wording

Feature = tuple[
    str, float, int, int
]  # name, weight, first and last token (-1 where it is none of the clause's own words)


@dataclass(frozen=True, slots=True)
class Heard:
    """What the wordings read: ``statement`` (finding=state), the place in the text."""

    statement: str
    span: tuple[int, int]


def clauses(tokens: Sequence[Token]) -> list[range]:
    """The parts of a text between marks and joining words, as ranges of tokens."""
    out: list[range] = []
    begin = 0
    for n in range(1, len(tokens)):
        if tokens[n].sentence != tokens[n - 1].sentence or tokens[n].word in _CUT:
            out.append(range(begin, n))
            begin = n
    if tokens:
        out.append(range(begin, len(tokens)))
    return out


def features(context: Context, parts: Sequence[range], heard: Iterable[Heard]) -> list[list[Feature]]:
    """The features of each clause."""
    tokens = context.tokens
    marked = [_mark(hold) + t.stem for t, hold in zip(tokens, context.hold, strict=True)]
    placed = sorted(heard, key=lambda h: h.span)
    out: list[list[Feature]] = []
    for k, part in enumerate(parts):
        words = [n for n in part if tokens[n].word not in _SILENT]
        found: dict[str, Feature] = {}
        for n in words:
            found.setdefault(name := "u:" + marked[n], (name, 1.0, n, n))
        for step, sign in ((1, "b:"), (2, "s:")):
            for a, b in zip(words, words[step:], strict=False):
                found.setdefault(name := f"{sign}{marked[a]} {marked[b]}", (name, 1.0, a, b))
        for other, sign in ((k - 1, "p:"), (k + 1, "n:")):
            if 0 <= other < len(parts) and tokens[parts[other].start].sentence == tokens[part.start].sentence:
                for n in parts[other]:
                    found.setdefault(name := sign + marked[n], (name, _NEIGHBOUR, -1, -1))
        name = "in:" + context.section[part.start]
        found[name] = (name, _SECTION, -1, -1)
        start, end = tokens[part.start].start, max(tokens[n].end for n in part)
        for h in placed:
            if h.span[0] >= end:
                break
            if h.span[1] > start:
                found.setdefault(name := "r:" + h.statement, (name, _READ, -1, -1))
        out.append(list(found.values()))
    return out


def _mark(hold: Hold) -> str:
    if hold is Hold.PLAIN:
        return ""
    return (
        ("~" if hold & Hold.NEGATED else "")
        + ("?" if hold & Hold.UNCERTAIN else "")
        + ("@" if hold & (Hold.SUPPOSED | Hold.PAST | Hold.OTHER) else "")
    )


@dataclass(frozen=True, slots=True)
class Told:
    """A statement that the clauses of a text tell: the probability in its surest clause, and which that is."""

    probability: float
    clause: int


class Learned:
    """The two models. Raises `KeyError` or `ValueError` for arrays that do not belong together."""

    def __init__(self, arrays: Mapping[str, Any]) -> None:
        self.statements: list[str] = _lines(arrays["statements"])
        self._rows = {name: n for n, name in enumerate(_lines(arrays["features"]))}
        self._inner = arrays["inner"]  # features x units, whole numbers
        self._scale = arrays["scale"].astype(np.float32)  # one for each unit
        self._shift = arrays["shift"].astype(np.float32)
        self._outer = arrays["outer"].astype(np.float32)  # units x statements
        self._base = arrays["base"].astype(np.float32)
        self.weights = [float(w) for w in arrays["weights"]]  # of `evidence`, the constant last
        self.seen = [int(n) for n in arrays["seen"]]  # texts of each statement
        self.column = {s: n for n, s in enumerate(self.statements)}

    def hidden(self, bag: Sequence[Feature]) -> Any:
        """The units of one clause before rectification."""
        known = [(self._rows[f[0]], f[1]) for f in bag if f[0] in self._rows]
        if not known:
            return self._shift
        rows = self._inner[[r for r, _ in known]].astype(np.float32)
        return (np.asarray([w for _, w in known], dtype=np.float32) @ rows) * self._scale + self._shift

    def probabilities(self, bags: Sequence[Sequence[Feature]]) -> Any:
        """clauses x statements."""
        if not bags:
            return np.zeros((0, len(self.statements)), dtype=np.float32)
        units = np.maximum(np.stack([self.hidden(bag) for bag in bags]), 0.0)
        return 1.0 / (1.0 + np.exp(-np.clip(units @ self._outer + self._base, -30, 30)))

    def told(self, bags: Sequence[Sequence[Feature]], least: float) -> dict[str, Told]:
        """The statements of a text that some clause tells with at least the probability ``least``."""
        p = self.probabilities(bags)
        if not len(p):
            return {}
        best = p.argmax(axis=0)
        top = p[best, np.arange(p.shape[1])]
        return {self.statements[n]: Told(float(top[n]), int(best[n])) for n in np.flatnonzero(top >= least).tolist()}

    def words(self, bag: Sequence[Feature], statement: str) -> tuple[int, int] | None:
        """First and last token of the words that speak most for a statement; None where none of the clause's own does."""
        through = self._outer[:, self.column[statement]] * (self.hidden(bag) > 0) * self._scale
        parts: dict[int, float] = {}
        for name, weight, first, last in bag:
            if first < 0 or name not in self._rows:
                continue
            part = float(self._inner[self._rows[name]].astype(np.float32) @ through) * weight
            for n in {first, last}:
                parts[n] = parts.get(n, 0.0) + part / (2 if first != last else 1)
        top = max(parts.values(), default=0.0)
        if top <= 0:
            return None
        shown = [n for n, part in parts.items() if part >= _LEAST_SHOWN * top]
        return min(shown), max(shown)

    def confidence(self, evidence: Sequence[float]) -> float:
        """The probability that a statement is right, from what `evidence` gives."""
        z = self.weights[-1] + sum(w * x for w, x in zip(self.weights, evidence, strict=False))
        return 1.0 / (1.0 + math.exp(-z))


def evidence(
    clause: float | None,
    right: float,
    times: int,
    settled: bool,
    against_clause: float,
    against_right: float,
    denial: bool,
    medicine: bool,
    seen: int,
) -> list[float]:
    """What speaks for a statement, as the numbers that are weighed.

    ``clause``: probability in the surest clause, None where the statement is not among those learnt; ``right``: how often
    the wordings that tell it were right (0 where none tells it), ``times``: how many tell it; ``settled``: the wordings
    alone would take it; ``against_*``: the same of the opposite; ``seen``: in how many texts the statement was learnt.
    """
    read = right > 0
    p = _logit(clause) if clause is not None else _logit(0.02)
    r = _logit(right) if read else 0.0
    return [
        p,
        float(clause is not None),
        float(read),
        r,
        float(min(times, 4)),
        float(settled),
        float(settled) * p,
        float(settled) * r,
        _logit(against_clause),
        float(against_right > 0),
        against_right,
        float(denial),
        float(medicine),
        float(medicine) * float(settled),
        float(read) * p,
        float(read) * p * float(seen < _RARE),
        float(read) * float(seen < _RARE),
    ]


def _logit(p: float) -> float:
    p = min(max(p, _FLOOR), 1 - _FLOOR)
    return math.log(p / (1 - p))


def _lines(array: Any) -> list[str]:
    return bytes(array).decode("utf-8").split("\n")


def shipped_models() -> Learned | None:
    """The models as shipped; None where a checkout has not been trained yet."""
    file = files("soleus.notes") / "wordings" / "learned.npz"
    if not file.is_file():
        return None
    with file.open("rb") as handle, np.load(handle, allow_pickle=False) as arrays:
        return Learned({name: arrays[name] for name in arrays.files})


__all__ = ["Heard", "Learned", "Told", "clauses", "evidence", "features", "shipped_models"]
