"""Cited by: both ways, and nothing that an entry shows is missing."""

from __future__ import annotations

from soleus.evidence.record import Source
from soleus.knowledge.prose_fields import cited, figures, texts
from soleus.knowledge.schema.core import Effect
from soleus.library.cited_by import entries_on, records_on, used_by_model
from soleus.library.entries import entry_of
from soleus.library.figures import record_of
from soleus.library.model import RecordRef
from soleus.reasoning.compiled import Compiled
from soleus.reasoning.entry import uses_of


def test_every_record_that_names_a_source_rests_on_it(compiled: Compiled) -> None:
    for source, uses in uses_of(compiled.knowledge).items():
        told = {f"{r.kind}:{r.id}" for r in records_on(compiled, source)}
        assert set(uses) <= told, source


def test_every_citation_in_prose_counts(compiled: Compiled) -> None:
    for text in texts(compiled.knowledge):
        for source in cited(text.text):
            assert RecordRef(kind=text.kind, id=text.id) in records_on(compiled, source)


def test_a_source_that_nothing_names_has_no_record(compiled: Compiled) -> None:
    assert records_on(compiled, "no_such_source") == ()
    assert entries_on(compiled, "source", "no_such_source") == ()


def test_every_figure_in_prose_leads_back_to_its_entry(compiled: Compiled) -> None:
    for text in texts(compiled.knowledge):
        if text.kind == "article":
            for figure in figures(text.text):
                record, _ = record_of(compiled.knowledge, figure)
                entries = {use.entry for use in entries_on(compiled, figure.kind, record.id)}
                assert RecordRef(kind="explanation", id=text.id) in entries


def test_a_ratio_is_used_by_its_cause_and_by_its_condition(compiled: Compiled) -> None:
    for effect in compiled.knowledge.all(Effect):
        entries = {(u.entry.kind, u.entry.id) for u in entries_on(compiled, "effect", effect.id)}
        assert {("contributor", effect.contributor), ("explanation", effect.explanation)} <= entries


def test_an_entry_is_its_own(compiled: Compiled) -> None:
    uses = {(u.entry.kind, u.entry.id): u.how for u in entries_on(compiled, "explanation", "nocturnal_leg_cramp")}
    assert uses["explanation", "nocturnal_leg_cramp"] == "own"


def test_entries_of_a_source_are_those_of_its_records(compiled: Compiled) -> None:
    source = max(compiled.knowledge.all(Source), key=lambda s: len(records_on(compiled, s.id))).id
    told = {u.entry for u in entries_on(compiled, "source", source)}
    each = (entries_on(compiled, r.kind, r.id) for r in records_on(compiled, source))
    assert told == {u.entry for uses in each for u in uses}
    assert told


def test_what_enters_the_judgement_is_known() -> None:
    told = {kind: used_by_model(kind) for kind in ("likelihood", "rate", "article", "fact")}
    assert told == {"likelihood": True, "rate": True, "article": False, "fact": False}


def test_what_an_entry_is_made_of_leads_back_to_it(compiled: Compiled) -> None:
    """Left out: figures of a look-alike, and guides that are for everybody."""
    ids = ("nocturnal_leg_cramp", "restless_legs_syndrome", "pad_claudication", "deep_vein_thrombosis")
    entries = [("explanation", e) for e in ids]
    entries += [("contributor", "statin"), ("medicine", "atorvastatin"), ("common_question", "statins_cause_cramps")]
    for kind, id in entries:
        entry = entry_of(compiled, kind, id, "clinician", "2026-11-29")  # type: ignore[arg-type]
        own = RecordRef(kind=kind, id=id)
        for ref in entry.made_of:
            apart = ref.kind == "likelihood" and not ref.id.startswith(f"{id}.")
            if ref.kind not in ("source", "guide") and not apart:
                assert own in {use.entry for use in entries_on(compiled, ref.kind, ref.id)}, (own, ref)
