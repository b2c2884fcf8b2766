"""From the data files to typed records, and from records to one file that loads in milliseconds.

Source of truth: ``data/**/*.yaml``. ``compiled.json`` holds the same records, one a line, with the solved facets;
it is generated (`soleus knowledge compile`), checked in, and compared with the data in the tests.
"""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Callable, Iterator, Mapping
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self, TypeVar, cast

import msgspec
import yaml

from soleus.errors import KnowledgeError
from soleus.evidence.record import Record, Review, Source

if TYPE_CHECKING:
    from soleus.knowledge.overlay import Overlay

HERE = Path(__file__).parent
DATA = HERE / "data"
COMPILED = HERE / "compiled.json"
_MODULES = ("core", "medicines", "safety", "care", "records", "articles", "value_sets")
R = TypeVar("R")
T = TypeVar("T")

#: Solved facet: explanation -> [w, [a per item], [b per item]]; see `soleus.inference.facets`.
FacetTable = dict[str, tuple[float, tuple[float, ...], tuple[float, ...]]]


@cache
def kinds() -> dict[str, type[Any]]:
    """Every kind of record and its structure; the kind is the structure's name in snake case."""
    found: dict[str, type[Any]] = {"source": Source}
    for module in _MODULES:
        for name, thing in vars(import_module(f"soleus.knowledge.schema.{module}")).items():
            if isinstance(thing, type) and issubclass(thing, Record) and thing is not Record:
                found[_snake_case(name)] = thing
    return found


class Records(Mapping[str, tuple[Any, ...]]):
    """Kind -> records, sorted by id; those of a compiled file are decoded when a kind is first asked for."""

    def __init__(self, raw: Mapping[str, msgspec.Raw]) -> None:
        self._raw = raw
        self._decoded: dict[str, tuple[Any, ...]] = {}

    def __getitem__(self, kind: str) -> tuple[Any, ...]:
        if kind not in self._decoded:
            self._decoded[kind] = _decoded(self._raw[kind], tuple[kinds()[kind], ...])  # type: ignore[misc]
        return self._decoded[kind]

    def __iter__(self) -> Iterator[str]:
        return iter(self._raw)

    def __len__(self) -> int:
        return len(self._raw)


class Once:
    """Something that never changes and keeps what is made of it alone."""

    def once(self, build: Callable[[Self], T]) -> T:
        """What ``build``, a function of a module, makes of this; made when it is first asked for.

        Two threads may both make it; either will do.
        """
        made: dict[Any, Any] = self.__dict__.setdefault("_made", {})
        if build not in made:
            made[build] = build(self)
        return cast("T", made[build])


class Knowledge(Once):
    """All records by kind and id, with the version and content hash that every answer carries.

    ``overlay``: the local figures that were put on the published ones, which every answer names.
    """

    def __init__(
        self,
        records: Mapping[str, tuple[Any, ...]],
        facets: dict[str, FacetTable],
        version: str,
        digest: str,
        overlay: Overlay | None = None,
    ) -> None:
        self.records, self.facets, self.version, self.digest = records, facets, version, digest
        self.overlay = overlay
        self._index: dict[str, dict[str, Any]] = {}

    def all(self, kind: type[R]) -> tuple[R, ...]:
        """The records of a kind, sorted by id; none if the kind has none."""
        return cast("tuple[R, ...]", self.records.get(_kind_name(kind), ()))

    def by_id(self, kind: type[R]) -> dict[str, R]:
        """The records of a kind by id."""
        name = _kind_name(kind)
        if name not in self._index:
            self._index[name] = {r.id: r for r in self.records.get(name, ())}
        return cast("dict[str, R]", self._index[name])


def _kind_name(kind: type[Any]) -> str:
    return _snake_case(kind.__name__)


@cache
def _snake_case(name: str) -> str:
    return re.sub(r"(?<!^)(?=[A-Z])", "_", name).lower()


@cache
def shipped() -> Knowledge:
    """The knowledge base that ships with the package."""
    return read_compiled(COMPILED)


def load(folder: Path) -> Knowledge:
    """The knowledge base in a folder of YAML files, compiled in memory."""
    from soleus.knowledge.facets import solve_all

    records = read_folder(folder)
    return Knowledge(records, solve_all(records), version_of(folder), digest_of(records))


def version_of(folder: Path) -> str:
    """The version that a folder's VERSION file names; "0" without one."""
    file = folder / "VERSION"
    return file.read_text(encoding="utf-8").strip() if file.exists() else "0"


def read_folder(folder: Path) -> dict[str, tuple[Any, ...]]:
    """All records under a folder, by kind, sorted by id. Raises `KnowledgeError`."""
    found: dict[str, list[Any]] = {}
    for path in sorted(folder.rglob("*.yaml")):
        kind, records = read_file(path, folder)
        found.setdefault(kind, []).extend(records)
    return {kind: tuple(sorted(rs, key=lambda r: str(r.id))) for kind, rs in sorted(found.items())}


def read_file(path: Path, root: Path) -> tuple[str, list[Any]]:
    """The kind and the records of one file; a record without a review gets the file's."""
    where = str(path.relative_to(root))
    try:
        tree = yaml.load(path.read_text(encoding="utf-8"), yaml.CSafeLoader)
        kind, rows = tree["kind"], tree["records"] or []
    except (yaml.YAMLError, KeyError, TypeError) as error:
        raise KnowledgeError(where, f"{type(error).__name__}", "kind, review and records", "Mend the file.") from None
    if kind not in kinds():
        raise KnowledgeError(where, f"kind {kind!r}", f"one of {', '.join(sorted(kinds()))}", "Correct the kind.")
    review = _review_of_file(tree, where)
    return kind, [_record(kind, row, review, f"{where}: {row.get('id', f'record {n}')}") for n, row in enumerate(rows)]


def _review_of_file(tree: dict[str, Any], where: str) -> Review:
    """The review at the top of a file. It stands for all its records, so it is never an approval."""
    try:
        review = msgspec.convert(tree.get("review") or {}, Review)
    except msgspec.ValidationError as error:
        raise KnowledgeError(where, str(error), "a review", "See docs/records.md.") from None
    if review.status == "approved":
        repair = "Set it back to submitted; approve each record with a review of its own."
        raise KnowledgeError(where, "a whole file that calls itself approved", "submitted or under_review", repair)
    return review


def _record(kind: str, row: dict[str, Any], review: Review, where: str) -> Any:
    structure = kinds()[kind]
    try:
        record = msgspec.convert(row, structure, strict=False)
    except msgspec.ValidationError as error:
        raise KnowledgeError(where, str(error), f"a {kind}", "See `soleus knowledge schema`.") from None
    if issubclass(structure, Record) and record.review is None:
        record = msgspec.structs.replace(record, review=review)
    return record


def digest_of(records: dict[str, tuple[Any, ...]]) -> str:
    """SHA-256 over the records, reviews included; independent of files and of the order of keys and records."""
    return hashlib.sha256(msgspec.json.encode(records, order="deterministic")).hexdigest()


def write_compiled(knowledge: Knowledge, path: Path) -> None:
    """One JSON object, one record a line, sorted: small differences stay small. Written whole or not at all."""
    lines = [f'{{"version":"{knowledge.version}","digest":"{knowledge.digest}","records":{{']
    for k, (kind, records) in enumerate(knowledge.records.items()):
        lines.append(f'{"," if k else ""}"{kind}":[')
        rows = [_encode(r) for r in records]
        lines += [row + ("," if n < len(rows) - 1 else "") for n, row in enumerate(rows)]
        lines.append("]")
    lines.append('},"facets":{')
    lines += [
        f'"{name}":{_encode(table)}{"," if n < len(knowledge.facets) - 1 else ""}'
        for n, (name, table) in enumerate(sorted(knowledge.facets.items()))
    ]
    lines.append("}}")
    part = path.with_name(f"{path.name}.{os.getpid()}.part")
    part.write_text("\n".join(lines) + "\n", encoding="utf-8")
    part.replace(path)


def _encode(value: Any) -> str:
    return msgspec.json.encode(value, order="deterministic").decode()


def read_compiled(path: Path) -> Knowledge:
    """The knowledge base in a compiled file. Raises `KnowledgeError` if it cannot be read.

    The kinds are told apart at once; what is in a kind is decoded, and checked, when it is first used.
    """
    try:
        raw = _decoded(path.read_bytes(), _Compiled, path.name)
    except OSError as error:
        raise _unreadable(path.name, error) from None
    unknown = sorted(raw.records.keys() - kinds().keys())
    if unknown:
        raise _unreadable(path.name, f"kind {unknown[0]!r}")
    return Knowledge(Records(raw.records), raw.facets, raw.version, raw.digest)


class _Compiled(msgspec.Struct):
    version: str
    digest: str
    records: dict[str, msgspec.Raw]
    facets: dict[str, FacetTable]


def _decoded(content: bytes | msgspec.Raw, structure: Any, name: str = COMPILED.name) -> Any:
    try:
        return msgspec.json.decode(content, type=structure)
    except msgspec.MsgspecError as error:
        raise _unreadable(name, error) from None


def _unreadable(name: str, found: object) -> KnowledgeError:
    return KnowledgeError(name, str(found), "a compiled knowledge base", "Run `make fix`.")
