"""Simulated interviews: a drawn patient answers until the stop rule ends it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from soleus.reasoning.compiled import Compiled
from soleus.reasoning.interview import DONT_KNOW, Interview
from soleus.reasoning.questions import Question
from soleus.validation.simulate import Patient, draw_patient


@dataclass(frozen=True)
class Held:
    """One interview: how many questions, and whether the right explanation came out first or among three."""

    questions: int
    screen: int
    rank: int
    stopped: bool


def hold(compiled: Compiled, seed: int, most: int = 60) -> Held:
    """One interview with a drawn adult patient in primary care."""
    rng = np.random.default_rng(seed)
    network = compiled.network
    age, sex = float(rng.integers(18, 90)), ("female", "male")[int(rng.integers(2))]
    findings = list(range(len(network.findings)))
    patient = draw_patient(network, compiled.context(age, sex, "primary_care"), findings, rng)
    case: dict[str, Any] = {"person": {"age": age, "sex": sex, **({"pregnant": False} if sex == "female" else {})}}
    session = Interview(compiled, case)
    asked = screen = 0
    while asked < most and (question := session.next()) is not None:
        reply, details = _reply(compiled, patient, question, rng)
        session.answer(question, reply, details)
        asked += 1
        screen += question.stage == "red_flag"
    p = session.judged().judgement.probability
    rank = int((p > p[patient.explanation]).sum()) + 1
    return Held(asked, screen, rank, asked < most)


def _reply(
    compiled: Compiled, patient: Patient, question: Question, rng: np.random.Generator
) -> tuple[str, dict[str, str] | None]:
    """The patient's answer; a "yes" in the screen comes with what is ticked below it."""
    if question.item is not None:
        truth = {f: s for f in question.item.no_means if (s := _state(compiled, patient, f)) is not None}
        if all(s == question.item.no_means[f] for f, s in truth.items()):
            return "no", None
        more = {f: s for f in question.item.then_ask if (s := _state(compiled, patient, f)) is not None}
        return "yes", {**truth, **more}
    if question.finding is not None:
        return _state(compiled, patient, question.id) or DONT_KNOW, None
    number = compiled.network.contributor_index[question.id]
    context = compiled.context(None, None, "primary_care")
    return ("yes" if rng.random() < context.prevalence[number] else "no"), None


def _state(compiled: Compiled, patient: Patient, finding: str) -> str | None:
    f = compiled.network.finding_index.get(finding)
    return None if f is None else compiled.network.states[f][patient.answers[f]]
