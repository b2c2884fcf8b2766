"""Score everyone: the whole differential of each person from codes, medicines and laboratory values.

Each person is judged on one day as if a complaint of the legs were brought then; of those whose record tells one, it is
that one. What the record says is read by the rules for one record (`reasoning.intake`), and the answer is that of
`soleus.assess` for the same facts. Red flags that the record raises come first and stand beside every probability.

    people by ranges of ids -> bitmaps (`bitmaps`, on the engine) -> those alike once -> judged (`judging`) -> sums

What is kept of a range are its sums; a row of a person is written only where a file for it is named.
"""

from __future__ import annotations

import datetime
import shutil
from collections.abc import Callable, Generator, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import pairwise
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, NamedTuple

import numpy as np

from soleus.errors import CannotAssess
from soleus.inference.network import Floats
from soleus.population.cohorts.prevalence import BANDS
from soleus.population.databases.source import Source
from soleus.population.results.manifest import Manifest, made_of, whole_file
from soleus.population.scoring.bitmaps import Ranged, ranges_of
from soleus.population.scoring.judging import Judge, Scored
from soleus.population.scoring.layout import Layout, layout_of
from soleus.population.scoring.meanings import meanings_of
from soleus.population.scoring.patterns import Ints, People
from soleus.reasoning.compiled import Compiled

#: People that are held at once.
AT_ONCE = 100_000
_STEP = 16_384  # patterns judged at a time: their probabilities stay in the cache
_FEW = 256  # patterns added at a time
_BAND_NAMES = (*(f"{a}-{b - 1}" for a, b in pairwise(BANDS)), f"{BANDS[-1]}+", "unknown")
_SEX_NAMES = ("unknown", "female", "male")  # in the order of `SEXES`
_SUMS = ("people", "first", "total", "flagged")
Progress = Callable[[int, int], None]  # ranges done, ranges


class Group(NamedTuple):
    """People who are told of together. ``complaint``: whether their record tells one of the legs, of the last year."""

    complaint: bool
    sex: str
    age: str


GROUPS = tuple(Group(c, s, a) for c in (True, False) for s in _SEX_NAMES for a in _BAND_NAMES)


@dataclass(frozen=True)
class Asked:
    """``as_of``: the day on which everybody is judged who is observed then; None: the last day of each."""

    as_of: datetime.date | None = None
    setting: str = "primary_care"
    at_once: int = AT_ONCE


@dataclass(frozen=True)
class Sums:
    """Sums over people by group (of `GROUPS`), explanation and red flag; nothing is hidden here yet.

    ``first``: people for whom an explanation is the most probable; ``total``: the sum of its probabilities.
    """

    explanations: tuple[str, ...]
    flags: tuple[str, ...]
    people: Floats  # (G, 1)
    first: Floats  # (G, S)
    total: Floats  # (G, S)
    flagged: Floats  # (G, F)

    def plus(self, other: Sums) -> Sums:
        """Both together."""
        return replace(self, **{name: getattr(self, name) + getattr(other, name) for name in _SUMS})


@dataclass(frozen=True)
class Scoring:
    """What came out. ``unread``: (concept, unit) of results whose unit is not known, so that they were not used.

    ``patterns``: bitmaps that were judged, each once in its range.
    """

    sums: Sums
    unread: tuple[tuple[int, str | None], ...]
    patterns: int


def score_everyone(
    source: Source, compiled: Compiled, asked: Asked, *, folder: Path | None = None, people: Path | None = None,
    progress: Progress = lambda _done, _of: None,
) -> Scoring:  # fmt: skip
    """Judge everybody. ``people``: a file for a row each (Parquet).

    ``folder``: keeps what is done of a run, so that one that was broken off goes on; it is emptied at the end. Without
    it nothing is kept. Raises `CannotAssess` where nobody is observed.
    """
    ranges = ranges_of(source, asked.at_once)
    layout = layout_of(compiled, meanings_of(source, compiled))
    with _kept(folder) as at:
        run = _Run(layout, asked.setting, Ranged(layout, source, asked.as_of), at, people is not None)
        manifest = Manifest(at, _made(source, compiled, asked, people)) if folder else None
        scoring = run.all(ranges, manifest, progress)
        if not scoring.sums.people.any():
            found = "nobody" + (f" on {asked.as_of}" if asked.as_of else "")
            raise CannotAssess("table period", found, "people who are observed", "See `soleus population quality`.")
        if people is not None:
            join_files([at / f"people-{low}.parquet" for low, _ in ranges], people)
    return scoring


def _made(source: Source, compiled: Compiled, asked: Asked, people: Path | None) -> dict[str, Any]:
    knowledge = compiled.knowledge
    settings = {"command": "score", "people": people is not None, **vars(asked)}
    return made_of(source, settings, (knowledge.version, knowledge.digest))


@contextmanager
def _kept(folder: Path | None) -> Iterator[Path]:
    """A folder for what is done so far, for its owner alone: sums of a range are not hidden yet."""
    if folder is None:
        with TemporaryDirectory() as name:
            yield Path(name)
        return
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    yield folder
    shutil.rmtree(folder)


# -------------------------------------------------------------------------------------------- ranges


@dataclass(frozen=True)
class _Run:
    layout: Layout
    setting: str
    asked: Ranged
    at: Path
    people: bool

    @cached_property
    def judge(self) -> Judge:
        """Made when it is first needed: by then the engine works on the first range."""
        return Judge(self.layout, self.setting)

    def all(self, ranges: list[tuple[int, int]], manifest: Manifest | None, progress: Progress) -> Scoring:
        """Every range, those that stand in the manifest as they were found."""
        kept = {ids for ids in ranges if manifest is not None and manifest.done(_name(ids))}
        with closing(self.answers([ids for ids in ranges if ids not in kept])) as answers:
            next(answers)
            sums, patterns = self.nothing(), 0
            for done, ids in enumerate(ranges, 1):
                if manifest is not None and ids in kept:
                    own, count = self.found(ids), manifest.parts[_name(ids)]["patterns"]
                else:
                    own, count = self.range(ids, next(answers))
                if manifest is not None and ids not in kept:
                    self.write(ids, own)
                    manifest.finish(_name(ids), {"patterns": count})
                sums, patterns = sums.plus(own), patterns + count
                progress(done, len(ranges))
        return Scoring(sums, self.layout.unread, patterns)

    def answers(self, ranges: list[tuple[int, int]]) -> Generator[Any]:
        """None once the engine has begun, then the bitmaps of each range; it works on the next while one is judged."""
        with ThreadPoolExecutor(1) as ahead:
            waiting = [ahead.submit(self.asked.arrow, ids) for ids in ranges[:1]]
            yield None
            for ids in [*ranges[1:], None]:
                table = waiting.pop().result() if waiting else None
                if ids is not None:
                    waiting.append(ahead.submit(self.asked.arrow, ids))
                yield table

    def range(self, ids: tuple[int, int], table: Any) -> tuple[Sums, int]:
        """The sums of a range, and how many patterns it had."""
        one, which = self.bitmaps(table).alike()
        count, sums = np.bincount(which, minlength=len(one)), self.nothing()
        told = [self.judge.score(one.at(which[:0]))]
        for at in range(0, len(one), _STEP):
            some = one.at(np.arange(at, min(at + _STEP, len(one))))
            scored = self.judge.score(some)
            sums = sums.plus(self.sums(some, scored, count[at : at + _STEP]))
            told += [scored] if self.people else []
        if self.people:
            whole = Scored(*(np.concatenate(part) for part in zip(*told, strict=True)))
            write_people(self.at / f"people-{ids[0]}.parquet", table, whole, which, self.judge)
        return sums, len(one)

    def bitmaps(self, table: Any) -> People:
        """The columns of an answer as bitmaps."""
        words = [table[f"w{n}"].to_numpy() for n in range(self.judge.layout.words)]
        age = table["age_days"].to_numpy()
        cell = self.judge.ages.cell(age, age >= 0)
        return People(np.array(words, np.int64).reshape(len(words), -1), cell, table["sex"].to_numpy())

    def nothing(self) -> Sums:
        """The sums of nobody."""
        network, flags = self.judge.network, self.judge.flags
        sizes = (1, len(network.explanations), len(network.explanations), len(flags))
        none = (np.zeros((len(GROUPS), size)) for size in sizes)
        return Sums(network.explanations, tuple(f.id for f in flags), *none)

    def sums(self, people: People, scored: Scored, count: Ints) -> Sums:
        """``count``: how many people each stands for."""
        sums, group = self.nothing(), self.groups(people, scored)
        lead = scored.probability.argmax(axis=1)
        size = sums.first.shape
        sums.people[:, 0] = np.bincount(group, count, size[0])
        sums.first[:] = np.bincount(group * size[1] + lead, count, size[0] * size[1]).reshape(size)
        present = np.flatnonzero(sums.people[:, 0])
        weight = np.where(group == present[:, None], count, 0).astype(np.float32)
        for at in range(0, len(people), _FEW):  # few enough that BLAS asks for no threads of its own
            part = slice(at, at + _FEW)
            sums.total[present] += weight[:, part] @ scored.probability[part]
        who, flag = np.nonzero(scored.flags)
        size = sums.flagged.shape
        sums.flagged[:] = np.bincount(group[who] * size[1] + flag, count[who], size[0] * size[1]).reshape(size)
        return sums

    def groups(self, people: People, scored: Scored) -> Ints:
        """(n,) the place in `GROUPS`."""
        band = self.judge.ages.band(BANDS)[people.cell]
        place = (people.sex * len(_BAND_NAMES)) + band
        return np.where(scored.complaint, place, place + len(GROUPS) // 2)

    def write(self, ids: tuple[int, int], sums: Sums) -> None:
        with whole_file(self.at / f"sums-{ids[0]}.parquet") as file:
            write_sums(file, sums)

    def found(self, ids: tuple[int, int]) -> Sums:
        """The sums that were written."""
        return read_sums(self.at / f"sums-{ids[0]}.parquet", self.nothing())


def _name(ids: tuple[int, int]) -> str:
    return f"{ids[0]}-{ids[1]}"


# ---------------------------------------------------------------------------------------------- files


def write_sums(path: Path, sums: Sums) -> None:
    """The sums as rows of Parquet: sum, group, place, value; what is 0 is left out."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    rows = []
    for name in _SUMS:
        values = getattr(sums, name)
        rows += [(name, g, n, float(values[g, n])) for g, n in zip(*np.nonzero(values), strict=True)]
    columns = list(zip(*rows, strict=True)) or [(), (), (), ()]
    kinds = (pa.string(), pa.int64(), pa.int64(), pa.float64())
    arrays = [pa.array(c, kind) for c, kind in zip(columns, kinds, strict=True)]
    pq.write_table(pa.table(arrays, ["sum", "group", "place", "value"]), path)


def read_sums(path: Path, into: Sums) -> Sums:
    """What `write_sums` wrote, put into sums of nobody."""
    import pyarrow.parquet as pq

    for row in pq.read_table(path).to_pylist():
        getattr(into, row["sum"])[row["group"], row["place"]] = row["value"]
    return into


def write_people(path: Path, table: Any, scored: Scored, which: Ints, judge: Judge) -> None:
    """A row a person: day, the first explanation, red flags, and the probability of every explanation."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    names = judge.network.explanations
    columns: dict[str, Any] = {"person_id": table["person_id"], "day": table["day"]}
    flags = [";".join(judge.flags[n].id for n in np.flatnonzero(row)) for row in scored.flags]
    first = np.array(names, object)[scored.probability.argmax(axis=1)]
    columns["complaint"] = pa.array(scored.complaint[which])
    columns["first"] = pa.array(first[which], pa.string())
    columns["red_flags"] = pa.array(np.array(flags, object)[which], pa.string())
    columns |= {name: pa.array(scored.probability[which, n]) for n, name in enumerate(names)}
    with whole_file(path) as file:
        pq.write_table(pa.table(columns), file, compression="zstd")


def join_files(parts: list[Path], out: Path) -> None:
    """Files of the same columns as one, a piece at a time."""
    import pyarrow.parquet as pq

    with whole_file(out) as file, pq.ParquetWriter(file, pq.read_schema(parts[0]), compression="zstd") as writer:
        for part in parts:
            writer.write_table(pq.read_table(part))
