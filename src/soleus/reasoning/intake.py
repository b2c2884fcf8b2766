"""From a case in the user's words to evidence in the knowledge base's: every word is matched or named as unknown.

A unit or a state is never guessed. What a reader of records could not use is passed on in ``unused``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches
from functools import lru_cache, partial
from typing import Any, get_args

import numpy as np

from soleus.clinical.case import Case, Complaint, Condition, Measurement, Medicine, Quantity
from soleus.clinical.rules import evaluate
from soleus.clinical.timeline import day, days_between, duration_days
from soleus.errors import CannotAssess, Contradiction, InputError, InvalidValue, UnknownName, near_names
from soleus.evidence.record import Code
from soleus.inference.network import Context, Evidence
from soleus.knowledge.schema.core import Derivation, Finding, Setting, State
from soleus.reasoning.compiled import Compiled, loose_form, normal_form
from soleus.reasoning.medicines import MedicineIndex, Recognised

_UNKNOWN = {"not_assessed", "unknown", "dont_know", "don_t_know", "not known", "not assessed", "don t know", "n a"}
_YES = {"present", "yes", "true", "y", "positive"}
_NO = {"absent", "no", "false", "n", "negative"}
_CERTAIN = 1e-4  # pregnancy and other states that the person or a reference test settles
_OLDEST = 120  # years, as `case.Age`
_LISTS = {"conditions": "disease", "medicines": "medicine"}  # a list -> the kind of contributor it names
_SETTINGS: tuple[str, ...] = get_args(Setting)


@dataclass(frozen=True)
class Observation:
    """One answer as it entered: a finding's state, with the number behind it if there was one."""

    finding: str
    state: str
    number: float | None = None


@dataclass(frozen=True)
class Presentation:
    """One complaint of one person, matched with the knowledge base."""

    case: Case
    complaint: Complaint
    compiled: Compiled
    observations: dict[str, Observation]
    said: dict[str, bool]  # contributor -> said to be present or absent
    medicines: tuple[Recognised, ...]
    evidence: Evidence
    context: Context
    age: float | None
    not_known: tuple[str, ...] = ()
    disagreements: tuple[str, ...] = ()
    unused: tuple[str, ...] = ()
    asked: frozenset[str] = frozenset()  # answered with "don't know"
    silent: tuple[str, ...] = ()  # contributors that a list would have named, and did not

    @property
    def sex(self) -> str | None:
        return self.case.person.sex

    @property
    def pregnant(self) -> bool | None:
        if self.case.person.pregnant is not None:
            return self.case.person.pregnant
        return False if self.sex == "male" else self.said.get("pregnancy")

    @property
    def setting(self) -> str:
        return self.case.setting


@dataclass
class _Draft:
    observations: dict[str, Observation] = field(default_factory=dict)
    said: dict[str, bool] = field(default_factory=dict)
    mentioned: set[str] = field(default_factory=set)  # contributors that a list speaks of, whatever it says
    markers: dict[str, list[tuple[float, float]]] = field(default_factory=dict)
    asked: set[str] = field(default_factory=set)
    disagreements: list[str] = field(default_factory=list)
    unused: list[str] = field(default_factory=list)


def take_in(
    case: Case, compiled: Compiled, medicines: MedicineIndex, *, empty: bool = False
) -> tuple[Presentation, ...]:
    """Each complaint of a case as evidence; ``empty`` admits a case of which nothing is known yet.

    Raises `UnknownName`, `InvalidValue`, `Contradiction`, and `CannotAssess` where nothing was told.
    """
    if case.setting not in _SETTINGS:
        raise UnknownName(
            "setting", repr(case.setting), f"one of {', '.join(_SETTINGS)}", near_names(case.setting, _SETTINGS)
        )
    complaints = case.each_complaint()
    if len({c.id for c in complaints}) < len(complaints):
        raise Contradiction("complaints", "two of the same id", "an id of its own for each", "Rename one of them.")
    return tuple(_present(case, complaint, compiled, medicines, empty) for complaint in complaints)


def _present(case: Case, complaint: Complaint, compiled: Compiled, index: MedicineIndex, empty: bool) -> Presentation:
    draft = _Draft(unused=[f"{u.where}: {u.what} ({u.why})" for u in case.unused])
    age = _age(case)
    where = "findings" if len(case.complaints) < 2 else f"complaints.{complaint.id}.findings"
    steps = [partial(_take_dated, draft, compiled, case, n, v, f"{where}.{n}") for n, v in complaint.findings.items()]
    steps += [partial(_take_measurement, draft, compiled, case, m, n) for n, m in enumerate(case.measurements)]
    steps += [partial(_take_tempo, draft, compiled, case, complaint)]
    steps += [
        partial(_take_condition, draft, compiled, _as_condition(c), case, f"conditions[{n}]")
        for n, c in enumerate(case.conditions)
    ]
    _all_faults(steps)
    taken = _take_medicines(draft, compiled, case, index, complaint)
    _take_person(draft, compiled, case)
    if not empty and not any(tells_of_legs(compiled, f) for f in draft.observations):
        raise CannotAssess(
            f"complaint {complaint.id!r}",
            "no complaint of the legs",
            "at least one thing felt in or seen on the legs",
            "Add what is felt: for example quality, site and timing under findings.",
        )
    _derive(draft, compiled, case, age, taken)
    silent = _silent(draft, compiled, case)
    context = compiled.context(age, case.person.sex, case.setting)
    if case.pretest:
        context = _with_pretest(context, compiled, case.pretest)
    return Presentation(
        case=case,
        complaint=complaint,
        compiled=compiled,
        observations=draft.observations,
        said=draft.said,
        medicines=taken,
        evidence=_evidence(draft, compiled, context, silent),
        context=context,
        age=age,
        not_known=tuple(k for k, v in (("age", age), ("sex", case.person.sex)) if v is None),
        disagreements=tuple(draft.disagreements),
        unused=tuple(draft.unused),
        asked=frozenset(draft.asked),
        silent=silent,
    )


def _age(case: Case) -> float | None:
    person = case.person
    if person.age is not None or person.birth_date is None or case.as_of is None:
        return person.age
    age = days_between(person.birth_date, case.as_of, "person.birth_date") / 365.25
    if age > _OLDEST:
        raise InvalidValue("person.birth_date", "an age above 120 years", "a date of birth", "Correct it or as_of.")
    return age


def _check_past(date: Any, case: Case, where: str) -> None:
    """A date must exist and may not lie after the day of the case."""
    if date is not None:
        days_between(str(date), case.as_of or "9999-12-31", where)


def tells_of_legs(compiled: Compiled, finding: str) -> bool:
    """A complaint or sign; not a blood test, a mark of a contributor, or what dates alone gave."""
    derived = finding in ("tempo", "new_medicine")
    return not derived and finding not in compiled.markers and compiled.findings[finding].group != "test"


@dataclass(frozen=True)
class _DraftFacts:
    """What was told so far, for the rules of derivations."""

    draft: _Draft
    compiled: Compiled
    case: Case
    age: float | None
    medicines: tuple[Recognised, ...] = ()

    def state(self, finding: str) -> str | None:
        observation = self.draft.observations.get(finding)
        return observation.state if observation else None

    def absent_state(self, finding: str) -> str | None:
        record = self.compiled.findings.get(finding)
        return record.absent if record else None

    def number(self, finding: str) -> float | None:
        observation = self.draft.observations.get(finding)
        return observation.number if observation else None

    def has(self, contributor: str) -> bool | None:
        return self.draft.said.get(contributor)

    def takes(self, medicine: str) -> bool | None:
        known = self.medicines
        return None if not known else any(r.current and medicine in r.classes for r in known)

    def probability(self, explanation: str) -> float | None:  # noqa: ARG002
        return None

    @property
    def sex(self) -> str | None:
        return self.case.person.sex

    @property
    def pregnant(self) -> bool | None:
        return self.case.person.pregnant

    @property
    def setting(self) -> str:
        return self.case.setting


def _derive(
    draft: _Draft, compiled: Compiled, case: Case, age: float | None, medicines: tuple[Recognised, ...]
) -> None:
    """Answers and states of the person that follow from what was told, for those that were not."""
    facts = _DraftFacts(draft, compiled, case, age, medicines)
    for rule in compiled.knowledge.all(Derivation):
        if evaluate(rule.when, facts) is not True:
            continue
        if rule.contributor and rule.contributor not in draft.said:
            _say(draft, rule.contributor, True, f"derived.{rule.id}")
        if rule.finding and rule.state and rule.finding not in draft.observations:
            _put(draft, compiled, Observation(rule.finding, rule.state), f"derived.{rule.id}")


def _silent(draft: _Draft, compiled: Compiled, case: Case) -> tuple[str, ...]:
    """Contributors that a list of the case would have named, and did not (design: a record's silence).

    A history that names any condition or medicine, or that a clinician tells, would name a conspicuous one.
    """
    kinds = {kind for name, kind in _LISTS.items() if name in case.lists}
    kinds |= {"medicine"} if case.medicines else set()  # who names some medicines names them all
    history = bool(case.conditions or case.medicines) or case.answered_by == "clinician"
    spoken = draft.said.keys() | draft.mentioned
    return tuple(
        c.id
        for c in compiled.contributors.values()
        if c.id not in spoken and (c.kind in kinds or (history and c.conspicuous))
    )


def _all_faults(steps: Iterable[Callable[[], None]]) -> None:
    """Take every step, then raise what went wrong in any of them as one error, as far as one message can tell."""
    faults: list[InputError] = []
    for step in steps:
        try:
            step()
        except InputError as fault:
            faults.append(fault)
        if len(faults) == InputError.MOST_TOLD:
            break
    if len(faults) > 1:
        raise InputError.together(faults)
    if faults:
        raise faults[0]


def _take_dated(draft: _Draft, compiled: Compiled, case: Case, name: str, value: Any, where: str) -> None:
    if isinstance(value, dict):
        _check_past(value.get("date"), case, f"{where}.date")
    _take_finding(draft, compiled, name, value, where)


def _take_measurement(draft: _Draft, compiled: Compiled, case: Case, m: Measurement, n: int) -> None:
    _check_past(m.date, case, f"measurements[{n}].date")
    if _is_known(draft, compiled, m.name, f"measurements[{n}]"):
        _take_finding(draft, compiled, m.name, Quantity(value=m.value, unit=m.unit), f"measurements[{n}] {m.name}")


def _as_condition(given: Condition | str) -> Condition:
    return Condition(name=given) if isinstance(given, str) else given


def _take_finding(draft: _Draft, compiled: Compiled, name: str, value: Any, where: str) -> None:
    key = normal_form(name)
    target = compiled.names.findings.get(key)
    if target is None and key in compiled.names.contributors:
        _take_statement(draft, compiled.names.contributors[key], value, where)
        return
    if target is None and key in compiled.names.state_words:
        _take_state_word(draft, compiled, key, value, where)
        return
    if target is None:
        known = list(compiled.findings) + list(compiled.contributors)
        raise UnknownName(where, repr(name), "a finding", near_names(normal_form(name).replace(" ", "_"), known))
    finding = compiled.findings[target]
    if (isinstance(value, str) and normal_form(value) in _UNKNOWN) or value is None:
        draft.asked.add(target)
        return
    own = state_words(finding)
    named = own.get(key) if finding.kind != "yes_no" and normal_form(str(value)) in _YES else None
    observation = Observation(target, named) if named else observe(finding, value, where)
    _put(draft, compiled, observation, where)


def _take_state_word(draft: _Draft, compiled: Compiled, key: str, value: Any, where: str) -> None:
    """ "fever: yes" is the state fever of its finding; "fever: no" leaves the other states open."""
    finding, state = compiled.names.state_words[key]
    word = normal_form(str(value))
    if value is None or word in _UNKNOWN:
        return
    before = draft.observations.get(finding)
    if word in _YES and before is not None and before.state != state:
        draft.unused.append(f"{where}: {finding} takes one answer, and it is {before.state} already")
    elif word in _YES:
        _put(draft, compiled, Observation(finding, state), where)
    elif word in _NO:
        draft.unused.append(f"{where}: the other answers to {finding} stay open")
    else:
        raise InvalidValue(where, repr(str(value)[:60]), "yes or no", f"Or answer {finding}.")


def _is_known(draft: _Draft, compiled: Compiled, name: str, where: str) -> bool:
    """Whether a measurement is one of the findings; a name that is near one is an error, others are unused."""
    key = normal_form(name)
    if key in compiled.names.findings:
        return True
    if get_close_matches(key, list(compiled.names.findings), n=1, cutoff=0.85):
        raise UnknownName(where, repr(name), "a measurement", near_names(key, list(compiled.names.findings)))
    draft.unused.append(f"{where} {name!r}: not a test that the knowledge base speaks of")
    return False


def _take_statement(draft: _Draft, contributor: str, value: Any, where: str) -> None:
    word = normal_form(str(value))
    if word in _UNKNOWN or value is None:
        return
    if word not in _YES | _NO:
        raise InvalidValue(where, "a value that is neither", "present or absent", "Write present or absent.")
    _say(draft, contributor, word in _YES, where)


def _say(draft: _Draft, contributor: str, present: bool, where: str) -> None:
    if draft.said.get(contributor, present) != present:
        raise Contradiction(where, f"{contributor} present and absent", "one of them", "Keep the one that holds.")
    draft.said[contributor] = present


def _put(draft: _Draft, compiled: Compiled, observation: Observation, where: str) -> None:
    before = draft.observations.get(observation.finding)
    if before and before.state != observation.state:
        raise Contradiction(
            where, f"{observation.finding} twice with different answers", "one answer", "Keep the one that holds."
        )
    draft.observations[observation.finding] = observation
    states = [s.id for s in compiled.findings[observation.finding].states]
    for marker in compiled.markers.get(observation.finding, ()):
        v = states.index(observation.state)
        draft.markers.setdefault(marker.contributor, []).append((marker.p_absent[v], marker.p_present[v]))


def observe(finding: Finding, value: Any, where: str) -> Observation:
    """A value as a state of a finding: a state's name, present or absent, or a number with a unit."""
    if isinstance(value, dict):
        value = _quantity(value, where)
    if isinstance(value, Quantity):
        return _number(finding, value, where)
    states = state_words(finding)
    number = isinstance(value, (int, float)) and not isinstance(value, bool)
    word = normal_form(f"{value:g}" if number and abs(value) < 1e6 else str(value))
    if number and (finding.kind == "numeric" or word not in states):
        return _number(finding, Quantity(value=_float(value)), where)
    if word in states:
        return Observation(finding.id, states[word])
    ids = [s.id for s in finding.states]
    if word in _NO and finding.absent:
        return Observation(finding.id, finding.absent)
    if word in _YES and finding.kind == "yes_no":
        return Observation(finding.id, "yes")
    if word in _YES and len(ids) == 2 and finding.absent in ids:
        return Observation(finding.id, next(s for s in ids if s != finding.absent))
    known = [*ids, *states]
    raise InvalidValue(where, repr(str(value)[:60]), f"one of {', '.join(ids)}", near_names(word, known))


def state_words(finding: Finding) -> Mapping[str, str]:
    """Every word for a state of a finding, in normal form -> the state; an id goes before a synonym."""
    return _state_words(finding.states)


@lru_cache(maxsize=2_048)  # the findings of a few knowledge bases
def _state_words(states: tuple[State, ...]) -> Mapping[str, str]:
    words = {normal_form(w): s.id for s in states for w in (s.label, s.patient_label, *s.synonyms)}
    return words | {normal_form(s.id): s.id for s in states}


def _quantity(value: dict[str, Any], where: str) -> Quantity:
    number = value.get("value")
    if not isinstance(number, (int, float)) or isinstance(number, bool) or set(value) - {"value", "unit", "date"}:
        raise InvalidValue(where, "a mapping", "value, unit and date", "Write {value: 3.1, unit: mmol/L}.")
    unit = value.get("unit")
    if unit is not None and not isinstance(unit, str):
        raise InvalidValue(where, "a unit that is not text", "a unit such as mmol/L", "Give the unit on the report.")
    return Quantity(value=_float(number), unit=unit)


def _float(number: float) -> float:
    """A whole number too large for a float is as good as endless."""
    try:
        return float(number)
    except OverflowError:
        return float("inf")


def within(state: State, value: float) -> bool:
    """Whether a number falls into the interval [at_least, below) of a state."""
    return (state.at_least is None or value >= state.at_least) and (state.below is None or value < state.below)


def _number(finding: Finding, quantity: Quantity, where: str) -> Observation:
    if finding.kind != "numeric":
        ids = ", ".join(s.id for s in finding.states)
        raise InvalidValue(where, "a number", f"one of {ids}", "Give the state in words.")
    factor, offset = conversion(finding, quantity.unit, where)
    value = quantity.value * factor + offset
    low, high = finding.plausible or (-np.inf, np.inf)
    if not low <= value <= high:
        raise InvalidValue(
            where, "a value outside what is possible", f"{low:g} to {high:g} {finding.unit}", "Check number and unit."
        )
    for state in finding.states:
        if within(state, value):
            return Observation(finding.id, state.id, value)
    raise InvalidValue(where, "a value in no interval", f"a value of {finding.name}", "Check number and unit.")


def conversion(finding: Finding, unit: str | None, where: str) -> tuple[float, float]:
    """(factor, offset) from the unit given to the unit of the finding."""
    units = {finding.unit or "1": 1.0, **finding.other_units}
    if unit is None and finding.unit in (None, "1", "{ratio}"):
        return 1.0, 0.0
    spelled = {_unit_form(u): factor for u, factor in units.items()}
    known = None if unit is None else _spelling(_unit_form(unit), spelled)
    if known is None:
        found = "no unit" if unit is None else f"unit {unit!r}"
        raise InvalidValue(where, found, f"one of {', '.join(units)}", "Give the unit on the report.")
    rule = spelled[known]
    return rule if isinstance(rule, tuple) else (rule, 0.0)


def _spelling(form: str, known: Mapping[str, object]) -> str | None:
    """The known spelling of a unit; capitals may differ where one unit is meant, but M (mega) is not m (milli)."""
    if form in known:
        return form
    fits = [k for k in known if k.casefold() == form.casefold()]
    mega = form[:1] == "M" and form.replace("l", "L") != form.upper()
    return fits[0] if len({known[k] for k in fits}) == 1 and not mega else None


def _unit_form(unit: str) -> str:
    """One spelling of a unit: micro as u, no blanks, litre as l. Case is kept apart from that (mmol is not Mmol)."""
    return (
        unit.strip()
        .replace("µ", "u")
        .replace("μ", "u")
        .replace(" ", "")
        .replace("L", "l")
        .removeprefix("{")
        .removesuffix("}")
    )


def _take_tempo(draft: _Draft, compiled: Compiled, case: Case, complaint: Complaint) -> None:
    _check_past(complaint.onset, case, "onset")
    word = state_words(compiled.findings["tempo"]).get(normal_form(complaint.duration or ""))
    if complaint.duration and word:  # "since childhood"
        if "tempo" not in draft.observations:
            _put(draft, compiled, Observation("tempo", word), "duration")
        return
    if complaint.duration:
        length = duration_days(complaint.duration, "duration")
    elif complaint.onset and case.as_of:
        length = days_between(complaint.onset, case.as_of, "onset")
    else:
        return
    tempo = compiled.findings["tempo"]
    for state in tempo.states:
        if (state.at_least, state.below) != (None, None) and within(state, length):
            stated = draft.observations.get("tempo")
            if stated and stated.state != state.id:
                draft.disagreements.append("the tempo that was stated and the dates of the complaint disagree")
            else:
                _put(draft, compiled, Observation("tempo", state.id, length), "tempo")
            return


def _take_condition(draft: _Draft, compiled: Compiled, condition: Condition, case: Case, where: str) -> None:
    _check_past(condition.since, case, f"{where}.since")
    target = find_contributor(compiled, condition)
    if target is None:
        finding = compiled.names.findings.get(normal_form(condition.name))
        if finding and compiled.findings[finding].kind == "yes_no":
            state = "yes" if condition.status == "present" else "no"
            _put(draft, compiled, Observation(finding, state), where)
        elif (seen := compiled.names.state_words.get(normal_form(condition.name))) and _is_sign(seen, condition):
            _put(draft, compiled, Observation(*seen), where)
        else:
            draft.unused.append(f"{where} {condition.name!r}: not known to change the likelihood of any explanation")
        return
    draft.mentioned.add(target)
    _check_sex(compiled, target, condition, case, where)
    recent = _within_window(compiled.contributors[target].window_days, condition, case, where)
    if recent is False and condition.status != "absent":
        draft.unused.append(f"{where} {condition.name!r}: too long ago to count")
    elif condition.status == "resolved" and not recent:
        draft.unused.append(f"{where} {condition.name!r}: no longer present")
    else:
        _say(draft, target, condition.status != "absent", where)


_SIGNS = ("systemic", "skin_lesion", "swelling", "visible_movement")  # findings that lists of conditions name


def _is_sign(seen: tuple[str, str], condition: Condition) -> bool:
    return seen[0] in _SIGNS and condition.status == "present"


def _check_sex(compiled: Compiled, target: str, condition: Condition, case: Case, where: str) -> None:
    only, sex = compiled.contributors[target].sex, case.person.sex
    if only and sex and only != sex and condition.status == "present":
        raise Contradiction(where, f"{target} and {sex}", "one of them", "Correct sex or the condition.")


def _within_window(window: int | None, condition: Condition, case: Case, where: str) -> bool | None:
    """Whether an event is recent enough to count; None where it has no window or no date."""
    if window is None or condition.since is None or case.as_of is None:
        return None
    return days_between(condition.since, case.as_of, f"{where}.since") <= window


def find_contributor(compiled: Compiled, condition: Condition) -> str | None:
    """The contributor that a condition names, or whose code it bears (ICD: or falls under)."""
    names = compiled.names
    named = names.contributors.get(normal_form(condition.name)) or names.loose_contributors.get(
        loose_form(condition.name)
    )
    if named or not condition.code:
        return named
    fits = [
        (fit, c.id) for c in compiled.contributors.values() for code in c.codes if (fit := code_fit(code, condition))
    ]
    return max(fits)[1] if fits else None


def code_fit(known: Code, condition: Condition) -> float:
    """How closely a condition's code falls under a known one, 0 if not; ICD codes cover what begins with them."""
    code = (condition.code or "").replace(".", "").upper()
    if not known.system.startswith("icd10"):
        return float(len(code)) if (condition.system, condition.code) == (known.system, known.code) else 0.0
    if not (condition.system or "icd10").startswith("icd10"):
        return 0.0
    low, _, high = known.code.replace(".", "").upper().partition("-")
    if high:
        return len(low) - 0.5 if len(code) >= len(low) and low <= code[: len(low)] <= high else 0.0
    return float(len(low)) if code.startswith(low) else 0.0


def _take_medicines(
    draft: _Draft, compiled: Compiled, case: Case, index: MedicineIndex, complaint: Complaint
) -> tuple[Recognised, ...]:
    out = []
    for n, m in enumerate(case.medicines):
        medicine = Medicine(name=m) if isinstance(m, str) else m
        seen = index.recognise(medicine, case.as_of, complaint.onset, f"medicines[{n}]")
        out.append(seen)
        if seen.record is None:
            draft.unused.append(f"medicines[{n}] {medicine.name!r}: not recognised")
        draft.mentioned.update(seen.contributors)
        for contributor in seen.contributors:
            if seen.counts:
                _say(draft, contributor, True, f"medicines[{n}]")
        for contributor in seen.after_stopping:
            _say(draft, contributor, True, f"medicines[{n}]")
    if any(r.new for r in out) and "new_medicine" not in draft.observations:
        _put(draft, compiled, Observation("new_medicine", "yes"), "medicines")
    return tuple(out)


def _take_person(draft: _Draft, compiled: Compiled, case: Case) -> None:
    person = case.person
    if person.pregnant and person.sex == "male":
        raise Contradiction("person", "pregnant and male", "one of them", "Correct sex or pregnant.")
    if person.pregnant is not None and "pregnancy" in compiled.contributors:
        _say(draft, "pregnancy", person.pregnant, "person.pregnant")
    birth = compiled.contributors.get("postpartum")
    if person.weeks_since_birth is not None and birth is not None and birth.window_days is not None:
        _say(draft, birth.id, person.weeks_since_birth * 7 <= birth.window_days, "person.weeks_since_birth")
    if case.as_of:
        day(case.as_of, "as_of")


def _evidence(draft: _Draft, compiled: Compiled, context: Context, silent: tuple[str, ...]) -> Evidence:
    """The evidence in the order of the network: sums come out the same to the last digit in whatever order it came."""
    network = compiled.network
    findings = {
        network.finding_index[o.finding]: network.states[network.finding_index[o.finding]].index(o.state)
        for o in draft.observations.values()
        if o.finding in network.finding_index
    }
    said: dict[int, tuple[float, float]] = {}
    for c, present in draft.said.items():
        number = network.contributor_index[c]
        said[number] = statement_likelihood(compiled, c, present, float(context.prevalence[number]))
    for c in silent:
        said[network.contributor_index[c]] = silence_likelihood(compiled, c)
    for c, pairs in draft.markers.items():
        number = network.contributor_index[c]
        absent, with_it = said.get(number, (1.0, 1.0))
        for a, b in sorted(pairs):
            absent, with_it = absent * a, with_it * b
        said[number] = (absent, with_it)
    return Evidence(dict(sorted(findings.items())), dict(sorted(said.items())))


def statement_likelihood(compiled: Compiled, contributor: str, present: bool, prevalence: float) -> tuple[float, float]:
    """(P(said so | absent), P(said so | present)) of a statement about a contributor.

    The false-positive rate follows from the share of people said to have it who do (docs/adr/0004); where the
    person settles it (pregnancy), or it cannot be, the statement is taken as it stands.
    """
    record = compiled.contributors[contributor]
    if contributor == "pregnancy":
        return (_CERTAIN, 1.0) if present else (1.0, _CERTAIN)
    sensitivity = max(record.recorded_sensitivity, 0.5)
    odds = prevalence / (1 - prevalence)
    false_positive = min(odds * sensitivity * (1 - record.stated_ppv) / record.stated_ppv, 0.5)
    false_positive = max(false_positive, 1e-9)
    return (false_positive, sensitivity) if present else (1 - false_positive, 1 - sensitivity)


def silence_likelihood(compiled: Compiled, contributor: str) -> tuple[float, float]:
    """(P(left out | absent), P(left out | present)) of a list that would have named a contributor."""
    record = compiled.contributors[contributor]
    return record.recorded_specificity, 1 - record.recorded_sensitivity


def _with_pretest(context: Context, compiled: Compiled, pretest: dict[str, float]) -> Context:
    """The prior with some explanations set by the user; the others share the rest in their proportions."""
    total = sum(pretest.values())
    if total > 1:
        raise InvalidValue("pretest", "probabilities that add to more than 1", "at most 1", "Lower them.")
    prior = np.exp(context.log_rate - context.log_rate.max())
    prior /= prior.sum()
    at: dict[int, float] = {}
    for name, p in pretest.items():
        target = compiled.names.explanations.get(normal_form(name))
        if target is None:
            known = list(compiled.explanations)
            raise UnknownName(f"pretest.{name}", repr(name), "an explanation", near_names(name, known))
        at[compiled.network.explanation_index[target]] = min(max(p, 1e-9), 1 - 1e-9)
    rest = np.array([0.0 if s in at else prior[s] for s in range(len(prior))])
    if rest.sum() > 0:  # else every explanation that is possible was named
        rest *= max(1 - total, 1e-9) / rest.sum()
    for s, p in at.items():
        rest[s] = p
    with np.errstate(divide="ignore"):
        return Context(np.log(rest), context.rate_sd, context.prevalence, context.known)
