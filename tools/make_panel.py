"""Draw the panel of the review desk: invented people, spread over explanations, told as a first visit tells it.

    .venv/bin/python tools/make_panel.py        writes src/soleus/editorial/panel.yaml

Each person is drawn from the model with a fixed seed. The file is checked in and stays as it is when the knowledge
changes, so that what two versions say of the same people can be compared; draw it anew only when it no longer covers
the explanations that matter.
"""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

import numpy as np
import yaml

from soleus.inference.network import Context
from soleus.reasoning.compiled import Compiled, shipped_compiled
from soleus.validation.simulate import draw_patient

SEED = 20261129
COMMON, DANGEROUS = 44, 16  # explanations by how often they come, and of the rest those that must not be missed
MORE = {"nocturnal_leg_cramp": 6, "restless_legs_syndrome": 4}  # what people come with: drawn more than once
TOLD = 12  # answers beside what opens the complaint
ADULT = [(18, 39), (40, 64), (65, 79), (80, 92)]
OUT = Path(__file__).resolve().parent.parent / "src/soleus/editorial/panel.yaml"


def people(compiled: Compiled) -> list[dict[str, Any]]:
    """A person for each explanation of the panel, several for a few."""
    rng = np.random.default_rng(SEED)
    drawn = [(s, n) for s in _explanations(compiled) for n in range(MORE.get(s, 1))]
    return [{"id": f"panel_{s}{f'_{n + 1}' if n else ''}", **_person(compiled, s, rng)} for s, n in drawn]


def _explanations(compiled: Compiled) -> list[str]:
    rate = compiled.context(None, None, "primary_care").log_rate
    ids = compiled.network.explanations
    ranked = [ids[i] for i in np.argsort(-rate, kind="stable")]
    common = ranked[:COMMON]
    danger = [s for s in ranked[COMMON:] if compiled.explanations[s].must_not_miss]
    return sorted([*common, *danger[:DANGEROUS]])


def _person(compiled: Compiled, s: str, rng: np.random.Generator) -> dict[str, Any]:
    age, sex = _age_and_sex(compiled, s, rng)
    context, number = compiled.context(age, sex, "primary_care"), compiled.network.explanation_index[s]
    answers = draw_patient(compiled.network, _only(context, number), _findings(compiled), rng, redraw=False).answers
    case: dict[str, Any] = {"person": {"age": int(age), "sex": sex}, "findings": _told(compiled, answers, rng)}
    if sex == "female" and age < 50:
        case["person"]["pregnant"] = False
    if conditions := _conditions(compiled, context, number, sex, rng):
        case["conditions"] = conditions
    return {"drawn_from": s, "case": case}


def _age_and_sex(compiled: Compiled, s: str, rng: np.random.Generator) -> tuple[float, str]:
    """Drawn by the rate of the explanation in each band of adults."""
    cells = [(band, sex) for band in ADULT for sex in ("female", "male")]
    number = compiled.network.explanation_index[s]
    contexts = [compiled.context((lo + hi) / 2, sex, "primary_care") for (lo, hi), sex in cells]
    weight = np.exp([c.log_rate[number] for c in contexts])
    (lo, hi), sex = cells[int(rng.choice(len(cells), p=weight / weight.sum()))]
    return float(rng.integers(lo, hi + 1)), sex


def _only(context: Context, number: int) -> Context:
    """A context in which one explanation alone can be."""
    log_rate = np.full_like(context.log_rate, -np.inf)
    log_rate[number] = 0.0
    return dataclasses.replace(context, log_rate=log_rate)


def _findings(compiled: Compiled) -> list[int]:
    return [compiled.network.finding_index[f.id] for f in compiled.findings.values() if f.core]


def _told(compiled: Compiled, answers: dict[int, int], rng: np.random.Generator) -> dict[str, str]:
    """What opens the complaint, and some of the rest."""
    network = compiled.network
    opening = [f for f in answers if compiled.findings[network.findings[f]].opening is not None]
    rest = [f for f in answers if f not in opening]
    told = [*opening, *rng.choice(rest, size=TOLD, replace=False).tolist()]
    return {network.findings[f]: network.states[f][answers[f]] for f in sorted(told)}


def _conditions(compiled: Compiled, context: Context, s: int, sex: str, rng: np.random.Generator) -> list[str]:
    """States of the person, drawn by how common they are among those with the explanation."""
    out = []
    for block in compiled.network.blocks:
        at = np.flatnonzero(block.columns == s)
        for k, c in enumerate(block.members):
            record = compiled.contributors[compiled.network.contributors[c]]
            rho = float(np.exp(block.log_rho[k, at[0]])) if len(at) else 1.0
            q = float(context.prevalence[c])
            share = 1.0 if len(at) and block.necessary[k, at[0]] else q * rho / (1 - q + q * rho)
            fits = record.sex in (None, sex) and record.same_as is None and record.kind != "physiological"
            if fits and rng.random() < share:
                out.append(record.id)
    return sorted(out)


if __name__ == "__main__":
    found = people(shipped_compiled())
    head = "# Drawn by tools/make_panel.py: invented people, no patient. Kept as it is when the knowledge changes.\n"
    OUT.write_text(head + yaml.safe_dump(found, sort_keys=False, width=118, default_flow_style=None), encoding="utf-8")
    print(f"{len(found)} people: {OUT.name}")
