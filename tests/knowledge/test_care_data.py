"""Treatments, notes, work-up, guides, tests and tables: complete, connected, readable."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET
from collections.abc import Iterator
from typing import Any

import pytest

from soleus.knowledge.loader import DATA
from tests.reading_grade import grade
from tests.reasoning.known_facts import records

FIRST_RANK = (
    "nocturnal_leg_cramp",
    "restless_legs_syndrome",
    "pad_claudication",
    "chronic_venous_disease",
    "deep_vein_thrombosis",
    "lumbar_radiculopathy",
    "lumbar_spinal_stenosis",
    "peripheral_neuropathy",
    "growing_pains",
    "statin_myalgia",
)
EASY_MEDICINES = (
    *("gabapentin", "pregabalin", "quinine", "magnesium", "pramipexole", "ropinirole", "rotigotine", "amitriptyline"),
    *("duloxetine", "ibuprofen", "clopidogrel", "warfarin", "aspirin", "levodopa", "vitamin B12", "vitamin B6"),
    *("vitamin K2", "varicose veins", "restless legs"),
)
MOST_GRADE, LEAST_WORDS = 7.0, 50


def ids(kind: str) -> set[str]:
    return {r.id for r in records(kind)}


def rules(value: Any) -> Iterator[dict[str, Any]]:
    """Every rule inside a rule."""
    if isinstance(value, dict):
        yield value
        for part in value.values():
            yield from rules(part)
    elif isinstance(value, list | tuple):
        for part in value:
            yield from rules(part)


def all_rules() -> Iterator[tuple[str, dict[str, Any]]]:
    for t in records("treatment"):
        for rule in (t.only_when, t.unless, *(a.when for a in t.avoid_when)):
            yield from ((t.id, r) for r in rules(rule))
    for w in records("work_up"):
        for line in (*w.when, *w.not_worth_when):
            yield from ((w.id, r) for r in rules(line.when))
    for g in records("guide"):
        for rule in (g.shown_when, *(n.when for n in g.not_for)):
            yield from ((g.id, r) for r in rules(rule))


def test_rules_ask_for_what_exists() -> None:
    findings = {f.id: {s.id for s in f.states} for f in records("finding")}
    kinds = {"number": "finding", "has": "contributor", "likely": "explanation", "medicine": "medicine"}
    wrong = [
        (where, rule)
        for where, rule in all_rules()
        for key, kind in kinds.items()
        if key in rule and rule[key] not in ids(kind)
    ]
    for where, rule in all_rules():
        wanted = rule.get("is", [])
        states = {wanted} if isinstance(wanted, str) else set(wanted)
        if "finding" in rule and not states <= findings.get(rule["finding"], set()):
            wrong.append((where, rule))
    assert not wrong


def test_treatments_are_for_explanations_that_exist_and_causes_too() -> None:
    wrong = [
        (t.id, x)
        for t in records("treatment")
        for x in (*set(t.explanations) - ids("explanation"), *set(t.causes) - ids("contributor"))
    ]
    assert not wrong


def test_each_option_has_one_headline_or_is_only_evidence() -> None:
    rows: dict[str, list[bool]] = {}
    for t in records("treatment"):
        rows.setdefault(t.option, []).append(t.headline)
    assert {option for option, heads in rows.items() if sum(heads) > 1} == set()


def test_nothing_that_must_not_be_quoted_is_shipped() -> None:
    assert "k2_tan" not in ids("treatment")
    assert not [r.id for r in records("treatment") if "tan2024" in r.source]
    assert not [r.id for kind in ("treatment", "work_up") for r in records(kind) if "sider4" in r.source]


@pytest.mark.parametrize("explanation", FIRST_RANK)
def test_first_rank_explanations_have_two_treatments_or_more(explanation: str) -> None:
    assert sum(t.headline and explanation in t.explanations for t in records("treatment")) >= 2


def test_every_explanation_has_exactly_one_care_note() -> None:
    named = [e for n in records("care_note") for e in n.explanations]
    assert sorted(named) == sorted(ids("explanation"))


def test_no_note_is_less_urgent_than_its_explanation() -> None:
    order = ("emergency", "same_day", "urgent", "routine")
    acuity = {e.id: e.acuity for e in records("explanation")}
    late = [
        (n.id, e, acuity[e])
        for n in records("care_note")
        for e in n.explanations
        if order.index(n.urgency) > order.index(acuity[e])
    ]
    assert not late


def test_work_up_points_at_what_exists() -> None:
    wrong = [
        (w.id, x)
        for w in records("work_up")
        for x in (
            *set(w.targets) - ids("explanation"),
            *set(w.contributors) - ids("contributor"),
            *set(w.findings) - ids("finding"),
        )
    ]
    assert not wrong


def test_sources_exist() -> None:
    kinds = ("treatment", "care_note", "work_up", "guide", "diagnostic_test", "published_table", "instrument")
    wrong = [(r.id, s) for kind in kinds for r in records(kind) for s in r.source if s not in ids("source")]
    assert not wrong


def test_guides_have_their_drawing_with_title_and_description() -> None:
    for guide in records("guide"):
        root = ET.parse(DATA / "guides" / f"{guide.figure}.svg").getroot()
        assert root.attrib["viewBox"] == "0 0 320 200"
        assert [child.tag.split("}")[1] for child in root][:2] == ["title", "desc"]
    named = {g.figure for g in records("guide")}
    assert {p.stem for p in (DATA / "guides").glob("*.svg")} == named
    assert {g for t in records("treatment") for g in t.guides} <= ids("guide")


def test_drawings_follow_the_page_colour_and_load_nothing() -> None:
    for path in (DATA / "guides").glob("*.svg"):
        text = path.read_text(encoding="utf-8")
        assert "currentColor" in text
        assert not re.search(r"href|url\(|<script|<style|#000|#fff", text)


def patient_texts() -> Iterator[tuple[str, str]]:
    for t in records("treatment"):
        yield t.id, t.patient_text or ""
        yield f"{t.id}.steps", " ".join(t.steps)
    for n in records("care_note"):
        yield n.id, f"{n.patient_text} {n.patient_meanwhile or ''}"
    for g in records("guide"):
        yield g.id, " ".join(s.text for s in g.steps)
    for w in records("work_up"):
        yield w.id, f"{w.patient_excludes or ''} {w.patient_would_change}"


def test_patient_texts_read_easily() -> None:
    """Flesch-Kincaid grade 7 at most where a text has more than 50 words."""
    names = [*EASY_MEDICINES, *(e.patient_name for e in records("explanation"))]
    hard = {
        name: round(found, 1)
        for name, text in patient_texts()
        if len(text.split()) > LEAST_WORDS and (found := grade(text, names)) > MOST_GRADE
    }
    assert not hard


def test_all_published_tables_are_there_and_most_can_be_checked() -> None:
    tables = records("published_table")
    checkable = [t for t in tables if any(c.compute.kind() != "none" for c in t.checks)]
    assert len(tables) == 28
    assert len(checkable) >= 18
    assert all(c.compute.none is None or c.compute.none.reason for t in tables for c in t.checks)


def test_checks_have_an_interval_that_holds_the_published_figure() -> None:
    for table in records("published_table"):
        for check in table.checks:
            if check.compute.none is None:
                assert check.low is not None, table.id
                assert check.high is not None, table.id
                assert check.expected is not None, table.id
                assert check.low <= check.expected <= check.high, table.id


def test_checks_ask_for_what_exists() -> None:
    states = {f.id: {s.id for s in f.states} for f in records("finding")}
    contributors = {c.id: c for c in records("contributor")}
    for table in records("published_table"):
        for check in table.checks:
            c = check.compute
            for part in (c.likelihood, c.odds_ratio):
                if part is not None:
                    assert set(part.states) <= states[part.finding], table.id
                    assert part.explanation in ids("explanation") | {"background"}, table.id
            if c.effect is not None:
                assert c.effect.contributor in contributors, table.id
                assert f"{c.effect.contributor}.{c.effect.explanation}" in ids("effect"), table.id
            if c.simulate is not None:
                assert c.simulate.criteria in ids("criteria_set"), table.id
            if c.facet is not None:
                assert c.facet.facet in ids("facet"), table.id


def test_likelihood_ratios_agree_with_sensitivity_and_specificity_where_derived() -> None:
    """LR+ = sens / (1 - spec), LR- = (1 - sens) / spec, to the rounding of the row (3 %)."""
    for t in records("diagnostic_test"):
        if t.sensitivity and t.specificity and t.lr_positive and t.lr_positive.derived:
            expected = t.sensitivity.value / (1 - t.specificity.value)
            assert t.lr_positive.value == pytest.approx(expected, rel=0.03), t.id
        if t.sensitivity and t.specificity and t.lr_negative and t.lr_negative.derived:
            expected = (1 - t.sensitivity.value) / t.specificity.value
            assert t.lr_negative.value == pytest.approx(expected, rel=0.03, abs=0.002), t.id
    assert len(records("diagnostic_test")) == 63
