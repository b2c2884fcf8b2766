"""Flesch-Kincaid grade of a patient's text, by textstat, without a download.

textstat asks the network for a pronouncing dictionary. Here it is given a counter of its own: groups of vowels
without a silent final e, which counts no fewer syllables than the dictionary for nearly all words (the grade errs
to the hard side). Names of conditions and medicines count as one easy word, so they are replaced first.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from importlib import import_module

import textstat


class _Syllables(dict[str, list[list[str]]]):
    """As textstat reads a pronouncing dictionary: a list of phones, one digit a syllable."""

    def __getitem__(self, word: str) -> list[list[str]]:
        return [["V0"] * syllables(word)]


def syllables(word: str) -> int:
    """Groups of vowels; final e is silent unless it is the only vowel or follows a consonant and l."""
    plain = re.sub(r"[^a-z]", "", word.lower())
    groups = len(re.findall(r"[aeiouy]+", plain))
    silent = re.search(r"[^aeiouyl]e$|[^aeiouy]es$|[^aeiouytd]ed$|[aeiouy]le$", plain)
    sounded = re.search(r"(s|x|z|ch|sh|c|g)es$", plain)
    return max(1, groups - bool(silent and not sounded))


vars(import_module("textstat.backend.counts._count_syllables"))["get_cmudict"] = lambda _lang: _Syllables()


def grade(text: str, easy: Iterable[str] = ()) -> float:
    """The school grade of ``text``; the names in ``easy`` count as one easy word."""
    for name in sorted(easy, key=len, reverse=True):
        text = re.sub(rf"\b{re.escape(name)}\b", "cramp", text, flags=re.IGNORECASE)
    return float(textstat.flesch_kincaid_grade(text))
