"""The persons of the survey, one row each: where they were sampled, what they answered, each factor as numbers."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from soleus.errors import Contradiction, InvalidValue, UnreadableInput
from soleus.population.nhanes.definitions import Among, Cycle, Definitions, Sample, Step
from soleus.population.nhanes.tables import ENDINGS, Floats, Table, find_table, read_table
from soleus.statistics.survey import Design, Flags


class People:
    """Everybody in the table of persons of the cycles that are there, in its order.

    ``age`` in years, ``sex`` as "female" or "male", ``answer`` the code of the answer about cramps (NaN: none),
    ``cycle`` the number of the cycle in ``cycles``. Arrays have one entry a person; NaN is not known.
    """

    def __init__(self, folder: Path, told: Definitions) -> None:
        self.folder, self.told = folder, told
        self.cycles = _cycles(folder, told)
        self._wanted = told.columns()
        self._tables: dict[tuple[str, str], Table | None] = {}
        self._columns: dict[tuple[str, str], Floats] = {}
        self._places: dict[str, NDArray[np.intp]] = {}
        keys = [self._needed(told.design.table, c).keys(told.design.person, once=True) for c in self.cycles]
        self.key = np.concatenate(keys)
        self.cycle = np.repeat(np.arange(len(keys)), [len(k) for k in keys])
        if len(np.unique(self.key)) < len(self.key):
            raise Contradiction("the cycles", "a person in both", "each person in one", "Check which file is which.")
        d = told.design
        self.age = self.column(d.table, d.age)
        self.sex = self._sex()
        self.answer = self._answer()
        self.designs: dict[Sample, Design] = {sample: self._design(sample) for sample in d.weights}

    def __len__(self) -> int:
        return len(self.key)

    def column(self, table: str, variable: str) -> Floats:
        """A column in the order of the persons; NaN for who is not in the table, or where a cycle lacks it."""
        if (table, variable) not in self._columns:
            out = np.full(len(self), np.nan)
            for number, cycle in enumerate(self.cycles):
                part = self._table(table, cycle)
                if part is not None and variable in part:
                    out[self.places(part, number)] = part.numbers(variable)
            self._columns[table, variable] = out
        return self._columns[table, variable]

    def places(self, part: Table, number: int, once: bool = True) -> NDArray[np.intp]:
        """For each row of a table of cycle ``number`` the place of its person here; ``once``: nobody has two rows."""
        if part.name not in self._places:
            self._places[part.name] = self._found(part, number, part.keys(self.told.design.person, once))
        return self._places[part.name]

    def _found(self, part: Table, number: int, keys: NDArray[np.int64]) -> NDArray[np.intp]:
        first, mine = int((self.cycle < number).sum()), self.key[self.cycle == number]
        order = np.argsort(mine)
        places = order[np.minimum(np.searchsorted(mine, keys, sorter=order), len(mine) - 1)]
        if (mine[places] != keys).any():
            where = f"{part.name}: {self.told.design.person}"
            expected = f"persons of {self.told.design.table}_{self.cycles[number].suffix}"
            raise Contradiction(where, "somebody else", expected, "Check that all files are of the same cycle.")
        return places + first

    def value(self, steps: tuple[Step, ...]) -> Floats:
        """What the steps tell: 1 and 0, or a number; NaN not known, as is a cycle in which none can say yes."""
        out, undecided = np.full(len(self), np.nan), np.ones(len(self), bool)
        for step in steps:
            raw = self._measured(step)
            answer = np.where(undecided, _judged(raw, step), np.nan)
            known = ~np.isnan(answer)
            out[known] = answer[known]
            undecided &= ~known & ~np.isin(raw, step.unknown)
        asked = [any(_may_say_yes(s) and self._has(s, cycle) for s in steps) for cycle in self.cycles]
        return np.where(np.array(asked)[self.cycle], out, np.nan)

    def among(self, part: Among | None, first_age: float) -> Flags:
        """Who is of at least ``first_age`` years and in ``part``."""
        inside = self.age >= first_age
        if part is not None and part.sex is not None:
            inside &= self.sex == part.sex
        if part is not None and part.age is not None:
            inside &= (self.age >= part.age[0]) & (self.age <= part.age[1])
        return np.asarray(inside)

    def rows(self, table: str, cycle: Cycle) -> Table | None:
        """A table that may hold several rows a person; None if it is not there."""
        return self._table(table, cycle)

    def _measured(self, step: Step) -> Floats:
        parts = [self._usable(step, v) for v in (*step.variables, step.variable) if v]
        total = np.sum(parts, axis=0)
        if step.over:
            with np.errstate(divide="ignore", invalid="ignore"):
                total = total / self.column(step.table, step.over)
            total = np.where(np.isfinite(total), total, np.nan)
        total = np.asarray(total * step.times)
        return total if step.sex is None else np.where(self.sex == step.sex, total, np.nan)

    def _usable(self, step: Step, variable: str) -> Floats:
        value = self.column(step.table, variable)
        if step.usable is None:
            return value
        return np.where((value >= step.usable[0]) & (value <= step.usable[1]), value, np.nan)

    def _has(self, step: Step, cycle: Cycle) -> bool:
        table = self._table(step.table, cycle)
        return table is not None and all(column in table for column in step.columns)

    def _table(self, name: str, cycle: Cycle) -> Table | None:
        if (name, cycle.suffix) not in self._tables:
            path = find_table(self.folder, f"{name}_{cycle.suffix}")
            wanted = self._wanted.get(name, set()) | {self.told.design.person}
            self._tables[name, cycle.suffix] = read_table(path, wanted) if path else None
        return self._tables[name, cycle.suffix]

    def _needed(self, name: str, cycle: Cycle) -> Table:
        table = self._table(name, cycle)
        assert table is not None  # `_cycles` has seen the file
        for column in sorted(self._wanted[name]):
            if name == self.told.design.table and column in _core(self.told):
                table.numbers(column)
        return table

    def _sex(self) -> NDArray[np.str_]:
        codes, sexes = self.column(self.told.design.table, self.told.design.sex), self.told.design.sexes
        if not np.isin(codes, list(sexes)).all():
            where = f"{self.told.design.table}: {self.told.design.sex}"
            raise InvalidValue(where, "another code", " or ".join(map(str, sexes)), "Check the table.")
        return np.array([sexes[int(c)] for c in codes])

    def _answer(self) -> Floats:
        o = self.told.outcome
        for cycle in self.cycles:
            self._needed(o.table, cycle).numbers(o.variable)
        codes = self.column(o.table, o.variable)
        return np.where(np.isin(codes, list(o.answers)), codes, np.nan)

    def _design(self, sample: Sample) -> Design:
        """Weights of two years each are divided by the number of cycles, so that they add to one population."""
        d = self.told.design
        stratum, psu, weight = (self.column(d.table, c) for c in (d.stratum, d.psu, d.weights[sample]))
        if np.isnan(stratum + psu + weight).any() or (weight < 0).any():
            found = "a person without stratum, unit or weight"
            raise InvalidValue(f"{d.table}", found, "all of them for everybody", "Download the table again.")
        return Design(stratum, psu, weight / len(self.cycles))


def _core(told: Definitions) -> set[str]:
    d = told.design
    return {d.stratum, d.psu, *d.weights.values(), d.age, d.sex}


def _cycles(folder: Path, told: Definitions) -> tuple[Cycle, ...]:
    """The cycles whose table of persons and answers are in the folder. Raises `UnreadableInput` if one lacks either."""
    if not folder.is_dir():
        raise UnreadableInput(folder.name, "no folder", "a folder with tables of the survey", "Check the path.")
    needed = (told.design.table, told.outcome.table)
    there = {c: [find_table(folder, f"{t}_{c.suffix}") is not None for t in needed] for c in told.cycles}
    for cycle, found in there.items():
        if any(found) and not all(found):
            lacking = f"{needed[found.index(False)]}_{cycle.suffix}"
            raise UnreadableInput(folder.name, f"no {lacking}", f"a file {lacking}{ENDINGS[0]}, .csv or .XPT",
                                  f"Download it from {cycle.codebooks}.")  # fmt: skip
    cycles = tuple(cycle for cycle, found in there.items() if all(found))
    if not cycles:
        names = " and ".join(f"{t}_{told.cycles[0].suffix}" for t in needed)
        raise UnreadableInput(folder.name, "no tables of the survey", f"{names} (csv.xz, csv or XPT), at least",
                              f"Download them from {told.cycles[0].codebooks}.")  # fmt: skip
    return cycles


def _may_say_yes(step: Step) -> bool:
    return (
        bool(step.present) or step.below is not None or step.at_least is not None or not (step.absent or step.unknown)
    )


def _judged(value: Floats, step: Step) -> Floats:
    """1 yes, 0 no, NaN not known; the value itself of a step that judges nothing."""
    if step.below is not None:
        return np.where(np.isnan(value), np.nan, value < step.below)
    if step.at_least is not None:
        return np.where(np.isnan(value), np.nan, value >= step.at_least)
    if step.present or step.absent or step.unknown:
        return np.where(np.isin(value, step.present), 1.0, np.where(np.isin(value, step.absent), 0.0, np.nan))
    return value
