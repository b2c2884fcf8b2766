"""An assessment on a terminal: 80 columns are enough, colour is never needed, a pipe gets the same text."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import groupby

from rich.console import Console

from soleus.reasoning.assessment import (
    Assessment,
    Cause,
    Cites,
    ComplaintAssessment,
    CriteriaResult,
    ExplanationResult,
    MedicineVerdict,
    RedFlag,
)
from soleus.reports import text, view, words
from soleus.reports.answer import answers, fit, tier_size
from soleus.reports.console import NARROW, Page, weight_rows
from soleus.reports.tables import Contrast, Link, compare, explain, listing

__all__ = ["Contrast", "Link", "compare", "explain", "listing", "render"]

#: A grade longer than this is a sentence and stands on a line of its own.
LONG_WORD = 24
#: Entries of a list that are shown in full; the others are named on one line.
MOST_PATIENT, MOST_CLINICIAN, MOST_CAUSES = 3, 4, 6
#: Advice that clinicians always read in full.
WHOLE = ("do", "recommended")
_ANSWERED = {"self": "the person", "parent": "a parent", "carer": "a carer", "clinician": "a clinician"}


# ------------------------------------------------------------------------------------------------ red flags


def _flags(page: Page, flags: list[RedFlag], a: Assessment) -> None:
    if not flags:
        return
    page.heading(words.FLAGS[a.audience], "bold red")
    for flag in flags:
        urgency = words.URGENCY[a.audience][flag.urgency].upper()
        page.line((f"! {urgency}: ", "bold red"), (words.capital(flag.label), "bold"))
        page.line(words.sentence(flag.action), page.cites(flag.cites), indent=2)
        page.line((f"Because of: {words.closed(view.because(flag))}", "dim"), indent=2)
    if a.emergency_number and flags[0].urgency in ("emergency", "same_day"):
        page.line((f"In an emergency call {a.emergency_number}.", "bold"))


def _warnings(page: Page, verdicts: list[MedicineVerdict]) -> None:
    if verdicts:
        page.heading("Medicine warnings", "bold red")
    for m in verdicts:
        page.item("!", (words.capital(m.label), "bold"), f": {' '.join(words.sentence(w) for w in m.warnings)}")


def _can_wait(page: Page, flags: list[RedFlag]) -> None:
    if flags:
        page.heading(words.CAN_WAIT)
    for flag in flags:
        told = f" {words.sentence(flag.action)} Because of: {words.closed(view.because(flag))}"
        page.item("-", (words.sentence(flag.label), "bold"), told, page.cites(flag.cites))


def _undecided(page: Page, c: ComplaintAssessment, any_flag: bool, patient: bool) -> None:
    names = view.some(c.undecided_red_flags)
    start = "" if any_flag else "No warning sign was found. " if patient else "No red flag fired. "
    if names and patient:
        page.line(f"{start}{words.OPEN_SIGNS}")
    elif names:
        page.line(f"{start}Not decided, for want of answers: {names}.")
    elif start:
        page.line(start)


# ------------------------------------------------------------------------------------------------ the answer


def _most(audience: str) -> int:
    """How many entries of a list are shown in full."""
    return MOST_PATIENT if audience == "patient" else MOST_CLINICIAN


def _named(page: Page, names: Sequence[str]) -> None:
    """What a list leaves out, by name only."""
    if names:
        told = "; ".join(words.lower_first(name.strip().rstrip(".")) for name in names)
        page.line((words.closed(f"Also: {told}"), "dim"), indent=2)


def _ranked_row(page: Page, e: ExplanationResult, room: int, audience: str) -> tuple[str, str, str]:
    size = words.size(e.probability, e.low, e.high, audience)
    size += "" if audience == "patient" else f" ({words.interval(e.low, e.high)})"
    return words.capital(e.label), text.chance_bar(e.probability, e.low, e.high, room, page.blocks), size


def _ranked(page: Page, c: ComplaintAssessment, audience: str) -> None:
    ranking = view.ranking(c)
    room = 16 if page.width < NARROW else 20
    rows = [_ranked_row(page, e, room, audience) for e in ranking.shown]
    page.grid(rows, [("", {"ratio": 1}), ("", {"no_wrap": True}), ("", {"no_wrap": True})])
    if ranking.rest_count:
        rest = words.size(ranking.rest, ranking.rest, ranking.rest, audience)
        page.line((f"{ranking.rest_count} more together: {rest}.", "dim"), indent=2)
    b = page.blocks
    page.line(
        (f"{b.sure} lower limit of the 95% interval, {b.estimate} estimate, {b.possible} upper limit", "dim"),
        indent=2,
    )


def _tiers(page: Page, c: ComplaintAssessment, audience: str) -> None:
    page.heading("Differential" if audience == "clinician" else "Why we think so")
    for name, entries in view.tiers(c):
        if entries:
            page.line((words.TIERS[audience][name], "bold"))
        most = _most(audience)
        for t in entries[:most]:
            other = f" ({t.explanation.label})" if t.further and t.explanation and t.short != t.diagnosis.label else ""
            page.item("-", (words.capital(t.short), "bold"), f"{other}: {tier_size(t, audience)}. {t.why}")
        _named(page, [t.short for t in entries[most:]])


def _weights(page: Page, c: ComplaintAssessment, e: ExplanationResult) -> None:
    shown = view.bars(e)
    if not e.against or not shown:
        return
    page.heading(f"Why {e.label} rather than {view.name_of(c, e.against)}")
    page.line(("Decibans: +3 doubles the odds, +10 makes them ten times as high, minus counts against.", "dim"))
    weight_rows(page, e.prior_decibans, [(b.label + page.cites(b.cites), b.decibans, b.basis) for b in shown])
    if c.evidence_basis:
        page.line(c.evidence_basis.sentence)


# ------------------------------------------------------------------------------------------------ causes, criteria


def _share(k: Cause, patient: bool) -> str:
    """What is known of a cause: whether it is there, its share, and for clinicians how that is known."""
    start = f", {words.STATUS[k.status].lower()}"
    share = words.percent(k.share, k.share_low, k.share_high)
    if patient:
        return f"{start}; {share} of the extra risk"
    grade = "" if len(k.strength) > LONG_WORD else words.setting_words(k.strength)
    grades = ", ".join(filter(None, [grade, k.basis]))
    return f"{start}; share {share} ({words.interval(k.share_low, k.share_high)}); {grades}"


def _causes(page: Page, c: ComplaintAssessment, patient: bool) -> None:
    if not (c.idiopathic or c.causes):
        return
    page.heading("What may have caused it" if patient else "Idiopathic or secondary")
    if c.idiopathic and not (patient and view.says_without_cause(c)):
        page.line(c.idiopathic.sentence)
    most = MOST_PATIENT if patient else MOST_CAUSES
    for k in view.causes(c)[:most]:
        page.item("-", (words.capital(k.label), "bold"), _share(k, patient), page.cites(k.cites))
        for more in (k.belief, k.strength if len(k.strength) > LONG_WORD else None):
            if more:
                page.line(more, indent=5)
    _named(page, [] if patient else [k.label for k in view.causes(c)[most:]])
    if c.causes:
        page.line(("A share is the excess fraction, not the chance that it caused the complaint.", "dim"))


def _medicines(page: Page, c: ComplaintAssessment, patient: bool) -> None:
    if not c.medications:
        return
    page.heading("Your medicines" if patient else "Medicines")
    verdicts = words.PATIENT_VERDICT if patient else words.VERDICT
    for m in c.medications:
        given = f" (given as {m.as_given})" if m.as_given.lower() != m.label.lower() else ""
        see = "See the warning above." if m.warnings else ""
        rest = " ".join(part for part in (see, m.timing, m.discuss, m.do_not) if part)
        page.item(
            "-",
            (words.capital(m.label), "bold"),
            f"{given}: {verdicts[m.verdict].lower()}. {rest}{page.cites(m.cites)}",
        )
    if patient:
        page.line("Do not stop or change a medicine on your own. Talk to your doctor or pharmacist first.")


def _criteria(page: Page, sets: Iterable[CriteriaResult]) -> None:
    for s in sets:
        page.heading(s.label)
        score = f", score {s.score:g}" if s.score is not None else ""
        page.line((s.reading or words.SET_STATE[s.state], "bold"), f"{score}: {view.count_met(s)}{page.cites(s.cites)}")
        for i in s.items:
            sign, word = words.TRUTH[i.state]
            page.item(sign, f"{i.text} - {word.lower()}")


# ------------------------------------------------------------------------------------------------ what next


def _next(page: Page, c: ComplaintAssessment, patient: bool) -> None:
    if c.next_questions:
        page.heading("Next questions")
    screen = [q for q in c.next_questions if q.red_flag]
    rest = [q for q in c.next_questions if not q.red_flag]
    for number, q in enumerate([*screen, *(rest[:MOST_PATIENT] if patient else rest)], 1):
        page.item(f"{number}.", (q.text, "bold"), f" {q.reason}{' (red flag)' if q.red_flag else ''}")
    if c.stop_reason:
        page.line((f"{'Asking may stop. ' if c.stop else ''}{c.stop_reason}", "dim"))


def _graded(
    page: Page, audience: str, title: str, names: dict[str, str], entries: Sequence[tuple[str, str, str, str, Cites]]
) -> None:
    """Entries of (advice, label, text, reason, cites) under the names of their grades, in the order of ``names``."""
    if not entries:
        return
    page.heading(title)
    order = list(names)
    for advice, group in groupby(sorted(entries, key=lambda e: order.index(e[0])), key=lambda e: e[0]):
        page.line((names[advice], "bold red" if advice == "avoid" else "bold"))
        told = list(group)
        most = len(told) if advice in WHOLE and audience == "clinician" else _most(audience)
        for _, label, what, reason, cites in told[:most]:
            page.item("-", (f"{words.sentence(label)} ", "bold"), f"{what} {reason}".strip(), page.cites(cites))
        _named(page, [label for _, label, *_ in told[most:]])


def _work_up(page: Page, c: ComplaintAssessment, audience: str) -> None:
    def urgency(w: str) -> str:
        return "" if w == "routine" else f"{words.URGENCY[audience][w]}."

    entries = [(w.advice, w.label, urgency(w.urgency), w.reason, w.cites) for w in c.work_up]
    _graded(page, audience, "Work-up" if audience == "clinician" else "Tests", words.WORK_UP, entries)


def _management(page: Page, c: ComplaintAssessment, patient: bool) -> None:
    names = words.PATIENT_MANAGEMENT if patient else words.MANAGEMENT
    entries = [(m.advice, m.label, m.text, m.reason, m.cites) for m in c.management]
    _graded(
        page,
        "patient" if patient else "clinician",
        "What you can do" if patient else "Treatment and prevention",
        names,
        entries,
    )


def _guides(page: Page, c: ComplaintAssessment, patient: bool) -> None:
    for guide in c.guides[:1] if patient else ():
        page.heading(guide.label)
        for number, s in enumerate(guide.steps, 1):
            hold = words.duration(s.seconds, s.repeats)
            page.item(f"{number}.", s.text, f" ({hold})" if hold else "")
        if guide.not_for:
            page.line((f"Take care: {'; '.join(n.rstrip('. ') for n in guide.not_for)}.", "dim"), indent=2)

    if patient:
        _named(page, [guide.label for guide in c.guides[1:]])
    elif c.guides:
        page.heading("Guides for the patient")
        page.line(f"{'; '.join(guide.label for guide in c.guides)} (drawn and in full in the HTML report).")


def _seek(page: Page, c: ComplaintAssessment, a: Assessment) -> None:
    if not c.seek_care:
        return
    page.heading("When to get help")
    for sign in c.seek_care:
        page.item("-", sign)
    if a.emergency_number:
        page.line(f"Emergency number: {a.emergency_number}")


# ------------------------------------------------------------------------------------------------ how sure


def _sure(page: Page, c: ComplaintAssessment, unused: Sequence[str], audience: str) -> None:
    page.heading("How sure")
    if c.conflict:
        page.line(fit(c) if audience == "patient" else c.conflict.sentence)
        for statement in c.conflict.disagreements:
            page.item("-", statement)
    for d in c.what_would_change[: _most(audience)]:
        page.item("-", f"{d.text}: {d.state} → {d.becomes}, {words.size(d.probability, 0, 1, audience)}")
    if c.not_assessed:
        names = [n.text for n in c.not_assessed]
        most = MOST_PATIENT if audience == "patient" else view.MOST_NOT_ASSESSED
        more = f"; and {len(names) - most} more" if len(names) > most else ""
        page.line(words.closed(f"Not known: {'; '.join(names[:most])}{more}"))
    for item in unused:
        page.item("-", f"Not used: {item}")


def _complaint(page: Page, c: ComplaintAssessment, a: Assessment, flags: list[RedFlag]) -> None:
    patient = a.audience == "patient"
    if len(a.complaints) > 1:
        page.heading(c.label or c.id, "bold reverse")
    _ranked(page, c, a.audience)
    _undecided(page, c, bool(view.pressing(flags)), patient)
    if c is a.complaints[0]:
        _warnings(page, view.warned(a))
        _can_wait(page, view.can_wait(flags, a.audience))
    if c.also_possible_together:
        page.line(c.also_possible_together)
    _tiers(page, c, a.audience)
    best = view.first(c)
    if best and not patient:
        _weights(page, c, best)
    _causes(page, c, patient)
    _medicines(page, c, patient)
    if not patient:
        _criteria(page, c.criteria)
    _next(page, c, patient)
    _work_up(page, c, a.audience)
    _management(page, c, patient)
    _guides(page, c, patient)
    _seek(page, c, a)
    _sure(page, c, a.unused if c is a.complaints[0] else (), a.audience)


def _references(page: Page, a: Assessment) -> None:
    printed = [r for r in a.references if r.number in page.cited]
    if printed:
        page.heading("References")
    for r in printed:
        page.item(f"[{r.number}]", r.text, (f" {r.url}" if r.url else "", "dim"), indent=0)


def render(assessment: Assessment, console: Console) -> None:
    """Write ``assessment`` to ``console`` in the order of the page: red flags, answer, why, what next, how sure."""
    a, page = assessment, Page(console)
    flags = view.flags_of(a)
    date = f", {words.date_words(a.as_of)}" if a.as_of else ""
    answered = _ANSWERED.get(a.answered_by, a.answered_by)
    page.line(
        (words.capital(a.person), "bold"),
        f" - {words.setting_words(a.setting)}, answered by {answered}{date}",
    )
    _flags(page, view.pressing(flags), a)
    page.heading("The answer")
    page.line(answers(a))
    console.print()
    for c in a.complaints:
        _complaint(page, c, a, flags)
    _references(page, a)
    console.print()
    status, told = words.review(a.review_status, a.review_sentence)
    page.line((f"{status} " if status else "", "bold"), told)
    page.line(words.sentence(a.intended_use))
    page.line((f"Soleus {a.software_version}, knowledge {a.knowledge_version} {a.knowledge_hash[:12]}", "dim"))
