"""Work-up, management, guides and when to seek care, put together for one complaint."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from functools import cached_property
from pathlib import Path

from soleus.knowledge.loader import DATA, Knowledge
from soleus.knowledge.schema.care import Treatment, WorkUp
from soleus.reasoning import management as managing
from soleus.reasoning import work_up as working
from soleus.reasoning.assessment import Audience, Guide, ManagementItem, WorkUpItem
from soleus.reasoning.citing import Citer
from soleus.reasoning.facts import PresentationFacts
from soleus.reasoning.judging import Judged
from soleus.reasoning.medicines import medicine_index
from soleus.reasoning.red_flags import RedFlagResult

_OFFERED = ("recommended", "consider", "check_first")


class Figures(Mapping[str, str]):
    """The drawings of the knowledge base by name, each read once, when it is asked for."""

    def __init__(self, folder: Path = DATA / "guides") -> None:
        self._folder = folder
        self._read: dict[str, str] = {}

    def __getitem__(self, name: str) -> str:
        if name not in self._read:
            path = self._folder / f"{name}.svg"
            if not path.is_file():
                raise KeyError(name)
            self._read[name] = path.read_text(encoding="utf-8")
        return self._read[name]

    def __iter__(self) -> Iterator[str]:
        return (p.stem for p in sorted(self._folder.glob("*.svg")))

    def __len__(self) -> int:
        return sum(1 for _ in self)


def _care(knowledge: Knowledge) -> managing.Care:
    return managing.Care.of(knowledge, Figures())


class CarePlan:
    """What to do for one complaint, computed once."""

    def __init__(
        self, judged: Judged, facts: PresentationFacts, flags: Sequence[RedFlagResult], audience: Audience, citer: Citer
    ) -> None:
        self._judged, self._facts, self._audience, self._citer = judged, facts, audience, citer
        self._care = judged.compiled.knowledge.once(_care)
        self._flags = [f.flag for f in flags]

    @cached_property
    def _plan(self) -> managing.Management:
        return managing.plan(
            self._care,
            self._facts,
            self._judged.probability,
            self._audience,
            flags=self._flags,
            citer=self._citer,
            country=self._judged.presentation.case.country,
        )

    def work_up(self) -> tuple[WorkUpItem, ...]:
        """What is worth testing, and what is not."""
        items = self._judged.compiled.knowledge.all(WorkUp)
        return working.work_up(items, self._facts, self._audience, citer=self._citer)

    def management(self) -> tuple[ManagementItem, ...]:
        """Treatment and prevention graded for this person; what is taken already is not offered as new."""
        taken = {c for r in self._judged.presentation.medicines if r.current for c in r.classes}
        return tuple(i for i in self._plan.items if not (i.advice in _OFFERED and self._medicine(i) in taken))

    def _medicine(self, item: ManagementItem) -> str | None:
        """The medicine that a treatment is, by its name."""
        row = self._judged.compiled.knowledge.by_id(Treatment).get(item.id)
        if row is None or row.kind != "medicine":
            return None
        found = medicine_index(self._judged.compiled.knowledge).find(row.name)
        return found.id if found else None

    def guides(self) -> tuple[Guide, ...]:
        """Illustrated steps."""
        shown = replace(self._care, guides=tuple(g for g in self._care.guides if g.id != "when_to_seek_care"))
        return managing.guides(
            shown, self._facts, self._plan.planned_for, emergency=self._plan.emergency, citer=self._citer
        )

    def seek_care(self) -> tuple[str, ...]:
        """When to seek care, in plain words."""
        return managing.seek_care(self._care)
