"""What a review is bound to: the content of a record, whatever its form in a file."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from soleus.errors import KnowledgeError
from soleus.evidence.content import LETTERS, content, digest, shown_status
from soleus.evidence.record import Record, Review, Source
from soleus.knowledge.loader import DATA, kinds, read_file, read_folder
from soleus.knowledge.schema.core import Likelihood, Parameter

RECORD = Parameter(id="least", value=0.5, unit="none", meaning="A share.", basis="expert", note="thought up")


def approval(record: Any, **other: Any) -> Review:
    return msgspec.structs.replace(
        Review(status="approved", reviewer="A. Clinician", of=digest(record), conflict_of_interest="none"), **other
    )


def reviewed(record: Any, review: Review | None) -> Any:
    return msgspec.structs.replace(record, review=review)


def test_a_review_is_no_part_of_the_content() -> None:
    assert digest(reviewed(RECORD, Review(reviewer="A. Clinician"))) == digest(RECORD)
    assert "review" not in content(reviewed(RECORD, Review()))


def test_the_digest_has_sixteen_hex_digits_and_stays() -> None:
    """A fixed figure: a change of the rule would drop every approval there is."""
    assert digest(RECORD) == "21c649cab26c1940"
    assert len(digest(RECORD)) == LETTERS == 16


def test_every_field_that_says_something_is_content() -> None:
    others = {"id": "most", "value": 0.6, "unit": "h", "meaning": "-", "basis": "measured", "note": None}
    others |= {"source": ("a2000",), "conflicts": "they disagree"}
    changed = {digest(msgspec.structs.replace(RECORD, **{k: v})) for k, v in others.items()}
    assert len(changed | {digest(RECORD)}) == len(others) + 1


def test_two_kinds_with_the_same_fields_differ() -> None:
    class Twin(Parameter, frozen=True, kw_only=True, forbid_unknown_fields=True):
        pass

    assert digest(Twin(**{f: getattr(RECORD, f) for f in RECORD.__struct_fields__})) != digest(RECORD)


def test_a_field_that_the_schema_gains_changes_no_record_that_does_not_use_it() -> None:
    class Parameter(Record, frozen=True, kw_only=True, forbid_unknown_fields=True):
        """The schema of a later version."""

        value: float
        unit: str
        meaning: str
        remark: str | None = None
        tags: tuple[str, ...] = ()

    later = Parameter(id="least", value=0.5, unit="none", meaning="A share.", basis="expert", note="thought up")
    assert digest(later) == digest(RECORD)
    assert digest(msgspec.structs.replace(later, remark="new")) != digest(RECORD)


@given(st.permutations(["id", "value", "unit", "meaning", "basis", "note"]))
def test_the_order_of_fields_in_a_file_is_no_content(order: list[str]) -> None:
    fields = {name: getattr(RECORD, name) for name in order}
    assert digest(msgspec.json.decode(json.dumps(fields), type=Parameter)) == digest(RECORD)


def test_equal_numbers_are_the_same_content() -> None:
    whole = msgspec.structs.replace(RECORD, value=2)
    assert digest(whole) == digest(msgspec.structs.replace(RECORD, value=2.0))


def test_a_record_keeps_its_digest_from_yaml_to_compiled_json_and_back() -> None:
    """Every kind, so that no field is told otherwise by one reader than by the other."""
    for kind, records in read_folder(DATA).items():
        for record in records[:: max(1, len(records) // 25)]:
            again = msgspec.json.decode(msgspec.json.encode(record), type=kinds()[kind])
            assert digest(again) == digest(record), (kind, record.id)


def test_nothing_shows_approved_but_an_approval_by_another_of_this_very_content() -> None:
    assert shown_status(reviewed(RECORD, approval(RECORD))) == "approved"
    assert shown_status(reviewed(msgspec.structs.replace(RECORD, value=0.51), approval(RECORD))) == "submitted"
    for wrong in ({"of": None}, {"of": "0" * 16}, {"reviewer": None}, {"reviewer": "  "}):
        assert shown_status(reviewed(RECORD, approval(RECORD, **wrong))) == "submitted", wrong
    assert shown_status(reviewed(RECORD, approval(RECORD, reviewer="soleus  Maintainers"))) == "submitted"


def test_other_statuses_are_shown_as_they_are() -> None:
    assert shown_status(reviewed(RECORD, Review(status="under_review"))) == "under_review"
    assert shown_status(reviewed(RECORD, Review())) == "submitted"
    assert shown_status(RECORD) == "submitted"


def test_a_source_cannot_be_approved() -> None:
    assert shown_status(Source(id="a2000", title="A")) == "submitted"


@pytest.mark.parametrize("block", ["{status: approved}", "\n  status: approved\n  reviewer: A. Clinician"])
def test_a_whole_file_cannot_be_approved(tmp_path: Path, block: str) -> None:
    file = tmp_path / "all.yaml"
    file.write_text(f"kind: parameter\nreview: {block}\nrecords: []\n", encoding="utf-8")
    with pytest.raises(KnowledgeError, match=r"all\.yaml: found a whole file that calls itself approved"):
        read_file(file, tmp_path)


def test_a_review_of_a_file_that_cannot_be_read_is_an_error_of_the_knowledge(tmp_path: Path) -> None:
    file = tmp_path / "all.yaml"
    file.write_text("kind: parameter\nreview: {status: wonderful}\nrecords: []\n", encoding="utf-8")
    with pytest.raises(KnowledgeError, match=r"all\.yaml"):
        read_file(file, tmp_path)


def test_a_likelihood_without_defaults_is_told_in_full() -> None:
    cell = Likelihood(id="a.b", explanation="a", finding="b", p=(0.3, 0.7), spread="wide", basis="expert")
    told = {"id": "a.b", "explanation": "a", "finding": "b", "p": [0.3, 0.7], "spread": "wide", "basis": "expert"}
    assert content(cell) == told
