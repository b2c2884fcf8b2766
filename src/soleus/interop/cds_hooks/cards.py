"""From an alert to a card: what CDS Hooks wants of a card, and nothing of medicine."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from soleus.interop.fhir.canonical import BASE
from soleus.reasoning.assessment import Reference

Body = dict[str, Any]
Kind = Literal["red_flag", "judgement", "medicine", "order", "other_person"]
Indicator = Literal["info", "warning", "critical"]

#: The names by which uuids of cards are made; a call that is repeated gives the same cards.
_NAMESPACE = uuid.uuid5(uuid.NAMESPACE_URL, f"{BASE}/cds-hooks/card")
OVERRIDES = f"{BASE}/CodeSystem/override-reasons"
TOPICS = f"{BASE}/CodeSystem/card-kinds"
_MOST_SUMMARY = 139  # characters; the specification wants fewer than 140

_KIND_WORDS: dict[Kind, str] = {
    "red_flag": "A danger that must not wait",
    "judgement": "What the leg complaint is likely to be",
    "medicine": "A medicine that is taken",
    "order": "A medicine that is ordered",
    "other_person": "A record of somebody else",
}
#: Override reasons by code; those of a kind in the order in which they are shown.
OVERRIDE_WORDS: dict[str, str] = {
    "dealt_with": "Already dealt with",
    "benefit": "The benefit outweighs it for this person",
    "other_use": "It is given for something else",
    "not_this_person": "It does not apply to this person",
    "record_wrong": "The record is wrong or out of date",
    "later": "Will look at it later",
}
_OVERRIDES: dict[Kind, tuple[str, ...]] = {
    "red_flag": ("dealt_with", "not_this_person", "record_wrong"),
    "judgement": ("dealt_with", "not_this_person", "record_wrong", "later"),
    "medicine": ("benefit", "dealt_with", "record_wrong", "later"),
    "order": ("benefit", "other_use", "dealt_with", "record_wrong"),
    "other_person": ("dealt_with",),
}


@dataclass(frozen=True)
class Alert:
    """What is to be said, before it has the shape of a card.

    ``key`` tells alerts of one kind apart. ``lines`` are paragraphs in Markdown, of our own and the knowledge base's
    words only. ``suggestions`` are (label, action), each to be taken or left on its own.
    """

    kind: Kind
    key: str
    indicator: Indicator
    summary: str
    lines: tuple[str, ...]
    references: tuple[Reference, ...] = ()
    suggestions: tuple[tuple[str, dict[str, Any]], ...] = ()


@dataclass(frozen=True)
class Frame:
    """What every card of one answer shares. ``closing`` ends every detail."""

    instance: str
    service: str
    base_url: str
    smart_url: str | None
    closing: tuple[str, ...]


def card(alert: Alert, frame: Frame, place: int = 0) -> Body:
    """The alert as a card; ``place`` among those of the answer tells cards that say the same apart."""
    id = uuid.uuid5(_NAMESPACE, "\n".join((frame.service, frame.instance, alert.kind, alert.key, str(place))))
    suggestions = [_suggestion(id, n, *s) for n, s in enumerate(alert.suggestions)]
    body: Body = pruned({
        "uuid": str(id),
        "summary": head(alert.summary),
        "indicator": alert.indicator,
        "detail": "\n\n".join((*alert.lines, *_sources(alert.references), *frame.closing)),
        "source": {
            "label": "Soleus",
            "url": frame.base_url,
            "topic": {"system": TOPICS, "code": alert.kind, "display": _KIND_WORDS[alert.kind]},
        },
        "suggestions": suggestions,
        "selectionBehavior": "any" if suggestions else None,
        "overrideReasons": [
            {"system": OVERRIDES, "code": code, "display": OVERRIDE_WORDS[code]} for code in _OVERRIDES[alert.kind]
        ],
        "links": _links(alert, frame),
    })  # fmt: skip
    return body


def _suggestion(card_id: uuid.UUID, number: int, label: str, action: dict[str, Any]) -> dict[str, Any]:
    return {"label": label, "uuid": str(uuid.uuid5(card_id, f"{number}")), "actions": [action]}


def _links(alert: Alert, frame: Frame) -> list[dict[str, str]]:
    links = [{"label": "Open the case desk", "url": f"{frame.base_url}/desk", "type": "absolute"}]
    if frame.smart_url:
        smart = {"label": "Open this record in Soleus", "url": frame.smart_url, "type": "smart"}
        links.append({**smart, "appContext": alert.kind})
    return links


def _sources(references: Iterable[Reference]) -> tuple[str, ...]:
    lines = [f"{r.number}. {r.text}" + (f" <{r.url}>" if r.url else "") for r in references]
    return ("Sources:\n\n" + "\n".join(lines),) if lines else ()


def head(text: str) -> str:
    """One line of fewer than 140 characters, cut at a word."""
    line = " ".join(text.split())
    if len(line) <= _MOST_SUMMARY:
        return line
    return line[: _MOST_SUMMARY - 1].rsplit(" ", 1)[0].rstrip(",;:. ") + "…"


def listed(items: Sequence[str]) -> str:
    """Items as a Markdown list."""
    return "\n".join(f"- {i}" for i in items)


def pruned(value: Any) -> Any:
    """Without null, "", [] and {}: a specification of JSON that has none of them, `cards` and `services` excepted."""
    if isinstance(value, dict):
        inner = {k: pruned(v) for k, v in value.items()}
        return {k: v for k, v in inner.items() if k in ("cards", "services") or v not in (None, "", [], {})}
    return [v for v in map(pruned, value) if v not in (None, "", [], {})] if isinstance(value, list) else value
