"""What is composed of a cause: what it is, how common, what it changes, how strong the case is, what to do about it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from soleus.knowledge.schema.care import Treatment, WorkUp
from soleus.knowledge.schema.core import Contributor, Finding, Marker
from soleus.knowledge.schema.medicines import Belief, Cause, Fact, Medicine
from soleus.library import how_common, tables
from soleus.library.caring import keep_taking
from soleus.library.composing import Part, not_known
from soleus.library.explanation_parts import VERDICTS
from soleus.library.model import Paragraph, Row, Run, Table
from soleus.library.shape import topics_of
from soleus.library.titles import inside
from soleus.library.writing import Writer, ref_of
from soleus.reports.words import capital, closed

_KINDS = {
    "disease": ("A disease", "It is an illness"),
    "medicine": ("A medicine or class of medicines", "It is a kind of medicine"),
    "deficiency": ("A deficiency", "It means that the body has too little of something"),
    "event": ("An event", "It is something that happened to you"),
    "habit": ("A habit", "It is a habit or a way to live"),
    "family": ("A family history", "It runs in the family"),
    "physiological": ("A state of the body", "It is a state of the body"),
}


def definition(writer: Writer, c: Contributor) -> Iterator[Paragraph]:
    """What counts as it. Patients are told what kind of thing it is, and what they are asked."""
    if writer.patient:
        yield writer.say(f"{_KINDS[c.kind][1]}.")
        if c.name.casefold() not in c.patient_name.casefold():
            yield writer.say("Doctors call it {}.", Run(text=inside(c.name), record=writer.use(c), quoted=True))
        if c.question:
            yield writer.quote(c.question, c, lead="We ask: ")
        return
    yield writer.say(f"{_KINDS[c.kind][0]}: {{}}.", writer.own(inside(c.definition), c))
    for explanation in (writer.compiled.explanations[e] for e in (c.same_as,) if e in writer.compiled.explanations):
        yield writer.say("It is {}, already known.", writer.entry(explanation))
    for field, lead in (("past_of", "An earlier episode of"), ("family_of", "A close relative has or had")):
        of = [writer.compiled.explanations[e] for e in getattr(c, field) if e in writer.compiled.explanations]
        if of:
            yield writer.say(f"{lead} {{}}.", [writer.entry(e) for e in of])
    if c.window_days:
        days = Run(text=f"{c.window_days}", record=writer.use(c))
        yield writer.say("It counts for {} days from its date.", days)


def who(writer: Writer, c: Contributor) -> Iterator[Paragraph]:
    """How common it is."""
    if "all" in c.prevalence:
        form = "frequency" if writer.patient else "plain"
        told = writer.figure(c, "prevalence", "all", form=form)
        guess = " This is our estimate." if c.prevalence_basis == "expert" else ""
        yield writer.say(
            f"About {{}} people have it.{guess}" if writer.patient else f"About {{}} of people.{guess}", told
        )


def who_tables(writer: Writer, c: Contributor) -> Iterator[Table]:
    yield how_common.prevalence_table(c, writer.audience, writer.citer)


def changes(writer: Writer, c: Contributor) -> Iterator[Paragraph]:
    """What it is linked with most strongly."""
    table = tables.effects_table(writer.compiled, c.id, writer.audience, writer.citer)
    if not table.rows:
        told = "It is not known to bring on trouble in the legs." if writer.patient else (
            "It changes the rate of no explanation; it is on record because advice has to respect it."
        )  # fmt: skip
        yield writer.say(told)
        return
    top = [Run(text=_linked(r, writer.patient), record=r.record, cites=r.cites) for r in table.rows[:3]]
    lead = "People who have this get some troubles more often" if writer.patient else "Strongest for"
    yield from writer.list(lead, top)


def _linked(row: Row, patient: bool) -> str:
    """A condition and how much oftener it is; an interval has brackets of its own."""
    apart = patient or row.value is None
    return f"{inside(row.label)} ({row.figure})" if apart else f"{inside(row.label)} {row.figure}"


def changes_tables(writer: Writer, c: Contributor) -> Iterator[Table]:
    yield tables.effects_table(writer.compiled, c.id, writer.audience, writer.citer)


def verdict(writer: Writer, c: Contributor) -> Iterator[Paragraph]:
    """How strong the case is that it causes night cramps, and what is often said of it."""
    for cause in (x for x in writer.knowledge.all(Cause) if c.id in x.contributors):
        case = VERDICTS[cause.verdict][writer.patient].lower()
        name = f"Night cramps: {case}." if writer.patient else f"{capital(cause.name)} and night cramps: {case}."
        yield writer.quote(cause.patient_statement if writer.patient else cause.statement, cause, name=name)
    for belief in (b for b in writer.knowledge.all(Belief) if c.id in b.contributors):
        name = f"“{closed(belief.belief)}” {VERDICTS[belief.verdict][writer.patient]}."
        yield writer.quote(belief.patient_statement if writer.patient else belief.statement, belief, name=name)


def facts(writer: Writer, c: Contributor) -> tuple[Fact, ...]:
    """Figures of its verdicts, its medicines and its topics."""
    known = writer.knowledge.by_id(Fact)
    topics = {*topics_of("contributor", c.id), *(m.id for m in medicines(writer, c))}
    named = {f for x in writer.knowledge.all(Cause) if c.id in x.contributors for f in x.facts}
    found = [f for f in known.values() if (f.id in named or f.topic in topics) and f.value is not None]
    return tuple(sorted(found, key=lambda f: (-(f.n or 0), f.id)))


def facts_tables(writer: Writer, c: Contributor) -> Iterator[Table]:
    found = facts(writer, c) if not writer.patient else ()
    for id, title, unit in (("facts-ratios", "Ratios", "ratio"), ("facts-shares", "Shares of people", "proportion")):
        yield how_common.facts_table([f for f in found if f.unit == unit], id, title, writer.citer)
    rest = [f for f in found if f.unit not in ("ratio", "proportion")]
    yield how_common.facts_table(rest, "facts-rest", "Other figures", writer.citer)


def medicines(writer: Writer, c: Contributor) -> list[Medicine]:
    """Medicines and classes of which a person who takes one has it."""
    return [m for m in writer.knowledge.all(Medicine) if c.id in m.contributors]


def medicine_names(writer: Writer, c: Contributor) -> Iterator[Paragraph]:
    found = medicines(writer, c)
    for m in sorted(found, key=lambda m: (m.level != "class", m.name)):
        yield Paragraph(runs=(writer.entry(m, capital(m.name)),), item=True)


def recorded(writer: Writer, c: Contributor) -> Iterator[Paragraph]:
    """How far a problem or medication list can be trusted about it."""
    if writer.patient:
        return
    lists = "medication list" if c.kind == "medicine" else "problem list"
    yield writer.say(
        f"A {lists} names it in {{}} of those who have it and leaves it out in {{}} of those who have not; "
        "{} of people who are said to have it do.",
        Run(text=tables.share(c.recorded_sensitivity, "clinician"), record=writer.use(c)),
        Run(text=tables.share(c.recorded_specificity, "clinician"), record=writer.use(c)),
        Run(text=tables.share(c.stated_ppv, "clinician"), record=writer.use(c)),
    )


def markers(writer: Writer, c: Contributor) -> Iterator[Table]:
    """Findings that speak of it."""
    found = [m for m in writer.knowledge.all(Marker) if m.contributor == c.id] if not writer.patient else []
    yield Table(
        id="markers",
        title="Findings that speak of it",
        scale="share",
        rows=tuple(row for m in found for row in _marker_rows(writer, m)),
        columns=("Finding", "With it, and without", ""),
        legend=("With it", "Without it"),
    )


def _marker_rows(writer: Writer, m: Marker) -> Iterator[Row]:
    finding = writer.knowledge.by_id(Finding)[m.finding]
    for k, (p, q) in enumerate(zip(m.p_present, m.p_absent, strict=True)):
        if finding.states[k].id != finding.absent:
            yield Row(
                label=tables.observed(finding, k, writer.audience),
                figure=f"{tables.share(p, writer.audience)} against {tables.share(q, writer.audience)}",
                value=p,
                other=q,
                basis=m.basis,
                record=ref_of(m),
                entry=ref_of(finding),
                cites=writer.cites(m),
            )


def what_to_do(writer: Writer, c: Contributor) -> Iterator[Paragraph]:
    """Whether it can be changed, what to talk over, what not to do, treatments and tests for it."""
    patient, told = writer.patient, False
    for m in medicines(writer, c):
        discuss, do_not = (m.patient_discuss, m.patient_do_not) if patient else (m.discuss, m.do_not)
        if discuss:
            yield writer.quote(discuss, m, name=f"{capital(m.name)}:", item=True)
        if do_not:
            yield writer.quote(do_not, m, lead="Do not: " if patient else "What not to do: ", item=True)
        told = told or bool(discuss or do_not)
    wanted = [t for t in writer.knowledge.all(Treatment) if c.id in t.causes and (t.patient_text or not patient)]
    if wanted:
        lead = "Measures meant for people with it" if not patient else "What may help people who have it"
        yield writer.say(f"{lead}: {{}}.", [writer.entry(t) for t in wanted])
    tests = [w for w in writer.knowledge.all(WorkUp) if c.id in w.contributors]
    if tests:
        lead = "Tests that can show it" if patient else "Items of the work-up that confirm or exclude it"
        yield writer.say(f"{lead}: {{}}.", [writer.entry(w) for w in tests])
    if not told:
        yield writer.say(_can_be_changed(c, patient))
    if not any(m.patient_do_not for m in medicines(writer, c)):  # some say themselves when to stop and when not
        yield from keep_taking(writer, [c])


def _can_be_changed(c: Contributor, patient: bool) -> str:
    if c.modifiable:
        return "It can often be treated or changed. Ask your doctor or pharmacist." if patient else (
            "It can be treated or changed: worth a review before anything is prescribed for the legs."
        )  # fmt: skip
    return "Tell your doctor that you have it. It helps to find the cause." if patient else (
        "It cannot be changed for the sake of the legs; it tells what to think of."
    )  # fmt: skip


def gaps(writer: Writer, c: Contributor) -> Iterable[Paragraph]:
    return not_known(writer, c, topics_of("contributor", c.id))


CLINICIAN = (
    Part("definition", definition),
    Part("who", who, who_tables),
    Part("changes", changes, changes_tables),
    Part("verdict", verdict),
    Part("facts", lambda _w, _c: (), facts_tables),
    Part("medicines", medicine_names),
    Part("recorded", recorded, markers),
    Part("what_to_do", what_to_do),
    Part("not_known", gaps),
)
PATIENT = (
    Part("definition", definition),
    Part("changes", changes, changes_tables),
    Part("verdict", verdict),
    Part("what_to_do", what_to_do),
    Part("who", who, who_tables),
    Part("medicines", medicine_names),
    Part("not_known", gaps),
)
