"""The index that a built library is searched with in the browser, and the script that searches. Nothing is sent."""

from __future__ import annotations

import json
from collections.abc import Iterator
from importlib.resources import files
from math import exp
from typing import Any

from soleus.library.model import RecordRef
from soleus.library.naming import key_of, names, records
from soleus.library.searching import SILENT
from soleus.library.signs import speaks_for
from soleus.library.titles import title_of
from soleus.library.told import RATE
from soleus.reasoning.compiled import Compiled
from soleus.web.built_links import Rules, file_of
from soleus.web.catalogue import text

INDEX, SCRIPT = "search-index.js", "search.js"
_PRESSING = ("emergency", "same_day")
_LOOKED_AT, _SPOKEN_FOR = 40, 6  # explanations that a sign speaks for: those that are weighed, those that are kept


def search_files(compiled: Compiled, rules: Rules) -> dict[str, bytes]:
    """File name -> content. The index is a script: a page that was opened from a disk may read no other file."""
    told = json.dumps(index(compiled, rules), ensure_ascii=False, separators=(",", ":"))
    script = files("soleus.web").joinpath("static/built_search.js").read_bytes()
    return {INDEX: f"window.soleusLibrary={told};\n".encode(), SCRIPT: script}


def index(compiled: Compiled, rules: Rules) -> dict[str, Any]:
    """Everything that is sought through; ``signs`` of a finding are words for its states, each with the
    numbers of the entries that it speaks for.
    """
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
    seen = {key_of(title), key_of(plain)}
    others = {key_of(n.text): n.text for n in every if n.how not in ("code", "state") and key_of(n.text) not in seen}
    acuity = compiled.explanations[ref.id].acuity if ref.kind == "explanation" else None
    return {
        "kind": ref.kind,
        "title": title,
        "plain": plain,
        "file": file_of(f"/library/{ref.kind}/{ref.id}", {}),
        "names": list(others.values()),
        "codes": [n.text for n in every if n.how == "code"],
        "urgent": text(f"finding.acuity.{acuity}") if acuity in _PRESSING else "",
        "signs": list(_signs(compiled, ref.id, numbers)) if ref.kind == "finding" else [],
    }


def _signs(compiled: Compiled, finding: str, numbers: dict[RecordRef, int]) -> Iterator[tuple[list[str], list[int]]]:
    """(words for a state of a finding, numbers of what it speaks for); other names of a yes or no are words for yes."""
    record = compiled.findings[finding]
    for state in record.states:
        own = () if record.kind == "yes_no" else (state.label,)
        lent = (record.name, *record.synonyms) if record.kind == "yes_no" and state.id != record.absent else ()
        words = list(dict.fromkeys((*own, *state.synonyms, *lent)))
        if words:
            yield words, [numbers[e] for e in _spoken_for(compiled, finding, state.id) if e in numbers]


def _spoken_for(compiled: Compiled, finding: str, state: str) -> list[RecordRef]:
    """What a state speaks for: how much more often it is found there, with some weight for what is common."""
    rates = compiled.once(_rates)
    rows = speaks_for(compiled, finding, state, _LOOKED_AT)
    ranked = sorted(rows, key=lambda r: -r.times * r.share * rates[r.explanation] ** RATE)
    return [RecordRef(kind="explanation", id=r.explanation) for r in ranked[:_SPOKEN_FOR]]


def _rates(compiled: Compiled) -> dict[str, float]:
    log_rates = compiled.context(None, None, "primary_care").log_rate.tolist()
    return {e: exp(rate) for e, rate in zip(compiled.network.explanations, log_rates, strict=True)}
