"""What a run wrote and what it was made of: results as Parquet and JSON beside a `manifest.json`.

The manifest names the input (a fingerprint, never its content), the versions of code and knowledge, the settings and
the engine. A part that is finished stands in it, so that a run that was broken off goes on where it stopped; with other
settings or another input it begins anew. Small cells are suppressed before anything is written.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

from soleus.errors import UnreadableInput, UsageError
from soleus.population.databases.engine import Row
from soleus.population.databases.source import Source
from soleus.reasoning.assess import software_version

T = TypeVar("T")
NAME = "manifest.json"
SMALLEST_CELL = 5
_EDGE = 1 << 20  # bytes read from each end of a file for its fingerprint


class Manifest:
    """The manifest of a folder of results. ``made_of`` decides whether what is there can be kept.

    ``another``: the folder holds the results of another run, which are written over.

    Raises `UsageError` where no folder can be made, `UnreadableInput` where another manifest is in it.
    """

    def __init__(self, folder: Path, made_of: Mapping[str, Any]) -> None:
        _make(folder)
        self.folder, self.made_of = folder, json.loads(json.dumps(made_of, default=str, sort_keys=True))
        self.another = False
        self.parts: dict[str, dict[str, int]] = self._kept()

    def _kept(self) -> dict[str, dict[str, int]]:
        path = self.folder / NAME
        if not path.exists():
            return {}
        try:
            found = json.loads(path.read_text(encoding="utf-8"))
            self.another = found["made_of"] != self.made_of
            return {} if self.another else dict(found["parts"])
        except (ValueError, KeyError, TypeError):
            raise UnreadableInput(str(path), "no manifest", "the manifest of a run", "Remove it.") from None

    def done(self, part: str) -> bool:
        return part in self.parts

    def finish(self, part: str, rows: Mapping[str, int]) -> None:
        """The part is written; its rows by table."""
        self.parts[part] = dict(rows)
        told = {"made_of": self.made_of, "parts": self.parts, "reviewed": "No human has reviewed these results."}
        with whole_file(self.folder / NAME) as file:
            file.write_text(json.dumps(told, indent=1, sort_keys=True) + "\n", encoding="utf-8")

    def rows(self) -> dict[str, int]:
        """Rows by table, over all parts."""
        out: dict[str, int] = {}
        for rows in self.parts.values():
            for name, count in rows.items():
                out[name] = out.get(name, 0) + count
        return out


def _make(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UsageError("--out", error.strerror or "no place to write", "a folder", "Name another.") from None


def unfinished(manifest: Manifest, parts: Iterable[T], name: Callable[[T], str]) -> Iterator[T]:
    """The parts that are still to be made."""
    return (part for part in parts if not manifest.done(name(part)))


@contextmanager
def whole_file(path: Path) -> Iterator[Path]:
    """A name to write to; the file takes its own name only when it is whole."""
    part = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        yield part
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)


def input_of(folder: Path) -> str | None:
    """The fingerprint of what the results in a folder were made from; None where no manifest tells."""
    try:
        return str(json.loads((folder / NAME).read_text(encoding="utf-8"))["made_of"]["input"])
    except (OSError, ValueError, KeyError, TypeError):
        return None


def made_of(source: Source | None, settings: Mapping[str, Any], knowledge: tuple[str, str]) -> dict[str, Any]:
    """What a run is made of; ``knowledge``: version and digest."""
    about = {} if source is None else {"kind": source.kind, "input": fingerprint(source), "about": dict(source.about)}
    return {
        "code": software_version(),
        "knowledge": {"version": knowledge[0], "digest": knowledge[1]},
        "engine": None if source is None else source.engine.name,
        "settings": dict(settings),
        **about,
    }


def fingerprint(source: Source) -> str:
    """A digest of the input: of files their names, sizes and both ends; of a database rows and people by table."""
    path = Path(source.where)
    digest = hashlib.sha256()
    if path.exists():
        for file in sorted(p for p in ([path] if path.is_file() else path.rglob("*")) if p.is_file()):
            digest.update(f"{file.name} {file.stat().st_size}\n".encode())
            digest.update(_ends(file))
    else:
        for name in ("person", "period", "exposure", "event", "result"):
            table = source.tables[name]
            digest.update(repr(source.engine.one(table.aggregate(n=table.count()))).encode())
    return digest.hexdigest()


def _ends(path: Path) -> bytes:
    with path.open("rb") as file:
        head = file.read(_EDGE)
        file.seek(max(0, path.stat().st_size - _EDGE))
        return head + file.read(_EDGE)


def write_rows(folder: Path, name: str, rows: Sequence[Row]) -> None:
    """The rows of a result as `name.json` and `name.parquet`."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    with whole_file(folder / f"{name}.json") as file:
        file.write_text(json.dumps(list(rows), indent=1, default=str, allow_nan=False) + "\n", encoding="utf-8")
    with whole_file(folder / f"{name}.parquet") as file:
        pq.write_table(pa.Table.from_pylist([dict(row) for row in rows]), file)


# ---------------------------------------------------------------------------------------- small cells


def suppress(
    rows: Sequence[Row],
    counts: Sequence[str],
    *,
    within: Sequence[str] = (),
    drop: Mapping[str, Sequence[str]] | None = None,
    least: int = SMALLEST_CELL,
) -> list[Row]:
    """The rows with counts from 1 to ``least`` - 1 as None, and what would give them away.

    ``within``: columns that name the group over which a total may be known; where one cell of a group is hidden, the
    next smallest of the group is hidden as well. ``drop``: count -> columns made of it, hidden with it. ``least`` 0 or
    1 hides nothing.
    """
    out = [dict(row) for row in rows]
    for count in counts:
        for group in _groups(out, within):
            for n in _hidden([out[n][count] for n in group], least):
                for column in (count, *(drop or {}).get(count, ())):
                    out[group[n]][column] = None
    return out


def shown_sizes(sizes: Iterable[Any], least: int = SMALLEST_CELL) -> list[Row]:
    """Sizes of tables (`soleus.population.databases.quality`) as rows. Of a table with few people neither rows nor days
    are told: the first day on which somebody died is the day of one person."""
    made_of_them = {"people": ("rows", "first", "last")}
    return suppress([s._asdict() for s in sizes], ["people"], within=("table",), drop=made_of_them, least=least)


def _groups(rows: Sequence[Row], within: Sequence[str]) -> list[list[int]]:
    found: dict[tuple[Any, ...], list[int]] = {}
    for n, row in enumerate(rows):
        found.setdefault(tuple(row[name] for name in within), []).append(n)
    return list(found.values())


def _hidden(counts: Sequence[int | None], least: int) -> list[int]:
    """Places of the cells to hide: small ones, and the smallest others that are not 0 until the total of the group,
    which may be known, tells none: where one is hidden alone (by whomever), or only cells of 1."""
    small = [n for n, count in enumerate(counts) if count is not None and 0 < count < least]
    others = sorted((n for n, count in enumerate(counts) if count and n not in small), key=lambda n: counts[n] or 0)
    before = sum(count is None for count in counts) if least > 1 else 0
    while others and (before + len(small) == 1 or (small and not before and {counts[n] for n in small} == {1})):
        small.append(others.pop(0))
    return small
