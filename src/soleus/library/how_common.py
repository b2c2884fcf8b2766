"""Tables of how common things are: rates by age and sex, prevalence, published figures."""

from __future__ import annotations

from collections.abc import Sequence

from soleus.knowledge.amounts import Amount
from soleus.knowledge.schema.core import Contributor, Rate
from soleus.knowledge.schema.medicines import Fact
from soleus.library.figures import number, told, with_unit
from soleus.library.model import Row, Table
from soleus.library.tables import share
from soleus.library.writing import ref_of
from soleus.reasoning.assessment import Audience
from soleus.reasoning.citing import Citer
from soleus.reports.words import sentence

MOST_FACTS = 14

_BANDS = {"0_17": "under 18", "18_39": "18 to 39", "40_64": "40 to 64", "65_79": "65 to 79", "80_plus": "80 and over"}
_CELLS = {"female": "Women", "male": "Men", "f": "Women", "m": "Men", "all": "Everybody"}
_YOUNG = {"Women": "Girls", "Men": "Boys"}


def cell_words(cell: str) -> str:
    """A cell of a rate or prevalence in words: ``f_65_79`` is "Women 65 to 79"."""
    who, _, band = cell.partition("_")
    name, ages = _CELLS.get(who, who), _BANDS.get(band, band.replace("_", " "))
    if band == "65_plus":
        ages = "65 and over"
    return " ".join(filter(None, (_YOUNG.get(name, name) if band == "0_17" else name, ages)))


def rates_table(rate: Rate, audience: Audience, citer: Citer) -> Table:
    """New presentations in primary care by age and sex, per 100,000 people a year."""
    rows = tuple(
        Row(
            label=cell_words(cell),
            figure=number(value),
            value=value,
            basis=rate.basis,
            record=ref_of(rate),
        )
        for cell, value in sorted(rate.per_100k.items())
    )
    title = "People who first see a doctor with it, of 100,000 in a year"
    return Table(
        id="rates",
        title="New presentations in primary care, per 100,000 a year" if audience == "clinician" else title,
        scale="amount",
        rows=rows,
        columns=("Who", "Per 100,000 a year", ""),
        cites=citer.cite(rate.source),
        note=sentence(rate.note or "") if audience == "clinician" else "",
    )


def prevalence_table(contributor: Contributor, audience: Audience, citer: Citer) -> Table:
    """How common a contributor is, by age and sex."""
    return Table(
        id="prevalence",
        title="How common it is",
        scale="share",
        rows=tuple(
            Row(
                label=cell_words(cell),
                figure=share(p, audience),
                value=p,
                basis=contributor.prevalence_basis,
                record=ref_of(contributor),
            )
            for cell, p in contributor.prevalence.items()
            if p > 0
        ),
        columns=("Who", "Share of people", ""),
        cites=citer.cite(contributor.prevalence_source),
    )


def facts_table(facts: Sequence[Fact], id: str, title: str, citer: Citer) -> Table:
    """Published figures, as they are given, up to `MOST_FACTS`; drawn where all are ratios or shares."""
    shown = list(facts)[:MOST_FACTS]
    units = {f.unit for f in shown if f.value is not None}
    scale = "ratio" if units == {"ratio"} else "share" if units == {"proportion"} else "none"
    return Table(
        id=id,
        title=title,
        scale=scale,  # type: ignore[arg-type]  # one of the words of the model
        rows=tuple(
            Row(
                label=sentence(f.statement),
                figure=fact_words(f),
                value=f.value if scale != "none" else None,
                low=f.low if scale != "none" else None,
                high=f.high if scale != "none" else None,
                note="; ".join(filter(None, (f.population, f"n {f.n:,}" if f.n else ""))),
                basis=f.basis,
                record=ref_of(f),
                cites=citer.cite(f.source),
            )
            for f in shown
        ),
        columns=("What was found", "Figure (95% interval)", "In whom"),
    )


def fact_words(f: Fact) -> str:
    """A fact's figure in words; a direction only where no number was read."""
    amount = Amount(f.value, f.low, f.high, f.unit, f.n, f.count, f.comparator_value)
    if f.value is None:
        return told(amount, "range") or "direction only"
    against = f", against {with_unit(f.comparator_value, f.unit)}" if f.comparator_value is not None else ""
    return f"{told(amount, 'interval')}{against}"
