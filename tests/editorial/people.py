"""People, records and a moment that the tests of the desk share."""

from __future__ import annotations

from typing import Any

import msgspec

from soleus.accounts import Visitor
from soleus.editorial.corrections import Decision, Proposal
from soleus.editorial.reviewing import Deed
from soleus.evidence.record import Review
from soleus.knowledge.loader import Knowledge
from soleus.knowledge.schema.core import Parameter

AT = 1_795_000_000.0  # 17 November 2026
READER = Visitor("a-reader", "R. Reader", frozenset({"reader"}))
ONE = Visitor("a-one", "Dr One", frozenset({"reader", "reviewer"}))
TWO = Visitor("a-two", "Dr Two", frozenset({"reader", "reviewer"}))
EDITOR = Visitor("a-editor", "E. Editor", frozenset({"reader", "administrator"}))
CURATOR = Visitor("a-curator", " soleus MAINTAINERS ", frozenset({"reader", "reviewer"}))

KIND, ID = "parameter", "least"
FIELDS: dict[str, Any] = {"id": ID, "unit": "none", "meaning": "The least share.", "basis": "expert"}


def base(value: float = 0.5, review: Review | None = None, version: str = "1") -> Knowledge:
    """A knowledge base of two records."""
    due = review or Review(last_reviewed="2026-11-21", review_by="2027-11-21")
    one = Parameter(**FIELDS, value=value, review=due)
    other = msgspec.structs.replace(one, id="most", value=0.9)
    return Knowledge({KIND: (one, other)}, {}, version, f"digest of {value}")


def deed(act: Any, seen: int, comment: str = "Read.", interest: str = "none") -> Deed:
    return Deed(act, seen, comment, interest)


def proposal(value: str = "0.4", field: str = "value", **other: Any) -> Proposal:
    return Proposal(**{"field": field, "value": value, "source": "10.1000/1", "reason": "It says so there."} | other)


def acceptance(number: int, seen: int = 0, value: str = "0.4", field: str = "value") -> Decision:
    return Decision(number, "accepted", seen, field=field, value=value)
