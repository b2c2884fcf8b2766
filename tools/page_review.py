"""The past of a review desk, so that its pages are shown and weighed with something on them."""

from __future__ import annotations

import datetime

from soleus.accounts import Visitor
from soleus.editorial.corrections import Decision, Proposal, decide, propose
from soleus.editorial.reviewing import Act, Deed, act
from soleus.editorial.standing import standing
from soleus.knowledge.loader import shipped
from soleus.storage import Account, MemoryRepository

RECEIPT = "a-key-of-a-reader-without-account"
RECORD = ("effect", "laba_or_high_beta_agonist.nocturnal_leg_cramp")
APPROVED = ("rate", "nocturnal_leg_cramp")
_OTHER = Visitor("another-reviewer", "Bob Example", frozenset({"reviewer", "administrator"}))
_READER = Visitor("a-reader", "Cleo Example", frozenset({"reader"}))
_DAY = 86_400


def reviewed(store: MemoryRepository, account: Account, now: datetime.datetime) -> None:
    """The account has one record under review, which another returned before; three corrections are proposed for it."""
    own, at = Visitor(account.id, account.name, frozenset({"reviewer"})), now.timestamp() - 3 * _DAY
    _do(store, RECORD, "taken", _OTHER, at)
    _do(store, RECORD, "returned", _OTHER, at, "The upper bound is not in the abstract: where does it stand?")
    _do(store, RECORD, "comment", _READER, at + _DAY, "See table 3.")
    _do(store, RECORD, "taken", own, at + 2 * _DAY)
    for who, told in ((_READER, _value("2.5")), (own, _value("2.6")), (None, _value("Please name the strata", ""))):
        propose(store, shipped(), *RECORD, told, who, RECEIPT, at)
    first = store.events("proposal")[0].number
    decide(store, shipped(), *RECORD, Decision(first, "accepted", 0, "rho", "2.5"), _OTHER, at + _DAY)
    for what in ("taken", "approved"):
        _do(store, APPROVED, what, _OTHER, at)


def _value(value: str, field: str = "rho") -> Proposal:
    return Proposal(field, value, "10.1001/archinternmed.2011.1029", "It says so in the results.")


def _do(store: MemoryRepository, ref: tuple[str, str], what: Act, who: Visitor, at: float, comment: str = "") -> None:
    deed = Deed(what, standing(store, shipped(), *ref).last, comment, "none")
    act(store, shipped(), *ref, deed, who, at)
