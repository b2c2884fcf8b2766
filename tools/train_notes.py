"""Learn from the open half of the annotated texts how often each wording is right, and check that it helps.

Writes src/soleus/notes/wordings/reliability.json. The check is five-fold on the open half: texts are read with
reliabilities that were learnt from the other four fifths. The half set aside is not touched.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from soleus.notes.lexicon import Reliability, lexicon
from soleus.notes.reading import LEAST_SURE, mentions, read
from soleus.reasoning.compiled import Compiled, shipped_compiled
from soleus.validation.texts import AnnotatedText, compare, gold, read_texts

ROOT = Path(__file__).resolve().parent.parent
TARGET = ROOT / "src/soleus/notes/wordings/reliability.json"
THRESHOLDS = (0.0, 0.3, 0.4, 0.45, 0.5, 0.55, 0.6)
FOLDS = 5


def learn(texts: Sequence[AnnotatedText], compiled: Compiled) -> dict[str, list[int]]:
    """[right, all] of each pattern and polarity, of each finding and polarity, and ("") of everything."""
    right: Counter[str] = Counter()
    every: Counter[str] = Counter()
    for text in texts:
        expected = gold(text, compiled)
        unsure = {name for name, polarity in expected if polarity == "uncertain"}
        seen: set[str] = set()
        for u in mentions(text.text, compiled):
            if u.kind not in ("finding", "contributor") or ": " not in u.source or u.finding in unsure:
                continue
            pattern = u.source.split(": ", 1)[1]
            true = (u.finding, u.state) in expected
            for key in ("", f"{u.finding}|{u.state}", f"{u.finding}|{u.state}|{pattern}"):
                if key not in seen:
                    right[key] += true
                    every[key] += 1
            seen |= {f"{u.finding}|{u.state}", f"{u.finding}|{u.state}|{pattern}"}
    return {key: [right[key], n] for key, n in sorted(every.items())}


def check(texts: Sequence[AnnotatedText], compiled: Compiled) -> None:
    """Five-fold: precision, recall and F1 at each threshold."""
    words = lexicon(compiled)
    kept = words.reliability
    totals = {t: [0, 0, 0] for t in THRESHOLDS}
    for fold in range(FOLDS):
        rest = [x for n, x in enumerate(texts) if n % FOLDS != fold]
        here = [x for n, x in enumerate(texts) if n % FOLDS == fold]
        words.reliability = Reliability(learn(rest, compiled))
        for t in THRESHOLDS:
            counts, _ = compare(here, compiled, lambda text, t=t: read(text, compiled, least=t))  # type: ignore[misc]
            for n, value in enumerate((counts.true, counts.false, counts.missed)):
                totals[t][n] += value
    words.reliability = kept
    for t, (true, false, missed) in totals.items():
        p, r = true / (true + false), true / (true + missed)
        print(f"least {t:.2f}: precision {p:.3f} recall {r:.3f} F1 {2 * p * r / (p + r):.3f}")


def main() -> None:
    compiled = shipped_compiled()
    texts = read_texts(ROOT / "validation/texts/dev")
    words = lexicon(compiled)
    words.reliability = Reliability({})
    check(texts, compiled)
    counts = learn(texts, compiled)
    lines = ",\n".join(f" {json.dumps(k, ensure_ascii=False)}: {json.dumps(v)}" for k, v in counts.items())
    TARGET.write_text("{\n" + lines + "\n}\n", encoding="utf-8")
    words.reliability = Reliability(counts)
    found, denied = compare(texts, compiled)
    print(
        f"on the open half itself at {LEAST_SURE}: F1 {found.f1:.3f} (denials {denied.f1:.3f}); written: {TARGET.name}"
    )


if __name__ == "__main__":
    main()
