"""A person and what is told of the legs, as it was told: the input of an assessment.

Nothing here knows the knowledge base; ``reasoning.intake`` matches the words with it. Missing fields are not
known, never "no".
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from msgspec import Meta, Struct

Sex = Literal["female", "male"]
Status = Literal["present", "absent", "resolved"]
Respondent = Literal["self", "parent", "carer", "clinician"]
Age = Annotated[float, Meta(ge=0, le=120, description="years at the time of the assessment")]
Date = Annotated[str, Meta(pattern=r"^\d{4}(-\d{2}(-\d{2})?)?$", description="ISO date; month or day may be missing")]


class _Input(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    pass


class Quantity(_Input, frozen=True):
    """A number with its UCUM unit and the date it was taken."""

    value: float
    unit: str | None = None
    date: Date | None = None


class Person(_Input, frozen=True):
    """Whose legs they are. ``sex`` is the sex that physiology and published rates go by."""

    age: Age | None = None
    birth_date: Date | None = None
    sex: Sex | None = None
    pregnant: bool | None = None
    weeks_pregnant: Annotated[int, Meta(ge=0, le=45)] | None = None
    weeks_since_birth: Annotated[int, Meta(ge=0)] | None = None


class Complaint(_Input, frozen=True):
    """One thing felt in the legs. ``findings`` maps a finding to a state, present, absent, not_assessed or a number."""

    id: str = "legs"
    label: str | None = None
    onset: Date | None = None
    duration: str | None = None
    findings: dict[str, Any] = {}


class Condition(_Input, frozen=True):
    """A diagnosis, event or habit of the person."""

    name: str
    code: str | None = None
    system: str | None = None
    since: Date | None = None
    status: Status = "present"


class Medicine(_Input, frozen=True):
    """A medicine by brand, generic or class name or by code; ``stopped`` in the past means it is no longer taken."""

    name: str
    code: str | None = None
    system: str | None = None
    started: Date | None = None
    stopped: Date | None = None
    dose: str | None = None


class Measurement(_Input, frozen=True):
    """A test result. A number needs its unit unless the finding has none."""

    name: str
    value: float
    unit: str | None = None
    date: Date | None = None


class Unused(_Input, frozen=True):
    """Something in the input that was not used, and why."""

    where: str
    what: str
    why: str


class Case(_Input, frozen=True):
    """Everything known of one person. Without ``as_of`` dates cannot be turned into durations.

    ``lists`` names the lists that are complete enough to have spoken: what such a list leaves out becomes less likely.
    """

    id: str = "case"
    as_of: Date | None = None
    setting: str = "primary_care"
    answered_by: Respondent = "self"
    country: Annotated[str, Meta(pattern=r"^[A-Z]{2}$")] | None = None
    person: Person = Person()
    findings: dict[str, Any] = {}
    onset: Date | None = None
    duration: str | None = None
    complaints: tuple[Complaint, ...] = ()
    conditions: tuple[Condition | str, ...] = ()
    medicines: tuple[Medicine | str, ...] = ()
    measurements: tuple[Measurement, ...] = ()
    pretest: dict[str, Annotated[float, Meta(ge=0, le=1)]] = {}
    unused: tuple[Unused, ...] = ()
    lists: tuple[Literal["conditions", "medicines"], ...] = ()

    def each_complaint(self) -> tuple[Complaint, ...]:
        """The complaints; the findings at the top level belong to a single complaint, or are shared by all."""
        own = Complaint(onset=self.onset, duration=self.duration, findings=self.findings)
        if not self.complaints:
            return (own,)
        return tuple(
            Complaint(
                id=c.id,
                label=c.label,
                onset=c.onset or self.onset,
                duration=c.duration or self.duration,
                findings={**self.findings, **c.findings},
            )
            for c in self.complaints
        )
