"""`soleus library check`: the shipped library is whole, and each kind of fault is found."""

from __future__ import annotations

from typing import Any

import pytest
from msgspec.structs import replace

from soleus.evidence.record import Source
from soleus.knowledge.loader import Knowledge
from soleus.library import checking
from soleus.library.checking import check, unsourced_numbers
from soleus.library.entries import entry_of
from soleus.library.model import Entry, Neighbour, Paragraph, RecordRef, Row, Run, Table
from soleus.reasoning.compiled import Compiled, shipped_compiled

TODAY = "2026-11-29"


def test_the_library_is_whole(compiled: Compiled) -> None:
    assert [f"{f.where} [{f.rule}]: {f.found}" for f in check(compiled, TODAY)] == []


def test_no_number_in_prose_is_typed(compiled: Compiled) -> None:
    assert unsourced_numbers(compiled.knowledge) == 0


def entry(audience: Any = "clinician") -> Entry:
    return entry_of(shipped_compiled(), "explanation", "restless_legs_syndrome", audience, TODAY)


def said(*runs: Run) -> Paragraph:
    return Paragraph(runs=runs)


def put(part: str, **fields: Any) -> Entry:
    """The entry with another section of a part."""
    made = entry()
    return replace(made, sections=tuple(replace(s, **fields) if s.part == part else s for s in made.sections))


NOWHERE = RecordRef(kind="fact", id="nowhere")
FAULTY: dict[str, tuple[str, Entry]] = {
    "a number typed into a sentence": ("figures", put("who", paragraphs=(said(Run(text="In 12 of them.")),))),
    "a figure of a row without a record": (
        "figures",
        put("who", tables=(Table(id="t", title="-", scale="none", rows=(Row(label="-", figure="12%"),)),)),
    ),
    "a part that is missing": ("parts", replace(entry(), sections=entry().sections[:3])),
    "a part that is empty": ("parts", put("who", paragraphs=(), tables=())),
    "a number of a source that leads nowhere": (
        "references",
        put("who", paragraphs=(said(Run(text="So.", cites=(999,))),)),
    ),
    "a reference out of line": ("references", replace(entry(), references=entry().references[1:])),
    "a link to no entry": ("links", put("who", paragraphs=(said(Run(text="-", entry=NOWHERE)),))),
    "a figure of no record": ("links", put("who", paragraphs=(said(Run(text="1", record=NOWHERE)),))),
    "a neighbour that is none": (
        "links",
        replace(entry(), neighbours=(Neighbour(entry=RecordRef(kind="short_entry", id="nobody"), label="-"),)),
    ),
}


@pytest.mark.parametrize("what", FAULTY)
def test_a_fault_is_found_and_named(what: str, monkeypatch: pytest.MonkeyPatch) -> None:
    rule, broken = FAULTY[what]
    monkeypatch.setattr(checking, "entry_of", lambda *_: broken)
    monkeypatch.setattr(checking, "every", lambda _: (RecordRef(kind=broken.kind, id=broken.id),))
    found = check(shipped_compiled(), TODAY)
    assert rule in {f.rule for f in found}
    assert all(f.where.startswith("explanation:restless_legs_syndrome") and f.found and f.expected for f in found)


def test_hard_words_for_patients_are_found(monkeypatch: pytest.MonkeyPatch) -> None:
    hard = "Considerable neuropsychiatric comorbidity necessitates interdisciplinary multidimensional evaluation " * 4
    made = entry("patient")
    broken = replace(made, key_points=(said(Run(text=f"{hard}.")),))
    monkeypatch.setattr(checking, "entry_of", lambda *_: broken)
    monkeypatch.setattr(checking, "every", lambda _: (RecordRef(kind=broken.kind, id=broken.id),))
    assert {f.rule for f in check(shipped_compiled(), TODAY)} == {"plain_words"}


def test_a_name_counts_as_one_easy_word() -> None:
    names = checking._names(shipped_compiled())
    assert checking._eased("Is it restless legs, or deep vein thrombosis of the leg?", names) == (
        "Is it cramp, or cramp?"
    )


def test_a_source_without_an_identifier_is_found() -> None:
    bare = Source(id="bare", title="A rumour")
    assert [f.where for f in checking._of_sources(Knowledge({"source": (bare,)}, {}, "0", ""))] == ["source:bare"]
