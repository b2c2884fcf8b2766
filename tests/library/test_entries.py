"""Entries: from records to a reference page, for clinicians and in plain words."""

from __future__ import annotations

from typing import Any

import pytest
from msgspec.structs import replace

from soleus.errors import UnknownName
from soleus.evidence.content import digest
from soleus.evidence.record import Review
from soleus.knowledge.loader import Knowledge
from soleus.knowledge.schema.articles import Article, CommonQuestion, Section, ShortEntry, Term
from soleus.knowledge.schema.care import CareNote, Treatment, WorkUp
from soleus.knowledge.schema.core import Rate
from soleus.knowledge.schema.medicines import Belief, Cause, Medicine
from soleus.library import explanation_parts, tables, treatment_tables
from soleus.library.entries import entry_of, every, title_of
from soleus.library.model import Entry, Paragraph, RecordRef, Table
from soleus.library.shape import shape
from soleus.library.writing import Writer
from soleus.reasoning.assessment import Audience
from soleus.reasoning.citing import Citer
from soleus.reasoning.compare import compare
from soleus.reasoning.compiled import Compiled
from soleus.reasoning.medicines import medicine_index

TODAY = "2026-11-29"
CRAMP = "nocturnal_leg_cramp"


def clinician(compiled: Compiled, id: str = CRAMP, kind: Any = "explanation") -> Entry:
    return entry_of(compiled, kind, id, "clinician", TODAY)


def patient(compiled: Compiled, id: str = CRAMP, kind: Any = "explanation") -> Entry:
    return entry_of(compiled, kind, id, "patient", TODAY)


def table(entry: Entry, id: str) -> Table:
    return next(t for s in entry.sections for t in s.tables if t.id == id)


def part(entry: Entry, name: str) -> Any:
    return next(s for s in entry.sections if s.part == name)


def text(paragraphs: tuple[Paragraph, ...]) -> str:
    return "\n".join(p.text for p in paragraphs)


def with_records(compiled: Compiled, **kinds: Any) -> Compiled:
    """The same knowledge with other records of some kinds."""
    k = compiled.knowledge
    return Compiled(
        Knowledge({**{kind: k.records[kind] for kind in k.records}, **kinds}, k.facets, k.version, k.digest)
    )


def without_article(compiled: Compiled) -> str:
    written = compiled.knowledge.by_id(Article)
    return next(e for e in compiled.explanations if e not in written)


# -------------------------------------------------------------------------------------------------- all entries


def test_everything_that_can_be_looked_up_has_an_entry_for_both_audiences(compiled: Compiled) -> None:
    refs = every(compiled)
    assert len(set(refs)) == len(refs)
    wanted = {kind: len(compiled.knowledge.records.get(kind, ())) for kind in shape().parts}
    assert wanted["explanation"] == len(compiled.explanations)
    assert wanted["contributor"] == len(compiled.contributors)
    for kind, count in wanted.items():
        assert sum(r.kind == kind for r in refs) == count
    for ref in refs:
        for audience in ("clinician", "patient"):
            entry = entry_of(compiled, ref.kind, ref.id, audience, TODAY)  # type: ignore[arg-type]
            assert entry.title == title_of(compiled, ref, audience)
            assert entry.title[0] == entry.title[0].upper()


def test_an_entry_is_written_once_and_dated_anew(compiled: Compiled) -> None:
    today, later = (entry_of(compiled, "explanation", CRAMP, "clinician", day) for day in (TODAY, "2099-01-01"))
    assert today.sections is later.sections
    assert (today.standing.overdue, later.standing.overdue) == (False, True)


@pytest.mark.parametrize(
    ("kind", "id"), [("explanation", "nobody"), ("nothing", CRAMP), ("rate", CRAMP), ("source", "garrison2012")]
)
def test_what_has_no_entry_is_an_unknown_name(compiled: Compiled, kind: Any, id: str) -> None:
    with pytest.raises(UnknownName):
        entry_of(compiled, kind, id, "clinician", TODAY)


def test_an_entry_rests_on_itself_first_and_on_every_record_that_it_shows(compiled: Compiled) -> None:
    entry = clinician(compiled)
    assert entry.made_of[0] == RecordRef(kind="explanation", id=CRAMP)
    shown = {r.record for s in entry.sections for t in s.tables for r in t.rows}
    shown |= {run.record for s in entry.sections for p in s.paragraphs for run in p.runs}
    assert {r for r in shown if r} <= set(entry.made_of)
    assert entry.records == len(entry.made_of) > 100


# ---------------------------------------------------------------------------------------------- prose and facts


def test_prose_stands_first_and_tables_follow(compiled: Compiled) -> None:
    entry = clinician(compiled)
    assert entry.rank == "prose"
    causes = part(entry, "causes")
    assert not causes.composed
    assert causes.tables[0].id == "causes"
    article = compiled.knowledge.by_id(Article)[CRAMP]
    assert len(entry.key_points) == len(article.key_points)
    assert [s.part for s in entry.sections if s.part in {w.part for w in article.sections}] == [
        w.part for w in article.sections
    ]


def test_an_explanation_without_an_article_is_composed_and_says_so(compiled: Compiled) -> None:
    entry = clinician(compiled, without_article(compiled))
    assert entry.rank == "composed"
    assert all(s.composed for s in entry.sections if s.paragraphs and s.part != "red_flags")
    assert entry.key_points


def test_what_can_wait_names_the_look_alikes_that_cannot(compiled: Compiled) -> None:
    told = part(clinician(compiled), "red_flags").paragraphs[0]
    assert "deep_vein_thrombosis" in {r.entry.id for r in told.runs if r.entry}
    urgent = part(clinician(compiled, "deep_vein_thrombosis"), "red_flags")
    assert "It can wait" not in text(urgent.paragraphs)


def test_a_part_that_nobody_wrote_is_composed_beside_prose(compiled: Compiled) -> None:
    """The article of one part: the others are put together, and marked."""
    id = without_article(compiled)
    article = replace(
        compiled.knowledge.by_id(Article)[CRAMP],
        id=id,
        sections=(Section(part="who", text="Nobody knows who.", patient_text=None, basis="expert"),),
    )
    base = with_records(compiled, article=(article,))
    entry = clinician(base, id)
    assert entry.rank == "prose"
    assert text(part(entry, "who").paragraphs) == "Nobody knows who."
    assert not part(entry, "who").composed
    assert part(entry, "causes").composed
    assert part(patient(base, id), "who").composed  # without words for patients theirs are composed


def test_figures_of_prose_lead_to_their_records(compiled: Compiled) -> None:
    runs = [run for s in clinician(compiled).sections for p in s.paragraphs for run in p.runs]
    figures = [r for r in runs if r.record and r.record.kind == "fact" and r.record.id == "g12-statin"]
    assert [r.text for r in figures][:1] == ["1.16 (1.04 to 1.29)"]


@pytest.mark.parametrize("audience", ["clinician", "patient"])
def test_every_number_of_a_source_has_its_reference(compiled: Compiled, audience: Audience) -> None:
    entry = entry_of(compiled, "explanation", CRAMP, audience, TODAY)
    cited = {n for s in entry.sections for p in s.paragraphs for run in p.runs for n in run.cites}
    cited |= {n for s in entry.sections for t in s.tables for r in t.rows for n in r.cites}
    assert cited
    assert cited <= {r.number for r in entry.references}
    assert [r.number for r in entry.references] == list(range(1, len(entry.references) + 1))


# ------------------------------------------------------------------------------------------------------ tables


def test_causes_are_every_effect_the_strongest_first_with_its_interval(compiled: Compiled) -> None:
    effects = {e.id: e for (_, s), e in compiled.effects.items() if s == CRAMP}
    rows = tables.causes_table(compiled, CRAMP, "clinician", Citer(compiled.knowledge)).rows
    assert {r.record.id for r in rows if r.record} == set(effects)
    assert [r.value for r in rows] == sorted((e.rho for e in effects.values()), key=lambda v: -(v or 0))
    for row in rows:
        assert row.record is not None
        effect = effects[row.record.id]
        assert (row.low, row.high, row.basis) == (effect.low, effect.high, effect.basis)
        assert row.entry == RecordRef(kind="contributor", id=effect.contributor)


def test_what_cannot_be_without_a_cause_names_it_first(compiled: Compiled) -> None:
    rows = tables.causes_table(compiled, "statin_myalgia", "clinician", Citer(compiled.knowledge)).rows
    assert rows[0].figure == "necessary"
    assert rows[0].value is None
    told = list(explanation_parts.causes(Writer(compiled, "clinician"), compiled.explanations["statin_myalgia"]))
    assert told[0].text.startswith("It does not occur without ")
    assert told[0].runs[1].entry == RecordRef(kind="contributor", id="statin")


def test_patients_read_the_clear_links_alone_and_in_words(compiled: Compiled) -> None:
    rows = table(patient(compiled), "causes").rows
    assert 0 < len(rows) <= tables.MOST_CAUSES_TOLD
    assert all("95" not in r.figure and "(" not in r.figure for r in rows)
    assert any(r.figure == "about 2.4 times as often, likely 2 to 2.9" for r in rows)


def test_patients_read_of_no_cause_in_what_is_given_for_it(compiled: Compiled) -> None:
    """Steroids are the treatment of polymyalgia: it goes with them, and they do not bring it on."""
    confounded = compiled.effects["corticosteroid_systemic", "polymyalgia_rheumatica"]
    assert (confounded.rho, confounded.causal_rho) == (3.0, 1.0)
    causes = part(patient(compiled, "polymyalgia_rheumatica"), "causes")
    assert "teroid" not in text(causes.paragraphs) + "".join(r.label for t in causes.tables for r in t.rows)
    agonist = compiled.effects["dopamine_agonist", "periodic_limb_movement_disorder"]
    assert not tables.told_to_patients(agonist)  # oftener with it, and kept away by it
    rows = table(clinician(compiled, "polymyalgia_rheumatica"), "causes").rows
    assert any("nothing of it taken as causal" in r.note for r in rows)


@pytest.mark.parametrize("name", ["causes", "prevention"])
def test_whoever_reads_that_a_medicine_brings_it_on_reads_not_to_stop_it(compiled: Compiled, name: str) -> None:
    medicines = {c.id for c in compiled.contributors.values() if c.kind == "medicine"}
    found = 0
    for id in compiled.explanations:
        if id in compiled.knowledge.by_id(Article):
            continue
        paragraphs = part(patient(compiled, id), name).paragraphs
        named = {run.entry.id for p in paragraphs for run in p.runs if run.entry and run.entry.kind == "contributor"}
        if named & medicines:
            found += 1
            assert "Do not stop a medicine on your own." in text(paragraphs), id
    assert found


def test_the_page_of_a_medicine_says_what_not_to_do(compiled: Compiled) -> None:
    for c in (c for c in compiled.contributors.values() if c.kind == "medicine"):
        told = text(part(patient(compiled, c.id, "contributor"), "what_to_do").paragraphs)
        assert "Do not: " in told or "Do not stop a medicine on your own." in told, c.id
    index = medicine_index(compiled.knowledge)
    for m in (m for m in compiled.knowledge.all(Medicine) if index.contributors(m)):
        told = text(part(patient(compiled, m.id, "medicine"), "what_to_do").paragraphs)
        own = [x.patient_do_not for x in index.lineage(m) if x.patient_do_not]
        assert (own[0].rstrip(".") if own else "Do not stop a medicine on your own.") in told, m.id


def test_features_are_told_against_other_complaints(compiled: Compiled) -> None:
    rows = table(clinician(compiled), "features").rows
    assert rows
    for row in rows:
        assert row.record is not None
        finding = compiled.findings[row.record.id.split(".")[1]]
        own, base = compiled.likelihoods[CRAMP, finding.id], compiled.backgrounds[finding.id]
        k = own.p.index(row.value)
        assert row.other == base.p[k]
        assert tables.decibans(own.p[k], base.p[k]) > 0
    weights = [(r.value + r.other) * tables.decibans(r.value, r.other) for r in rows if r.value and r.other]
    assert weights == sorted(weights, reverse=True)


def test_patients_read_of_no_test_that_they_cannot_see_or_feel(compiled: Compiled) -> None:
    for id in ("acute_limb_ischaemia", "deep_vein_thrombosis"):
        for t in (t for s in patient(compiled, id).sections for t in s.tables if t.scale == "share"):
            rows = [r for r in t.rows if r.entry and r.entry.kind == "finding"]
            assert {compiled.findings[r.entry.id].group for r in rows if r.entry} <= {"history"}


@pytest.mark.parametrize("other", ["restless_legs_syndrome", "lumbar_spinal_stenosis"])
def test_a_look_alike_is_set_apart_by_what_separates_best(compiled: Compiled, other: str) -> None:
    shown = [(r.value, r.other) for r in table(clinician(compiled), f"apart-{other}").rows]
    best = [(r.p_first, r.p_second) for r in compare(compiled, CRAMP, other)][: len(shown)]
    assert shown == best
    assert 3 <= len(shown) <= 5


def test_rates_are_those_of_the_record(compiled: Compiled) -> None:
    rate = compiled.knowledge.by_id(Rate)[CRAMP]
    rows = {r.label: r.value for r in table(clinician(compiled), "rates").rows}
    assert rows["Women 65 to 79"] == rate.per_100k["f_65_79"]
    assert rows["Boys under 18"] == rate.per_100k["m_0_17"]
    assert len(rows) == len(rate.per_100k)


def test_treatments_stand_by_place_with_what_warns(compiled: Compiled) -> None:
    rows = table(clinician(compiled), "treatments").rows
    places = [label for label, _ in treatment_tables.PLACES.values()]
    assert [places.index(r.figure) for r in rows] == sorted(places.index(r.figure) for r in rows)
    quinine = next(r for r in rows if r.record and r.record.id == "quinine_cochrane")
    assert "Harms: " in quinine.note
    assert "Not with: " in quinine.note
    options = [compiled.knowledge.by_id(Treatment)[r.record.id].option for r in rows if r.record]
    assert len(options) == len(set(options))


def test_patients_read_of_no_treatment_without_words_for_them(compiled: Compiled) -> None:
    rows = table(patient(compiled), "treatments").rows
    records = [compiled.knowledge.by_id(Treatment)[r.record.id] for r in rows if r.record]
    assert records
    assert all(t.patient_text and t.headline for t in records)


def test_patients_read_every_check_before_a_treatment_those_that_forbid_it_first(compiled: Compiled) -> None:
    rows = table(patient(compiled, "restless_legs_syndrome"), "treatments").rows
    row = next(r for r in rows if r.record and r.record.id == "rls_gabapentin")
    checks = compiled.knowledge.by_id(Treatment)["rls_gabapentin"].avoid_when
    assert {a.level for a in checks} == {"avoid", "caution"}
    places = {a.patient_check: (a.level, row.note.index(a.patient_check)) for a in checks}
    ordered = sorted(places.values(), key=lambda found: found[1])
    assert [level for level, _ in ordered] == sorted(level for level, _ in ordered)


def test_tests_come_with_when_not(compiled: Compiled) -> None:
    rows = {r.record.id: r.figure for r in table(clinician(compiled), "work_up").rows if r.record}
    assert rows["polysomnography"] == "Not worth doing"
    assert rows["medication_review"] == "Worth doing"
    assert compiled.knowledge.by_id(WorkUp).keys() >= rows.keys()


def test_causes_and_beliefs_about_night_cramps_stand_there_alone(compiled: Compiled) -> None:
    entry = clinician(compiled)
    assert len(table(entry, "verdicts").rows) == len(compiled.knowledge.all(Cause))
    assert len(table(entry, "beliefs").rows) == len(compiled.knowledge.all(Belief))
    others = clinician(compiled, "exercise_or_heat_cramp")
    assert not [t for s in others.sections for t in s.tables if t.id in ("verdicts", "beliefs")]


# ---------------------------------------------------------------------------------------------- what stands around


def test_the_cramp_of_the_night_stands_in_its_class_beside_its_neighbours(compiled: Compiled) -> None:
    entry = clinician(compiled)
    assert [n.label for n in entry.path] == ["Sleep-related movement disorders", entry.title]
    labels = {n.label: n for n in entry.neighbours}
    assert labels["Restless legs syndrome"].entry == RecordRef(kind="explanation", id="restless_legs_syndrome")
    assert labels["Sleep-related bruxism"].entry == RecordRef(kind="short_entry", id="tree_bruxism")
    assert [n.label for n in entry.neighbours if n.here] == ["Sleep-related leg cramps"]


def test_the_class_has_no_hole(compiled: Compiled) -> None:
    assert all(n.entry is not None for n in clinician(compiled).neighbours)


def test_codes_and_other_names_are_told(compiled: Compiled) -> None:
    entry = clinician(compiled)
    assert ("ICD-10-CM", "G47.62") in [(c.system, c.code) for c in entry.codes]
    assert "systremma" in entry.names
    terms = {t.term for t in compiled.knowledge.all(Term) if t.explanation == CRAMP}
    assert {f.name for f in entry.former_names} == terms != set()


def test_what_must_not_wait_says_what_to_do_at_once(compiled: Compiled) -> None:
    notes = [n for n in compiled.knowledge.all(CareNote) if "acute_limb_ischaemia" in n.explanations]
    urgent = patient(compiled, "acute_limb_ischaemia").urgent
    assert urgent is not None
    assert urgent.startswith("Call an ambulance now.")
    assert notes[0].patient_text.rstrip(".") in urgent
    assert clinician(compiled).urgent is None


# ------------------------------------------------------------------------------------------- the other kinds


def test_a_cause_says_how_common_it_is_what_it_changes_and_how_sure_that_is(compiled: Compiled) -> None:
    entry = clinician(compiled, "statin", "contributor")
    assert {r.record.id for r in table(entry, "changes").rows if r.record} == {
        e.id for (c, _), e in compiled.effects.items() if c == "statin"
    }
    assert table(entry, "prevalence").rows[0].value == compiled.contributors["statin"].prevalence["all"]
    assert "refuted" in text(part(entry, "verdict").paragraphs).lower()
    medicines = {m.id for m in compiled.knowledge.all(Medicine) if "statin" in m.contributors}
    shown = {run.entry.id for p in part(entry, "medicines").paragraphs for run in p.runs if run.entry}
    assert shown == medicines
    assert "Do not stop a statin" in text(part(entry, "what_to_do").paragraphs)


def test_a_medicine_has_what_is_known_of_its_class(compiled: Compiled) -> None:
    entry = clinician(compiled, "furosemide", "medicine")
    assert "its class, loop diuretics" in text(part(entry, "changes").paragraphs)
    assert any(r.entry == RecordRef(kind="contributor", id="diuretic_loop") for s in entry.sections
               for p in s.paragraphs for r in p.runs)  # fmt: skip


def test_a_medicine_given_for_cramps_is_no_cause_of_them(compiled: Compiled) -> None:
    told = text(part(patient(compiled, "quinine", "medicine"), "changes").paragraphs)
    assert "it only shows that somebody is treated for it" in told
    assert "Clear link" not in told


def test_a_finding_points_to_where_it_is_commoner(compiled: Compiled) -> None:
    rows = table(clinician(compiled, "relief_stretch", "finding"), "points_to-yes").rows
    assert rows[0].entry in (
        RecordRef(kind="explanation", id=CRAMP),
        RecordRef(kind="explanation", id="exercise_or_heat_cramp"),
    )
    assert [r.value for r in rows] == sorted((r.value for r in rows), key=lambda v: -(v or 0))


def test_a_common_question_is_answered_and_its_belief_judged(compiled: Compiled) -> None:
    question = next(q for q in compiled.knowledge.all(CommonQuestion) if q.beliefs)
    entry = clinician(compiled, question.id, "common_question")
    assert entry.title == question.question
    assert part(entry, "answer").paragraphs
    belief = compiled.knowledge.by_id(Belief)[question.beliefs[0]]
    assert belief.statement.rstrip(".") in text(part(entry, "verdict").paragraphs)


def test_a_short_entry_leads_to_the_full_one(compiled: Compiled) -> None:
    short = next(s for s in compiled.knowledge.all(ShortEntry) if s.explanation)
    entry = clinician(compiled, short.id, "short_entry")
    links = {run.entry for s in entry.sections for p in (*s.paragraphs, entry.definition) for run in p.runs}
    assert RecordRef(kind="explanation", id=str(short.explanation)) in links


# --------------------------------------------------------------------------------------------------- standing


def test_nothing_is_approved_today(compiled: Compiled) -> None:
    for ref in every(compiled):
        entry = entry_of(compiled, ref.kind, ref.id, "clinician", TODAY)  # type: ignore[arg-type]
        assert entry.standing.status == "submitted"
        assert entry.standing.reviewer is None


def test_an_entry_is_approved_only_if_every_record_of_it_is(compiled: Compiled) -> None:
    refs = [(r.kind, r.id) for r in clinician(compiled, "quinine_cochrane", "treatment").made_of if r.kind != "source"]
    every_one = dict.fromkeys(refs, "approved")
    approved = entry_of(compiled, "treatment", "quinine_cochrane", "clinician", TODAY, every_one)  # type: ignore[arg-type]
    assert approved.standing.status == "approved"
    refs = [(r.kind, r.id) for r in clinician(compiled).made_of if r.kind != "source"]
    for missing in (refs[0], refs[-1]):
        all_but_one: Any = {ref: "approved" for ref in refs if ref != missing}
        assert entry_of(compiled, "explanation", CRAMP, "clinician", TODAY, all_but_one).standing.status == "submitted"
    one_taken: Any = {**dict.fromkeys(refs, "approved"), refs[1]: "under_review"}
    assert entry_of(compiled, "explanation", CRAMP, "clinician", TODAY, one_taken).standing.status == "under_review"


def test_an_approval_of_other_content_counts_for_nothing(compiled: Compiled) -> None:
    """In the data themselves too: only the digest of what is served makes it approved."""
    treatment = compiled.knowledge.by_id(Treatment)["quinine_uk"]
    sound = Review(status="approved", reviewer="A. Clinician", of=digest(treatment), conflict_of_interest="none")
    for review, status in ((sound, "approved"), (replace(sound, of="0" * 16), "submitted")):
        changed = tuple(
            replace(t, review=review) if t.id == "quinine_uk" else t for t in compiled.knowledge.all(Treatment)
        )
        base = with_records(compiled, treatment=changed)
        assert clinician(base, "quinine_uk", "treatment").standing.status == status


def test_a_part_that_is_late_makes_the_entry_late(compiled: Compiled) -> None:
    rates = tuple(
        replace(r, review=Review(last_reviewed="2020-01-01", review_by="2026-11-28")) if r.id == CRAMP else r
        for r in compiled.knowledge.all(Rate)
    )
    standing = clinician(with_records(compiled, rate=rates)).standing
    assert (standing.review_by, standing.last_reviewed, standing.overdue) == ("2026-11-28", "2020-01-01", True)
    assert not clinician(compiled).standing.overdue


def test_who_wrote_an_article_stands_behind_it(compiled: Compiled) -> None:
    article, standing = compiled.knowledge.by_id(Article)[CRAMP], clinician(compiled).standing
    assert (standing.author, standing.editor) == (article.author, None)
    assert standing.conflict_of_interest == article.conflict_of_interest
    assert standing.first_released == article.first_released
