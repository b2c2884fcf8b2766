"""What to do: warnings, losses, medicines, treatments, work-up, guides, codes of records."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator

from soleus.knowledge.integrity.base import Base, Found, rule, unknown
from soleus.knowledge.schema.care import CareNote, DiagnosticTest, Guide, PublishedTable, Treatment, WorkUp
from soleus.knowledge.schema.medicines import Belief, Cause, Conflict, Medicine
from soleus.knowledge.schema.records import ResultCode, SymptomCode
from soleus.knowledge.schema.safety import (
    CarePath,
    CauseValue,
    Classification,
    CriteriaSet,
    Harm,
    OrderLoss,
    RedFlag,
    ScreenItem,
)

Field = tuple[str, Iterable[str], Collection[str], str]
Reference = tuple[str, str, str, Iterable[str], Collection[str], str]


def _broken(references: Iterable[Reference]) -> Iterator[Found]:
    """The names of (kind, id, field, names, known, what) that lead nowhere."""
    for kind, id, field, names, known, what in references:
        for name in names:
            if name not in known:
                yield unknown(kind, id, field, name, what)


@rule
def red_flags_suggest_explanations(base: Base) -> Iterator[Found]:
    """What a red flag suggests is a known explanation."""
    s = base.explanations
    yield from _broken(("red_flag", f.id, "suggests", f.suggests, s, "an explanation") for f in base.all(RedFlag))


@rule
def criteria_refer(base: Base) -> Iterator[Found]:
    """Criteria and classifications name explanations; a place in a classification has a known parent."""
    places = {c.id for c in base.all(Classification)}
    named = [("criteria_set", c.id, c.explanation) for c in base.all(CriteriaSet)]
    named += [("classification", p.id, p.explanation) for p in base.all(Classification)]
    for kind, id, name in named:
        yield from _broken([(kind, id, "explanation", _one(name), base.explanations, "an explanation")])
    for p in base.all(Classification):
        yield from _broken([("classification", p.id, "parent", _one(p.parent), places, "a place in it")])


def _one(name: str | None) -> tuple[str, ...]:
    return () if name is None else (name,)


@rule
def criteria_have_a_cut_off(base: Base) -> Iterator[Found]:
    """A scored set has points for every item and a cut-off; ``at_least`` needs no more than there are items."""
    for c in base.all(CriteriaSet):
        scored = c.rule == "score"
        if scored and any(i.points is None for i in c.items):
            yield Found("criteria_set", c.id, "items", "An item of a scored set has no points.", "Give its points.")
        if c.rule in ("score", "at_least") and c.needed is None:
            yield Found("criteria_set", c.id, "needed", "No cut-off.", "Say how many are needed.")
        if c.rule == "at_least" and c.needed is not None and not 0 < c.needed <= len(c.items):
            yield Found("criteria_set", c.id, "needed", f"{c.needed:g} of {len(c.items)} items.", "Correct it.")


@rule
def screen_items_refer(base: Base) -> Iterator[Found]:
    """A question of the screen settles and asks known findings, and "no" means a state of each."""
    for item in base.all(ScreenItem):
        for field in ("then_ask", "settled_by", "no_means"):
            yield from _broken([("screen_item", item.id, field, getattr(item, field), base.findings, "a finding")])
        for finding, state in item.no_means.items():
            if finding in base.states and state not in base.states[finding]:
                yield unknown("screen_item", item.id, "no_means", state, f"a state of {finding}")


@rule
def care_paths_refer(base: Base) -> Iterator[Found]:
    """A care path covers known explanations, in full or in part."""
    for path in base.all(CarePath):
        for field, names in {"covers": path.covers, "partly": path.partly}.items():
            yield from _broken([("care_path", path.id, field, names, base.explanations, "an explanation")])
        for name in sorted(set(path.covers) & set(path.partly)):
            yield Found("care_path", path.id, "partly", f"{name} is covered in full already.", "Keep one of the two.")


@rule
def every_explanation_has_a_harm(base: Base) -> Iterator[Found]:
    """Every explanation has its harm, and every harm an explanation, with its number inside its range."""
    harms = base.knowledge.by_id(Harm)
    for s in base.explanations:
        if s not in harms:
            yield Found("explanation", s, "harm", "It has no harm, so no threshold of its own.", "Add a harm.")
    for h in harms.values():
        if h.id not in base.explanations:
            yield unknown("harm", h.id, "id", h.id, "an explanation")
        if not h.low <= h.loss <= h.high:
            yield Found("harm", h.id, "loss", f"{h.loss:g} is not within {h.low:g} to {h.high:g}.", "Correct one.")


@rule
def cause_values_refer(base: Base) -> Iterator[Found]:
    """The value of a cause is that of a contributor or the default of a kind; every kind has its default."""
    kinds = {f"default.{c.kind}" for c in base.contributors.values()}
    there = {v.id for v in base.all(CauseValue)}
    for id in sorted(there):
        if id not in base.contributors and not id.startswith("default."):
            yield unknown("cause_value", id, "id", id, "a contributor or default.<kind>")
    for id in sorted(kinds - there):
        yield Found("cause_value", id, "id", "This kind of contributor has no default.", "Add one.")


@rule
def order_losses_refer(base: Base) -> Iterator[Found]:
    """The loss of an order is that of a medicine; its explanations, other uses and option exist; harm is in range."""
    options = {t.option for t in base.all(Treatment)}
    for o in base.all(OrderLoss):
        yield from _broken((
            ("order_loss", o.id, "id", (o.id,), base.medicines, "a medicine"),
            ("order_loss", o.id, "relief", o.relief, base.explanations, "an explanation"),
            ("order_loss", o.id, "other_uses", o.other_uses, base.contributors, "a contributor"),
            ("order_loss", o.id, "option", (o.option,), options, "an option of a treatment"),
        ))  # fmt: skip
        if not o.low <= o.harm <= o.high:
            yield Found(
                "order_loss", o.id, "harm", f"{o.harm:g} is not within {o.low:g} to {o.high:g}.", "Correct one."
            )


@rule
def medicines_refer(base: Base) -> Iterator[Found]:
    """Contributors, interactions, cautions' subjects and facts of a medicine exist."""
    for m in base.all(Medicine):
        fields: list[Field] = [("contributors", m.contributors, base.contributors, "a contributor")]
        for i in m.interactions:
            fields.append(("interactions", i.medicines, base.medicines, "a medicine"))
            fields.append(("interactions", i.contributors, base.contributors, "a contributor"))
        for name, judgement in {"cramp": m.cramp, "restless_legs": m.restless_legs}.items():
            fields.append((name, judgement.facts if judgement else (), base.facts, "a fact"))
        yield from _broken(("medicine", m.id, field, names, known, what) for field, names, known, what in fields)


@rule
def medicine_classes_exist(base: Base) -> Iterator[Found]:
    """What a medicine is a member of is a class on record."""
    for m in base.all(Medicine):
        for parent in m.member_of:
            if parent not in base.medicines or base.medicines[parent].level != "class":
                yield unknown("medicine", m.id, "member_of", parent, "a class of medicines")


@rule
def medicine_classes_have_no_circle(base: Base) -> Iterator[Found]:
    """No class is a member of itself, however far round."""
    for m in base.all(Medicine):
        if m.id in _above(base, m):
            yield Found("medicine", m.id, "member_of", "It is a member of itself.", "Break the circle.")


def _above(base: Base, medicine: Medicine) -> set[str]:
    found: set[str] = set()
    todo = list(medicine.member_of)
    while todo:
        name = todo.pop()
        if name not in found and name in base.medicines:
            found.add(name)
            todo += base.medicines[name].member_of
    return found


@rule
def medicine_names_are_one_medicines(base: Base) -> Iterator[Found]:
    """A name or code stands for one medicine, so that a drug list is read in one way."""
    owner: dict[str, str] = {}
    for m in base.all(Medicine):
        for name in {n.casefold().strip() for n in (m.name, *m.names)} | {f"{c.system} {c.code}" for c in m.codes}:
            if owner.setdefault(name, m.id) != m.id:
                yield Found("medicine", m.id, "names, codes", f"{name!r} is also {owner[name]}.", "Keep it in one.")


@rule
def causes_and_beliefs_refer(base: Base) -> Iterator[Found]:
    """Causes, beliefs and conflicts rest on known facts, contributors and medicines."""
    for kind, records in (("cause", base.all(Cause)), ("belief", base.all(Belief)), ("conflict", base.all(Conflict))):
        for r in records:
            fields: list[Field] = [("facts", r.facts, base.facts, "a fact")]
            fields.append(("contributors", getattr(r, "contributors", ()), base.contributors, "a contributor"))
            fields.append(("medicines", getattr(r, "medicines", ()), base.medicines, "a medicine"))
            yield from _broken((kind, r.id, field, names, known, what) for field, names, known, what in fields)


@rule
def treatments_refer(base: Base) -> Iterator[Found]:
    """Treatments, care notes and guides are for known explanations, causes and guides."""
    guides = {g.id for g in base.all(Guide)}
    for t in base.all(Treatment):
        fields = (
            ("for", t.explanations, base.explanations, "an explanation"),
            ("places", t.places, base.explanations, "an explanation"),
            ("causes", t.causes, base.contributors, "a contributor"),
            ("guides", t.guides, guides, "a guide"),
        )
        yield from _broken(("treatment", t.id, field, names, known, what) for field, names, known, what in fields)
    meant = [("care_note", n.id, n.explanations) for n in base.all(CareNote)]
    meant += [("guide", g.id, g.explanations) for g in base.all(Guide)]
    yield from _broken((kind, id, "for", names, base.explanations, "an explanation") for kind, id, names in meant)


@rule
def treatment_options_have_one_headline(base: Base) -> Iterator[Found]:
    """At most one row of an option stands for it in a plan; an option without one is only cited."""
    rows: dict[str, list[Treatment]] = {}
    for t in base.all(Treatment):
        rows.setdefault(t.option, []).append(t)
    for option, found in rows.items():
        if sum(t.headline for t in found) > 1:
            yield Found(
                "treatment", found[0].id, "headline", f"{sum(t.headline for t in found)} headlines for {option}.",
                "Keep one.",
            )  # fmt: skip


@rule
def work_up_refers(base: Base) -> Iterator[Found]:
    """An item of the work-up targets known explanations and contributors and answers known findings."""
    for w in base.all(WorkUp):
        fields = (
            ("targets", w.targets, base.explanations, "an explanation"),
            ("contributors", w.contributors, base.contributors, "a contributor"),
            ("findings", w.findings, base.findings, "a finding"),
        )
        yield from _broken(("work_up", w.id, field, names, known, what) for field, names, known, what in fields)


@rule
def figures_of_guides_exist(base: Base) -> Iterator[Found]:
    """The figure of a guide is an SVG file in the folder of guides."""
    if base.folder is None:
        return
    for g in base.all(Guide):
        if not (base.folder / "guides" / f"{g.figure}.svg").exists():
            yield unknown("guide", g.id, "figure", g.figure, "an SVG file of guides")


@rule
def tests_refer(base: Base) -> Iterator[Found]:
    """A test of accuracy has a known target, and the finding that it answers is known."""
    for t in base.all(DiagnosticTest):
        yield from _broken([("diagnostic_test", t.id, "target", (t.target,), base.explanations, "an explanation")])
        yield from _broken([("diagnostic_test", t.id, "finding", _one(t.finding), base.findings, "a finding")])


@rule
def tables_compute_from_their_figures(base: Base) -> Iterator[Found]:
    """Each check of a published table is for a figure of that table and computes one thing."""
    for t in base.all(PublishedTable):
        for check in t.checks:
            chosen = [n for n in check.compute.__struct_fields__ if getattr(check.compute, n) is not None]
            if check.figure not in t.figures:
                yield unknown("published_table", t.id, "checks", check.figure, "a figure of the table")
            if len(chosen) != 1:
                yield Found("published_table", t.id, "checks", f"{check.figure} computes {len(chosen)} things.", "One.")


@rule
def codes_of_records_tell_known_things(base: Base) -> Iterator[Found]:
    """What the code of a record tells is a finding's state, or a contributor present or absent."""
    for s in base.all(SymptomCode):
        for name, value in s.tells.items():
            allowed = base.states.get(name) or (("present", "absent") if name in base.contributors else ())
            if value not in allowed:
                yield unknown("symptom_code", s.id, "tells", f"{name}: {value}", "a state that is known")
    for r in base.all(ResultCode):
        yield from _broken([("result_code", r.id, "finding", _one(r.finding), base.findings, "a finding")])
