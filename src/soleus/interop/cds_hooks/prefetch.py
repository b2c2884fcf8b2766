"""What of the record is at hand: handed over, read from the client's server, or not to be had.

key absent                   not asked: read from the server where that is allowed, else not known
a Bundle without entries     asked, and there is none; null says the same
an OperationOutcome          asked, and it failed: not known, and not asked again
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal
from urllib.parse import quote

from soleus.errors import CannotAssess
from soleus.interop.cds_hooks.request import Request
from soleus.interop.cds_hooks.services import CONTENT, TELLING, TEMPLATES
from soleus.interop.fhir.shapes import items, mapping, word

#: Queries by key -> what the server answered, by key; a key that failed is left out.
Fetch = Callable[[Mapping[str, str]], Mapping[str, Any]]
State = Literal["given", "none", "failed", "missing"]
_FAILED = {"resourceType": "OperationOutcome"}
_WORDS = {"missing": "not handed over", "failed": "could not be read", "given": "only the first page"}
_LISTS = {"conditions": ("conditions",), "medicines": ("medications", "statements")}


@dataclass(frozen=True)
class Record:
    """The entries at hand and how each key fared; ``cut``: keys of which there is more than was handed over."""

    entries: tuple[dict[str, Any], ...]
    states: dict[str, State]
    cut: frozenset[str] = field(default_factory=frozenset)

    def of_kind(self, kind: str) -> list[dict[str, Any]]:
        """The resources of a type."""
        found = (mapping(e.get("resource")) for e in self.entries)
        return [r for r in found if r.get("resourceType") == kind]

    @property
    def tells(self) -> bool:
        """Whether anything that could tell of the legs was asked and answered, even if with nothing."""
        return any(self.states[key] in ("given", "none") for key in TELLING)

    @property
    def cut_lists(self) -> frozenset[str]:
        """The lists of a case of which only a part came: their silence says nothing."""
        return frozenset(name for name, keys in _LISTS.items() if self.cut & set(keys))

    def not_known(self) -> tuple[str, ...]:
        """What is not known, in words."""
        wanting = [k for k, s in self.states.items() if s in ("missing", "failed") or k in self.cut]
        return tuple(f"{CONTENT[k][1]} ({_WORDS[self.states[k]]})" for k in wanting)


def missing() -> CannotAssess:
    """Nothing that could tell of the legs was handed over, and it cannot be read either (HTTP 412)."""
    return CannotAssess(
        "prefetch",
        "nothing of the record",
        f"at least one of {', '.join(TELLING)}",
        "Send the prefetch that discovery lists, or a fhirServer that this service may read, with fhirAuthorization.",
    )


def queries(request: Request) -> Mapping[str, str]:
    """The queries, by key, for what was not handed over."""
    asked: dict[str, Any] = {}

    def note(found: Mapping[str, str]) -> Mapping[str, Any]:
        asked.update(found)
        return {}

    gather(request, note)
    return asked


def gather(request: Request, fetch: Fetch | None) -> Record:
    """Everything that was handed over, whatever its key, and what is missing of it from the client's server."""
    entries: list[dict[str, Any]] = []
    states: dict[str, State] = dict.fromkeys(CONTENT, "missing")
    cut: set[str] = set()
    for key, value in request.prefetch.items():
        _take(key, value, entries, states, cut)
    if fetch is not None and (queries := _queries(request, states)):
        read = fetch(queries)
        for key in queries:
            _take(key, read.get(key, _FAILED), entries, states, cut)
    return Record(tuple(_once(entries)), states, frozenset(cut))


def _queries(request: Request, states: Mapping[str, State]) -> dict[str, str]:
    ids = {"context.patientId": request.patient, "context.encounterId": request.encounter}
    out = {}
    for key, template in TEMPLATES.items():
        name = template.split("{{")[1].split("}}")[0]
        if states[key] == "missing" and ids[name]:
            out[key] = template.replace(f"{{{{{name}}}}}", quote(ids[name], safe=""))
    return out


def _take(key: str, value: Any, entries: list[dict[str, Any]], states: dict[str, State], cut: set[str]) -> None:
    found = _entries(value)
    kinds = {word(mapping(e["resource"]).get("resourceType")) for e in found or ()}
    if key in states:
        states[key] = "failed" if found is None else "given" if found else "none"
        if _more(value):
            cut.add(key)
    for name, (known, _) in CONTENT.items():
        if kinds & set(known):
            states[name] = "given"
    entries += found or ()


def _entries(value: Any) -> list[dict[str, Any]] | None:
    """The entries in the value of a key: of a Bundle, a resource or a list of them; None where the query failed."""
    if value is None:
        return []
    if isinstance(value, list):
        return [{"resource": r} for r in value if _is_resource(r)]
    kind = word(mapping(value).get("resourceType"))
    if kind == "Bundle":
        inner = (mapping(e) for e in items(value.get("entry")))
        return [_entry(e) for e in inner if _is_resource(e.get("resource"))]
    return [{"resource": value}] if _is_resource(value) else None


def _entry(entry: dict[str, Any]) -> dict[str, Any]:
    url = word(entry.get("fullUrl"))
    return {"fullUrl": url, "resource": entry["resource"]} if url else {"resource": entry["resource"]}


def _is_resource(value: Any) -> bool:
    kind = word(mapping(value).get("resourceType"))
    return bool(kind) and kind not in ("OperationOutcome", "Bundle")


def _more(value: Any) -> bool:
    """Whether a search has a next page, or counts more than it holds."""
    body = mapping(value)
    total = body.get("total")
    if isinstance(total, int) and total > len(items(body.get("entry"))):
        return True
    return any(word(mapping(link).get("relation")) == "next" for link in items(body.get("link")))


def _once(entries: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Each resource once, though two keys may hold it."""
    seen: dict[tuple[str, str], None] = {}
    out = []
    for n, entry in enumerate(entries):
        resource = mapping(entry["resource"])
        name = word(resource.get("id"))
        key = (word(resource.get("resourceType")), name or f"#{n}")
        if key not in seen:
            seen[key] = None
            out.append(entry)
    return out
