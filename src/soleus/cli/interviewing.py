"""`soleus interview`: questions at the terminal, with the reason for each and the belief as it moves."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from rich.console import Console

from soleus.clinical.reading import parse_tree, read_text
from soleus.reasoning import words
from soleus.reasoning.assess import assess
from soleus.reasoning.assessment import Audience
from soleus.reasoning.compiled import shipped_compiled
from soleus.reasoning.interview import DONT_KNOW, Interview, resumed
from soleus.reasoning.questions import Question

_OLDEST = 120  # as `case.Age`
_GROUPS: dict[str, tuple[str, ...]] = {"patient": ("history",), "clinician": ("history", "examination")}


def run(
    *, audience: Audience, setting: str | None, resume: Path | None, save: Path | None, as_of: str | None, plain: bool
) -> None:
    """Ask until nothing more is worth asking, then print the judgement."""
    console = Console(highlight=False)
    session = _session(console, audience, setting, resume, as_of)
    while (question := session.next()) is not None:
        if not _ask(console, session, question, plain):
            break
        _save(session, save)
    _save(session, save)
    found = assess(session.known(), audience=audience)
    from soleus.reports.terminal import render

    render(found, console)


def _session(
    console: Console, audience: Audience, setting: str | None, resume: Path | None, as_of: str | None
) -> Interview:
    compiled = shipped_compiled()
    if resume is not None:
        return resumed(parse_tree(read_text(resume), resume.name), compiled, _GROUPS[audience])
    case: dict[str, Any] = {"person": _person(console)}
    if setting:
        case["setting"] = setting
    if as_of:
        case["as_of"] = as_of
    respondent = "clinician" if audience == "clinician" else "self"
    return Interview(compiled, case, _GROUPS[audience], respondent)


def _person(console: Console) -> dict[str, Any]:
    person: dict[str, Any] = {}
    age = _age(console)
    if age is not None:
        person["age"] = age
    sex = _line(console, "Female or male? [f/m, Enter if not known] ").lower()[:1]
    if sex in ("f", "m"):
        person["sex"] = {"f": "female", "m": "male"}[sex]
    if sex == "f" and 12 <= person.get("age", 30) <= 55:
        reply = _line(console, "Pregnant? [y/n, Enter if not known] ").lower()[:1]
        if reply in ("y", "n"):
            person["pregnant"] = reply == "y"
    return person


def _age(console: Console) -> float | None:
    """Years, asked again until they can be."""
    while reply := _line(console, "How old is the person, in years? (Enter if not known) "):
        try:
            if 0 <= (years := float(reply)) <= _OLDEST:
                return years
        except ValueError:
            pass
        console.print(f"Type a number of years from 0 to {_OLDEST}, such as 67.", markup=False)
    return None


def _line(console: Console, prompt: str) -> str:
    try:
        return console.input(prompt, markup=False).strip()
    except EOFError:
        return ""


def _ask(console: Console, session: Interview, question: Question, plain: bool) -> bool:
    """Put one question; False to stop."""
    choices = session.choices(question)
    console.print()
    console.print(question.text(session.respondent), style="bold", markup=False)
    for n, (_, label) in enumerate(choices, 1):
        console.print(f"  {n}  {label}", markup=False)
    while True:
        try:
            reply = console.input("> ").strip().lower()
        except EOFError:
            return False
        if reply in ("q", "quit"):
            return False
        if reply in ("?", "why"):
            console.print(question.reason, markup=False)
            continue
        if reply in ("b", "back"):
            session.back()
            return True
        chosen = _chosen(reply, choices)
        if chosen is None:
            console.print("Type a number, d for don't know, ? for why, b to go back, q to stop.", markup=False)
            continue
        session.answer(question, chosen)
        if not plain:
            _belief(console, session)
        return True


def _chosen(reply: str, choices: tuple[tuple[str, str], ...]) -> str | None:
    if reply in ("d", "don't know", "dont know"):
        return DONT_KNOW
    if reply.isdigit() and 1 <= int(reply) <= len(choices):
        return choices[int(reply) - 1][0]
    fits = [state for state, label in choices if reply and (label.lower().startswith(reply) or state == reply)]
    return fits[0] if len(fits) == 1 else None


def _belief(console: Console, session: Interview) -> None:
    judged = session.judged()
    if not judged.presentation.observations:
        return
    audience: Audience = "clinician" if session.respondent == "clinician" else "patient"
    shown = [
        f"{words.name(e, audience)} {words.chance(judged.probability[e.id], *judged.interval(e.id))}"
        for e in judged.ranked[:3]
    ]
    console.print("now: " + "; ".join(shown), style="dim", markup=False)


def _save(session: Interview, target: Path | None) -> None:
    if target is not None:
        part = target.with_suffix(target.suffix + ".part")
        part.write_text(json.dumps(session.saved(), indent=1), encoding="utf-8")
        part.replace(target)
