"""What to ask next, and when to stop: the expected drop in expected loss.

The loss is separable (docs/adr/0006): one action per complaint, L (A, S), and one yes-or-no per cause.

    V_j = min_a sum_s p_s L(a, s) - sum_v min_a sum_s P(v, s | e) L(a, s)
          + the same for the cause that the question is about, with the actions "look into it" and "leave it"

What a finding tells of causes by way of the explanation is left out: a cause is asked about for its own sake.

A one-step rule cannot tell when to stop, since two answers may matter only together. The value of learning every
remaining answer bounds any sequence of questions; it is estimated by drawing whole sets of answers.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property, reduce
from itertools import combinations

import numpy as np

from soleus.inference.network import Floats, Ints
from soleus.inference.posterior import Judgement, item_given_state


@dataclass(frozen=True)
class Losses:
    """``action`` (A, S); per cause the value of addressing it if it is one, and the cost of looking into it."""

    action: Floats
    cause_value: dict[int, float] = field(default_factory=dict)
    cause_cost: dict[int, float] = field(default_factory=dict)


@dataclass(frozen=True)
class Ask:
    """Something that can be asked: a finding, or a contributor by what would be said of it.

    ``said``: P(answer | contributor absent), P(answer | present), one row an answer; None for a finding.
    """

    id: str
    number: int
    burden: float
    said: Floats | None = None  # (answer, 2)


@dataclass(frozen=True)
class Value:
    """``gain`` is the expected loss avoided; ``net`` less the burden."""

    ask: Ask
    gain: float
    net: float
    chance: Floats  # (answer,) P(answer | e)
    posterior: Floats  # (answer, S)
    action: Ints  # (answer,) the best action after each
    moved: tuple[int, int]  # the answer and the explanation of the largest move


def answer_rows(judgement: Judgement, ask: Ask) -> Floats:
    """(answer, S) P(answer | s, evidence)."""
    return _rows_of_all(judgement, [ask])[1]


def _rows_of_all(judgement: Judgement, asks: Sequence[Ask]) -> tuple[Ints, Floats]:
    """The first row of each question, and the rows of the answers of all (`answer_rows`), one after another."""
    network = judgement.network
    first_row = network.first_row
    size = [first_row[a.number + 1] - first_row[a.number] if a.said is None else len(a.said) for a in asks]
    first = np.cumsum([0, *size])
    at = first.tolist()
    begin = np.array([first_row[a.number] if a.said is None else 0 for a in asks], np.intp)
    source = np.repeat(begin - first[:-1], size) + np.arange(at[-1])
    rows = network.alone.take(source, axis=0, mode="clip")
    for n, ask in enumerate(asks):
        if ask.said is None and network.facet_of.get(ask.number) in judgement.facets:
            rows[at[n] : at[n + 1]] = _facet_rows(judgement, ask.number)
    told = [n for n, ask in enumerate(asks) if ask.said is not None]
    if told:
        where = np.concatenate([np.arange(at[n], at[n + 1]) for n in told])
        rows[where] = _said_rows(judgement, [asks[n] for n in told])
    return first, rows


def _said_rows(judgement: Judgement, asks: Sequence[Ask]) -> Floats:
    """The rows of questions about contributors."""
    each = [ask.said for ask in asks if ask.said is not None]
    said = np.concatenate(each)
    present = judgement.presence[np.repeat([ask.number for ask in asks], [len(rows) for rows in each])]
    return np.asarray(said[:, :1] + (said[:, 1:] - said[:, :1]) * present, np.float64)


def _facet_rows(judgement: Judgement, f: int) -> Floats:
    """P(v | s, the facet's answered items)."""
    network = judgement.network
    facet = network.facets[network.facet_of[f]]
    hidden = np.array([facet.w, 1 - facet.w])  # (2, S)
    for g in facet.items:
        if g != f and g in judgement.evidence.findings:
            hidden *= network.item_rows[network.row(g, judgement.evidence.findings[g])]
    rows = network.item_rows[network.first_row[f] : network.first_row[f + 1]]  # (answer, 2, S)
    return np.asarray((rows * (hidden / hidden.sum(axis=0))).sum(axis=1), np.float64)


def expected_loss(losses: Losses, p: Floats) -> Floats:
    """(...,) least expected loss for posteriors (..., S)."""
    return np.asarray((p @ losses.action.T).min(axis=-1))


def best_action(losses: Losses, p: Floats) -> int:
    """The action with the least expected loss."""
    return int((losses.action @ p).argmin())


def cause_chance(judgement: Judgement, contributor: int) -> tuple[float, float, Floats]:
    """P(present and cause | e), P(present | e), and (S,) the excess share of each explanation if present."""
    excess = judgement.network.excess[contributor]
    joint = judgement.presence[contributor] * judgement.probability
    return float(joint @ excess), float(joint.sum()), excess


class _Causes:
    """Drops in the loss of the yes-or-no of each cause, when questions about it are answered."""

    def __init__(self, judgement: Judgement, losses: Losses) -> None:
        joint = judgement.presence * judgement.probability  # (C, S)
        self._present = joint.sum(axis=1)  # (C,) P(present | e)
        self._value, self._cost = np.zeros((2, len(joint)))  # of what is lost by leaving it, and by looking into it
        known = list(losses.cause_value)
        self._cost[known] = [losses.cause_cost[c] for c in known]
        self._value[known] = list(losses.cause_value.values())
        self._value *= (joint * judgement.network.excess).sum(axis=1)  # P(present and cause | e)

    def gains(self, causes: Sequence[int], said: Sequence[Floats]) -> Floats:
        """(causes,) the drop for each cause, when what is ``said`` of it is known (`Ask.said`)."""
        if not causes:
            return np.zeros(0)
        size = np.array([len(rows) for rows in said])
        c, (absent, present) = np.repeat(causes, size), np.concatenate(said).T
        # The share is proportional to P(present): given an answer it scales with P(answer | present).
        chance = absent * (1 - self._present[c]) + present * self._present[c]
        after = np.minimum(self._value[c] * present, self._cost[c] * chance)
        return np.asarray(
            np.minimum(self._value, self._cost)[list(causes)] - np.add.reduceat(after, np.cumsum(size) - size)
        )

    def alone(self, asks: Sequence[Ask]) -> Floats:
        """(question,) the drop by each question on its own."""
        out = np.zeros(len(asks))
        told = {i: ask.said for i, ask in enumerate(asks) if ask.said is not None}
        out[list(told)] = self.gains([asks[i].number for i in told], list(told.values()))
        return out

    def together(self, asks: Sequence[Ask]) -> float:
        """The drop over all causes when every question is answered."""
        by_cause: dict[int, list[Ask]] = {}
        for ask in asks:
            if ask.said is not None:
                by_cause.setdefault(ask.number, []).append(ask)
        return float(self.gains(list(by_cause), [_together(some) for some in by_cause.values()]).sum())


def _together(asks: Sequence[Ask]) -> Floats:
    """(answers, 2) P(all answers | contributor absent), (| present): answers are independent given the contributor."""
    each = [ask.said for ask in asks if ask.said is not None]
    return reduce(lambda one, two: (one[:, None, :] * two[None, :, :]).reshape(-1, 2), each)


@dataclass(frozen=True)
class Agenda:
    """The questions that are open in one judgement, with the rows of their answers, computed once."""

    judgement: Judgement
    losses: Losses
    asks: tuple[Ask, ...]
    first: Ints  # (question + 1,) first row of each question
    rows: Floats  # (row, S) P(answer | s, evidence), the answers of one question after another
    causes: _Causes

    def answers(self, n: int) -> Floats:
        """(answer, S) P(answer | s, evidence) of one question."""
        return self.rows[self.first[n] : self.first[n + 1]]

    @cached_property
    def all_causes(self) -> float:
        """The drop in the loss of causes when every question about them is answered."""
        return self.causes.together(self.asks)


def agenda(judgement: Judgement, losses: Losses, asks: Sequence[Ask]) -> Agenda:
    """Everything that is needed to value the questions and to know when to stop."""
    first, rows = _rows_of_all(judgement, asks)
    return Agenda(judgement, losses, tuple(asks), first, rows, _Causes(judgement, losses))


@dataclass(frozen=True)
class Values:
    """The value of each question of an agenda, in its order; what belongs to an answer stands by row of `answers`."""

    agenda: Agenda
    gain: Floats  # (question,) expected loss avoided, without the burden
    net: Floats  # (question,)
    first: Ints  # (question + 1,) first row of each question
    joint: Floats  # (row, S) P(answer, s | e)
    chance: Floats  # (row,) P(answer | e)
    loss: Floats  # (row, A) expected loss of each action after the answer, times P(answer | e)

    def __len__(self) -> int:
        return len(self.gain)

    def posterior(self, rows: slice | Ints) -> Floats:
        """(row, S) P(s | answer, e); 0 where the answer is impossible."""
        joint, chance = self.joint[rows], self.chance[rows][:, None]
        return np.asarray(np.divide(joint, chance, out=np.zeros_like(joint), where=chance > 0), np.float64)

    def at(self, n: int) -> Value:
        """The value of one question."""
        rows = slice(int(self.first[n]), int(self.first[n + 1]))
        chance, posterior = self.chance[rows], self.posterior(rows)
        move = np.abs(posterior - self.agenda.judgement.probability) * (chance[:, None] > 0)
        answer, s = np.unravel_index(move.argmax(), move.shape)
        gain, net = float(self.gain[n]), float(self.net[n])
        moved = int(answer), int(s)
        return Value(self.agenda.asks[n], gain, net, chance, posterior, self.loss[rows].argmin(axis=1), moved)

    @cached_property
    def order(self) -> list[int]:
        """The questions, the largest net value first; where none is positive, the largest gain first."""
        best: list[int] = np.argsort(-self.net, kind="stable").tolist()
        if best and self.net[best[0]] <= 0:
            gain = self.gain.tolist()
            best.sort(key=lambda n: (-gain[n], self.agenda.asks[n].burden))
        return best

    @cached_property
    def information(self) -> Floats:
        """(question,) what an answer tells of the explanation, in nats; ranks questions that change no action."""
        posterior = self.posterior(slice(None))
        ratio = posterior / np.maximum(self.agenda.judgement.probability, 1e-300)
        logs = np.log(ratio, out=np.zeros_like(ratio), where=ratio > 0)
        each = self.chance * (posterior * logs).sum(axis=1)
        return np.asarray(np.add.reduceat(each, self.first[:-1]), np.float64)


def value_of(found: Agenda) -> Values:
    """The value of each question."""
    p, first = found.judgement.probability, found.first
    joint = found.rows * p
    loss = joint @ found.losses.action.T  # (row, A)
    after = np.add.reduceat(loss.min(axis=1), first[:-1]) if len(joint) else np.zeros(0)
    gain = float(expected_loss(found.losses, p)) - after + found.causes.alone(found.asks)
    return Values(
        found,
        gain=np.maximum(gain, 0.0),
        net=gain - [a.burden for a in found.asks],
        first=first,
        joint=joint,
        chance=joint.sum(axis=1),
        loss=loss,
    )


def best_pair(values: Values, most: int = 12) -> tuple[Value, float] | None:
    """The first question of the best pair and the net value of both, among the ``most`` most telling questions.

    For when no single answer is worth its burden. Items of one facet and members of one block are not paired: given
    the explanation their answers are not independent. Two questions about one cause are.
    """
    found = values.agenda
    if not found.asks:
        return None
    gains, information = values.gain.tolist(), values.information.tolist()
    telling = sorted(range(len(values)), key=lambda n: (-round(gains[n], 9), -information[n]))[:most]
    now = float(expected_loss(found.losses, found.judgement.probability))
    best: tuple[int, float] | None = None
    for i, j in combinations(telling, 2):
        one, two = found.asks[i], found.asks[j]
        if _one_cause(one, two):
            gain = found.causes.together([one, two])
        elif _hang_together(found, one, two):
            continue
        else:
            gain = _pair_gain(found, now, found.answers(i), found.answers(j))
        net = gain - one.burden - two.burden
        if best is None or net > best[1]:
            best = i, net
    return None if best is None else (values.at(best[0]), best[1])


def _one_cause(one: Ask, two: Ask) -> bool:
    return one.said is not None and two.said is not None and one.number == two.number


def _hang_together(found: Agenda, one: Ask, two: Ask) -> bool:
    """Whether their answers depend on each other once the explanation is known."""
    network = found.judgement.network
    if (one.said is None) != (two.said is None):
        return False
    of = network.facet_of if one.said is None else network.block_of
    return of.get(one.number) is not None and of.get(one.number) == of.get(two.number)


def _pair_gain(found: Agenda, now: float, one: Floats, two: Floats) -> float:
    joint = (one[:, None, :] * two[None, :, :] * found.judgement.probability).reshape(-1, one.shape[1])
    return now - float((joint @ found.losses.action.T).min(axis=1).sum())


@dataclass(frozen=True)
class Stop:
    """``bound``: at most this much expected loss can be avoided by asking on."""

    stop: bool
    bound: float
    sampled: bool


def stop_rule(found: Agenda, n: int = 1_000, seed: int = 0, tolerance: float = 0.0) -> Stop:
    """Whether any sequence of the remaining questions can repay the least burden.

    First the free check  min_a sum p L - sum_d p_d min_a L(a, d) <= least burden;  else Monte Carlo with answers
    drawn jointly:  x = R0 - min_a E[L | v],  bound = mean + 1.645 sd / sqrt(n) + 3 R0 / n.
    """
    p, losses = found.judgement.probability, found.losses
    least = max(tolerance, min((a.burden for a in found.asks), default=0.0))
    now = float(expected_loss(losses, p))
    causes = found.all_causes
    perfect = now - float(p @ losses.action.min(axis=0)) + causes
    if not found.asks or perfect <= least:
        return Stop(True, max(perfect, 0.0), False)
    for size in (n // 5, n):
        x = _sampled_gain(found, size, seed)
        error = float(x.std() / np.sqrt(size))
        # now / size * 3: no drop seen in as many draws is compatible with one in a third of them at the 5 % level.
        bound = float(x.mean()) + 1.645 * error + 3 * now / size + causes
        if float(x.mean()) - 3 * error + causes > least:
            break  # clearly worth asking on: no more draws are needed to say so
    return Stop(bound <= least, bound, True)


def _sampled_gain(found: Agenda, n: int, seed: int) -> Floats:
    rng = np.random.default_rng(seed)
    p, action = found.judgement.probability, found.losses.action
    kept = np.flatnonzero(p > 1e-6)
    # Explanations in proportion to their probability (systematic sampling), so that the bound errs on the safe side.
    share = np.cumsum(p[kept]) / p[kept].sum()
    truth = np.searchsorted(share, (np.arange(n) + rng.random()) / n).clip(0, len(kept) - 1)
    log_p = np.log(p[kept]) + _drawn_answers(found, kept, truth, rng)
    posterior = np.exp(log_p - log_p.max(axis=1, keepdims=True))
    posterior /= posterior.sum(axis=1, keepdims=True)
    now = float(expected_loss(found.losses, p))
    return np.asarray(now - (posterior @ action[:, kept].T).min(axis=1), np.float64)


def _drawn_answers(found: Agenda, kept: Ints, truth: Ints, rng: np.random.Generator) -> Floats:
    """log P(drawn answers | s) (n, kept): singles one by one, the items of a facet jointly."""
    network = found.judgement.network
    by_facet: dict[int, list[int]] = {}
    single = np.ones(len(found.asks), np.bool_)
    for n, ask in enumerate(found.asks):
        if ask.said is None and ask.number in network.facet_of:
            by_facet.setdefault(network.facet_of[ask.number], []).append(ask.number)
            single[n] = False
    out = np.zeros((len(truth), len(kept)))
    if single.any():
        sizes = np.diff(found.first)
        rows = found.rows[np.repeat(single, sizes)][:, kept]
        out += _singles_draw(rows, sizes[single], truth, rng)
    for g, items in by_facet.items():
        out += _facet_draw(found.judgement, g, items, kept, truth, rng)
    return out


def _singles_draw(rows: Floats, sizes: Ints, truth: Ints, rng: np.random.Generator) -> Floats:
    """All answers at once: which row of each question is drawn, (rows, n), then one product with the logarithms."""
    first, last = np.cumsum(sizes) - sizes, np.cumsum(sizes) - 1
    cumulative = rows.copy()
    for v in range(1, sizes.max()):
        at = first[sizes > v] + v
        cumulative[at] += cumulative[at - 1]
    reached = cumulative.astype(np.float32)[:, truth]  # (rows, n)
    level = rng.random((len(sizes), len(truth)), np.float32) * reached[last]
    above = np.repeat(level, sizes, axis=0) > reached
    above[last] = False
    drawn = ~above
    above[last] = True  # so that the first row of the next question does not depend on this one
    drawn[1:] &= above[:-1]
    return np.asarray(drawn.T.astype(np.float32) @ np.log(np.maximum(rows.astype(np.float32), 1e-30)), np.float64)


def _draw(rows: Floats, truth: Ints, rng: np.random.Generator) -> Ints:
    cumulative = np.cumsum(rows, axis=0)[:, truth]
    return np.asarray((rng.random(len(truth)) * cumulative[-1] > cumulative).sum(axis=0), np.intp)


def _facet_draw(
    judgement: Judgement,
    g: int,
    items: list[int],
    kept: Ints,
    truth: Ints,
    rng: np.random.Generator,
) -> Floats:
    network, facet = judgement.network, judgement.network.facets[g]
    known = {f: v for f, v in judgement.evidence.findings.items() if f in facet.items}
    on, off = np.log(facet.w[kept]), np.log1p(-facet.w[kept])
    for j, f in enumerate(facet.items):
        if f in known:
            with_f, without_f = item_given_state(network, facet, j, f, known[f])
            on, off = on + np.log(with_f[kept]), off + np.log(without_f[kept])
    before = np.logaddexp(on, off)
    hidden = rng.random(len(truth)) < np.exp(on - before)[truth]
    rows = [network.item_rows[network.first_row[f] : network.first_row[f + 1]][:, :, kept] for f in items]
    drawn = [np.where(hidden, _draw(r[:, 0], truth, rng), _draw(r[:, 1], truth, rng)) for r in rows]
    # Few patterns of answers are many draws: each is weighed once.
    code = np.zeros(len(truth), np.intp)
    for r, answer in zip(rows, drawn, strict=True):
        code = code * len(r) + answer
    _, one, which = np.unique(code, return_index=True, return_inverse=True)
    log_on, log_off = np.repeat(on[None], len(one), 0), np.repeat(off[None], len(one), 0)
    for r, answer in zip(rows, drawn, strict=True):
        log_r = np.log(r)[answer[one]]
        log_on += log_r[:, 0]
        log_off += log_r[:, 1]
    return np.asarray((np.logaddexp(log_on, log_off) - before)[which], np.float64)
