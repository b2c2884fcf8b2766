"""The words by which a text is read, compiled once per process from the wordings and the knowledge base."""

from __future__ import annotations

import gc
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property, lru_cache
from importlib.resources import files
from typing import Any, Literal

import yaml

from soleus.clinical.rules import leaves, subject
from soleus.knowledge.schema.core import Finding
from soleus.knowledge.schema.medicines import Medicine
from soleus.knowledge.schema.safety import RedFlag
from soleus.notes.context import Cues
from soleus.notes.learned import shipped_models
from soleus.notes.patterns import Matcher
from soleus.notes.text import Corrections
from soleus.reasoning.compiled import Compiled, normal_form

Kind = Literal["finding", "contributor", "medicine", "explanation", "hidden", "number", "place", "complaint"]
_SHORTEST_NAME = 4


@dataclass(frozen=True, slots=True)
class Means:
    """What a pattern tells: a state of a finding, a contributor, a medicine; ``source`` is where the pattern stands."""

    kind: Kind
    id: str
    state: str
    source: str
    pattern: str = ""

    @property
    def told(self) -> str:
        """Where the words stand, for people."""
        return f"{self.source}: {self.pattern}" if self.pattern else self.source


class Reliability:
    """How often words were right on the open half of the annotated texts (`tools/train_notes.py`).

    The share of a pattern is drawn towards that of its finding and polarity, and that towards the share of all, as
    if ``_OWN`` and ``_ALL`` further statements had been seen.
    """

    _OWN, _ALL = 1.5, 3.0

    def __init__(self, counts: Mapping[str, Sequence[float]]) -> None:
        self._counts = {k: (v[0], v[1]) for k, v in counts.items()}
        self._general = self._counts.get("", (0.8, 1.0))

    def of(self, id: str, polarity: str, pattern: str) -> float:
        """The share of right statements to expect, from 0 to 1."""
        general = self._general[0] / self._general[1]
        true, n = self._counts.get(f"{id}|{polarity}", (0.0, 0.0))
        own = (true + self._ALL * general) / (n + self._ALL)
        true, n = self._counts.get(f"{id}|{polarity}|{pattern}", (0.0, 0.0))
        return (true + self._OWN * own) / (n + self._OWN)


class Lexicon:
    """Patterns, cues, abbreviations and spelling for one knowledge base."""

    def __init__(self, compiled: Compiled) -> None:
        self.compiled = compiled
        self._sets = wordings("sets")
        self.short_forms: dict[str, tuple[str, ...]] = {
            str(k): tuple(re.findall(r"[a-z0-9]+|[^\s\w]", str(v).lower())) for k, v in wordings("short_forms").items()
        }
        self._too_little = frozenset(wordings("other")["says_too_little"])
        self.cues = Cues(wordings("cues"), wordings("sections"), self._sets)
        self.matcher = Matcher(self._sets)
        self.reliability = Reliability(_reliability())
        self.models = shipped_models()
        with _no_collection():
            self._add_wordings()
            self._add_knowledge()
            self._add_places()

    def _add_wordings(self) -> None:
        for name in _finding_files():
            self._add_states("finding", wordings(name), name)
        self._add_states("contributor", wordings("contributors"), "contributors")
        for pattern in wordings("other")["hidden"]:
            self.matcher.add(pattern, Means("hidden", "", "", "other"))

    def _add_states(self, kind: Kind, tree: Mapping[str, Any], name: str) -> None:
        for target, states in tree.items():
            for state, patterns in states.items():
                word = {True: "yes", False: "no"}.get(state, str(state))
                for pattern in patterns:
                    self.matcher.add(str(pattern), Means(kind, target, word, f"wordings/{name}.yaml", str(pattern)))

    def _add_knowledge(self) -> None:
        """Names of the knowledge base: conditions, medicines, explanations, tests; synonyms of two words or more."""
        compiled = self.compiled
        for c in compiled.contributors.values():
            if c.kind == "medicine":
                continue
            for name in _names(c.name, c.patient_name, *c.synonyms):
                if self._says_enough(name):
                    self.matcher.add_words(name, Means("contributor", c.id, "present", "knowledge", " ".join(name)))
        for e in compiled.explanations.values():
            for name in _names(e.name, e.patient_name, *e.synonyms):
                self.matcher.add_words(name, Means("explanation", e.id, "named", "knowledge"))
        for m in compiled.knowledge.all(Medicine):
            for name in _names(m.name, *m.names):
                if self._says_enough(name):
                    self.matcher.add_words(name, Means("medicine", m.id, "current", "knowledge"), exact=True)
        for f in compiled.findings.values():
            for means, name in _finding_names(f):
                if means.kind == "number" or self._says_enough(name):
                    self.matcher.add_words(name, means)
        for target, patterns in wordings("numbers").items():
            for pattern in patterns:
                self.matcher.add(pattern, Means("number", target, "", "wordings/numbers.yaml"))

    def _says_enough(self, name: Sequence[str]) -> bool:
        """A name that says little in a text (iron, sports, MG) is read only where a wording gives it."""
        whole = " ".join(name)
        return len(whole) >= _SHORTEST_NAME and whole not in self._too_little

    def _add_places(self) -> None:
        places = wordings("places")
        for what in ("site", "side"):
            for state, patterns in places[what].items():
                for pattern in patterns:
                    self.matcher.add(pattern, Means("place", what, state, "wordings/places.yaml"))
        for pattern in places["leg"]:
            self.matcher.add(pattern, Means("place", "leg", "", "wordings/places.yaml"))
        for pattern in places["complaint"]:
            self.matcher.add(pattern, Means("complaint", "", "", "wordings/places.yaml"))
        self.not_places = frozenset(places["not_a_place"])

    @cached_property
    def alarming(self) -> frozenset[str]:
        """The findings that rules of danger hang on: one that a wording tells is not weighed away."""
        rules = (f.when for f in self.compiled.knowledge.all(RedFlag) if f.urgency in ("emergency", "same_day"))
        named = {name for rule in rules for kind, name in map(subject, leaves(rule)) if kind == "finding"}
        return frozenset(named)

    @cached_property
    def learnt(self) -> dict[tuple[str, str], int]:
        """Finding and polarity of everything that the clauses can tell, and in how many texts."""
        from soleus.notes.weighing import learnt_keys

        return learnt_keys(self.models, self.compiled) if self.models else {}

    @cached_property
    def corrections(self) -> Corrections:
        useful = {w for w in self.matcher.words | self.cues.words if w.isalpha()}
        return Corrections(frozenset(useful), _english())


@contextmanager
def _no_collection() -> Iterator[None]:
    """Hundreds of thousands of small things are made that all stay: looking through them for garbage doubles the time."""
    was = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was:
            gc.enable()


def _names(*names: str) -> Iterator[list[str]]:
    for name in dict.fromkeys(names):
        words = re.findall(r"[a-z]+|[0-9]+", name.lower().removeprefix("!").replace("'", ""))
        if words and len(words) <= 7:
            yield words


def _finding_names(finding: Finding) -> Iterator[tuple[Means, list[str]]]:
    """Synonyms that stand for a state by themselves. Names of numbers lead to the number after them."""
    if finding.kind == "numeric":
        for name in _names(finding.name.split("(")[0], *finding.synonyms):
            yield Means("number", finding.id, "", "knowledge"), name
        return
    if finding.kind == "yes_no" and finding.group != "test":
        for name in _names(*finding.synonyms):
            if len(name) > 1:
                yield Means("finding", finding.id, "yes", "knowledge", " ".join(name)), name


def wordings(name: str) -> Any:
    """A file of wordings as plain values."""
    text = (files("soleus.notes") / "wordings" / f"{name}.yaml").read_text(encoding="utf-8")
    return yaml.load(text, yaml.CSafeLoader)


def _reliability() -> dict[str, list[float]]:
    file = files("soleus.notes") / "wordings" / "reliability.json"
    return json.loads(file.read_text(encoding="utf-8")) if file.is_file() else {}


def _finding_files() -> Sequence[str]:
    folder = files("soleus.notes") / "wordings" / "findings"
    return sorted(f"findings/{p.name.removesuffix('.yaml')}" for p in folder.iterdir() if p.name.endswith(".yaml"))


def _english() -> frozenset[str]:
    """Common English words, which are never mended."""
    from spellchecker import SpellChecker

    return frozenset(SpellChecker(language="en", distance=1).word_frequency.words())


@lru_cache(maxsize=4)
def lexicon(compiled: Compiled) -> Lexicon:
    """The lexicon of a knowledge base, made once."""
    return Lexicon(compiled)


__all__ = ["Lexicon", "Means", "lexicon", "normal_form"]
