"""Our cues of denial beside negspacy's, on the same words of the open annotated texts.

Needs spaCy and negspacy in this environment (`pip install negspacy`); neither is a dependency. Places are words that
stand for a finding with yes and no, in texts that are annotated with one of the two and not the other.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

from soleus.notes.context import Hold
from soleus.notes.lexicon import Means, lexicon
from soleus.notes.reading import _kept
from soleus.notes.text import tokens
from soleus.reasoning.compiled import Compiled, shipped_compiled
from soleus.validation.texts import AnnotatedText, gold, read_texts

ROOT = Path(__file__).resolve().parent.parent
Place = tuple[int, int, bool, bool]  # start, end, denied by the annotation, denied by our cues


def places(text: AnnotatedText, compiled: Compiled) -> Iterator[Place]:
    """The words of a text that stand for findings, with what the annotation and our cues say of them."""
    words, said = lexicon(compiled), gold(text, compiled)
    found = tokens(text.text, words.short_forms, words.corrections)
    context = words.cues.read(found)
    for m in _kept(words.matcher.find(found)):
        means: Means = m.label  # type: ignore[assignment]
        if means.kind != "finding" or m.gapped or compiled.findings[means.id].kind != "yes_no" or means.state != "yes":
            continue
        present, absent = (means.id, "present") in said, (means.id, "absent") in said
        hold = context.of(m)
        if present != absent and not hold & (Hold.OTHER | Hold.SUPPOSED | Hold.PAST):
            end = max(t.end for t in found[m.first : m.last + 1])
            yield found[m.first].start, end, absent, bool(hold & Hold.NEGATED)


def figures(pairs: list[tuple[bool, bool]]) -> str:
    """Precision, recall and F1 of denial from (annotated, told)."""
    true = sum(a and b for a, b in pairs)
    precision, recall = true / sum(b for _, b in pairs), true / sum(a for a, _ in pairs)
    return f"precision {precision:.3f} recall {recall:.3f} F1 {2 * precision * recall / (precision + recall):.3f}"


def main() -> None:
    try:
        import spacy
        from negspacy.negation import Negex  # noqa: F401  (registers the pipe)
        from negspacy.termsets import termset
    except ImportError:
        sys.exit("This comparison needs spaCy and negspacy: pip install negspacy, in an environment of its own.")
    compiled = shipped_compiled()
    nlp = spacy.blank("en")
    nlp.add_pipe("sentencizer")
    nlp.add_pipe("negex", config={"neg_termset": termset("en_clinical").get_patterns()})
    ours: list[tuple[bool, bool]] = []
    theirs: list[tuple[bool, bool]] = []
    for part in ("dev", "train"):
        for text in read_texts(ROOT / "validation/texts" / part):
            doc = nlp.get_pipe("sentencizer")(nlp.make_doc(text.text))
            spans, denied = [], []
            for start, end, absent, told in sorted(places(text, compiled), key=lambda p: (p[0], -p[1])):
                span = doc.char_span(start, end, label="finding", alignment_mode="expand")
                if span is not None and (not spans or span.start >= spans[-1].end):  # entities must not overlap
                    spans.append(span)
                    denied.append(absent)
                    ours.append((absent, told))
            doc.ents = spans
            theirs += zip(denied, (bool(e._.negex) for e in nlp.get_pipe("negex")(doc).ents), strict=True)
    print(f"{len(ours):,} places")
    print(f"our cues:  {figures(ours)}")
    print(f"negspacy:  {figures(theirs)}")


if __name__ == "__main__":
    main()
