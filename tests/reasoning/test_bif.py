"""The BIF file of a person, opened by pyAgrum, gives the answer that the engine gives."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from soleus.interop.reading import read_any
from soleus.reasoning.bif import bif, evidence_of, name_of
from soleus.reasoning.compiled import shipped_compiled
from soleus.reasoning.intake import Presentation, take_in
from soleus.reasoning.judging import Judged
from soleus.reasoning.medicines import MedicineIndex

gum: Any = pytest.importorskip("pyagrum")

#: The file has 17 digits, but pyAgrum's reader of BIF keeps single precision: 3e-8 of each number.
TOLERANCE = 1e-6


def presented(path: Path) -> Presentation:
    compiled = shipped_compiled()
    return take_in(read_any(path, compiled), compiled, MedicineIndex(compiled.knowledge))[0]


def posterior(file: Path, evidence: dict[str, str]) -> dict[str, float]:
    """P(S | evidence) by pyAgrum, from the file alone."""
    network = gum.loadBN(str(file))
    engine = gum.LazyPropagation(network)
    engine.setEvidence(evidence)
    engine.addTarget("S")
    engine.makeInference()
    p = engine.posterior("S").toarray()
    return {network.variable("S").label(i): float(x) for i, x in enumerate(p)}


@pytest.mark.parametrize("example", ["drug-induced-cramp.yaml", "fhir-bundle.json"])
def test_pyagrum_gives_the_same_posterior(example: str, root: Path, tmp_path: Path) -> None:
    """A cramp after a new medicine; a record with laboratory values and with lists that are silent on much."""
    p = presented(root / "examples" / example)
    file = tmp_path / "person.bif"
    file.write_text(bif(p), encoding="utf-8")
    theirs = posterior(file, evidence_of(p))
    ours = {name_of(s): x for s, x in Judged(p).probability.items()}
    assert theirs.keys() == ours.keys()
    assert max(abs(theirs[s] - ours[s]) for s in ours) < TOLERANCE


def test_everything_known_is_evidence(root: Path) -> None:
    p = presented(root / "examples" / "fhir-bundle.json")
    kinds = {node.partition("_")[0] for node in evidence_of(p)}
    assert kinds >= {"f", "said"}
    assert len([n for n in evidence_of(p) if n.startswith("listed_")]) == len(p.silent)
    assert len([n for n in evidence_of(p) if n.startswith("said_")]) == len(p.said)


def test_names_are_valid(root: Path) -> None:
    """Letters, digits and underscores; nodes once each, states once in a node."""
    text = bif(presented(root / "examples" / "idiopathic-cramp.yaml"))
    nodes = re.findall(r"^variable (\S+) ", text, flags=re.MULTILINE)
    assert len(nodes) == len(set(nodes))
    assert all(re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]*", node) for node in nodes)
    for states in re.findall(r"\{ (.*) \};", text):
        names = states.split(", ")
        assert len(names) == len(set(names))
        assert all(re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]*", name) for name in names)


@pytest.mark.parametrize(("word", "name"), [("1_10min", "s_1_10min"), ("a.b-c", "a_b_c"), ("quality", "quality")])
def test_a_word_becomes_a_name(word: str, name: str) -> None:
    assert name_of(word) == name


def test_every_table_adds_to_one(root: Path) -> None:
    text = bif(presented(root / "examples" / "idiopathic-cramp.yaml"))
    sums = [
        sum(float(x) for x in row.split(",")) for row in re.findall(r"^  (?:\(.*\)|table) (.*);$", text, re.MULTILINE)
    ]
    assert max(abs(s - 1) for s in sums) < 1e-4
