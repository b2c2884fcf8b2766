"""Draft orders of medicines: which medicine, whether we have anything to say of it, and for what it is given."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from soleus.interop.cds_hooks.prefetch import gather
from soleus.interop.cds_hooks.request import Request
from soleus.interop.fhir.medicines import best_known, medication_of
from soleus.interop.fhir.record import Entry, Record
from soleus.interop.fhir.shapes import Concept, concept, items, mapping, plain_reference, reference, tail, word
from soleus.interop.fhir.statements import status_of
from soleus.interop.fhir.terms import Terms, terms_of
from soleus.knowledge.loader import Knowledge
from soleus.knowledge.schema.medicines import Medicine
from soleus.knowledge.schema.safety import OrderLoss
from soleus.reasoning.compiled import Compiled
from soleus.reasoning.medicines import MedicineIndex

_KINDS = ("MedicationRequest", "MedicationOrder")
_NOT_MEANT = {"cancelled", "entered-in-error", "stopped", "completed"}


@dataclass(frozen=True)
class Order:
    """One draft. ``reference``: type and id, empty where it has none. ``loss``: what we know of it as a treatment."""

    reference: str
    medicines: tuple[Medicine, ...]
    contributors: tuple[str, ...]
    loss: OrderLoss | None
    reasons: tuple[Concept, ...]
    reason_references: tuple[str, ...]

    @property
    def name(self) -> str:
        """The medicine as the knowledge base calls it; the words of the order are not repeated."""
        return self.medicines[0].name


def relevant(request: Request, compiled: Compiled) -> tuple[Order, ...]:
    """The drafts of a call of which something could be said; on order-select only those that were selected."""
    index = MedicineIndex(compiled.knowledge)
    entries = tuple(_drafts(request))
    record = Record(terms_of(compiled), None, (*entries, *_medications(request, entries)))
    found = (_order(record, e, index, compiled.knowledge) for e in entries if e.kind in _KINDS)
    return tuple(o for o in found if o is not None and _chosen(o, request))


def _chosen(order: Order, request: Request) -> bool:
    return request.service.hook != "order-select" or tail(order.reference) in request.selected


def _drafts(request: Request) -> list[Entry]:
    out = []
    for n, entry in enumerate(mapping(e) for e in items(request.drafts.get("entry"))):
        body = mapping(entry.get("resource"))
        if kind := word(body.get("resourceType")):
            out.append(Entry(f"draftOrders.entry[{n}]", kind, body, word(entry.get("fullUrl"))))
    return out


def _medications(request: Request, drafts: tuple[Entry, ...]) -> list[Entry]:
    """Medications that were handed over, where a draft refers to one."""
    if not any("medicationReference" in d.body for d in drafts):
        return []
    found = gather(request, None).entries
    named = [(mapping(e["resource"]), word(e.get("fullUrl"))) for e in found]
    return [Entry("prefetch", "Medication", body, url) for body, url in named if body["resourceType"] == "Medication"]


def _order(record: Record, entry: Entry, index: MedicineIndex, knowledge: Knowledge) -> Order | None:
    body = entry.body
    if status_of(body.get("status")) in _NOT_MEANT or body.get("doNotPerform") is True:
        return None
    named = medication_of(record, entry)
    medicines = index.find_all(*best_known(named, index)) if named else ()
    contributors = tuple(dict.fromkeys(c for m in medicines for c in index.contributors(m)))
    loss = next((o for m in medicines if (o := loss_of(m, index, knowledge))), None)
    if not contributors and loss is None:
        return None
    coded = (*items(body.get("reasonCode")), body.get("reasonCodeableConcept"))
    named_reasons = items(body.get("reasonReference"))
    return Order(
        reference=_reference(entry),
        medicines=medicines,
        contributors=contributors,
        loss=loss,
        reasons=tuple(c for r in coded if (c := concept(r))),
        reason_references=tuple(r for v in named_reasons if (r := reference(v))),
    )


def _reference(entry: Entry) -> str:
    id = word(entry.body.get("id")) or tail(plain_reference(entry.url))
    return f"{entry.kind}/{id}" if id else ""


def loss_of(medicine: Medicine, index: MedicineIndex, knowledge: Knowledge) -> OrderLoss | None:
    """What is known of a medicine, or of its classes, as a treatment of the legs."""
    known = knowledge.by_id(OrderLoss)
    return next((known[m.id] for m in index.lineage(medicine) if m.id in known), None)


def for_legs(order: Order, conditions: list[dict[str, Any]], terms: Terms) -> bool | None:
    """Whether the reason on an order is a complaint of the legs; None where it gives none."""
    ids = {tail(r) for r in order.reason_references}
    named = [concept(c.get("code")) for c in conditions if word(c.get("id")) in ids]
    reasons = [r for r in (*order.reasons, *named) if r]
    if not reasons:
        return None
    return any(terms.symptoms(r) or terms.explanation(r) for r in reasons)
