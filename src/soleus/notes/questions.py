"""A question in free words, mapped to what the knowledge base can answer; nothing is written for the occasion.

Every sentence of an answer is a sentence of a record, with its sources. What cannot be answered is said, with the
nearest things that can.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from soleus.evidence.record import SYSTEM_NAMES
from soleus.knowledge.schema.care import Treatment, WorkUp
from soleus.knowledge.schema.medicines import Belief, Cause, Medicine
from soleus.knowledge.schema.safety import RedFlag
from soleus.notes.judging import assess_note
from soleus.notes.lexicon import Lexicon, lexicon, wordings
from soleus.notes.text import folded, tokens
from soleus.reasoning.assessment import Audience, Reference
from soleus.reasoning.citing import Citer
from soleus.reasoning.compare import compare
from soleus.reasoning.compiled import Compiled, normal_form
from soleus.reasoning.medicines import MedicineIndex

_MOST = 6
_CRAMP, _RESTLESS = "nocturnal_leg_cramp", "restless_legs_syndrome"
_ORDER = (
    "codes",
    "interaction",
    "compare",
    "medication_cause",
    "treatment",
    "work_up",
    "red_flag",
    "cause",
    "definition",
)


@dataclass(frozen=True)
class Line:
    """One sentence of the knowledge base, with the numbers of its sources."""

    text: str
    cites: tuple[int, ...] = ()


@dataclass(frozen=True)
class Answer:
    """What a question asked for, what it was about, and what the knowledge base says.

    ``kind`` is out_of_scope where nothing fits; ``nearest`` then names what can be asked.
    """

    kind: str
    about: tuple[str, ...]
    lines: tuple[Line, ...]
    references: tuple[Reference, ...] = ()
    nearest: tuple[str, ...] = ()


def answer(question: str, compiled: Compiled, audience: Audience = "patient", takes: Iterable[str] = ()) -> Answer:
    """The answer to a question. ``takes``: medicines of the person, named or not in the question."""
    if (danger := _danger(question, compiled, audience)) is not None:
        return danger
    asked = _Asked(question, compiled, audience, tuple(takes))
    for kind in _ORDER:
        if asked.asks_for(kind):
            lines = tuple(asked.lines(kind))
            if lines:
                return Answer(kind, asked.about, lines, asked.citer.references())
    return Answer("out_of_scope", asked.about, (), (), asked.nearest())


def _danger(question: str, compiled: Compiled, audience: Audience) -> Answer | None:
    """Where the question itself tells of a danger that must not wait, that comes before anything else."""
    found = assess_note(question, knowledge=compiled, audience=audience, draws=10).assessment
    if found is None:
        return None
    flags = [f for f in found.complaints[0].red_flags if f.urgency in ("emergency", "same_day")]
    if not flags:
        return None
    lines = tuple(Line(f"{f.label}: {f.action}", f.cites) for f in flags)
    used = {n for line in lines for n in line.cites}
    return Answer("red_flag", (), lines, tuple(r for r in found.references if r.number in used))


class _Asked:
    def __init__(self, question: str, compiled: Compiled, audience: Audience, takes: tuple[str, ...]) -> None:
        self.compiled, self.patient = compiled, audience == "patient"
        self.citer = Citer(compiled.knowledge)
        self.index = MedicineIndex(compiled.knowledge)
        self.plain = folded(question)[0]
        self._wordings = wordings("questions")
        words: Lexicon = lexicon(compiled)
        found = tokens(question, words.short_forms, words.corrections)
        labels = [m.label for m in words.matcher.find(found)]
        self.medicines = tuple(dict.fromkeys([*self._named_medicines(labels), *takes]))
        self.own = takes
        self.explanations = self._named_explanations(labels)
        self.contributors = tuple(dict.fromkeys(x.id for x in labels if x.kind == "contributor"))  # type: ignore[attr-defined]
        self.of_legs = bool(self.explanations) or any(x.kind == "place" for x in labels) or "cramp" in self.plain  # type: ignore[attr-defined]

    def _named_medicines(self, labels: Sequence[object]) -> list[str]:
        named = [x.id for x in labels if x.kind == "medicine"]  # type: ignore[attr-defined]
        for word, classes in self._wordings["medicines"].items():
            if re.search(rf"\b{re.escape(word)}\b", self.plain):
                named += [c for c in classes if c in self.index.records]
        return named

    def _named_explanations(self, labels: Sequence[object]) -> tuple[str, ...]:
        named = [x.id for x in labels if x.kind == "explanation"]  # type: ignore[attr-defined]
        if re.search(r"\bcramps?\b|charl(?:ie|ey) horses?", self.plain):
            named.append(_CRAMP)
        if re.search(r"\brestless\b|\brls\b|\bjumpy\b|\bfidget", self.plain):
            named.append(_RESTLESS)
        return tuple(dict.fromkeys(named))

    @property
    def about(self) -> tuple[str, ...]:
        return (*self.explanations, *(f"medicine:{m}" for m in self.medicines))

    def asks_for(self, kind: str) -> bool:
        """Whether the words of the question ask for this, and it names what that needs."""
        if not any(re.search(p, self.plain) for p in self._wordings[kind]):
            return False
        if kind == "interaction":
            return bool(self.medicines) and (len(self.medicines) > 1 or bool(self.contributors))
        if kind == "compare":
            return len(self.explanations) == 2 and not self.medicines
        if kind == "medication_cause":
            return bool(self.medicines)
        return self.of_legs or (kind == "treatment" and bool(self.medicines or self._beliefs()))

    def lines(self, kind: str) -> Iterable[Line]:
        """The sentences of the knowledge base for one kind of question."""
        makers = {
            "interaction": self._interaction, "compare": self._compare, "medication_cause": self._medication,
            "treatment": self._treatment, "work_up": self._work_up, "red_flag": self._red_flag, "cause": self._cause,
            "definition": self._definition, "codes": self._codes,
        }  # fmt: skip
        return makers[kind]()

    def _line(self, text: str | None, sources: Iterable[str]) -> Line | None:
        return Line(text, self.citer.cite(sources)) if text else None

    def _of(self, record: object, clinician: str, patient: str) -> str | None:
        text = getattr(record, patient if self.patient else clinician) or getattr(record, clinician)
        return str(text) if text else None

    def _interaction(self) -> Iterable[Line]:
        """Recorded interactions between any two of the medicines, and with conditions named; cautions of each."""
        lineage = {m: {r.id for r in self.index.lineage(self.index.records[m])} for m in self.medicines}
        said = []
        for m in self.medicines:
            for record in self.index.lineage(self.index.records[m]):
                for i in record.interactions:
                    others = set().union(*(v for k, v in lineage.items() if k != m)) if len(lineage) > 1 else set()
                    if others & set(i.medicines) or set(self.contributors) & set(i.contributors):
                        said.append(self._line(self._of(i, "statement", "patient_statement"), i.source))
                for c in record.cautions:
                    said.append(self._line(self._of(c, "statement", "patient_statement"), c.source))
        return _distinct(said)

    def _compare(self) -> Iterable[Line]:
        first, second = (self.compiled.explanations[e] for e in self.explanations)
        a, b = (e.patient_name if self.patient else e.name for e in (first, second))
        out = [self._line(self._of(e, "definition", "patient_definition"), e.source) for e in (first, second)]
        for row in compare(self.compiled, first.id, second.id)[:_MOST]:
            out.append(
                self._line(
                    f"{row.label}: {row.p_first:.0%} with {a}, {row.p_second:.0%} with {b} ({row.basis}).", row.sources
                )
            )
        return _distinct(out)

    def _medication(self) -> Iterable[Line]:
        symptom = "restless_legs" if _RESTLESS in self.explanations else "cramp"
        out: list[Line | None] = []
        for m in self.medicines:
            record = self.index.records[m]
            judgement = self.index.judgement(record, symptom)
            if judgement is None:
                out.append(Line(f"{record.name}: nothing about this is recorded."))
                continue
            text = self._of(judgement, "statement", "patient_statement")
            out.append(
                self._line(f"{record.name} (evidence: {judgement.verdict.replace('_', ' ')}): {text}", judgement.source)
            )
            for name in ("patient_do_not", "patient_discuss") if self.patient else ("do_not", "discuss"):
                said = self.index.field(record, name)
                out.append(self._line(str(said) if said else None, record.source))
        return _distinct(out)

    def _treatment(self) -> Iterable[Line]:
        """Rows for the condition (night cramps where none is named), narrowed to what the question names."""
        target = self.explanations[0] if self.explanations else _CRAMP
        rows = [
            t
            for t in self.compiled.knowledge.all(Treatment)
            if target in t.explanations and (t.patient_text or not self.patient)
        ]
        named = [t for t in rows if self._is_about(t)]
        chosen = named or sorted((t for t in rows if t.headline), key=lambda t: t.place)
        beliefs = [self._line(self._of(b, "statement", "patient_statement"), b.source) for b in self._beliefs()]
        out = [
            self._line(
                f"{t.patient_name if self.patient else t.name}: {self._of(t, 'clinician_text', 'patient_text')}",
                t.source,
            )
            for t in chosen
        ]
        return _distinct([*beliefs, *out])

    def _is_about(self, treatment: Treatment) -> bool:
        words = set(normal_form(f"{treatment.name} {treatment.option} {treatment.patient_name}").split())
        names = {w for m in self.medicines for w in normal_form(m).split()}
        asked = {w for w in normal_form(self.plain).split() if len(w) > 4} - _GENERAL
        return bool(words & (names | asked))

    def _beliefs(self) -> list[Belief]:
        asked = {w.rstrip("s") for w in normal_form(self.plain).split() if len(w) > 4} - _GENERAL
        return [
            b
            for b in self.compiled.knowledge.all(Belief)
            if asked & {w.rstrip("s") for w in normal_form(b.belief).split()}
        ]

    def _work_up(self) -> Iterable[Line]:
        target = self.explanations[0] if self.explanations else _CRAMP
        items = [w for w in self.compiled.knowledge.all(WorkUp) if target in w.targets]
        return _distinct(
            self._line(
                f"{w.patient_name if self.patient else w.name}: {self._of(w, 'would_change', 'patient_would_change')}",
                w.source,
            )
            for w in items
        )

    def _red_flag(self) -> Iterable[Line]:
        urgent = [f for f in self.compiled.knowledge.all(RedFlag) if f.urgency in ("emergency", "same_day")]
        named = [f for f in urgent if set(self.explanations) & set(f.suggests)] or urgent
        return _distinct(
            self._line(
                f"{f.patient_name if self.patient else f.name}: {f.patient_action if self.patient else f.action}",
                f.source,
            )
            for f in named
        )

    def _cause(self) -> Iterable[Line]:
        causes = [c for c in self.compiled.knowledge.all(Cause) if c.verdict in ("strong", "moderate")]
        said = [
            self._line(
                f"{c.patient_name if self.patient else c.name}: {self._of(c, 'statement', 'patient_statement')}",
                c.source,
            )
            for c in causes
        ]
        return _distinct(
            [*(self._line(self._of(b, "statement", "patient_statement"), b.source) for b in self._beliefs()), *said]
        )

    def _definition(self) -> Iterable[Line]:
        records = (self.compiled.explanations[e] for e in self.explanations)
        return _distinct(self._line(self._of(e, "definition", "patient_definition"), e.source) for e in records)

    def _codes(self) -> Iterable[Line]:
        """The codes of what was named, in the classifications that the knowledge base knows."""
        for e in (self.compiled.explanations[e] for e in self.explanations):
            name = e.patient_name if self.patient else e.name
            for c in e.codes:
                display = f" ({c.display})" if c.display else ""
                yield Line(f"{name}: {SYSTEM_NAMES[c.system]} {c.code}{display}.", self.citer.cite(e.source))

    def nearest(self) -> tuple[str, ...]:
        """Commands that answer what is nearest to the question."""
        out = [f"soleus show {e}" for e in self.explanations]
        out += [f'soleus show "{self.index.records[m].name}"' for m in self.medicines]
        return (*out, "soleus interview", "soleus causes", "soleus compare nocturnal_leg_cramp restless_legs_syndrome")[
            :4
        ]


_GENERAL = frozenset(
    {
        "which",
        "about",
        "there",
        "could",
        "would",
        "should",
        "cramp",
        "cramps",
        "leg",
        "legs",
        "night",
        "nights",
        "restless",
        "something",
        "really",
        "taking",
        "nocturnal",
        "medicine",
        "medicines",
        "tablets",
        "these",
        "their",
        "safe",
        "water",
    }
)


def _distinct(lines: Iterable[Line | None], most: int = _MOST * 2) -> tuple[Line, ...]:
    return tuple({line.text: line for line in lines if line is not None}.values())[:most]


__all__ = ["Answer", "Line", "Medicine", "answer"]
