"""The school grade of a text, with textstat as the judge."""

from __future__ import annotations

import pytest

from soleus.library.checking import _eased, _names
from soleus.library.entries import entry_of, every
from soleus.library.reading_grade import grade, syllables
from soleus.reasoning.compiled import Compiled
from tests import reading_grade as judge


@pytest.mark.parametrize(
    ("word", "count"),
    [("cramp", 1), ("muscle", 2), ("made", 1), ("stretched", 1), ("noses", 2), ("wanted", 2), ("the", 1), ("I", 1)],
)
def test_syllables_are_groups_of_vowels_without_a_silent_e(word: str, count: int) -> None:
    assert syllables(word) == count


def test_the_grade_is_the_formula() -> None:
    """Six words in one sentence, seven syllables: 0.39 * 6 + 11.8 * 7 / 6 - 15.59."""
    assert grade("The muscle in my leg hurts.") == pytest.approx(0.39 * 6 + 11.8 * 7 / 6 - 15.59)


def test_lines_end_sentences_and_decimals_do_not() -> None:
    assert grade("Feet get cold\nLegs get sore") == grade("Feet get cold. Legs get sore.")
    assert grade("It fell by 2.5 cramps.") == pytest.approx(0.39 * 5 + 11.8 * 5 / 5 - 15.59)
    assert grade("") == 0.0
    assert grade("...") == 0.0


def test_textstat_agrees_on_what_patients_read(compiled: Compiled) -> None:
    """Sentences of more than two words and without decimals, which textstat counts in another way."""
    names = compiled.once(_names)
    seen = 0
    for ref in every(compiled):
        entry = entry_of(compiled, ref.kind, ref.id, "patient", "")  # type: ignore[arg-type]
        for section in entry.sections:
            text = _eased(" ".join(p.text for p in section.paragraphs if not p.item), names)
            parts = [s for s in text.replace("?", ".").replace("!", ".").split(".") if s.strip()]
            if parts and all(len(s.split()) > 2 for s in parts) and text.isascii() and not any(map(str.isdigit, text)):
                seen += 1
                assert grade(text) == pytest.approx(judge.grade(text), abs=0.35), text
    assert seen > 300
