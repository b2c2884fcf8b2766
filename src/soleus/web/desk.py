"""The case desk for clinicians: a note, a record or a form on one side, the judgement on the other.

The judgement is that of `soleus.assess` on what was told with what is assumed; nothing of a case is kept.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import msgspec
from fastapi import APIRouter, Request
from markupsafe import Markup
from starlette.responses import HTMLResponse

from soleus.clinical.case import Case
from soleus.errors import CannotAssess, Contradiction, InputError, SoleusError, UnreadableInput
from soleus.notes.questions import Answer, answer
from soleus.reasoning.assessment import Assessment
from soleus.reasoning.compiled import Compiled
from soleus.reasoning.medicines import medicine_index
from soleus.reports.html import render_within
from soleus.web import desk_acts, desk_form, desk_opening, desk_view
from soleus.web.desk_view import Noted
from soleus.web.form import Form, read
from soleus.web.rendering import environment, html
from soleus.web.result import judged
from soleus.web.site import Site
from soleus.web.state import State, pack, unpack
from soleus.web.what_if import SETTINGS, Tree

_MOST_FILE = 2_000_000  # bytes, as the guard allows by default
_OPEN, _NOTE, _NEW, _EDIT, _FORM, _BACK, _ASK = "open", "note", "new", "edit", "form", "back", "ask"


@dataclass(frozen=True)
class Shown:
    """A page of the desk; ``judged``: a judgement was made for it."""

    page: str
    judged: bool = False
    status: int = 200


@dataclass(frozen=True)
class Beside:
    """What stands on the page of a case only once: what was done, how to take it back, a fault, an answer."""

    message: str = ""
    before: str | None = None
    fault: InputError | None = None
    question: str = ""
    answer: Answer | None = None


def router(site: Site) -> APIRouter:
    routes = APIRouter(include_in_schema=False)

    @routes.get("/desk")
    async def start() -> HTMLResponse:
        return HTMLResponse(start_page().page)

    @routes.post("/desk")
    async def desk(request: Request) -> HTMLResponse:
        form = await read(request, _MOST_FILE)
        return _sent(site, await site.run(respond, form, site.compiled, site.today()))

    return routes


def _sent(site: Site, shown: Shown) -> HTMLResponse:
    if shown.judged:
        site.judged()
    return HTMLResponse(shown.page, shown.status)


async def opened_with(site: Site, case: State | Case, origin: str) -> HTMLResponse:
    """The desk with a case from elsewhere; ``origin`` names the server that it came from, and is shown."""
    state = msgspec.structs.replace(case, origin=origin[:200]) if isinstance(case, State) else None
    opened = state or desk_opening.of_case(case, origin)  # type: ignore[arg-type]
    return _sent(site, await site.run(case_page, opened, site.compiled, site.today()))


def respond(form: Form, compiled: Compiled, today: str) -> Shown:
    """The page that follows a button."""
    do = form.one("do", "show")
    if do in (_OPEN, _NOTE):
        return _opened(form, do, compiled, today)
    if do in (_NEW, _EDIT, _FORM):
        return _filled(form, do, compiled, today)
    state = unpack(form.one("state"))
    if do == _BACK:
        return case_page(unpack(form.one("before")), compiled, today)
    if do == _ASK:
        return _asked(state, form, compiled, today)
    try:
        done = desk_acts.act(state, do, form, compiled)
        before = pack(state) if done.message else None
        return case_page(done.state, compiled, today, Beside(done.message, before))
    except InputError as error:  # the case stays as it was; what went wrong stands above it
        return case_page(state, compiled, today, Beside(fault=error))


def _opened(form: Form, do: str, compiled: Compiled, today: str) -> Shown:
    text = form.one("text")
    try:
        if text.strip() and form.file:
            both = "a text and a file, perhaps of two people"
            raise Contradiction("text", both, "one of them", "Take one away.")
        if form.file:
            return case_page(desk_opening.of_bytes(form.file, compiled), compiled, today)
        state = desk_opening.of_text(text, compiled)
        found = desk_opening.asked(text, compiled) if do == _OPEN else None
        return answer_page(text.strip(), found) if found else case_page(state, compiled, today)
    except InputError as error:
        return start_page(text, error)


def _filled(form: Form, do: str, compiled: Compiled, today: str) -> Shown:
    state = unpack(form.one("state")) if form.one("state") else State(respondent="clinician", origin="form")
    if do != _FORM:
        return Shown(desk_form.form_page(state, desk_form.filled(state), compiled))
    try:
        return case_page(desk_form.applied(state, form, compiled, today), compiled, today)
    except desk_form.Faulty as faulty:
        given = desk_form.given(form, compiled)
        return Shown(desk_form.form_page(state, given, compiled, faulty.faults), status=400)


def _asked(state: State, form: Form, compiled: Compiled, today: str) -> Shown:
    """A question about the case; its medicines count as named in it."""
    question = form.typed("question").strip()
    if not question:
        fault = UnreadableInput("question", "nothing", "a question in words", "Type it here.")
        return case_page(state, compiled, today, Beside(fault=fault))
    case = desk_view.with_changes(desk_acts.session(state, compiled).known(), state, compiled)
    found = answer(question, compiled, "clinician", _takes(case, compiled))
    return case_page(state, compiled, today, Beside(question=question, answer=found))


def _takes(case: Tree, compiled: Compiled) -> tuple[str, ...]:
    index = medicine_index(compiled.knowledge)
    names = (m if isinstance(m, str) else str(m["name"]) for m in case.get("medicines", ()))
    return tuple(dict.fromkeys(r.id for name in names if (r := index.find(name)) is not None))


def start_page(text: str = "", fault: SoleusError | None = None) -> Shown:
    """Where a case begins: a text, a file, or nothing yet."""
    faults = {"file" if fault.where.startswith("file") else "text": fault} if fault else {}
    return Shown(html("desk_start.html.j2", text=text, faults=faults), status=400 if fault else 200)


def answer_page(question: str, found: Answer) -> Shown:
    """A question without a case, answered."""
    return Shown(html("desk_answer.html.j2", question=question, found=found))


def case_page(state: State, compiled: Compiled, today: str, beside: Beside = Beside()) -> Shown:
    """The case with its judgement. Raises `InputError` for a state that no page of ours wrote."""
    try:
        note = desk_view.noted(state, compiled)
        asking = desk_acts.session(state, compiled, note.first if note else None)
        case = asking.known()
        assumed = desk_view.with_changes(case, state, compiled)
        found = _judged(state, note, assumed, compiled, today)
        values = _values(state, note, compiled, beside) | {
            "facts": desk_view.facts(state.case, asking),
            "agenda": desk_view.agenda(asking, found),
            "moved": desk_view.moved(case, found, state, compiled) if found else [],
            "setting": assumed.get("setting", "primary_care"),
            "who": found.person if found else desk_view.person(assumed),
            "as_of": assumed.get("as_of") or today,
        }
    except InputError as error:
        if beside.fault is not None:
            raise
        return _not_a_case(state, error, compiled)
    status = 400 if beside.fault else 200
    if found is None:
        return Shown(html("desk_nothing.html.j2", title=values["who"], **values), status=status)
    tools = Markup(
        html("desk_tools.html.j2", complaint=found.complaints[0], beside=beside)
    )  # of a template that escapes
    page = render_within(environment(), "desk.html.j2", found, tools=tools, with_origins=True, **values)
    return Shown(page, True, status)


def _not_a_case(state: State, error: InputError, compiled: Compiled) -> Shown:
    """What was told cannot be judged as it stands: where it can be put right, with what is wrong."""
    if state.origin in ("note", "form"):
        faults = {desk_form.field_of(error): error}
        return Shown(desk_form.form_page(state, desk_form.filled(state), compiled, faults), status=400)
    return start_page(fault=error)


def _judged(state: State, note: Noted | None, case: Tree, compiled: Compiled, today: str) -> Assessment | None:
    """None where nothing of the legs was told; a note that tells of none is not judged on its other words."""
    if note and not note.first.of_legs and not (state.answers or state.case.get("findings")):
        return None
    try:
        return judged(case, compiled, "clinician", today)
    except CannotAssess:
        return None


def _values(state: State, note: Noted | None, compiled: Compiled, beside: Beside) -> dict[str, Any]:
    return {
        "state": pack(state),
        "beside": beside,
        "faults": {beside.fault.where.partition(":")[0]: beside.fault} if beside.fault else {},
        "origin_of": state.origin or "form",
        "by_hand": state.by_hand,
        "noted": note is not None,
        "is_question": note is not None and desk_opening.is_question(note.first.text),
        "statements": desk_view.statements(note, compiled) if note else [],
        "pieces": desk_view.pieces(note) if note else [],
        "unread": note.first.unread if note else (),
        "assumptions": desk_view.assumptions(state, compiled),
        "settings": SETTINGS,
        "signs": desk_view.SIGNS,
        "conditions": sorted({e.name for e in compiled.explanations.values()}, key=str.casefold),
    }
