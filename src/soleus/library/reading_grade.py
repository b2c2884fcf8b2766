"""How hard a text is to read: the school grade of Flesch and Kincaid (1975).

0.39 words a sentence + 11.8 syllables a word - 15.59. Syllables are groups of vowels without a silent final e, which
counts no fewer than a dictionary for nearly all words, so that the grade errs to the hard side.
"""

from __future__ import annotations

import re

_WORD = re.compile(r"[^\W_](?:[\w'’.,-]*\w)?")
_END = re.compile(r"[.!?]+(?=\s|$|[”’\")\]])|\n+")
_VOWELS = re.compile(r"[aeiouy]+")
_SILENT = re.compile(r"[^aeiouyl]e$|[^aeiouy]es$|[^aeiouytd]ed$|[aeiouy]le$")
_SOUNDED = re.compile(r"(?:s|x|z|ch|sh|c|g)es$")


def grade(text: str) -> float:
    """The school grade of a text; 0 for one without words. Sentences end with a mark or with the line."""
    words = _WORD.findall(text)
    if not words:
        return 0.0
    sentences = sum(1 for part in _END.split(text) if _WORD.search(part))
    return 0.39 * len(words) / sentences + 11.8 * sum(map(syllables, words)) / len(words) - 15.59


def syllables(word: str) -> int:
    """Groups of vowels; at least one."""
    plain = re.sub(r"[^a-z]", "", word.lower())
    silent = bool(_SILENT.search(plain)) and not _SOUNDED.search(plain)
    return max(1, len(_VOWELS.findall(plain)) - silent)
