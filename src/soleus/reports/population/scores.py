"""What everybody would be told, as rows with their bars."""

from __future__ import annotations

from dataclasses import dataclass

from markupsafe import Markup

from soleus.population.reporting.form import ExplanationRow, ScoringPart
from soleus.reports.population.counted import bar
from soleus.reports.population.words import SEXES, age_words, count


@dataclass(frozen=True)
class Shown:
    """An explanation with its mean probability; ``who``: a group of people."""

    who: str
    name: str
    mean: str
    first: str
    plot: Markup


def scored(part: ScoringPart) -> list[tuple[str, str, list[Shown], list[Shown]]]:
    """(heading, people, the most probable explanations, the most probable of each group), with a complaint first."""
    headings = {True: "With a complaint of the legs on record in the last year",
                False: "Without one: as they would be judged if they brought one"}  # fmt: skip
    return [
        (
            headings[row.complaint],
            count(row.people),
            [_shown(x) for x in part.explanations if x.complaint is row.complaint and x.mean_probability is not None],
            [_shown(x) for x in part.by_group if x.complaint is row.complaint],
        )
        for row in sorted(part.complaints, key=lambda row: not row.complaint)
        if row.people is not None
    ]


def _shown(x: ExplanationRow) -> Shown:
    mean = x.mean_probability or 0.0
    who = f"{SEXES.get(x.sex, x.sex)}, {age_words(x.age)}" if x.sex is not None else ""
    return Shown(who, x.name, f"{100 * mean:.1f} %", count(x.first), bar(mean))
