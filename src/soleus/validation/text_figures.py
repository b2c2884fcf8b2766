"""The figures of the reading of texts, on the half set aside, and their part of docs/validation.md."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from soleus.notes.context import Context, Hold
from soleus.notes.lexicon import Reliability, lexicon
from soleus.notes.reading import read
from soleus.reasoning.compiled import Compiled
from soleus.validation.scoring import Outcome, Scores, score
from soleus.validation.texts import (
    AnnotatedText,
    Counts,
    annotated_reading,
    compare,
    from_text,
    kinds,
    load_seconds,
    read_texts,
    speed_ms,
)
from soleus.validation.vignettes import Vignette

_WORST = 10


@dataclass(frozen=True)
class TextResults:
    """Figures for docs/validation.json and the words for docs/validation.md."""

    figures: dict[str, Any]
    page: str


def measure(folder: Path, vignettes: Sequence[Vignette], compiled: Compiled) -> TextResults:
    """Everything about texts: reading, denials, judgement from text, speed, simpler readers beside ours."""
    test, dev = read_texts(folder / "texts/test"), read_texts(folder / "texts/dev")
    load = load_seconds(compiled)
    read(test[0].text, compiled)  # the first reading makes what later ones share
    every, denied = compare(test, compiled)
    every_dev, denied_dev = compare(dev, compiled)
    by_id = {v.id: v for v in vignettes}
    outcomes = [from_text(t, by_id[t.vignette], compiled) for t in test if t.vignette]
    scores = score(outcomes)
    perfect = [
        from_text(t, by_id[t.vignette], compiled, lambda _, t=t: annotated_reading(t, compiled))  # type: ignore[misc]
        for t in test
        if t.vignette
    ]
    figures = {
        "texts": len(test) + len(dev),
        "text_annotations": sum(len(t.annotations) for t in (*test, *dev)),
        "text_agreement": _agreement(folder / "texts"),
        "notes_f1_test": every.f1,
        "notes_precision_test": every.precision,
        "notes_recall_test": every.recall,
        "negation_f1_test": denied.f1,
        "text_top1": scores.top1.value,
        "text_top3": scores.top3.value,
        "text_top1_annotated": score(perfect).top1.value,
        "text_must_not_miss": scores.must_not_miss_recall.value,
        "text_dnm_entries_median": scores.dnm_entries_median,
        "text_over_triage": scores.over_triage.value,
        "note_ms": speed_ms(test, compiled),
        "notes_load_s": load,
    }
    others = _simpler(test, compiled)
    page = _page(figures, (every, denied), (every_dev, denied_dev), scores, outcomes, perfect, others)
    return TextResults(figures, page)


def _agreement(folder: Path) -> float:
    """F1 between the two passes over (what, value), before they were settled."""
    first = json.loads((folder / "first_pass.json").read_text(encoding="utf-8"))
    second = json.loads((folder / "second_pass.json").read_text(encoding="utf-8"))
    both = one = 0
    for id in first.keys() & second.keys():
        a, b = ({(x[0], x[1]) for x in table[id]} for table in (first, second))
        both += len(a & b)
        one += len(a) + len(b)
    return 2 * both / one


def _simpler(test: Sequence[AnnotatedText], compiled: Compiled) -> list[tuple[str, Counts, Counts]]:
    """Readers that lack a part of ours: what clauses tell; how often each wording is right; denial, doubt, who is meant."""
    words = lexicon(compiled)
    models, reliability, of = words.models, words.reliability, Context.of
    words.models = None
    out = [("wordings alone, each by how often it is right", *compare(test, compiled))]
    words.reliability = Reliability({})
    out.append(("wordings alone", *compare(test, compiled)))
    Context.of = lambda self, match: Hold.PLAIN  # type: ignore[method-assign]  # noqa: ARG005
    out.append(("wordings alone, every one taken as said and meant", *compare(test, compiled)))
    Context.of = of  # type: ignore[method-assign]
    words.models, words.reliability = models, reliability
    return out


def _page(
    figures: dict[str, Any],
    test: tuple[Counts, Counts],
    dev: tuple[Counts, Counts],
    scores: Scores,
    outcomes: Sequence[Outcome],
    perfect: Sequence[Outcome],
    others: list[tuple[str, Counts, Counts]],
) -> str:
    rows = [
        ("this reader", *test),
        *others,
        ("this reader, on the half it was made on", *dev),
    ]
    lines = [
        "## Texts\n",
        f"{figures['texts']} texts with {figures['text_annotations']:,} annotations, written for the project (most retell a "
        "vignette in another genre) and annotated twice; the two passes agree with F1 "
        f"{figures['text_agreement']:.2f}. Writers and annotators were language models, as the maintainers' tools; no "
        "clinician or other person has annotated them, and two passes of one kind of annotator agree more than two people "
        "would. The wordings were written and tuned on the open half alone; what is learnt comes from it and from further open texts that were annotated once.\n",
        "| reader, on the half set aside | precision | recall | F1 | F1 of denials |",
        "|---|---|---|---|---|",
        *(f"| {name} | {e.precision:.2f} | {e.recall:.2f} | {e.f1:.2f} | {d.f1:.2f} |" for name, e, d in rows),
        "",
        f"Of the statements that were right in finding and polarity, {test[0].value_right / max(test[0].true, 1):.0%} name the same state too.\n",
        "From text to judgement, on the half set aside:\n",
        f"- right explanation first: {scores.top1.words()}; among the first three: {scores.top3.words()}",
        f"- right explanation first if every statement were read as it is annotated: {score(perfect).top1.words()}",
        f"- dangerous answers named or red-flagged: {scores.must_not_miss_recall.words()}",
        f"- same-day flag where the answer is benign: {scores.over_triage.words()}; care needed the same day and not said: {scores.under_triage.words()}",
        "",
        "What a note does not mention is treated as not known. Against negspacy on the same words: `tools/compare_negation.py`.\n",
        "### Errors of reading by kind, the commonest\n",
        "| | finding | polarity | times | for example |",
        "|---|---|---|---|---|",
        *(
            f"| {kind} | {s[0]} | {s[1]} | {n} | {text}: “{_clean(words)}” |"
            for kind, s, n, text, words in kinds(test[0], 24)
        ),
        "",
        f"### The {_WORST} worst texts\n",
        "Where the annotations lead to the right answer, the reading failed; where they do not, the knowledge did, or the text "
        "does not tell.\n",
        "| text | expected | rank | rank from the annotations | first instead |",
        "|---|---|---|---|---|",
        *(_worst(o, p) for o, p in sorted(zip(outcomes, perfect, strict=True), key=lambda x: -x[0].rank)[:_WORST]),
        "",
    ]
    return "\n".join(lines)


def _clean(words: str) -> str:
    return " ".join(words.replace("|", "/").split())[:70]


def _worst(o: Outcome, perfect: Outcome) -> str:
    first = o.error or f"{o.first} {o.first_probability:.2f}"
    return f"| {o.vignette.id} | {o.vignette.expected.explanation} | {o.rank} | {perfect.rank} | {first} |"


__all__ = ["TextResults", "measure"]
