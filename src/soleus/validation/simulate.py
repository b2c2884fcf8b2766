"""Patients drawn from the model: an explanation from its rate, findings from their likelihoods, facets together.

With ``redraw`` every patient has parameters of their own, drawn from the intervals: then a judgement by the expected
parameters is calibrated only if it is not too sure of them.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from soleus.inference.network import Context, Evidence, Floats, Network
from soleus.inference.posterior import judge


@dataclass(frozen=True)
class Patient:
    """What is true, and what of it was told."""

    explanation: int
    answers: dict[int, int]  # every finding that could be asked


def draw_patient(
    network: Network, context: Context, findings: list[int], rng: np.random.Generator, *, redraw: bool = True
) -> Patient:
    """One patient with an answer to each of the findings."""
    sd = context.rate_sd if redraw else np.zeros_like(context.rate_sd)
    log_rate = context.log_rate - sd**2 / 2 + sd * rng.standard_normal(len(sd))
    weight = np.exp(log_rate - log_rate.max())
    s = int(rng.choice(len(weight), p=weight / weight.sum()))
    return Patient(s, _answers(network, s, findings, rng, redraw))


def _answers(network: Network, s: int, findings: list[int], rng: np.random.Generator, redraw: bool) -> dict[int, int]:
    out: dict[int, int] = {}
    hidden = {g: bool(rng.random() < facet.w[s]) for g, facet in enumerate(network.facets)}
    for f in findings:
        p = network.p[network.start[f] : network.start[f + 1], s]
        shift = float(rng.standard_normal()) * float(network.sd[f, s]) if redraw else 0.0
        g = network.facet_of.get(f)
        spread = float(network.sd[f, s]) if redraw else 0.0
        p = _moved(p, shift, spread) if g is None else _item(network, g, f, s, hidden[g], shift)
        out[f] = int(rng.choice(len(p), p=p / p.sum()))
    return out


def _moved(p: Floats, shift: float, sd: float) -> Floats:
    """A distribution whose commonest state moves on the logit scale, the mean kept; the others share the rest."""
    k = int(p.argmax())
    rest = p.copy()
    rest[k] = 0.0
    q = _drawn(float(p[k]), shift, sd)
    out = rest / rest.sum() * (1 - q)
    out[k] = q
    return np.asarray(out, np.float64)


def _drawn(p: float, shift: float, sd: float) -> float:
    """A proportion under a shift of its log-odds, centred so that the mean over shifts stays near p (as in draws)."""
    return float(1 / (1 + np.exp(-(np.log(p / (1 - p)) * np.sqrt(1 + np.pi / 8 * sd**2) + shift))))


def _item(network: Network, g: int, f: int, s: int, hidden: bool, shift: float) -> Floats:
    facet = network.facets[g]
    j = facet.items.index(f)
    p = network.p[network.start[f] : network.start[f + 1], s]
    typical = facet.typical[j]
    mu = float(p[typical].sum())
    q = float(facet.a[j, s] if hidden else facet.b[j, s])
    q = float(1 / (1 + np.exp(-(np.log(q / (1 - q)) + shift))))
    return np.where(typical, p * q / mu, p * (1 - q) / (1 - mu))


def calibration_pairs(
    network: Network, contexts: list[Context], findings: list[int], told: int, n: int, seed: int
) -> tuple[Floats, Floats]:
    """(probability given to the first, whether it was right) for ``n`` patients with ``told`` answers each."""
    rng = np.random.default_rng(seed)
    p, right = np.zeros(n), np.zeros(n)
    for i in range(n):
        context = contexts[i % len(contexts)]
        patient = draw_patient(network, context, findings, rng)
        known = rng.choice(findings, size=min(told, len(findings)), replace=False)
        judged = judge(network, context, Evidence({int(f): patient.answers[int(f)] for f in known}))
        first = int(judged.probability.argmax())
        p[i], right[i] = judged.probability[first], first == patient.explanation
    return p, right
