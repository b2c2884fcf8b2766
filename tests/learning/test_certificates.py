"""Certificates: who gets one, what stands on it, and who can confirm it."""

from __future__ import annotations

import pytest

from soleus.learning.certificates import Certificate, certificate, confirmed
from soleus.learning.records import record_of
from soleus.storage import MemoryRepository
from tests.learning.people import ANN, AT, KNOWLEDGE, paper, sit


@pytest.fixture
def log() -> MemoryRepository:
    return MemoryRepository()


def test_a_passed_quiz_has_a_certificate_that_says_what_was_done_and_no_more(log: MemoryRepository) -> None:
    kept = sit(log, ANN, right=8, seed=7)
    assert certificate(kept, record_of(log, ANN.id)) == Certificate(
        kept.code, "Ann Example", "2026-11-18", "mixed-7", 8, 10, 0.8, KNOWLEDGE, attempt=1
    )


def test_a_quiz_that_was_not_passed_has_none(log: MemoryRepository) -> None:
    assert certificate(sit(log, ANN, right=7), record_of(log, ANN.id)) is None


def test_no_certificate_names_an_accreditation_or_a_reviewer(log: MemoryRepository) -> None:
    found = certificate(sit(log, ANN, right=10), record_of(log, ANN.id))
    assert found is not None
    assert (found.accreditation, found.reviewed_by) == (None, None)


def test_it_says_which_attempt_at_this_quiz_was_passed(log: MemoryRepository) -> None:
    sit(log, ANN, right=2, seed=7)
    sit(log, ANN, right=9, seed=8)
    second = sit(log, ANN, right=10, seed=7)
    found = confirmed(log, second.code)
    assert found is not None
    assert found.attempt == 2


def test_whoever_knows_the_code_can_confirm_it_and_sees_the_certificate_itself(log: MemoryRepository) -> None:
    kept = sit(log, ANN, right=9)
    assert confirmed(log, kept.code) == certificate(kept, record_of(log, ANN.id))
    assert confirmed(log, kept.code.lower().replace("-", " ")) == certificate(kept, record_of(log, ANN.id))


def test_codes_of_nothing_of_failures_and_of_deleted_accounts_are_unknown(log: MemoryRepository) -> None:
    failed, passed = sit(log, ANN, right=2), sit(log, ANN, right=10)
    assert confirmed(log, "") is None
    assert confirmed(log, "7KQ2-M4XT-9PWB-3RHD") is None
    assert confirmed(log, failed.code) is None
    log.erase("learning", ANN.id)
    assert confirmed(log, passed.code) is None


def test_a_later_pass_mark_or_name_changes_no_certificate(log: MemoryRepository) -> None:
    kept = sit(log, ANN, right=8)
    assert (kept.what.pass_share, kept.what.name) == (0.8, "Ann Example")
    found = confirmed(log, kept.code)
    assert found is not None
    assert (found.pass_share, found.name) == (paper().pass_share, "Ann Example")
    assert kept.at == AT
