"""The past of a learner and of a group, so that pages of learning are shown and weighed with something on them."""

from __future__ import annotations

import datetime

from soleus.accounts import Visitor
from soleus.accounts.people import People
from soleus.learning import commitments
from soleus.learning.codes import new_code
from soleus.learning.grading import Given
from soleus.learning.quizzes import mixed
from soleus.learning.records import Knowledge, Paper, keep_named, keep_paper
from soleus.storage import Account, Institution, Member, MemoryRepository

PASSED = "7KQ2-M4XT-9PWB-3RHD"  # the code of the last quiz of the account
_KNOWLEDGE = Knowledge("0.1.0", "0" * 64)
_DAY = 86_400
_RIGHT = (5, 7, 8, 8, 9)  # of ten, quiz after quiz
_MEMBERS = 7


def learnt(store: MemoryRepository, account: Account, now: datetime.datetime) -> None:
    """The account has sat quizzes, resolved something that is due, and instructs a group of learners."""
    own, at = _visitor(account), now.timestamp()
    for n, right in enumerate(_RIGHT):
        code = PASSED if n == len(_RIGHT) - 1 else new_code()
        _sit(store, own, code, n, right, at - (60 - 10 * n) * _DAY)
    due = (now - datetime.timedelta(days=2)).date().isoformat()
    resolved = commitments.Promise(("urge", "iron"), "Order ferritin before the visit.", due)
    commitments.keep(store, own, PASSED, resolved, 0, at - 19 * _DAY)
    store.add_institution(Institution("sleep-clinic", "Sleep clinic", "2026-01-01", "2027-12-31"))
    store.join(Member("sleep-clinic", account.id, "instructor"))
    people = People(store, lambda: now)
    for n in range(_MEMBERS):
        made = people.add(f"Learner {n + 1}", None, ("reader", "learner"), None, who="command-line")
        store.join(Member("sleep-clinic", made.id, "member"))
        for quiz in range(2):
            _sit(store, _visitor(made), new_code(), quiz, 4 + n % 5, at - (50 - 30 * quiz) * _DAY)
    keep_named(store, _visitor(made), True, at)


def _visitor(account: Account) -> Visitor:
    return Visitor(account.id, account.name, frozenset())


def _sit(store: MemoryRepository, who: Visitor, code: str, seed: int, right: int, at: float) -> None:
    """Some are right at random, all with a confidence that rises with it."""
    given = []
    for n, case in enumerate(mixed(seed).cases):
        well = (n * 7 + seed * 3) % 10 < right
        sure = 70 + 10 * ((n + seed) % 4) if well else 50 + 10 * ((n + seed) % 4)
        given.append(Given(case.id, case.answer if well else case.tempting, sure, well))
    keep_paper(store, who, code, Paper(f"mixed-{seed}", tuple(given), 0.8, who.name, _KNOWLEDGE), at)
