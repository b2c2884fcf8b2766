"""Search that forgives typing and knows the words of patients. Nothing of what is sought is kept or logged.

A name, code or former name comes before a beginning of one, that before words of a name, a wording with mistakes, what
somebody feels in their own words (`soleus.library.told`), and words that stand somewhere in the text.
"""

from __future__ import annotations

import math
from bisect import bisect_left
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Literal

from msgspec import Struct
from rapidfuzz import fuzz, process
from rapidfuzz.distance import OSA

from soleus.library.model import RecordRef
from soleus.library.naming import KINDS, How, Name, code_key, key_of, names, records, texts
from soleus.library.titles import title_of
from soleus.library.told import NOTHING, Told, told_by
from soleus.notes.text import stem
from soleus.reasoning.assessment import Audience
from soleus.reasoning.compiled import Compiled
from soleus.reports.words import lower_first

LONGEST = 200  # characters that are looked at
#: Why an entry was found, beside the ways of `How`: what somebody feels, or words of its text.
Why = How | Literal["felt", "text"]

# Scores: what steers the order, not a probability.
_EXACT, _SAME_WORDS, _BEGINS, _WORDS, _FELT, _TEXT = 100.0, 94.0, 84.0, 72.0, 78.0, 30.0
_ASKED, _NEARER = 71.0, 6.0  # a common question that has every word; less by so much if it has many others
_FUZZY = 80.0  # times the likeness
_LIKE = 78.0  # percent of likeness below which a name is another name
_LENT = {"question": 0.9}  # a wording of a question stands a little behind its own words
_SIGN = 0.6  # another word for a sign stands behind what it is a sign of
_MOST_BEGINNINGS = 60
_TOO_LITTLE = 0.15  # a name or text that shares less with the words does not fit
_MENDED_FROM = 4  # letters; shorter words are not mended
_WORDS_SILENT = (
    "a an and are as at be by can could did do does for from get got has have having how i if in is it its me my of "
    "on or our s should so t that the their them they this to was we what when where which who why will with would you "
    "your"
)
SILENT = frozenset(_WORDS_SILENT.split())  # words that tell nothing of what is sought
_BEHIND = 0.4  # a kind stands behind the one before it by so much


class Hit(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """An entry that fits. ``how`` and ``matched`` say why: by which name, code or wording; for ``felt`` the findings.

    ``score`` orders, no more.
    """

    entry: RecordRef
    title: str
    how: Why
    matched: str
    score: float


def search(compiled: Compiled, words: str, audience: Audience, most: int = 20) -> tuple[Hit, ...]:
    """The entries that fit the words, the best first; none for words that fit nothing."""
    words = words[:LONGEST]
    index = compiled.once(_Index)
    best: dict[int, _Fit] = {}
    for fit in index.fits(words):
        if fit.score > best.get(fit.entry, _NONE).score:
            best[fit.entry] = fit
    ranked = sorted(best.values(), key=lambda f: (-f.score + index.behind[f.entry], f.entry))[:most]
    return tuple(index.hit(f, audience) for f in ranked)


@dataclass(frozen=True, slots=True)
class _Fit:
    entry: int
    score: float
    how: Why
    matched: str
    findings: tuple[str, ...] = ()


_NONE = _Fit(-1, 0.0, "text", "")


class _Index:
    """Everything that is sought through, made once per knowledge base. Entries and names are numbers here."""

    def __init__(self, compiled: Compiled) -> None:
        self.compiled = compiled
        self.refs = [ref for ref, _ in records(compiled)]
        kinds = list(KINDS)
        self.behind = [kinds.index(ref.kind) * _BEHIND for ref in self.refs]  # type: ignore[arg-type]
        self._numbers = {ref: n for n, ref in enumerate(self.refs)}
        self._add_names(names(compiled))
        self._texts = _Texts(texts(compiled)[ref] for ref in self.refs)

    def _add_names(self, every: Mapping[RecordRef, tuple[Name, ...]]) -> None:
        self._names: list[tuple[int, Name]] = []
        self._keys: dict[str, list[int]] = {}
        self._codes: dict[str, list[int]] = {}
        self._sets: dict[frozenset[str], list[int]] = {}
        for ref in self.refs:
            for name in every[ref]:
                self._add_name(self._numbers[ref], name)
        self._sorted = sorted(self._keys)
        self._sorted_codes = sorted(self._codes)
        self._words = _Names([key_of(name.text) if name.how != "code" else "" for _, name in self._names])

    def _add_name(self, entry: int, name: Name) -> None:
        n = len(self._names)
        self._names.append((entry, name))
        if name.how == "code":
            self._codes.setdefault(code_key(name.text), []).append(n)
            return
        key = key_of(name.text)
        self._keys.setdefault(key, []).append(n)
        self._sets.setdefault(frozenset(stems(key)), []).append(n)

    def hit(self, fit: _Fit, audience: Audience) -> Hit:
        felt = (lower_first(self.compiled.findings[f].name) for f in fit.findings if f in self.compiled.findings)
        return Hit(
            entry=self.refs[fit.entry],
            title=title_of(self.compiled.knowledge, self.refs[fit.entry], audience),
            how=fit.how,
            matched=", ".join(felt) or fit.matched,
            score=round(fit.score, 2),
        )

    def fits(self, words: str) -> Iterable[_Fit]:
        """Every way in which an entry fits, in no order."""
        key = key_of(words)
        if not key:
            return
        yield from self._by_code(words)
        yield from self._by_name(key)
        yield from self._by_beginning(key)
        wanted = self._words.wanted(key)
        yield from self._by_words(wanted)
        if not self._words.knows(key):
            yield from self._by_likeness(key)
        yield from self._by_feeling(words)
        yield from self._by_text(wanted)

    def _fit(self, n: int, score: float) -> _Fit:
        entry, name = self._names[n]
        lent = _SIGN if self.refs[entry].kind == "finding" and name.how != "name" else _LENT.get(name.how, 1.0)
        return _Fit(entry, score * lent, name.how, name.text)

    def _by_code(self, words: str) -> Iterable[_Fit]:
        """A code, or the beginning of one, anywhere in the words: ``ICD-10 G47.6``."""
        for word in {words, *words.split()}:
            code = code_key(word)
            if len(code) < 3 or not any(c.isdigit() for c in code):
                continue
            for found in _beginning(self._sorted_codes, code, _MOST_BEGINNINGS):
                for n in self._codes[found]:
                    yield self._fit(n, _EXACT if found == code else _BEGINS * len(code) / len(found))

    def _by_name(self, key: str) -> Iterable[_Fit]:
        for n in self._keys.get(key, ()):
            yield self._fit(n, _EXACT)
        for n in self._sets.get(frozenset(stems(key)), ()):
            yield self._fit(n, _SAME_WORDS)

    def _by_beginning(self, key: str) -> Iterable[_Fit]:
        if len(key) < 3:
            return
        for found in _beginning(self._sorted, key, _MOST_BEGINNINGS):
            for n in self._keys[found]:
                yield self._fit(n, _BEGINS * (0.75 + 0.25 * len(key) / len(found)))

    def _by_words(self, wanted: Mapping[str, float]) -> Iterable[_Fit]:
        for n, share, whole in self._words.shares(wanted):
            asked = whole and self.refs[self._names[n][0]].kind == "common_question"
            yield self._fit(n, _ASKED - _NEARER * (1 - share) if asked else _WORDS * share)

    def _by_likeness(self, key: str) -> Iterable[_Fit]:
        if len(key) < _MENDED_FROM:
            return
        for found, like, _ in process.extract(key, self._sorted, scorer=fuzz.ratio, score_cutoff=_LIKE, limit=12):
            for n in self._keys[found] if found != key else ():
                yield self._fit(n, _FUZZY * like / 100)

    def _by_feeling(self, words: str) -> Iterable[_Fit]:
        told = told_by(self.compiled, words)
        if told is NOTHING:
            return
        findings = tuple(told.findings)
        for explanation, fit in told.fits.items():
            entry = self._numbers[RecordRef(kind="explanation", id=explanation)]
            yield _Fit(entry, _FELT * _sureness(told) * fit**0.25, "felt", "", findings)
        for finding in told.findings:
            entry = self._numbers[RecordRef(kind="finding", id=finding)]
            yield _Fit(entry, 0.6 * _FELT * _sureness(told), "felt", "", (finding,))

    def _by_text(self, wanted: Mapping[str, float]) -> Iterable[_Fit]:
        for entry, share in self._texts.shares(wanted):
            yield _Fit(entry, _TEXT * share, "text", "")


def _sureness(told: Told) -> float:
    """How much of the words was understood, and how much they say."""
    return told.share * min(1.0, 0.8 + 0.1 * len(told.findings))


def stems(key: str) -> tuple[str, ...]:
    """The stems of a name in the form of `key_of`, without words that say nothing (where others are left)."""
    words = key.split()
    return tuple(_stem(w) for w in words if w not in SILENT) or tuple(_stem(w) for w in words)


@lru_cache(maxsize=20_000)
def _stem(word: str) -> str:
    return stem(word)


def _beginning(keys: list[str], start: str, most: int) -> list[str]:
    """The keys that begin so, at most so many."""
    at = bisect_left(keys, start)
    out: list[str] = []
    while at < len(keys) and keys[at].startswith(start) and len(out) < most:
        out.append(keys[at])
        at += 1
    return out


class _Words:
    """Which numbers (names or texts) hold a stem, and how much a stem says."""

    def __init__(self, told: Iterable[Iterable[str]]) -> None:
        self.holds: dict[str, dict[int, int]] = {}
        self.lengths: list[int] = []
        for n, words in enumerate(told):
            counted = Counter(words)
            self.lengths.append(sum(counted.values()))
            for word, times in counted.items():
                self.holds.setdefault(word, {})[n] = times
        self.weight = {w: math.log(1 + len(self.lengths) / len(at)) for w, at in self.holds.items()}


class _Names(_Words):
    """Words of names: a name fits by the share of the words sought that it holds, and of its own that were sought."""

    def __init__(self, keys: list[str]) -> None:
        told = [stems(key) if key else () for key in keys]
        super().__init__(set(words) for words in told)
        self._whole = [sum(self.weight[w] for w in set(words)) for words in told]
        self._spelled = sorted({word for key in keys for word in key.split()})

    def wanted(self, key: str) -> dict[str, float]:
        """Stem sought -> weight; a word that no name holds is read as one that does, if one is near."""
        usual = max(self.weight.values(), default=1.0)
        words = [w for w in key.split() if w not in SILENT] or key.split()
        read = [self._read(word, last=n == len(words) - 1) for n, word in enumerate(words)]
        return {s: self.weight.get(s, usual) for s in read}

    def _read(self, word: str, last: bool) -> str:
        """The stem of a word, or that of one that it begins (the last word), or of one that it misspells."""
        own = _stem(word)
        if own in self.holds:
            return own
        if last and len(word) >= 3 and (begun := _beginning(self._spelled, word, 1)):
            return _stem(begun[0])
        return self._mended(word) if len(word) >= _MENDED_FROM else own

    def _mended(self, word: str) -> str:
        far = 1 if len(word) < 7 else 2
        found = process.extract(word, self._spelled, scorer=OSA.distance, score_cutoff=far, limit=5)
        likely = [(far, near[0] != word[0], -len(self.holds.get(_stem(near), ())), near) for near, far, _ in found]
        return _stem(min(likely)[3]) if likely else _stem(word)

    def knows(self, key: str) -> bool:
        """Whether every word is one of a name."""
        return all(_stem(word) in self.holds for word in key.split() if word not in SILENT)

    def shares(self, wanted: Mapping[str, float]) -> Iterable[tuple[int, float, bool]]:
        """(name, 0 to 1, whether it has every word sought): how far the words sought and its own are the same.

        It leans to the words sought; a name that was said in full has more.
        """
        total = sum(wanted.values())
        found: dict[int, float] = {}
        for word, weight in wanted.items():
            for n in self.holds.get(word, ()):
                found[n] = found.get(n, 0.0) + weight
        for n, weight in found.items():
            covered, own = weight / total, weight / self._whole[n]
            share = max(covered**1.3 * own**0.4, 0.75 * covered**0.5 if own > 0.99 else 0.0)
            if share >= _TOO_LITTLE:
                yield n, share, covered > 0.99


class _Texts(_Words):
    """Words of whole texts, by BM25 (Robertson and Zaragoza 2009, doi:10.1561/1500000019, equation 3.15)."""

    _K1, _B = 1.2, 0.75

    def __init__(self, every: Iterable[str]) -> None:
        super().__init__(stems(key_of(text)) for text in every)
        self._mean = sum(self.lengths) / max(len(self.lengths), 1)

    def shares(self, wanted: Mapping[str, float]) -> Iterable[tuple[int, float]]:
        """(entry, 0 to 1): its BM25 as a share of what a short text full of the words would have."""
        most = sum(self.weight.get(w, v) for w, v in wanted.items()) * (self._K1 + 1)
        found: dict[int, float] = {}
        for word in wanted:
            for n, times in self.holds.get(word, {}).items():
                tempered = times + self._K1 * (1 - self._B + self._B * self.lengths[n] / self._mean)
                found[n] = found.get(n, 0.0) + self.weight[word] * times * (self._K1 + 1) / tempered
        for n, score in found.items():
            if score >= _TOO_LITTLE * most:
                yield n, score / most


def ready(compiled: Compiled) -> Any:
    """The index, made now: for a process that should not wait at its first search."""
    return compiled.once(_Index)
