"""Tables of treatments by place, of what their trials found, and of how well tests tell."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from msgspec.structs import replace

from soleus.knowledge.amounts import Amount, plain_unit
from soleus.knowledge.loader import Knowledge
from soleus.knowledge.schema.care import DiagnosticTest, Outcome, Place, Ratio, Treatment
from soleus.library.figures import told, with_unit
from soleus.library.model import RecordRef, Row, Table
from soleus.library.titles import name_of
from soleus.library.writing import ref_of
from soleus.reasoning.assessment import Audience
from soleus.reasoning.citing import Citer
from soleus.reasoning.compiled import Compiled
from soleus.reports.words import capital, closed, join

PLACES: dict[Place, tuple[str, str]] = {
    "first_step": ("Do first", "Do this first"),
    "first_line": ("Reasonable first measure", "A good first measure"),
    "may_try": ("May be tried", "You could try it"),
    "specialist_only": ("By a specialist or in a named disease", "Only with a specialist"),
    "last_resort": ("After all else, with conditions", "Only when all else has failed"),
    "uncertain": ("Too weak or conflicting to advise", "Not known whether it helps"),
    "popular_not_supported": ("Popular, not borne out", "Popular, but it was not shown to help"),
    "not_standard": ("Once advised, no longer", "No longer advised"),
    "not_recommended": ("Not recommended", "Not advised"),
    "avoid": ("Avoid", "Do not use it"),
    "comparator_only": ("Only the other arm of a trial", "Only compared with in a trial"),
}


def place_in(t: Treatment, explanation: str) -> Place:
    """Where a treatment stands for an explanation."""
    return t.places.get(explanation, t.place)


def headlines(knowledge: Knowledge, explanation: str, audience: Audience) -> list[Treatment]:
    """One treatment an option, the one that stands for it, in the order of places, what is for some causes only last.

    Patients' need a patient's text.
    """
    order = list(PLACES)
    rows = [
        t for t in knowledge.all(Treatment) if explanation in t.explanations and (t.headline or audience == "clinician")
    ]
    options: dict[str, Treatment] = {}
    for t in sorted(rows, key=lambda t: (not t.headline, t.id)):
        options.setdefault(t.option, t)
    shown = [t for t in options.values() if audience == "clinician" or t.patient_text]
    return sorted(shown, key=lambda t: (order.index(place_in(t, explanation)), bool(t.causes), t.kind, t.id))


def treatments_table(compiled: Compiled, explanation: str, audience: Audience, citer: Citer) -> Table:
    """Results of treatments that are ratios, with intervals, by size; the outcome says which side is better."""
    return ratio_outcomes(_for(compiled, explanation), audience, citer)


def _for(compiled: Compiled, explanation: str) -> list[Treatment]:
    return [t for t in compiled.knowledge.all(Treatment) if explanation in t.explanations]


def places_table(compiled: Compiled, explanation: str, audience: Audience, citer: Citer) -> Table:
    """Treatments by place, each with its effect, how sure that is, harms, and whom it is not for."""
    return Table(
        id="treatments",
        title="Treatments, the first to do first" if audience == "clinician" else "What can be done",
        scale="none",
        rows=tuple(
            _treatment_row(t, explanation, audience, citer)
            for t in headlines(compiled.knowledge, explanation, audience)
        ),
        columns=(
            "Measure",
            "Where it stands",
            "Effect, certainty, warnings" if audience == "clinician" else "What to know",
        ),
    )


def _treatment_row(t: Treatment, explanation: str, audience: Audience, citer: Citer) -> Row:
    clinician = audience == "clinician"
    return Row(
        label=capital(name_of(t, audience)),
        figure=PLACES[place_in(t, explanation)][0 if clinician else 1],
        note=" ".join(_told_of(t) if clinician else _told_to_patients(t)),
        basis=t.basis,
        record=ref_of(t),
        entry=ref_of(t),
        cites=citer.cite(t.source),
    )


def _told_of(t: Treatment) -> Iterable[str]:
    if t.effect_text:
        yield closed(t.effect_text)
    if t.certainty:
        yield f"Certainty: {closed(t.certainty.level)}"
    if t.harms:
        yield f"Harms: {closed(join(t.harms))}"
    for level, lead in (("avoid", "Not with: "), ("caution", "Care with: ")):
        found = [a.check for a in t.avoid_when if a.level == level]
        if found:
            yield f"{lead}{closed('; '.join(dict.fromkeys(found)))}"


def _told_to_patients(t: Treatment) -> Iterable[str]:
    yield closed(t.patient_text or "")
    if t.patient_effect_text:
        yield closed(t.patient_effect_text)
    yield from (closed(h) for h in t.patient_harms if not h.startswith("None"))  # none that is known of
    found = [a.patient_check for a in sorted(t.avoid_when, key=lambda a: a.level != "avoid")]
    if found:
        yield f"Check first: {closed('; '.join(dict.fromkeys(found)))}"


def ratio_outcomes(treatments: Iterable[Treatment], audience: Audience, citer: Citer) -> Table:
    """Outcomes that were given as ratios with an interval."""
    rows = [(t, o) for t in treatments for o in t.outcomes if plain_unit(o.unit) == "ratio" and o.low is not None]
    return Table(
        id="ratios",
        title="Results given as ratios",
        scale="ratio",
        rows=tuple(_outcome_row(t, o, audience, citer) for t, o in sorted(rows, key=lambda r: r[1].effect or 0)),
        columns=("Measure and result", "Ratio (95% interval)", "Against, in whom"),
    )


def difference_outcomes(treatments: Iterable[Treatment], audience: Audience, citer: Citer) -> tuple[Table, ...]:
    """Outcomes that were given as differences with an interval, one table a unit."""
    units: dict[str, list[tuple[Treatment, Outcome]]] = {}
    for t in treatments:
        for o in t.outcomes:
            unit = plain_unit(o.unit)
            if unit != "ratio" and o.effect is not None and o.low is not None and "difference" in o.metric:
                units.setdefault(unit, []).append((t, o))
    return tuple(
        Table(
            id=f"differences-{n}",
            title=f"Differences from the comparison, in {with_unit(0, unit)[2:] or 'points'}",
            scale="difference",
            rows=tuple(_outcome_row(t, o, audience, citer) for t, o in sorted(rows, key=lambda r: r[1].effect or 0)),
            columns=("Measure and result", "Difference (95% interval)", "Against, in whom"),
        )
        for n, (unit, rows) in enumerate(sorted(units.items()))
    )


def outcomes_table(t: Treatment, audience: Audience, citer: Citer) -> Table:
    """Every result of one treatment that has a figure, in words."""
    found = [o for o in t.outcomes if o.effect is not None]
    return Table(
        id="outcomes",
        title="Results",
        scale="none",
        rows=tuple(
            replace(_outcome_row(t, o, audience, citer), label=capital(o.outcome), note=_detail(o), entry=None)
            for o in found
        ),
        columns=("Outcome", "Figure (95% interval)", "How it was measured"),
    )


def _detail(o: Outcome) -> str:
    return "; ".join(filter(None, (o.metric, f"n {o.n:,}" if o.n else "", o.certainty, o.detail)))


def _outcome_row(t: Treatment, o: Outcome, audience: Audience, citer: Citer) -> Row:
    amount = Amount(o.effect, o.low, o.high, plain_unit(o.unit), o.n)
    return Row(
        label=f"{capital(name_of(t, audience))}: {o.outcome}",
        figure=told(amount, "interval"),
        value=o.effect,
        low=o.low,
        high=o.high,
        note="; ".join(
            filter(None, (t.comparator and f"against {t.comparator}", t.population, f"n {o.n:,}" if o.n else ""))
        ),
        basis=t.basis,
        record=ref_of(t),
        entry=ref_of(t),
        cites=citer.cite(t.source),
    )


def accuracy_table(tests: Sequence[DiagnosticTest], citer: Citer) -> Table:
    """How well signs and tests tell it from others."""
    return Table(
        id="accuracy",
        title="How well signs and tests tell it",
        scale="none",
        rows=tuple(
            Row(
                label=capital(t.name),
                figure="; ".join(_accuracy(t)) or "not recorded",
                note="; ".join(filter(None, (t.note, t.interval_text))),
                basis=t.basis,
                record=ref_of(t),
                entry=RecordRef(kind="finding", id=t.finding) if t.finding else None,
                cites=citer.cite(t.source),
            )
            for t in tests
        ),
        columns=("Sign or test", "Sensitivity, specificity, likelihood ratios", "In whom"),
    )


def _accuracy(t: DiagnosticTest) -> Iterable[str]:
    for name, ratio_ in (("sensitivity", t.sensitivity), ("specificity", t.specificity)):
        if ratio_:
            yield f"{name} {told(_ratio(ratio_, 'proportion'), 'interval')}"
    for name, ratio_ in (("LR+", t.lr_positive), ("LR−", t.lr_negative)):
        if ratio_:
            yield f"{name} {told(_ratio(ratio_, 'ratio'), 'interval')}"


def _ratio(r: Ratio, unit: str) -> Amount:
    return Amount(r.value, r.low, r.high, unit)
