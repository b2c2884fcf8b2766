"""The rows on which other answers are tried: what was told, what it is set to, and what else may be added."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import msgspec

from soleus.clinical.reading import case_from
from soleus.errors import InvalidValue, UnknownName, near_names
from soleus.reasoning.assessment import Audience
from soleus.reasoning.compiled import Compiled, normal_form
from soleus.reasoning.intake import take_in
from soleus.reasoning.medicines import medicine_index
from soleus.reports.words import setting_words
from soleus.web.catalogue import text
from soleus.web.form import Form
from soleus.web.state import Change, State
from soleus.web.what_if import PERSON, SETTINGS, SEXES, same_medicine, told

MOST_CHANGES = 60
MOST_ROWS = 120  # a form holds no more fields than the guard of forms lets through
_LONGEST_NAME = 200  # as `Change.name`
Value = str | float | bool | None


@dataclass(frozen=True)
class Choice:
    value: str
    label: str


@dataclass(frozen=True)
class Row:
    """One thing that can be tried. ``choices`` is empty where a number is typed; values are those of the form."""

    key: str  # "finding:swelling"
    label: str
    choices: tuple[Choice, ...]
    told: str
    now: str
    unit: str = ""
    least: str = ""
    most: str = ""
    hint: str = ""  # told, but not as a number

    @property
    def changed(self) -> bool:
        return self.told != self.now

    def words(self, value: str) -> str:
        found = next((c.label for c in self.choices if c.value == value), value)
        return f"{found} {self.unit}".strip() if found else text("what_if.not_known")


class Bench:
    """The case as told, the changes, and the rows on which they are tried."""

    def __init__(self, state: State, compiled: Compiled, audience: Audience, keys: Iterable[str] = ()) -> None:
        self.state, self.compiled, self.audience = state, compiled, audience
        self.case = told(state, compiled)
        index = medicine_index(compiled.knowledge)
        self.before = take_in(case_from(self.case), compiled, index, empty=True)
        self._patient = audience == "patient"
        own = (*reversed([*keys]), *(_key(c) for c in state.changes), *self._own_keys())
        self.keys = tuple(dict.fromkeys(k for k in own if self._is_known(k)))[:MOST_ROWS]

    def _own_keys(self) -> Iterable[str]:
        yield from ("person:age", "person:sex")
        if self.case.get("person", {}).get("sex") != "male":
            yield "person:pregnant"
        if not self._patient:
            yield "setting:setting"
        for p in self.before:
            by_medicine = {c for m in p.medicines for c in m.contributors}
            yield from (f"finding:{f}" for f in p.observations)
            yield from (f"condition:{c}" for c in p.said if c not in by_medicine and c not in _OF_PERSON)
            yield from (f"medicine:{m.given.name}" for m in p.medicines)
        yield from (f"pretest:{e}" for e in self.case.get("pretest", {}))

    def _is_known(self, key: str) -> bool:
        kind, _, name = key.partition(":")
        known: dict[str, Iterable[str]] = {
            "finding": self.compiled.findings, "condition": self.compiled.contributors,
            "pretest": self.compiled.explanations, "person": PERSON, "setting": ("setting",),
        }  # fmt: skip
        return 0 < len(name) <= _LONGEST_NAME and (kind == "medicine" or name in known.get(kind, ()))

    def rows(self) -> list[Row]:
        return [self.row(key) for key in self.keys]

    def row(self, key: str) -> Row:
        kind, _, name = key.partition(":")
        was = self._told(kind, name)
        last = [c.value for c in self.state.changes if (c.kind, c.name) == (kind, name)]
        label, choices, more = _SHAPES[kind](self, name)
        return Row(key, label, choices, _shown(was), _shown(last[-1] if last else was), **more)

    def _told(self, kind: str, name: str) -> Value:
        first = self.before[0]
        if kind == "finding":
            seen = next((p.observations[name] for p in self.before if name in p.observations), None)
            return None if seen is None else seen.number if _typed(self, name) else seen.state
        if kind == "condition":
            return next((p.said[name] for p in self.before if name in p.said), None)
        if kind == "medicine":
            index = medicine_index(self.compiled.knowledge)
            return any(m.current and same_medicine(m.given.name, name, index) for m in first.medicines)
        if kind == "person":
            return {"age": first.age, "sex": first.sex, "pregnant": first.case.person.pregnant}[name]
        return first.setting if kind == "setting" else self.case.get("pretest", {}).get(name)


_OF_PERSON = ("pregnancy", "postpartum")


def _typed(bench: Bench, finding: str) -> bool:
    return bench.compiled.findings[finding].kind == "numeric"


def _shown(value: Value) -> str:
    """A value as the form holds it; '' is not known."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    return f"{value:g}" if isinstance(value, int | float) else value


def _state_alone(bench: Bench, finding: str) -> str:
    """The state that was told where no number was: the row cannot show it as a number."""
    seen = next((p.observations[finding] for p in bench.before if finding in p.observations), None)
    if seen is None or seen.number is not None:
        return ""
    return next(s.label for s in bench.compiled.findings[finding].states if s.id == seen.state)


Shape = tuple[str, tuple[Choice, ...], dict[str, str]]


def _finding(bench: Bench, name: str) -> Shape:
    record = bench.compiled.findings[name]
    patient = bench.audience == "patient"
    label = record.question if patient else record.name
    if record.kind == "numeric":
        low, high = record.plausible or ("", "")
        return (
            label,
            (),
            {"unit": record.unit or "", "least": f"{low}", "most": f"{high}", "hint": _state_alone(bench, name)},
        )
    states = [Choice(s.id, s.patient_label if patient else s.label) for s in record.states]
    return label, (*states, _not_known()), {}


def _condition(bench: Bench, name: str) -> Shape:
    record = bench.compiled.contributors[name]
    label = record.patient_name if bench.audience == "patient" else record.name
    return label, (*_yes_no("what_if.has", "what_if.has_not"), _not_known()), {}


def _medicine(_: Bench, name: str) -> Shape:
    return name, _yes_no("what_if.taken", "what_if.not_taken"), {}


def _person(_: Bench, name: str) -> Shape:
    label = text(f"what_if.{name}")
    if name == "age":
        return label, (), {"unit": text("what_if.years"), "least": "0", "most": "120"}
    if name == "sex":
        return label, (*(Choice(s, text(f"what_if.{s}")) for s in SEXES), _not_known()), {}
    return label, (*_yes_no("what_if.yes", "what_if.not"), _not_known()), {}


def _setting(_: Bench, _name: str) -> Shape:
    return text("what_if.setting"), tuple(Choice(s, setting_words(s).capitalize()) for s in SETTINGS), {}


def _pretest(bench: Bench, name: str) -> Shape:
    label = text("what_if.pretest", name=bench.compiled.explanations[name].name)
    return label, (), {"unit": "", "least": "0", "most": "1"}


def _yes_no(yes: str, no: str) -> tuple[Choice, ...]:
    return Choice("yes", text(yes)), Choice("no", text(no))


def _not_known() -> Choice:
    return Choice("", text("what_if.not_known"))


_SHAPES = {
    "finding": _finding, "condition": _condition, "medicine": _medicine,
    "person": _person, "setting": _setting, "pretest": _pretest,
}  # fmt: skip


def change_of(row: Row, value: str) -> Change:
    """A row set to a value of the form. Raises `InvalidValue` for a value that it has not."""
    kind, _, name = row.key.partition(":")
    if not row.choices:
        return Change(kind=kind, name=name, value=_number(row, value))  # type: ignore[arg-type]
    if value not in {c.value for c in row.choices}:
        raise InvalidValue(row.label, "another word", "one of those offered", "Choose one of them.")
    truth = {"yes": True, "no": False} if kind in ("condition", "medicine") or row.key == "person:pregnant" else {}
    return Change(kind=kind, name=name, value=truth.get(value, value or None))  # type: ignore[arg-type]


def _number(row: Row, typed: str) -> float | None:
    word = typed.strip().replace(",", ".")
    if not word:
        return None
    expected = f"a number from {row.least} to {row.most} {row.unit}".strip()
    try:
        number = float(word)
    except ValueError:
        raise InvalidValue(row.label, "something that is no number", expected, "Write it in figures.") from None
    low, high = (float(x) if x else None for x in (row.least, row.most))
    if not math.isfinite(number) or (low is not None and number < low) or (high is not None and number > high):
        raise InvalidValue(row.label, "a number that cannot be", expected, "Check number and unit.")
    return number


def tried(state: State, bench: Bench, form: Form) -> State:
    """The state after what was changed on the page. A row set back to what was told is no change any more."""
    changes = list(state.changes)
    if form.one("do") == "undo":
        return _with(state, changes[:-1])
    if form.one("do") == "reset":
        return _with(state, [])
    for row in bench.rows():
        value = form.one(f"v:{row.key}", row.now).strip()
        if value == row.now:
            continue
        change = change_of(row, value)
        changes = [c for c in changes if not (_shown(change.value) == row.told and _key(c) == row.key)]
        if _shown(change.value) != row.told:
            changes.append(change)
    if len(changes) > MOST_CHANGES:
        raise InvalidValue("what_if", "too many changes", f"at most {MOST_CHANGES}", "Go back to what was told.")
    return _with(state, changes)


def _key(change: Change) -> str:
    return f"{change.kind}:{change.name}"


def _with(state: State, changes: Sequence[Change]) -> State:
    return msgspec.structs.replace(state, changes=tuple(changes))


def found(words: str, compiled: Compiled, *, explanations: bool) -> str:
    """The key of a finding, condition, medicine or explanation by any of its names. Raises `UnknownName`."""
    key, names = normal_form(words), compiled.names
    if key in names.findings:
        return f"finding:{names.findings[key]}"
    if key in names.contributors:
        return f"condition:{names.contributors[key]}"
    medicine = medicine_index(compiled.knowledge).find(words)
    if medicine is not None:
        return f"medicine:{medicine.name}"
    if explanations and key in names.explanations:
        return f"pretest:{names.explanations[key]}"
    asked = next((f.id for f in compiled.findings.values() if normal_form(f.question) == key), None)
    if asked:
        return f"finding:{asked}"
    known = sorted({*names.findings, *names.contributors})
    raise UnknownName(
        "what_if", repr(words[:60]), "a finding, a condition or a medicine", near_names(words[:60], known)
    )


def offered(compiled: Compiled, audience: Audience) -> list[str]:
    """Names for the search field: findings that can be told, conditions, medicines."""
    return compiled.once(_offered_to_patients if audience == "patient" else _offered_to_clinicians)


def _offered_to_patients(compiled: Compiled) -> list[str]:
    findings = [f.name for f in compiled.findings.values() if f.core and f.group == "history"]
    return sorted({*findings, *(c.patient_name for c in compiled.contributors.values() if c.kind == "disease")})


def _offered_to_clinicians(compiled: Compiled) -> list[str]:
    return sorted({*(f.name for f in compiled.findings.values()), *(c.name for c in compiled.contributors.values())})
