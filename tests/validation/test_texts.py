"""The annotated texts: in the form that the guidelines describe, and on the side that the split gives."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from soleus.notes.lexicon import lexicon
from soleus.reasoning.compiled import shipped_compiled
from soleus.validation.texts import AnnotatedText, Counts, annotated_reading, gold, read_texts


@pytest.fixture(scope="module")
def texts(root: Path) -> dict[str, tuple[AnnotatedText, ...]]:
    return {part: read_texts(root / "validation/texts" / part) for part in ("dev", "test", "train")}


def test_every_text_stands_where_the_split_says(root: Path, texts: dict[str, tuple[AnnotatedText, ...]]) -> None:
    split = yaml.safe_load((root / "validation/texts/split.yaml").read_text(encoding="utf-8"))
    for part in ("dev", "test"):
        assert sorted(t.id for t in texts[part]) == sorted(split[part])


def test_there_are_enough_texts_and_annotations(texts: dict[str, tuple[AnnotatedText, ...]]) -> None:
    every = [*texts["dev"], *texts["test"]]
    assert len(every) >= 200
    assert sum(len(t.annotations) for t in every) >= 3000


def test_every_quote_stands_in_its_text(texts: dict[str, tuple[AnnotatedText, ...]]) -> None:
    compiled = shipped_compiled()
    for text in (t for part in texts.values() for t in part):
        assert [q for _, _, q, *_ in text.annotations if str(q) not in text.text] == [], text.id
        assert gold(text, compiled) is not None


def test_f1_is_two_thirds_of_the_arithmetic() -> None:
    # two right, one wrong, one missed: 2 * 2 / (2 * 2 + 1 + 1)
    assert Counts(true=2, false=1, missed=1).f1 == 4 / 6


def test_every_wording_names_a_finding_and_a_state() -> None:
    compiled = shipped_compiled()
    words = lexicon(compiled)
    assert len(words.matcher.words) > 2000
    folder = Path(__file__).resolve().parents[2] / "src/soleus/notes/wordings/findings"
    for path in folder.glob("*.yaml"):
        for finding, states in yaml.safe_load(path.read_text(encoding="utf-8")).items():
            known = {s.id for s in compiled.findings[finding].states}
            assert {str(s) for s in states} <= known, f"{path.name}: {finding}"


def test_texts_to_learn_from_are_others_than_those_set_aside(texts: dict[str, tuple[AnnotatedText, ...]]) -> None:
    known = set(shipped_compiled().explanations)
    aside = {sentence for t in texts["test"] for sentence in _sentences(t.text)}
    for text in texts["train"]:
        assert text.answer is None or text.answer in known, text.id
        assert not aside & _sentences(text.text), text.id


def _sentences(text: str) -> set[str]:
    """Sentences of twelve words or more; shorter ones, and the questions of exams, are said alike by chance."""
    parts = text.replace("\n", " ").replace("!", ".").split(".")
    return {s.strip() for s in parts if len(s.split()) >= 12 and "?" not in s}


def test_the_annotations_as_a_reading() -> None:
    compiled = shipped_compiled()
    text = AnnotatedText(
        id="x",
        genre="clinic_note",
        text="71M, calf cramps nocte. Denies swelling. ?neuropathy. Rx furosemide. K 3.1 mmol/L.",
        annotations=(
            ("age", 71, "71M"),
            ("sex", "male", "71M"),
            ("quality", "cramp", "cramps"),
            ("swelling", "none", "Denies swelling"),
            ("polyneuropathy_known", "?present", "?neuropathy"),
            ("medicine:furosemide", "current", "furosemide"),
            ("potassium", "3.1 mmol/L", "K 3.1 mmol/L"),
        ),
    )
    found = {u.finding: (u.kind, u.state, u.value) for u in annotated_reading(text, compiled).understood}
    assert found == {
        "age": ("person", "present", 71.0),
        "sex": ("person", "present", "male"),
        "quality": ("finding", "present", "cramp"),
        "swelling": ("finding", "absent", "none"),
        "medicine:furosemide": ("medicine", "present", None),
        "potassium": ("finding", "present", 3.1),
    }
