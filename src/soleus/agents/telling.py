"""The few lines of text beside a structured answer: red flags first, then the answer, then its limits."""

from __future__ import annotations

from collections.abc import Iterable

from soleus.agents.brief import AssessAnswer, ComplaintBrief
from soleus.agents.vocabulary import EntryOrNames
from soleus.reasoning.answers import (
    Answer,
    ComparisonAnswer,
    EntryPart,
    ExplanationAnswer,
    Likely,
    MedicationAnswer,
    NextQuestionAnswer,
)
from soleus.reports import words

MOST = 4000  # characters


def told(answer: Answer, lines: Iterable[str]) -> str:
    """``lines`` and the limits of the answer; the limits are never cut off."""
    end = f"{answer.review_sentence} {answer.intended_use} Knowledge {answer.knowledge_version}."
    text = "\n".join(line for line in lines if line)
    room = MOST - len(end) - 2
    return f"{text if len(text) <= room else text[: room - 1] + '…'}\n{end}"


def assessed(a: AssessAnswer) -> str:
    return told(a, [f"{words.capital(a.person)}. {a.summary}", *(x for c in a.complaints for x in _complaint(c))])


def _complaint(c: ComplaintBrief) -> list[str]:
    flags = [
        f"RED FLAG ({f.urgency.replace('_', ' ')}): {f.label}. {f.action} Because: {'; '.join(f.because)}."
        for f in c.red_flags
    ]
    ranked = [f"- {e.label} ({e.id}): {e.probability:.3f}, 95 % {e.low:.3f} to {e.high:.3f}" for e in c.explanations]
    return [
        c.label or "",
        *flags,
        *ranked,
        f"- all others together: {c.rest:.3f}",
        *(f"Medicine {m.as_given}: {m.verdict.replace('_', ' ')}." for m in c.medications),
        *(f"{w.advice.replace('_', ' ').capitalize()}: {w.label}." for w in c.work_up),
        f"Not known: {len(c.not_assessed) + c.not_assessed_left_out} questions; ask rather than assume."
        if c.not_assessed
        else "",
        *(f"Ask next: {q.text} ({q.finding})" for q in c.next_questions[:1]),
    ]


def asked(a: NextQuestionAnswer) -> str:
    if a.id is None:
        return told(a, [f"No further question: {a.reason}", _leading(a.leading)])
    replies = "; ".join(f"{c.reply} = {c.label}" for c in a.choices)
    return told(a, [f"Ask: {a.text} ({a.id})", f"Why: {a.reason}", f"Replies: {replies}", _leading(a.leading)])


def _leading(leading: tuple[Likely, ...]) -> str:
    return "So far: " + "; ".join(f"{e.label} {e.probability:.3f}" for e in leading) if leading else ""


def compared(a: ComparisonAnswer) -> str:
    rows = [f"- {r.label}: {r.p_first:.2f} against {r.p_second:.2f} ({r.decibans:+.1f} dB)" for r in a.rows]
    left = f"{a.left_out} more rows." if a.left_out else ""
    return told(a, [f"{a.first.label} against {a.second.label}", *rows, left, a.caution])


def explained(a: ExplanationAnswer) -> str:
    steps = [f"- {s.label}: {s.decibans:+.1f} dB ({s.basis})" for s in a.steps]
    return told(a, [a.heading, f"Against {a.against.label}:", *steps, a.footing])


def entered(a: EntryOrNames) -> str:
    parts = [x for e in a.entries for x in (f"{e.kind} {e.id}: {e.title}", *_fields(e))]
    names = [f"- {name}: {text}" for name, text in a.names.items()]
    left = f"{a.left_out} more; narrow them with matching." if a.left_out else ""
    return told(a, [*parts, *names, left])


def _fields(e: EntryPart) -> list[str]:
    return [f"{heading}: {text}" for heading, text in e.fields.items() if text]


def reviewed(a: MedicationAnswer) -> str:
    told_of = f"Judged for {a.complaint.label}, the likeliest on what was told ({a.complaint.probability:.2f})."
    verdicts = [
        " ".join([f"- {m.as_given}: {m.verdict.replace('_', ' ')}. {m.strength}", *m.warnings, m.do_not]).rstrip()
        for m in a.medications
    ]
    return told(a, [told_of, *verdicts])
