"""Write what the survey says as facts of the knowledge base, and the page that sets them side by side with it.

    .venv/bin/python tools/make_nhanes_facts.py FOLDER

FOLDER holds the public tables of NHANES 2005-2008. Writes src/soleus/knowledge/data/facts_nhanes.yaml and
docs/nhanes.md; a test under SOLEUS_TEST_DATA compares both. Afterwards: `soleus knowledge compile`.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from textwrap import wrap
from typing import Any

import numpy as np
from knowledge_yaml import dump_records

from soleus.knowledge.schema.medicines import Fact
from soleus.population.nhanes.analysis import Analysis, OddsRatio, Prevalence, Survey, analyse
from soleus.population.nhanes.definitions import Factor
from soleus.population.nhanes.tables import Floats
from soleus.reports.nhanes import GROUPS, LIMITS, method, ranked, ratio_words, share_words
from soleus.reports.words import join
from soleus.statistics.survey import Flags, share

ROOT = Path(__file__).resolve().parent.parent
FACTS = ROOT / "src/soleus/knowledge/data/facts_nhanes.yaml"
PAGE = ROOT / "docs/nhanes.md"
SOURCE = "nhanes0508"
TOPIC = "nocturnal_leg_cramps_nhanes"
PUBLISHED = {"mild": "24 to 25", "moderate_to_severe": "6"}  # grandner2017, both cycles


# ------------------------------------------------------------------------------------------------------------ facts


def facts(found: Analysis) -> list[dict[str, Any]]:
    """A fact for each odds ratio that exists, and the shares of adults by cycle."""
    years = f"NHANES {found.cycles[0][:4]}-{found.cycles[-1][-4:]}"
    ratios = [_ratio_fact(r, years) for r in found.odds_ratios if r.adjusted is not None]
    return [*ratios, *(_share_fact(p) for p in _shares(found))]


def _shares(found: Analysis) -> list[Prevalence]:
    wide = f"{found.adults_from:g}+"
    levels = ("any", "mild", "moderate_to_severe")
    return [p for p in found.prevalence if (p.age, p.sex, p.factor) == (wide, None, None) and p.level in levels]


def _ratio_fact(r: OddsRatio, years: str) -> dict[str, Any]:
    assert r.adjusted is not None
    assert r.adjusted_low is not None
    assert r.adjusted_high is not None
    what = f"{r.name}: odds of cramps on 5+ nights a month vs fewer or none, adjusted for {join(r.adjusted_for)}"
    cycles = years if len(r.cycles) > 1 else f"NHANES {r.cycles[0]}"
    return {
        "id": f"nha-{r.factor.replace('_', '-')}",
        "topic": _topic(r),
        "statement": what,
        "measure": "odds_ratio",
        "value": round(r.adjusted, 3),
        "low": round(r.adjusted_low, 3),
        "high": round(r.adjusted_high, 3),
        "interval": "confidence_95",
        "unit": "ratio",
        "population": f"US {r.among or 'adults 18+'}, {cycles}",
        "n": r.n,
        **({} if r.family is None else {"family": r.family}),
        "basis": "derived",
        "source": [SOURCE],
        "note": "; ".join(_notes(r)),
    }


def _topic(r: OddsRatio) -> str:
    if r.medicine_class is not None:
        return r.medicine_class
    if r.group == "laboratory" and r.knowledge:
        return r.knowledge[0].contributor
    return TOPIC


def _notes(r: OddsRatio) -> Iterator[str]:
    if r.n_exposed is not None:
        yield f"{r.n_exposed_cases:,} of {r.n_exposed:,} people with it have them (not weighted)"
    yield f"crude {ratio_words(r.crude, r.crude_low, r.crude_high)}"
    if r.family is not None:
        yield f"confounded as all of the family {r.family}: poor health, of which ill people and takers have more"
    if r.few:
        yield "few people"
    if r.note:
        yield r.note.rstrip(".")


def _share_fact(p: Prevalence) -> dict[str, Any]:
    told = {
        "any": "Any leg cramps",
        "mild": "Leg cramps on 1-4 nights",
        "moderate_to_severe": "Leg cramps on 5+ nights",
    }
    cycle = p.cycle or "2005-2008"
    return {
        "id": f"nha-{'pooled' if p.cycle is None else p.cycle}-{p.level.replace('_', '-')}",
        "topic": f"{TOPIC}_18_plus",
        "statement": f"{told[p.level]} while trying to sleep in the past month",
        "measure": "prevalence",
        "value": round(p.share, 4),
        "low": p.low and round(p.low, 4),
        "high": p.high and round(p.high, 4),
        "interval": "confidence_95",
        "unit": "proportion",
        "population": f"US adults {p.age}, NHANES {cycle}",
        "n": p.n,
        "count": p.count,
        "age": p.age,
        "basis": "derived",
        "source": [SOURCE],
    }


# --------------------------------------------------------------------------------------- the facts that were there


@dataclass(frozen=True)
class Again:
    """A fact of the knowledge base that came from the same tables, and the same figure made anew."""

    fact: Fact
    value: float
    low: float | None
    high: float | None
    n: int

    @property
    def same(self) -> bool:
        """The value to its last digit, in as many people."""
        assert self.fact.value is not None
        digits = 3 if self.fact.measure == "odds_ratio" else 4
        return round(self.value, digits) == self.fact.value and self.n == self.fact.n


#: Words of an earlier id -> factor here, where they differ.
CONDITIONS = {
    "calcium_lt_88": "calcium_low",
    "current_smoker": "smoking_current",
    "fair_poor_health": "fair_or_poor_health",
    "hba1c_per_pct": "hba1c_per_1",
    "leg_jerks_5plus": "leg_jerks_often",
    "potassium_lt_35": "potassium_low",
    "sodium_lt_135": "sodium_low",
}
MEDICINES = {
    "ace": "ace_inhibitor", "arb": "arb", "bb": "beta_blocker_no_isa", "bisph": "bisphosphonate",
    "ccb": "ccb_dihydropyridine", "cs": "corticosteroid", "estro": "hrt_oral", "gaba": "gabapentinoid",
    "ksp": "k_sparing", "laba": "laba", "levo": "thyroid", "loop": "loop", "nsaid": "nsaid", "ppi": "ppi",
    "quin": "quinine_class", "saba": "saba_class", "ssri": "ssri", "statin": "statin", "thz": "thiazide",
}  # fmt: skip
WHY = {
    "bb": "eye drops were counted, and carvedilol stands in another class now",
    "ccb": "nisoldipine is counted now",
    "cs": "hydrocortisone and the like are counted now, not prednisone alone",
    "estro": "contraceptives were counted",
    "levo": "desiccated and other thyroid hormone is counted now",
    "nsaid": "the class has more members now",
    "saba": "pirbuterol is counted now",
    "diabetes": "borderline diabetes was left out, and counts as no now",
}
MISSING_ANSWER = "who did not know about medicines was left out, and counts as not taking them now"
WIDE = ("age", "sex", "education_9_to_11", "education_high_school", "education_some_college", "education_college",
        "body_mass_index")  # fmt: skip
LEVELS = {"any": "any", "mild": "mild", "ms": "moderate_to_severe"}


class Earlier:
    """The figures of the facts that were there, made anew as they were made: adults from 20, against never."""

    def __init__(self, survey: Survey) -> None:
        self.survey, self.people = survey, survey.people
        self.factors = {f.id: f for f in survey.factors}
        self.adults = survey.people.age >= 20

    def all(self) -> Iterator[Again]:
        for fact in self.survey.knowledge.all(Fact):
            if SOURCE in fact.source and fact.basis == "derived" and fact.value is not None:
                made = self._again(fact)
                if made is not None:
                    yield made

    def _again(self, fact: Fact) -> Again | None:
        if match := re.fullmatch(r"nhx-or-(.+)-(mild|ms)", fact.id):
            name = CONDITIONS.get(match[1], match[1])
            return self._ratio(fact, self.factors.get(name), match[2], self.adults)
        if match := re.fullmatch(r"nhrx-(\w+?)(-htn|-air)?", fact.id):
            return self._ratio(fact, self.factors.get(MEDICINES.get(match[1], "")), "ms", self._restricted(match[2]))
        if match := re.fullmatch(r"nhx-(\d+)-(\d+|plus)-(all|female|male)-(any|mild|ms)", fact.id):
            last = np.inf if match[2] == "plus" else float(match[2])
            inside = (self.people.age >= float(match[1])) & (self.people.age <= last)
            of = inside if match[3] == "all" else inside & (self.people.sex == match[3])
            return self._share(fact, LEVELS[match[4]], of)
        if match := re.fullmatch(r"nhx-level-(\d)", fact.id):
            return self._share(fact, self.survey.told.outcome.answers[int(match[1])], self.adults)
        if match := re.fullmatch(r"nhx-wave-(\d{4})-\d\d-(any|mild|ms)", fact.id):
            cycle = [c.years[:4] for c in self.people.cycles].index(match[1])
            return self._share(fact, LEVELS[match[2]], self.adults & (self.people.cycle == cycle))
        return self._of_pregnancy(fact)

    def _of_pregnancy(self, fact: Fact) -> Again | None:
        state, month = self.people.column("DEMO", "RIDEXPRG"), self.people.column("RHQ", "RHD152")
        pregnant, women = state == 1, (state == 2) & (self.people.age >= 20) & (self.people.age <= 44)
        groups = {
            "preg-nh": pregnant,
            "preg-nh-ctl": women,
            "preg-nh-t1": pregnant & (month >= 1) & (month <= 3),
            "preg-nh-t2": pregnant & (month >= 4) & (month <= 6),
            "preg-nh-t3": pregnant & (month >= 7) & (month <= 10),
        }
        name = fact.id.removesuffix("-any").removesuffix("-ms")
        level = "moderate_to_severe" if fact.id.endswith("-ms") else "any"
        return self._share(fact, level, groups[name]) if name in groups else None

    def _restricted(self, to: str | None) -> Flags:
        if to is None:
            return self.adults
        names = ("hypertension",) if to == "-htn" else ("asthma", "emphysema", "chronic_bronchitis")
        return self.adults & np.any([self._value(n) == 1 for n in names], axis=0)

    def _value(self, name: str) -> Floats:
        return self.survey.value(self.factors[name])

    def _ratio(self, fact: Fact, factor: Factor | None, level: str, within: Flags) -> Again | None:
        if factor is None:
            return None
        group = self.survey.told.outcome.groups[LEVELS[level]]
        answer = self.people.answer
        outcome = np.where(np.isin(answer, group), 1.0, np.where(answer == 0, 0.0, np.nan))
        fit = self.survey.fit(outcome, self.survey.value(factor), WIDE, "examination", within)
        ratio = fit.ratio(0) if fit else None
        if fit is None or ratio is None:
            return None
        return Again(fact, ratio.value, ratio.low, ratio.high, fit.n)

    def _share(self, fact: Fact, level: str, within: Flags) -> Again | None:
        found = share(self.people.designs["interview"], self.survey.level(level), within)
        return Again(fact, found.value, found.low, found.high, found.n) if found else None


# ------------------------------------------------------------------------------------------------------------- page


def page(found: Analysis, earlier: list[Again]) -> str:
    return (
        "\n".join([*_head(found), *_how_often(found), *_beside(found), *_checked(earlier), *_note_of_statins()]) + "\n"
    )


def _head(found: Analysis) -> Iterator[str]:
    yield "<!-- Made by tools/make_nhanes_facts.py: do not edit. -->\n"
    yield "# Leg cramps in a national survey\n"
    yield "No clinician has reviewed this. NHANES asked in 2005-2008 how often people had leg cramps while trying to"
    yield "sleep. Anyone can make the figures below anew from its public tables:\n"
    yield "```text\nsoleus population nhanes FOLDER --format html --out nhanes.html\n```\n"
    yield "The definition of every factor, with its codes, is `src/soleus/population/nhanes/factors.yaml`.\n"
    yield paragraph(method(found))
    yield "## What it cannot say\n"
    yield from (paragraph(f"- {limit}", "  ").rstrip() for limit in LIMITS)
    yield ""


def _how_often(found: Analysis) -> Iterator[str]:
    yield "## How often, per cent of adults\n"
    columns = (*found.cycles, "pooled")
    yield f"| cramps in the past month | {' | '.join(columns)} | published |"
    yield f"|---|{'---|' * (len(columns) + 1)}"
    for level in ("any", "mild", "moderate_to_severe"):
        cells = [next(p for p in _shares(found) if p.level == level and (p.cycle or "pooled") == c) for c in columns]
        yield f"| {level.replace('_', ' ')} | {' | '.join(map(share_words, cells))} | {PUBLISHED.get(level, '')} |"
    yield "\nPublished: Grandner and Winkelman 2017, from the same question. Mild is 1 to 4 nights, moderate to severe"
    yield "5 or more.\n"


def _beside(found: Analysis) -> Iterator[str]:
    yield "## Beside the knowledge base\n"
    told = (
        "The survey's ratio, adjusted for age and sex, and the ratio that the knowledge base predicts with (its causal "
        "ratio in brackets). “Outside”: the knowledge's ratio lies outside the survey's interval. That is no error of "
        "either: the survey's ratios share the effect of poor health, so the knowledge base draws those of the family "
        "`nhanes_prevalent_users` together and takes nothing of them to be causal; where a trial or a cohort is at "
        "hand, it rests on that. Those marked * rest on few people."
    )
    yield paragraph(told)
    for group, title in GROUPS.items():
        yield f"### {title}\n"
        yield "| factor | people (with frequent cramps) | crude | adjusted | knowledge | |"
        yield "|---|---|---|---|---|---|"
        yield from (_line(r) for r in ranked(found, group))
        yield ""


def _line(r: OddsRatio) -> str:
    people = f"{r.n:,}" if r.n_exposed is None else f"{r.n_exposed:,} ({r.n_exposed_cases:,})"
    known = [k for k in r.knowledge if k.rho is not None]
    told = join([f"{k.contributor} {k.rho:g} ({k.causal_rho:g})" for k in known]) if known else ""
    cells = (
        f"{r.name}{' *' if r.few else ''}", people, ratio_words(r.crude, r.crude_low, r.crude_high),
        ratio_words(r.adjusted, r.adjusted_low, r.adjusted_high), told, "outside" if _outside(r) else "",
    )  # fmt: skip
    return f"| {' | '.join(cells)} |"


def _outside(r: OddsRatio) -> bool:
    if r.adjusted_low is None or r.adjusted_high is None:
        return False
    return any(not r.adjusted_low <= k.rho <= r.adjusted_high for k in r.knowledge if k.rho is not None)


def _checked(earlier: list[Again]) -> Iterator[str]:
    same = [e for e in earlier if e.same]
    told = (
        f"The knowledge base holds {len(earlier)} figures that were worked out from the same tables before (facts "
        "`nhx-`, `nhrx-`, `preg-nh-`): adults from 20; odds ratios against never, adjusted for age, sex, education and "
        "body mass, with the weights of the examination. Made anew in the same way, "
        f"{len(same)} agree to the last digit and in the number of people. Their intervals were made with the normal "
        "distribution; with Student's t they are a little wider. "
        f"By it, these no longer leave out 1: {_touching(earlier)}. The other {len(earlier) - len(same)}:"
    )
    yield "## The earlier facts, made anew\n"
    yield paragraph(told)
    yield "| fact | it says | n | made anew | n | why |"
    yield "|---|---|---|---|---|---|"
    yield from (_again_line(e) for e in earlier if not e.same)
    yield "\nNo value in the knowledge base was changed for this.\n"


def _touching(earlier: list[Again]) -> str:
    """Ratios whose interval left out 1 as it was made, and does not by Student's t."""
    ratios = [e for e in earlier if e.fact.measure == "odds_ratio"]
    return join(
        [e.fact.id for e in ratios if _leaves_out_1(e.fact.low, e.fact.high) and not _leaves_out_1(e.low, e.high)]
    )


def _leaves_out_1(low: float | None, high: float | None) -> bool:
    return low is not None and high is not None and not low <= 1 <= high


def _again_line(e: Again) -> str:
    kind = re.sub(r"^(nhrx|nhx-or)-|-(htn|air|mild|ms)$", "", e.fact.id).removesuffix("-htn").removesuffix("-air")
    of_medicines = e.fact.id.startswith("nhrx-")
    why = "; ".join(filter(None, (WHY.get(kind), MISSING_ANSWER if of_medicines else None)))
    before = ratio_words(e.fact.value, e.fact.low, e.fact.high)
    return f"| {e.fact.id} | {before} | {e.fact.n:,} | {ratio_words(e.value, e.low, e.high)} | {e.n:,} | {why} |"


def _note_of_statins() -> Iterator[str]:
    yield "## A figure that is not reproduced\n"
    yield paragraph(
        "A reference figure of 1.07 (0.81–1.41) for statins comes out only if every medicine whose name contains "
        "STATIN is counted, nystatin among them: six people take it, against fungi. Without it the ratio is 1.06 "
        "(0.80–1.40), as above. A test holds both."
    ).rstrip()


def paragraph(text: str, indent: str = "") -> str:
    """Lines of a readable length, and an empty one."""
    return "\n".join(wrap(text, 118, subsequent_indent=indent, break_on_hyphens=False)) + "\n"


def main(folder: Path) -> None:
    found = analyse(folder)
    dump_records(FACTS, "fact", facts(found), one_line=True)
    PAGE.write_text(page(found, list(Earlier(Survey(folder)).all())), encoding="utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
