"""Where it is felt: for each region of the leg the explanations whose trouble sits there, the commonest first."""

from __future__ import annotations

from collections.abc import Iterator
from math import log

from msgspec import Struct

from soleus.knowledge.schema.core import State
from soleus.library.model import RecordRef
from soleus.reasoning.compiled import Compiled

SITE = "site"
_LEAST = 0.15  # share of people with the explanation who feel it mainly there
_REST = "other"
_SETTING = "primary_care"


class Here(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """An explanation that is felt in a region, with the share of people with it who feel it mainly there (0 to 1)."""

    explanation: str
    share: float
    record: RecordRef


def regions(compiled: Compiled) -> tuple[State, ...]:
    """The regions: the states of the finding ``site``."""
    return compiled.findings[SITE].states


def felt_in(compiled: Compiled, region: str) -> tuple[Here, ...]:
    """What is felt in a region, in the order in which adults with trouble there come with it in primary care."""
    return compiled.once(_all)[region]


def _all(compiled: Compiled) -> dict[str, tuple[Here, ...]]:
    rates = compiled.context(None, None, _SETTING).log_rate.tolist()
    log_rate = dict(zip(compiled.network.explanations, rates, strict=True))
    return {
        state.id: tuple(
            sorted(_felt(compiled, n), key=lambda h: (-log_rate[h.explanation] - log(h.share), h.explanation))
        )
        for n, state in enumerate(regions(compiled))
    }


def _felt(compiled: Compiled, state: int) -> Iterator[Here]:
    """The explanations that are felt mainly in one region often enough, in no order."""
    for (explanation, finding), row in compiled.likelihoods.items():
        if finding == SITE and explanation != _REST and row.p[state] >= _LEAST:
            record = RecordRef(kind="likelihood", id=row.id)
            yield Here(explanation=explanation, share=row.p[state], record=record)
