"""What a sign speaks for: states of findings and the explanations in which they are found more than elsewhere."""

from __future__ import annotations

import math

from msgspec import Struct

from soleus.knowledge.schema.core import Finding, State
from soleus.library.model import RecordRef
from soleus.reasoning.compiled import Compiled

MOST = 4  # explanations that a state is said to speak for
_COMMON = 0.2  # share of people with the explanation; what is rarer in it is no sign of it
_TELLING = 1.5  # times as common as elsewhere
_REST = "other"


class SpeaksFor(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """An explanation with the share of people with it who have the state, and the share among others (0 to 1)."""

    explanation: str
    share: float
    elsewhere: float
    record: RecordRef

    @property
    def times(self) -> float:
        """How many times as common as elsewhere."""
        return self.share / max(self.elsewhere, 1e-4)


def speaks_for(compiled: Compiled, finding: str, state: str, most: int = MOST) -> tuple[SpeaksFor, ...]:
    """The explanations that a state of a finding speaks for, the most telling first; none where it tells nothing."""
    return compiled.once(_all).get((finding, state), ())[:most]


def _all(compiled: Compiled) -> dict[tuple[str, str], tuple[SpeaksFor, ...]]:
    found: dict[tuple[str, str], list[SpeaksFor]] = {}
    for (explanation, finding), likelihood in compiled.likelihoods.items():
        record, base = compiled.findings[finding], compiled.backgrounds.get(finding)
        for n, state in enumerate(record.states):
            if base is not None and explanation != _REST and state.id != record.absent:
                row = SpeaksFor(
                    explanation=explanation,
                    share=likelihood.p[n],
                    elsewhere=base.p[n],
                    record=RecordRef(kind="likelihood", id=likelihood.id),
                )
                if row.share >= _COMMON and row.times >= _TELLING:
                    found.setdefault((finding, state.id), []).append(row)
    return {key: tuple(sorted(rows, key=_telling)) for key, rows in found.items()}


def _telling(row: SpeaksFor) -> tuple[float, str]:
    return -row.share * math.log(row.times), row.explanation


def telling_states(compiled: Compiled, finding: Finding) -> tuple[State, ...]:
    """The states of a finding that speak for something."""
    return tuple(s for s in finding.states if speaks_for(compiled, finding.id, s.id))
