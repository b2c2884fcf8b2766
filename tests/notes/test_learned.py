"""What is learnt of clauses, on models small enough to compute by hand."""

from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest

from soleus.notes.learned import Heard, Learned, clauses, evidence, features
from soleus.notes.lexicon import Reliability, lexicon
from soleus.notes.reading import gather
from soleus.notes.weighing import polarity_of
from soleus.reasoning.compiled import shipped_compiled
from soleus.validation.texts import read_texts


def lines(*words: str) -> Any:
    return np.frombuffer("\n".join(words).encode(), np.uint8)


def two_features() -> dict[str, Any]:
    """One unit, two features, one statement: h = max(0, 2a - b), z = 3h - 1."""
    return {
        "statements": lines("swelling=one_leg"),
        "features": lines("u:swollen", "u:~swollen"),
        "inner": np.array([[100], [-50]], np.int8),
        "scale": np.array([0.02], np.float32),
        "shift": np.zeros(1, np.float16),
        "outer": np.array([[3.0]], np.float16),
        "base": np.array([-1.0], np.float16),
        "seen": np.array([40]),
        "weights": np.array([1.0, 0.5]),
    }


def test_the_arithmetic_of_a_clause() -> None:
    models = Learned(two_features())
    said = [("u:swollen", 1.0, 3, 3)]
    denied = [("u:~swollen", 1.0, 3, 3)]
    # said: h = 100 * 0.02 = 2, z = 3 * 2 - 1 = 5; denied: h = max(0, -1) = 0, z = -1
    p = models.probabilities([said, denied])[:, 0]
    assert p == pytest.approx([1 / (1 + math.exp(-5)), 1 / (1 + math.exp(1))], abs=1e-6)
    assert models.told([denied, said], 0.5)["swelling=one_leg"].clause == 1
    assert models.words(said, "swelling=one_leg") == (3, 3)
    assert models.words(denied, "swelling=one_leg") is None


def test_words_that_were_never_seen_say_nothing() -> None:
    models = Learned(two_features())
    assert models.probabilities([[("u:frog", 1.0, 0, 0)]])[0, 0] == pytest.approx(1 / (1 + math.exp(1)), abs=1e-6)
    assert models.told([], 0.1) == {}


def test_the_confidence_of_a_statement_is_logistic() -> None:
    models = Learned(two_features())  # weight 1 on the first number, constant 0.5
    assert models.confidence([2.0]) == pytest.approx(1 / (1 + math.exp(-2.5)))


def test_what_a_wording_says_counts_only_where_one_was_read() -> None:
    silent = evidence(0.8, 0.0, 0, False, 0.01, 0.0, False, False, 50)
    read = evidence(0.8, 0.9, 1, True, 0.01, 0.0, False, False, 50)
    assert silent[0] == read[0] == pytest.approx(math.log(4))
    assert silent[3] == 0.0
    assert read[3] == pytest.approx(math.log(9))


def test_clauses_end_at_marks_and_joining_words() -> None:
    got = gather("The calf is swollen, red and sore. No fever.", shipped_compiled())
    words = [[got.context.tokens[n].word for n in part] for part in clauses(got.context.tokens)]
    assert words == [["the", "calf", "is", "swollen"], [",", "red"], ["and", "sore", "."], ["no", "fever", "."]]


def test_features_carry_denial_and_what_was_read() -> None:
    got = gather("No swelling of the calf.", shipped_compiled())
    parts = clauses(got.context.tokens)
    (bag,) = features(got.context, parts, [Heard("swelling=none", (0, 11))])
    names = {f[0] for f in bag}
    assert {"u:no", "u:~swell", "r:swelling=none"} <= names


def test_polarity_of_a_learnt_statement() -> None:
    compiled = shipped_compiled()
    assert polarity_of("swelling", "none", compiled) == "absent"
    assert polarity_of("swelling", "one_leg", compiled) == "present"
    assert polarity_of("medicine:furosemide", "current", compiled) == "present"
    assert polarity_of("diabetes", "absent", compiled) == "absent"


def test_the_shipped_models_belong_to_this_knowledge_base() -> None:
    compiled = shipped_compiled()
    models = lexicon(compiled).models
    assert models is not None
    for name in models.statements:
        finding, _, value = name.partition("=")
        if finding in compiled.findings:
            assert value in {s.id for s in compiled.findings[finding].states}, name
        else:
            assert finding in compiled.contributors or finding.startswith("medicine:"), name


@pytest.fixture(scope="module")
def trainer(program: Callable[[str], ModuleType]) -> ModuleType:
    return program("train_notes")


def test_training_is_repeatable_and_learns(trainer: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    compiled = shipped_compiled()
    monkeypatch.setattr(trainer, "EPOCHS", 40)
    monkeypatch.setattr(trainer, "UNITS", 24)
    monkeypatch.setattr(trainer, "read_texts", lambda folder: read_texts(folder)[:20])
    texts = trainer.examples(compiled)
    first, second = trainer.fit(texts), trainer.fit(texts)
    assert all(np.array_equal(first[k], second[k]) for k in first)
    models = Learned(first)
    told = [s for x in texts for s in x.told_in if s in models.column and x.told_in[s]]
    found = [s for x in texts for s in models.told(x.bags, 0.5) if s in x.told_in]
    assert len(found) > 0.6 * len(told)  # on the texts themselves, which it has seen


def test_reliability_counts_right_and_all(trainer: ModuleType) -> None:
    compiled = shipped_compiled()
    texts = trainer.examples(compiled)[:3]
    table = trainer.reliability(texts, compiled)
    assert all(0 <= right <= n for right, n in table.values())
    assert Reliability({"": [8, 10]}).of("x", "present", "y") == pytest.approx(0.8)


def test_the_part_set_aside_is_never_read_in_training(root: Path) -> None:
    code = (root / "tools/train_notes.py").read_text(encoding="utf-8")
    assert "texts/test" not in code
    assert '("dev", "train")' in code
