"""A reading as JSON, text and HTML: the text with its marks, and each statement with its number."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import msgspec
from markupsafe import Markup
from rich.console import Console
from rich.text import Text

from soleus.notes.judging import NOTHING, NoteAssessment
from soleus.notes.reading import Reading, Understood
from soleus.reasoning import words as sentences
from soleus.reasoning.compiled import Compiled
from soleus.reports.html import note_page, render, templates
from soleus.reports.json import to_json

NOTHING_SENTENCE = (
    "Nothing to assess: no complaint of the legs was found in this text. "
    "Soleus judges legs that cramp, hurt or will not keep still; for a question, use `soleus ask`."
)
_STYLES = {
    "present": "bold green",
    "absent": "cyan",
    "uncertain": "yellow",
    "conflict": "bold red",
    "stopped": "magenta",
}
_STATE_WORDS = {
    "present": "present",
    "absent": "absent",
    "uncertain": "uncertain",
    "conflict": "said both ways",
    "stopped": "stopped",
}


_ALMOST = 0.995
_SOURCES = {
    "knowledge": "name in the knowledge base",
    "people": "rule for age and sex",
    "places": "rule for places",
    "times": "rule for times",
    "results": "rule for results",
    "learnt from annotated texts": "learnt from texts",
    "corrected": "corrected by you",
}


def name_of(compiled: Compiled, u: Understood) -> str:
    """What a statement is about, in words."""
    if u.finding.startswith("medicine:"):
        from soleus.knowledge.schema.medicines import Medicine

        record = compiled.knowledge.by_id(Medicine).get(u.finding.removeprefix("medicine:"))
        return record.name if record else u.finding
    for table in (compiled.findings, compiled.contributors, compiled.explanations):
        if u.finding in table:
            return str(table[u.finding].name)
    return u.finding.replace("_", " ").capitalize()


def value_of(compiled: Compiled, u: Understood) -> str:
    """The value of a statement in words, with its unit; empty where present or absent says all."""
    if u.value is None or u.kind in ("medicine", "contributor", "explanation"):
        return ""
    record = compiled.findings.get(u.finding)
    if record is not None and isinstance(u.value, str):
        if record.kind == "yes_no":
            return ""
        return next((s.label for s in record.states if s.id == u.value), str(u.value))
    number = f"{u.value:g}" if isinstance(u.value, float) else str(u.value)
    return f"{number} {u.unit}" if u.unit not in (None, "1") else number


def reading_json(reading: Reading) -> bytes:
    """What was understood, as one JSON object."""
    return msgspec.json.encode(_reading_fields(reading))


def _reading_fields(reading: Reading) -> dict[str, Any]:
    return {
        "understood": [_plain(u) for u in reading.understood],
        "unread": [{"finding": f, "span": span, "why": why} for f, span, why in reading.unread],
        "of_legs": reading.of_legs,
        "answered_by": reading.answered_by,
        "setting": reading.setting,
    }


def _plain(u: Understood) -> dict[str, Any]:
    fields = {f: getattr(u, f) for f in u.__struct_fields__}
    return {"finding": fields.pop("finding"), "state": fields.pop("state"), **fields}


def note_json(found: NoteAssessment, id: str = "note") -> bytes:
    """The judgement of a text with ``understood``; with nothing to assess, empty ``explanations`` and ``reason``."""
    told = [_plain(u) for u in found.reading.understood]
    if found.assessment is None:
        empty: dict[str, Any] = {
            "case": id,
            "explanations": [], "diagnoses": [], "red_flags": [], "reason": found.reason or NOTHING, "understood": told,
            "review_status": "submitted", "review_sentence": sentences.REVIEW["clinician"],
        }  # fmt: skip
        return msgspec.json.encode(empty)
    tree = msgspec.json.decode(to_json(found.assessment))
    return msgspec.json.encode({**tree, "understood": told})


def marked(reading: Reading) -> list[tuple[str, tuple[int, ...]]]:
    """The text in pieces, each with the numbers of the statements that it carries."""
    text = reading.text
    edges = sorted({0, len(text), *(e for u in reading.understood for e in u.span)})
    out = []
    for begin, end in pairwise(edges):
        over = tuple(n for n, u in enumerate(reading.understood, 1) if u.span[0] <= begin and end <= u.span[1])
        out.append((text[begin:end], over))
    return out


def print_reading(reading: Reading, compiled: Compiled, console: Console) -> None:
    """The text with marks and numbers, then the statements."""
    shown = Text()
    for piece in _pieces(reading):
        shown.append(piece["text"], style=_STYLES[piece["state"]] + " underline" if piece["state"] else "")
        if piece["ends"]:
            shown.append("[" + ",".join(map(str, piece["ends"])) + "]", style="dim")
    console.print(shown, soft_wrap=True, highlight=False)
    console.print()
    if not reading.of_legs:
        console.print(NOTHING_SENTENCE, highlight=False)
        console.print()
    for n, u in enumerate(reading.understood, 1):
        console.print(_line(n, u, compiled), soft_wrap=True, highlight=False)
    for name, _, why in reading.unread:
        console.print(Text(f"  -  {name}: not used, {why}", style="yellow"), soft_wrap=True)
    if reading.understood:
        console.print(
            Text(
                "\nWrong? Strike a statement with --strike NUMBER, or change it with --change NUMBER=STATE.",
                style="dim",
            )
        )


def _line(n: int, u: Understood, compiled: Compiled) -> Text:
    value = value_of(compiled, u)
    words = f"{name_of(compiled, u)}: {value + ', ' if value and u.state != 'present' else value}"
    state = "" if value and u.state == "present" else _STATE_WORDS[u.state]
    line = Text(f"{n:3}  ")
    line.append(words)
    line.append(state, style=_STYLES[u.state])
    line.append(f'  "{" ".join(u.text.split())}"', style="dim")
    if sure_of(u):
        line.append(f"  {sure_of(u)}", style="dim")
    if not u.used:
        line.append(f"  (not used: {u.why})", style="dim")
    return line


def source_of(u: Understood) -> str:
    """What read a statement, in a few words; the JSON has the pattern itself."""
    where = u.source.partition(": ")[0]
    if where.startswith("wordings/"):
        return "wording"
    return _SOURCES.get(where, where)


def sure_of(u: Understood) -> str:
    """The probability that a statement was read rightly; empty where a rule is taken as sure."""
    if u.confidence >= 1:
        return ""
    return f"{u.confidence:.0%}" if u.confidence < _ALMOST else ">99%"


def reading_html(reading: Reading, compiled: Compiled) -> Markup:
    """The part of a page that shows the text with its marks and the statements."""
    rows = [
        {
            "n": n, "u": u, "name": name_of(compiled, u), "value": value_of(compiled, u),
            "state": _STATE_WORDS[u.state], "source": source_of(u), "sure": sure_of(u),
        }
        for n, u in enumerate(reading.understood, 1)
    ]  # fmt: skip
    template = templates().get_template("reading.html.j2")
    return Markup(template.render(pieces=_pieces(reading), rows=rows, reading=reading, nothing=NOTHING_SENTENCE))


def _pieces(reading: Reading) -> list[dict[str, Any]]:
    out = []
    place = 0
    for text, over in marked(reading):
        place += len(text)
        ends = [n for n in over if reading.understood[n - 1].span[1] == place]
        state = reading.understood[over[0] - 1].state if over else None
        out.append({"text": text, "state": state, "ends": ends})
    return out


def reading_page(reading: Reading, compiled: Compiled) -> str:
    """The reading alone as one self-contained page."""
    return note_page(reading_html(reading, compiled))


def note_html(found: NoteAssessment, compiled: Compiled) -> str:
    """The report of a judgement with the reading below it; the reading alone where there is nothing to assess."""
    part = reading_html(found.reading, compiled)
    return render(found.assessment, extra=part) if found.assessment is not None else note_page(part)
