"""The records of the posterior: every one decodes, and together they leave no gap."""

from __future__ import annotations

from collections import Counter
from functools import cache
from pathlib import Path
from typing import Any

import msgspec
import pytest
import yaml

from soleus.evidence.record import Source
from soleus.knowledge.schema.core import Background, Explanation, Finding, Likelihood, Marker, Rate

ROOT = Path(__file__).parents[2]
DATA = ROOT / "src" / "soleus" / "knowledge" / "data"
STRUCTS: dict[str, type[Any]] = {
    "explanation": Explanation,
    "finding": Finding,
    "likelihood": Likelihood,
    "background": Background,
    "rate": Rate,
    "marker": Marker,
    "source": Source,
}
CORE_FINDINGS = 34


@cache
def documents() -> tuple[dict[str, Any], ...]:
    return tuple(yaml.load(p.read_bytes(), Loader=yaml.CSafeLoader) for p in sorted(DATA.rglob("*.yaml")))


@cache
def records(kind: str) -> tuple[Any, ...]:
    rows = [r for d in documents() if d.get("kind") == kind for r in d["records"]]
    return tuple(msgspec.convert(r, STRUCTS[kind]) for r in rows)


@cache
def by_id(kind: str) -> dict[str, Any]:
    return {r.id: r for r in records(kind)}


@cache
def decisions() -> dict[str, Any]:
    text = (ROOT / "tools" / "import_core.yaml").read_bytes()
    return dict(yaml.load(text, Loader=yaml.CSafeLoader))


def _finding(record: Any) -> Finding:
    found: Finding = by_id("finding")[record.finding if hasattr(record, "finding") else record.id]
    return found


@pytest.mark.parametrize("kind", STRUCTS)
def test_ids_are_unique(kind: str) -> None:
    assert [i for i, n in Counter(r.id for r in records(kind)).items() if n > 1] == []


def test_every_explanation_speaks_of_every_core_finding() -> None:
    core = [f.id for f in records("finding") if f.core]
    assert len(core) == CORE_FINDINGS
    wanted = {f"{e.id}.{f}" for e in records("explanation") for f in core}
    assert wanted - by_id("likelihood").keys() == set()


def test_every_explanation_has_a_rate() -> None:
    assert by_id("explanation").keys() == by_id("rate").keys()


def test_likelihoods_name_what_is_there() -> None:
    wrong = [r.id for r in records("likelihood") if r.id != f"{r.explanation}.{r.finding}"]
    assert wrong == []
    assert {r.explanation for r in records("likelihood")} == by_id("explanation").keys()
    assert {r.finding for r in records("likelihood")} <= by_id("finding").keys()


@pytest.mark.parametrize("kind", ["likelihood", "background"])
def test_distributions_fit_their_finding_and_sum_to_one(kind: str) -> None:
    wrong = [
        r.id
        for r in records(kind)
        if len(r.p) != len(_finding(r).states) or round(sum(r.p), 9) != 1 or not 0 < min(r.p) <= max(r.p) < 1
    ]
    assert wrong == []


def test_a_finding_speaks_of_explanations_or_of_a_contributor() -> None:
    markers = {m.finding for m in records("marker")}
    silent = [f.id for f in records("finding") if f.id not in by_id("background") and f.id not in markers]
    assert silent == []
    assert markers & {r.finding for r in records("likelihood")} == set()


def test_numeric_states_are_intervals_without_a_gap() -> None:
    for f in records("finding"):
        if f.kind == "numeric":
            assert f.unit, f.id
            assert (f.states[0].at_least, f.states[-1].below) == (None, None), f.id
            assert [s.below for s in f.states[:-1]] == [s.at_least for s in f.states[1:]], f.id


def test_states_and_absent() -> None:
    for f in records("finding"):
        ids = [s.id for s in f.states]
        assert len(ids) == len(set(ids)) >= 2, f.id
        assert f.absent is None or f.absent in ids, f.id
        if f.kind == "yes_no":
            assert (ids, f.absent) == (["yes", "no"], "no"), f.id


def test_sources_resolve() -> None:
    known = by_id("source").keys()
    kinds = ("explanation", "finding", "likelihood", "background", "rate")
    assert {s for k in kinds for r in records(k) for s in r.source} - known == set()


def test_look_alikes_resolve() -> None:
    assert {c for e in records("explanation") for c in e.confused_with} <= by_id("explanation").keys()


def test_what_must_not_be_missed_says_why() -> None:
    assert [e.id for e in records("explanation") if e.must_not_miss and not e.why] == []


def test_every_key_feature_of_the_evidence_is_accounted_for() -> None:
    goals = decisions()["map"]
    assert len(goals) == 725
    lost = [old for old, goal in goals.items() if not _arrived(str(goal))]
    assert lost == []


def _arrived(goal: str) -> bool:
    kind, _, rest = goal.partition(":")
    if kind == "dropped":
        return len(rest) > 10  # a reason in words
    if kind == "contributor":
        return bool(rest)
    if kind == "core":
        return bool(by_id("finding")[rest].core)
    return goal.lstrip("!") in by_id("finding")


def test_former_ids_answer_for_what_was_merged() -> None:
    goals = {o: str(g).removeprefix("core:").lstrip("!") for o, g in decisions()["map"].items()}
    former = {old: f.id for f in records("finding") for old in f.former_ids}
    wrong = {o: g for o, g in goals.items() if g in by_id("finding") and o != g and former.get(o) != g}
    assert wrong == {}
