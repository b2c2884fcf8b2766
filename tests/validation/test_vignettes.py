"""The vignettes: every one is read and judged, names a source, and stands on its side of the split by the rule."""

from __future__ import annotations

import hashlib
from collections import Counter
from functools import cache
from pathlib import Path

import pytest
import yaml

from soleus.errors import KnowledgeError
from soleus.inference.posterior import judge
from soleus.reasoning.compiled import shipped_compiled
from soleus.reasoning.intake import take_in
from soleus.reasoning.medicines import MedicineIndex
from soleus.validation.vignettes import Vignette, read_all, set_aside

FOLDER = Path(__file__).resolve().parents[2] / "validation"


@cache
def vignettes() -> tuple[Vignette, ...]:
    return read_all(FOLDER / "vignettes")


@cache
def index() -> MedicineIndex:
    return MedicineIndex(shipped_compiled().knowledge)


IDS = [v.id for v in vignettes()]


def test_there_are_at_least_eighty_and_no_id_twice() -> None:
    assert len(IDS) >= 80
    assert len(set(IDS)) == len(IDS)


@pytest.mark.parametrize("vignette", vignettes(), ids=IDS)
def test_it_is_read_and_judged(vignette: Vignette) -> None:
    presentation = take_in(vignette.read(), shipped_compiled(), index())[0]
    judged = judge(shipped_compiled().network, presentation.context, presentation.evidence)
    assert judged.probability.sum() == pytest.approx(1, abs=1e-9)
    assert judged.probability.min() >= 0


@pytest.mark.parametrize("vignette", vignettes(), ids=IDS)
def test_its_answer_is_in_the_knowledge_base_and_its_source_can_be_found(vignette: Vignette) -> None:
    compiled = shipped_compiled()
    assert set(vignette.expected.right) <= set(compiled.explanations)
    assert vignette.source.doi or vignette.source.pmid or vignette.source.url
    assert (FOLDER / "vignettes" / f"{vignette.id}.yaml").is_file()


def parity(vignette: str) -> int:
    return int(hashlib.sha256(f"soleus 2026-11-21 {vignette}".encode()).hexdigest(), 16) % 2


def test_the_split_is_what_the_rule_gives() -> None:
    aside = set_aside(FOLDER)
    (side,) = {parity(v) for v in aside}
    assert aside == {v for v in IDS if parity(v) == side}


def test_about_half_is_set_aside() -> None:
    assert 0.35 <= len(set_aside(FOLDER)) / len(IDS) <= 0.65


def test_both_halves_hold_danger_and_ease() -> None:
    aside = set_aside(FOLDER)
    counts = Counter((v.id in aside, v.expected.dangerous) for v in vignettes())
    assert min(counts[side, danger] for side in (True, False) for danger in (True, False)) >= 10


def test_a_file_that_is_no_vignette_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "x.yaml").write_text(yaml.safe_dump({"id": "x", "case": {}}))
    with pytest.raises(KnowledgeError):
        read_all(tmp_path)
