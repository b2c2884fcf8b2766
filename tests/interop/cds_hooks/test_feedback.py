"""What became of cards: read, kept without a word about a patient, and counted."""

from __future__ import annotations

from typing import Any

import pytest

from soleus.errors import InputError, UnknownName
from soleus.interop.cds_hooks import Count, feedback, report
from soleus.storage import Card, MemoryRepository
from tests.interop.cds_hooks.conforming import faults

SERVICE, CARD, SUGGESTION = (
    "soleus-order-sign", "4e0a3a1e-3283-4575-ab82-028d55fe2719", "e56e1945-20b3-4393-8503-a1a20fd73152",
)  # fmt: skip
ACCEPTED = {
    "card": CARD,
    "outcome": "accepted",
    "acceptedSuggestions": [{"id": SUGGESTION}],
    "outcomeTimestamp": "2026-11-29T08:30:00Z",
}
OVERRIDDEN = {
    "card": CARD,
    "outcome": "overridden",
    "overrideReason": {"reason": {"code": "benefit"}, "userComment": "Mrs Zanzibar sleeps only with it"},
    "outcomeTimestamp": "2026-11-29T08:31:00.250Z",
}


def read(*entries: Any) -> Any:
    return feedback(SERVICE, {"feedback": list(entries)}, client="https://ehr.example")


def test_the_examples_have_their_shape() -> None:
    assert faults("feedback", {"feedback": [ACCEPTED, OVERRIDDEN]}) == []


def test_accepted_and_overridden_are_read() -> None:
    accepted, overridden = read(ACCEPTED, OVERRIDDEN)
    assert (accepted.outcome, accepted.suggestions, accepted.reason) == ("accepted", (SUGGESTION,), None)
    assert (overridden.outcome, overridden.suggestions, overridden.reason) == ("overridden", (), "benefit")
    assert overridden.outcome_at == "2026-11-29T08:31:00.250Z"


def test_no_comment_and_no_foreign_words_are_kept() -> None:
    foreign = {"reason": {"system": "https://ehr.example/reasons", "code": "Zanzibar", "display": "Zanzibar"}}
    found = read(
        OVERRIDDEN,
        {**OVERRIDDEN, "overrideReason": foreign},
        {**OVERRIDDEN, "overrideReason": {"userComment": "Zanzibar"}},
    )
    assert "Zanzibar" not in str(found)
    assert [f.reason for f in found] == ["benefit", "other", "comment"]


@pytest.mark.parametrize(
    "entry",
    [
        {**ACCEPTED, "outcome": "ignored"},  # cds-fb-1
        {k: v for k, v in ACCEPTED.items() if k != "acceptedSuggestions"},  # cds-fb-2
        {**OVERRIDDEN, "overrideReason": {}},  # cds-fb-3
        {**ACCEPTED, "card": "card 1"},
        {**ACCEPTED, "outcomeTimestamp": "yesterday"},
        {**ACCEPTED, "outcomeTimestamp": "2026-11-29T08:30:00"},
        {**ACCEPTED, "acceptedSuggestions": [{"id": "x"}]},
        7,
    ],
)
def test_what_breaks_an_invariant_is_refused(entry: Any) -> None:
    with pytest.raises(InputError):
        read(entry)
    assert faults("feedback", {"feedback": [entry]}) != []


@pytest.mark.parametrize("body", [None, [], {}, {"feedback": {}}, {"feedback": [ACCEPTED] * 1001}])
def test_what_is_no_feedback_is_refused(body: Any) -> None:
    with pytest.raises(InputError):
        feedback(SERVICE, body)


def test_an_unknown_service_is_named() -> None:
    with pytest.raises(UnknownName):
        feedback("nothing", {"feedback": []})


def test_feedback_that_is_sent_again_counts_once() -> None:
    store = MemoryRepository()
    assert store.keep_feedback(read(ACCEPTED, OVERRIDDEN)) == 2
    assert store.keep_feedback(read(ACCEPTED, {**OVERRIDDEN, "card": f"urn:uuid:{CARD.upper()}"})) == 0


def test_the_last_word_on_a_card_is_counted_by_kind() -> None:
    store = MemoryRepository()
    other = "00000000-0000-4000-8000-000000000000"
    store.keep_cards((Card(CARD, SERVICE, "order", 0.0), Card(SUGGESTION, SERVICE, "order", 0.0)))
    store.keep_feedback(read(OVERRIDDEN, ACCEPTED, {**ACCEPTED, "card": other}))
    assert report(store.cards_shown(), store.feedback()) == (
        Count(SERVICE, "order", shown=2, accepted=0, overridden=1, reasons={"benefit": 1}),
        Count(SERVICE, "unknown", shown=0, accepted=1, overridden=0, reasons={}),
    )
