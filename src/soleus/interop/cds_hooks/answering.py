"""The answer to a call: usually none. First what is cheap: is there an order or a record that could matter?"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from soleus.interop.cds_hooks import orders
from soleus.interop.cds_hooks.alerts import of_orders, of_person, other_person
from soleus.interop.cds_hooks.cards import Alert, Frame, card
from soleus.interop.cds_hooks.prefetch import Fetch, Record, gather, missing, queries
from soleus.interop.cds_hooks.request import Request, read
from soleus.interop.cds_hooks.view import View, has_died, whose
from soleus.reasoning import words
from soleus.reasoning.assessment import Audience
from soleus.reasoning.compiled import Compiled

EXTENSION = "example.soleus.judgement"  # the reserved name of a domain that nobody has, as in `canonical`
_EMPTY: dict[str, Any] = {"cards": []}


@dataclass(frozen=True)
class Answered:
    """The body of the answer, and (uuid, kind) of every card in it. ``judged``: whether a judgement was made."""

    body: dict[str, Any]
    cards: tuple[tuple[str, str], ...] = ()
    judged: bool = False


def answer(
    service_id: str,
    request: Any,
    compiled: Compiled,
    *,
    today: str,
    base_url: str,
    smart_url: str | None = None,
    fetch: Fetch | None = None,
) -> dict[str, Any]:
    """The body of the answer to a call. See `respond`."""
    return respond(service_id, request, compiled, today=today, base_url=base_url, smart_url=smart_url, fetch=fetch).body


def wanted(service_id: str, request: Any, compiled: Compiled) -> Mapping[str, str]:
    """The queries that would have to be put to the server of the client before the call is answered; often none.

    For callers that cannot wait inside `respond`: they read first, and hand in what they read by ``fetch``.
    """
    call = read(service_id, request)
    if call.service.orders and not orders.relevant(call, compiled):
        return {}
    return queries(call)


def respond(
    service_id: str,
    request: Any,
    compiled: Compiled,
    *,
    today: str,
    base_url: str,
    smart_url: str | None = None,
    fetch: Fetch | None = None,
) -> Answered:
    """The cards for a call of a service.

    ``today``: ISO date, as of which the record is read. ``base_url``: the address of this service; ``smart_url``: where
    the case desk is launched from the record. ``fetch`` reads what was not handed over; None where that is not allowed.
    Raises `InputError` for a call that cannot be read, `CannotAssess` where nothing of the record is to be had.
    """
    call = read(service_id, request)
    drafts = orders.relevant(call, compiled) if call.service.orders else ()
    if call.service.orders and not drafts:
        return Answered(_EMPTY)
    record = gather(call, fetch)
    if not record.tells and not any(o.loss for o in drafts):
        raise missing()
    if has_died(record, today):
        return Answered(_EMPTY)
    frame = Frame(call.instance, service_id, base_url, smart_url, _closing(record, today, call))
    if not whose(call, record):
        return _answered([other_person()], frame, None)
    view = View.of(call, record, compiled, today)
    alerts = of_orders(view, drafts) if call.service.orders else of_person(view)
    return _answered(alerts, frame, view)


def _answered(alerts: list[Alert], frame: Frame, view: View | None) -> Answered:
    """Without an alert the answer is empty, and nothing is told of the judgement."""
    cards = [card(a, frame, n) for n, a in enumerate(alerts)]
    body: dict[str, Any] = {"cards": cards}
    if cards and view is not None and view.judged is not None:
        base = view.compiled.knowledge
        body["extension"] = {
            EXTENSION: {
                "asOf": view.today,
                "probability": view.judged.probability,
                "knowledgeVersion": base.version,
                "knowledgeHash": base.digest,
                "reviewStatus": "submitted",
            }
        }
    known = tuple((c["uuid"], a.kind) for c, a in zip(cards, alerts, strict=True))
    return Answered(body, known, view is not None and view.judged is not None)


def _closing(record: Record, today: str, call: Request) -> tuple[str, ...]:
    """As of when, what was not known, and what this is not: on every card."""
    audience: Audience = "patient" if call.by_patient else "clinician"
    unknown = record.not_known()
    known = f"Not known: {', '.join(unknown)}." if unknown else "All that was asked for was handed over."
    note = "What a record does not name was not taken as absent where it would not have been named."
    return (f"As of {today}. {known} {note}", f"{words.REVIEW[audience]} {words.INTENDED_USE[audience]}")


__all__ = ["EXTENSION", "Answered", "answer", "respond", "wanted"]
