"""How the posteriors of cases move from one knowledge base to another."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from soleus.clinical.case import Case
from soleus.errors import SoleusError
from soleus.reasoning.compiled import Compiled
from soleus.reasoning.intake import take_in
from soleus.reasoning.judging import Judged
from soleus.reasoning.medicines import MedicineIndex


@dataclass(frozen=True)
class Shift:
    """One case under two bases.

    ``distance`` is half the sum of absolute differences (0 alike, 1 disjoint); ``moved`` the explanation that moved
    most, with its probability before and after. ``error`` says which base could not judge the case, and then the
    rest is empty and ``distance`` 1.
    """

    case: str
    distance: float
    moved: str = ""
    before: float = 0.0
    after: float = 0.0
    first_before: str = ""
    first_after: str = ""
    error: str | None = None


def shifts(before: Compiled, after: Compiled, cases: Iterable[Case]) -> tuple[Shift, ...]:
    """The shift of each case (its first complaint), largest first."""
    indices = MedicineIndex(before.knowledge), MedicineIndex(after.knowledge)
    found = [_shift(case, (before, after), indices) for case in cases]
    return tuple(sorted(found, key=lambda s: (-s.distance, s.case)))


def _shift(case: Case, bases: tuple[Compiled, Compiled], indices: tuple[MedicineIndex, MedicineIndex]) -> Shift:
    posteriors = []
    for name, compiled, index in zip(("before", "after"), bases, indices, strict=True):
        try:
            posteriors.append(Judged(take_in(case, compiled, index)[0]).probability)
        except SoleusError as error:
            return Shift(case.id, 1.0, error=f"{name}: {error}")
    return _moved(case.id, *posteriors)


def _moved(case: str, old: dict[str, float], new: dict[str, float]) -> Shift:
    gap = {s: new.get(s, 0.0) - old.get(s, 0.0) for s in {*old, *new}}
    most = max(sorted(gap), key=lambda s: abs(gap[s]))
    return Shift(
        case=case,
        distance=sum(abs(x) for x in gap.values()) / 2,
        moved=most,
        before=old.get(most, 0.0),
        after=new.get(most, 0.0),
        first_before=next(iter(old)),
        first_after=next(iter(new)),
    )
