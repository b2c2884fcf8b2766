"""Who stands behind an entry, and until when: the least of the records that it is made of."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from soleus.evidence.content import shown_status
from soleus.evidence.record import ReviewStatus
from soleus.knowledge.loader import Knowledge
from soleus.knowledge.schema.articles import Article
from soleus.library.model import RecordRef, Standing
from soleus.library.shape import shape
from soleus.library.titles import record_named

_ORDER: tuple[ReviewStatus, ...] = ("submitted", "under_review", "approved")
_SENTENCES = {
    "submitted": "Submitted, not reviewed: no clinician outside the maintainers has reviewed it yet.",
    "under_review": "Under review: a reviewer has it in hand and has not approved it.",
    "approved": "Approved: every record that it rests on was approved by a reviewer as it stands now.",
}
_AUTHOR = "Soleus maintainers"

#: (kind, id) -> the status that may be shown, of all records that are not merely submitted.
Statuses = Mapping[tuple[str, str], ReviewStatus]


def standing_of(
    knowledge: Knowledge,
    refs: Iterable[RecordRef],
    article: Article | None,
    today: str,
    statuses: Statuses | None = None,
) -> Standing:
    """The standing of an entry on a day. ``statuses`` are those of the review desk; without them the data's own."""
    made_of = [r for r in refs if r.kind != "source"]  # a source cannot be reviewed
    records = [record_named(knowledge, r.kind, r.id) for r in made_of]
    found = knowledge.once(_of_data) if statuses is None else statuses
    reviews = [r.review for r in records if getattr(r, "review", None)]
    shown = (found.get((r.kind, r.id), "submitted") for r in made_of)
    status: ReviewStatus = min(shown, key=_ORDER.index, default="submitted")
    review_by = min((r.review_by for r in reviews if r.review_by), default=None)
    reviewers = sorted({r.reviewer for r in reviews if r.reviewer}) if status == "approved" else []
    return Standing(
        author=article.author if article else _AUTHOR,
        editor=article.editor if article else None,
        reviewer=", ".join(reviewers) or None,
        conflict_of_interest=article.conflict_of_interest if article else None,
        first_released=article.first_released if article else shape().first_released,
        last_reviewed=min((r.last_reviewed for r in reviews if r.last_reviewed), default=None),
        review_by=review_by,
        status=status,
        overdue=review_by is not None and review_by < today,
        sentence=_SENTENCES[status],
    )


def _of_data(knowledge: Knowledge) -> dict[tuple[str, str], ReviewStatus]:
    """What the data themselves say of records that are not merely submitted."""
    every = (((kind, r.id), shown_status(r)) for kind, records in knowledge.records.items() for r in records)
    return {ref: status for ref, status in every if status != "submitted"}
