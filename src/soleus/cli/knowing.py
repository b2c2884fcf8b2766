"""What `soleus knowledge` does: check, count, compare, describe, export and compile."""

from __future__ import annotations

import inspect
import json
import os
import re
import sys
from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import msgspec
from rich.console import Console

from soleus.errors import KnowledgeError, UnknownName, UsageError, near_names
from soleus.evidence.content import shown_status
from soleus.evidence.record import Source
from soleus.knowledge import comparing
from soleus.knowledge.integrity import RULES, Fault, check, overdue, stale
from soleus.knowledge.loader import COMPILED, DATA, Knowledge, kinds, read_compiled, write_compiled
from soleus.knowledge.schema.core import Explanation, Finding, Likelihood
from soleus.reports.tables import listing

_SHOWN = 8  # ids that one line names
_DATE = re.compile(r"\d{4}-\d{2}-\d{2}")


def _console() -> Console:
    return Console(highlight=False)


def _say(text: str) -> None:
    _console().print(text, markup=False, soft_wrap=True)


def _some(ids: Sequence[str]) -> str:
    rest = len(ids) - _SHOWN
    return ", ".join(ids[:_SHOWN]) + (f" and {rest} more" if rest > 0 else "")


def _count(n: int, noun: str) -> str:
    return f"{n} {noun}{'' if n == 1 else 's'}"


# -------------------------------------------------------------------------------------------------- check


def run_check(folder: Path | None, as_of: str | None) -> None:
    """Print faults and warnings; raise `KnowledgeError` if there is a fault. ``as_of`` lists overdue reviews."""
    if as_of is not None and not _DATE.fullmatch(as_of):
        raise UsageError("--as-of", repr(as_of), "a date such as 2026-11-21", "Write year, month and day.")
    path = DATA if folder is None else folder
    knowledge = comparing.open_base(path, solve=False)
    found = [*check(knowledge, path if path.is_dir() else None)]
    if folder is None and (old := stale(read_compiled(COMPILED), knowledge)):
        found.insert(0, old)
    _print_faults(found)
    if as_of is not None:
        _print_overdue(knowledge, as_of)
    faults = sum(f.level == "fault" for f in found)
    records = sum(len(r) for r in knowledge.records.values())
    if faults:
        raise KnowledgeError("knowledge", _count(faults, "fault"), "none", "Mend the records listed above.")
    _say(f"{records:,} records, {len(RULES)} rules: no fault, {_count(len(found), 'warning')}.")


def run_check_overlay(file: Path, folder: Path | None) -> None:
    """Print every rule that an overlay breaks against a base; raise `KnowledgeError` if it breaks one."""
    from soleus.knowledge.overlay import read_overlay
    from soleus.knowledge.overlaying import check_overlay

    overlay = read_overlay(file)
    found = check_overlay(overlay, _base(folder))
    _print_faults(found)
    faults = sum(f.level == "fault" for f in found)
    if faults:
        raise KnowledgeError(file.name, _count(faults, "fault"), "none", "Learn the overlay again.")
    numbers, sites = _count(len(overlay.entries), "number"), _count(len(overlay.sites), "site")
    rest = f"{len(overlay.not_learnt)} not learnt: no fault, {_count(len(found), 'warning')}."
    _say(f"{overlay.id}: {numbers} of {sites}, {rest}")


def _base(folder: Path | None) -> Knowledge:
    return read_compiled(COMPILED) if folder is None else comparing.open_base(folder)


def _print_faults(found: Sequence[Fault]) -> None:
    """Every fault on a line; warnings that say the same of many records on one."""
    for f in found:
        if f.level == "fault":
            _say(f"fault: {f}")
    alike: dict[tuple[str, str, str, str], list[str]] = {}
    for f in found:
        if f.level == "warning":
            alike.setdefault((f.kind, f.rule, f.message, f.repair), []).append(f"{f.id}, {f.field}")
    for (kind, rule, message, repair), places in alike.items():
        names = places[0] if len(places) == 1 else f"{len(places)} of them"
        _say(f"warning: {kind} {names} [{rule}]: {message} {repair}")
        if len(places) > 1:
            _say(f"    {', '.join(place.partition(',')[0] for place in places)}")


def _print_overdue(knowledge: Knowledge, as_of: str) -> None:
    late = overdue(knowledge, as_of)
    _say(f"Reviews overdue on {as_of}: {sum(len(o.ids) for o in late)}")
    for o in late:
        _say(f"  {o.kind}, due {o.review_by}: {len(o.ids)} ({_some(o.ids)})")


# -------------------------------------------------------------------------------------------------- stats


def run_stats(folder: Path | None) -> None:
    """Print what the base holds, and how much of it is expert opinion."""
    knowledge = read_compiled(COMPILED) if folder is None else comparing.open_base(folder)
    console = _console()
    _say(f"Knowledge {knowledge.version} ({knowledge.digest[:12]})")
    _say(f"Review: {_review_status(knowledge)}")
    listing(console, "Records", ("kind", "records", "expert", "measured", "other basis"), _kind_rows(knowledge))
    cells = knowledge.all(Likelihood)
    total = max(len(cells), 1)
    listing(console, "Likelihoods by basis", ("basis", "n", "share"), _share_rows((r.basis for r in cells), total))
    listing(console, "Likelihoods by spread", ("spread", "n", "share"), _share_rows((r.spread for r in cells), total))
    read = [s.read for s in knowledge.all(Source)]
    listing(console, "Sources by how much was read", ("read", "n", "share"), _share_rows(read, max(len(read), 1)))
    _say(_coverage(knowledge))


def _kind_rows(knowledge: Knowledge) -> Iterable[tuple[str, ...]]:
    for kind, records in sorted(knowledge.records.items()):
        basis = Counter(getattr(r, "basis", "none") for r in records)
        other = len(records) - basis["expert"] - basis["measured"] - basis["none"]
        yield kind, str(len(records)), str(basis["expert"]), str(basis["measured"]), str(other)


def _share_rows(values: Iterable[str], total: int) -> Iterable[tuple[str, ...]]:
    for value, n in Counter(values).most_common():
        yield value, str(n), f"{100 * n / total:.0f} %"


def _review_status(knowledge: Knowledge) -> str:
    every = (shown_status(r) for records in knowledge.records.values() for r in records if getattr(r, "review", None))
    return ", ".join(f"{n:,} {status.replace('_', ' ')}" for status, n in Counter(every).most_common())


def _coverage(knowledge: Knowledge) -> str:
    core = {f.id for f in knowledge.all(Finding) if f.core}
    there = sum(r.finding in core for r in knowledge.all(Likelihood))
    wanted = len(core) * len(knowledge.all(Explanation))
    beyond = len(knowledge.all(Likelihood)) - there
    return f"Core findings: {there:,} of {wanted:,} cells filled; {beyond:,} likelihoods beyond the core."


# --------------------------------------------------------------------------------------------------- diff


def run_diff(before: Path | None, after: Path | None, vignettes: Path, overlay: Path | None = None) -> None:
    """Print what changed from one base to another, down to the posteriors of the vignettes.

    With ``overlay`` from a base (None: the shipped one) to the same with it.
    """
    if (after is None) == (overlay is None):
        raise UsageError("soleus knowledge diff", "no second base" if after is None else "a second base and --overlay",
                         "two bases, or --overlay FILE", "See `soleus knowledge diff --help`.")  # fmt: skip
    old = _opened(before, None)
    new = _opened(after, None) if overlay is None else _opened(before, overlay)
    _say(f"{before or 'shipped'}: {old.version} ({old.digest[:12]})")
    _say(f"{after or overlay}: {new.version} ({new.digest[:12]})")
    found = comparing.compare(old, new)
    if found.empty:
        _say("No record differs.")
        return
    for word, table in (("added", found.added), ("removed", found.removed)):
        for kind, ids in table.items():
            _say(f"{word} {kind}: {len(ids)} ({_some(ids)})")
    for record in found.changed:
        _say(f"changed {record.kind} {record.id}")
        for f in record.fields:
            for field, old_value, new_value in _cells(f):
                _say(f"    {field}: {_short(old_value)} -> {_short(new_value)}")
    _print_shifts(old, new, vignettes)


def _opened(base: Path | None, overlay: Path | None) -> Knowledge:
    """A base; an overlay in its place, or with it, lies on the shipped one, or on the base."""
    from soleus.knowledge.overlay import read_overlay
    from soleus.knowledge.overlaying import with_overlay

    if overlay is None and base is not None and base.is_file() and comparing.is_overlay(base):
        base, overlay = None, base
    found = _base(base)
    return found if overlay is None else with_overlay(found, read_overlay(overlay))


def _cells(f: comparing.FieldChange) -> Iterable[tuple[str, Any, Any]]:
    """The field; of a table the cells that differ."""
    if not isinstance(f.before, dict) or not isinstance(f.after, dict):
        return [(f.field, f.before, f.after)]
    told = [(f"{f.field}.{k}", f.before.get(k), f.after.get(k)) for k in dict.fromkeys((*f.before, *f.after))]
    return [(name, old, new) for name, old, new in told if old != new]


def _short(value: Any) -> str:
    text = "nothing" if value is None else json.dumps(value, ensure_ascii=False)
    return text if len(text) <= 120 else text[:117] + "..."


def _print_shifts(old: Knowledge, new: Knowledge, folder: Path) -> None:
    from soleus.reasoning.compiled import Compiled
    from soleus.validation.shifts import shifts
    from soleus.validation.vignettes import read_all

    if not folder.is_dir():
        _say(f"No vignettes in {folder}: posteriors were not compared.")
        return
    found = shifts(Compiled(old), Compiled(new), [v.read() for v in read_all(folder)])
    moved = [s for s in found if s.distance > 1e-6]
    _say(f"Posteriors that moved: {len(moved)} of {len(found)} cases; largest first.")
    for s in moved:
        _say(f"{s.distance:.3f}  {s.case}")
        _say(f"       {s.error or f'{s.moved} {s.before:.3f} -> {s.after:.3f}'}")
        if s.first_before != s.first_after:
            _say(f"       first: {s.first_before} -> {s.first_after}")


# -------------------------------------------------------------------------------------------------- schema


def run_schema(kind: str | None) -> None:
    """Print the JSON Schema of a case, an assessment or a kind of record; without a name, the list of names."""
    if kind is None:
        for name, text in {**_OTHERS, **{k: _first_line(t) for k, t in sorted(kinds().items())}}.items():
            _say(f"{name}: {text}")
        return
    print(json.dumps(_schema(kind), indent=2, sort_keys=True, ensure_ascii=False))


_OTHERS = {
    "case": "A person and what is told of the legs, the input of `soleus assess`.",
    "assessment": "What `soleus assess --format json` gives.",
}


def _first_line(structure: type[Any]) -> str:
    return (inspect.getdoc(structure) or "").split("\n\n")[0].replace("\n", " ")


def _schema(kind: str) -> dict[str, Any]:
    if kind == "case":
        from soleus.reasoning.case_schema import case_schema
        from soleus.reasoning.compiled import shipped_compiled

        return case_schema(shipped_compiled())
    if kind == "assessment":
        from soleus.reports.json import schema

        return schema()
    if kind not in kinds():
        known = [*_OTHERS, *sorted(kinds())]
        raise UnknownName("schema", repr(kind), "case, assessment or a kind of record", near_names(kind, known))
    return msgspec.json.schema(kinds()[kind])


# -------------------------------------------------------------------------------------------------- export


def run_export(case: Path, form: str, out: Path | None) -> None:
    """Write the network for one person; the evidence goes beside it, or to standard error."""
    from soleus.interop.reading import read_any
    from soleus.reasoning.bif import bif, evidence_of
    from soleus.reasoning.compiled import shipped_compiled
    from soleus.reasoning.intake import take_in
    from soleus.reasoning.medicines import MedicineIndex

    if form != "bif":
        raise UsageError("--format", repr(form), "bif", "Write --format bif.")
    compiled = shipped_compiled()
    presentation = take_in(read_any(case, compiled), compiled, MedicineIndex(compiled.knowledge))[0]
    evidence = json.dumps({"evidence": evidence_of(presentation)}, indent=2)
    if out is None:
        print(bif(presentation), end="")
        print(evidence, file=sys.stderr)
        return
    _write(out, bif(presentation))
    _write(out.with_suffix(".json"), evidence + "\n")
    print(f"Written: {out} and {out.with_suffix('.json')} (its evidence)", file=sys.stderr)


def _write(path: Path, text: str) -> None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise _unwritable(path, error) from None


def _unwritable(path: Path, error: OSError) -> UsageError:
    return UsageError(path.name, error.strerror or "no place to write", "a path that can be written", "Name another.")


# ------------------------------------------------------------------------------------------------- compile


def run_compile(folder: Path | None) -> None:
    """Compile a folder (default: the shipped data) into its one file: the old one stays until the new one is whole."""
    source = DATA if folder is None else folder
    target = COMPILED if folder is None else folder / COMPILED.name
    if not source.is_dir():
        raise UsageError("--folder", "no folder", "a folder of YAML files", "Check the path.")
    knowledge = comparing.open_base(source)
    fresh = target.with_name(f".{target.name}.{os.getpid()}")
    try:
        write_compiled(knowledge, fresh)
        fresh.replace(target)
    except OSError as error:
        fresh.unlink(missing_ok=True)
        raise _unwritable(target, error) from None
    _say(f"Compiled {target}: version {knowledge.version}, digest {knowledge.digest}")
