"""What a record's codes and words mean here: symptoms, contributors, explanations and results."""

from __future__ import annotations

import re
from functools import cached_property, lru_cache

from soleus.clinical.case import Condition
from soleus.interop.fhir.shapes import Concept
from soleus.knowledge.schema.core import Finding
from soleus.knowledge.schema.records import AnswerCode, ResultCode, SymptomCode
from soleus.reasoning.compiled import Compiled, loose_form, normal_form
from soleus.reasoning.intake import code_fit, find_contributor

#: What LOINC calls a specimen of blood; a urine potassium is not a potassium.
_BLOOD = re.compile(r"\] in (venous |arterial |capillary )?(serum|plasma|blood)\b", re.I)


#: So many codes are remembered with their meaning. Names are not: they may be a person's own words.
_REMEMBERED = 4096


class Terms:
    """Look-ups over one knowledge base."""

    def __init__(self, compiled: Compiled) -> None:
        self.compiled = compiled
        self._symptoms = compiled.knowledge.all(SymptomCode)
        self._coded_symptom = lru_cache(_REMEMBERED)(self._symptom_of_code)
        self._coded_contributor = lru_cache(_REMEMBERED)(self._contributor_of_code)
        self._coded_explanation = lru_cache(_REMEMBERED)(self._explanation_of_code)

    @cached_property
    def _by_words(self) -> dict[str, SymptomCode]:
        return {loose_form(w): s for s in self._symptoms for w in s.words}

    @cached_property
    def _results(self) -> dict[tuple[str, str], ResultCode]:
        return {(r.code.system, r.code.code): r for r in self.compiled.knowledge.all(ResultCode)}

    @cached_property
    def _finding_codes(self) -> dict[tuple[str, str], str]:
        return {(c.system, c.code): f.id for f in self.compiled.findings.values() for c in f.codes}

    @cached_property
    def _finding_names(self) -> dict[str, str]:
        """Ids and names; the synonyms only of numbers, for those of symptoms are looser than a record's words."""
        out: dict[str, str] = {}
        for f in self.compiled.findings.values():
            more = f.synonyms if f.kind == "numeric" else ()
            for name in (f.id, f.name, *f.former_ids, *more):
                out.setdefault(normal_form(name.removeprefix("!")), f.id)
        return out | {normal_form(f): f for f in self.compiled.findings}

    @cached_property
    def _answers(self) -> dict[tuple[str, str], str]:
        return {(c.system, c.code): a.says for a in self.compiled.knowledge.all(AnswerCode) for c in a.codes}

    def symptoms(self, found: Concept) -> tuple[SymptomCode, ...]:
        """What the codes say, and what the words say: none, one or two; nothing beside a code of our own."""
        if _own(found):
            return ()
        coded = [f for c in found.codings if c.code and c.system and (f := self._coded_symptom(c.system, c.code))]
        best = [max(coded, key=lambda f: f[:2])[2]] if coded else []
        named = [s for name in found.names if (s := self._by_words.get(loose_form(name)))]
        return tuple({s.id: s for s in (*best, *named[:1])}.values())

    def contributor(self, found: Concept) -> str | None:
        """The contributor that a name or code stands for; a code of our own says it exactly."""
        if _own(found):
            return next((c for c in _own(found, "contributor") if c in self.compiled.contributors), None)
        named = (find_contributor(self.compiled, Condition(name=name)) for name in found.names)
        coded = (self._coded_contributor(c.system, c.code) for c in found.codings if c.code and c.system)
        return next((c for c in (*named, *coded) if c), None)

    def explanation(self, found: Concept) -> str | None:
        """The explanation that a name or code stands for; a code of our own says it exactly."""
        if _own(found):
            return next((c for c in _own(found, "explanation") if c in self.compiled.explanations), None)
        names = self.compiled.names
        for name in found.names:
            target = names.explanations.get(normal_form(name)) or names.loose_explanations.get(loose_form(name))
            if target:
                return target
        fits = [f for c in found.codings if c.code and c.system and (f := self._coded_explanation(c.system, c.code))]
        return max(fits)[1] if fits else None

    def _symptom_of_code(self, system: str, code: str) -> tuple[float, str, SymptomCode] | None:
        """How closely a code falls under the symptom that it fits best, its id, and the symptom."""
        given = Condition(name="", code=code, system=system)
        fits = [(fit, s.id, s) for s in self._symptoms for known in s.codes if (fit := code_fit(known, given))]
        return max(fits, key=lambda f: f[:2], default=None)

    def _contributor_of_code(self, system: str, code: str) -> str | None:
        return find_contributor(self.compiled, Condition(name="", code=code, system=system))

    def _explanation_of_code(self, system: str, code: str) -> tuple[float, str] | None:
        given = Condition(name="", code=code, system=system)
        known = ((c, e.id) for e in self.compiled.explanations.values() for c in e.codes)
        return max(((fit, e) for c, e in known if (fit := code_fit(c, given))), default=None)

    def result(self, found: Concept) -> ResultCode | None:
        """How an observation with a listed code is read."""
        return next((r for c in found.codings if (r := self._results.get((c.system, c.code)))), None)

    def finding(self, found: Concept) -> Finding | None:
        """The finding that an observation answers: by code, or by name where no code says otherwise."""
        if _own(found):
            return next((r for c in _own(found, "finding") if (r := self.compiled.findings.get(c))), None)
        coded = next((f for c in found.codings if (f := self._finding_codes.get((c.system, c.code)))), None)
        result = self.result(found)
        target = coded or (result.finding if result else None) or self._by_name(found)
        return self.compiled.findings[target] if target else None

    def _by_name(self, found: Concept) -> str | None:
        """With a LOINC code that is not listed, only a name that gives blood as the specimen counts."""
        loinc = any(c.system == "loinc" and c.code for c in found.codings)
        for name in found.names:
            if not loinc or _BLOOD.search(name):
                target = self._finding_names.get(normal_form(name.split(" [")[0]))
                if target:
                    return target
        return None

    def named_finding(self, name: str) -> str | None:
        """The finding with this id, former id or name."""
        return self._finding_names.get(normal_form(name))

    def answer(self, found: Concept) -> str | None:
        """present, absent or not_assessed, where a code of the answer says so."""
        return next((a for c in found.codings if (a := self._answers.get((c.system, c.code)))), None)


def _own(found: Concept, *systems: str) -> list[str]:
    """The codes of our own systems that it bears."""
    return [
        c.code for c in found.codings if c.code and c.system in (systems or ("finding", "contributor", "explanation"))
    ]


@lru_cache(2)
def terms_of(compiled: Compiled) -> Terms:
    """The look-ups of a knowledge base, made once."""
    return Terms(compiled)
