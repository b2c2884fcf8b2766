"""A case filled in by hand: the core findings in groups, and lists of which each line is one thing."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import msgspec

from soleus.clinical.reading import case_from
from soleus.errors import CannotAssess, InputError, InvalidValue
from soleus.knowledge.schema.core import Finding
from soleus.reasoning.compiled import Compiled
from soleus.reasoning.intake import take_in
from soleus.reasoning.medicines import medicine_index
from soleus.web.desk_opening import of_text
from soleus.web.form import Form
from soleus.web.rendering import html
from soleus.web.state import State, pack
from soleus.web.what_if import SETTINGS, told

LISTS = ("conditions", "medicines", "measurements")
#: Order and headings of the form, no judgement: a core finding that is not named here stands in the last group.
GROUPS = {
    "felt": (
        *("quality", "severity", "site", "side", "tempo", "pattern", "attack_duration", "attack_onset"),
        "disturbs_sleep",
    ),
    "brings": (
        *("timing", "at_rest", "on_exertion", "recent_injury_or_new_exercise", "recent_immobility_surgery_travel"),
        "new_medicine",
    ),
    "eases": (
        *("relief_stretch", "relief_walking", "relief_stopping", "relief_sitting_bending", "relief_hanging"),
        *("relief_elevation", "urge_to_move"),
    ),
    "signs": (
        *("visible_hard_muscle", "visible_movement", "swelling", "colour_temperature", "tenderness"),
        *("skin_lesion", "foot_pulses"),
    ),
    "nerves": ("weakness", "sensory_loss", "back_pain", "bladder_bowel_saddle", "systemic"),
}
_NUMBER = re.compile(r"^(?P<name>.*?\S)[\s:=]+(?P<value>[-+]?\d+(?:\.\d+)?)\s*(?P<unit>\S.*)?$")
_NO = re.compile(r"^(?:no|not|denies)\s+", re.I)
_MOST_LINES = 200


@dataclass(frozen=True)
class Given:
    """What the form holds; the lists as text, one thing a line."""

    age: str = ""
    sex: str = ""
    pregnant: str = ""
    setting: str = ""
    note: str = ""
    findings: Mapping[str, str] = field(default_factory=dict)
    conditions: str = ""
    medicines: str = ""
    measurements: str = ""


class Faulty(Exception):
    """The form cannot be taken as it is: field -> what is wrong."""

    def __init__(self, faults: Mapping[str, InputError]) -> None:
        super().__init__(len(faults))
        self.faults = faults


def grouped(compiled: Compiled) -> list[tuple[str, list[Finding]]]:
    """The core findings in the order of the form."""
    core = {f.id: f for f in compiled.findings.values() if f.core and f.kind != "numeric"}
    out = [(name, [core.pop(f) for f in ids if f in core]) for name, ids in GROUPS.items()]
    return [*out, ("others", list(core.values()))] if core else out


def given(form: Form, compiled: Compiled) -> Given:
    """What came back, as it was typed."""
    chosen = {f.id: form.one(f"f-{f.id}") for _, group in grouped(compiled) for f in group}
    return Given(
        **{name: form.typed(name).strip() for name in ("age", "sex", "pregnant", "setting", *LISTS)},
        note=form.one("note").replace("\r\n", "\n"),
        findings={k: v for k, v in chosen.items() if v},
    )


def filled(state: State) -> Given:
    """The form as a case fills it, so that nothing is asked twice."""
    case, person = state.case, state.case.get("person", {})
    return Given(
        age=f"{person['age']:g}" if person.get("age") is not None else "",
        sex=person.get("sex") or "",
        pregnant={True: "yes", False: "no"}.get(person.get("pregnant"), ""),
        setting=case.get("setting", ""),
        note=state.note or "",
        findings={k: v for k, v in case.get("findings", {}).items() if isinstance(v, str)},
        conditions="\n".join(_condition_line(c) for c in case.get("conditions", ())),
        medicines="\n".join(_name(m) for m in case.get("medicines", ())),
        measurements="\n".join(_measurement_line(m) for m in case.get("measurements", ())),
    )


def applied(state: State, form: Form, compiled: Compiled, today: str) -> State:
    """The state as the form says. Raises `Faulty`."""
    told_now = given(form, compiled)
    faults: dict[str, InputError] = {}
    case = _case(state.case, told_now, compiled, today, faults)
    if faults:
        raise Faulty(faults)
    new = msgspec.structs.replace(state, case=case, by_hand=True, **_noted(state, told_now, compiled))
    try:
        take_in(case_from(told(new, compiled)), compiled, medicine_index(compiled.knowledge))
    except CannotAssess:
        pass  # the desk says so itself
    except InputError as error:
        raise Faulty({field_of(error): error}) from None
    return new


def _noted(state: State, told_now: Given, compiled: Compiled) -> dict[str, Any]:
    """The note of the form; corrections belong to the text that they were made in."""
    if told_now.note == (state.note or ""):
        return {}
    if not told_now.note.strip():
        return {"note": None, "corrections": ()}
    try:
        note = of_text(told_now.note, compiled, "note").note
    except InputError as error:
        raise Faulty({"note": error}) from None
    if note is None:
        fault = InvalidValue("note", "a case or a code", "words", "Open it from the first page of the desk.")
        raise Faulty({"note": fault})
    return {"note": note, "corrections": ()}


def _case(
    before: dict[str, Any], now: Given, compiled: Compiled, today: str, faults: dict[str, InputError]
) -> dict[str, Any]:
    """The case with the fields of the form; what the form has no field for stays."""
    out = {"as_of": today, "answered_by": "clinician", **before}
    core = {f.id for _, group in grouped(compiled) for f in group}
    out["findings"] = {**{k: v for k, v in before.get("findings", {}).items() if k not in core}, **now.findings}
    out["person"] = {**before.get("person", {}), **_person(now, faults)}
    out["person"] = {k: v for k, v in out["person"].items() if v is not None}
    if now.setting:
        out["setting"] = now.setting
    kept = filled(State(case=before))
    for name in LISTS:
        if getattr(now, name) != getattr(kept, name):  # a list that was left alone keeps its codes and dates
            out[name] = _lines(name, getattr(now, name), faults)
    return {k: v for k, v in out.items() if v not in ({}, [])}


def _person(now: Given, faults: dict[str, InputError]) -> dict[str, Any]:
    age: float | None = None
    if now.age:
        try:
            age = float(now.age)
        except ValueError:
            faults["age"] = InvalidValue("age", "no number", "years from 0 to 120", "Write it as in 67.")
    return {"age": age, "sex": now.sex or None, "pregnant": {"yes": True, "no": False}.get(now.pregnant)}


def _lines(name: str, text: str, faults: dict[str, InputError]) -> list[dict[str, Any]]:
    lines = [line.strip(" \t-*•") for line in text.split("\n")]
    lines = [line for line in lines if line]
    if len(lines) > _MOST_LINES:
        faults[name] = InvalidValue(name, f"{len(lines)} lines", f"at most {_MOST_LINES}", "Keep what matters here.")
        return []
    if name == "measurements":
        return _measurements(lines, faults)
    return [_condition(line) if name == "conditions" else {"name": line} for line in lines]


def _condition(line: str) -> dict[str, Any]:
    absent = _NO.match(line)
    return {"name": line[absent.end() :], "status": "absent"} if absent else {"name": line}


def _measurements(lines: list[str], faults: dict[str, InputError]) -> list[dict[str, Any]]:
    """``potassium 3.1 mmol/L``: a name, a number with a point, a unit. Nothing of it is guessed."""
    out = []
    for n, line in enumerate(lines, 1):
        read = _NUMBER.match(line)
        if read is None or "," in (read["unit"] or ""):
            faults["measurements"] = InvalidValue(
                "measurements",
                f"line {n}, which cannot be read",
                "name, number and unit",
                "Write: potassium 3.1 mmol/L.",
            )
        else:
            unit = {"unit": read["unit"].strip()} if read["unit"] else {}
            out.append({"name": read["name"], "value": float(read["value"]), **unit})
    return out


def _name(given_one: Any) -> str:
    return given_one if isinstance(given_one, str) else str(given_one.get("name", ""))


def _condition_line(c: Any) -> str:
    return ("no " if isinstance(c, dict) and c.get("status") == "absent" else "") + _name(c)


def _measurement_line(m: dict[str, Any]) -> str:
    return f"{m['name']} {m['value']:g} {m.get('unit') or ''}".strip()


def field_of(error: InputError) -> str:
    """The field of the form that an error speaks of."""
    where = error.where.rpartition("findings.")
    if where[1]:
        return f"f-{where[2]}"
    for name in (*LISTS, "age", "sex", "pregnant", "setting", "note"):
        if name in error.where:
            return name
    return "note"


def form_page(state: State, now: Given, compiled: Compiled, faults: Mapping[str, InputError] | None = None) -> str:
    """The form; each fault stands beside its field."""
    empty = not state.case and state.note is None
    return html(
        "desk_form.html.j2",
        state=pack(state),
        now=now,
        empty=empty,
        faults=faults or {},
        groups=grouped(compiled),
        settings=SETTINGS,
        corrected=len(state.corrections),
    )
