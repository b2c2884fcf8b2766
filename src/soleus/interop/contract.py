"""What is sent to the JSON interface of the service. The answers are those of `soleus.reasoning.answers` and
docs/assessment.schema.json; service and client share these types.
"""

from __future__ import annotations

from typing import Annotated, Any

from msgspec import Meta, Struct

from soleus.reasoning.assessment import Audience

Date = Annotated[str, Meta(pattern=r"^\d{4}(-\d{2}(-\d{2})?)?$", description="ISO date; without it today's")]
Draws = Annotated[int, Meta(ge=50, le=2000, description="draws behind the intervals")]
Name = Annotated[str, Meta(min_length=1, max_length=200)]
CaseTree = Annotated[dict[str, Any], Meta(description="a case, as docs/case.schema.json describes it")]


class _Request(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    pass


class AssessRequest(_Request, frozen=True):
    """One person to judge: a case, or a text. The settings override those of the case."""

    case: CaseTree | None = None
    note: str | None = None
    audience: Audience = "clinician"
    as_of: Date | None = None
    setting: Name | None = None
    draws: Draws = 500


class ReadRequest(_Request, frozen=True):
    """A text to read without judging it."""

    note: str


class NextQuestionRequest(_Request, frozen=True):
    """What is known so far; ``skip``: ids that were asked and whose answer no case could hold."""

    case: CaseTree
    audience: Audience = "patient"
    skip: Annotated[tuple[Name, ...], Meta(max_length=500)] = ()


class ExplainRequest(_Request, frozen=True):
    """``explanation`` against ``against``; by default the first against the second."""

    case: CaseTree
    explanation: Name | None = None
    against: Name | None = None
    as_of: Date | None = None


class MedicationReviewRequest(_Request, frozen=True):
    """A case with its medicines, and further ones by name."""

    case: CaseTree = {}
    medicines: Annotated[tuple[Name, ...], Meta(max_length=100)] = ()
    audience: Audience = "clinician"
    as_of: Date | None = None
