"""Many bitmaps read at once: each aspect of a person once for every pattern of the few bits that bear on it.

A case is made of the pattern (`atoms.Reader`) and read by `reasoning.intake`, as any other. What comes out is an array
of small numbers, one a person: the place of the answer in the list of answers met so far.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass, field
from typing import Generic, TypeAlias, TypeVar

import numpy as np
from numpy.typing import NDArray

from soleus.clinical.case import Person
from soleus.population.scoring.atoms import Atom
from soleus.population.scoring.layout import CONDITIONS, MEDICINES, Layout

Ints: TypeAlias = NDArray[np.int64]
A = TypeVar("A", bound=Hashable)
_DIRECT = 1 << 16  # patterns that are counted without being sorted
_PLACES = 12  # powers of two of the places of `Known`
_ODD = np.uint64(0xFF51AFD7ED558CCD)  # of the finaliser of MurmurHash3
_HALF = np.uint64(33)
SEXES = (None, "female", "male")
LISTS = 4  # ways in which the two lists may have spoken


@dataclass(frozen=True)
class People:
    """A column a bitmap's word, and beside it the age cell and the sex (place in `SEXES`) of each."""

    words: Ints  # (W, n)
    cell: Ints  # (n,)
    sex: Ints  # (n,)

    def __len__(self) -> int:
        return len(self.cell)

    def at(self, rows: Ints) -> People:
        """Some of them."""
        return People(self.words[:, rows], self.cell[rows], self.sex[rows])

    def alike(self) -> tuple[People, Ints]:
        """One of each whose words, cell and sex are the same, by cell and sex, and (n,) which of them each is like.

        A mixture of all words finds them; it is checked that no two that differ were taken for one.
        """
        mixed = _mixed((self.cell * len(SEXES) + self.sex).astype(np.uint64))
        for word in self.words:
            mixed = _mixed(mixed ^ word.astype(np.uint64))
        first, which = _first_met(mixed)
        order = np.argsort((self.cell[first] * len(SEXES) + self.sex[first]).astype(np.int16), kind="stable")
        place = np.empty_like(order)
        place[order] = np.arange(len(order))
        first, which = first[order], place[which]
        found = self.at(first)
        same = (found.cell[which] == self.cell) & (found.sex[which] == self.sex)
        if same.all() and all((f[which] == w).all() for f, w in zip(found.words, self.words, strict=True)):
            return found, which
        return self, np.arange(len(self))


def _first_met(numbers: NDArray[np.uint64]) -> tuple[Ints, Ints]:
    """The place of one of each number, and (n,) which of them each is: without sorting, as most differ."""
    import pyarrow as pa

    found = pa.array(numbers).dictionary_encode()
    which = found.indices.to_numpy().astype(np.int64)
    first = np.empty(len(found.dictionary), np.int64)
    first[which] = np.arange(len(which))
    return first, which


def _mixed(words: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """Each number with every bit spread over all others."""
    for _ in range(2):
        words = (words ^ (words >> _HALF)) * _ODD
    return words ^ (words >> _HALF)


@dataclass(frozen=True)
class Persons:
    """The persons that stand for cells of age, an unknown age last."""

    ages: tuple[float | None, ...]

    def person(self, cell: int, sex: int) -> Person:
        return Person(age=self.ages[cell], sex=SEXES[sex])  # type: ignore[arg-type]


class Aspect(Generic[A]):
    """Something of a person that a few atoms decide.

    ``read(atoms, person)`` gives the answer; the person is one without age and sex unless ``persons`` are given. Of
    people who have none of one of the sets ``needed`` the answer is that of those of whom nothing is told.
    Answers are numbered as they are met; those without any atom but lists are met first, so that ``silent[lists]`` is
    the answer of somebody of whom nothing else is told (lists: 1 conditions, 2 medicines).
    """

    def __init__(
        self, layout: Layout, atoms: frozenset[Atom], read: Callable[[frozenset[Atom], Person], A],
        persons: Persons | None = None, needed: Sequence[frozenset[Atom]] = (),
    ) -> None:  # fmt: skip
        self.layout, self.read, self.persons = layout, read, persons
        self.needed = [layout.bits(some) for some in needed]
        self.listing = frozenset((CONDITIONS, MEDICINES)) & atoms
        masks = layout.bits(atoms - self.listing)
        self.words, self.masks = tuple(masks), tuple(masks.values())
        self.answers: list[A] = []
        self._number: dict[A, int] = {}
        self._met = Known(len(self.words) + 1, self._ask)
        nobody = Person()
        self.silent = np.array([self._answer(self._lists(n), nobody) for n in range(4)])

    def _lists(self, told: int) -> frozenset[Atom]:
        return frozenset(a for n, a in enumerate((CONDITIONS, MEDICINES)) if told >> n & 1 and a in self.listing)

    def _answer(self, atoms: frozenset[Atom], person: Person) -> int:
        answer = self.read(atoms, person)
        if answer not in self._number:
            self._number[answer] = len(self.answers)
            self.answers.append(answer)
        return self._number[answer]

    def of(self, people: People, lists: Ints) -> Ints:
        """(n,) the number of each person's answer."""
        out = self.silent[lists]
        who, keys = self._told(people)
        if not len(who):
            return out
        rest = lists[who]
        if self.persons:
            rest = (people.cell[who] * len(SEXES) + people.sex[who]) * LISTS + rest
        out[who] = self._met.of([*keys, rest])
        return out

    def values(self, people: People, lists: Ints) -> Ints:
        """(n,) the answers themselves, where they are numbers."""
        number = self.of(people, lists)
        return np.array(self.answers, np.int64)[number]

    def _told(self, people: People) -> tuple[Ints, list[Ints]]:
        """The people of whom anything is told here, and the bits that bear on it, word by word."""
        if not self.words:
            return np.zeros(0, np.int64), []
        who = np.flatnonzero(_any(people.words, self.words, self.masks))
        for some in self.needed:
            who = who[_any(people.words[:, who], tuple(some), tuple(some.values()))]
        return who, [people.words[w][who] & mask for w, mask in zip(self.words, self.masks, strict=True)]

    def _ask(self, key: tuple[int, ...]) -> int:
        bits = [0] * self.layout.words
        for word, value in zip(self.words, key, strict=False):
            bits[word] = value
        person, lists = divmod(key[-1], LISTS)
        who = self.persons.person(*divmod(person, len(SEXES))) if self.persons else Person()
        return self._answer(self.layout.atoms(bits) | self._lists(lists), who)


def _any(words: Ints, places: Sequence[int], masks: Sequence[int]) -> NDArray[np.bool_]:
    """(n,) whether any of these bits is set."""
    out = words[places[0]] & masks[0]
    for place, mask in zip(places[1:], masks[1:], strict=True):
        out |= words[place] & mask
    return np.asarray(out != 0)


def lists_of(layout: Layout, people: People) -> Ints:
    """(n,) which lists spoke: 1 conditions, 2 medicines."""
    out = np.zeros(len(people), np.int64)
    for n, atom in enumerate((CONDITIONS, MEDICINES)):
        if atom in layout.place:
            word, bit = layout.place[atom]
            out |= ((people.words[word] >> bit) & 1) << n
    return out


def distinct(columns: Sequence[Ints]) -> tuple[Ints, Ints]:
    """(n,) the number of each row's pattern, and (patterns,) a row that bears it."""
    code = np.zeros(len(columns[0]), np.int64)
    size = 1
    for column in columns:
        own, number = _coded(column)
        if size > _DIRECT:
            values, code = np.unique(code, return_inverse=True)
            size = len(values)
        code = code * own + number
        size *= own
    return _numbered(code, size)


def _coded(column: Ints) -> tuple[int, Ints]:
    """How many values a column may have, and the number of each row's."""
    most = int(column.max(initial=0))
    if 0 <= most < 256 and int(column.min(initial=0)) >= 0:
        return most + 1, column
    values, number = np.unique(column, return_inverse=True)
    return len(values), number


def _numbered(code: Ints, size: int) -> tuple[Ints, Ints]:
    if size > _DIRECT:
        _, first, which = np.unique(code, return_index=True, return_inverse=True)
        return which, first
    row = np.full(size, -1, np.int64)
    row[code] = np.arange(len(code))
    met = np.flatnonzero(row >= 0)
    place = np.zeros(size, np.int64)
    place[met] = np.arange(len(met))
    return place[code], row[met]


class Known:
    """Numbers for keys, each asked for when it is first met; a key is a row of a few columns of whole numbers.

    A row is looked up at the one place that a mixture of it names; where another stands there, it is met as if new.
    """

    def __init__(self, columns: int, ask: Callable[[tuple[int, ...]], int]) -> None:
        self.ask = ask
        self.keys = np.zeros((columns, 1 << _PLACES), np.int64)
        self.number = np.full(1 << _PLACES, -1, np.int64)
        self.met: dict[tuple[int, ...], int] = {}

    def of(self, columns: Sequence[Ints]) -> Ints:
        """(n,) the number of each row."""
        place = _place_of(columns)
        number = self.number[place]
        right = number >= 0
        for own, column in zip(self.keys, columns, strict=True):
            right &= own[place] == column
        new = np.flatnonzero(~right)
        if len(new):
            which, first = distinct([column[new] for column in columns])
            rows = new[first]
            found = np.array([self._number(tuple(int(c[n]) for c in columns)) for n in rows.tolist()], np.int64)
            number[new] = found[which]
            self.number[place[rows]] = found
            self.keys[:, place[rows]] = [column[rows] for column in columns]
        return number

    def _number(self, key: tuple[int, ...]) -> int:
        if key not in self.met:
            self.met[key] = self.ask(key)
        return self.met[key]


def _place_of(columns: Sequence[Ints]) -> NDArray[np.uint64]:
    """(n,) a place of `Known`: the highest bits of a sum of products, which every bit of a column changes."""
    mixed, odd = np.zeros(len(columns[0]), np.uint64), _ODD
    for column in columns:
        mixed += column.view(np.uint64) * odd
        odd = np.uint64(int(odd) * int(_ODD) % (1 << 64))
    return mixed >> np.uint64(64 - _PLACES)


@dataclass
class Registry:
    """Numbers for keys in the order in which they are met."""

    keys: list[int] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._known = Known(1, self._add)

    def of(self, codes: Ints) -> Ints:
        """(n,) the number of each code."""
        return self._known.of([codes])

    def _add(self, key: tuple[int, ...]) -> int:
        self.keys.append(key[0])
        return len(self.keys) - 1
