"""The workflow of a review: who may do what, in which state, and what shows of it."""

from __future__ import annotations

from typing import Any

import pytest

from soleus.accounts import Visitor
from soleus.editorial.corrections import decide, propose
from soleus.editorial.events import LONGEST_COMMENT
from soleus.editorial.reviewing import Deed, act
from soleus.editorial.standing import Standing, least, standing, statuses
from soleus.errors import ChangedMeanwhile, InvalidValue, NotAllowed, NotSignedIn, UnknownName
from soleus.evidence.content import digest
from soleus.evidence.record import Review
from soleus.knowledge.loader import Knowledge
from soleus.knowledge.schema.core import Parameter
from soleus.storage import Event, MemoryRepository
from tests.editorial.people import AT, CURATOR, EDITOR, ID, KIND, ONE, READER, TWO, acceptance, base, deed, proposal


class Desk:
    """A store and a knowledge base, with what people do there."""

    def __init__(self, knowledge: Knowledge | None = None) -> None:
        self.log, self.knowledge = MemoryRepository(), knowledge or base()

    @property
    def now(self) -> Standing:
        return standing(self.log, self.knowledge, KIND, ID)

    def status(self) -> str:
        return self.now.status

    def do(self, act_: Any, who: Visitor | None, **other: Any) -> Event:
        return act(self.log, self.knowledge, KIND, ID, deed(act_, self.now.last, **other), who, AT)

    def approve(self, who: Visitor) -> Event:
        self.do("taken", who)
        return self.do("approved", who)


def test_a_record_is_submitted_until_somebody_takes_it() -> None:
    desk = Desk()
    assert desk.status() == "submitted"
    desk.do("taken", ONE)
    assert desk.status() == "under_review"
    desk.do("given_back", ONE)
    assert desk.status() == "submitted"


def test_a_reviewer_who_took_it_approves_it() -> None:
    desk = Desk()
    made = desk.approve(ONE)
    assert desk.status() == "approved"
    assert desk.now.approval == made


def test_a_decision_says_who_when_on_what_and_with_which_interests() -> None:
    desk = Desk()
    desk.do("taken", ONE)
    made = desk.do("approved", ONE, comment="Table 2 agrees.", interest="Paid by a maker of quinine.")
    record = desk.knowledge.by_id(Parameter)[ID]
    assert (made.author, made.at) == (ONE.id, AT)
    assert made.body == {
        "name": "Dr One",
        "version": "1",
        "knowledge": "digest of 0.5",
        "content": digest(record),
        "record": {"id": "least", "value": 0.5, "unit": "none", "meaning": "The least share.", "basis": "expert"},
        "comment": "Table 2 agrees.",
        "conflict_of_interest": "Paid by a maker of quinine.",
    }


@pytest.mark.parametrize("act_", ["approved", "returned"])
def test_a_decision_needs_a_word_on_interests(act_: str) -> None:
    desk = Desk()
    desk.do("taken", ONE)
    with pytest.raises(InvalidValue, match="conflict_of_interest"):
        desk.do(act_, ONE, interest=" ")
    assert desk.status() == "under_review"


def test_a_return_needs_a_comment() -> None:
    desk = Desk()
    desk.do("taken", ONE)
    with pytest.raises(InvalidValue, match="comment"):
        desk.do("returned", ONE, comment=" \n ")
    desk.do("returned", ONE, comment="The interval is not in the source.")
    assert desk.status() == "submitted"


def test_nobody_approves_what_they_have_not_taken() -> None:
    desk = Desk()
    with pytest.raises(InvalidValue, match="not taken"):
        desk.do("approved", ONE)
    desk.do("taken", ONE)
    with pytest.raises(InvalidValue, match="not taken"):
        desk.do("approved", TWO)


def test_another_reviewer_can_take_it_over() -> None:
    desk = Desk()
    desk.do("taken", ONE)
    desk.do("taken", TWO)
    with pytest.raises(InvalidValue):
        desk.do("approved", ONE)
    desk.do("approved", TWO)
    assert desk.status() == "approved"


@pytest.mark.parametrize("act_", ["taken", "approved", "returned", "withdrawn", "given_back"])
def test_only_a_reviewer_reviews(act_: str) -> None:
    with pytest.raises(NotSignedIn):
        Desk().do(act_, None)
    with pytest.raises(NotAllowed):
        Desk().do(act_, READER)


@pytest.mark.parametrize("act_", ["taken", "approved", "returned"])
def test_an_administrator_is_no_reviewer(act_: str) -> None:
    with pytest.raises(NotAllowed):
        Desk().do(act_, EDITOR)


@pytest.mark.parametrize("act_", ["taken", "approved", "returned"])
def test_the_curator_does_not_review_their_own_record_however_they_write_their_name(act_: str) -> None:
    with pytest.raises(NotAllowed, match="its author"):
        Desk().do(act_, CURATOR)


def accepted(desk: Desk, proposer: Visitor, editor: Visitor, value: str = "0.4", proposed: str = "0.4") -> None:
    """A correction that is accepted and reaches the data."""
    made = propose(desk.log, desk.knowledge, KIND, ID, proposal(proposed), proposer, "", AT)
    decide(desk.log, desk.knowledge, KIND, ID, acceptance(made.number, value=value), editor, AT)
    desk.knowledge = base(float(value), version="2")


def test_whoever_proposed_the_present_content_cannot_approve_it() -> None:
    desk = Desk()
    accepted(desk, ONE, TWO)
    with pytest.raises(NotAllowed, match="its author"):
        desk.do("taken", ONE)
    desk.approve(TWO)
    assert desk.status() == "approved"


def test_an_editor_who_wrote_another_value_than_was_proposed_is_an_author_too() -> None:
    desk = Desk()
    accepted(desk, READER, TWO, value="0.3", proposed="about 0.3")
    with pytest.raises(NotAllowed):
        desk.do("taken", TWO)
    desk.approve(ONE)
    assert desk.status() == "approved"


def test_who_accepts_what_came_without_an_account_leaves_the_approval_to_another() -> None:
    """A reviewer could otherwise propose without signing in, accept it, and approve their own words alone."""
    desk = Desk(base(value=0.5))
    number = propose(desk.log, desk.knowledge, KIND, ID, proposal("0.6"), None, "a key", AT).number
    decide(desk.log, desk.knowledge, KIND, ID, acceptance(number, value="0.6"), ONE, AT)
    desk.knowledge = base(value=0.6)
    with pytest.raises(NotAllowed):
        desk.do("taken", ONE)
    desk.approve(TWO)
    assert desk.status() == "approved"


def test_reopening_a_correction_makes_nobody_less_its_author() -> None:
    desk = Desk()
    accepted(desk, ONE, TWO)
    seen = desk.log.events("correction")[-1].number
    number = desk.log.events("proposal")[-1].number
    decide(desk.log, desk.knowledge, KIND, ID, acceptance(number, seen).__class__(number, "reopened", seen), ONE, AT)
    with pytest.raises(NotAllowed):
        desk.do("taken", ONE)


def test_an_author_whose_words_are_gone_may_review() -> None:
    desk = Desk()
    accepted(desk, ONE, TWO)
    desk.knowledge = base(0.2, version="3")
    desk.approve(ONE)
    assert desk.status() == "approved"


def test_any_change_drops_the_approval_and_keeps_what_was_approved() -> None:
    desk = Desk()
    made = desk.approve(ONE)
    desk.knowledge = base(0.51, version="2")
    assert (desk.status(), desk.now.approval, desk.now.former) == ("submitted", None, made)
    desk.knowledge = base(0.5, version="3")
    assert desk.status() == "approved"


def test_a_review_that_was_begun_on_other_content_is_over() -> None:
    desk = Desk()
    desk.do("taken", ONE)
    desk.knowledge = base(0.51, version="2")
    assert desk.status() == "submitted"
    with pytest.raises(InvalidValue, match="not taken"):
        desk.do("approved", ONE)


def test_an_approval_can_be_withdrawn_by_who_gave_it_and_by_an_administrator() -> None:
    for who in (ONE, EDITOR):
        desk = Desk()
        desk.approve(ONE)
        with pytest.raises(InvalidValue):
            desk.do("withdrawn", TWO)
        desk.do("withdrawn", who)
        assert desk.status() == "submitted"


def test_an_approved_record_can_be_reviewed_again_and_given_back_as_it_was() -> None:
    desk = Desk()
    desk.approve(ONE)
    desk.do("taken", TWO)
    assert desk.status() == "under_review"
    desk.do("given_back", TWO)
    assert desk.status() == "approved"
    desk.do("taken", TWO)
    desk.do("returned", TWO)
    assert desk.status() == "submitted"


def test_an_administrator_gives_back_what_a_reviewer_left() -> None:
    desk = Desk()
    desk.do("taken", ONE)
    desk.do("given_back", EDITOR)
    assert desk.status() == "submitted"


def test_everybody_who_is_signed_in_may_comment_and_changes_nothing_by_it() -> None:
    desk = Desk()
    desk.do("taken", ONE)
    made = desk.do("comment", READER, comment="See the erratum.")
    assert (desk.status(), desk.now.last) == ("under_review", made.number)
    with pytest.raises(NotSignedIn):
        desk.do("comment", None)
    with pytest.raises(InvalidValue, match="comment"):
        desk.do("comment", READER, comment="")


def test_whoever_has_not_seen_the_newest_event_does_not_decide() -> None:
    desk = Desk()
    desk.do("taken", ONE)
    seen = desk.now.last
    desk.do("comment", READER, comment="Wait.")
    with pytest.raises(ChangedMeanwhile):
        act(desk.log, desk.knowledge, KIND, ID, deed("approved", seen), ONE, AT)
    assert desk.status() == "under_review"


def test_a_comment_has_a_length() -> None:
    with pytest.raises(InvalidValue, match=f"{LONGEST_COMMENT:,}"):
        Desk().do("comment", READER, comment="x" * (LONGEST_COMMENT + 1))


def test_a_record_that_is_not_served_cannot_be_reviewed() -> None:
    desk = Desk()
    for kind, id in ((KIND, "gone"), ("nothing", ID)):
        with pytest.raises(UnknownName):
            act(desk.log, desk.knowledge, kind, id, Deed("taken", 0), ONE, AT)


# --- the log is not trusted ---------------------------------------------------------------------------------


def forged(desk: Desk, author: str, **body: Any) -> None:
    """An event that no function of ours has written."""
    told = {"name": "Dr One", "content": desk.now.content} | body
    desk.log.append(Event("review", f"{KIND}:{ID}", "approved", author, AT, told))


def test_an_approval_in_the_log_by_an_author_does_not_show() -> None:
    desk = Desk()
    forged(desk, CURATOR.id, name="Soleus maintainers")
    forged(desk, "", name="Dr One")
    forged(desk, ONE.id, name=" ")
    forged(desk, ONE.id, content="0" * 16)
    assert desk.status() == "submitted"
    assert statuses(desk.log, desk.knowledge) == {}


# --- reviews in the data ------------------------------------------------------------------------------------


def approved_in_data() -> Knowledge:
    of = digest(base().by_id(Parameter)[ID])
    return base(review=Review(status="approved", reviewer="Dr One", of=of, conflict_of_interest="none"))


def test_an_approval_in_the_data_stands_where_the_store_says_nothing() -> None:
    desk = Desk(approved_in_data())
    assert desk.status() == "approved"
    assert statuses(desk.log, desk.knowledge) == {(KIND, ID): "approved"}


def test_a_return_in_the_store_outranks_the_data() -> None:
    desk = Desk(approved_in_data())
    desk.do("taken", TWO)
    desk.do("returned", TWO)
    assert desk.status() == "submitted"
    assert statuses(desk.log, desk.knowledge) == {}


# --- the whole table ----------------------------------------------------------------------------------------


def test_the_table_follows_the_log() -> None:
    desk = Desk()
    assert statuses(desk.log, desk.knowledge) == {}
    desk.do("taken", ONE)
    before = statuses(desk.log, desk.knowledge)
    desk.do("approved", ONE)
    assert before == {(KIND, ID): "under_review"}
    assert statuses(desk.log, desk.knowledge) == {(KIND, ID): "approved"}
    desk.do("withdrawn", ONE)
    assert statuses(desk.log, desk.knowledge) == {}


def test_another_knowledge_has_another_table() -> None:
    desk = Desk()
    desk.approve(ONE)
    assert statuses(desk.log, desk.knowledge)
    assert statuses(desk.log, base(0.51)) == {}


def test_what_is_made_of_records_has_the_least_of_their_statuses() -> None:
    desk = Desk()
    both = [(KIND, ID), (KIND, "most")]
    desk.approve(ONE)
    assert least(desk.log, desk.knowledge, both[:1]) == "approved"
    assert least(desk.log, desk.knowledge, both) == "submitted"
    act(desk.log, desk.knowledge, KIND, "most", Deed("taken", 0), TWO, AT)
    assert least(desk.log, desk.knowledge, both) == "under_review"
    assert least(desk.log, desk.knowledge, []) == "submitted"


def test_events_about_a_record_of_another_version_are_passed_over() -> None:
    desk = Desk()
    desk.log.append(Event("review", f"{KIND}:gone", "approved", ONE.id, AT, {"name": "Dr One", "content": "x"}))
    assert statuses(desk.log, desk.knowledge) == {}
