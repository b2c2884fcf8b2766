"""`soleus ask`: a question in free words, answered from the knowledge base."""

from __future__ import annotations

import json
import sys
from dataclasses import asdict
from pathlib import Path

import msgspec
from rich.console import Console

from soleus.clinical.case import Medicine
from soleus.errors import CannotAssess, UsageError
from soleus.interop.reading import read_any
from soleus.notes.judging import read_note
from soleus.notes.questions import Answer, answer
from soleus.reasoning import words
from soleus.reasoning.assessment import Audience
from soleus.reasoning.compiled import Compiled, shipped_compiled
from soleus.reasoning.medicines import MedicineIndex


def answer_question(question: str, *, note: Path | None, case: Path | None, audience: Audience, form: str) -> None:
    """Print the answer; exit 5 where the knowledge base has none."""
    compiled = shipped_compiled()
    asked = sys.stdin.read() if question.strip() == "-" else question
    if not asked.strip():
        raise UsageError("soleus ask", "no question", "a question in words", "Write it in quotation marks.")
    found = answer(asked, compiled, audience, _takes(note, case, compiled))
    if form == "json":
        print(_json(found, audience))
    else:
        _print(found, audience, Console(highlight=False))
    if found.kind == "out_of_scope":
        sys.exit(CannotAssess.exit_code)


def _takes(note: Path | None, case: Path | None, compiled: Compiled) -> tuple[str, ...]:
    """The medicines of the person, out of a note or a case."""
    out: list[str] = []
    if note is not None:
        from soleus.cli.noting import text_of

        told = read_note(text_of(note), knowledge=compiled).understood
        out += [u.finding.removeprefix("medicine:") for u in told if u.kind == "medicine" and u.state == "present"]
    if case is not None:
        index = MedicineIndex(compiled.knowledge)
        names = [m.name if isinstance(m, Medicine) else m for m in read_any(case, compiled).medicines]
        out += [r.id for name in names if (r := index.find(name)) is not None]
    return tuple(dict.fromkeys(out))


def _json(found: Answer, audience: Audience) -> str:
    tree = asdict(found) | {"references": msgspec.to_builtins(found.references)}
    return json.dumps(
        tree | {"review_status": "submitted", "review_sentence": words.REVIEW[audience]}, ensure_ascii=False
    )


def _print(found: Answer, audience: Audience, console: Console) -> None:
    if found.kind == "out_of_scope":
        console.print("Soleus has no sourced answer to this.", markup=False)
        console.print("Nearest things that it can do:", markup=False)
        for command in found.nearest:
            console.print(f"  {command}", markup=False)
        return
    console.print(f"Asked for: {found.kind.replace('_', ' ')}", markup=False, style="bold")
    for line in found.lines:
        cites = "".join(f" [{n}]" for n in line.cites)
        console.print(f"- {line.text}{cites}", markup=False)
    if found.references:
        console.print("\nSources", markup=False, style="bold")
    for r in found.references:
        console.print(f"[{r.number}] {r.text} {r.url or ''}".rstrip(), markup=False, soft_wrap=True)
    console.print(f"\n{words.REVIEW[audience]}", markup=False)
