"""Learn from the open annotated texts how far to trust what is read in a text, and what clauses tell.

Reads validation/texts/dev (annotated twice and settled) and validation/texts/train (annotated once); never the part
set aside. Writes src/soleus/notes/wordings/reliability.json (how often each wording was right) and learned.npz (the
models of `soleus.notes.learned`). Prints what the check by folds gives: each text is read with what was learnt from the
others. Needs SciPy, which the development environment has. The same texts give the same files on one machine.
"""

from __future__ import annotations

import io
import json
import sys
import zipfile
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from scipy import optimize, sparse

from soleus.notes.learned import Feature, Learned, clauses, features
from soleus.notes.lexicon import Reliability, lexicon
from soleus.notes.reading import Gathered, Understood, gather, settle
from soleus.notes.weighing import (
    LEAST_OF_CLAUSES,
    Key,
    by_key,
    candidates,
    heard,
    is_weighed,
    key,
    learnt_keys,
    source_of,
)
from soleus.reasoning.compiled import Compiled, shipped_compiled
from soleus.validation.texts import AnnotatedText, gold, read_texts

ROOT = Path(__file__).resolve().parent.parent
WORDINGS = ROOT / "src/soleus/notes/wordings"
THRESHOLDS = (0.3, 0.35, 0.4, 0.45, 0.5, 0.55)
FOLDS = 4
UNITS, EPOCHS, BATCH, RATE = 128, 14, 128, 3e-3
KEPT_UNITS, KEPT_FEATURES = 0.6, 0.9  # shares kept of units and features while fitting
SETTLED = 3  # a text that was annotated twice and settled counts as so many
FEWEST_TEXTS, FEWEST_CLAUSES = 4, 3  # a statement told in fewer texts, a feature of fewer clauses, is not learnt


@dataclass
class Example:
    """An annotated text, read by the wordings."""

    text: AnnotatedText
    part: str
    gathered: Gathered
    parts: list[range]
    bags: list[list[Feature]]
    gold: dict[Key, str | None]
    told_in: dict[str, list[int]]  # statement -> the clauses that its quote touches


def examples(compiled: Compiled) -> list[Example]:
    """Every open text, read."""
    out = []
    for part in ("dev", "train"):
        for text in read_texts(ROOT / "validation/texts" / part):
            got = gather(text.text, compiled)
            parts = clauses(got.context.tokens)
            bags = features(got.context, parts, heard(got.found, compiled))
            found = gold(text, compiled)
            out.append(
                Example(
                    text,
                    part,
                    got,
                    parts,
                    bags,
                    {k: v for k, (v, _) in found.items()},
                    _told_in(text, got, parts, compiled),
                )
            )
    return out


def _told_in(text: AnnotatedText, got: Gathered, parts: Sequence[range], compiled: Compiled) -> dict[str, list[int]]:
    tokens = got.context.tokens
    out: dict[str, list[int]] = {}
    for (name, polarity), (value, quote) in gold(text, compiled).items():
        record = compiled.findings.get(name)
        if polarity == "uncertain" or name in ("age", "sex", "weeks_pregnant", "weeks_since_birth"):
            continue
        if record is not None and record.kind == "numeric":
            continue
        begin = text.text.find(quote)
        end = begin + len(quote)
        if record is not None:
            state = str(value) if value is not None else str(record.absent)
        else:
            state = "current" if name.startswith("medicine:") and polarity == "present" else polarity
        out[f"{name}={state}"] = [
            k for k, p in enumerate(parts) if tokens[p.start].start < end and max(tokens[n].end for n in p) > begin
        ]
    return out


def reliability(texts: Sequence[Example], compiled: Compiled) -> dict[str, list[int]]:
    """[right, all] of each wording and polarity, of each finding and polarity, and ("") of everything."""
    right: Counter[str] = Counter()
    every: Counter[str] = Counter()
    for x in texts:
        unsure = {name for name, polarity in x.gold if polarity == "uncertain"}
        seen: set[str] = set()
        for u in x.gathered.found:
            if not is_weighed(u, compiled) or u.finding in unsure:
                continue
            id, polarity, rule = source_of(u)
            true = key(u, compiled) in x.gold
            names = {"", f"{id}|{polarity}", f"{id}|{polarity}|{rule}"}
            weight = SETTLED if x.part == "dev" else 1
            for name in names - seen if id != "medicine" else names:
                right[name] += true * weight
                every[name] += weight
            seen |= names - {""}
    return {name: [right[name], n] for name, n in sorted(every.items())}


def trusted(x: Example, table: Reliability, compiled: Compiled) -> list[Understood]:
    """What the wordings read in a text, with the confidence of ``table``."""
    import msgspec

    return [
        msgspec.structs.replace(u, confidence=round(table.of(*source_of(u)), 3)) if is_weighed(u, compiled) else u
        for u in x.gathered.found
    ]


def fit(texts: Sequence[Example], seed: int = 1) -> dict[str, Any]:
    """The arrays of the model of clauses (without the weights of statements)."""
    counts = Counter(s for x in texts for s, where in x.told_in.items() if where)
    statements = sorted(s for s, n in counts.items() if n >= FEWEST_TEXTS)
    column = {s: n for n, s in enumerate(statements)}
    seen = Counter(f[0] for x in texts for bag in x.bags for f in bag)
    names = sorted(name for name, n in seen.items() if n >= FEWEST_CLAUSES)
    row = {name: n for n, name in enumerate(names)}
    begin, cells, weights = [0], [], []
    goals: list[list[int]] = []
    for x in texts:
        told: dict[int, list[int]] = {}
        for s, where in x.told_in.items():
            if s in column:
                for k in where:
                    told.setdefault(k, []).append(column[s])
        for k, bag in enumerate(x.bags):
            known = [(row[f[0]], f[1]) for f in bag if f[0] in row]
            cells += [c for c, _ in known]
            weights += [w for _, w in known]
            begin.append(len(cells))
            goals.append(told.get(k, []))
    again = [k for k, x in enumerate(x for x in texts for _ in x.bags) if x.part == "dev"]
    matrix = sparse.csr_matrix((np.array(weights, np.float32), cells, begin), shape=(len(goals), len(names)))
    more = again * (SETTLED - 1)
    matrix, goals = sparse.vstack([matrix, matrix[more]]).tocsr(), [*goals, *(goals[k] for k in more)]
    inner, shift, outer, base = _descend(matrix, goals, len(statements), seed)
    scale = np.abs(inner).max(axis=0) / 127.0
    return {
        "statements": _bytes(statements),
        "features": _bytes(names),
        "seen": np.array([counts[s] for s in statements], np.int32),
        "inner": np.round(inner / scale).astype(np.int8),
        "scale": scale.astype(np.float32),
        "shift": shift.astype(np.float16),
        "outer": outer.astype(np.float16),
        "base": base.astype(np.float16),
        "weights": np.zeros(1, np.float32),
    }


def _descend(matrix: Any, goals: Sequence[Sequence[int]], n: int, seed: int) -> tuple[Any, Any, Any, Any]:
    """Fit by Adam (Kingma and Ba 2015, arXiv 1412.6980; its usual constants) to the sum of logistic losses."""
    rng = np.random.default_rng(seed)
    inner = rng.normal(0, 0.05, (matrix.shape[1], UNITS)).astype(np.float32)
    outer = rng.normal(0, 0.05, (UNITS, n)).astype(np.float32)
    shift, base = np.zeros(UNITS, np.float32), np.full(n, -5.0, np.float32)
    slots = [(np.zeros_like(a), np.zeros_like(a)) for a in (inner, outer, shift, base)]
    steps = EPOCHS * -(-len(goals) // BATCH)
    done = 0
    for epoch in range(EPOCHS):
        order = rng.permutation(len(goals))
        for start in range(0, len(order), BATCH):
            rows = order[start : start + BATCH]
            x = matrix[rows]
            x.data = x.data * (rng.random(len(x.data)) < KEPT_FEATURES)
            wanted = np.zeros((len(rows), n), np.float32)
            for r, i in enumerate(rows):
                wanted[r, list(goals[i])] = 1.0
            before = x @ inner + shift
            mask = (before > 0) * ((rng.random(before.shape) < KEPT_UNITS) / KEPT_UNITS).astype(np.float32)
            units = before * mask
            slope = (1 / (1 + np.exp(-(units @ outer + base))) - wanted) / len(rows)
            back = (slope @ outer.T) * mask
            used = np.unique(x.indices)
            done += 1
            rate = RATE * (1 - done / (steps + 1)) + 1e-4
            rate *= np.sqrt(1 - 0.999**done) / (1 - 0.9**done)
            _step(inner, slots[0], np.asarray(x[:, used].T @ back), rate, used)
            _step(outer, slots[1], units.T @ slope, rate)
            _step(shift, slots[2], back.sum(0), rate)
            _step(base, slots[3], slope.sum(0), rate)
        print(f"  {epoch + 1}/{EPOCHS}", end="\r", file=sys.stderr, flush=True)
    return inner, shift, outer, base


def _step(array: Any, slot: tuple[Any, Any], slope: Any, rate: float, rows: Any = None) -> None:
    at = slice(None) if rows is None else rows
    first = 0.9 * slot[0][at] + 0.1 * slope
    second = 0.999 * slot[1][at] + 0.001 * slope * slope
    slot[0][at], slot[1][at] = first, second
    array[at] -= rate * first / (np.sqrt(second) + 1e-8)


def _bytes(lines: Sequence[str]) -> Any:
    return np.frombuffer("\n".join(lines).encode("utf-8"), np.uint8)


def rows_of(x: Example, models: Learned, table: Reliability, compiled: Compiled) -> dict[Key, list[float]]:
    """The statements that anything speaks for in a text, as they are weighed."""
    clear = by_key(models.told(x.bags, LEAST_OF_CLAUSES), compiled)
    return candidates(trusted(x, table, compiled), clear, learnt_keys(models, compiled), compiled, settle)


def fit_weights(rows: Sequence[Sequence[float]], right: Sequence[bool]) -> Any:
    """Logistic regression with a light ridge; the constant last."""
    x = np.column_stack([np.array(rows), np.ones(len(rows))])
    y = np.array(right, float)

    def loss(w: Any) -> tuple[float, Any]:
        z = x @ w
        ridge = 0.5 * float(w[:-1] @ w[:-1])
        slope = x.T @ (1 / (1 + np.exp(-z)) - y)
        slope[:-1] += w[:-1]
        return float(np.logaddexp(0, z).sum() - y @ z) + ridge, slope

    return optimize.minimize(loss, np.zeros(x.shape[1]), jac=True, method="L-BFGS-B", options={"maxiter": 2000}).x


def check(texts: Sequence[Example], compiled: Compiled) -> Any:
    """Fit by folds, print what they give, and return the weights of statements that all folds together ask for."""
    weighed: list[tuple[Example, dict[Key, list[float]]]] = []
    for fold in range(FOLDS):
        rest = [x for n, x in enumerate(texts) if n % FOLDS != fold]
        models, table = Learned(fit(rest)), Reliability(reliability(rest, compiled))
        weighed += [(x, rows_of(x, models, table, compiled)) for n, x in enumerate(texts) if n % FOLDS == fold]
        print(f"fold {fold + 1} of {FOLDS}: {len(models.statements)} statements from {len(rest)} texts")
    flat = [(x, k, row) for x, found in weighed for k, row in found.items() if _counts(x, k)]
    weights = fit_weights([row for *_, row in flat], [k in x.gold for x, k, _ in flat])
    for part in ("dev", "train"):
        for least in THRESHOLDS:
            _print(part, least, [(x, f) for x, f in weighed if x.part == part], weights, compiled)
    return weights


def _counts(x: Example, k: Key) -> bool:
    return k[1] != "uncertain" and (k[0], "uncertain") not in x.gold


def _print(
    part: str, least: float, weighed: Sequence[tuple[Example, dict[Key, list[float]]]], weights: Any, compiled: Compiled
) -> None:
    true = false = missed = 0
    for x, found in weighed:
        said = {
            k
            for k, row in found.items()
            if _counts(x, k) and 1 / (1 + np.exp(-(weights[:-1] @ row + weights[-1]))) >= least
        }
        said |= {
            key(u, compiled)
            for u in settle(x.gathered.found, compiled)
            if not is_weighed(u, compiled) and u.kind != "explanation"
        }
        wanted = {k for k in x.gold if k[1] != "uncertain"}
        true, false, missed = true + len(said & wanted), false + len(said - wanted), missed + len(wanted - said)
    p, r = true / max(true + false, 1), true / max(true + missed, 1)
    print(f"{part} at {least:.2f}: precision {p:.3f} recall {r:.3f} F1 {2 * p * r / (p + r):.3f}")


def write(arrays: dict[str, Any], path: Path) -> None:
    """An .npz whose bytes depend on the arrays alone (`numpy.savez` stamps the time)."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
        for name, array in sorted(arrays.items()):
            held = io.BytesIO()
            np.lib.format.write_array(held, np.ascontiguousarray(array), allow_pickle=False)
            archive.writestr(
                zipfile.ZipInfo(f"{name}.npy", (1980, 1, 1, 0, 0, 0)), held.getvalue(), zipfile.ZIP_DEFLATED
            )


def main() -> None:
    compiled = shipped_compiled()
    words = lexicon(compiled)
    words.reliability = Reliability({})
    texts = examples(compiled)
    told, parts = sum(len(x.gold) for x in texts), sum(len(x.bags) for x in texts)
    print(f"{len(texts)} texts, {told:,} statements, {parts:,} clauses")
    weights = check(texts, compiled)
    counts = reliability(texts, compiled)
    lines = ",\n".join(f" {json.dumps(k, ensure_ascii=False)}: {json.dumps(v)}" for k, v in counts.items())
    (WORDINGS / "reliability.json").write_text("{\n" + lines + "\n}\n", encoding="utf-8")
    arrays = fit(texts) | {"weights": np.asarray(weights, np.float32)}
    write(arrays, WORDINGS / "learned.npz")
    size = (WORDINGS / "learned.npz").stat().st_size
    print(
        f"written: reliability.json, learned.npz ({size / 1e6:.1f} MB); weights {[round(float(w), 2) for w in weights]}"
    )


if __name__ == "__main__":
    main()
