"""Make the cases of the course: patients drawn from the knowledge base, and cases retold from publications.

A patient of a wanted explanation is drawn (`soleus.validation.simulate`) and part of the answers is told, until the
judgement fits the level: the look-alike is near, but not too near. Titles, stories and what must be told stand in
make_course.yaml, and the lessons.

    python tools/make_course.py
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import yaml

from soleus.clinical.reading import case_from
from soleus.inference.decisions import value_of
from soleus.inference.network import Context
from soleus.reasoning import questions
from soleus.reasoning.compiled import Compiled, shipped_compiled
from soleus.reasoning.intake import take_in
from soleus.reasoning.judging import Judged
from soleus.reasoning.medicines import medicine_index
from soleus.validation.simulate import draw_patient
from soleus.validation.vignettes import Vignette, read_all, set_aside

ROOT = Path(__file__).resolve().parent.parent
CASES = ROOT / "src/soleus/learning/cases"
PLAN = yaml.safe_load((Path(__file__).parent / "make_course.yaml").read_text(encoding="utf-8"))
ALWAYS = ("quality", "site", "timing", "tempo")
BANDS = {1: (0.7, 1.0), 2: (0.42, 0.78), 3: (0.2, 0.5)}  # probability of the truth that a level wants
TOLD = {1: 11, 2: 9, 3: 7}
LEAST = {1: 0.2, 2: 0.1, 3: 0.08}  # probability of every told answer, given the truth
MOST_TRIES = 40_000


@dataclass(frozen=True)
class Wanted:
    """A patient to draw. ``tells``: finding -> state that the patient must have, and that is told."""

    id: str
    title: str
    story: str
    lesson: str
    level: int
    answer: str
    tempting: str
    age: int
    sex: str
    tells: dict[str, str] = field(default_factory=dict)
    conditions: tuple[str, ...] = ()
    medicines: tuple[str, ...] = ()
    pregnant: bool | None = None
    right: tuple[str, ...] = ()
    others: tuple[str, ...] = ()


WANTED = tuple(Wanted(**row) for row in PLAN["wanted"])


def only(context: Context, s: int) -> Context:
    """The context in which nothing else occurs."""
    rate = np.full_like(context.log_rate, -np.inf)
    rate[s] = 0.0
    return replace(context, log_rate=rate)


def person(w: Wanted) -> dict[str, Any]:
    told: dict[str, Any] = {"age": w.age, "sex": w.sex}
    return told if w.pregnant is None else {**told, "pregnant": w.pregnant}


def draw_case(compiled: Compiled, w: Wanted, seed: int) -> dict[str, Any]:
    """One drawn patient as a case, with some of the answers told."""
    rng = np.random.default_rng(seed)
    network = compiled.network
    context = compiled.context(float(w.age), w.sex, "primary_care")
    history = history_of(compiled, w)
    patient = draw_patient(network, only(context, network.explanation_index[w.answer]), history, rng, redraw=False)
    told = list(dict.fromkeys((*ALWAYS, *w.tells)))
    rest = [f for f in history if network.findings[f] not in told]
    more = rng.choice(rest, max(0, TOLD[w.level] - len(told)), replace=False)
    numbers = [network.finding_index[f] for f in told] + [int(f) for f in more]
    findings = {network.findings[f]: network.states[f][patient.answers[f]] for f in numbers}
    case: dict[str, Any] = {"setting": "primary_care", "person": person(w), "findings": findings}
    if w.conditions:
        case["conditions"] = list(w.conditions)
    if w.medicines:
        case["medicines"] = list(w.medicines)
    return case


def history_of(compiled: Compiled, w: Wanted) -> list[int]:
    """The findings that are drawn: the core of the history, and what the plan wants told."""
    core = (f.id for f in compiled.findings.values() if f.core and f.group == "history")
    return [compiled.network.finding_index[f] for f in dict.fromkeys((*core, *w.tells))]


def tells_it(w: Wanted, findings: dict[str, str]) -> bool:
    return all(findings[f] == state for f, state in w.tells.items())


def typical(compiled: Compiled, w: Wanted, findings: dict[str, str]) -> bool:
    """Whether nothing told by chance is odd for what it is: a course teaches the rule before the exception."""
    network = compiled.network
    s = network.explanation_index[w.answer]
    at = [(network.finding_index[f], state) for f, state in findings.items() if f not in w.tells]
    return all(network.p[network.start[f] + network.states[f].index(state), s] >= LEAST[w.level] for f, state in at)


def judged(compiled: Compiled, case: dict[str, Any]) -> Judged:
    return Judged(take_in(case_from(case), compiled, medicine_index(compiled.knowledge))[0])


def fits(found: Judged, w: Wanted) -> bool:
    """Whether the judgement is as sure as the level wants, with what was drawn first: else luck would be graded."""
    p = found.probability
    low, high = BANDS[w.level]
    near = w.level == 1 or p[w.tempting] >= 0.06
    return low <= p[w.answer] <= high and near and found.first.id == w.answer


def chosen(compiled: Compiled, w: Wanted) -> tuple[int, dict[str, Any], Judged]:
    """The first seed whose patient fits."""
    for seed in range(MOST_TRIES):
        case = draw_case(compiled, w, seed)
        if not tells_it(w, case["findings"]) or not typical(compiled, w, case["findings"]):
            continue
        found = judged(compiled, case)
        if fits(found, w):
            return seed, case, found
    raise SystemExit(f"{w.id}: no patient in {MOST_TRIES} fits")


def choices(found: Judged, answer: str, tempting: str, right: tuple[str, ...], others: tuple[str, ...]) -> list[str]:
    """Answer, look-alike and others, in the order of the alphabet: those of the plan, else the likeliest."""
    likeliest = tuple(e.id for e in found.ranked if e.id not in (answer, tempting, "other", *right))
    return sorted(list(dict.fromkeys((answer, tempting, *others, *likeliest)))[:5])


def asked(found: Judged, case: dict[str, Any]) -> list[str]:
    """Five findings of the history that were not told: the two worth most, two of the middle, the one worth least."""
    values = value_of(questions.open_agenda(found, ("history",)))
    ranked = [q.id for q in questions.by_value(found, values) if q.finding is not None and q.finding.core]
    open_ones = [q for q in ranked if q not in case["findings"]]
    middle = len(open_ones) // 2
    return sorted({*open_ones[:2], *open_ones[middle : middle + 2], *open_ones[-1:]})


def simulated(compiled: Compiled, w: Wanted) -> dict[str, Any]:
    seed, case, found = chosen(compiled, w)
    return {
        "id": w.id, "title": w.title, "level": w.level, "origin": "simulated", "seed": seed,
        "story": w.story, "case": case,
        "choices": choices(found, w.answer, w.tempting, w.right, w.others), "answer": w.answer,
        "right": list(w.right), "tempting": w.tempting, "lesson": w.lesson, "ask": asked(found, case),
    }  # fmt: skip


def published(compiled: Compiled, row: dict[str, Any], vignettes: dict[str, Vignette]) -> dict[str, Any]:
    v = vignettes[row["vignette"]]
    found = judged(compiled, v.case)
    source = {k: x for k, x in msgspec.to_builtins(v.source).items() if x is not None}
    right = tuple(e for e in v.expected.acceptable if e != row["tempting"])
    return {
        "id": v.id, "title": row["title"], "level": row["level"], "origin": "published", "source": source,
        "story": row["story"], "summary": v.summary, "case": v.case, "answer": v.expected.explanation,
        "right": list(right),
        "choices": choices(found, v.expected.explanation, row["tempting"], right, tuple(row.get("others", ()))),
        "tempting": row["tempting"], "lesson": row["lesson"], "ask": asked(found, v.case),
    }  # fmt: skip


def main() -> None:
    compiled = shipped_compiled()
    aside = set_aside(ROOT / "validation")
    vignettes = {v.id: v for v in read_all(ROOT / "validation/vignettes") if v.id not in aside}
    CASES.mkdir(exist_ok=True)
    for name, rows in (("simulated", WANTED), ("published", PLAN["published"])):
        file = CASES / f"{name}.yaml"
        made = [
            simulated(compiled, row) if isinstance(row, Wanted) else published(compiled, row, vignettes) for row in rows
        ]
        text = yaml.safe_dump({"cases": made}, sort_keys=False, allow_unicode=True, width=118)
        file.write_text(f"# Made by tools/make_course.py from make_course.yaml: change that.\n{text}", encoding="utf-8")


if __name__ == "__main__":
    main()
