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

import numpy as np
from numpy.typing import NDArray

from soleus.inference.network import Floats
from soleus.inference.posterior import Judgement, facet_log_term, item_given_state


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
    action: NDArray[np.intp]  # (answer,) the best action after each
    moved: tuple[int, int]  # the answer and the explanation of the largest move


def answer_rows(judgement: Judgement, ask: Ask) -> Floats:
    """(answer, S) P(answer | s, evidence)."""
    network = judgement.network
    if ask.said is not None:
        number = network.block_of[ask.number]
        present = judgement.presence(number)[network.blocks[number].members.index(ask.number)]
        return np.asarray(ask.said[:, :1] + (ask.said[:, 1:] - ask.said[:, :1]) * present, np.float64)
    if ask.number in network.facet_of:
        return _facet_rows(judgement, ask.number)
    return network.p[network.start[ask.number] : network.start[ask.number + 1]]


def _facet_rows(judgement: Judgement, f: int) -> Floats:
    """P(v | s, the facet's answered items)."""
    network = judgement.network
    facet = network.facets[network.facet_of[f]]
    known = {g: v for g, v in judgement.evidence.findings.items() if g in facet.items and g != f}
    j = facet.items.index(f)
    base = facet_log_term(network, facet, known)
    on = np.log(facet.w)
    for i, g in enumerate(facet.items):
        if g in known:
            on = on + np.log(item_given_state(network, facet, i, g, known[g])[0])
    hidden = np.exp(on - (base if base is not None else 0.0))  # P(f = 1 | s, answered items)
    pairs = [item_given_state(network, facet, j, f, v) for v in range(len(network.states[f]))]
    return np.array([hidden * a + (1 - hidden) * b for a, b in pairs])


def expected_loss(losses: Losses, p: Floats) -> Floats:
    """(...,) least expected loss for posteriors (..., S)."""
    return np.asarray((p @ losses.action.T).min(axis=-1))


def best_action(losses: Losses, p: Floats) -> int:
    """The action with the least expected loss."""
    return int((losses.action @ p).argmin())


def cause_chance(judgement: Judgement, contributor: int) -> tuple[float, float, Floats]:
    """P(present and cause | e), P(present | e), and (S,) the excess share of each explanation if present."""
    number = judgement.network.block_of[contributor]
    block = judgement.network.blocks[number]
    k = block.members.index(contributor)
    joint = judgement.presence(number)[k] * judgement.probability
    excess = np.zeros(len(joint))
    excess[block.columns] = block.excess[k]
    return float(joint @ excess), float(joint.sum()), excess


def _cause_gain(judgement: Judgement, losses: Losses, asks: Sequence[Ask]) -> float:
    """Drop in the loss of one cause's yes-or-no when the questions about it are answered together."""
    number, said = asks[0].number, _together(asks)
    if said is None or number not in losses.cause_value:
        return 0.0
    value, cost = losses.cause_value[number], losses.cause_cost[number]
    share, present, _ = cause_chance(judgement, number)
    if present <= 0:
        return 0.0
    now = min(value * share, cost)
    # share is proportional to P(present): given an answer it scales with P(answer | present).
    chance = said @ np.array([1 - present, present])
    after = np.minimum(value * share * said[:, 1], cost * chance)
    return float(now - after.sum())


def _together(asks: Sequence[Ask]) -> Floats | None:
    """(answers, 2) P(all answers | contributor absent), (| present): answers are independent given the contributor."""
    out = np.ones((1, 2))
    for ask in asks:
        if ask.said is None:
            return None
        out = (out[:, None, :] * ask.said[None, :, :]).reshape(-1, 2)
    return out


def _all_causes(judgement: Judgement, losses: Losses, asks: Sequence[Ask]) -> float:
    """The drop over all causes when every question about them is answered."""
    by_cause: dict[int, list[Ask]] = {}
    for ask in asks:
        if ask.said is not None:
            by_cause.setdefault(ask.number, []).append(ask)
    return sum(_cause_gain(judgement, losses, some) for some in by_cause.values())


@dataclass(frozen=True)
class Agenda:
    """The questions that are open in one judgement, with the rows of their answers, computed once."""

    judgement: Judgement
    losses: Losses
    asks: tuple[Ask, ...]
    answers: tuple[Floats, ...]  # per question (answer, S): P(answer | s, evidence)
    cause_gains: tuple[float, ...]  # per question, on its own
    all_causes: float  # all questions about causes together


def agenda(judgement: Judgement, losses: Losses, asks: Sequence[Ask]) -> Agenda:
    """Everything that is needed to value the questions and to know when to stop."""
    return Agenda(
        judgement,
        losses,
        tuple(asks),
        tuple(answer_rows(judgement, a) for a in asks),
        tuple(_cause_gain(judgement, losses, [a]) for a in asks),
        _all_causes(judgement, losses, asks),
    )


def value_of(found: Agenda) -> list[Value]:
    """The value of each question, in the order of the agenda."""
    if not found.asks:
        return []
    p = found.judgement.probability
    now = float(expected_loss(found.losses, p))
    joint = np.concatenate(found.answers) * p  # (rows, S)
    first = np.cumsum([0, *(len(a) for a in found.answers)])
    chance = joint.sum(axis=1)
    loss = joint @ found.losses.action.T  # (rows, A)
    action = loss.argmin(axis=1)
    after = np.add.reduceat(loss.min(axis=1), first[:-1])
    possible = chance[:, None] > 0
    posterior = np.divide(joint, chance[:, None], out=np.zeros_like(joint), where=possible)
    move = np.abs(posterior - p) * possible
    target = move.argmax(axis=1)
    furthest = move[np.arange(len(move)), target]
    gains = now - after + np.array(found.cause_gains)
    out = []
    for ask, gain, i, j in zip(found.asks, gains.tolist(), first[:-1].tolist(), first[1:].tolist(), strict=True):
        answer = int(furthest[i:j].argmax())
        moved = answer, int(target[i + answer])
        out.append(Value(ask, max(gain, 0.0), gain - ask.burden, chance[i:j], posterior[i:j], action[i:j], moved))
    return out


def best_pair(found: Agenda, most: int = 12) -> tuple[Value, float] | None:
    """The first question of the best pair and the net value of both, among the ``most`` most telling questions.

    For when no single answer is worth its burden. Items of one facet and members of one block are not paired: given
    the explanation their answers are not independent. Two questions about one cause are.
    """
    values = sorted(value_of(found), key=lambda v: (-round(v.gain, 9), -_information(found, v)))[:most]
    rows = {id(a): r for a, r in zip(found.asks, found.answers, strict=True)}
    now = float(expected_loss(found.losses, found.judgement.probability))
    best: tuple[Value, float] | None = None
    for i, one in enumerate(values):
        for two in values[i + 1 :]:
            if _one_cause(one.ask, two.ask):
                gain = _cause_gain(found.judgement, found.losses, [one.ask, two.ask])
            elif _hang_together(found, one.ask, two.ask):
                continue
            else:
                gain = _pair_gain(found, now, rows[id(one.ask)], rows[id(two.ask)])
            net = gain - one.ask.burden - two.ask.burden
            if best is None or net > best[1]:
                best = one, net
    return best


def _information(found: Agenda, value: Value) -> float:
    """What an answer tells of the explanation, in nats: it ranks questions that on their own change no action."""
    ratio = value.posterior / np.maximum(found.judgement.probability, 1e-300)
    logs = np.log(ratio, out=np.zeros_like(ratio), where=ratio > 0)
    return float(value.chance @ (value.posterior * logs).sum(axis=1))


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


def _drawn_answers(found: Agenda, kept: NDArray[np.intp], truth: NDArray[np.intp], rng: np.random.Generator) -> Floats:
    """log P(drawn answers | s) (n, kept): singles one by one, the items of a facet jointly."""
    network = found.judgement.network
    singles: list[Floats] = []
    by_facet: dict[int, list[int]] = {}
    for ask, answers in zip(found.asks, found.answers, strict=True):
        if ask.said is None and ask.number in network.facet_of:
            by_facet.setdefault(network.facet_of[ask.number], []).append(ask.number)
        else:
            singles.append(answers[:, kept])
    out = np.zeros((len(truth), len(kept)))
    if singles:
        out += _singles_draw(singles, truth, rng)
    for g, items in by_facet.items():
        out += _facet_draw(found.judgement, g, items, kept, truth, rng)
    return out


def _singles_draw(singles: list[Floats], truth: NDArray[np.intp], rng: np.random.Generator) -> Floats:
    """All answers at once: which row of each question is drawn, (rows, n), then one product with the logarithms."""
    rows = np.concatenate(singles).astype(np.float32)
    sizes = [len(answers) for answers in singles]
    cumulative = np.concatenate([np.cumsum(answers, axis=0) for answers in singles]).astype(np.float32)
    last = np.cumsum(sizes) - 1
    level = rng.random((len(singles), len(truth)), np.float32) * cumulative[last][:, truth]
    above = np.repeat(level, sizes, axis=0) > cumulative[:, truth]
    above[last] = False
    drawn = ~above
    drawn[1:] &= above[:-1] | _first_rows(sizes)[1:, None]
    return np.asarray(drawn.T.astype(np.float32) @ np.log(np.maximum(rows, 1e-30)), np.float64)


def _first_rows(sizes: list[int]) -> NDArray[np.bool_]:
    """(rows,) true in the first row of each question."""
    out = np.zeros(sum(sizes), np.bool_)
    out[np.cumsum([0, *sizes[:-1]])] = True
    return out


def _draw(rows: Floats, truth: NDArray[np.intp], rng: np.random.Generator) -> NDArray[np.intp]:
    cumulative = np.cumsum(rows, axis=0)[:, truth]
    return np.asarray((rng.random(len(truth)) * cumulative[-1] > cumulative).sum(axis=0), np.intp)


def _facet_draw(
    judgement: Judgement,
    g: int,
    items: list[int],
    kept: NDArray[np.intp],
    truth: NDArray[np.intp],
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
    log_on, log_off = np.repeat(on[None], len(truth), 0), np.repeat(off[None], len(truth), 0)
    for f in items:
        j = facet.items.index(f)
        pairs = [item_given_state(network, facet, j, f, v) for v in range(len(network.states[f]))]
        rows_on = np.array([a[kept] for a, _ in pairs])
        rows_off = np.array([b[kept] for _, b in pairs])
        answer = np.where(hidden, _draw(rows_on, truth, rng), _draw(rows_off, truth, rng))
        log_on += np.log(rows_on)[answer]
        log_off += np.log(rows_off)[answer]
    return np.asarray(np.logaddexp(log_on, log_off) - before, np.float64)
