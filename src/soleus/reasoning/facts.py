"""What the rules of the knowledge base can ask of a presentation."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property

from soleus.reasoning.intake import Presentation


@dataclass(frozen=True)
class PresentationFacts:
    """A presentation as `soleus.clinical.rules.Facts`."""

    presentation: Presentation
    probabilities: Mapping[str, float] = field(default_factory=dict)

    def state(self, finding: str) -> str | None:
        return self._states.get(finding)

    @cached_property
    def _states(self) -> dict[str, str]:
        return {finding: observation.state for finding, observation in self.presentation.observations.items()}

    def absent_state(self, finding: str) -> str | None:
        record = self.presentation.compiled.findings.get(finding)
        return record.absent if record else None

    def number(self, finding: str) -> float | None:
        observation = self.presentation.observations.get(finding)
        return observation.number if observation else None

    def has(self, contributor: str) -> bool | None:
        return self.presentation.said.get(contributor)

    def takes(self, medicine: str) -> bool | None:
        """True if taken; False only if medicines were listed and this one is not among them."""
        known = self.presentation.medicines
        if any(r.current and medicine in r.classes for r in known):
            return True
        return None if not known else False

    def probability(self, explanation: str) -> float | None:
        return self.probabilities.get(explanation)

    @property
    def age(self) -> float | None:
        return self.presentation.age

    @property
    def sex(self) -> str | None:
        return self.presentation.sex

    @property
    def pregnant(self) -> bool | None:
        return self.presentation.pregnant

    @property
    def setting(self) -> str:
        return self.presentation.setting
