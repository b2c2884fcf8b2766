"""FHIR R4 files of many people (NDJSON of a bulk export, bundles, single resources; gzip too) as tables of our shape.

What is read: Patient, Condition, Procedure, Observation, Encounter (for the time of observation), Medication and its
requests, statements and administrations, Immunization. Records entered in error, refuted or not done are left out. A
record with two codings has two rows. FHIR knows no observation periods: a person's runs from the first to the last
dated record. `convert_fhir` holds one file in memory at a time.
"""

from __future__ import annotations

import datetime
import gzip
import json
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from soleus.errors import UnreadableInput
from soleus.population.databases.codes import concept_number, number_of, system_of_address
from soleus.population.databases.engine import Engine
from soleus.population.databases.source import SHAPE, WITHOUT, Lack, Source

Resource = dict[str, Any]
_ENDINGS = (".json", ".ndjson")
_VOID = ("entered-in-error", "refuted", "cancelled", "not-done", "draft", "proposal", "plan")
_SEXES = ("male", "female")
_PERIOD = "FHIR has no observation periods: they run from the first to the last record, so that a denominator is small."


@dataclass
class Gathered:
    """Rows by table, in the order of `SHAPE`'s columns; ``seen`` is first and last day of each person."""

    rows: dict[str, list[tuple[Any, ...]]] = field(default_factory=lambda: defaultdict(list))
    concepts: dict[int, tuple[str, str, str]] = field(default_factory=dict)
    seen: dict[int, tuple[datetime.date, datetime.date]] = field(default_factory=dict)

    def see(self, person: int, *days: datetime.date | None) -> None:
        for day in days:
            if day is not None:
                first, last = self.seen.get(person, (day, day))
                self.seen[person] = (min(first, day), max(last, day))

    def add(self, table: str, person: int, codings: Iterable[int], *rest: Any) -> None:
        self.rows[table] += [(person, concept, *rest) for concept in codings]


def read_fhir(engine: Engine, path: Path) -> Source:
    """The files as a source, in memory. Raises `UnreadableInput`."""
    found = gather(fhir_paths(path))
    rows = dict(found.rows) | _closing(found)
    tables = {name: engine.table(columns, rows.get(name, [])) for name, columns in SHAPE.items()}
    return Source(engine, "fhir", str(path), tables, lacks_of(rows))


def lacks_of(rows: dict[str, list[tuple[Any, ...]]]) -> tuple[Lack, ...]:
    """What FHIR never has, and what these files do not have."""
    empty = [Lack(name, None, WITHOUT[name]) for name in WITHOUT if not rows.get(name)]
    return (Lack("period", "start", _PERIOD), *empty)


def convert_fhir(path: Path, out: Path, progress: Callable[[Path], None] = lambda _: None) -> dict[str, int]:
    """Write the files as a folder of Parquet of our shape; rows by table. Raises `UnreadableInput`."""
    paths = fhir_paths(path)
    writers = _Writers(out)
    whole = Gathered()
    medications = _medications(paths)
    for file in paths:
        part = gather([file], medications)
        for person, days in part.seen.items():
            whole.see(person, *days)
        whole.concepts |= part.concepts
        writers.write(part.rows)
        progress(file)
    writers.write(_closing(whole))
    return writers.close()


class _Writers:
    """One Parquet file a table, written in pieces."""

    def __init__(self, out: Path) -> None:
        out.mkdir(parents=True, exist_ok=True)
        self.out, self.open, self.counts = out, dict[str, Any](), dict.fromkeys(SHAPE, 0)

    def write(self, rows: dict[str, list[tuple[Any, ...]]]) -> None:
        import pyarrow as pa
        import pyarrow.parquet as pq

        kinds = {"int": pa.int64(), "float": pa.float64(), "str": pa.string(), "date": pa.date32()}
        for name, columns in SHAPE.items():
            schema = pa.schema([(column, kinds[kind]) for column, kind in columns.items()])
            if name not in self.open:
                self.open[name] = pq.ParquetWriter(self.out / f"{name}.parquet", schema)
            values = list(zip(*rows[name], strict=True)) if rows.get(name) else []
            if values:
                arrays = [pa.array(v, f.type) for v, f in zip(values, schema, strict=True)]
                self.open[name].write_table(pa.table(arrays, schema=schema))
                self.counts[name] += len(rows[name])

    def close(self) -> dict[str, int]:
        for writer in self.open.values():
            writer.close()
        return self.counts


def _closing(found: Gathered) -> dict[str, list[tuple[Any, ...]]]:
    """What is known when everything was read: concepts, and the time between first and last record."""
    return {
        "concept": [(number, *told) for number, told in sorted(found.concepts.items())],
        "period": [(person, *days) for person, days in sorted(found.seen.items())],
    }


# --------------------------------------------------------------------------------------------- files


def fhir_paths(path: Path) -> list[Path]:
    """The files of a folder, or the one. Raises `UnreadableInput` where there is none."""
    found = [path] if path.is_file() else sorted(p for p in path.rglob("*") if p.is_file() and _is_fhir(p))
    if not found:
        raise UnreadableInput(str(path), "no .json or .ndjson file", "FHIR files, gzipped or not", "Check the path.")
    return found


def _is_fhir(path: Path) -> bool:
    return path.name.lower().removesuffix(".gz").endswith(_ENDINGS)


def resources(path: Path) -> Iterator[Resource]:
    """The resources of a file, one by one, bundles opened. Raises `UnreadableInput` with the line."""
    opened = gzip.open if path.name.endswith(".gz") else open
    try:
        with opened(path, "rt", encoding="utf-8-sig") as file:
            if ".ndjson" in path.name.lower():
                for number, line in enumerate(file, 1):
                    if line.strip():
                        yield from _opened(_parsed(line, f"{path.name} line {number}"))
            else:
                yield from _opened(_parsed(file.read(), path.name))
    except (OSError, EOFError, UnicodeDecodeError) as error:
        raise UnreadableInput(path.name, type(error).__name__, "JSON as UTF-8", "Export the file again.") from None


def _parsed(text: str, where: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        raise UnreadableInput(where, "no JSON", "a FHIR resource or bundle", "Export the file again.") from None


def _opened(tree: Any) -> Iterator[Resource]:
    if isinstance(tree, list):
        for part in tree:
            yield from _opened(part)
    elif isinstance(tree, dict) and tree.get("resourceType") == "Bundle":
        for entry in _items(tree.get("entry")):
            resource = _map(_map(entry).get("resource"))
            if resource.get("resourceType") == "Bundle":
                yield from _opened(resource)
            elif resource:
                yield resource | {"_address": _map(entry).get("fullUrl")}
    elif isinstance(tree, dict):
        yield tree


# ----------------------------------------------------------------------------------------- resources


def gather(paths: Sequence[Path], medications: dict[str, Any] | None = None) -> Gathered:
    """The rows of some files. ``medications``: reference -> code, for files that keep them elsewhere."""
    named = _medications(paths) if medications is None else medications
    found = Gathered()
    for path in paths:
        for resource in resources(path):
            read = _READERS.get(str(resource.get("resourceType")))
            if read is not None and not _void(resource):
                read(found, resource, named)
    return found


def _medications(paths: Sequence[Path]) -> dict[str, Any]:
    found = {}
    for path in paths:
        for resource in resources(path):
            if resource.get("resourceType") == "Medication":
                for name in _names(resource):
                    found[name] = resource.get("code")
    return found


def _names(resource: Resource) -> set[str]:
    """All by which a reference may call it: the id, and the last part of its address."""
    return {_tail(str(name)) for name in (resource.get("id"), resource.get("_address")) if name}


def _tail(reference: str) -> str:
    return reference.split("/_history/")[0].rstrip("/").replace(":", "/").rsplit("/", 1)[-1].lstrip("#")


def _void(resource: Resource) -> bool:
    stated = [resource.get("status"), resource.get("intent")]
    stated += [_map(c).get("code") for c in _items(_map(resource.get("verificationStatus")).get("coding"))]
    return any(s in _VOID for s in stated)


def _person_of(resource: Resource) -> int | None:
    reference = _map(resource.get("subject") or resource.get("patient")).get("reference")
    return number_of(_tail(reference)) if isinstance(reference, str) else None


def _patient(found: Gathered, resource: Resource, _: Any) -> None:
    name = resource.get("id") or resource.get("_address")
    if not name:
        return
    person, sex = number_of(_tail(str(name))), resource.get("gender")
    birth = day_of(resource.get("birthDate"))
    found.rows["person"].append((person, birth, sex if sex in _SEXES else None))
    died = resource.get("deceasedDateTime")
    if died or resource.get("deceasedBoolean") is True:
        found.rows["death"].append((person, day_of(died)))


def _fact(*names: str) -> Callable[[Gathered, Resource, Any], None]:
    """A reader of a record that is an event on the first of these dates that it has."""

    def read(found: Gathered, resource: Resource, _: Any) -> None:
        person = _person_of(resource)
        if person is not None:
            day = _first_day(resource, names)
            found.see(person, day)
            found.add("event", person, _concepts(found, resource.get("code")), day)

    return read


def _observation(found: Gathered, resource: Resource, _: Any) -> None:
    person = _person_of(resource)
    if person is None:
        return
    day = _first_day(resource, ("effectiveDateTime", "effectivePeriod.start", "effectiveInstant", "issued"))
    found.see(person, day)
    for part in (resource, *map(_map, _items(resource.get("component")))):
        quantity, concepts = _map(part.get("valueQuantity")), _concepts(found, part.get("code"))
        if isinstance(quantity.get("value"), int | float):
            unit = quantity.get("code") or quantity.get("unit")
            found.add("result", person, concepts, day, float(quantity["value"]), unit)
        elif part is resource:
            found.add("event", person, concepts, day)


def _medicine(start: Sequence[str], end: Sequence[str]) -> Callable[[Gathered, Resource, Any], None]:
    def read(found: Gathered, resource: Resource, named: dict[str, Any]) -> None:
        person = _person_of(resource)
        if person is not None:
            first = _first_day(resource, start)
            last = _first_day(resource, end) or _supplied(resource, first)
            found.see(person, first)
            code = resource.get("medicationCodeableConcept") or resource.get("vaccineCode")
            found.add("exposure", person, _concepts(found, code or _referred(resource, named)), first, last)

    return read


def _referred(resource: Resource, named: dict[str, Any]) -> Any:
    name = _tail(str(_map(resource.get("medicationReference")).get("reference", "")))
    inside = (_map(c) for c in _items(resource.get("contained")))
    return next((c.get("code") for c in inside if c.get("id") == name), named.get(name))


def _supplied(resource: Resource, first: datetime.date | None) -> datetime.date | None:
    """The last day of the supply, where it is told in days."""
    supply = _map(_map(resource.get("dispenseRequest")).get("expectedSupplyDuration"))
    days = supply.get("value")
    if first is None or not isinstance(days, int | float) or supply.get("code", "d") not in ("d", "day") or days < 1:
        return None
    return first + datetime.timedelta(days=min(int(days), 3650) - 1)


def _encounter(found: Gathered, resource: Resource, _: Any) -> None:
    person = _person_of(resource)
    if person is not None:
        found.see(person, _first_day(resource, ("period.start",)), _first_day(resource, ("period.end",)))


_READERS: dict[str, Callable[[Gathered, Resource, Any], None]] = {
    "Patient": _patient,
    "Condition": _fact("onsetDateTime", "onsetPeriod.start", "recordedDate", "assertedDate"),
    "Procedure": _fact("performedDateTime", "performedPeriod.start"),
    "Observation": _observation,
    "Encounter": _encounter,
    "MedicationRequest": _medicine(("authoredOn",), ("dispenseRequest.validityPeriod.end",)),
    "MedicationStatement": _medicine(
        ("effectiveDateTime", "effectivePeriod.start", "dateAsserted"), ("effectivePeriod.end",)
    ),
    "MedicationAdministration": _medicine(("effectiveDateTime", "effectivePeriod.start"), ("effectivePeriod.end",)),
    "Immunization": _medicine(("occurrenceDateTime",), ("occurrenceDateTime",)),
}  # fmt: skip


def _concepts(found: Gathered, code: Any) -> list[int]:
    """The numbers of all codings; [0] for a record without a code."""
    told = _map(code)
    out = []
    for coding in map(_map, _items(told.get("coding"))):
        if isinstance(coding.get("code"), str):
            system = system_of_address(str(coding.get("system") or ""))
            number = concept_number(system, coding["code"])
            name = str(coding.get("display") or told.get("text") or coding["code"])
            found.concepts.setdefault(number, (system, coding["code"], name))
            out.append(number)
    return list(dict.fromkeys(out)) or [0]


def _first_day(resource: Resource, names: Iterable[str]) -> datetime.date | None:
    for name in names:
        value: Any = resource
        for step in name.split("."):
            value = _map(value).get(step)
        if (day := day_of(value)) is not None:
            return day
    return None


def day_of(value: Any) -> datetime.date | None:
    """The day of a FHIR date or time, as written; a year or month alone is put in its middle."""
    text = value[:10] if isinstance(value, str) else ""
    full = text + {4: "-07-01", 7: "-15"}.get(len(text), "")
    try:
        return datetime.date.fromisoformat(full)
    except ValueError:
        return None


def _map(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _items(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [] if value is None else [value]
