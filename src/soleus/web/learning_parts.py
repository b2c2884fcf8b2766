"""What the pages of learning share: who sent a form, lessons with their sources, days in words."""

from __future__ import annotations

import datetime
from collections.abc import Callable, Coroutine, Iterable
from dataclasses import dataclass
from typing import Any

from fastapi import APIRouter
from fastapi.routing import APIRoute
from starlette.requests import Request
from starlette.responses import Response

from soleus.accounts import Visitor
from soleus.accounts.tokens import same
from soleus.errors import UnknownName
from soleus.learning.codes import code_of, new_code
from soleus.learning.course import CourseCase
from soleus.learning.grading import Given
from soleus.learning.records import Knowledge
from soleus.library.model import Paragraph
from soleus.library.writing import Writer
from soleus.reasoning.assessment import Cites, Reference
from soleus.reasoning.compiled import Compiled
from soleus.web.acting import TOKEN
from soleus.web.form import Form, read
from soleus.web.rendering import error_page
from soleus.web.site import Site

HOME = "/learn"
ATTEMPT = "attempt"  # the field that holds the code of an attempt


class _Found(APIRoute):
    """A route whose address may name what there is not: a case, a quiz, an attempt."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        handler = super().get_route_handler()

        async def answer(request: Request) -> Response:
            try:
                return await handler(request)
            except UnknownName as error:
                return error_page(404, error)

        return answer


def routes_of_learning() -> APIRouter:
    return APIRouter(include_in_schema=False, route_class=_Found)


@dataclass(frozen=True)
class Sent:
    """A form, and whose record it belongs to: None without an account.

    ``stale``: somebody is signed in, and the page was opened before; such a form could come from anywhere, so that it
    is answered and not kept.
    """

    visitor: Visitor | None
    form: Form
    stale: bool = False

    @property
    def code(self) -> str:
        """The code of the attempt; a new one where the form carries none."""
        return code_of(self.form.one(ATTEMPT)) or new_code()


async def sent(site: Site, request: Request) -> Sent:
    visitor, form = site.visitor_of(request), await read(request)
    if visitor is not None and same(form.one(TOKEN), site.form_token(request)):
        return Sent(visitor, form)
    return Sent(None, form, stale=visitor is not None)


def knowledge_of(compiled: Compiled) -> Knowledge:
    return Knowledge(compiled.knowledge.version, compiled.knowledge.digest)


class Teaching:
    """Lessons in the words of clinicians, with one list of references for the page."""

    def __init__(self, compiled: Compiled) -> None:
        self._writer = Writer(compiled, "clinician")

    def lesson(self, case: CourseCase) -> tuple[Paragraph, ...]:
        return self._writer.prose(case.lesson)

    def cites(self, sources: Iterable[str]) -> Cites:
        return self._writer.citer.cite(sources)

    def references(self) -> tuple[Reference, ...]:
        return self._writer.citer.references()


@dataclass(frozen=True)
class Judged:
    """A case with the answer that was given, and what it teaches."""

    case: CourseCase
    given: Given
    lesson: tuple[Paragraph, ...]


def day_of(at: float) -> str:
    """The day (UTC) of a moment, as an ISO date."""
    return datetime.datetime.fromtimestamp(at, datetime.UTC).date().isoformat()
