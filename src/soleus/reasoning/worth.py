"""What an alert is worth: the expected loss that is avoided by whoever acts on it (docs/adr/0016).

All in units of loss (`CarePath.cost`). An alert below the parameter ``alert_least_worth`` is not worth the reading.
Red flags are not weighed here: they are told whatever the probabilities.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping

import numpy as np

from soleus.inference.decisions import cause_chance, expected_loss
from soleus.inference.network import Floats
from soleus.knowledge.schema.safety import OrderLoss
from soleus.reasoning.judging import Judged
from soleus.reasoning.losses import losses


def least_worth(judged: Judged) -> float:
    """The worth from which an alert is shown."""
    return judged.parameter("alert_least_worth")


def of_judgement(judged: Judged) -> float:
    """The drop in expected loss if one does what suits the findings in place of what suits the average presentation.

    Without the alert the clinician is taken to choose the path that is best by the rates of age, sex and setting.
    """
    loss = losses(judged.compiled)
    usual = int((loss.action @ _prior(judged)).argmin())
    p = judged.judgement.probability
    return float(loss.action[usual] @ p - expected_loss(loss, p))


def _prior(judged: Judged) -> Floats:
    """(S,) the share of each explanation among presentations of that context."""
    rate = judged.presentation.context.log_rate
    weight = np.exp(rate - rate.max())
    return np.asarray(weight / weight.sum(), np.float64)


def of_promoting(judged: Judged, contributors: Iterable[str]) -> float:
    """What is avoided by not beginning a medicine that brings these contributors: the most that one of them is worth.

    value(c) times the share of the complaint that the medicine would cause if taken, less the cost of looking into it;
    0 where that is negative or nothing is known. The medicine does not count as taken: the judgement is without it.
    """
    return max((_excess_worth(judged, c, taken=False) for c in contributors), default=0.0)


def of_current(judged: Judged, contributors: Iterable[str]) -> float:
    """The same for a medicine that is taken: by the share of the complaint that it causes as things stand."""
    return max((_excess_worth(judged, c, taken=True) for c in contributors), default=0.0)


def _excess_worth(judged: Judged, contributor: str, *, taken: bool) -> float:
    loss, number = losses(judged.compiled), judged.network.contributor_index[contributor]
    if number not in loss.cause_value:
        return 0.0
    caused, _, excess = cause_chance(judged.judgement, number)
    share = caused if taken else float(judged.judgement.probability @ excess)
    return max(loss.cause_value[number] * share - loss.cause_cost[number], 0.0)


def of_order(
    order: OrderLoss,
    probability: Mapping[str, float] | None,
    *,
    diagnosed: Collection[str] = (),
    present: Collection[str] = (),
) -> float:
    """What is avoided by not beginning a medicine that is given for the legs: its harm less the relief to be expected.

    ``probability``: explanation -> probability, None where no complaint was told; then the order is seen in its best
    light, as being for what it relieves most. ``diagnosed``: explanations that the record names as made diagnoses.
    ``present``: contributors that are there; with another use among them the order is not for the legs: worth 0.
    """
    if set(order.other_uses) & set(present):
        return 0.0
    best = max(order.relief.values(), default=0.0)
    made = max((order.relief.get(s, 0.0) for s in diagnosed), default=0.0)
    expected = best if probability is None else sum(p * order.relief.get(s, 0.0) for s, p in probability.items())
    return order.harm - max(expected, made)
