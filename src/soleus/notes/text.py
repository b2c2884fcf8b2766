"""A text as tokens in sentences, each with its place in the text as given (code points, end excluded)."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache

from Stemmer import Stemmer

_FOLDED = str.maketrans({
    "‘": "'", "’": "'", "ʼ": "'", "`": "'", "´": "'", "“": '"', "”": '"', "–": "-", "—": "-", "−": "-", "‐": "-", "‑": "-",
    "•": "*", "·": "*", "●": "*", "☑": "☑", "☒": "☑", "✓": "☑", "✔": "☑", "□": "☐", "→": ">", "≥": ">", "≤": "<",
    "\u00a0": " ", "\t": " ", "\u2028": "\n", "\u2029": "\n", "\r": "\n", "°": "°", "µ": "u", "μ": "u", "×": "x",
})  # fmt: skip

_TOKEN = re.compile(
    r"""
    \[\s*[xX☑]\s*\]|\[\s*\]|☑|☐|\(\s*[xX+]\s*\)|\(\s*-\s*\)     # a box, ticked or not; (+), (-)
    | (?:t[12]dm|b12|hba1c|g6pd|caspr2|lgi1|gad65|co2|[ltsc][1-9](?![0-9.]))(?![a-z0-9])
    | [+-]ve\b
    | [0-9]+(?:[.,][0-9]+)*                                  # a number
    | [a-z]+(?:/[a-z]+)+(?![a-z])                            # c/o, b/l, and/or
    | [a-z]+(?:'[a-z]+)?                                     # a word
    | \n+ | [.;:,?!()/%°+<>~=|&*#"-]
    """,
    re.VERBOSE,
)
_ESCAPES = re.compile(r"\x1b\[[0-9;]*[A-Za-z]")  # colours of a terminal
_ENDS = frozenset({".", "!", "?", ";", "|"})


@dataclass(frozen=True, slots=True)
class Token:
    """One word, number or mark. ``stem`` is what patterns compare; several tokens may share a place (b/l)."""

    word: str
    stem: str
    start: int
    end: int
    sentence: int
    line: int
    corrected: bool = False


_ENGLISH = Stemmer("english")


@lru_cache(maxsize=60_000)
def stem(word: str) -> str:
    """The Snowball stem of an English word; numbers and marks are their own."""
    return _ENGLISH.stemWord(word) if word.isalpha() else word


def folded(text: str) -> tuple[str, list[int] | range]:
    """Lower case, plain quotes and dashes, no accents and invisible marks; and the place of each character in ``text``."""
    text = _ESCAPES.sub(lambda m: " " * len(m.group()), text)
    if text.isascii():
        return text.lower().replace("\t", " ").replace("\r", "\n"), range(len(text) + 1)
    characters: list[str] = []
    places: list[int] = []
    for place, given in enumerate(text):
        for c in _plain(given):
            characters.append(c)
            places.append(place)
    places.append(len(text))
    return "".join(characters), places


@lru_cache(maxsize=4_096)
def _plain(given: str) -> str:
    """One character folded: none, one or several; bidi marks, joiners and accents vanish."""
    found = unicodedata.normalize("NFKD", given.translate(_FOLDED)).translate(_FOLDED).lower()
    return "".join(c for c in found if unicodedata.category(c) not in ("Cf", "Mn"))


def tokens(text: str, short_forms: Mapping[str, tuple[str, ...]], known: Corrections | None = None) -> list[Token]:
    """The tokens of a text. ``short_forms`` spells out abbreviations; ``known`` mends misspelt words."""
    plain, places = folded(text)
    out: list[Token] = []
    sentence = line = 0
    found = list(_TOKEN.finditer(plain))
    for n, match in enumerate(found):
        word = match.group()
        start = places[match.start()]
        end = places[match.end() - 1] + 1
        if word[0] == "\n":
            line += 1
            sentence += _ends_line(plain, match, found, n)
            continue
        if word == "." and _inside(plain, match.start(), short_forms):
            continue
        if word[0] == "(" and len(word) > 1 and "x" not in word:  # (-), (+) after the name of a sign
            word = "negative" if "-" in word else "positive"
        for part, corrected in _spelled(word, short_forms, known):
            out.append(Token(part, stem(part), start, end, sentence, line, corrected))
        if word in _ENDS and not (word == "?" and _before_word(plain, match.start())):
            sentence += 1
    return out


def _before_word(plain: str, at: int) -> bool:
    """A question mark that stands before a word (?DVT) ends no sentence."""
    return plain[at + 1 : at + 2].isalnum() and (at == 0 or not plain[at - 1].isalnum())


def _ends_line(plain: str, match: re.Match[str], found: list[re.Match[str]], n: int) -> bool:
    """A line that is wrapped in the middle of a sentence goes on; an empty line, a list or a heading does not."""
    if len(match.group()) > 1 or n + 1 >= len(found):
        return True
    begin = plain.rfind("\n", 0, match.start()) + 1
    length = match.start() - begin
    following = found[n + 1].group()
    return length < 60 or following in ("-", "*", "[", "☑", "☐") or following[0] in "[(0123456789"


def _inside(plain: str, at: int, short_forms: Mapping[str, tuple[str, ...]]) -> bool:
    """A full stop after an abbreviation or an initial does not end a sentence."""
    before = re.search(r"[a-z]+$", plain[max(at - 8, 0) : at])
    after = plain[at + 1 : at + 2]
    if before is None:
        return False
    word = before.group()
    return after.isalnum() or (word + "." in short_forms) or (len(word) == 1 and word not in "ix")


def _spelled(
    word: str, short_forms: Mapping[str, tuple[str, ...]], known: Corrections | None
) -> list[tuple[str, bool]]:
    if word in short_forms:
        return [(w, False) for w in short_forms[word]]
    if "/" in word and word[0].isalpha():
        return [(w, False) for part in word.split("/") for w in short_forms.get(part, (part,))]
    if "'" in word:
        word = word.removesuffix("'s").replace("'", "")
        if word in short_forms:
            return [(w, False) for w in short_forms[word]]
    if known is not None and (better := known.mend(word)) is not None:
        return [(w, True) for w in short_forms.get(better, tuple(better.split()))]
    return [(word, False)]


class Corrections:
    """Mends misspelt words: a word that no English list has becomes the nearest word that patterns use.

    One edit (a letter wrong, missing, too many, or two swapped) for five letters or more, two from eight on; the first
    letter must be right. Words shorter than five letters are left as they are.
    """

    _SHORTEST, _TWO_EDITS = 5, 8

    def __init__(self, useful: frozenset[str], english: frozenset[str]) -> None:
        self._useful, self._english = useful, english
        self._by_initial: dict[str, list[str]] = {}
        for word in sorted(useful):
            if len(word) >= self._SHORTEST - 1 and word.isalpha():
                self._by_initial.setdefault(word[0], []).append(word)
        self._stems = frozenset(stem(w) for w in useful)
        self._seen: dict[str, str | None] = {}

    def mend(self, word: str) -> str | None:
        """The word that was meant, or None where ``word`` is right, short, or like no useful word."""
        if len(word) < self._SHORTEST or not word.isalpha() or word in self._english or stem(word) in self._stems:
            return None
        if word not in self._seen:
            if len(self._seen) > 20_000:
                self._seen.clear()
            self._seen[word] = self._nearest(word)
        return self._seen[word]

    def english_share(self, plain: str, most: int = 300) -> tuple[float, int]:
        """The share of the first ``most`` words of a folded text that are English or useful, and how many were looked at."""
        words = [w for w in re.findall(r"[^\W\d_]+", plain[: most * 12]) if len(w) > 1][:most]
        known = sum(w in self._english or w in self._useful for w in words)
        return (known / len(words) if words else 1.0), len(words)

    def _nearest(self, word: str) -> str | None:
        from rapidfuzz.distance import OSA
        from rapidfuzz.process import extractOne

        edits = 2 if len(word) >= self._TWO_EDITS else 1
        near = extractOne(word, self._by_initial.get(word[0], ()), scorer=OSA.distance, score_cutoff=edits)
        return near[0] if near else None
