"""What is composed of medicines, findings, treatments and items of the work-up: short entries."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from soleus.evidence.record import Cited
from soleus.knowledge.schema.care import DiagnosticTest, Treatment, WorkUp
from soleus.knowledge.schema.core import Finding, Marker
from soleus.knowledge.schema.medicines import Belief, Fact, Judgement, Medicine
from soleus.library import how_common, tables, treatment_tables
from soleus.library.caring import keep_taking
from soleus.library.composing import Part, not_known
from soleus.library.explanation_parts import VERDICTS
from soleus.library.model import Paragraph, Run, Table
from soleus.library.shape import topics_of
from soleus.library.treatment_tables import PLACES, place_in
from soleus.library.writing import Writer, ref_of
from soleus.reasoning.medicines import medicine_index
from soleus.reports.words import WORK_UP, capital, closed, join, sentence

_MOST_STATES = 4  # states of a finding that get a table of their own
_COMPLAINTS = {"cramp": ("Cramps", "Cramps"), "restless_legs": ("Restless legs", "Restless legs")}
_LEVELS = {"class": "A class of medicines", "ingredient": "A medicine", "combination": "A fixed combination"}


# -------------------------------------------------------------------------------------------------- medicines


def medicine(writer: Writer, m: Medicine) -> Iterator[Paragraph]:
    """What kind of thing it is, its class, its names."""
    classes = [writer.knowledge.by_id(Medicine)[c] for c in m.member_of if c in writer.knowledge.by_id(Medicine)]
    if classes:
        yield writer.say(f"{_LEVELS[m.level]} of the class {{}}.", [writer.entry(c) for c in classes])
    else:
        yield writer.say(f"{_LEVELS[m.level]}.")
    others = [n for n in m.names if n.casefold() != m.name.casefold()]
    if others and not writer.patient:  # patients read the names at the head of the page
        yield writer.say("Also sold or known as {}.", writer.own(join(others), m))


def medicine_changes(writer: Writer, m: Medicine) -> Iterator[Paragraph]:
    """What is known of it and of cramps or restless legs, its own or its class's."""
    told = False
    for field, names in _COMPLAINTS.items():
        owner, found = _judged(writer, m, field)
        if owner is not None and found is not None:
            told = True
            if owner is not m:
                yield writer.say(f"{names[writer.patient]}: what is known of its class, {{}}.", writer.entry(owner))
            lead = f"{names[writer.patient]}: {_case(found, writer.patient)}. "
            yield _quoted(writer, found.patient_statement if writer.patient else found.statement, found, owner, lead)
    contributors = [writer.compiled.contributors[c] for c in medicine_index(writer.knowledge).contributors(m)]
    if contributors:
        lead = "What it can do is told under" if writer.patient else "In the model it counts as"
        yield writer.say(f"{lead} {{}}.", [writer.entry(c) for c in contributors])
    if not told and not contributors:
        unknown = "No link between it and trouble in the legs is on record. That is not the same as safe."
        yield writer.say(unknown)


def _case(j: Judgement, patient: bool) -> str:
    """How strong the case is that it brings the symptom on; where it does not, how it stands to it."""
    if j.relation == "promotes" or j.verdict == "refuted":
        return VERDICTS[j.verdict][patient].lower()
    return _RELATIONS[j.relation]


_RELATIONS = {
    "relieves": "given for it, with some effect",
    "no_effect": "no difference was found",
    "fewer": "less often than on comparison",
    "prescribed_for_it": "given for it, which is all that the link shows",
    "marks_treated": "it only shows that somebody is treated for it",
    "not_known": "not known",
}


def _judged(writer: Writer, m: Medicine, field: str) -> tuple[Medicine | None, Judgement | None]:
    """The judgement of the medicine or of the first class that has one, and whose it is."""
    lineage = medicine_index(writer.knowledge).lineage(m)
    return next(((x, j) for x in lineage if (j := getattr(x, field)) is not None), (None, None))


def _quoted(writer: Writer, text: str, cited: Cited, owner: object, lead: str, item: bool = False) -> Paragraph:
    """The words of a part of a record, with the sources of the part."""
    run = Run(text=sentence(text), record=writer.use(owner), cites=writer.citer.cite(cited.source), quoted=True)
    return Paragraph(runs=(Run(text=lead), run) if lead else (run,), item=item)


def medicine_tables(writer: Writer, m: Medicine) -> Iterator[Table]:
    facts, known = dict[str, None](), writer.knowledge.by_id(Fact)
    for field in _COMPLAINTS:
        _, found = _judged(writer, m, field)
        facts |= dict.fromkeys(found.facts if found else ())
    facts |= dict.fromkeys(f.id for f in known.values() if f.topic == m.id)
    rows = [known[f] for f in facts if f in known and known[f].value is not None] if not writer.patient else []
    yield how_common.facts_table(rows, "facts", "Published figures", writer.citer)


def warnings(writer: Writer, m: Medicine) -> Iterator[Paragraph]:
    """Harms that advice has to respect, and what it should not meet; its own or the first class's that has some."""
    index = medicine_index(writer.knowledge)
    for owner in [x for x in index.lineage(m) if x.cautions][:1]:
        for c in owner.cautions:
            yield _quoted(writer, c.patient_statement if writer.patient else c.statement, c, owner, "", item=True)
    for owner in [x for x in index.lineage(m) if x.interactions][:1]:
        for i in owner.interactions:
            text = i.patient_statement if writer.patient else i.statement
            told = writer.say("With {}:", _met(writer, i.medicines, i.contributors), item=True)
            said = _quoted(writer, text, i, owner, " ")
            yield Paragraph(runs=(*told.runs, *said.runs), item=True)


def _met(writer: Writer, medicines: Iterable[str], contributors: Iterable[str]) -> list[Run]:
    """Links to what a medicine should not meet."""
    known = writer.knowledge.by_id(Medicine)
    found: list[Run] = [writer.entry(known[m]) for m in medicines if m in known]
    return found + [writer.entry(writer.compiled.contributors[c]) for c in contributors]


def medicine_to_do(writer: Writer, m: Medicine) -> Iterator[Paragraph]:
    """What to talk over and what not to do."""
    fields = ("patient_discuss", "patient_do_not") if writer.patient else ("discuss", "do_not")
    for field in fields:
        owner = next((x for x in medicine_index(writer.knowledge).lineage(m) if getattr(x, field)), None)
        if owner is not None:
            yield writer.quote(getattr(owner, field), owner)
    index = medicine_index(writer.knowledge)
    if not any(x.patient_do_not for x in index.lineage(m)):  # some say themselves when to stop and when not
        yield from keep_taking(writer, [writer.compiled.contributors[c] for c in index.contributors(m)])
    for belief in (b for b in writer.knowledge.all(Belief) if m.id in b.medicines):
        name = f"“{closed(belief.belief)}” {VERDICTS[belief.verdict][writer.patient]}."
        yield writer.quote(belief.patient_statement if writer.patient else belief.statement, belief, name=name)


def members(writer: Writer, m: Medicine) -> Iterator[Paragraph]:
    """The medicines of a class."""
    found = [x for x in writer.knowledge.all(Medicine) if m.id in x.member_of]
    for x in sorted(found, key=lambda x: x.name):
        yield Paragraph(runs=(writer.entry(x, capital(x.name)),), item=True)


# --------------------------------------------------------------------------------------------------- findings


def finding(writer: Writer, f: Finding) -> Iterator[Paragraph]:
    """How it is asked, why, and what the answers are."""
    yield writer.quote(f.question if writer.patient else f.clinician_question, f, lead="Asked as: ")
    if f.why_asked:
        yield writer.quote(f.why_asked, f, lead="Why it is asked: ")
    unit = f", in {f.unit}" if f.unit and f.unit != "1" and not writer.patient else ""
    yield Paragraph(runs=(Run(text=f"Answers{unit}:", record=writer.use(f), quoted=True),))
    for s in f.states:
        text = s.patient_label if writer.patient else s.label
        yield Paragraph(runs=(Run(text=capital(text), record=ref_of(f), quoted=True),), item=True)


def points_to(writer: Writer, f: Finding) -> Iterator[Paragraph]:
    """A word where it tells no explanation apart."""
    marks = [m for m in writer.knowledge.all(Marker) if m.finding == f.id]
    of = [writer.compiled.contributors[m.contributor] for m in marks]
    if of:
        lead = "It speaks of" if not writer.patient else "It can be a sign of"
        yield writer.say(f"{lead} {{}}.", [writer.entry(c) for c in of])
    elif not any(t.rows for t in points_to_tables(writer, f)):
        told = "By itself it does not tell one cause from another." if writer.patient else (
            "No answer to it is clearly commoner in one explanation than in others."
        )  # fmt: skip
        yield writer.say(told)


def points_to_tables(writer: Writer, f: Finding) -> Iterator[Table]:
    base = writer.compiled.backgrounds.get(f.id)
    if base is None or f.id in writer.compiled.markers:
        return
    states = [k for k, s in enumerate(f.states) if s.id != f.absent]
    made = (tables.points_to_table(writer.compiled, f, k, writer.audience, writer.citer) for k in states)
    yield from sorted((t for t in made if t.rows), key=lambda t: -(t.rows[0].value or 0))[:_MOST_STATES]
    if not writer.patient:
        tests = [t for t in writer.knowledge.all(DiagnosticTest) if t.finding == f.id]
        yield treatment_tables.accuracy_table(tests, writer.citer)


def finding_when(writer: Writer, f: Finding) -> Iterator[Paragraph]:
    """Items of the work-up that give the answer."""
    found = [w for w in writer.knowledge.all(WorkUp) if f.id in w.findings]
    if found:
        yield writer.say("It is answered by {}.", [writer.entry(w) for w in found])


# ------------------------------------------------------------------------------------------------- treatments


def treatment(writer: Writer, t: Treatment) -> Iterator[Paragraph]:
    """What it is, for what, and where it stands."""
    text = t.patient_text if writer.patient else t.clinician_text
    if text:
        yield writer.quote(text, t)
    else:
        yield writer.say("This is not for use on your own. A doctor decides about it.")
    for place, of in _by_place(writer, t).items():
        yield writer.say(f"{capital(place)}: {{}}.", [writer.entry(e) for e in of])
    causes = [writer.compiled.contributors[c] for c in t.causes if c in writer.compiled.contributors]
    if causes:
        yield writer.say("Only for people with {}.", [writer.entry(c) for c in causes])
    if t.dose and not writer.patient:
        yield writer.quote(t.dose, t, lead="Dose in the study, not advice: ")


def _by_place(writer: Writer, t: Treatment) -> dict[str, list[object]]:
    out: dict[str, list[object]] = {}
    for e in (writer.compiled.explanations[x] for x in t.explanations if x in writer.compiled.explanations):
        out.setdefault(PLACES[place_in(t, e.id)][writer.patient], []).append(e)
    return out


def evidence(writer: Writer, t: Treatment) -> Iterator[Paragraph]:
    """Effect, certainty, harms, whom it is not for."""
    effect = (t.patient_effect_text or t.effect_text) if writer.patient else t.effect_text
    if effect:
        yield writer.quote(effect, t)
    if t.certainty and (level := t.certainty.patient_level if writer.patient else t.certainty.level):
        yield writer.quote(level, t, lead="How sure this is: " if writer.patient else "Certainty: ")
    if not writer.patient:
        yield from _study(writer, t)
    for harm in t.patient_harms if writer.patient else t.harms:
        yield writer.quote(harm, t, lead="Harm: ", item=True)
    for a in t.avoid_when:
        lead = {"avoid": "Not if: ", "caution": "With care: "}[a.level]
        yield writer.quote(a.patient_reason if writer.patient else a.reason, t, lead=lead, item=True)
    shown = (effect, t.avoid_when, t.patient_harms if writer.patient else (*t.harms, *t.outcomes))
    if not any(shown):
        told = "No good study has tested it for this." if writer.patient else "No result of a study is on record."
        yield writer.say(told)


def _study(writer: Writer, t: Treatment) -> Iterator[Paragraph]:
    for lead, text in (("Studied in: ", t.population), ("Compared with: ", t.comparator)):
        if text:
            yield writer.quote(text, t, lead=lead)
    for o in t.outcomes:
        if o.text or o.effect is None:
            yield writer.quote(f"{o.outcome}: {o.text or o.detail or 'no figure'}", t, item=True)
    for text in t.interactions:
        yield writer.quote(text, t, lead="Interaction: ", item=True)


def evidence_tables(writer: Writer, t: Treatment) -> Iterator[Table]:
    if not writer.patient:
        yield treatment_tables.outcomes_table(t, writer.audience, writer.citer)


# -------------------------------------------------------------------------------------------------- work-up


def work_up(writer: Writer, w: WorkUp) -> Iterator[Paragraph]:
    """What it would confirm or exclude."""
    of = [writer.compiled.explanations[e] for e in w.targets if e in writer.compiled.explanations]
    if of:
        lead = "It can show" if writer.patient else "It confirms or excludes"
        yield writer.say(f"{lead} {{}}.", [writer.entry(e) for e in of])
    causes = [writer.compiled.contributors[c] for c in w.contributors if c in writer.compiled.contributors]
    if causes:
        lead = "It can also show" if writer.patient else "Among the causes it shows"
        yield writer.say(f"{lead} {{}}.", [writer.entry(c) for c in causes])
    excludes = w.patient_excludes if writer.patient else w.excludes
    if excludes:
        yield writer.quote(excludes, w, lead="It is there to rule out: ")
    if not (of or causes or excludes):
        yield writer.say("It looks for several things at once.")


def when(writer: Writer, w: WorkUp) -> Iterator[Paragraph]:
    """Each reason to do it or not to."""
    for t in (*w.when, *w.not_worth_when):
        yield writer.quote(
            t.patient_reason if writer.patient else t.reason, w, lead=f"{WORK_UP[t.advice]}: ", item=True
        )


def tells(writer: Writer, w: WorkUp) -> Iterator[Paragraph]:
    """What the result changes, and how it is read."""
    yield writer.quote(w.patient_would_change if writer.patient else w.would_change, w)
    if not writer.patient:
        yield writer.quote(w.guidance, w, lead="Guidance: ")
    found = [writer.compiled.findings[f] for f in w.findings if f in writer.compiled.findings]
    if found:
        yield writer.say("It answers: {}.", [writer.entry(f) for f in found])


def tells_tables(writer: Writer, w: WorkUp) -> Iterator[Table]:
    tests = [t for t in writer.knowledge.all(DiagnosticTest) if t.finding in w.findings] if not writer.patient else []
    yield treatment_tables.accuracy_table(tests, writer.citer)


def gaps_on(kind: str) -> Part:
    """What is not known of a thing of this kind."""
    return Part("not_known", lambda writer, record: not_known(writer, record, topics_of(kind, record.id)))


PARTS = {
    "medicine": (
        Part("definition", medicine),
        Part("changes", medicine_changes, medicine_tables),
        Part("warnings", warnings),
        Part("what_to_do", medicine_to_do),
        Part("members", members),
        gaps_on("medicine"),
    ),
    "finding": (
        Part("definition", finding),
        Part("points_to", points_to, points_to_tables),
        Part("when", finding_when),
        gaps_on("finding"),
    ),
    "treatment": (
        Part("definition", treatment),
        Part("evidence", evidence, evidence_tables),
        gaps_on("treatment"),
    ),
    "work_up": (
        Part("definition", work_up),
        Part("when", when),
        Part("tells", tells, tells_tables),
        gaps_on("work_up"),
    ),
}
