"""`soleus interview`: questions at the terminal, with the reason for each and the belief as it moves."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import yaml
from rich.console import Console

from soleus.clinical.reading import parse_tree, read_text
from soleus.errors import CannotAssess, UsageError
from soleus.knowledge.schema.care import Guide
from soleus.knowledge.schema.safety import EmergencyNumber
from soleus.reasoning import words
from soleus.reasoning.assess import assess
from soleus.reasoning.assessment import Audience
from soleus.reasoning.compiled import shipped_compiled
from soleus.reasoning.interview import DONT_KNOW, Interview, may_be_pregnant, resumed
from soleus.reasoning.judging import Judged
from soleus.reasoning.questions import Question, fired_flags
from soleus.reasoning.red_flags import RedFlagResult
from soleus.reports.words import URGENCY, capital

Move = Literal["on", "back", "stop"]
_OLDEST = 120  # as `case.Age`
_PATIENCE = 5  # replies to one question that are none, before it counts as "don't know"
_MOST_IDLE = 50  # replies in a row that answer nothing: nobody is there
_GROUPS: dict[str, tuple[str, ...]] = {"patient": ("history",), "clinician": ("history", "examination")}
_UNKNOWN = ("d", "don't know", "dont know")
_MOVES: dict[str, Move] = {"q": "stop", "quit": "stop", "b": "back", "back": "back"}
_WHY = ("?", "why")
_PRESSING = ("emergency", "same_day")  # after these the person is asked whether to go on


@dataclass
class _Talk:
    """The person at the terminal; ``idle`` counts the replies since the last one that answered something."""

    console: Console
    plain: bool
    idle: int = 0
    told: set[str] = field(default_factory=set)  # red flags that were spoken of

    def say(self, text: str = "", style: str | None = None) -> None:
        self.console.print(text, style=style, markup=False)

    def reply(self, prompt: str = "> ") -> str:
        """What was typed, in lower case; "q" at the end of the input, or where nobody answers any more."""
        self.idle += 1
        if self.idle > _MOST_IDLE:
            return "q"
        try:
            return self.console.input(prompt, markup=False).strip().lower()
        except EOFError:
            return "q"

    def heard(self) -> Move:
        """Something was answered."""
        self.idle = 0
        return "on"


def run(
    *, audience: Audience, setting: str | None, resume: Path | None, save: Path | None, as_of: str | None, plain: bool
) -> None:
    """Ask until nothing more is worth asking, then print the judgement."""
    talk = _Talk(Console(highlight=False), plain)
    session = _session(talk, audience, setting, resume, as_of)
    if session is None:
        talk.say("Nothing was asked, so nothing was judged. Goodbye.")
        return
    _converse(talk, session, save)
    _save(session, save)
    _conclude(talk, session, audience)


def _converse(talk: _Talk, session: Interview, save: Path | None) -> None:
    if session.answers and _warn(talk, session, session.judged()) == "stop":
        return
    while (question := session.next()) is not None:
        if _ask(talk, session, question) == "stop":
            return
        _save(session, save)


def _conclude(talk: _Talk, session: Interview, audience: Audience) -> None:
    """The judgement; where nothing of the legs was told, a goodbye and when to seek care."""
    try:
        found = assess(session.known(), audience=audience)
    except CannotAssess:
        talk.say()
        told = "No answer told of the legs, so nothing could be judged." if session.answers else "Nothing was judged."
        talk.say(f"{told} That does not mean that nothing is wrong.")
        _seek_care(talk, session)
        talk.say("Goodbye.")
        return
    from soleus.reports.terminal import render

    render(found, talk.console)


def _seek_care(talk: _Talk, session: Interview) -> None:
    knowledge = session.compiled.knowledge
    for guide in (g for g in knowledge.all(Guide) if g.purpose == "seek_care"):
        talk.say(f"{guide.patient_name}:", "bold")
        for step in guide.steps:
            talk.say(f"  {step.text}")
    talk.say(_number(session))


def _number(session: Interview) -> str:
    """The sentence with the number to ring."""
    numbers = session.compiled.knowledge.by_id(EmergencyNumber)
    return (numbers.get(str(session.case.get("country", "")).lower()) or numbers["default"]).sentence


def _session(
    talk: _Talk, audience: Audience, setting: str | None, resume: Path | None, as_of: str | None
) -> Interview | None:
    """A new interview or the saved one; None where the person stops at once."""
    compiled = shipped_compiled()
    if resume is not None:
        return resumed(parse_tree(read_text(resume), resume.name), compiled, _GROUPS[audience])
    person = _person(talk)
    if person is None:
        return None
    case: dict[str, Any] = {"person": person}
    if setting:
        case["setting"] = setting
    if as_of:
        case["as_of"] = as_of
    respondent = "clinician" if audience == "clinician" else "self"
    return Interview(compiled, case, _GROUPS[audience], respondent)


# --- who it is ----------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Personal:
    """One thing asked of the person. ``read`` gives None for a reply that is none."""

    field: str
    prompt: str
    hint: str
    why: str
    read: Callable[[str], Any]
    when: Callable[[dict[str, Any]], bool] = lambda _: True


def _years(reply: str) -> float | None:
    try:
        years = float(reply)
    except ValueError:
        return None
    return years if 0 <= years <= _OLDEST else None


def _can_be_pregnant(told: dict[str, Any]) -> bool:
    return may_be_pregnant(shipped_compiled(), told.get("age"), told.get("sex"))


_PERSON = (
    _Personal(
        "age",
        "How old is the person, in years? (Enter if not known) ",
        f"Type a number of years from 0 to {_OLDEST}, such as 67.",
        "How common a cause is depends on age.",
        _years,
    ),
    _Personal(
        "sex",
        "Female or male? [f/m, Enter if not known] ",
        "Type f or m.",
        "How common a cause is depends on sex.",
        lambda reply: {"f": "female", "m": "male", "w": "female"}.get(reply[:1]),
    ),
    _Personal(
        "pregnant",
        "Pregnant? [y/n, Enter if not known] ",
        "Type y or n.",
        "Some causes are commoner in pregnancy, and some medicines are not for it.",
        lambda reply: {"y": True, "n": False}.get(reply[:1]),
        _can_be_pregnant,
    ),
)


def _person(talk: _Talk) -> dict[str, Any] | None:
    """Age, sex and pregnancy as far as they are known; None to stop."""
    told: dict[str, Any] = {}
    done: list[str] = []
    while (asked := next((p for p in _PERSON if p.field not in done and p.when(told)), None)) is not None:
        move = _ask_personal(talk, asked, told)
        if move == "stop":
            return None
        if move == "on":
            done.append(asked.field)
        elif done:
            told.pop(done.pop(), None)
    return told


def _ask_personal(talk: _Talk, asked: _Personal, told: dict[str, Any]) -> Move:
    for _ in range(_PATIENCE):
        reply = talk.reply(asked.prompt)
        if reply in _MOVES:
            return _MOVES[reply]
        if reply in ("", *_UNKNOWN):
            return talk.heard()
        value = None if reply in _WHY else asked.read(reply)
        if value is not None:
            told[asked.field] = value
            return talk.heard()
        talk.say(asked.why if reply in _WHY else f"{asked.hint} {_KEYS}")
    talk.say(_GIVEN_UP)
    return "on"


_KEYS = "Or d for don't know, ? for why, b to go back, q to stop."
_GIVEN_UP = "Taken as not known."


# --- the questions ------------------------------------------------------------------------------------------


def _ask(talk: _Talk, session: Interview, question: Question) -> Move:
    """Put one question until it is answered, or the person goes back or stops."""
    choices = session.choices(question)
    talk.say()
    talk.say(question.text(session.respondent), "bold")
    for n, (_, label) in enumerate(choices, 1):
        talk.say(f"  {n}  {label}")
    for _ in range(_PATIENCE):
        reply = talk.reply()
        move = _MOVES.get(reply)
        if move == "stop" or (move == "back" and session.back()):
            return move
        chosen = None if move else _chosen(reply, choices)
        if chosen is not None:
            talk.heard()
            return _answer(talk, session, question, chosen)
        talk.say(_instead(question, reply, move))
    talk.say(_GIVEN_UP)
    return _answer(talk, session, question, DONT_KNOW)


def _instead(question: Question, reply: str, move: Move | None) -> str:
    """What to say to a reply that is no answer."""
    if move == "back":
        return "This is the first question."
    if reply in _WHY:
        help_text = question.item.help_text if question.item else None
        return f"{question.reason} {help_text}" if help_text else question.reason
    return "Type a number, d for don't know, ? for why, b to go back, q to stop."


def _answer(talk: _Talk, session: Interview, question: Question, chosen: str) -> Move:
    session.answer(question, chosen)
    judged = session.judged()
    if _warn(talk, session, judged) == "stop":
        return "stop"
    if not talk.plain:
        _belief(talk, session, judged)
    return "on"


def _warn(talk: _Talk, session: Interview, judged: Judged) -> Move:
    """Speak of every red flag at once, each only once; after a pressing one ask whether to go on."""
    new = [f for f in fired_flags(judged) if f.flag.id not in talk.told]
    for fired in new:
        talk.told.add(fired.flag.id)
        _tell(talk, session, fired)
    if not any(f.flag.urgency in _PRESSING for f in new):
        return "on"
    talk.say(_number(session), "bold")
    talk.say("The questions can wait; this should not. Go on with them?")
    talk.say("  1  Yes, go on\n  2  No, stop here")
    for _ in range(_PATIENCE):
        reply = talk.reply()
        if reply in ("1", "y", "yes"):
            return talk.heard()
        if reply in ("2", "n", "no") or reply in _MOVES:
            break
        talk.say("Type 1 to go on or 2 to stop.")
    return "stop"


def _tell(talk: _Talk, session: Interview, fired: RedFlagResult) -> None:
    flag, clinician = fired.flag, session.respondent == "clinician"
    urgency = URGENCY["clinician" if clinician else "patient"][flag.urgency].upper()
    talk.say()
    talk.say(f"! {urgency}: {capital(flag.name if clinician else flag.patient_name)}", "bold red")
    talk.say(f"  {flag.action if clinician else flag.patient_action}")


def _chosen(reply: str, choices: tuple[tuple[str, str], ...]) -> str | None:
    if reply in _UNKNOWN:
        return DONT_KNOW
    if reply.isdigit() and 1 <= int(reply) <= len(choices):
        return choices[int(reply) - 1][0]
    fits = [state for state, label in choices if reply and (label.lower().startswith(reply) or state == reply)]
    return fits[0] if len(fits) == 1 else None


def _belief(talk: _Talk, session: Interview, judged: Judged) -> None:
    if not judged.presentation.observations:
        return
    audience: Audience = "clinician" if session.respondent == "clinician" else "patient"
    shown = [
        f"{words.name(e, audience)} {words.chance(judged.probability[e.id], *judged.interval(e.id))}"
        for e in judged.ranked[:3]
    ]
    talk.say("now: " + "; ".join(shown), "dim")


def _save(session: Interview, target: Path | None) -> None:
    if target is None:
        return
    as_yaml = target.suffix in (".yaml", ".yml")
    saved = session.saved()
    text = yaml.safe_dump(saved, sort_keys=False, allow_unicode=True) if as_yaml else json.dumps(saved, indent=1)
    part = target.with_suffix(target.suffix + ".part")
    try:
        part.write_text(text, encoding="utf-8")
        part.replace(target)
    except OSError as error:
        found = error.strerror or "no place to write"
        raise UsageError("--save", found, "a path that can be written", "Name another.") from None
