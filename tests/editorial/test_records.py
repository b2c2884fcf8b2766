"""Fields of records: every one can be read, named and changed."""

from __future__ import annotations

import contextlib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from soleus.editorial.records import fields, label_of, record_of, text_of, value_at, value_of, with_value
from soleus.errors import InvalidValue, SoleusError, UnknownName
from soleus.knowledge.loader import kinds, shipped
from soleus.knowledge.schema.core import Parameter

RECORD = Parameter(id="least", value=0.5, unit="none", meaning="A share.\n", basis="expert")


@pytest.mark.parametrize("kind", sorted(shipped().records))
def test_what_is_read_is_what_would_be_typed(kind: str) -> None:
    """The text of every field stands for the value that it was made of."""
    records = shipped().records[kind]
    for record in records[:: max(1, len(records) // 12)]:
        for field in fields(record):
            assert value_of(record, field.path, field.text) == value_at(record, field.path), (record.id, field.path)


def test_every_kind_has_records_that_can_be_found_and_an_id_that_is_none_is_an_error() -> None:
    knowledge = shipped()
    for kind, records in knowledge.records.items():
        assert record_of(knowledge, kind, records[0].id) is records[0]
    for kind, id in (("parameter", "nothing"), ("nothing", "x"), ("parameter", "x" * 10_000)):
        with pytest.raises(UnknownName):
            record_of(knowledge, kind, id)


def test_ids_and_reviews_are_no_fields() -> None:
    assert {f.path for f in fields(RECORD)}.isdisjoint({"id", "review"})
    for path in ("id", "review", "review/status"):
        with pytest.raises(UnknownName):
            with_value(RECORD, path, "approved")


def test_steps_of_a_path_are_counted_as_people_count() -> None:
    assert label_of("outcomes/0/effect_text") == "outcomes › 1 › effect text"


def test_text_ends_as_it_ended_before() -> None:
    assert value_of(RECORD, "meaning", "A part.") == "A part.\n"
    assert value_of(RECORD, "unit", "h\n") == "h"


def test_an_empty_field_can_be_filled_and_emptied() -> None:
    assert value_of(RECORD, "note", "Thought up: by us.") == "Thought up: by us."
    assert value_of(with_value(RECORD, "note", "x"), "note", " ") is None
    with pytest.raises(InvalidValue):
        value_of(RECORD, "unit", " ")


def test_numbers_and_lists_are_read_as_such() -> None:
    assert value_of(RECORD, "value", "1e-3") == 0.001
    assert value_of(RECORD, "source", "[a2000, b2001]") == ["a2000", "b2001"]
    assert text_of(["a2000", "b2001"]) == "[a2000, b2001]"


@settings(deadline=None)
@given(kind=st.sampled_from(sorted(kinds())), text=st.text(max_size=80), data=st.data())
def test_no_typed_text_brings_anything_but_a_value_or_a_clear_error(kind: str, text: str, data: st.DataObject) -> None:
    records = shipped().records.get(kind, ())
    if not records:
        return
    record = data.draw(st.sampled_from(records[:20]))
    field = data.draw(st.sampled_from(fields(record)))
    with contextlib.suppress(SoleusError):
        value = value_of(record, field.path, text)
        assert value_at(with_value(record, field.path, value), field.path) == value
