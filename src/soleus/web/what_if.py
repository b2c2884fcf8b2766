"""From what travels with the page to a case: what was told, and what it would be with other answers.

`told` is what the person, the note or the record says. `case_with` is that with the what-ifs on top: it serves to see
how the judgement would move, and never leaves the page as if somebody had said it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, get_args

import msgspec

from soleus.clinical.case import Condition
from soleus.clinical.reading import case_from
from soleus.errors import InvalidValue, UnknownName, near_names
from soleus.knowledge.schema.core import Setting
from soleus.notes.case import case_of
from soleus.notes.judging import read_note
from soleus.notes.reading import Reading
from soleus.notes.reading import State as Statement
from soleus.reasoning.compiled import Compiled, normal_form
from soleus.reasoning.intake import find_contributor
from soleus.reasoning.medicines import MedicineIndex, medicine_index
from soleus.web.state import Change, Correction, State

Tree = dict[str, Any]

SETTINGS: tuple[str, ...] = get_args(Setting)
SEXES = ("female", "male")
#: What of the person can be tried, and what it is to be.
PERSON = ("age", "sex", "pregnant")


def told(state: State, compiled: Compiled, reading: Reading | None = None) -> Tree:
    """The case as it was told, without what-ifs. Raises `InputError` for a state that no page of ours wrote.

    A note comes first; what was filled in beside it, and the answers of the interview, go on top. ``reading``: the
    note as it was first read, where that was done already.
    """
    given = msgspec.to_builtins(case_from(state.case, "state.case"))
    before = over(note_case(state, compiled, reading), given) if state.note is not None else given
    known = msgspec.structs.replace(state, case=before).interview(compiled).known()
    if state.respondent in ("parent", "carer"):
        known.setdefault("answered_by", state.respondent)
    return {key: value for key, value in known.items() if value not in ({}, [])}


def settled(state: State, compiled: Compiled) -> State:
    """The same with what the note tells among the facts of the case, so that an interview goes on from there."""
    if state.note is None:
        return state
    before = told(msgspec.structs.replace(state, answers=()), compiled)
    return msgspec.structs.replace(state, case=before, note=None, corrections=())


def case_with(state: State, compiled: Compiled) -> Tree:
    """The case with every what-if, in their order. Raises `InputError` as `told` does, and for an odd what-if."""
    return changed(told(state, compiled), state.changes, compiled)


def changed(case: Tree, changes: Iterable[Change], compiled: Compiled) -> Tree:
    """A case with other answers; the case that is handed over stays as it is."""
    for change in changes:
        case = _APPLY[change.kind](case, change, compiled)
    return case


def reading_of(state: State, compiled: Compiled) -> Reading:
    """The note as it was read, with its statements struck and changed; numbers are those of the first reading."""
    return corrected(read_note(state.note or "", knowledge=compiled), state.corrections)


def corrected(reading: Reading, corrections: Iterable[Correction]) -> Reading:
    """The reading after the corrections, which hold states and values as `notes.correcting` finds them."""
    struck = []
    for c in corrections:
        if c.state is None:
            struck.append(c.number)
        elif c.state in get_args(Statement):
            reading = reading.changed(c.number, c.state, c.value)  # type: ignore[arg-type]
        else:
            raise InvalidValue("corrections", "another word", f"one of {', '.join(get_args(Statement))}", "Choose one.")
    return reading.without(*struck)


def note_case(state: State, compiled: Compiled, reading: Reading | None = None) -> Tree:
    """What the note alone tells."""
    read = corrected(reading, state.corrections) if reading else reading_of(state, compiled)
    case: Tree = msgspec.to_builtins(case_of(read, compiled))
    return case


def over(before: Tree, more: Tree) -> Tree:
    """A case with what was added to it: lists grow, answers to the same question are the later ones."""
    out = {**before, **more}
    for field in ("person", "findings", "pretest"):
        out[field] = {**before.get(field, {}), **more.get(field, {})}
    for field in ("conditions", "medicines", "measurements", "unused", "lists", "complaints"):
        out[field] = [*before.get(field, ()), *more.get(field, ())]
    return out


def _try_finding(case: Tree, change: Change, compiled: Compiled) -> Tree:
    finding = compiled.findings.get(change.name)
    if finding is None:
        raise _unknown(change, "a finding", compiled.findings)

    def kept(tree: Tree) -> Tree:
        names = {k: v for k, v in tree.get("findings", {}).items() if not _means(k, finding.id, compiled)}
        out = {**tree, "findings": names}
        if finding.id == "tempo":  # the dates of the complaint would say the other thing
            out = {k: v for k, v in out.items() if k not in ("onset", "duration")}
        return out

    out = kept(case)
    if "complaints" in case:
        out["complaints"] = [kept(c) for c in case["complaints"]]
    out["measurements"] = [m for m in case.get("measurements", ()) if not _means(m["name"], finding.id, compiled)]
    out["conditions"] = [c for c in case.get("conditions", ()) if not _tells(c, finding.id, compiled)]
    if change.value is not None:
        value = {"value": change.value, "unit": finding.unit} if _is_number(change.value) else change.value
        out["findings"] = {**out["findings"], finding.id: value}
    return out


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _means(name: str, finding: str, compiled: Compiled) -> bool:
    key = normal_form(name)
    return (compiled.names.findings.get(key) or compiled.names.state_words.get(key, ("",))[0]) == finding


def _tells(condition: Tree | str, finding: str, compiled: Compiled) -> bool:
    """Whether a condition of the list is read as an answer to the finding ("fever")."""
    given = _condition(condition)
    return find_contributor(compiled, given) is None and _means(given.name, finding, compiled)


def _condition(given: Tree | str) -> Condition:
    return Condition(name=given) if isinstance(given, str) else msgspec.convert(given, Condition)


def _try_condition(case: Tree, change: Change, compiled: Compiled) -> Tree:
    """In its place in the list, else beside the findings: a list that nobody gave stays one that nobody gave."""
    contributor = compiled.contributors.get(change.name)
    if contributor is None:
        raise _unknown(change, "a condition", compiled.contributors)
    present = _truth(change)
    names = compiled.names.contributors
    kept = {k: v for k, v in case.get("findings", {}).items() if names.get(normal_form(k)) != contributor.id}
    listed = case.get("conditions", [])
    others = [c for c in listed if find_contributor(compiled, _condition(c)) != contributor.id]
    out = {**case, "findings": kept, "conditions": others, "person": _without_state(case, contributor.id)}
    if present is not None:
        status = "present" if present else "absent"
        if len(others) < len(listed):
            out["conditions"] = [*others, {"name": contributor.id, "status": status}]
        else:
            out["findings"] = {**kept, contributor.id: status}
    return out


def _without_state(case: Tree, contributor: str) -> Tree:
    """The person without the fields that say the same as a condition."""
    same = {"pregnancy": ("pregnant", "weeks_pregnant"), "postpartum": ("weeks_since_birth",)}.get(contributor, ())
    return {k: v for k, v in case.get("person", {}).items() if k not in same}


def _try_medicine(case: Tree, change: Change, compiled: Compiled) -> Tree:
    """Taken, or not; without any medicine left the list is still one that was given."""
    taken = _truth(change)
    index = medicine_index(compiled.knowledge)
    listed = case.get("medicines", [])
    others = [m for m in listed if not same_medicine(_name(m), change.name, index)]
    lists = case.get("lists", [])
    if listed and not others and "medicines" not in lists:
        lists = [*lists, "medicines"]
    out = {**case, "medicines": others, "lists": lists}
    if taken:
        out["medicines"] = [*others, {"name": change.name}]
    return out


def _name(given: Tree | str) -> str:
    return given if isinstance(given, str) else str(given["name"])


def same_medicine(one: str, two: str, index: MedicineIndex) -> bool:
    """Whether two names are of one medicine; names that are not known are compared as they stand."""
    first, second = index.find(one), index.find(two)
    if first is None or second is None:
        return first is second and normal_form(one) == normal_form(two)
    return first.id == second.id


def _try_setting(case: Tree, change: Change, _: Compiled) -> Tree:
    if change.value not in SETTINGS:
        raise InvalidValue("setting", "another word", f"one of {', '.join(SETTINGS)}", "Choose one.")
    return {**case, "setting": change.value}


def _try_person(case: Tree, change: Change, _: Compiled) -> Tree:
    if change.name not in PERSON:
        raise _unknown(change, "something of the person", PERSON)
    person = {k: v for k, v in case.get("person", {}).items() if k not in _GOES_WITH[change.name]}
    if change.value is not None:
        person[change.name] = change.value
    if person.get("sex") == "male":
        person = {k: v for k, v in person.items() if k not in _OF_WOMEN}
    out = {**case, "person": person}
    case_from(out, "what_if")  # an age of 300 is refused here, with its place
    return out


_OF_WOMEN = ("pregnant", "weeks_pregnant", "weeks_since_birth")
_GOES_WITH = {"age": ("age", "birth_date"), "sex": ("sex",), "pregnant": ("pregnant", "weeks_pregnant")}


def _try_pretest(case: Tree, change: Change, compiled: Compiled) -> Tree:
    if change.name not in compiled.explanations:
        raise _unknown(change, "an explanation", compiled.explanations)
    pretest = {k: v for k, v in case.get("pretest", {}).items() if k != change.name}
    if change.value is not None:
        pretest[change.name] = change.value
    out = {**case, "pretest": pretest}
    case_from(out, "what_if")
    return out


def _truth(change: Change) -> bool | None:
    if change.value is not None and not isinstance(change.value, bool):
        raise InvalidValue(f"what_if.{change.kind}", "another word", "yes, no or not known", "Choose one of them.")
    return change.value


def _unknown(change: Change, what: str, known: Iterable[str]) -> UnknownName:
    name = change.name[:60]
    return UnknownName(f"what_if.{change.kind}", repr(name), what, near_names(name, sorted(known)))


_APPLY: dict[str, Callable[[Tree, Change, Compiled], Tree]] = {
    "finding": _try_finding,
    "condition": _try_condition,
    "medicine": _try_medicine,
    "setting": _try_setting,
    "person": _try_person,
    "pretest": _try_pretest,
}
