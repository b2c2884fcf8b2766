"""An overlay: what databases say of numbers of the knowledge base, beside the published values, never in their place.

Each entry keeps three figures of one number: the published one, the local one, and the two combined, with the weight
that the local data has in it. What could not be learnt is listed with the reason. The file is YAML or JSON; it is
written by `soleus population learn`, checked by `soleus knowledge check --overlay`, and applied by
`soleus.knowledge.overlaying.with_overlay`. It is cited as ``local.`` and the beginning of the digest of its content.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Sequence
from functools import cached_property
from pathlib import Path
from typing import Annotated, Any, Final, Literal, TypeAlias

import msgspec
import numpy as np
import yaml
from msgspec import Meta, Struct

from soleus.errors import UnreadableInput
from soleus.evidence.record import Basis, Id

Kind = Literal["rate", "contributor", "background", "effect"]
Unit = Literal["per_100000_person_years", "proportion", "ratio"]
Key: TypeAlias = tuple[str, str, str]  # kind, id, field

FORMAT: Final = "soleus-overlay/1"
LETTERS: Final = 8  # of the digest, in the name
MOST_BYTES: Final = 20_000_000
NOT_REVIEWED: Final = "No human has reviewed this overlay."
REPAIR: Final = "Learn it again with `soleus population learn`."


class _Part(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    pass


class Bounded(_Part, frozen=True, kw_only=True):
    """A number with its 95 % interval."""

    value: float
    low: float
    high: float


class Published(Bounded, frozen=True, kw_only=True):
    """As it stands in the knowledge base; where its record has a spread word, the interval is what the word means."""

    basis: Basis
    source: tuple[Id, ...] = ()


class Local(Bounded, frozen=True, kw_only=True):
    """As the databases have it. ``n``: events or people counted, among ``of`` person-years or people.

    ``between_sites``: standard deviation of the truth between sites, on the logarithm (of the odds for proportions).
    """

    n: int
    of: float | None = None
    sites: tuple[str, ...]
    between_sites: float = 0.0


class Entry(_Part, frozen=True, kw_only=True):
    """One number of the knowledge base. ``weight``: of the local data in ``combined``, 0 to 1."""

    kind: Kind
    id: Id
    field: str
    unit: Unit
    published: Published
    local: Local
    combined: Bounded
    weight: Annotated[float, Meta(ge=0, le=1)]

    @property
    def key(self) -> Key:
        return self.kind, self.id, self.field


class NotLearnt(_Part, frozen=True, kw_only=True):
    """A number, a record or a kind of record of which nothing was learnt, and why."""

    kind: str
    id: Id | None = None  # None: no record of the kind
    field: str | None = None  # None: no field of the record
    why: str
    site: str | None = None  # None: at no site


class Site(_Part, frozen=True, kw_only=True):
    """A database. ``input``: the fingerprint of its manifest, which tells databases apart and holds nothing of them."""

    name: str
    input: str
    kind: str
    engine: str
    software: str
    people: int | None = None  # None: too few to be told
    first_day: str | None = None
    last_day: str | None = None


def site_words(site: Site) -> str:
    """A site as it is named in a list."""
    return site.name if site.people is None else f"{site.name} ({site.people:,} people)"


class Stamp(_Part, frozen=True, kw_only=True):
    """The knowledge base whose numbers are overlaid."""

    version: str
    digest: str


class Method(_Part, frozen=True, kw_only=True):
    """How it was learnt. ``between_settings``: kind -> standard deviation of local truths around published values."""

    settings: dict[str, Any] = {}
    between_settings: dict[str, float] = {}
    smallest_cell: int = 0
    description: str = ""


class Overlay(_Part, frozen=True, kw_only=True, dict=True, omit_defaults=False):
    """Entries in the order of kind, id and field."""

    format: Literal["soleus-overlay/1"] = FORMAT
    name: str
    reviewed: Literal["No human has reviewed this overlay."] = NOT_REVIEWED
    knowledge: Stamp
    software: str
    sites: tuple[Site, ...]
    method: Method
    warnings: tuple[str, ...] = ()
    entries: tuple[Entry, ...] = ()
    not_learnt: tuple[NotLearnt, ...] = ()

    @cached_property
    def digest(self) -> str:
        """SHA-256 of the content; independent of the form and the order of keys in the file."""
        return hashlib.sha256(msgspec.json.encode(self, order="deterministic")).hexdigest()

    @property
    def id(self) -> str:
        """How it is cited, and what it adds to the version of the knowledge base."""
        return f"local.{self.digest[:LETTERS]}"

    @cached_property
    def by_key(self) -> dict[Key, Entry]:
        return {e.key: e for e in self.entries}

    @property
    def people(self) -> int | None:
        """Of all sites together; None where one of them does not tell."""
        counts = [s.people for s in self.sites]
        return None if None in counts else sum(c for c in counts if c is not None)


# --------------------------------------------------------------------------------------------- reading


def read_overlay(path: Path) -> Overlay:
    """The overlay in a YAML or JSON file. Raises `UnreadableInput` with the place."""
    try:
        return msgspec.convert(plain_tree(path, "an overlay"), Overlay)
    except msgspec.ValidationError as error:
        raise UnreadableInput(path.name, str(error), f"an overlay ({FORMAT})", REPAIR) from None


def plain_tree(path: Path, what: str) -> Any:
    """The plain data of a YAML or JSON file. Raises `UnreadableInput`."""
    try:
        if path.stat().st_size > MOST_BYTES:
            raise UnreadableInput(path.name, "a very large file", f"{what} of at most {MOST_BYTES:,} bytes", REPAIR)
        text = path.read_text(encoding="utf-8")
        return msgspec.json.decode(text) if path.suffix == ".json" else yaml.load(text, yaml.CSafeLoader)
    except OSError as error:
        raise UnreadableInput(path.name, error.strerror or "no file", what, "Check the path.") from None
    except (UnicodeDecodeError, yaml.YAMLError, msgspec.DecodeError, ValueError, RecursionError) as error:
        raise UnreadableInput(path.name, type(error).__name__, f"{what} as YAML or JSON", REPAIR) from None


def overlay_text(overlay: Overlay, form: Literal["yaml", "json"] = "yaml") -> str:
    """The overlay as a file; what is read again is equal, to the last digit."""
    if form == "json":
        return msgspec.json.format(msgspec.json.encode(overlay), indent=1).decode() + "\n"
    head = f"# {overlay.id}: local figures beside those of knowledge {overlay.knowledge.version}. {NOT_REVIEWED}\n"
    tree = msgspec.to_builtins(overlay)
    tree["entries"] = [{k: _Line(v) if isinstance(v, dict) else v for k, v in e.items()} for e in tree["entries"]]
    return head + yaml.dump(
        tree, Dumper=_Plain, sort_keys=False, allow_unicode=True, default_flow_style=None, width=120
    )


class _Line(dict[str, Any]):
    """A mapping on one line, so that an entry is read at a glance."""


class _Plain(yaml.SafeDumper):
    """YAML without anchors: two entries of one source are no reason to name it &id001."""

    def ignore_aliases(self, data: Any) -> bool:  # noqa: ARG002  (the signature is PyYAML's)
        return True


_Plain.add_representer(_Line, lambda d, v: d.represent_mapping("tag:yaml.org,2002:map", v, flow_style=True))


# --------------------------------------------------------------------------------------------- scales


def to_scale(unit: Unit, value: float) -> float:
    """Where errors are taken as normal: the logarithm, of the odds for proportions."""
    return math.log(value / (1 - value)) if unit == "proportion" else math.log(value)


def from_scale(unit: Unit, value: float) -> float:
    """Back from `to_scale`."""
    return float(1 / (1 + np.exp(-value))) if unit == "proportion" else math.exp(value)


def on_scale(unit: Unit, bounds: Sequence[float]) -> bool:
    """Whether `to_scale` can take these."""
    return all(math.isfinite(b) and b > 0 and (unit != "proportion" or b < 1) for b in bounds)
