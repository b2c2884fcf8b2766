"""The forms there are: one interview and one history for each who may answer. Names, addresses and wording."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from soleus.interop.fhir import canonical
from soleus.reasoning import words
from soleus.reasoning.assessment import Audience

Respondent = Literal["self", "carer", "clinician"]
Kind = Literal["interview", "history"]
SDC = "http://hl7.org/fhir/uv/sdc/StructureDefinition"


@dataclass(frozen=True)
class Form:
    """A form for one kind of respondent. ``interview`` asks one question at a time, ``history`` everything."""

    kind: Kind
    who: str  # patient, carer or clinician
    respondent: Respondent

    @property
    def id(self) -> str:
        return f"legs-{self.kind}-{self.who}"

    @property
    def url(self) -> str:
        """The address by which the form is known; its server may lie elsewhere."""
        return f"{canonical.BASE}/Questionnaire/{self.id}"

    @property
    def title(self) -> str:
        reader = {"patient": "for the person", "carer": "for a parent or carer", "clinician": "for a clinician"}
        what = "Leg complaints, one question at a time" if self.kind == "interview" else "Leg complaints, whole history"
        return f"{what} ({reader[self.who]})"

    @property
    def audience(self) -> Audience:
        return "clinician" if self.respondent == "clinician" else "patient"

    @property
    def limits(self) -> str:
        """What the form is for, and that nobody reviewed it."""
        reviewed = {
            "clinician": "Submitted, not reviewed: no clinician has reviewed the content of this form yet.",
            "patient": "No doctor has checked the content of this form yet.",
        }
        return f"{words.INTENDED_USE[self.audience]} {reviewed[self.audience]}"

    @property
    def groups(self) -> tuple[str, ...]:
        """The groups of findings that this respondent can answer."""
        return ("history", "examination") if self.respondent == "clinician" else ("history",)


_RESPONDENTS: tuple[tuple[str, Respondent], ...] = (("patient", "self"), ("carer", "carer"), ("clinician", "clinician"))
INTERVIEWS = tuple(Form("interview", who, respondent) for who, respondent in _RESPONDENTS)
HISTORIES = tuple(Form("history", who, respondent) for who, respondent in _RESPONDENTS)


def form_of(address: str) -> Form | None:
    """The form with this canonical address, with or without its version, or at a server's own address."""
    name = address.split("|")[0].rstrip("/").rsplit("/", 1)[-1]
    return next((f for f in (*INTERVIEWS, *HISTORIES) if f.id == name), None)
