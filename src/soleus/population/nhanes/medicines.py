"""From the names of medicines in the survey to the classes of the knowledge base."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from itertools import permutations

import numpy as np

from soleus.knowledge.schema.medicines import Medicine
from soleus.population.nhanes.definitions import Factor, MedicineTables
from soleus.population.nhanes.people import People
from soleus.population.nhanes.tables import Floats
from soleus.reasoning.medicines import MedicineIndex

_MOST_PARTS = 3  # of a combination that is looked for as a whole, in any order


class Classes:
    """Which classes a name such as "FLUTICASONE; SALMETEROL" belongs to."""

    def __init__(self, index: MedicineIndex, told: MedicineTables) -> None:
        self.index, self.told = index, told

    def of(self, name: str) -> frozenset[str]:
        """Ids of all classes, the wider ones too; none for what is not taken into the body or not known."""
        if name.split(" ")[-1] in self.told.local:  # said once, at the end, of all parts
            return frozenset()
        taken = [part.strip() for part in name.split(self.told.separator)]
        whole = self._combination(taken)
        medicines = [whole] if whole else [m for part in taken if part and (m := self._single(part))]
        return frozenset(c for m in medicines for c in self._upwards(m))

    def _combination(self, parts: list[str]) -> Medicine | None:
        if not 1 < len(parts) <= _MOST_PARTS:
            return None
        spelled = [self.told.spelling.get(part, part) for part in parts]
        for order in permutations(spelled):
            found = self.index.find_all(" / ".join(order))
            if len(found) == 1 and found[0].level == "combination":
                return found[0]
        return None

    def _single(self, part: str) -> Medicine | None:
        known = self.told.names.get(part)
        return self.index.records[known] if known else self.index.find(part)

    def _upwards(self, medicine: Medicine) -> Iterator[str]:
        if medicine.level == "class":
            yield medicine.id
        if medicine.id not in self.told.apart:
            for parent in medicine.member_of:
                if parent in self.index.records:
                    yield from self._upwards(self.index.records[parent])


def taken(people: People, index: MedicineIndex) -> dict[str, Floats]:
    """Class -> 1 for who took one of it in the past month, 0 for who did not, NaN in a cycle without the table."""
    told = people.told.medicines
    of = cache(Classes(index, told).of)
    found: dict[str, Floats] = {}
    lacking = np.zeros(len(people), bool)
    for number, cycle in enumerate(people.cycles):
        table = people.rows(told.table, cycle)
        if table is None:
            lacking |= people.cycle == number
            continue
        for place, name in zip(people.places(table, number, once=False), table.words(told.name), strict=True):
            for c in of(name):
                found.setdefault(c, np.zeros(len(people)))[place] = 1.0
    return {c: np.where(lacking, np.nan, values) for c, values in found.items()}


def medicine_factors(users: dict[str, int], index: MedicineIndex, told: MedicineTables) -> tuple[Factor, ...]:
    """A factor for each class that enough adults take, the most often taken first. ``users`` counts them."""
    enough = sorted((c for c, n in users.items() if n >= told.least), key=lambda c: (-users[c], c))
    return tuple(_factor(index.records[c], index, told) for c in enough)


def _factor(medicine: Medicine, index: MedicineIndex, told: MedicineTables) -> Factor:
    return Factor(
        id=told.ids.get(medicine.id, medicine.id),
        name=told.labels.get(medicine.id, medicine.name),
        group="medicine",
        medicine=medicine.id,
        contributors=index.contributors(medicine),
        note=told.notes.get(medicine.id),
    )
