"""`soleus knowledge check`: one broken record for each rule is found by that rule and by no other."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache, partial
from typing import Any

import msgspec
import pytest

from soleus.evidence.content import digest
from soleus.evidence.record import Code, Estimate, Review
from soleus.knowledge.integrity import RULES, Base, Fault, check, overdue, stale
from soleus.knowledge.integrity.codes import luhn, verhoeff
from soleus.knowledge.loader import COMPILED, DATA, Knowledge, read_compiled, read_folder, version_of
from soleus.knowledge.schema.articles import Article, CommonQuestion, ShortEntry, Term
from soleus.knowledge.schema.articles import Section as ArticleSection
from soleus.knowledge.schema.core import CoOccurrence, FacetItem, Joint

Records = dict[str, tuple[Any, ...]]
Change = Callable[[Records], Records]

FEW = frozenset({"nocturnal_leg_cramp", "restless_legs_syndrome", "deep_vein_thrombosis"})
OWN = frozenset({"moved_facets_say_so"})  # rules with a test of their own


@cache
def shipped() -> Records:
    return read_folder(DATA)


@cache
def thin() -> Records:
    """The shipped records with the likelihoods of three explanations only, so that every run is short."""
    return {**shipped(), "likelihood": tuple(r for r in shipped()["likelihood"] if r.explanation in FEW)}


def breaches(records: Records) -> frozenset[Fault]:
    """What every rule but those with a test of their own says."""
    return frozenset(check(Knowledge(records, {}, "0", ""), DATA, leave_out=OWN))


@cache
def before() -> frozenset[Fault]:
    return breaches(thin())


def one(kind: str, where: Callable[[Any], bool] = lambda _: True) -> Any:
    """The first record of a kind for which something holds."""
    return next(r for r in thin()[kind] if where(r))


def put(kind: str, record: Any, id: str | None = None, **fields: Any) -> Change:
    """A base in which ``record`` has other fields; with ``id`` a changed copy stands beside it."""
    new = msgspec.structs.replace(record, **({"id": id} if id else {}), **fields)
    old = thin().get(kind, ())
    rows = (*old, new) if id else tuple(new if r.id == record.id else r for r in old)
    return lambda records: {**records, kind: rows}


def drop(kind: str, record: Any) -> Change:
    return lambda records: {**records, kind: tuple(r for r in records[kind] if r.id != record.id)}


def add(kind: str, *new: Any) -> Change:
    return lambda records: {**records, kind: (*records.get(kind, ()), *new)}


def named(kind: str, id: str) -> Any:
    return one(kind, lambda r: r.id == id)


def yes_no(r: Any) -> bool:
    return len(r.p) == 2


def ratio(e: Any) -> bool:
    return bool(e.rho and e.rho > 1 and e.low and e.high and not e.conflicts and not e.family)


def flag(**when: Any) -> Change:
    """One more red flag."""
    return put("red_flag", one("red_flag"), id="another", when=when)


def criterion(record: Any, **fields: Any) -> tuple[Any, ...]:
    """The items of a set with the first changed."""
    return (msgspec.structs.replace(record.items[0], **fields), *record.items[1:])


def estimate(value: float, low: float | None = None, high: float | None = None) -> Estimate:
    return Estimate(basis="expert", value=value, low=low, high=high)


def in_one_facet() -> set[str]:
    return {i.finding for f in thin()["facet"] for i in f.items}


def marked() -> set[str]:
    return {m.finding for m in thin()["marker"]}


def single_contributors() -> list[str]:
    taken = {m for b in thin()["block"] for m in b.members}
    return [c.id for c in thin()["contributor"] if c.id not in taken]


def identity() -> dict[str, Change]:
    p, e = one("parameter"), one("effect")
    return {
        "ids_are_unique": add("parameter", p),
        "ids_are_well_formed": put("parameter", p, id="Two Words"),
        "ids_match_their_parts": put("effect", e, id="this.that"),
    }


def references() -> dict[str, Change]:
    likelihood, effect, marker, facet = one("likelihood"), one("effect", ratio), one("marker"), one("facet")
    nerve, spine = named("block", "nerve"), named("block", "spine")
    joint = Joint(basis="expert", explanation="nobody", value=0.5)
    pair = CoOccurrence(
        id="nocturnal_leg_cramp.nobody", basis="expert", first="nocturnal_leg_cramp", second="nobody",
        ratio=estimate(2.0), prevalence=estimate(0.1),
    )  # fmt: skip
    items, other = facet.items, next(f for f in thin()["facet"] if f.id != facet.id)
    needing = one("explanation", lambda e: e.requires)
    a, b = nerve.members[:2]
    return {
        "likelihoods_refer": put("likelihood", likelihood, id=f"nobody.{likelihood.finding}", explanation="nobody"),
        "backgrounds_refer": put("background", one("background"), id="nothing"),
        "rates_refer": put("rate", one("rate"), id="nobody"),
        "effects_refer": put("effect", effect, id=f"nobody.{effect.explanation}", contributor="nobody"),
        "markers_refer": put("marker", marker, id=f"nobody.{marker.finding}", contributor="nobody"),
        "co_occurrences_refer": add("co_occurrence", pair),
        "derivations_refer": put("derivation", one("derivation"), state="purple"),
        "facet_items_exist": put("facet", facet, items=(*items, FacetItem(finding="nothing", typical=("yes",)))),
        "facet_joints_refer": put("facet", facet, joints=(*facet.joints, joint)),
        "facets_are_disjoint": put("facet", facet, items=(*items, other.items[0])),
        "block_members_exist": put("block", nerve, members=(*nerve.members, "nobody")),
        "blocks_are_disjoint": put("block", nerve, members=(*nerve.members, spine.members[0])),
        "blocks_are_small": put("block", nerve, members=(*nerve.members, *single_contributors()[:5])),
        "block_dependence_is_a_tree": put("block", nerve, given=((a, b, 0.5), (b, a, 0.5))),
        "neighbours_exist": put("explanation", one("explanation"), confused_with=("nobody",)),
        "required_contributors_are_necessary": put("explanation", needing, requires=()),
        "contributors_refer": put("contributor", one("contributor"), family_of=("nobody",)),
        "value_sets_refer": put("value_set", one("value_set"), contributors=("nobody",)),
    }


def figures() -> dict[str, Change]:
    cell, effect, rate = one("likelihood", yes_no), one("effect", ratio), one("rate")
    plain = one("likelihood", lambda r: named("finding", r.finding).core and r.finding not in in_one_facet())
    spare = one("background", lambda b: b.id not in in_one_facet() and not named("finding", b.id).core)
    marker = one("marker", lambda m: min(m.p_absent) > 0.001)
    number = one("finding", lambda f: f.kind == "numeric" and f.unit)
    tempo = named("finding", "tempo")
    gap = (msgspec.structs.replace(number.states[0], below=number.states[0].below - 0.001), *number.states[1:])
    dateless = tuple(msgspec.structs.replace(s, at_least=None, below=None) for s in tempo.states)
    family = one("effect", lambda e: e.family and e.rho and e.low)
    harm = one("harm")
    return {
        "columns_sum_to_one": put("likelihood", cell, p=(0.5, 0.4)),
        "probabilities_leave_doubt": put("likelihood", cell, p=(0.9999, 0.0001)),
        "a_probability_for_each_state": put("likelihood", cell, p=(0.5, 0.3, 0.2)),
        "core_findings_are_complete": drop("likelihood", plain),
        "backgrounds_are_complete": drop("background", spare),
        "markers_own_their_findings": put("background", one("background"), id=marker.finding, p=marker.p_absent),
        "states_are_named_once": put("finding", number, absent="nothing"),
        "intervals_tile_the_range": put("finding", number, states=gap),
        "numeric_findings_have_a_unit": put("finding", number, unit=None),
        "dated_findings_have_day_bounds": put("finding", tempo, states=dateless),
        "rates_are_complete": put("rate", rate, per_100k={k: v for k, v in rate.per_100k.items() if k != "f_0_17"}),
        "child_factors_tile_childhood": put("rate", rate, child_age_factor=({"from": 2, "to": 30, "factor": 1},)),
        "other_units_convert": put("finding", number, other_units={"furlong": 0.0}),
        "ratios_lie_in_their_interval": put("effect", effect, low=effect.rho * 1.1, high=effect.rho * 2),
        "ratios_are_whole": put("effect", effect, design=None),
        "causal_ratios_do_not_exceed": put("effect", effect, causal_rho=effect.rho * 1.1),
        "an_effect_is_a_ratio_or_necessary": put("effect", effect, rho=None, causal_rho=None),
        "confounding_families_are_shrunk": put("effect", family, rho=(family.rho + family.high) / 2),
        "prevalences_are_proportions": put("contributor", one("contributor"), prevalence={"all": 1.2}),
        "estimates_lie_in_their_interval": put("harm", harm, action_threshold=estimate(0.1, low=0.2, high=0.3)),
    }


def conditions() -> dict[str, Change]:
    return {
        "conditions_can_be_read": flag(finds="swelling"),
        "conditions_use_known_names": flag(has="nobody"),
        "conditions_use_known_states": flag(finding="swelling", **{"is": "purple"}),
        "conditions_compare_numbers": flag(number="potassium", below=2500),  # umol/L for mmol/L
        "warnings_use_no_probability": flag(likely="deep_vein_thrombosis", above=0.1),
    }


def care() -> dict[str, Change]:
    scored = one("criteria_set", lambda c: c.rule == "score")
    screen, path, table = one("screen_item"), one("care_path", lambda p: p.covers), one("published_table")
    leaf = one("medicine", lambda m: m.level != "class" and m.member_of)
    top = one("medicine", lambda m: m.level == "class" and not m.member_of)
    fellow = one("medicine", lambda m: m.id != leaf.id and m.names)
    treatments = [t for t in thin()["treatment"] if not t.headline]
    follower = next(t for t in treatments if any(o.headline and o.option == t.option for o in thin()["treatment"]))
    wrong = msgspec.structs.replace(table.checks[0], figure="nothing")
    return {
        "red_flags_suggest_explanations": put("red_flag", one("red_flag"), suggests=("nobody",)),
        "criteria_refer": put("criteria_set", scored, explanation="nobody"),
        "criteria_have_a_cut_off": put("criteria_set", scored, items=criterion(scored, points=None)),
        "screen_items_refer": put("screen_item", screen, then_ask=("nothing",)),
        "care_paths_refer": put("care_path", path, covers=("nobody",), partly={}),
        "every_explanation_has_a_harm": drop("harm", one("harm")),
        "cause_values_refer": put("cause_value", one("cause_value"), id="nobody"),
        "order_losses_refer": put("order_loss", one("order_loss"), option="nothing"),
        "medicines_refer": put("medicine", leaf, contributors=("nobody",)),
        "medicine_classes_exist": put("medicine", leaf, member_of=("nobody",)),
        "medicine_classes_have_no_circle": put("medicine", top, member_of=(top.id,)),
        "medicine_names_are_one_medicines": put("medicine", leaf, names=(*leaf.names, fellow.name)),
        "causes_and_beliefs_refer": put("belief", one("belief"), contributors=("nobody",)),
        "treatments_refer": put("treatment", one("treatment"), explanations=("nobody",)),
        "treatment_options_have_one_headline": put("treatment", follower, headline=True),
        "work_up_refers": put("work_up", one("work_up"), findings=("nothing",)),
        "figures_of_guides_exist": put("guide", one("guide"), figure="nothing"),
        "tests_refer": put("diagnostic_test", one("diagnostic_test"), target="nobody"),
        "tables_compute_from_their_figures": put("published_table", table, checks=(*table.checks, wrong)),
        "codes_of_records_tell_known_things": put("symptom_code", one("symptom_code"), tells={"nothing": "yes"}),
    }


def sources() -> dict[str, Change]:
    p, cell = one("parameter"), one("likelihood", lambda r: not r.source)
    source = one("source", lambda s: s.doi and any(s.id in r.source for r in thin()["fact"]))
    nowhere = {"doi": None, "pmid": None, "isbn": None, "url": None, "note": None}
    fact = one("fact", lambda f: f.source)
    other = next(f.source for f in thin()["fact"] if f.source and f.source != fact.source)
    apart = [
        msgspec.structs.replace(fact, id=f"apart_{n}", topic="apart", value=v, low=v - 0.1, high=v + 0.1, source=s)
        for n, v, s in ((1, 1.0, fact.source), (2, 2.0, other))
    ]
    return {
        "cited_sources_exist": put("parameter", p, source=("nobody1999",)),
        "sources_are_used": put("source", source, id="nobody2000"),
        "sources_can_be_found": put("source", source, **nowhere),
        "nothing_quotes_what_must_not_be_quoted": put("source", source, note="Retracted: do not quote."),
        "evidence_names_its_source": put("parameter", p, basis="measured", source=()),
        "prevalences_name_their_source": put(
            "contributor", one("contributor"), prevalence_basis="measured", prevalence_source=()
        ),
        "derived_figures_say_how": put("likelihood", cell, basis="derived", note=None),
        "disagreement_is_recorded": add("fact", *apart),
    }


def codes_and_reviews() -> dict[str, Change]:
    e = one("explanation", lambda e: not e.requires)
    p = one("parameter")
    dates = {"last_reviewed": "2026-11-21", "review_by": "2027-11-21"}
    sound = Review(status="approved", reviewer="A. Clinician", of=digest(p), conflict_of_interest="none", **dates)
    changed = partial(msgspec.structs.replace, sound)
    return {
        "codes_have_their_form": put("explanation", e, codes=(Code(system="atc", code="N5"),)),
        "check_digits_agree": put("explanation", e, codes=(Code(system="loinc", code="2823-4"),)),  # 2823-3
        "approval_needs_a_second_person": put("parameter", p, review=changed(reviewer=" soleus  MAINTAINERS ")),
        "approval_is_of_this_content": put("parameter", p, value=p.value * 1.01, review=sound),
        "approval_declares_interests": put("parameter", p, review=changed(conflict_of_interest=None)),
        "review_dates_are_sane": put("parameter", p, review=Review(last_reviewed="2026-11-21", review_by="2026-11-20")),
    }


def orphans() -> dict[str, Change]:
    finding, contributor = one("finding", lambda f: f.kind == "yes_no" and not f.core), one("contributor")
    medicine = one("medicine", lambda m: not m.codes)
    background = named("background", finding.id)
    unasked = put("finding", finding, id="nothing", name="nothing", synonyms=(), former_ids=())
    mute = {"cramp": None, "restless_legs": None, "contributors": (), "cautions": (), "interactions": ()}
    return {
        "findings_are_used": lambda records: put("background", background, id="nothing")(unasked(records)),
        "contributors_are_used": put("contributor", contributor, id="nobody", name="-", patient_name="-", synonyms=()),
        "medicines_lead_somewhere": put("medicine", medicine, id="none", name="none", names=(), member_of=(), **mute),
        "words_lead_to_one_record": put(
            "explanation", one("explanation"), synonyms=(named("explanation", "als").name,)
        ),
    }


def sound_article(**changed: Any) -> Article:
    """An article without a fault, of an explanation that has none."""
    written = {a.id for a in thin().get("article", ())}
    text = "It comes at night, in {likelihood:nocturnal_leg_cramp.relief_stretch.yes} [@icsd3tr], unlike [[als]]."
    article = Article(
        id=one("explanation", lambda e: e.id not in written).id,
        basis="expert",
        author="Soleus maintainers",
        conflict_of_interest="None.",
        first_released="2026-11-29",
        key_points=(text,),
        patient_key_points=(text,),
        sections=(ArticleSection(part="definition", text=text, patient_text=text, basis="expert"),),
    )
    return msgspec.structs.replace(article, **changed)


def prose() -> dict[str, Change]:
    section, short = sound_article().sections[0], one("classification")
    term = Term(id="t", basis="expert", term="t", status="foreign", statement="A word.")
    return {
        "markup_is_understood": add("article", sound_article(key_points=("A cramp {here}.",))),
        "prose_figures_resolve": add("article", sound_article(key_points=("In {fact:nobody} of people.",))),
        "no_typed_numbers": add("article", sound_article(key_points=("In 7 % of people.",))),
        "prose_sources_exist": add("article", sound_article(patient_key_points=("A cramp [@nobody2026].",))),
        "prose_links_lead_somewhere": add("article", sound_article(key_points=("Unlike [[nobody]].",))),
        "articles_refer": add("term", msgspec.structs.replace(term, entry=f"{short.id}_of_nothing")),
        "articles_speak_to_patients": add(
            "article", sound_article(sections=(msgspec.structs.replace(section, patient_text=None),))
        ),
    }


def test_an_article_without_a_fault_has_none() -> None:
    assert breaches(add("article", sound_article())(thin())) - before() == set()


@pytest.mark.parametrize(
    ("kind", "changed"),
    [
        ("article", {"id": "nobody"}),
        ("term", {"explanation": "nobody"}),
        ("term", {}),
        ("short_entry", {"explanation": "nobody"}),
        ("common_question", {"beliefs": ("nobody",)}),
        ("common_question", {"medicines": ("nobody",)}),
    ],
)
def test_what_an_article_or_its_kin_names_is_there(kind: str, changed: dict[str, Any]) -> None:
    fields = ("definition", "patient_definition", "who", "features", "apart", "patient_apart", "care")
    words: dict[str, Any] = dict.fromkeys(fields, "-")
    answers: dict[str, Any] = dict.fromkeys(("short", "answer", "patient_short", "patient_answer"), "-")
    shared: dict[str, Any] = {"id": "tree_rls", "basis": "expert"}
    sound = {
        "article": sound_article(),
        "term": Term(**shared, term="t", status="foreign", statement="-"),
        "short_entry": ShortEntry(**shared, name="-", patient_name="-", **words),
        "common_question": CommonQuestion(**shared, question="-", position=1, **answers),
    }[kind]
    rule = RULES["articles_refer"][0]
    records = {kind: thin()[kind] for kind in ("explanation", "contributor", "medicine", "belief", "classification")}
    records[kind] = (msgspec.structs.replace(sound, **changed),)
    assert [f.kind for f in rule(Base(Knowledge(records, {}, "0", "")))] == [kind]


@cache
def cases() -> dict[str, Change]:
    families = (identity, references, figures, conditions, care, sources, codes_and_reviews, orphans, prose)
    return {rule: change for family in families for rule, change in family().items()}


@pytest.mark.parametrize("rule", sorted(set(RULES) - OWN))
def test_a_broken_record_breaks_its_rule_and_no_other(rule: str) -> None:
    found = breaches(cases()[rule](thin())) - before()
    assert {f.rule for f in found} == {rule}
    for fault in found:
        assert fault.kind
        assert fault.id
        assert fault.field
        assert fault.message.endswith(".")
        assert fault.repair.rstrip("…").rstrip(" ")


def test_every_rule_says_what_must_hold() -> None:
    assert [name for name, (rule, _) in RULES.items() if not rule.__doc__] == []


def test_a_joint_that_cannot_be_reached_must_say_so() -> None:
    """All four signs typical in 30 % although one of them is typical in a few per cent only."""
    kinds = ("finding", "background", "parameter", "likelihood")
    facet = named("facet", "restlessness")
    joint = Joint(basis="measured", explanation="deep_vein_thrombosis", value=0.6, n=400)
    records: Records = {kind: thin()[kind] for kind in kinds}
    records["explanation"] = tuple(e for e in thin()["explanation"] if e.id in FEW)
    records["facet"] = (msgspec.structs.replace(facet, joints=(joint,)),)
    rule = RULES["moved_facets_say_so"][0]
    assert [f.field for f in rule(Base(Knowledge(records, {}, "0", "")))] == ["joints.deep_vein_thrombosis"]
    told = msgspec.structs.replace(joint, note="marginals moved: other people were studied")
    records["facet"] = (msgspec.structs.replace(facet, joints=(told,)),)
    assert list(rule(Base(Knowledge(records, {}, "0", "")))) == []


def test_the_shipped_base_has_no_fault() -> None:
    found = check(Knowledge(shipped(), {}, version_of(DATA), ""), DATA)
    assert [str(f) for f in found if f.level == "fault"] == []


def test_every_source_that_is_cited_exists() -> None:
    rule = RULES["cited_sources_exist"][0]
    assert list(rule(Base(Knowledge(shipped(), {}, "0", "")))) == []


def test_reviews_past_their_date_are_listed() -> None:
    """And fail nothing: the same base has no more faults on a later day."""
    p, q = thin()["parameter"][:2]
    due = {p.id: "2026-05-31", q.id: "2026-06-01"}
    rows = tuple(
        msgspec.structs.replace(r, review=Review(review_by=due.get(r.id, "2099-01-01"))) for r in thin()["parameter"]
    )
    records: Records = {"parameter": rows}
    base = Knowledge(records, {}, "0", "")
    assert [(o.review_by, o.ids) for o in overdue(base, "2026-06-01")] == [("2026-05-31", (p.id,))]
    assert [o.ids for o in overdue(base, "2026-06-02")] == [(p.id,), (q.id,)]
    assert overdue(base, "2026-01-01") == ()


def test_a_compiled_file_of_other_data_is_a_fault() -> None:
    compiled = read_compiled(COMPILED)
    assert stale(compiled, Knowledge({}, {}, compiled.version, compiled.digest)) is None
    fault = stale(compiled, Knowledge({}, {}, compiled.version, "0" * 64))
    assert fault is not None
    assert fault.rule == "compiled_file_is_current"
    assert "soleus knowledge compile" in fault.repair


@pytest.mark.parametrize(("digits", "right"), [("28233", True), ("28234", False), ("47984", False)])
def test_check_digit_of_loinc(digits: str, right: bool) -> None:
    """2823-3: 3, 3*2 = 6, 2, 8*2 = 16 -> 7, 2: together 20."""
    assert luhn(digits) is right


@pytest.mark.parametrize(("digits", "right"), [("73211009", True), ("73211008", False), ("32914008", True)])
def test_check_digit_of_snomed_ct(digits: str, right: bool) -> None:
    """73211009 is diabetes mellitus, 32914008 restless legs."""
    assert verhoeff(digits) is right
