"""What is shown after an answer: red flags before anything else, what to do, and sources that there are."""

from __future__ import annotations

import pytest

from soleus.evidence.record import Source
from soleus.learning.course import case_named
from soleus.learning.explaining import MOST_STEPS, Explained, explained, labels
from soleus.reasoning.assess import assess
from soleus.reasoning.compiled import shipped_compiled


def shown(case: str) -> Explained:
    return explained(shipped_compiled(), case_named(case))


@pytest.mark.parametrize(
    ("case", "urgency"),
    [
        ("sim_acute_or_chronic_artery", "emergency"),
        ("sim_cauda_or_root", "emergency"),
        ("msk_rhabdo_one_leg_02", "emergency"),
        ("vas_dvt_pill_cramp_08", "emergency"),
        ("vas_dvt_told_as_strain_01", "same_day"),
        ("mov_akathisia_01", "same_day"),
    ],
)
def test_a_case_that_must_not_wait_shows_its_red_flag(case: str, urgency: str) -> None:
    found = shown(case)
    assert urgency in {f.urgency for f in found.flags}
    flags = assess(case_named(case).read(), knowledge=shipped_compiled()).complaints[0].red_flags
    assert [(f.label, f.action) for f in found.flags] == [(f.label, f.action) for f in flags]


def test_what_to_do_next_is_what_the_assessment_says_to_do() -> None:
    case = case_named("sim_dvt_or_tear")
    wanted = assess(case.read(), knowledge=shipped_compiled()).complaints[0].work_up
    first = [w.label for w in wanted if w.advice == "do"][:MOST_STEPS]
    assert [w.label for w in shown(case.id).to_do] == first


def test_every_source_is_one_of_the_knowledge_base() -> None:
    known = shipped_compiled().knowledge.by_id(Source).keys()
    for case in ("sim_dvt_or_tear", "mov_rls_iron_01", "vas_clti_chair_01"):
        found = shown(case)
        parts = [p.sources for p in found.steps] + [p.sources for p in found.flags] + [p.sources for p in found.to_do]
        told = [s for sources in parts for s in sources]
        assert told
        assert set(told) <= known


def test_where_the_judgement_puts_something_else_first_it_is_among_what_is_ranked() -> None:
    found = shown("vas_claudication_smoker_03")
    assert found.first.id == found.ranked[0].id == "tendinopathy_achilles_patellar_gluteal"
    assert found.answer.id == "pad_claudication"


def test_a_name_that_the_knowledge_has_no_more_stands_by_its_id() -> None:
    assert labels(shipped_compiled(), ["gone_for_good"]) == {"gone_for_good": "gone for good"}
