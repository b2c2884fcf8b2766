"""What readers propose, and what becomes of it."""

from __future__ import annotations

import pytest

from soleus.accounts import Visitor
from soleus.editorial import corrections
from soleus.editorial.corrections import LONGEST, Correction, Decision, decide, propose, reader, retract
from soleus.errors import ChangedMeanwhile, InvalidValue, NotAllowed, NotSignedIn, UnknownName
from soleus.knowledge.loader import Knowledge
from soleus.storage import MemoryRepository
from tests.editorial.people import AT, EDITOR, ID, KIND, ONE, READER, TWO, acceptance, base, proposal


class Box:
    """A store with the proposals about one record."""

    def __init__(self) -> None:
        self.log, self.knowledge = MemoryRepository(), base()

    def propose(self, who: Visitor | None = READER, key: str = "", **other: str) -> int:
        return propose(self.log, self.knowledge, KIND, ID, proposal(**other), who, key, AT).number

    def decide(self, told: Decision, who: Visitor | None = ONE) -> None:
        decide(self.log, self.knowledge, KIND, ID, told, who, AT)

    def all(self, knowledge: Knowledge | None = None) -> tuple[Correction, ...]:
        return corrections.of_record(self.log, knowledge or self.knowledge, KIND, ID)

    def states(self) -> list[str]:
        return [c.state for c in self.all()]

    @property
    def seen(self) -> int:
        return max((e.number for e in self.log.events("correction")), default=0)


def test_any_reader_proposes_with_or_without_an_account() -> None:
    box = Box()
    box.propose(READER)
    box.propose(None, key="key")
    box.propose(None, key="other", field="")
    assert box.states() == ["open"] * 3
    assert [c.anonymous for c in box.all()] == [False, True, True]
    assert [c.label() for c in box.all()] == ["value", "value", "the whole record"]


def test_the_key_of_a_reader_is_not_kept() -> None:
    box = Box()
    box.propose(None, key="a secret key")
    kept = box.log.events("proposal")[0]
    assert kept.author == reader("a secret key") != reader("another")
    assert "secret" not in repr(kept)


@pytest.mark.parametrize("name", sorted(LONGEST.keys() - {"field"}))
def test_a_text_that_is_too_long_is_refused(name: str) -> None:
    box = Box()
    with pytest.raises(InvalidValue, match=f"{LONGEST[name]:,}"):
        box.propose(READER, **{name: "x" * (LONGEST[name] + 1)})
    box.propose(READER, **{name: "x" * LONGEST[name]})
    assert box.states() == ["open"]


@pytest.mark.parametrize("name", ["value", "reason"])
def test_a_proposal_says_what_and_why(name: str) -> None:
    with pytest.raises(InvalidValue, match=name):
        Box().propose(READER, **{name: "  "})


@pytest.mark.parametrize("field", ["id", "review", "nothing", "value/0"])
def test_a_proposal_is_about_a_field_of_the_record(field: str) -> None:
    with pytest.raises(UnknownName):
        Box().propose(READER, field=field)


def test_an_accepted_value_is_read_as_the_field_takes_it() -> None:
    box = Box()
    number = box.propose(value="40 percent")
    box.decide(acceptance(number, value="0.4"))
    found = box.all()[0]
    assert (found.state, found.value, found.edited, found.in_data) == ("accepted", 0.4, True, False)
    assert found.decided is not None
    assert found.decided.body["was"] == 0.5


def test_it_is_in_the_knowledge_once_a_release_holds_it() -> None:
    box = Box()
    box.decide(acceptance(box.propose()))
    assert box.all(base(0.4))[0].in_data
    assert not box.all(base(0.45))[0].in_data


@pytest.mark.parametrize("value", ["a lot", "[0.4]", ".inf", ".nan", "{value: 0.4}", "&a 0.4\n*a"])
def test_a_value_that_the_field_cannot_take_is_refused(value: str) -> None:
    box = Box()
    number = box.propose()
    with pytest.raises(InvalidValue):
        box.decide(acceptance(number, value=value))
    assert box.states() == ["open"]


def test_a_refused_value_is_told_in_words() -> None:
    box = Box()
    number = box.propose()
    with pytest.raises(InvalidValue) as refused:
        box.decide(acceptance(number, value="a lot"))
    assert (refused.value.found, refused.value.expected) == ("words", "a number")


def test_the_value_that_is_there_is_no_correction() -> None:
    box = Box()
    with pytest.raises(InvalidValue, match="that is there"):
        box.decide(acceptance(box.propose(), value="0.50"))


def test_only_a_reviewer_or_an_administrator_decides_and_nobody_accepts_their_own() -> None:
    box = Box()
    number = box.propose(ONE)
    with pytest.raises(NotSignedIn):
        box.decide(acceptance(number), None)
    with pytest.raises(NotAllowed):
        box.decide(acceptance(number), READER)
    with pytest.raises(NotAllowed, match="your own"):
        box.decide(acceptance(number), ONE)
    box.decide(acceptance(number), EDITOR)
    assert box.states() == ["accepted"]


def test_a_refusal_says_why() -> None:
    box = Box()
    number = box.propose()
    with pytest.raises(InvalidValue, match="reason"):
        box.decide(Decision(number, "declined", 0))
    box.decide(Decision(number, "declined", 0, reason="The source says the opposite."))
    assert box.states() == ["declined"]


def test_one_proposal_is_merged_into_another_and_not_into_itself() -> None:
    box = Box()
    first, second = box.propose(), box.propose(None, key="k")
    for wrong in (second, 999):
        with pytest.raises(InvalidValue, match="into"):
            box.decide(Decision(second, "merged", 0, into=wrong))
    box.decide(Decision(second, "merged", 0, into=first))
    assert box.states() == ["open", "merged"]


def test_what_was_decided_can_be_reopened_and_is_not_decided_twice() -> None:
    box = Box()
    number = box.propose()
    box.decide(acceptance(number))
    with pytest.raises(InvalidValue, match="accepted"):
        box.decide(Decision(number, "declined", box.seen, reason="No."))
    box.decide(Decision(number, "reopened", box.seen))
    assert box.states() == ["open"]
    with pytest.raises(InvalidValue):
        box.decide(Decision(number, "reopened", box.seen))


def test_a_decision_that_has_not_seen_the_last_one_is_refused() -> None:
    box = Box()
    first, second = box.propose(), box.propose()
    box.decide(acceptance(first))
    with pytest.raises(ChangedMeanwhile):
        box.decide(acceptance(second, seen=0, value="0.3"))
    assert box.states() == ["accepted", "open"]


def test_a_new_proposal_stands_in_no_editors_way() -> None:
    box = Box()
    first = box.propose()
    box.propose()
    box.decide(acceptance(first, seen=0))
    assert box.states() == ["accepted", "open"]


def test_a_reader_without_an_account_erases_their_own_and_nobody_elses() -> None:
    box = Box()
    number, other = box.propose(None, key="mine", contact="me@example.org"), box.propose(None, key="theirs")
    assert not retract(box.log, other, reader("mine"), AT)
    assert retract(box.log, number, reader("mine"), AT)
    assert [c.number for c in box.all()] == [other]
    assert "me@example.org" not in repr(box.log.events("proposal"))


def test_an_account_takes_back_its_proposal_and_the_desk_sees_that() -> None:
    box = Box()
    number = box.propose(READER)
    assert not retract(box.log, number, TWO.id, AT)
    assert retract(box.log, number, READER.id, AT)
    assert box.states() == ["retracted"]
    with pytest.raises(InvalidValue):
        box.decide(acceptance(number))


def test_an_accepted_correction_outlives_the_proposal_that_was_erased() -> None:
    box = Box()
    number = box.propose(None, key="mine")
    box.decide(acceptance(number))
    retract(box.log, number, reader("mine"), AT)
    assert [(c.number, c.state, c.value) for c in box.all()] == [(number, "accepted", 0.4)]


def test_somebody_sees_the_outcome_of_what_they_proposed() -> None:
    box = Box()
    box.propose(TWO)
    mine = box.propose(READER)
    box.decide(Decision(mine, "declined", 0, reason="No."))
    found = corrections.by(box.log, box.knowledge, READER.id)
    assert [(c.number, c.state) for c in found] == [(mine, "declined")]


def test_a_proposal_about_a_record_that_is_gone_is_still_listed() -> None:
    box = Box()
    box.decide(acceptance(box.propose()))
    gone = Knowledge({KIND: base().records[KIND][1:]}, {}, "2", "")
    assert [(c.state, c.in_data) for c in corrections.every(box.log, gone)] == [("accepted", False)]
