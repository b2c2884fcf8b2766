"""Which records matter, and why: the panel, the arithmetic, and the list of better evidence."""

from __future__ import annotations

import dataclasses
from collections import Counter
from functools import cache
from typing import Any

import msgspec
import numpy as np
import pytest

from soleus.editorial.importance import LEAST_POINTS, _of_case, importance
from soleus.editorial.panel import judged, moves, panel
from soleus.inference.posterior import judge
from soleus.knowledge.loader import Knowledge
from soleus.knowledge.schema.core import Effect
from soleus.reasoning.compiled import Compiled, shipped_compiled
from soleus.reasoning.evidence_bars import better_evidence
from soleus.reasoning.judging import Judged


@cache
def every() -> dict[str, Judged]:
    return {p.id: judged(p.case, shipped_compiled()) for p in panel()}


def test_the_panel_is_spread_over_explanations_and_can_be_judged() -> None:
    counted = Counter(p.drawn_from for p in panel())
    assert len(panel()) >= 40
    assert len(counted) >= 40
    assert counted["nocturnal_leg_cramp"] > 1
    assert len({p.id for p in panel()}) == len(panel()) == len(every())


def test_it_tells_what_the_list_of_better_evidence_tells() -> None:
    """The list is of findings outside facets, of the three first explanations."""
    for one in every().values():
        found = _of_case(one)
        for b in better_evidence(one, most=200):
            explanation, _, finding = b.record.partition(".")
            if (explanation, finding) in one.compiled.likelihoods:
                assert found["likelihood", b.record] == pytest.approx(b.spread, abs=1e-9)


def numeric(one: Judged, log_weight: Any) -> float:
    """Points by which the first probability moves for a small shift of log weights, per unit of the shift."""
    p = np.exp(log_weight - log_weight.max())
    return float(p[one.number(one.first.id)] / p.sum())


def test_a_rate_moves_the_answer_as_far_as_its_interval_goes() -> None:
    one, h = every()["panel_nocturnal_leg_cramp"], 1e-5
    found = _of_case(one)
    for name in (one.first.id, one.second.id, "deep_vein_thrombosis"):
        s = one.number(name)
        shift = np.zeros(len(one.network.explanations))
        shift[s] = h
        j = one.judgement
        slope = (numeric(one, j.log_weight + shift) - numeric(one, j.log_weight - shift)) / (2 * h)
        wanted = abs(slope) * 2 * 1.96 * float(j.context.rate_sd[s]) * 100
        assert found["rate", name] == pytest.approx(wanted, rel=1e-4, abs=1e-9)


def test_a_ratio_counts_as_far_as_its_contributor_was_told() -> None:
    """Against the posterior with the ratio a little higher, in a block of one member."""
    compiled = shipped_compiled()
    checked = 0
    for one in every().values():
        found, s = _of_case(one), one.number(one.first.id)
        for k, term in one.judgement.blocks.items():
            block = one.network.blocks[k]
            at = np.flatnonzero(block.columns == s)
            if block.size != 1 or not len(at) or block.necessary[0, at[0]] or block.sd[0, at[0]] < 0.05:
                continue
            m, h = int(at[0]), 1e-4
            log_rho = block.log_rho.copy()
            log_rho[0, m] += h
            moved = dataclasses.replace(block, log_rho=log_rho)
            blocks = (*one.network.blocks[:k], moved, *one.network.blocks[k + 1 :])
            context = dataclasses.replace(one.judgement.context, known={})
            network = dataclasses.replace(one.network, blocks=blocks)
            after = judge(network, context, one.judgement.evidence).probability[s]
            slope = float(after - one.judgement.probability[s]) / h
            wanted = abs(slope) * 2 * 1.96 * float(block.sd[0, m]) * 100
            id = f"{compiled.network.contributors[block.members[0]]}.{one.first.id}"
            assert found["effect", id] == pytest.approx(wanted, rel=0.1, abs=0.02), id
            checked += term is not None
    assert checked >= 10


def test_what_nothing_was_told_of_moves_nothing() -> None:
    one = every()["panel_nocturnal_leg_cramp"]
    told = {one.network.findings[f] for f in one.judgement.evidence.findings}
    found = _of_case(one)
    assert {id.partition(".")[2] for kind, id in found if kind == "likelihood"} <= told
    said = {one.network.contributors[c] for c in one.judgement.evidence.contributors}
    beside = {one.network.contributors[m] for k in one.judgement.blocks for m in one.network.blocks[k].members}
    assert {id.partition(".")[0] for kind, id in found if kind == "effect"} <= said | beside


def test_every_record_that_is_named_is_one() -> None:
    compiled = shipped_compiled()
    ids = {kind: {r.id for r in records} for kind, records in compiled.knowledge.records.items()}
    assert [ref for ref in importance(compiled) if ref[1] not in ids[ref[0]]] == []


def test_a_record_says_how_far_how_often_and_where() -> None:
    found = importance(shipped_compiled())
    one = found["rate", "nocturnal_leg_cramp"]
    by_case = {name: _of_case(j).get(("rate", "nocturnal_leg_cramp"), 0.0) for name, j in every().items()}
    assert one.points == pytest.approx(sum(by_case.values()) / len(by_case))
    assert one.most == pytest.approx(max(by_case.values()))
    assert one.moved == sum(p >= LEAST_POINTS for p in by_case.values()) > 1
    assert one.of == len(panel())
    assert by_case[one.example] == max(by_case.values())
    assert importance(shipped_compiled()) is found


def with_effect(rho: float) -> Compiled:
    base = shipped_compiled().knowledge
    one = next(e for e in base.all(Effect) if e.id == "laba_or_high_beta_agonist.nocturnal_leg_cramp")
    new = msgspec.structs.replace(one, rho=rho)
    rows = tuple(new if e.id == one.id else e for e in base.all(Effect))
    return Compiled(Knowledge({**base.records, "effect": rows}, base.facets, "2", ""))


def test_moves_are_the_first_three_before_and_after() -> None:
    people = [p.case for p in panel()]
    assert all(m.distance == 0 for m in moves(shipped_compiled(), shipped_compiled(), people[:3]))
    found = moves(shipped_compiled(), with_effect(20.0), people)
    assert found[0].distance > found[-1].distance >= 0
    assert len(found[0].before) == len(found[0].after) == 3
    before, after = dict(every()[found[0].case].probability), dict(found[0].before)
    assert all(before[s] == pytest.approx(p) for s, p in after.items())
