"""What steers the course: the pass mark, sizes, the words of a commitment. Data, each with its basis."""

from __future__ import annotations

from functools import cache
from importlib.resources import files
from typing import Any, Literal, TypeVar

import msgspec
import yaml
from msgspec import Struct

from soleus.errors import KnowledgeError
from soleus.evidence.record import Id

_T = TypeVar("_T")
RuleName = Literal["pass_share", "quiz_size", "calibration_least", "group_least", "ask_least_value"]


class Rule(Struct, frozen=True, forbid_unknown_fields=True):
    """A number that steers, and why it is that one. Editorial: the maintainers chose it, no study did."""

    value: float
    basis: Literal["editorial"]
    why: str


class Rules(Struct, frozen=True, forbid_unknown_fields=True):
    """``mixed``: level -> cases in a mixed quiz; ``confidence`` in percent, lowest first."""

    rules: dict[RuleName, Rule]
    mixed: dict[int, int]
    confidence: tuple[int, ...]
    follow_up_weeks: tuple[int, ...]

    def __getitem__(self, name: RuleName) -> float:
        return self.rules[name].value


class Resolution(Struct, frozen=True, forbid_unknown_fields=True):
    """Something to do differently, and the cases that teach it."""

    id: Id
    text: str
    cases: tuple[Id, ...]


@cache
def rules() -> Rules:
    return read_data("rules.yaml", None, Rules)


@cache
def resolutions() -> dict[str, Resolution]:
    """Every statement that somebody can commit to, by id."""
    return {r.id: r for r in read_data("commitments.yaml", "commitments", tuple[Resolution, ...])}


def resolutions_for(cases: tuple[str, ...], wrong: frozenset[str] = frozenset()) -> tuple[Resolution, ...]:
    """Those that the cases teach: first what the ``wrong`` ones teach, then what most of the cases do."""

    def rank(r: Resolution) -> tuple[int, int]:
        return (-len(wrong.intersection(r.cases)), -len(set(cases).intersection(r.cases)))

    return tuple(sorted((r for r in resolutions().values() if set(cases).intersection(r.cases)), key=rank))


def read_data(name: str, key: str | None, kind: type[_T]) -> _T:
    """A data file of this room, or what stands below ``key``. Raises `KnowledgeError` for one that does not fit."""
    try:
        tree: Any = yaml.load(files("soleus.learning").joinpath(name).read_text(encoding="utf-8"), yaml.CSafeLoader)
        return msgspec.convert(tree if key is None else tree[key], kind, strict=False)
    except (yaml.YAMLError, msgspec.ValidationError, KeyError, TypeError) as error:
        raise KnowledgeError(name, str(error), "what soleus.learning reads", "Mend the file.") from None
