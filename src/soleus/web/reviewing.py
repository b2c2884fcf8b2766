"""The medicines of somebody, judged without a case: each with its verdict, timing, warnings and sources."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from fastapi import APIRouter, Request
from starlette.datastructures import FormData
from starlette.responses import HTMLResponse

from soleus.errors import InputError, InvalidValue
from soleus.reasoning.answers import MedicationAnswer, medication_review
from soleus.reasoning.compiled import Compiled
from soleus.web.rendering import page
from soleus.web.site import Site

_MOST = 60  # medicines of one list
_LONGEST = 200
_FELT = "quality"  # what is felt decides which complaint the medicines are judged for


@dataclass(frozen=True)
class Asked:
    """What was filled in; ``medicines`` has one medicine a line."""

    medicines: str = ""
    age: str = ""
    sex: str = ""
    quality: str = ""

    def case(self) -> dict[str, Any]:
        """Age, sex and what is felt as a case. Raises `InvalidValue` where that is not said, and for an odd age."""
        if not self.quality:
            raise InvalidValue(_FELT, "nothing", "what is felt", "Choose one.")
        person = {"age": _age(self.age) if self.age else None, "sex": self.sex or None}
        return {"person": {k: v for k, v in person.items() if v is not None}, "findings": {_FELT: self.quality}}

    def names(self) -> list[str]:
        """The medicines. Raises `InvalidValue` for none, for too many, and for a line that is no name."""
        names = [line.strip() for line in self.medicines.splitlines() if line.strip()]
        if not names or len(names) > _MOST or max(map(len, names)) > _LONGEST:
            found = "no medicine" if not names else "more, or longer lines"
            raise InvalidValue("list", found, f"1 to {_MOST} medicines, one a line", "Name what is taken.")
        return names


def router(site: Site) -> APIRouter:
    routes = APIRouter(include_in_schema=False)

    @routes.get("/medicines")
    async def empty() -> HTMLResponse:
        return review_page(site.compiled, Asked())

    @routes.post("/medicines")
    async def reviewed(request: Request) -> HTMLResponse:
        async with request.form(max_files=0) as form:
            asked = _asked(form)
        try:
            found = await site.at_once(
                medication_review, asked.case(), medicines=asked.names(), knowledge=site.compiled
            )
        except InputError as error:
            return review_page(site.compiled, asked, fault=error)
        site.judged()
        return review_page(site.compiled, asked, found)

    return routes


def _asked(form: FormData) -> Asked:
    told = {k: str(form.get(k, "")).strip() for k in ("age", "sex", "quality")}
    return Asked(medicines=str(form.get("list", "")), **told)


def review_page(
    compiled: Compiled, asked: Asked, found: MedicationAnswer | None = None, fault: InputError | None = None
) -> HTMLResponse:
    faults = {_field(fault): fault} if fault else {}
    felt = compiled.findings[_FELT]
    return page("medicines.html.j2", 400 if fault else 200, asked=asked, answer=found, faults=faults, felt=felt)


def _field(error: InputError) -> str:
    """The field of the page that an error speaks of."""
    return next((f for f in ("age", "sex", "quality") if f in error.where), "list")


def _age(word: str) -> float:
    try:
        return float(word)
    except ValueError:
        raise InvalidValue("age", "no number", "a number of years from 0 to 120", "Write it as in 67.") from None
