"""What there is to say of a record and of draft orders, and whether it is worth a clinician's attention.

Red flags come first and are not weighed; everything else by `soleus.reasoning.worth` (docs/adr/0016).
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import Any

from soleus.clinical.case import Medicine as Given
from soleus.inference.decisions import best_action
from soleus.interop.cds_hooks.cards import Alert, Indicator, Kind, listed
from soleus.interop.cds_hooks.orders import Order, for_legs, loss_of
from soleus.interop.cds_hooks.view import View
from soleus.interop.fhir.terms import terms_of
from soleus.knowledge.schema.care import Treatment
from soleus.knowledge.schema.medicines import Medicine
from soleus.knowledge.schema.safety import CarePath, OrderLoss
from soleus.reasoning import medication_review, questions, words, worth
from soleus.reasoning.citing import SYSTEMS, Citer
from soleus.reasoning.judging import Judged
from soleus.reasoning.losses import losses
from soleus.reasoning.medicines import Recognised
from soleus.reasoning.red_flags import RedFlagResult

_INDICATORS: dict[str, Indicator] = {"emergency": "critical", "same_day": "warning", "urgent": "warning"}
_SOON = ("emergency", "same_day")
_MOST_NAMED = 3


def other_person() -> Alert:
    """Said in place of any judgement: silence would look as if nothing had been found."""
    return Alert(
        kind="other_person",
        key="",
        indicator="warning",
        summary="Nothing was judged: the record that was handed over is not that of the patient in context",
        lines=("The id of the patient in context is not the id in the record. Tell whoever connects this service.",),
    )


# --- the person ------------------------------------------------------------------------------------------------


def of_person(view: View) -> list[Alert]:
    """For patient-view and encounter-start: dangers first, then what is worth it, where legs were told of."""
    alerts = _flags(view, tuple(_INDICATORS))
    judged = view.judged
    if judged is None:
        return alerts
    least = worth.least_worth(judged)
    if worth.of_judgement(judged) > least:
        alerts.append(_judgement(view, judged))
    return alerts + _medicines(view, judged, least)


def _flags(view: View, urgencies: Sequence[str]) -> list[Alert]:
    return [_flag(view, f) for f in questions.fired_flags(view.shell) if f.flag.urgency in urgencies]


def _flag(view: View, found: RedFlagResult, order: Order | None = None) -> Alert:
    """A red flag that holds; with ``order`` one that this draft would make hold."""
    flag, plain, citer = found.flag, view.audience == "patient", Citer(view.compiled.knowledge)
    citer.cite(flag.source)
    because = [words.reason(view.shell, r, view.audience) for r in found.because]
    ordered = f": if {words.lower_first(order.name)} is ordered" if order else ""
    return Alert(
        kind="red_flag",
        key=flag.id if order is None else f"{flag.id}\n{order.reference}",
        indicator=_INDICATORS[flag.urgency],
        summary=(flag.patient_name if plain else flag.name) + ordered,
        lines=(f"**{flag.patient_action if plain else flag.action}**", f"Because:\n\n{listed(because)}"),
        references=citer.references(),
        suggestions=_delete(order) if order else (),
    )


def _judgement(view: View, judged: Judged) -> Alert:
    first, citer = judged.first, Citer(view.compiled.knowledge)
    citer.cite(first.source)
    name, p = words.name(first, view.audience), _interval(judged, first.id)
    path = _path(judged)
    return Alert(
        kind="judgement",
        key="",
        indicator="info",
        summary=f"Leg complaint: {words.lower_first(name)} is most likely, {words.chance(*p)}",
        lines=(
            f"**Most likely: {name}**, {words.with_interval(*p)}.",
            f"Next by the findings: {path.patient_name if view.audience == 'patient' else path.name}.",
            f"Then:\n\n{listed(_others(view, judged))}",
            *_open(view, judged),
        ),
        references=citer.references(),
    )


def _interval(judged: Judged, explanation: str) -> tuple[float, float, float]:
    return judged.probability[explanation], *judged.interval(explanation)


def _others(view: View, judged: Judged) -> list[str]:
    some = tuple(judged.probability)[1 : 1 + _MOST_NAMED]
    names = ((s, words.name(view.compiled.explanations[s], view.audience)) for s in some)
    return [f"{name}, {words.chance(*_interval(judged, s))}" for s, name in names]


def _path(judged: Judged) -> CarePath:
    loss = losses(judged.compiled)
    return judged.compiled.knowledge.all(CarePath)[best_action(loss, judged.judgement.probability)]


def _open(view: View, judged: Judged) -> tuple[str, ...]:
    """What is still to be asked: the screen for dangers before all else."""
    screen = questions.screen_questions(judged)
    if not screen:
        return ()
    asker = "self" if view.audience == "patient" else "clinician"
    more = f" (and {len(screen) - _MOST_NAMED} more)" if len(screen) > _MOST_NAMED else ""
    return (f"Not told yet, and it could be urgent{more}:\n\n{listed([q.text(asker) for q in screen[:_MOST_NAMED]])}",)


def _medicines(view: View, judged: Judged, least: float) -> list[Alert]:
    """Medicines that are taken: those that are not worth going on with, and those that may bring the complaint."""
    taken = [r for r in view.presentation.medicines if r.record is not None and r.current]
    knowledge, index = view.compiled.knowledge, view.index
    out = []
    for seen in taken:
        assert seen.record is not None
        loss = loss_of(seen.record, index, knowledge)
        if loss and _order_worth(view, loss) > least:
            out.append(_treatment(view, loss, seen, _stop(view, seen)))
        elif seen.counts and worth.of_current(judged, seen.contributors) > least:
            out.append(_promoting(view, judged, seen, "medicine"))
    return out


# --- orders ----------------------------------------------------------------------------------------------------


def of_orders(view: View, drafts: Sequence[Order]) -> list[Alert]:
    """For order-select and order-sign: an emergency in the record, then each draft that is worth a word."""
    alerts = _flags(view, ("emergency",))
    least = view.shell.parameter("alert_least_worth")
    for order in drafts:
        seen = _as_taken(view, order)
        alerts += [_flag(view, f, order) for f in _brought(view, seen) if f.flag.urgency in _SOON]
        reason = for_legs(order, list(view.conditions), terms_of(view.compiled))
        if order.loss and reason is not False and _order_worth(view, order.loss) > least:
            alerts.append(_treatment(view, order.loss, seen, _delete(order), order.reference))
        elif view.judged and worth.of_promoting(view.judged, order.contributors) > least:
            alerts.append(_promoting(view, view.judged, seen, "order", order.reference))
    return alerts


def _brought(view: View, seen: Recognised) -> list[RedFlagResult]:
    """Red flags that hold with a medicine, and not without it."""
    before = {f.flag.id for f in questions.fired_flags(view.shell)}
    taken = dataclasses.replace(view.presentation, medicines=(*view.presentation.medicines, seen))
    return [f for f in questions.fired_flags(Judged(taken)) if f.flag.id not in before]


def _order_worth(view: View, loss: OrderLoss) -> float:
    probability = view.judged.probability if view.judged else None
    return worth.of_order(loss, probability, diagnosed=view.diagnosed, present=view.present)


def _as_taken(view: View, order: Order) -> Recognised:
    """The draft as a medicine of the list, to ask what it should not meet."""
    index = view.index
    return Recognised(
        given=Given(name=order.name),
        record=order.medicines[0],
        classes=frozenset(m.id for r in order.medicines for m in index.lineage(r)),
        contributors=order.contributors,
        current=True,
        new=True,
        days_before_onset=None,
    )


def _treatment(
    view: View, loss: OrderLoss, seen: Recognised, suggestions: tuple[tuple[str, dict[str, Any]], ...], key: str = ""
) -> Alert:
    """A medicine that is given for the legs and costs more than it relieves."""
    assert seen.record is not None
    texts, sources = _option(view, loss)
    lines, more = _verdict(view, seen.record)
    meets, met = _meetings(view, seen)
    citer = Citer(view.compiled.knowledge)
    citer.cite((*loss.source, *sources, *more, *met))
    return Alert(
        kind="order" if view.request.service.orders else "medicine",
        key=f"{loss.id}\n{key}",
        indicator="warning",
        summary=loss.patient_summary if view.audience == "patient" else loss.summary,
        lines=(*meets, *texts, *lines, *_likely(view)),
        references=citer.references(),
        suggestions=suggestions,
    )


def _promoting(view: View, judged: Judged, seen: Recognised, kind: Kind, key: str = "") -> Alert:
    """A medicine that brings or would bring the complaint."""
    assert seen.record is not None
    lines, sources = _verdict(view, seen.record)
    meets, met = _meetings(view, seen)
    effects = [view.compiled.effects.get((c, judged.first.id)) for c in seen.contributors]
    citer = Citer(view.compiled.knowledge)
    citer.cite((*sources, *met, *(s for e in effects if e for s in e.source)))
    name, complaint = seen.record.name, words.lower_first(words.name(judged.first, view.audience))
    verb = "may be bringing" if kind == "medicine" else "can bring on or worsen"
    return Alert(
        kind=kind,
        key=f"{seen.record.id}\n{key}",
        indicator="info",
        summary=f"{name} {verb} the leg complaint ({complaint})",
        lines=(*lines, *meets, *_likely(view)),
        references=citer.references(),
    )


def _verdict(view: View, medicine: Medicine) -> tuple[list[str], tuple[str, ...]]:
    """What is known of the medicine and the symptom, what to talk over, what not to do; and the sources."""
    plain, index = view.audience == "patient", view.index
    first = view.judged.first.id if view.judged else ""
    symptom = "restless_legs" if first in medication_review.RESTLESS else "cramp"
    known = index.judgement(medicine, symptom)
    told = [(known.patient_statement if plain else known.statement)] if known else []
    discuss = index.field(medicine, "patient_discuss" if plain else "discuss")
    do_not = index.field(medicine, "patient_do_not" if plain else "do_not")
    lines = [*told, *([str(discuss)] if discuss else []), *([f"**{do_not}**"] if do_not else [])]
    return lines, known.source if known else ()


def _meetings(view: View, seen: Recognised) -> tuple[list[str], tuple[str, ...]]:
    """What should not meet the medicine and would, first of all things said."""
    found = medication_review.meetings(view.presentation, view.index, seen)
    told = ["The record names an allergy or intolerance to it."] if view.allergies & seen.classes else []
    told += [i.patient_statement if view.audience == "patient" else i.statement for i in found]
    if not told:
        return [], ()
    return [f"In this person:\n\n{listed(told)}"], tuple(s for i in found for s in i.source)


def _option(view: View, loss: OrderLoss) -> tuple[list[str], tuple[str, ...]]:
    """What is said of the treatment: its headline, and what holds in the country of the record."""
    rows = [t for t in view.compiled.knowledge.all(Treatment) if t.option == loss.option]
    here = [t for t in rows if t.headline or (view.case.country and view.case.country in t.countries)]
    here.sort(key=lambda t: not t.headline)
    texts = [t.patient_text if view.audience == "patient" else t.clinician_text for t in here]
    return [t for t in texts if t], tuple(s for t in here for s in t.source)


def _likely(view: View) -> tuple[str, ...]:
    """How likely the complaint is, where one was told; else that none was."""
    if view.judged is None:
        return ("The record that was handed over tells of no complaint of the legs.",)
    first = view.judged.first
    told = words.with_interval(*_interval(view.judged, first.id))
    return (f"By the record the legs have most likely {words.lower_first(words.name(first, view.audience))}, {told}.",)


def _delete(order: Order) -> tuple[tuple[str, dict[str, Any]], ...]:
    """Take back the draft; nothing where it has no id by which it could be named."""
    if not order.reference:
        return ()
    action = {
        "type": "delete",
        "description": f"Remove the draft order of {words.lower_first(order.name)}",
        "resourceId": order.reference,
    }
    return ((f"Do not order {words.lower_first(order.name)}", action),)


def _stop(view: View, seen: Recognised) -> tuple[tuple[str, dict[str, Any]], ...]:
    """Advice to stop: a proposal that it be not given, never an order, and never for a patient to take up alone."""
    assert seen.record is not None
    if view.request.by_patient:
        return ()
    name = words.lower_first(seen.record.name)
    codes = [{"system": SYSTEMS[c.system], "code": c.code} for c in seen.record.codes if c.system in ("rxnorm", "atc")]
    resource = {
        "resourceType": "MedicationRequest",
        "status": "draft",
        "intent": "proposal",
        "doNotPerform": True,
        "medicationCodeableConcept": {"coding": codes, "text": seen.record.name},
        "subject": {"reference": f"Patient/{view.request.patient}"},
        "authoredOn": view.today,
    }
    action = {"type": "create", "description": f"Propose to stop {name}", "resource": resource}
    return ((f"Stop {name}", action),)
