"""What is composed of an explanation: who gets it, what speaks for it, what brings it on, what else it may be."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from soleus.knowledge.schema.articles import Term
from soleus.knowledge.schema.care import DiagnosticTest, Guide, WorkUp
from soleus.knowledge.schema.core import Effect, Explanation, Rate
from soleus.knowledge.schema.medicines import Belief, Cause, Fact
from soleus.knowledge.schema.safety import Classification, CriteriaSet, Harm, RedFlag
from soleus.library import how_common, tables, treatment_tables
from soleus.library.caring import care, guides, keep_taking, prevention, treatment_sentences
from soleus.library.composing import Part, not_known, nothing
from soleus.library.former_names import names_table
from soleus.library.model import Paragraph, Row, Run, Table
from soleus.library.shape import on_topic, topics_of
from soleus.library.titles import inside, name_of
from soleus.library.writing import Writer, ref_of
from soleus.reports.words import URGENCY, WORK_UP, capital, lower_first, sentence

_NIGHT_CRAMP = "nocturnal_leg_cramp"  # what causes and beliefs are about
_STRONG = 1.3  # a ratio from which a cause is named in a sentence
_NAMED = 3  # features, causes or look-alikes in a sentence
_PEOPLE = {
    "0_17": ("girls", "boys"),
    "18_39": ("younger women", "younger men"),
    "40_64": ("women in middle age", "men in middle age"),
    "65_79": ("older women", "older men"),
    "80_plus": ("very old women", "very old men"),
}


# ------------------------------------------------------------------------------------------------ definition


def definition(writer: Writer, e: Explanation) -> Iterator[Paragraph]:
    """Its family and how soon to act, its place in the classification, the criteria that are published."""
    if writer.patient:
        yield writer.say("Doctors call it {}.", Run(text=inside(e.name), record=writer.use(e), quoted=True))
        return
    family, soon = e.family.replace("_", " "), lower_first(URGENCY["clinician"][e.acuity])
    yield writer.say(f"Here it belongs to the family “{family}”; how soon to act: {soon}.")
    for place in (c for c in writer.knowledge.all(Classification) if c.explanation == e.id):
        yield writer.say("The classification of sleep disorders has it as {}.", writer.own(inside(place.name), place),
                         cite=(place,))  # fmt: skip
    for criteria in (c for c in writer.knowledge.all(CriteriaSet) if c.explanation == e.id):
        yield from _criteria(writer, criteria)


def _criteria(writer: Writer, c: CriteriaSet) -> Iterator[Paragraph]:
    wanted = {"all": "all of these", "describe": "no fixed number of these"}.get(c.rule, "enough of these")
    name = writer.own(c.name, c)
    yield writer.say(f"{{}} asks for {wanted}:", name, cite=(c,))
    for item in c.items:
        yield Paragraph(runs=(Run(text=sentence(item.statement), record=writer.use(c), quoted=True),), item=True)


# ------------------------------------------------------------------------------------------------------- who


def who(writer: Writer, e: Explanation) -> Iterator[Paragraph]:
    """Who presents with it most often."""
    rate = writer.knowledge.by_id(Rate)[e.id]
    cell = max(sorted(rate.per_100k), key=lambda c: rate.per_100k[c])
    people = _PEOPLE[cell[2:]][cell[0] == "m"]
    told = writer.figure(rate, "per_100k", cell)
    guess = " This is our estimate." if rate.basis == "expert" else ""
    if writer.patient:
        yield writer.say(
            f"It is most common in {people}. New visits to a doctor because of it: {{}}.{guess}",
            told,
            cite=(rate,),
        )
        return
    yield writer.say(
        f"It is presented most often by {people}: {{}} come to primary care with it for the first time.",
        told,
        cite=(rate,),
    )
    if rate.pregnancy_ratio is not None and rate.pregnancy_ratio.value != 1:
        times = writer.figure(rate, "pregnancy_ratio")
        yield writer.say("In pregnancy the rate is taken as {} times that of other women of the age.", times)


def who_tables(writer: Writer, e: Explanation) -> Iterator[Table]:
    yield how_common.rates_table(writer.knowledge.by_id(Rate)[e.id], writer.audience, writer.citer)
    if not writer.patient:
        found = [f for f in facts_of(writer, e) if f.measure in ("prevalence", "incidence") and f.value is not None]
        yield how_common.facts_table(found, "prevalence", "Published shares of people", writer.citer)


def facts_of(writer: Writer, e: Explanation) -> tuple[Fact, ...]:
    """The published figures about an explanation, those of its first topic first."""
    return on_topic(writer.knowledge.all(Fact), topics_of("explanation", e.id))


# -------------------------------------------------------------------------------------------------- features


def features(writer: Writer, e: Explanation) -> Iterator[Paragraph]:
    """What speaks for it most, in a sentence."""
    rows = tables.features_table(writer.compiled, e.id, writer.audience, writer.citer).rows[:_NAMED]
    if rows:
        lead = "Signs that point to it" if writer.patient else "What speaks for it most"
        yield from writer.list(lead, [_feature(row) for row in rows])


def _feature(row: Row) -> Run:
    return Run(text=f"{lower_first(row.label)} ({row.figure})", record=row.record, cites=row.cites)


def features_tables(writer: Writer, e: Explanation) -> Iterator[Table]:
    yield tables.features_table(writer.compiled, e.id, writer.audience, writer.citer)
    yield tables.against_table(writer.compiled, e.id, writer.audience, writer.citer)
    if not writer.patient:
        seen = ("prevalence", "incidence")
        found = [f for f in facts_of(writer, e) if f.measure not in seen and f.value is not None]
        yield how_common.facts_table(found, "facts", "Other published figures", writer.citer)


# ---------------------------------------------------------------------------------------------------- causes


def causes(writer: Writer, e: Explanation) -> Iterator[Paragraph]:
    """What it cannot be without, the strongest causes, those that can be changed."""
    compiled = writer.compiled
    found = (x for (_, s), x in compiled.effects.items() if s == e.id)
    told = (x for x in found if not writer.patient or tables.told_to_patients(x))
    effects = sorted(told, key=lambda x: (-(x.rho or 0), x.id))
    needed = [compiled.contributors[c] for c in e.requires if c in compiled.contributors]
    if needed:
        yield writer.say("It does not occur without {}.", [writer.entry(c) for c in needed])
    strong = [x for x in effects if not x.necessary and (x.rho or 0) >= _STRONG]
    if strong:
        named = [_cause(writer, x) for x in _best_known(strong)[:_NAMED]]
        yield from writer.list("It comes more often with" if writer.patient else "The strongest links", named)
    worth = [compiled.contributors[x.contributor] for x in strong if tables.as_cause(x) >= _STRONG]
    changed = [c for c in worth if c.modifiable][: 2 * _NAMED]
    if changed:
        lead = "Some of these can be treated or changed" if writer.patient else "Those that can be changed"
        yield from writer.list(lead, [writer.entry(c) for c in changed])
    yield from keep_taking(writer, [compiled.contributors[x.contributor] for x in strong])
    if not effects:
        yield writer.say("No cause on record changes how often it occurs.")


def _best_known(effects: list[Effect]) -> list[Effect]:
    """Measured ratios before estimates, the largest first."""
    return sorted(effects, key=lambda x: (x.basis == "expert", -(x.rho or 0), x.id))


def _cause(writer: Writer, x: Effect) -> Run:
    contributor = writer.compiled.contributors[x.contributor]
    told = tables.times_words(x) if writer.patient else writer.figure(x, form="interval").text
    name = inside(name_of(contributor, writer.audience))
    text = f"{name} ({told})" if writer.patient else f"{name} {told}"
    return Run(text=text, record=writer.use(x), cites=writer.cites(x))


def causes_tables(writer: Writer, e: Explanation) -> Iterator[Table]:
    yield tables.causes_table(writer.compiled, e.id, writer.audience, writer.citer)
    if e.id == _NIGHT_CRAMP:
        yield _verdicts(writer)
        yield _beliefs(writer)


VERDICTS = {
    "strong": ("Strong", "Clear link"),
    "moderate": ("Moderate", "Likely link"),
    "weak": ("Weak", "Weak link"),
    "refuted": ("Refuted", "Not borne out"),
    "none_known": ("None known", "No link known"),
}


def _verdicts(writer: Writer) -> Table:
    """How strong the case is for each cause of night cramps."""
    order = list(VERDICTS)
    found = sorted(writer.knowledge.all(Cause), key=lambda c: (order.index(c.verdict), c.name))
    return Table(
        id="verdicts",
        title="How sure this is" if writer.patient else "How strong the case is for each cause",
        scale="none",
        rows=tuple(_verdict_row(writer, c, capital(name_of(c, writer.audience))) for c in found),
        columns=("Cause", "Case", ""),
    )


def _beliefs(writer: Writer) -> Table:
    return Table(
        id="beliefs",
        title="What is often said, and what was found",
        scale="none",
        rows=tuple(_verdict_row(writer, b, f"“{b.belief}”") for b in writer.knowledge.all(Belief)),
        columns=("Belief", "Case", ""),
    )


def _verdict_row(writer: Writer, r: Cause | Belief, label: str) -> Row:
    known = [writer.compiled.contributors[c] for c in r.contributors if c in writer.compiled.contributors]
    return Row(
        label=label,
        figure=VERDICTS[r.verdict][writer.patient],
        note=sentence(r.patient_statement if writer.patient else r.statement),
        basis=r.basis,
        record=ref_of(r),
        entry=ref_of(known[0]) if known else None,
        cites=writer.cites(r),
    )


# ------------------------------------------------------------------------------------------------- exclusion


def exclusion(writer: Writer, e: Explanation) -> Iterator[Paragraph]:
    """What it is taken for."""
    likes = look_alikes(writer, e)
    if not likes:
        yield writer.say("It stands for whatever none of the others explains, and is left when they are excluded.")
        return
    lead = "It can be mixed up with" if writer.patient else "It is most often confused with"
    yield writer.say(f"{lead} {{}}.", [writer.entry(x) for x in likes])
    lead = "The lists show what is different" if writer.patient else "The findings below separate them best"
    yield writer.say(f"{lead}.")


def look_alikes(writer: Writer, e: Explanation) -> list[Explanation]:
    """What it is confused with, as many as this audience is told."""
    known = [writer.compiled.explanations[x] for x in e.confused_with if x in writer.compiled.explanations]
    return known[:_NAMED] if writer.patient else known


def exclusion_tables(writer: Writer, e: Explanation) -> Iterator[Table]:
    for other in look_alikes(writer, e):
        yield tables.apart_table(writer.compiled, e.id, other.id, writer.audience, writer.citer)


def red_flags(writer: Writer, e: Explanation) -> Iterator[Paragraph]:
    """Warning signs that point to it. Where it can wait itself: for clinicians the look-alikes that cannot, for
    patients when to seek care at all.
    """
    can_wait = e.acuity not in ("emergency", "same_day")
    if can_wait and not writer.patient:
        yield from _pressing(writer, e)
    for flag in (f for f in writer.knowledge.all(RedFlag) if e.id in f.suggests):
        name, act = (flag.patient_name, flag.patient_action) if writer.patient else (flag.name, flag.action)
        yield writer.quote(act, flag, name=f"{capital(name)}:", item=True)
    if can_wait and writer.patient:
        for guide in (g for g in writer.knowledge.all(Guide) if g.purpose == "seek_care"):
            for step in guide.steps:
                yield Paragraph(runs=(Run(text=step.text, record=writer.use(guide), quoted=True),), item=True)


def _pressing(writer: Writer, e: Explanation) -> Iterator[Paragraph]:
    pressing = [x for x in look_alikes(writer, e) if x.acuity in ("emergency", "same_day")]
    if pressing:
        yield writer.say("It can wait; what can look like it and cannot: {}.", [writer.entry(x) for x in pressing])


# --------------------------------------------------------------------------------------------------- work-up


def work_up(writer: Writer, e: Explanation) -> Iterator[Paragraph]:
    """A word where no item of the work-up is meant for it."""
    if not work_up_table(writer, e).rows:
        yield writer.say(
            "No test is needed or advised for everybody with it. A doctor decides."
            if writer.patient
            else "No item of the work-up on record is meant for it; who should see it is said under treatment."
        )


def work_up_tables(writer: Writer, e: Explanation) -> Iterator[Table]:
    yield work_up_table(writer, e)
    if not writer.patient:
        yield tables.tests_that_tell(writer.compiled, e.id, writer.audience, writer.citer)
        found = [t for t in writer.knowledge.all(DiagnosticTest) if t.target == e.id]
        yield treatment_tables.accuracy_table(found, writer.citer)


def work_up_table(writer: Writer, e: Explanation) -> Table:
    """Items that are meant for it or that it is a reason for or against, with the reason; what to do comes first."""
    order = list(WORK_UP)
    rows = sorted(_triggers(writer, e), key=lambda row: (order.index(row[0]), row[1].id))
    return Table(
        id="work_up",
        title="Tests, and when they are worth it" if writer.patient else "What is worth doing, and what is not",
        scale="none",
        rows=tuple(_work_up_row(writer, w, advice, reason) for advice, w, reason in rows),
        columns=("Item", "Advice", "Why"),
    )


def _triggers(writer: Writer, e: Explanation) -> Iterator[tuple[str, WorkUp, str]]:
    """(advice, item, reason): the lines that name the explanation, else the first line of an item meant for it."""
    for w in writer.knowledge.all(WorkUp):
        lines = [t for t in (*w.when, *w.not_worth_when) if _names(t.when, e.id)]
        if not lines and e.id in w.targets:
            lines = list((*w.when, *w.not_worth_when)[:1])
        for t in lines:
            yield t.advice, w, t.patient_reason if writer.patient else t.reason


def _names(rule: object, explanation: str) -> bool:
    """Whether a rule asks how likely an explanation is."""
    if isinstance(rule, dict):
        return rule.get("likely") == explanation or any(_names(v, explanation) for v in rule.values())
    return isinstance(rule, list) and any(_names(v, explanation) for v in rule)


def _work_up_row(writer: Writer, w: WorkUp, advice: str, reason: str) -> Row:
    return Row(
        label=capital(name_of(w, writer.audience)),
        figure=WORK_UP[advice],
        note=sentence(reason),
        basis=w.basis,
        record=ref_of(w),
        entry=ref_of(w),
        cites=writer.cites(w),
    )


# ------------------------------------------------------------------------------------------- what comes after


def prognosis(writer: Writer, e: Explanation) -> Iterator[Paragraph]:
    """What is at stake if it is missed. Patients read this only where somebody wrote it for them."""
    if writer.patient:
        return
    yield writer.quote(writer.knowledge.by_id(Harm)[e.id].why, writer.knowledge.by_id(Harm)[e.id], lead="At stake: ")
    if e.why:
        yield writer.quote(e.why, e, lead="Why it must not wait: ")


def names_tables(writer: Writer, e: Explanation) -> Iterator[Table]:
    yield names_table(writer, [t for t in writer.knowledge.all(Term) if t.explanation == e.id])


def gaps(writer: Writer, e: Explanation) -> Iterable[Paragraph]:
    return not_known(writer, e, topics_of("explanation", e.id))


_PARTS = {
    "definition": Part("definition", definition),
    "red_flags": Part("red_flags", red_flags, by_hand=True),
    "stop_now": Part("stop_now", guides, by_hand=True),
    "history": Part("history", nothing, names_tables),
    "who": Part("who", who, who_tables),
    "features": Part("features", features, features_tables),
    "mechanism": Part("mechanism", nothing),
    "causes": Part("causes", causes, causes_tables),
    "exclusion": Part("exclusion", exclusion, exclusion_tables),
    "work_up": Part("work_up", work_up, work_up_tables),
    "treatment": Part("treatment", treatment_sentences, care),
    "prevention": Part("prevention", prevention),
    "prognosis": Part("prognosis", prognosis),
    "not_known": Part("not_known", gaps),
}
CLINICIAN = tuple(
    _PARTS[p]
    for p in (
        *("definition", "history", "who", "features", "mechanism", "causes", "exclusion", "red_flags", "work_up"),
        *("treatment", "prevention", "prognosis", "not_known"),
    )
)
PATIENT = tuple(
    _PARTS[p]
    for p in (
        *("definition", "red_flags", "stop_now", "treatment", "prevention", "features", "causes", "exclusion"),
        *("who", "work_up", "mechanism", "prognosis", "history", "not_known"),
    )
)
