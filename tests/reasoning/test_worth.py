"""The worth of an alert: what follows from the losses, with the arithmetic visible."""

from __future__ import annotations

import numpy as np
import pytest

from soleus.clinical.reading import case_from
from soleus.inference.decisions import cause_chance
from soleus.knowledge.schema.safety import CarePath, CauseValue, Harm, OrderLoss
from soleus.reasoning import worth
from soleus.reasoning.compiled import Compiled, shipped_compiled
from soleus.reasoning.intake import take_in
from soleus.reasoning.judging import Judged
from soleus.reasoning.medicines import MedicineIndex

NIGHT_CRAMP = {"quality": "cramp", "timing": "night_in_bed"}


@pytest.fixture(scope="module")
def compiled() -> Compiled:
    return shipped_compiled()


def judged(compiled: Compiled, findings: dict[str, str], medicines: tuple[str, ...] = ()) -> Judged:
    person = {"age": 66, "sex": "female"}
    case = case_from({"person": person, "findings": findings, "medicines": list(medicines)})
    return Judged(take_in(case, compiled, MedicineIndex(compiled.knowledge))[0])


def order(compiled: Compiled, id: str) -> OrderLoss:
    return compiled.knowledge.by_id(OrderLoss)[id]


def test_a_judgement_is_worth_the_loss_between_the_usual_path_and_the_best_one(compiled: Compiled) -> None:
    j = judged(compiled, NIGHT_CRAMP)
    paths = {p.id: p for p in compiled.knowledge.all(CarePath)}
    harm = {h.id: h.loss for h in compiled.knowledge.all(Harm)}

    def loss(path: CarePath, weights: dict[str, float]) -> float:
        left = {s: 1.0 - (1.0 if s in path.covers else path.partly.get(s, 0.0)) for s in weights}
        return path.cost + sum(p * harm[s] * left[s] for s, p in weights.items())

    rate = np.exp(j.presentation.context.log_rate)
    prior = dict(zip(j.network.explanations, (rate / rate.sum()).tolist(), strict=True))
    usual = min(paths.values(), key=lambda p: loss(p, prior))
    best = min(paths.values(), key=lambda p: loss(p, j.probability))
    assert (usual.id, best.id) == ("review_in_practice", "reassure_and_stretch")
    assert worth.of_judgement(j) == pytest.approx(loss(usual, j.probability) - loss(best, j.probability))


def test_a_judgement_that_changes_no_path_is_worth_nothing(compiled: Compiled) -> None:
    assert worth.of_judgement(judged(compiled, {"quality": "cramp"})) == pytest.approx(0, abs=1e-12)


def test_an_order_that_promotes_is_worth_its_causal_share_times_its_value_less_the_cost(compiled: Compiled) -> None:
    j = judged(compiled, NIGHT_CRAMP)
    value = compiled.knowledge.by_id(CauseValue)["default.medicine"]
    laba = compiled.effects["laba_or_high_beta_agonist", "nocturnal_leg_cramp"]
    assert laba.causal_rho is not None
    _, _, excess = cause_chance(j.judgement, j.network.contributor_index["laba_or_high_beta_agonist"])
    assert excess[j.number("nocturnal_leg_cramp")] == pytest.approx(1 - 1 / laba.causal_rho)
    least = value.value * j.probability["nocturnal_leg_cramp"] * (1 - 1 / laba.causal_rho) - value.cost
    assert worth.of_promoting(j, ("laba_or_high_beta_agonist",)) >= least - 1e-9
    assert worth.of_promoting(j, ("laba_or_high_beta_agonist",)) > worth.least_worth(j)


def test_the_order_of_the_medicines_is_that_of_their_signals(compiled: Compiled) -> None:
    j = judged(compiled, NIGHT_CRAMP)
    names = ("laba_or_high_beta_agonist", "diuretic_potassium_sparing", "diuretic_thiazide", "diuretic_loop", "statin")
    worths = [worth.of_promoting(j, (c,)) for c in names]
    assert worths == sorted(worths, reverse=True)
    assert [w > worth.least_worth(j) for w in worths] == [True, True, True, False, False]


def test_nothing_is_worth_a_word_where_the_legs_do_not_cramp(compiled: Compiled) -> None:
    j = judged(compiled, {"quality": "burning", "site": "foot"})
    assert worth.of_promoting(j, ("laba_or_high_beta_agonist", "diuretic_thiazide")) == 0


def test_a_medicine_that_is_taken_counts_by_what_it_causes_now(compiled: Compiled) -> None:
    with_it = judged(compiled, NIGHT_CRAMP, ("salmeterol",))
    number = with_it.network.contributor_index["laba_or_high_beta_agonist"]
    value = compiled.knowledge.by_id(CauseValue)["default.medicine"]
    caused, _, _ = cause_chance(with_it.judgement, number)
    assert worth.of_current(with_it, ("laba_or_high_beta_agonist",)) == pytest.approx(value.value * caused - value.cost)
    assert worth.of_current(judged(compiled, NIGHT_CRAMP), ("laba_or_high_beta_agonist",)) == 0


@pytest.mark.parametrize("p", [0.0, 0.5, 1.0])
def test_quinine_is_never_worth_beginning(compiled: Compiled, p: float) -> None:
    quinine = order(compiled, "quinine")
    found = worth.of_order(quinine, {"nocturnal_leg_cramp": p, "other": 1 - p})
    assert found == pytest.approx(1.0 - p * 0.7)
    assert found > 0.02


def test_a_dopamine_agonist_is_warned_of_where_restless_legs_are_unlikely(compiled: Compiled) -> None:
    agonist = order(compiled, "dopamine_agonist")
    assert worth.of_order(agonist, {"restless_legs_syndrome": 0.05}) == pytest.approx(0.5 - 0.05 * 1.6)
    assert worth.of_order(agonist, {"restless_legs_syndrome": 0.4}) < 0
    assert worth.of_order(agonist, None) < 0  # nothing told: seen in its best light
    assert worth.of_order(agonist, {"other": 1.0}, diagnosed=("restless_legs_syndrome",)) < 0
    assert worth.of_order(agonist, {"other": 1.0}, present=("parkinson_disease",)) == 0
