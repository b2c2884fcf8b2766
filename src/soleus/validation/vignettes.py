"""Vignettes: published cases in our own words, coded before the engine saw them, half of them set aside."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Literal

import msgspec
import yaml
from msgspec import Struct

from soleus.clinical.case import Case
from soleus.clinical.reading import case_from
from soleus.errors import KnowledgeError
from soleus.evidence.record import Publication


class Expected(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What the source says it was. ``acceptable``: what a careful clinician would also put first."""

    explanation: str
    acceptable: tuple[str, ...] = ()
    cause: str | None = None
    dangerous: bool
    urgency: Literal["emergency", "same_day", "urgent", "routine"]

    @property
    def right(self) -> tuple[str, ...]:
        return (self.explanation, *self.acceptable)


class Vignette(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    id: str
    title: str
    kind: Literal["case_report", "case_series", "guideline_example", "teaching_case"]
    source: Publication
    summary: str
    expected: Expected
    case: dict[str, Any]
    notes: str | None = None

    def read(self) -> Case:
        """The case as the readers give it."""
        return case_from({**self.case, "id": self.id}, self.id)


def read_all(folder: Path) -> tuple[Vignette, ...]:
    """Every vignette of a folder, by id. Raises `KnowledgeError` for a file that is not one."""
    return tuple(_read(path) for path in sorted(folder.glob("*.yaml")))


def _read(path: Path) -> Vignette:
    try:
        tree = yaml.load(path.read_text(encoding="utf-8"), yaml.CSafeLoader)
        tree["case"] = _dates_as_text(tree["case"])
        return msgspec.convert(tree, Vignette, strict=False)
    except (yaml.YAMLError, msgspec.ValidationError, KeyError, TypeError) as error:
        raise KnowledgeError(path.name, str(error), "a vignette", "See validation/vignettes/README.md.") from None


def _dates_as_text(value: Any) -> Any:
    if isinstance(value, dict):
        return {str(k): _dates_as_text(v) for k, v in value.items()}
    if isinstance(value, list):
        return [_dates_as_text(v) for v in value]
    return value.isoformat() if hasattr(value, "isoformat") else value


def set_aside(folder: Path) -> frozenset[str]:
    """The ids that were set aside at random before any tuning (validation/split.yaml)."""
    tree = yaml.load((folder / "split.yaml").read_text(encoding="utf-8"), yaml.CSafeLoader)
    return frozenset(tree["set_aside"])
