"""What a button of the desk does to the state: each gives another state, and says what was done."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import msgspec

from soleus.errors import InvalidValue
from soleus.notes import correcting
from soleus.notes.judging import read_note
from soleus.notes.reading import Reading
from soleus.reasoning.answers import explanation_named
from soleus.reasoning.compiled import Compiled
from soleus.reasoning.interview import Interview
from soleus.web.asking import question_of
from soleus.web.catalogue import text
from soleus.web.form import Form
from soleus.web.state import Change, Correction, State
from soleus.web.what_if import corrected, told

MEDICINES, FACTS = "medicines", ("findings", "conditions", "medicines", "measurements")
_SCREEN, _TELL = "screen-", "tell-"  # what the fields of an item, and of its details, begin with
_MOST_NUMBER = 100_000
_FULL = 100.0  # percent


@dataclass(frozen=True)
class Done:
    """A state after a button; ``message`` says what was done."""

    state: State
    message: str = ""


@dataclass(frozen=True)
class Pressed:
    """A button: the state it was pressed on, what stands after its name, and the fields that came along."""

    state: State
    rest: str
    form: Form
    compiled: Compiled


def act(state: State, do: str, form: Form, compiled: Compiled) -> Done:
    """The state after the button ``do``, such as ``strike:3``. Raises `InputError` for what cannot be done."""
    name, _, rest = do.partition(":")
    if name not in _ACTS:
        raise _no_button()
    return _ACTS[name](Pressed(state, rest, form, compiled))


def session(state: State, compiled: Compiled, reading: Reading | None = None) -> Interview:
    """The questions of the desk, on top of what the note (``reading``: as first read) or the record tells."""
    before = told(_with(state, answers=()), compiled, reading)
    return _with(state, case=before, respondent="clinician").interview(compiled)


def _with(state: State, **fields: Any) -> State:
    return msgspec.structs.replace(state, **fields)


def _strike(by: Pressed) -> Done:
    number = _number(by.rest)
    corrected(read_note(by.state.note or "", knowledge=by.compiled), (Correction(number=number),))  # knows the number
    kept = _others(by.state, number)
    return Done(_with(by.state, corrections=(*kept, Correction(number=number))), text("desk.struck", n=number))


def _others(state: State, number: int) -> tuple[Correction, ...]:
    return tuple(c for c in state.corrections if c.number != number)


def _restore(by: Pressed) -> Done:
    number = _number(by.rest)
    return Done(_with(by.state, corrections=_others(by.state, number)), text("desk.restored", n=number))


def _change(by: Pressed) -> Done:
    """``3=absent``, or ``3`` with the number in the field number-3."""
    digits, _, word = by.rest.partition("=")
    number = _number(digits)
    field = f"number-{number}"
    reading = read_note(by.state.note or "", knowledge=by.compiled)
    new = correcting.changed(reading, number, word or by.form.typed(field).strip(), by.compiled, field)
    u = new.understood[number - 1]
    change = Correction(number=number, state=u.state, value=u.value)
    return Done(_with(by.state, corrections=(*_others(by.state, number), change)), text("desk.changed", n=number))


def _answer(by: Pressed) -> Done:
    id, _, reply = by.rest.partition("=")
    asking = session(by.state, by.compiled)
    asking.answer(question_of(by.compiled, id), reply)
    return _answered(by.state, asking)


def _answered(state: State, asking: Interview) -> Done:
    new = _with(state, answers=tuple(asking.saved()["answers"]), by_hand=True)
    added = len(new.answers) - len(state.answers)
    return Done(new, text("desk.answered", n=added) if added != 1 else text("desk.answered_one"))


def _screen(by: Pressed) -> Done:
    """Every item of the red-flag screen that was answered."""
    return _enter(by, _SCREEN)


def _tell(by: Pressed) -> Done:
    """The details that a "yes" asks for."""
    return _enter(by, _TELL)


def _enter(by: Pressed, prefix: str) -> Done:
    form = by.form
    given = {k.removeprefix(prefix): form.one(k) for k in form.fields if k.startswith(prefix) and form.one(k)}
    if not given:
        raise InvalidValue(prefix.rstrip("-"), "no answer", "at least one", "Answer one of the questions.")
    asking = session(by.state, by.compiled)
    for id, reply in given.items():
        asking.answer(question_of(by.compiled, id, "red_flag", screen=prefix == _SCREEN), reply)
    return _answered(by.state, asking)


def _unanswer(by: Pressed) -> Done:
    at = _number(by.rest)
    kept = tuple(a for n, a in enumerate(by.state.answers) if n != at)
    return Done(_with(by.state, answers=kept), text("desk.unanswered"))


def _drop(by: Pressed) -> Done:
    """``findings:swelling`` or ``medicines:0``: something of the case that was told is taken out."""
    kind, _, which = by.rest.partition(":")
    if kind not in FACTS:
        raise _no_button()
    held = by.state.case.get(kind, {})
    if isinstance(held, dict):
        kept: Any = {k: v for k, v in held.items() if k != which}
    else:
        at = _number(which)
        kept = [m for n, m in enumerate(held) if n != at]
    return Done(_with(by.state, case={**by.state.case, kind: kept}, by_hand=True), text("desk.dropped"))


def _medicine(by: Pressed) -> Done:
    name = by.form.typed("medicine").strip()
    if not name:
        raise InvalidValue("medicine", "no name", "the name of a medicine", "Type what is taken.")
    held = [*by.state.case.get(MEDICINES, ()), {"name": name}]
    return Done(_with(by.state, case={**by.state.case, MEDICINES: held}, by_hand=True), text("desk.medicine_added"))


def _setting(by: Pressed) -> Done:
    return _assume(by.state, Change(kind="setting", name="setting", value=by.form.one("setting")), "desk.setting_set")


def _pretest(by: Pressed) -> Done:
    found = explanation_named(by.compiled, by.form.typed("pretest-of").strip(), "pretest-of")
    try:
        percent = float(by.form.typed("pretest").strip().rstrip("%"))
    except ValueError:
        percent = -1.0
    if not 0 <= percent <= _FULL:
        raise InvalidValue("pretest", "no such chance", "a number from 0 to 100", "Write it in per cent, as in 30.")
    return _assume(by.state, Change(kind="pretest", name=found.id, value=percent / _FULL), "desk.pretest_set")


def _assume(state: State, change: Change, message: str) -> Done:
    kept = tuple(c for c in state.changes if (c.kind, c.name) != (change.kind, change.name))
    return Done(_with(state, changes=(*kept, change)), text(message))


def _undo(by: Pressed) -> Done:
    at = _number(by.rest)
    kept = tuple(c for n, c in enumerate(by.state.changes) if n != at)
    return Done(_with(by.state, changes=kept), text("desk.undone"))


def _show(by: Pressed) -> Done:
    """Nothing but the page itself: what Enter in a field does that was left empty."""
    if by.form.typed("medicine").strip():
        return _medicine(by)
    return Done(by.state)


def _number(digits: str) -> int:
    if not (digits.isascii() and digits.isdigit() and int(digits) < _MOST_NUMBER):
        raise _no_button()
    return int(digits)


def _no_button() -> InvalidValue:
    return InvalidValue("do", "a button that is none", "a button of this page", "Go back and try again.")


_ACTS: dict[str, Callable[[Pressed], Done]] = {
    "strike": _strike,
    "restore": _restore,
    "change": _change,
    "answer": _answer,
    "screen": _screen,
    "tell": _tell,
    "unanswer": _unanswer,
    "drop": _drop,
    "medicine": _medicine,
    "setting": _setting,
    "pretest": _pretest,
    "undo": _undo,
    "show": _show,
}
