"""What became of cards: read from a call of the feedback endpoint, and counted by kind.

Kept are codes and times. The user's comment may speak of a patient and is not kept; that there was one is.
"""

from __future__ import annotations

import datetime
import uuid
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Literal, cast

from soleus.errors import InvalidValue, UnreadableInput
from soleus.interop.cds_hooks.cards import OVERRIDE_WORDS, OVERRIDES
from soleus.interop.cds_hooks.request import service_of
from soleus.interop.fhir.shapes import items, mapping, word
from soleus.storage.repository import Feedback

_MOST = 1_000  # entries of one call
_OUTCOMES = ("accepted", "overridden")


def feedback(service_id: str, body: Any, *, client: str = "") -> tuple[Feedback, ...]:
    """The entries of a feedback call. ``client``: who sent it, empty where clients are not verified.

    Raises `UnreadableInput`, `UnknownName` for a service that is none, `InvalidValue`.
    """
    service_of(service_id)
    entries = mapping(body).get("feedback")
    if not isinstance(entries, list):
        raise UnreadableInput("body", "no list of feedback", "an object with feedback", "Send {feedback: [...]}.")
    if len(entries) > _MOST:
        raise InvalidValue("feedback", "too many entries", f"at most {_MOST}", "Send them in several calls.")
    return tuple(_entry(service_id, mapping(e), f"feedback[{n}]", client) for n, e in enumerate(entries))


def _entry(service_id: str, body: dict[str, Any], where: str, client: str) -> Feedback:
    outcome = word(body.get("outcome"))
    if outcome not in _OUTCOMES:
        raise InvalidValue(f"{where}.outcome", "neither", "accepted or overridden", "Say what the user did.")
    suggestions = tuple(
        _uuid(mapping(s).get("id"), f"{where}.acceptedSuggestions[{n}].id")
        for n, s in enumerate(items(body.get("acceptedSuggestions")))
    )
    if outcome == "accepted" and not suggestions:
        what = "the suggestions that were accepted"
        raise InvalidValue(f"{where}.acceptedSuggestions", "nothing", what, "Name them by their uuid.")
    return Feedback(
        client=client,
        service=service_id,
        card=_uuid(body.get("card"), f"{where}.card"),
        outcome=cast("Literal['accepted', 'overridden']", outcome),
        outcome_at=_moment(body.get("outcomeTimestamp"), f"{where}.outcomeTimestamp"),
        suggestions=tuple(sorted(suggestions)) if outcome == "accepted" else (),
        reason=_reason(body, where) if outcome == "overridden" else None,
    )


def _uuid(value: Any, where: str) -> str:
    try:
        return str(uuid.UUID(word(value).removeprefix("urn:uuid:")))
    except ValueError:
        raise InvalidValue(where, "no uuid", "the uuid of the card or suggestion", "Send it as it came.") from None


def _moment(value: Any, where: str) -> str:
    """A date and time with its zone (RFC 3339), in UTC."""
    try:
        found = datetime.datetime.fromisoformat(word(value))
        if found.tzinfo is None:
            raise ValueError
        return found.astimezone(datetime.UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    except (ValueError, OverflowError):
        expected = "a date and time in UTC, such as 2026-11-29T08:30:00Z"
        raise InvalidValue(where, "no moment", expected, "Send when the user acted.") from None


def _reason(body: dict[str, Any], where: str) -> str | None:
    """A code of ours; "other" for a code that is not ours, "comment" where there is only a comment."""
    given = body.get("overrideReason")
    if given is None:
        return None
    coding = mapping(mapping(given).get("reason"))
    code = word(coding.get("code"))
    if code:
        ours = code in OVERRIDE_WORDS and word(coding.get("system")) in ("", OVERRIDES)
        return code if ours else "other"
    if word(mapping(given).get("userComment")):
        return "comment"
    raise InvalidValue(
        f"{where}.overrideReason", "neither", "a reason, a userComment or both", "Leave it out if empty."
    )


@dataclass(frozen=True)
class Count:
    """Cards of one service and kind: how many were shown, and what the last word on each was."""

    service: str
    kind: str
    shown: int
    accepted: int
    overridden: int
    reasons: dict[str, int]


def report(shown: Mapping[tuple[str, str], int], given: Iterable[tuple[Feedback, str | None]]) -> tuple[Count, ...]:
    """Cards by service and kind. Of several outcomes of one card the latest counts; an unknown card is "unknown"."""
    last: dict[tuple[str, str, str], Feedback] = {}
    for f, kind in sorted(given, key=lambda pair: pair[0].outcome_at):
        last[f.service, kind or "unknown", f.card] = f
    outcomes: dict[tuple[str, str], Counter[str]] = defaultdict(Counter)
    reasons: dict[tuple[str, str], Counter[str]] = defaultdict(Counter)
    for (service, kind, _), f in last.items():
        outcomes[service, kind][f.outcome] += 1
        reasons[service, kind].update([f.reason] if f.reason else [])
    return tuple(
        Count(*key, shown.get(key, 0), outcomes[key]["accepted"], outcomes[key]["overridden"], dict(reasons[key]))
        for key in sorted({*shown, *outcomes})
    )
