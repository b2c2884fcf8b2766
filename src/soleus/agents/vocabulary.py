"""The names that a case may use: schemas of a case with the commonest findings, and lists that can be searched."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, get_args

import msgspec
from msgspec import field

from soleus.clinical.case import Case
from soleus.knowledge.schema.core import Finding, Setting
from soleus.knowledge.schema.medicines import Medicine
from soleus.reasoning.answers import EntryAnswer, closing, entry
from soleus.reasoning.case_schema import finding_schema
from soleus.reasoning.citing import Citer
from soleus.reasoning.compiled import Compiled, normal_form

MOST = 60  # names in one answer
LISTS = ("findings", "explanations", "contributors", "medicines")
#: Fields of a case that only readers of records fill in.
_OF_READERS = ("unused", "lists", "pretest")

_FINDINGS = (
    "Finding -> answer. Put in only what the person or the record said. What was not told is left out, or "
    "not_assessed where it was asked and not known; it is never no, none or normal. Listed here are the commonest; "
    "the tool entry with the name findings and the argument matching lists the others."
)


class EntryOrNames(EntryAnswer, frozen=True):
    """Entries, or names of a list with their answers or title."""

    names: dict[str, str] = field(default_factory=dict)
    left_out: int = 0


def case_schema(compiled: Compiled) -> dict[str, Any]:
    """A case with the core findings, each with its answers. Other names are accepted too."""
    schema: dict[str, Any] = msgspec.json.schema(Case)
    definitions = schema.pop("$defs")
    case = definitions.pop("Case")
    core = {f.id: _answers_of(f) for f in compiled.findings.values() if f.core}
    findings = {"type": "object", "description": _FINDINGS, "properties": core, "additionalProperties": True}
    for name in _OF_READERS:
        del case["properties"][name]
    for part in (case, *definitions.values()):
        part.pop("title", None)
        if not part.get("required"):
            part.pop("required", None)
    case["description"] = "What was told of one person. Every field may be left out; nothing is assumed for it."
    case["properties"]["findings"] = findings
    case["properties"]["setting"] = {"enum": list(get_args(Setting)), "default": "primary_care"}
    definitions["Complaint"]["properties"]["findings"] = {"type": "object", "additionalProperties": True}
    definitions.pop("Unused", None)
    case["$defs"] = definitions
    return dict(case)


def _answers_of(finding: Finding) -> dict[str, Any]:
    """The answers that an agent should choose from; the readers know more words for them."""
    if finding.kind == "numeric":
        return finding_schema(finding)
    return {"description": finding.clinician_question, "enum": [*(s.id for s in finding.states), "not_assessed"]}


def names(compiled: Compiled, name: str, matching: str | None) -> EntryOrNames:
    """An entry, or for a list such as findings its names; ``matching`` keeps those that hold every word."""
    if name not in LISTS:
        found = entry(name, knowledge=compiled)
        return EntryOrNames(**msgspec.structs.asdict(found))
    told = _told(compiled, name)
    wanted = normal_form(matching or "").split()
    kept = {k: v for k, (v, words) in told.items() if all(w in normal_form(words) for w in wanted)}
    shown = dict(list(kept.items())[:MOST])
    limits = closing(compiled, "clinician", Citer(compiled.knowledge))
    return EntryOrNames(entries=(), names=shown, left_out=len(kept) - len(shown), **limits)


def _told(compiled: Compiled, kind: str) -> dict[str, tuple[str, str]]:
    """id -> (what is shown, the words that are searched); core findings first."""
    if kind == "findings":
        ordered = sorted(compiled.findings.values(), key=lambda f: not f.core)
        return {f.id: (_answers(f), " ".join((f.id, f.name, f.question, *f.synonyms))) for f in ordered}
    kinds: dict[str, Iterable[Any]] = {
        "explanations": compiled.explanations.values(),
        "contributors": compiled.contributors.values(),
        "medicines": compiled.knowledge.all(Medicine),
    }
    records = kinds[kind]
    return {r.id: (r.name, " ".join((r.id, r.name, *_synonyms(r)))) for r in records}


def _synonyms(record: Any) -> tuple[str, ...]:
    return tuple(getattr(record, "synonyms", ())) + tuple(getattr(record, "names", ()))


def _answers(finding: Finding) -> str:
    unit = f" in {finding.unit}" if finding.unit else ""
    return f"{finding.name}; {', '.join(s.id for s in finding.states)}{unit}"
