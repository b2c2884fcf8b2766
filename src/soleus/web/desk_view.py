"""What the desk shows beside the judgement: what was understood and told, what to ask next, what is assumed."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from soleus.clinical.reading import case_from
from soleus.notes import correcting
from soleus.notes.judging import read_note
from soleus.notes.reading import Reading, Understood
from soleus.reasoning.assessment import Assessment
from soleus.reasoning.compiled import Compiled
from soleus.reasoning.intake import take_in
from soleus.reasoning.interview import DONT_KNOW, Answered, Interview
from soleus.reasoning.judging import Judged
from soleus.reasoning.medicines import medicine_index
from soleus.reasoning.questions import Question, screen_questions
from soleus.reports import notes, words
from soleus.web.asking import asked, question_of
from soleus.web.catalogue import text
from soleus.web.state import Change, State
from soleus.web.what_if import Tree, changed, corrected

#: A sign beside the colour and the line under each state of a statement.
SIGNS = {"present": "✓", "absent": "✗", "uncertain": "?", "conflict": "⇄", "stopped": "■"}
MOST_QUESTIONS = 3
_DRAWS = 50  # of the judgement before an assumption; only its point values are shown
_SHOWN = 4  # explanations whose chances are compared


@dataclass(frozen=True)
class Statement:
    """One statement of the note. ``choices``: (word of `correcting.changed`, label); ``was``: as it had been read."""

    n: int
    name: str
    value: str
    state: str
    quote: str
    source: str
    sure: str
    why: str | None
    struck: bool
    changed: bool
    was: str
    number: str | None
    choices: tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class Piece:
    """A stretch of the note; ``ends``: the statements whose mark ends with it."""

    text: str
    state: str | None
    struck: bool
    ends: tuple[tuple[int, str], ...]


@dataclass(frozen=True)
class Noted:
    """A note as it was read at first, and with what was changed but not struck, so that numbers stay."""

    first: Reading
    now: Reading
    struck: frozenset[int]


def noted(state: State, compiled: Compiled) -> Noted | None:
    """The note of a case, read once; None without one. Raises `InputError`."""
    if state.note is None:
        return None
    first = read_note(state.note, knowledge=compiled)
    changes = [c for c in state.corrections if c.state is not None]
    return Noted(first, corrected(first, changes), frozenset(c.number for c in state.corrections if c.state is None))


def statements(note: Noted, compiled: Compiled) -> list[Statement]:
    """The statements of the note, each with how it can be put right."""
    pairs = zip(note.first.understood, note.now.understood, strict=True)
    return [_statement(n, u, v, n in note.struck, compiled) for n, (u, v) in enumerate(pairs, 1)]


def _statement(n: int, was: Understood, u: Understood, is_struck: bool, compiled: Compiled) -> Statement:
    is_number = correcting.is_number(u, compiled) and u.kind != "explanation"
    return Statement(
        n=n,
        name=notes.name_of(compiled, u),
        value=notes.value_of(compiled, u),
        state=u.state,
        quote=" ".join(u.text.split()),
        source=notes.source_of(u),
        sure=notes.sure_of(u),
        why=None if u.used else u.why,
        struck=is_struck,
        changed=u != was,
        was=_said(was, compiled) if u != was else "",
        number=f"{u.value:g}" if is_number and isinstance(u.value, int | float) else None,
        choices=() if is_number or u.kind == "explanation" else _choices(u, compiled),
    )


def _said(u: Understood, compiled: Compiled) -> str:
    return notes.value_of(compiled, u) or text(f"desk.state_{u.state}")


def _choices(u: Understood, compiled: Compiled) -> tuple[tuple[str, str], ...]:
    """The words that would say something else, each with its label."""
    finding = compiled.findings.get(u.finding)
    labels = {s.id: words.capital(s.label) for s in finding.states} if finding else {}
    now = u.state if u.state == "uncertain" or finding is None else u.value
    found = correcting.words_for(u, compiled)
    return tuple((w, labels.get(w) or words.capital(_word(w))) for w in found if w != now)


def _word(word: str) -> str:
    return text(f"desk.state_{word}") if word in SIGNS else text(f"medicines.{word}")


def pieces(note: Noted) -> list[Piece]:
    """The note in stretches, marked by what was understood."""
    told, out, place = note.now.understood, [], 0
    for part, over in notes.marked(note.now):
        place += len(part)
        ends = tuple((n, SIGNS[told[n - 1].state]) for n in over if told[n - 1].span[1] == place)
        lead = next((n for n in over if n not in note.struck), over[0] if over else None)
        state = told[lead - 1].state if lead else None
        out.append(Piece(part, state, bool(over) and note.struck.issuperset(over), ends))
    return out


@dataclass(frozen=True)
class Fact:
    """Something that was told beside a note, or by a record; ``drop`` is the button that takes it out."""

    name: str
    value: str
    drop: str | None


def facts(case: Tree, asking: Interview) -> list[tuple[str, list[Fact]]]:
    """(heading, facts) of the case that was handed over and of the answers given at the desk."""
    compiled = asking.compiled
    told = {
        "findings": [
            Fact(_name_of(k, compiled), _value(k, v, compiled), f"drop:findings:{k}")
            for k, v in case.get("findings", {}).items()
        ],
        **{kind: _listed(case, kind, compiled) for kind in ("conditions", "medicines", "measurements")},
        "answers": [
            Fact(asked(asking, a).text("clinician"), _reply(a, compiled), f"unanswer:{n}")
            for n, a in enumerate(asking.answers)
        ],
        "complaints": [
            Fact(_name_of(k, compiled), _value(k, v, compiled), None)
            for c in case.get("complaints", ())
            for k, v in c.get("findings", {}).items()
        ],
    }
    return [(kind, found) for kind, found in told.items() if found]


def _listed(case: Tree, kind: str, compiled: Compiled) -> list[Fact]:
    return [Fact(*_entry(m, compiled), f"drop:{kind}:{n}") for n, m in enumerate(case.get(kind, ()))]


def _entry(given: Any, compiled: Compiled) -> tuple[str, str]:
    """A condition, medicine or measurement as it was given: its name, and the rest in words."""
    if not isinstance(given, dict):
        return _name_of(str(given), compiled), ""
    number = " ".join(str(given[k]) for k in ("value", "unit") if k in given)
    status = "" if given.get("status", "present") == "present" else str(given["status"])
    dates = [text(f"desk.{k}", date=given[k]) for k in ("since", "started", "stopped", "date") if given.get(k)]
    return _name_of(str(given.get("name", "")), compiled), ", ".join(filter(None, (number, status, *dates)))


def _name_of(name: str, compiled: Compiled) -> str:
    for table in (compiled.findings, compiled.contributors):
        if name in table:
            return str(table[name].name)
    return name.replace("_", " ")


def _value(name: str, value: Any, compiled: Compiled) -> str:
    if isinstance(value, dict):
        return " ".join(str(value[k]) for k in ("value", "unit") if value.get(k) is not None)
    finding = compiled.findings.get(name)
    known = {s.id: s.label for s in finding.states} if finding else {}
    return known.get(str(value)) or words.setting_words(str(value))


def _reply(given: Answered, compiled: Compiled) -> str:
    if given.reply == DONT_KNOW:
        return text("desk.dont_know")
    return _value(given.question, given.reply, compiled)


@dataclass(frozen=True)
class ToAsk:
    """A question with its replies; ``value`` is the expected loss avoided by asking, None where it is not weighed."""

    id: str
    text: str
    reason: str
    replies: tuple[tuple[str, str], ...]
    value: float | None = None


@dataclass(frozen=True)
class Agenda:
    """``details``: what a "yes" of the screen leads to; ``screen``: its open items; ``best``: worth asking most."""

    details: tuple[ToAsk, ...]
    screen: tuple[ToAsk, ...]
    best: tuple[ToAsk, ...]


def agenda(asking: Interview, found: Assessment | None) -> Agenda:
    """What is worth asking now."""
    judged = asking.judged()
    told = judged.presentation
    wanted = [f for a in asking.answers for f in a.followed_by]
    open_ = [f for f in dict.fromkeys(wanted) if f not in told.observations and f not in told.asked]
    return Agenda(
        details=tuple(_to_ask(asking, question_of(asking.compiled, f)) for f in open_ if f in asking.compiled.findings),
        screen=tuple(_to_ask(asking, q) for q in screen_questions(judged) if not _was_asked(asking, q.id)),
        best=tuple(_best(asking, found)) if found else (),
    )


def _was_asked(asking: Interview, id: str) -> bool:
    return any(a.question == id for a in asking.answers)


def _to_ask(asking: Interview, q: Question, reason: str = "", value: float | None = None) -> ToAsk:
    replies = [(reply, words.capital(label)) for reply, label in asking.choices(q)]
    return ToAsk(q.id, q.text("clinician"), reason, (*replies, (DONT_KNOW, text("desk.dont_know"))), value)


def _best(asking: Interview, found: Assessment) -> Iterable[ToAsk]:
    rest = [q for q in found.complaints[0].next_questions if not q.red_flag and not _was_asked(asking, q.finding)]
    for q in rest[:MOST_QUESTIONS]:
        yield _to_ask(asking, question_of(asking.compiled, q.finding), q.reason, q.value)


@dataclass(frozen=True)
class Assumed:
    label: str
    undo: str


@dataclass(frozen=True)
class Moved:
    """A chance before and after the assumptions."""

    name: str
    before: float
    after: float


def assumptions(state: State, compiled: Compiled) -> list[Assumed]:
    return [Assumed(_assumed(c, compiled), f"undo:{n}") for n, c in enumerate(state.changes)]


def _assumed(c: Change, compiled: Compiled) -> str:
    if c.kind == "pretest" and c.name in compiled.explanations:
        chance = "" if c.value is None else f"{float(c.value):.0%}"
        return text("desk.assumed_pretest", name=words.lower_first(compiled.explanations[c.name].name), chance=chance)
    if c.kind == "setting":
        return text("desk.assumed_setting", setting=words.setting_words(str(c.value)))
    value = text("desk.dont_know") if c.value is None else _value(c.name, _yes_no(c.value), compiled)
    return text("desk.assumed_other", name=_name_of(c.name, compiled), value=value)


def _yes_no(value: Any) -> Any:
    return {True: "yes", False: "no"}.get(value, value) if isinstance(value, bool) else value


def moved(case: Tree, found: Assessment, state: State, compiled: Compiled) -> list[Moved]:
    """How the chances of those that lead, before or after, moved by what is assumed. ``case``: without it."""
    if not state.changes:
        return []
    index = medicine_index(compiled.knowledge)
    before = Judged(take_in(case_from(case), compiled, index, empty=True)[0], _DRAWS).probability
    after = {e.id: e.probability for e in found.complaints[0].explanations}
    leading = sorted(after, key=lambda e: -max(after[e], before[e]))[:_SHOWN]
    return [Moved(compiled.explanations[e].name, before[e], after[e]) for e in leading]


def with_changes(case: Tree, state: State, compiled: Compiled) -> Tree:
    return changed(case, state.changes, compiled)


def person(case: Tree) -> str:
    """Whose case it is, without a name; what is not known is said."""
    given = case.get("person", {})
    age, sex = given.get("age"), given.get("sex")
    born = given.get("birth_date")
    told = text(f"desk.sex_{sex or 'unknown'}")
    if age is not None:
        return text("desk.person", who=told, age=f"{age:g}")
    return text("desk.person_born" if born else "desk.person_ageless", who=told, born=born)
