"""The page of a record: its figure as it is said, its fields, its sources, what uses it."""

from __future__ import annotations

import pytest

from soleus.errors import UnknownName
from soleus.knowledge.loader import kinds
from soleus.library.model import RecordRef
from soleus.library.records import record_shown
from soleus.reasoning.compiled import Compiled

TODAY = "2026-11-29"


def test_records_of_every_kind_can_be_shown(compiled: Compiled) -> None:
    for kind in kinds():
        records = compiled.knowledge.records.get(kind, ())
        for record in (*records[:1], *records[len(records) // 2 : len(records) // 2 + 1], *records[-1:]):
            shown = record_shown(compiled, kind, record.id, TODAY)
            assert shown.title
            assert all(f.name and f.text for f in shown.fields), (kind, record.id)


def test_a_fact_is_shown_with_its_figure_its_numbers_as_recorded_and_its_source(compiled: Compiled) -> None:
    shown = record_shown(compiled, "fact", "g12-statin", TODAY)
    assert shown.figure == "1.16 (1.04 to 1.29)"
    fields = {f.name: f.text for f in shown.fields}
    assert (fields["Value"], fields["Low"], fields["High"]) == ("1.16", "1.04", "1.29")
    assert [r.id for r in shown.references] == ["garrison2012"]
    assert shown.basis == "measured"


def test_the_conversion_is_told(compiled: Compiled) -> None:
    shown = record_shown(compiled, "effect", "statin.nocturnal_leg_cramp", TODAY)
    assert "ctt2022" in shown.note
    assert shown.in_model


def test_a_likelihood_is_shown_state_by_state(compiled: Compiled) -> None:
    shown = record_shown(compiled, "likelihood", "nocturnal_leg_cramp.relief_stretch", TODAY)
    assert [(f.name, f.text) for f in shown.fields[:2]] == [("Present", "85%"), ("Absent", "15%")]
    assert shown.figure is None


def test_names_lead_to_their_entries(compiled: Compiled) -> None:
    fields = {f.name: f.entry for f in record_shown(compiled, "effect", "statin.nocturnal_leg_cramp", TODAY).fields}
    assert fields["Contributor"] == RecordRef(kind="contributor", id="statin")
    assert fields["Explanation"] == RecordRef(kind="explanation", id="nocturnal_leg_cramp")


def test_what_uses_a_record_is_told(compiled: Compiled) -> None:
    uses = {u.entry for u in record_shown(compiled, "fact", "g12-statin", TODAY).uses}
    assert RecordRef(kind="contributor", id="statin") in uses
    assert RecordRef(kind="explanation", id="nocturnal_leg_cramp") in uses


def test_a_record_that_is_late_says_so(compiled: Compiled) -> None:
    assert not record_shown(compiled, "fact", "g12-statin", TODAY).overdue
    assert record_shown(compiled, "fact", "g12-statin", "2099-01-01").overdue


@pytest.mark.parametrize(("kind", "id"), [("fact", "nothing"), ("nothing", "g12-statin")])
def test_what_is_not_there_is_an_unknown_name(compiled: Compiled, kind: str, id: str) -> None:
    with pytest.raises(UnknownName):
        record_shown(compiled, kind, id, TODAY)
