"""The index that a built library is searched with in the browser, and the script that searches. Nothing is sent."""

from __future__ import annotations

import json
from importlib.resources import files
from typing import Any

from soleus.library.model import RecordRef
from soleus.library.naming import key_of, names, records
from soleus.library.searching import SILENT
from soleus.library.signs import speaks_for
from soleus.library.titles import title_of
from soleus.reasoning.compiled import Compiled
from soleus.web.built_links import Rules, file_of
from soleus.web.catalogue import text

INDEX, SCRIPT = "search-index.js", "search.js"
_PRESSING = ("emergency", "same_day")


def search_files(compiled: Compiled, rules: Rules) -> dict[str, bytes]:
    """File name -> content. The index is a script: a page that was opened from a disk may read no other file."""
    told = json.dumps(index(compiled, rules), ensure_ascii=False, separators=(",", ":"))
    script = files("soleus.web").joinpath("static/built_search.js").read_bytes()
    return {INDEX: f"window.soleusLibrary={told};\n".encode(), SCRIPT: script}


def index(compiled: Compiled, rules: Rules) -> dict[str, Any]:
    """Everything that is sought through; ``speaks`` of a finding are the numbers of what it speaks for."""
    built = [ref for ref, _ in records(compiled) if rules.knows(file_of(f"/library/{ref.kind}/{ref.id}", {}))]
    numbers = {ref: n for n, ref in enumerate(built)}
    return {
        "folder": rules.folder("patient"),
        "silent": sorted(SILENT),
        "kinds": {kind: text(f"finding.kind.{kind}") for kind in dict.fromkeys(ref.kind for ref in built)},
        "words": {
            "found": text("finding.built.found"),
            "none": text("finding.search.none"),
            "also": text("finding.built.also"),
        },
        "entries": [_entry(compiled, ref, numbers) for ref in built],
    }


def _entry(compiled: Compiled, ref: RecordRef, numbers: dict[RecordRef, int]) -> dict[str, Any]:
    title, plain = (title_of(compiled.knowledge, ref, who) for who in ("clinician", "patient"))
    every = names(compiled)[ref]
    seen = {key_of(title): title, key_of(plain): plain}
    others = {key_of(n.text): n.text for n in every if n.how != "code" and key_of(n.text) not in seen}
    acuity = compiled.explanations[ref.id].acuity if ref.kind == "explanation" else None
    return {
        "kind": ref.kind,
        "title": title,
        "plain": plain,
        "file": file_of(f"/library/{ref.kind}/{ref.id}", {}),
        "names": list(others.values()),
        "codes": [n.text for n in every if n.how == "code"],
        "urgent": text(f"finding.acuity.{acuity}") if acuity in _PRESSING else "",
        "speaks": _speaks(compiled, ref, numbers),
    }


def _speaks(compiled: Compiled, ref: RecordRef, numbers: dict[RecordRef, int]) -> list[int]:
    """What the first telling state of a finding speaks for: its other words are those of that state, as a rule."""
    if ref.kind != "finding":
        return []
    finding = compiled.findings[ref.id]
    rows = next((rows for s in finding.states if (rows := speaks_for(compiled, finding.id, s.id))), ())
    told = (RecordRef(kind="explanation", id=row.explanation) for row in rows)
    return [numbers[e] for e in told if e in numbers]
