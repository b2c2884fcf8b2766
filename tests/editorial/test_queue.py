"""The queue of the desk: order, filters, dates and what a record is called."""

from __future__ import annotations

from functools import cache

import msgspec
import pytest

from soleus.editorial.corrections import propose
from soleus.editorial.importance import importance
from soleus.editorial.queue import Asked, Item, queue, rows, title_of, valid_until
from soleus.editorial.records import record_of, reviewable
from soleus.editorial.reviewing import act
from soleus.editorial.standing import standing
from soleus.evidence.record import Review
from soleus.knowledge.loader import Knowledge, shipped
from soleus.reasoning.compiled import Compiled, shipped_compiled
from soleus.storage import MemoryRepository
from tests.editorial.people import AT, ONE, READER, TWO, deed, proposal

TODAY = "2026-11-29"
RATE = ("rate", "nocturnal_leg_cramp")


def found(log: MemoryRepository | None = None, who: object = None, **asked: str) -> list[Item]:
    return queue(shipped_compiled(), log or MemoryRepository(), TODAY, Asked(**asked), who)  # type: ignore[arg-type]


def do(log: MemoryRepository, what: str, ref: tuple[str, str] = RATE) -> None:
    act(log, shipped(), *ref, deed(what, standing(log, shipped(), *ref).last), ONE, AT)


def test_every_record_that_can_be_reviewed_stands_in_it_once() -> None:
    refs = [item.row.ref for item in found()]
    wanted = {(k, r.id) for k, records in shipped().records.items() for r in records if reviewable(r)}
    assert len(refs) == len(set(refs)) == len(wanted)
    assert set(refs) == wanted
    assert rows(shipped_compiled()) is rows(shipped_compiled())


def test_by_importance_what_moves_most_comes_first_and_then_what_warns() -> None:
    items = found()
    weights = [i.row.importance.points if i.row.importance else 0.0 for i in items]
    assert weights == sorted(weights, reverse=True)
    silent = [i.row.kind for i in items if not i.row.importance]
    assert silent[: len(shipped().records["red_flag"])] == ["red_flag"] * len(shipped().records["red_flag"])
    assert items[0].row.importance == importance(shipped_compiled())[items[0].row.ref]


def with_dates(**due: str) -> Compiled:
    """The first parameters with dates of their own."""
    ones = shipped().records["parameter"]
    new = tuple(msgspec.structs.replace(r, review=Review(review_by=due.get(f"n{n}"))) for n, r in enumerate(ones))
    return Compiled(Knowledge({**shipped().records, "parameter": new}, shipped().facets, "2", ""))


def test_by_date_what_is_longest_due_comes_first_and_what_has_no_date_last() -> None:
    compiled = with_dates(n0="2026-11-29", n1="2026-11-28", n2="2025-01-01")
    items = queue(compiled, MemoryRepository(), TODAY, Asked(by="date", kind="parameter"))
    assert [(i.review_by, i.overdue) for i in items[:3]] == [
        ("2025-01-01", True),
        ("2026-11-28", True),
        ("2026-11-29", False),
    ]
    assert {i.review_by for i in items[3:]} == {""}
    late = queue(compiled, MemoryRepository(), TODAY, Asked(status="overdue", kind="parameter"))
    assert len(late) == 2


def test_an_approval_in_the_store_moves_the_date_on_by_a_year() -> None:
    log = MemoryRepository()
    do(log, "taken")
    do(log, "approved")
    one = next(i for i in found(log, kind="rate") if i.row.ref == RATE)
    assert (one.status, one.review_by, one.overdue) == ("approved", "2027-11-18", False)


def test_a_year_after_the_leap_day_is_a_day() -> None:
    assert valid_until(1_835_438_400.0) == "2029-02-28"  # 29 February 2028


def test_filters_by_kind_entry_words_and_standing() -> None:
    log = MemoryRepository()
    assert {i.row.kind for i in found(kind="red_flag")} == {"red_flag"}
    about = found(about="restless_legs_syndrome")
    assert {"explanation", "likelihood", "effect", "rate"} <= {i.row.kind for i in about}
    assert 100 < len(about) < 1_000
    assert [i.row.ref for i in found(words="NOCTURNAL cramp", kind="rate")] == [RATE]
    assert found(words="no-such-word-anywhere") == []
    do(log, "taken")
    assert [i.row.ref for i in found(log, status="under_review")] == [RATE]
    assert RATE not in [i.row.ref for i in found(log, status="submitted")]


def test_mine_are_the_records_that_one_had_to_do_with() -> None:
    log = MemoryRepository()
    do(log, "taken")
    propose(log, shipped(), "rate", "als", proposal("1", "spread"), ONE, "", AT)
    assert {i.row.id for i in found(log, ONE, status="mine")} == {"nocturnal_leg_cramp", "als"}
    assert found(log, TWO, status="mine") == []
    assert found(log, None, status="mine") == []


def test_proposals_that_await_a_decision_are_counted() -> None:
    log = MemoryRepository()
    for _ in range(2):
        propose(log, shipped(), *RATE, proposal("narrow", "spread"), READER, "", AT)
    assert [(i.row.ref, i.proposals) for i in found(log, status="corrections")] == [(RATE, 2)]


@pytest.mark.parametrize(
    ("kind", "id", "title"),
    [
        ("likelihood", "deep_vein_thrombosis.swelling", "Swelling in deep vein thrombosis of the leg"),
        ("rate", "als", "Amyotrophic lateral sclerosis (motor neurone disease)"),
        ("red_flag", "acute_limb_ischaemia", "Acute limb ischaemia"),
        ("fact", "als-95", "Cramps at some time during the disease"),
    ],
)
def test_a_record_is_called_by_what_it_is_about(kind: str, id: str, title: str) -> None:
    assert title_of(shipped(), kind, record_of(shipped(), kind, id)) == title


@cache
def titles() -> list[str]:
    return [row.title for row in rows(shipped_compiled())]


def test_every_record_has_a_title_in_words() -> None:
    assert [t for t in titles() if not t or t != t.strip() or t[0].islower()] == []
