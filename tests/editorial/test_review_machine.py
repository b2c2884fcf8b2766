"""Whatever people do in whatever order, nothing shows as approved that was not approved as it is, by another."""

from __future__ import annotations

from typing import Any

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from soleus.accounts import Visitor
from soleus.editorial.corrections import Decision, decide, of_record, propose
from soleus.editorial.reviewing import act
from soleus.editorial.standing import standing, statuses
from soleus.errors import SoleusError
from soleus.evidence.content import digest
from soleus.knowledge.loader import Knowledge
from soleus.knowledge.schema.core import Parameter
from soleus.storage import MemoryRepository
from tests.editorial.people import AT, CURATOR, EDITOR, ID, KIND, ONE, READER, TWO, base, deed, proposal

PEOPLE = (ONE, TWO, READER, EDITOR, CURATOR, None)
LATE = st.sampled_from((False,) * 7 + (True,))
VALUES = ("0.5", "0.4", "0.3")


class Desk(RuleBasedStateMachine):
    """The desk beside a slow book of its own: who wrote which value, and who approved which content."""

    def __init__(self) -> None:
        super().__init__()
        self.log, self.value = MemoryRepository(), "0.5"
        self.bases = {v: base(float(v), version=v) for v in VALUES}
        self.wrote: dict[str, set[str]] = {v: set() for v in VALUES}  # value -> accounts whose words it is
        self.holds: dict[str, str | None] = dict.fromkeys(VALUES)
        self.approved: dict[str, str | None] = dict.fromkeys(VALUES)
        self.kept = 0

    @initialize()
    def begin(self) -> None:
        assert standing(self.log, self.knowledge, KIND, ID).status == "submitted"

    @property
    def knowledge(self) -> Knowledge:
        return self.bases[self.value]

    def done(self, function: Any, *args: Any) -> bool:
        """Whether it was done; what was refused leaves no trace."""
        before = self.count()
        try:
            function(*args)
        except SoleusError:
            assert self.count() == before
            return False
        self.kept += 1
        return True

    def count(self) -> int:
        return sum(len(self.log.events(topic)) for topic in ("review", "proposal", "correction"))

    def do(self, what: Any, who: Visitor | None, late: bool) -> bool:
        seen = standing(self.log, self.knowledge, KIND, ID).last - late
        return self.done(act, self.log, self.knowledge, KIND, ID, deed(what, seen), who, AT)

    @rule(who=st.sampled_from(PEOPLE), late=LATE)
    def take(self, who: Visitor | None, late: bool) -> None:
        if self.do("taken", who, late):
            assert who in (ONE, TWO)
            assert not late
            assert who.id not in self.wrote[self.value]
            self.holds[self.value] = who.id

    @rule(who=st.sampled_from(PEOPLE), late=LATE)
    def approve(self, who: Visitor | None, late: bool) -> None:
        if self.do("approved", who, late):
            assert who is not None
            assert self.holds[self.value] == who.id
            self.approved[self.value], self.holds[self.value] = who.id, None

    @rule(who=st.sampled_from((ONE, TWO, CURATOR)))
    def review(self, who: Visitor) -> None:
        """Taken and approved in one sitting."""
        self.take(who, late=False)
        self.approve(who, late=False)

    @rule(who=st.sampled_from(PEOPLE))
    def send_back(self, who: Visitor | None) -> None:
        if self.do("returned", who, late=False):
            self.approved[self.value] = self.holds[self.value] = None

    @rule(who=st.sampled_from(PEOPLE))
    def give_back(self, who: Visitor | None) -> None:
        if self.do("given_back", who, late=False):
            self.holds[self.value] = None

    @rule(who=st.sampled_from(PEOPLE))
    def withdraw(self, who: Visitor | None) -> None:
        if self.do("withdrawn", who, late=False):
            self.approved[self.value] = self.holds[self.value] = None

    @rule(who=st.sampled_from(PEOPLE))
    def comment(self, who: Visitor | None) -> None:
        assert self.do("comment", who, late=True) == (who is not None)

    @rule(who=st.sampled_from(PEOPLE), value=st.sampled_from(VALUES))
    def propose(self, who: Visitor | None, value: str) -> None:
        assert self.done(propose, self.log, self.knowledge, KIND, ID, proposal(value), who, "key", AT)

    @rule(
        who=st.sampled_from(PEOPLE),
        outcome=st.sampled_from(["accepted", "declined", "reopened"]),
        value=st.sampled_from(VALUES),
        which=st.integers(0, 3),
    )
    def decide(self, who: Visitor | None, outcome: Any, value: str, which: int) -> None:
        found = of_record(self.log, self.knowledge, KIND, ID)
        if not found:
            return
        one = found[which % len(found)]
        seen = max((e.number for e in self.log.events("correction")), default=0)
        told = Decision(one.number, outcome, seen, field="value", value=value, reason="Because.")
        if self.done(decide, self.log, self.knowledge, KIND, ID, told, who, AT):
            assert who in (ONE, TWO, EDITOR, CURATOR)
            if outcome == "accepted":
                assert who.id != one.proposed.author
                edited = value != one.proposed.body["value"]
                self.wrote[value] |= {one.proposed.author} | ({who.id} if edited else set())

    @rule(who=st.sampled_from((ONE, TWO)), value=st.sampled_from(VALUES), editor=st.sampled_from((ONE, TWO, EDITOR)))
    def correct(self, who: Visitor, value: str, editor: Visitor) -> None:
        """A correction that is proposed, accepted as it is, and released."""
        self.propose(who, value)
        self.decide(editor, "accepted", value, len(of_record(self.log, self.knowledge, KIND, ID)) - 1)
        self.release(value)

    @rule(value=st.sampled_from(VALUES))
    def release(self, value: str) -> None:
        """Another version of the knowledge is served."""
        self.value = value

    @invariant()
    def nothing_shows_approved_without_an_approval_by_another_of_this_content(self) -> None:
        status = standing(self.log, self.knowledge, KIND, ID).status
        approver = self.approved[self.value]
        if status == "approved":
            assert approver in (ONE.id, TWO.id)
            assert approver not in self.wrote[self.value]
            assert any(
                e.kind == "approved"
                and e.author == approver
                and e.body["content"] == digest(self.knowledge.by_id(Parameter)[ID])
                for e in self.log.events("review")
            )
        elif approver is not None and self.holds[self.value] is None:
            assert approver in self.wrote[self.value]

    @invariant()
    def the_table_says_what_the_record_says(self) -> None:
        status = standing(self.log, self.knowledge, KIND, ID).status
        assert statuses(self.log, self.knowledge).get((KIND, ID), "submitted") == status

    @invariant()
    def nothing_is_lost(self) -> None:
        assert self.count() == self.kept


Desk.TestCase.settings = settings(max_examples=80, stateful_step_count=30, deadline=None)
TestDesk = Desk.TestCase
