"""A knowledge base made ready for inference: the network, the contexts, and names to look things up by."""

from __future__ import annotations

import math
import re
from functools import cache, cached_property
from typing import Any

import numpy as np

from soleus.evidence.record import Basis
from soleus.inference.network import BlockArrays, Context, FacetArrays, Floats, Network
from soleus.knowledge.facets import LOGIT_SD, shrinkage
from soleus.knowledge.loader import Knowledge, Once, shipped
from soleus.knowledge.overlay import Overlay
from soleus.knowledge.schema.core import (
    Background,
    Block,
    Contributor,
    Effect,
    Explanation,
    Facet,
    Finding,
    Likelihood,
    Marker,
    Parameter,
    Rate,
)

_LEAST, _MOST = 1e-4, 1 - 1e-4
_KEPT_OVERLAYS = 4


class Compiled(Once):
    """One knowledge base with everything that is worth computing once."""

    def __init__(self, knowledge: Knowledge) -> None:
        self.knowledge = knowledge
        self.explanations = knowledge.by_id(Explanation)
        self.findings = knowledge.by_id(Finding)
        self.contributors = knowledge.by_id(Contributor)
        self.effects = {(e.contributor, e.explanation): e for e in knowledge.all(Effect)}
        self.likelihoods = {(r.explanation, r.finding): r for r in knowledge.all(Likelihood)}
        self.backgrounds = knowledge.by_id(Background)
        self._contexts: dict[tuple[object, ...], Context] = {}
        self._overlaid: dict[str, Compiled] = {}
        self._known: dict[tuple[object, ...], dict[Any, Any]] = {}  # prevalences do not depend on the setting

    def with_overlay(self, overlay: Overlay) -> Compiled:
        """The same with local figures on the published ones; made once for each overlay. Raises `KnowledgeError`."""
        if overlay.digest not in self._overlaid:
            from soleus.knowledge.overlaying import with_overlay

            knowledge = with_overlay(self.knowledge, overlay)
            made = self if knowledge is self.knowledge else Compiled(knowledge)
            self._overlaid = dict([*self._overlaid.items(), (overlay.digest, made)][-_KEPT_OVERLAYS:])
            return made
        return self._overlaid[overlay.digest]

    @cached_property
    def markers(self) -> dict[str, list[Marker]]:
        """Finding -> the contributors that it speaks of."""
        out: dict[str, list[Marker]] = {}
        for marker in self.knowledge.all(Marker):
            out.setdefault(marker.finding, []).append(marker)
        return out

    @cached_property
    def network(self) -> Network:
        """The arrays. Findings that only mark contributors are not among them."""
        s_ids = tuple(sorted(self.explanations))
        f_ids = tuple(f for f in sorted(self.findings) if f not in self.markers and f in self.backgrounds)
        p, sd = self._likelihood_rows(s_ids, f_ids)
        c_ids = tuple(sorted(self.contributors))
        return Network(
            explanations=s_ids,
            findings=f_ids,
            states=tuple(tuple(state.id for state in self.findings[f].states) for f in f_ids),
            p=p,
            sd=sd,
            facets=tuple(self._facet(facet, s_ids, f_ids) for facet in self.knowledge.all(Facet)),
            contributors=c_ids,
            blocks=self._blocks(s_ids, c_ids),
        )

    def _likelihood_rows(self, s_ids: tuple[str, ...], f_ids: tuple[str, ...]) -> tuple[Floats, Floats]:
        number = {s: i for i, s in enumerate(s_ids)}
        shrink = shrinkage(self.knowledge.records)
        told: dict[str, list[Likelihood]] = {}
        for record in self.likelihoods.values():
            told.setdefault(record.finding, []).append(record)
        cells = [_cells(self.backgrounds[f], told.get(f, []), number, shrink) for f in f_ids]
        p = np.ascontiguousarray(np.concatenate([rows.T for rows, _ in cells]))
        return np.clip(p, _LEAST, _MOST), np.array([sd for _, sd in cells])

    def _facet(self, facet: Facet, s_ids: tuple[str, ...], f_ids: tuple[str, ...]) -> FacetArrays:
        table = self.knowledge.facets[facet.id]
        return FacetArrays(
            id=facet.id,
            items=tuple(f_ids.index(i.finding) for i in facet.items),
            typical=tuple(
                np.array([state.id in i.typical for state in self.findings[i.finding].states]) for i in facet.items
            ),
            w=np.array([table[s][0] for s in s_ids]),
            a=np.clip(np.array([table[s][1] for s in s_ids]).T, _LEAST, _MOST),
            b=np.clip(np.array([table[s][2] for s in s_ids]).T, _LEAST, _MOST),
        )

    def _blocks(self, s_ids: tuple[str, ...], c_ids: tuple[str, ...]) -> tuple[BlockArrays, ...]:
        written = self.knowledge.all(Block)
        taken = {m for block in written for m in block.members}
        alone = [Block(id=c, members=(c,), rule="multiply", basis="expert") for c in c_ids if c not in taken]
        return tuple(self._block(block, s_ids, c_ids) for block in (*written, *alone))

    def _block(self, block: Block, s_ids: tuple[str, ...], c_ids: tuple[str, ...]) -> BlockArrays:
        touched = [s for s in s_ids if any((m, s) in self.effects for m in block.members)]
        cells = [[self.effects.get((m, s)) for s in touched] for m in block.members]
        shape = (len(block.members), len(touched))
        order = {m: k for k, m in enumerate(block.members)}
        return BlockArrays(
            id=block.id,
            members=tuple(c_ids.index(m) for m in block.members),
            rule=block.rule,
            columns=np.array([s_ids.index(s) for s in touched], np.intp),
            log_rho=np.array([[_log_ratio(e) for e in row] for row in cells]).reshape(shape),
            sd=np.array([[_ratio_sd(e) for e in row] for row in cells]).reshape(shape),
            log_causal=np.array([[self._causal(e) for e in row] for row in cells]).reshape(shape),
            necessary=np.array([[bool(e and e.necessary) for e in row] for row in cells], np.bool_).reshape(shape),
            given=tuple((order[m], order[other], p) for m, other, p in block.given),
        )

    def _causal(self, effect: Effect | None) -> float:
        """The causal log ratio; none where the contributor is the explanation itself, already known."""
        itself = effect is not None and self.contributors[effect.contributor].same_as == effect.explanation
        return 0.0 if itself else _log_causal(effect)

    def context(self, age: float | None, sex: str | None, setting: str) -> Context:
        """Rates and prevalences for a person; an unknown age or sex is averaged over (adults, both sexes)."""
        key = (None if age is None else (math.floor(age) if age < 18 else _band(age)), sex, setting)
        if key not in self._contexts:
            self._contexts[key] = self._make_context(age, sex, setting)
        return self._contexts[key]

    def _make_context(self, age: float | None, sex: str | None, setting: str) -> Context:
        rates = self.knowledge.by_id(Rate)
        rate = np.array([_rate(rates[s], age, sex, setting) for s in self.network.explanations])
        sd = np.array([LOGIT_SD[rates[s].spread] for s in self.network.explanations])
        q = np.array([self.prevalence(c, age, sex) for c in self.network.contributors])
        known = self._known.setdefault((None if age is None else _prevalence_band(age), sex), {})
        with np.errstate(divide="ignore"):
            return Context(np.log(rate), sd, q, known)

    def prevalence(self, contributor: str, age: float | None, sex: str | None) -> float:
        """P(contributor | age, sex); 0 where the sex makes it impossible."""
        record = self.contributors[contributor]
        if record.sex and sex and record.sex != sex:
            return 0.0
        bands = ["18_39", "40_64", "65_plus"] if age is None else [_prevalence_band(age)]
        cells = [f"{s}_{b}" for s in ([sex] if sex else ["female", "male"]) for b in bands]
        values = [record.prevalence.get(cell, record.prevalence.get("all", 0.0)) for cell in cells]
        return min(max(sum(values) / len(values), 0.0), 0.999)

    def parameter(self, name: str) -> float:
        """The value of a steering number."""
        return self.knowledge.by_id(Parameter)[name].value

    def basis_of(self, explanation: str, finding: str) -> Basis:
        """The basis of one likelihood; the background is expert."""
        record = self.likelihoods.get((explanation, finding))
        return record.basis if record else "expert"

    @cached_property
    def names(self) -> Names:
        return Names(self)


def _cells(
    base: Background, told: list[Likelihood], number: dict[str, int], shrink: dict[str, float]
) -> tuple[Floats, Floats]:
    """P of one finding (S, states) as it enters the model (`facets.effective`), and the sd of its log-odds (S,)."""
    background = np.array(base.p)
    p = np.repeat(background[None], len(number), axis=0)
    sd = np.full(len(number), LOGIT_SD[base.spread])
    if told:
        at = [number[r.explanation] for r in told]
        k = np.array([[shrink[r.basis]] for r in told])
        p[at] = (1 - k) * np.array([r.p for r in told]) + k * background
        sd[at] = [LOGIT_SD[r.spread] for r in told]
    return p, sd


def _log_ratio(effect: Effect | None) -> float:
    return math.log(effect.rho) if effect and effect.rho else 0.0


def _ratio_sd(effect: Effect | None) -> float:
    if not effect or not effect.low or not effect.high:
        return 0.0
    return max(math.log(effect.high / effect.low) / (2 * 1.959964), 0.0)


def _log_causal(effect: Effect | None) -> float:
    return math.log(effect.causal_rho) if effect and effect.causal_rho else 0.0


_BANDS = (("0_17", 0, 18), ("18_39", 18, 40), ("40_64", 40, 65), ("65_79", 65, 80), ("80_plus", 80, 999))


def _band(age: float) -> str:
    return next(name for name, low, high in _BANDS if low <= age < high)


def _prevalence_band(age: float) -> str:
    band = _band(age)
    return "65_plus" if band in ("65_79", "80_plus") else band


def _rate(rate: Rate, age: float | None, sex: str | None, setting: str) -> float:
    bands = [name for name, low, _ in _BANDS if low >= 18] if age is None else [_band(age)]
    cells = [f"{s}_{b}" for s in ([sex[0]] if sex else ["f", "m"]) for b in bands]
    value = sum(rate.per_100k[cell] for cell in cells) / len(cells)
    if age is not None and age < 18:
        value *= next((f["factor"] for f in rate.child_age_factor if f["from"] <= age < f["to"]), 1.0)
    return value * rate.setting.get(setting, 1.0)  # type: ignore[call-overload, no-any-return]


_APART = re.compile(r"[^a-z0-9+%]+")


def normal_form(words: str) -> str:
    """Lower case, words only, one space."""
    return _APART.sub(" ", words.lower()).strip()


_TAG = re.compile(r"\((disorder|finding|situation|procedure|event|regime/therapy|observable entity|qualifier value)\)")
_FILLERS = frozenset({"of", "in", "the", "a", "an", "nos", "unspecified"})


def loose_form(words: str) -> str:
    """The words as a set, without the tag that SNOMED CT adds, in one spelling: for names out of records."""
    folded = normal_form(_TAG.sub(" ", words.lower())).replace("ae", "e").replace("oe", "e")
    return " ".join(sorted(set(folded.split()) - _FILLERS))


class Names:
    """Every word that a finding, contributor, explanation or medicine answers to, in normal form."""

    def __init__(self, compiled: Compiled) -> None:
        self._compiled = compiled
        self.findings: dict[str, str] = {}
        for f in compiled.findings.values():
            self._add(self.findings, f.id, (f.id, f.name, *f.former_ids, *f.synonyms))
        self.contributors: dict[str, str] = {}
        for c in compiled.contributors.values():
            self._add(self.contributors, c.id, (c.id, c.name, c.patient_name, *c.synonyms))
        self.explanations: dict[str, str] = {}
        for e in compiled.explanations.values():
            self._add(self.explanations, e.id, (e.id, e.name, e.patient_name, *e.synonyms))

    @cached_property
    def state_words(self) -> dict[str, tuple[str, str]]:
        """A word that names one state of one finding ("fever") -> (finding, state); words that name two name none."""
        taken: dict[str, set[tuple[str, str]]] = {}
        for f in self._compiled.findings.values():
            for s in f.states:
                for word in s.synonyms:
                    taken.setdefault(normal_form(word), set()).add((f.id, s.id))
        known = self.findings.keys() | self.contributors.keys()
        return {w: next(iter(found)) for w, found in taken.items() if len(found) == 1 and w not in known}

    @cached_property
    def loose_contributors(self) -> dict[str, str]:
        """Loose form of a name -> contributor; a form that two contributors share names neither."""
        return _loose(self.contributors)

    @cached_property
    def loose_explanations(self) -> dict[str, str]:
        """Loose form of a name -> explanation."""
        return _loose(self.explanations)

    @staticmethod
    def _add(table: dict[str, str], target: str, words: tuple[str, ...]) -> None:
        for n, word in enumerate(words):
            key = normal_form(word.removeprefix("!"))
            if n == 0 or key not in table:
                table[key] = target


def _loose(table: dict[str, str]) -> dict[str, str]:
    targets: dict[str, set[str]] = {}
    for words, target in table.items():
        targets.setdefault(loose_form(words), set()).add(target)
    return {words: next(iter(found)) for words, found in targets.items() if words and len(found) == 1}


@cache
def shipped_compiled() -> Compiled:
    """The shipped knowledge base, made ready once per process."""
    return Compiled(shipped())
