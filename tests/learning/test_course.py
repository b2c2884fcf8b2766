"""Every case of the course: it can be answered, explained and drawn again, and its lesson says nothing of its own."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import cache
from pathlib import Path
from types import ModuleType

import msgspec
import pytest

from soleus.errors import UnknownName
from soleus.evidence.record import Source
from soleus.inference.decisions import value_of
from soleus.knowledge.amounts import named
from soleus.knowledge.prose import Cite, Figure, Link, paragraphs, strays, typed_numbers
from soleus.knowledge.prose_fields import targets
from soleus.learning.course import CourseCase, case_named, course
from soleus.learning.explaining import explained
from soleus.learning.rules import resolutions, rules
from soleus.learning.telling import told
from soleus.reasoning import questions
from soleus.reasoning.compiled import shipped_compiled
from soleus.reasoning.intake import take_in
from soleus.reasoning.judging import Judged
from soleus.reasoning.medicines import medicine_index
from soleus.validation.vignettes import Vignette, read_all, set_aside

ROOT = Path(__file__).resolve().parent.parent.parent
CASES = course()
DRAWN = tuple(c for c in CASES if c.origin == "simulated")
RETOLD = tuple(c for c in CASES if c.origin == "published")
each = pytest.mark.parametrize("case", CASES, ids=lambda c: c.id)
drawn = pytest.mark.parametrize("case", DRAWN, ids=lambda c: c.id)
retold = pytest.mark.parametrize("case", RETOLD, ids=lambda c: c.id)


@cache
def vignettes() -> dict[str, Vignette]:
    return {v.id: v for v in read_all(ROOT / "validation/vignettes")}


@pytest.fixture(scope="module")
def tool(program: Callable[[str], ModuleType]) -> ModuleType:
    return program("make_course")


def judged(case: CourseCase) -> Judged:
    compiled = shipped_compiled()
    return Judged(take_in(case.read(), compiled, medicine_index(compiled.knowledge))[0])


# --- the course as a whole --------------------------------------------------------------------------------------------


def test_there_are_at_least_thirty_cases_of_both_kinds_in_three_levels() -> None:
    assert len(CASES) >= 30
    assert min(len(DRAWN), len(RETOLD)) >= 10
    assert {c.level for c in CASES} == {1, 2, 3}
    for level, n in rules().mixed.items():
        assert sum(c.level == level for c in CASES) >= n


def test_cases_are_named_once_and_found_by_id_and_by_address() -> None:
    assert len({c.id for c in CASES}) == len({c.slug for c in CASES}) == len(CASES)
    assert not {c.id for c in CASES} & {c.slug for c in CASES}
    for case in CASES:
        assert case_named(case.id) is case_named(case.slug) is case
    with pytest.raises(UnknownName):
        case_named("nothing-of-this")


def test_every_case_teaches_something_to_resolve_and_every_resolution_a_case() -> None:
    taught = {case for r in resolutions().values() for case in r.cases}
    assert taught == {c.id for c in CASES}


# --- each case --------------------------------------------------------------------------------------------------------


@each
def test_answer_and_look_alike_are_among_the_choices_and_the_look_alike_is_wrong(case: CourseCase) -> None:
    known = shipped_compiled().explanations
    assert len(case.choices) == len(set(case.choices)) == 5
    assert case.answer in case.choices
    assert case.tempting in case.choices
    assert case.tempting not in case.every_right
    assert len(set(case.choices) - set(case.every_right)) >= 3
    assert {*case.choices, *case.every_right} - known.keys() <= {"other"}


@each
def test_neither_title_nor_address_nor_story_names_the_answer(case: CourseCase) -> None:
    e = shipped_compiled().explanations[case.answer]
    before = f"{case.title} {case.slug} {case.story}".lower()
    names = {e.name.lower(), e.patient_name.lower(), e.id.replace("_", " "), e.id}
    assert [n for n in names if re.search(rf"\b{re.escape(n)}\b", before)] == []


@each
def test_what_is_told_is_read_whole(case: CourseCase) -> None:
    presented = judged(case).presentation
    assert [u for u in presented.unused if "no longer present" not in u] == []
    assert presented.disagreements == ()
    shown = told(shipped_compiled(), case)
    assert shown.findings
    assert len(shown.measurements) == len(case.case.get("measurements", ()))
    assert len(shown.medicines) == len(case.case.get("medicines", ()))
    denied = [f.denied for f in shown.findings]
    assert denied == sorted(denied)


@each
def test_the_explanation_is_that_of_the_judgement(case: CourseCase) -> None:
    found, shown = judged(case), explained(shipped_compiled(), case)
    assert (shown.answer.id, shown.tempting.id) == (case.answer, case.tempting)
    assert {e.id for e in shown.ranked} >= set(case.choices)
    for e in shown.ranked:
        assert e.probability == pytest.approx(found.probability[e.id], abs=1e-12)
        assert 0 <= e.low <= e.high <= 1
    p = [e.probability for e in shown.ranked]
    assert p == sorted(p, reverse=True)
    weights = [abs(s.decibans) for s in shown.steps[1:]]
    assert weights == sorted(weights, reverse=True)
    assert "no clinician has reviewed" in shown.review_sentence.lower()


@each
def test_the_lesson_is_prose_whose_figures_resolve_and_whose_numbers_are_not_typed(case: CourseCase) -> None:
    base = shipped_compiled().knowledge
    assert strays(case.lesson) == ()
    assert typed_numbers(case.lesson) == ()
    pieces = [piece for p in paragraphs(case.lesson) for piece in p.pieces]
    cited = {s for piece in pieces if isinstance(piece, Cite) for s in piece.sources}
    assert cited <= base.by_id(Source).keys()
    assert {piece.target for piece in pieces if isinstance(piece, Link)} <= targets(base).keys()
    for figure in (piece for piece in pieces if isinstance(piece, Figure)):
        record, amount = named(base, figure)
        assert amount.value is not None
        if figure.kind == "fact":
            assert set(record.source) <= cited, f"{figure.id} is not cited"


@each
def test_the_lesson_is_short_and_leads_to_the_answer_and_the_look_alike(case: CourseCase) -> None:
    links = {piece.target for p in paragraphs(case.lesson) for piece in p.pieces if isinstance(piece, Link)}
    assert {case.answer, case.tempting} <= links
    assert 2 <= len(re.findall(r"[.?!:](?=\s|$)", case.lesson)) <= 12
    assert len(case.lesson.split()) <= 110


@each
def test_what_can_be_asked_next_is_of_the_history_and_was_not_told(case: CourseCase) -> None:
    compiled = shipped_compiled()
    assert len(case.ask) == len(set(case.ask)) == 5
    for finding in case.ask:
        assert compiled.findings[finding].group == "history"
        assert finding not in judged(case).presentation.observations


# --- those that were drawn --------------------------------------------------------------------------------------------


@drawn
def test_the_seed_draws_the_same_patient_again(case: CourseCase, tool: ModuleType) -> None:
    wanted = next(w for w in tool.WANTED if w.id == case.id)
    assert tool.draw_case(shipped_compiled(), wanted, case.seed) == case.case
    assert (case.answer, case.tempting, case.level) == (wanted.answer, wanted.tempting, wanted.level)
    assert (case.story, case.title, case.lesson) == (wanted.story, wanted.title, wanted.lesson)


@drawn
def test_the_judgement_is_as_sure_as_the_level_wants_and_puts_the_answer_first(
    case: CourseCase, tool: ModuleType
) -> None:
    wanted, found = next(w for w in tool.WANTED if w.id == case.id), judged(case)
    low, high = {1: (0.7, 1.0), 2: (0.42, 0.78), 3: (0.2, 0.5)}[case.level]
    assert tool.BANDS[case.level] == (low, high)
    assert low <= found.probability[case.answer] <= high
    assert found.first.id == case.answer
    assert case.level == 1 or found.probability[case.tempting] >= 0.06
    assert tool.fits(found, wanted)
    assert tool.typical(shipped_compiled(), wanted, case.case["findings"])


@drawn
def test_what_the_plan_wants_told_is_told(case: CourseCase, tool: ModuleType) -> None:
    wanted = next(w for w in tool.WANTED if w.id == case.id)
    assert case.case["findings"].items() >= wanted.tells.items()


@drawn
def test_the_choices_to_ask_next_hold_the_two_that_are_worth_most(case: CourseCase) -> None:
    found = judged(case)
    values = value_of(questions.open_agenda(found, ("history",)))
    core = [q.id for q in questions.by_value(found, values) if q.finding is not None and q.finding.core]
    assert {q for q in core if q not in case.case["findings"]} >= set(case.ask)
    assert set(core[:2]) <= set(case.ask)


# --- those that were retold -------------------------------------------------------------------------------------------


@retold
def test_a_retold_case_is_its_vignette(case: CourseCase) -> None:
    v = vignettes()[case.id]
    assert case.case == v.case
    assert msgspec.to_builtins(case.source) == msgspec.to_builtins(v.source)
    assert case.summary == v.summary
    assert case.answer == v.expected.explanation
    assert set(case.right) == set(v.expected.acceptable) - {case.tempting}


@retold
def test_no_retold_case_is_in_the_half_that_was_set_aside(case: CourseCase) -> None:
    assert case.id not in set_aside(ROOT / "validation")


def test_the_made_files_are_what_the_plan_makes(tool: ModuleType) -> None:
    planned = {w.id for w in tool.WANTED} | {row["vignette"] for row in tool.PLAN["published"]}
    assert planned == {c.id for c in CASES}
    for row in tool.PLAN["published"]:
        case = case_named(row["vignette"])
        assert (case.title, case.story, case.lesson) == (row["title"], row["story"], row["lesson"])
        assert (case.level, case.tempting) == (row["level"], row["tempting"])
