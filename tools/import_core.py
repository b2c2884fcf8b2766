"""Turn the evidence files into the records of the posterior, once.

    python tools/import_core.py EVIDENCE_FOLDER [--overwrite] [explanation likelihood background rate source]

Reads ``core/*.yaml``, ``codes.yaml`` and the source lists of the evidence folder, the findings that stand in
``src/soleus/knowledge/data/findings`` and the decisions made by hand in ``tools/import_core.yaml``, and writes the
kinds that are named (all without a name). The data files are the truth afterwards: they are edited directly, so a
kind that is there already is only written again with ``--overwrite``, which loses such edits. Findings are never
written.
"""

from __future__ import annotations

import math
import re
import sys
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

import yaml
from knowledge_yaml import dump_records

HERE = Path(__file__).parent
DATA = HERE.parent / "src" / "soleus" / "knowledge" / "data"
AREAS = ("movement", "vascular", "nerve", "musculoskeletal")
FLOOR, CEILING = 0.005, 0.995
STRENGTH = {"measured": 3, "derived": 3, "qualitative": 2, "guideline": 2, "expert": 1}
SPREAD = {
    "measured": "medium",
    "derived": "medium",
    "qualitative": "wide",
    "guideline": "wide",
    "expert": "wide",
}
Row = dict[str, Any]


@cache
def read(path: Path) -> Any:
    return yaml.load(path.read_text(encoding="utf-8"), Loader=yaml.CSafeLoader)


def as_list(value: Any) -> list[Any]:
    return [] if value is None else list(value) if isinstance(value, list | tuple) else [value]


# ---------------------------------------------------------------- numbers


def logit(p: float) -> float:
    return math.log(p / (1 - p))


def expit(x: float) -> float:
    return 1 / (1 + math.exp(-x))


def pooled(values: Sequence[float]) -> float:
    """The mean on the logit scale."""
    bounded = [min(max(v, FLOOR), CEILING) for v in values]
    return expit(sum(map(logit, bounded)) / len(bounded))


def distribution(p: Sequence[float]) -> list[float]:
    """Cut at the floor, sum to exactly 1 at four decimals; the largest takes up the rest."""
    cut = [min(max(v / sum(p), FLOOR), CEILING) for v in p]
    out = [round(v / sum(cut), 4) for v in cut]
    top = out.index(max(out))
    out[top] = round(1 - sum(v for i, v in enumerate(out) if i != top), 4)
    return out


def with_state(p: Sequence[float], at: int, value: float) -> list[float]:
    """``p`` with one state set and the others scaled to keep their proportions."""
    rest = sum(v for i, v in enumerate(p) if i != at)
    return [value if i == at else v * (1 - value) / rest for i, v in enumerate(p)]


# ---------------------------------------------------------------- the evidence


class Evidence:
    """The evidence folder, the decisions and the findings that are already written."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.decisions: Row = read(HERE / "import_core.yaml")
        areas = [read(folder / "core" / f"{a}.yaml") for a in AREAS]
        self.explanations: list[Row] = [e for a in areas for e in a["explanations"]]
        self.rates: Row = read(folder / "core" / "rates.yaml")
        self.findings = {r["id"]: r for f in sorted((DATA / "findings").glob("*.yaml")) for r in read(f)["records"]}

    def states(self, finding: str) -> list[str]:
        return [s["id"] for s in self.findings[finding]["states"]]

    def core_findings(self) -> list[str]:
        return [f for f, r in self.findings.items() if r.get("core")]

    def target(self, old: str, owner: str) -> str:
        """Where a key feature of an explanation goes."""
        split = self.decisions["splits"].get(old, {})
        return str(split.get(owner, self.decisions["map"][old]))

    def features(self) -> Iterator[tuple[str, str, bool, Row]]:
        """(explanation, canonical finding, opposite?, key feature) of those that became findings."""
        for e in self.explanations:
            for k in e["key_features"]:
                goal = self.target(k["finding"], e["id"])
                if ":" not in goal:
                    yield e["id"], goal.lstrip("!"), goal.startswith("!"), k


# ---------------------------------------------------------------- likelihoods


def likelihoods(ev: Evidence) -> Iterator[Row]:
    yield from core_likelihoods(ev)
    yield from feature_likelihoods(ev)


def core_likelihoods(ev: Evidence) -> Iterator[Row]:
    better = {(b["explanation"], b["finding"]): b for b in ev.decisions["better_founded"]}
    for e in ev.explanations:
        for finding in ev.core_findings():
            cell = e["core"][finding]
            row = likelihood(e["id"], finding, distribution(cell["p"]), cell)
            yield correct(ev, row, better.get((e["id"], finding)))


def likelihood(explanation: str, finding: str, p: list[float], about: Mapping[str, Any]) -> Row:
    return {
        "id": f"{explanation}.{finding}",
        "explanation": explanation,
        "finding": finding,
        "p": p,
        "spread": about.get("spread") or SPREAD[about["basis"]],
        "n": about.get("n"),
        "basis": about["basis"],
        "source": as_list(about.get("source")),
        "note": about.get("note"),
        "conflicts": about.get("conflicts"),
    }


def correct(ev: Evidence, row: Row, better: Row | None) -> Row:
    """A cell replaced by a better founded figure; what it replaced is recorded."""
    if better is None:
        return row
    states, p = ev.states(row["finding"]), row["p"]
    for state, value in better.get("set", {}).items():
        p = with_state(p, states.index(state), value)
    new = {k: v for k, v in better.items() if k not in ("set",)}
    return {**row, **new, "p": distribution(new.get("p", p)), "id": row["id"]}


def feature_likelihoods(ev: Evidence) -> Iterator[Row]:
    rows: dict[tuple[str, str], list[tuple[bool, Row]]] = defaultdict(list)
    for explanation, finding, opposite, feature in ev.features():
        rows[explanation, finding].append((opposite, feature))
    cells: Row = ev.decisions["cells"]
    for (explanation, finding), found in sorted(rows.items()):
        if explanation not in cells.get(finding, {}) and len(ev.states(finding)) == 2:
            yield from_features(explanation, finding, found)
    for finding, by_explanation in cells.items():
        about = by_explanation.get("_", {})
        for explanation, value in by_explanation.items():
            if explanation != "_":
                yield from_cell(ev, explanation, finding, value, about, rows.get((explanation, finding), []))


def from_features(explanation: str, finding: str, found: list[tuple[bool, Row]]) -> Row:
    best = max(STRENGTH[f["basis"]] for _, f in found)
    kept = [(o, f) for o, f in found if STRENGTH[f["basis"]] == best]
    p = pooled([1 - f["p"] if o else f["p"] for o, f in kept])
    about = {
        "basis": kept[0][1]["basis"] if len(kept) == 1 else "derived" if best == 3 else kept[0][1]["basis"],
        "source": sources_of(f for _, f in kept),
        "note": note_of(finding, found, kept),
    }
    return likelihood(explanation, finding, distribution([p, 1 - p]), about)


def sources_of(features: Iterable[Row]) -> list[str]:
    return list(dict.fromkeys(s for f in features for s in as_list(f.get("source"))))


def note_of(finding: str, found: list[tuple[bool, Row]], kept: list[tuple[bool, Row]]) -> str | None:
    """Where the number came from, if it is not the one key feature of that name."""
    notes = [f["note"] for _, f in kept if f.get("note")]
    if len(found) > 1:
        parts = ", ".join(f"{'not ' if o else ''}{f['finding']} {f['p']} ({f['basis']})" for o, f in found)
        notes.insert(0, f"mean on the logit scale of the best founded of: {parts}")
    elif found[0][0] or found[0][1]["finding"] != finding:
        o, f = found[0]
        notes.insert(0, f"from {'the opposite of ' if o else ''}{f['finding']} ({f['says']})")
    return "; ".join(notes) or None


def from_cell(
    ev: Evidence, explanation: str, finding: str, value: Any, about: Row, found: list[tuple[bool, Row]]
) -> Row:
    """A cell set by hand: a number (yes|no) or a distribution; the key features behind it lend their sources."""
    p = value if isinstance(value, list) else [value, 1 - value]
    if len(p) != len(ev.states(finding)):
        raise SystemExit(f"{explanation}.{finding}: {len(p)} numbers for {len(ev.states(finding))} states")
    strong = [f for _, f in found if STRENGTH[f["basis"]] == 3]
    note = "spread over the states by hand from " if found else about.get("note", "shared among look-alikes; estimate")
    said = ", ".join(f"{f['finding']} {f['p']} ({f['basis']})" for _, f in found)
    shown = {
        "basis": "derived" if strong else "expert",
        "spread": "medium" if strong else "wide",
        "source": sources_of(f for _, f in found),
        "note": note + said,
    }
    return likelihood(explanation, finding, distribution(p), shown)


# ---------------------------------------------------------------- backgrounds


def backgrounds(ev: Evidence, rows: Sequence[Row]) -> Iterator[Row]:
    by_finding: dict[str, dict[str, Row]] = defaultdict(dict)
    for r in rows:
        by_finding[r["finding"]][r["explanation"]] = r
    others: dict[str, list[float]] = defaultdict(list)
    for _, finding, opposite, feature in ev.features():
        others[finding].append(1 - feature["among_others"] if opposite else feature["among_others"])
    set_by_hand: Row = ev.decisions["backgrounds"]
    markers = set(ev.decisions["markers"])
    for finding, record in ev.findings.items():
        if record.get("core"):
            yield core_background(ev, finding, by_finding[finding])
        elif finding in set_by_hand:
            yield hand_background(finding, set_by_hand[finding])
        elif others[finding] and finding not in markers:
            p = pooled(others[finding])
            note = f"mean on the logit scale of the comparison shares of {len(others[finding])} key features"
            yield background(finding, distribution([p, 1 - p]), "derived", note)


def background(finding: str, p: list[float], basis: str, note: str) -> Row:
    return {"id": finding, "p": p, "spread": "wide", "basis": basis, "note": note}


def hand_background(finding: str, value: Any) -> Row:
    p = value if isinstance(value, list) else [value, 1 - value]
    return background(finding, distribution(p), "expert", "estimate among people with any leg complaint")


def core_background(ev: Evidence, finding: str, rows: Mapping[str, Row]) -> Row:
    """The mean over all explanations, each weighted by its rate (all ages, both sexes, primary care)."""
    weights = {r["id"]: sum(r["primary_care"]["per_100k_person_years"].values()) for r in ev.rates["rates"]}
    total = sum(weights[e] for e in rows)
    p = [sum(weights[e] * r["p"][i] for e, r in rows.items()) / total for i in range(len(ev.states(finding)))]
    return background(finding, distribution(p), "derived", "mean over the explanations, weighted by their rates")


# ---------------------------------------------------------------- rates


def rates(ev: Evidence) -> Iterator[Row]:
    for r in ev.rates["rates"]:
        care = r["primary_care"]
        setting = {k: v for k, v in r["setting_multiplier"].items() if k != "basis"}
        yield {
            "id": r["id"],
            "per_100k": care["per_100k_person_years"],
            "spread": care["spread"],
            "setting": {"primary_care": 1, **setting},
            "pregnancy_ratio": pregnancy(r.get("pregnancy_ratio")),
            "child_age_factor": care.get("child_age_factor"),
            "basis": care["basis"],
            "source": as_list(care.get("source")),
            "note": care.get("how"),
        }


def pregnancy(ratio: Row | None) -> Row | None:
    if not ratio:
        return None
    return {
        "value": ratio["ratio"],
        "spread": SPREAD[ratio["basis"]],
        "basis": ratio["basis"],
        "source": as_list(ratio.get("source")),
        "note": ratio.get("how"),
    }


# ---------------------------------------------------------------- explanations


def explanations(ev: Evidence) -> Iterator[Row]:
    words: Row = ev.decisions["explanations"]
    ids = {e["id"] for e in ev.explanations}
    for e in ev.explanations:
        said = words[e["id"]]
        yield {
            "id": e["id"],
            "name": e["name"],
            "patient_name": said["name"],
            "family": e["family"],
            "definition": e["definition"],
            "patient_definition": said["definition"],
            "codes": codes(ev, e, said),
            "synonyms": list(dict.fromkeys([*e["synonyms"], *said.get("synonyms", [])])),
            "acuity": e["acuity"],
            "must_not_miss": e["must_not_miss"],
            "why": e.get("why"),
            "confused_with": [c for c in e["confused_with"] if c in ids],
            "basis": "expert",
            "source": [],
        }


def codes(ev: Evidence, e: Row, said: Row) -> list[Row]:
    """The codes of the matrix, split; a verified row of codes.yaml comes first and lends its display."""
    listed = {
        (s, r["code"]): r["display"]
        for s in ("icd10cm", "icd11", "icd9cm", "snomed")
        for r in read(ev.folder / "codes.yaml")[s]
        if r["verified"]
    }
    found: dict[tuple[str, str], Row] = {}
    extra = [(k, c) for k, c in said.get("codes", [])]
    for system, code in [*extra, *matrix_codes(e.get("codes") or {})]:
        row = {"system": system, "code": code, "display": listed.get((system, code))}
        found.setdefault((system, code), row)
    return list(found.values())


def matrix_codes(given: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    """``I71.00, I71.30`` is two codes; a trailing dash leaves the category; remarks and ``A with B`` are left out."""
    for system, text in given.items():
        for part in re.split(r"[,;]", re.sub(r"\(.*?\)", "", text)):
            word = re.sub(r"X*-$", "", part.strip()).rstrip(".")
            if re.fullmatch(r"[A-Z]\d[0-9A-Z](\.[0-9A-Z]{1,4})?", word):
                yield system, word


# ---------------------------------------------------------------- sources


def sources(ev: Evidence) -> Iterator[tuple[str, Row]]:
    """(file, record) of every source of the evidence; of two with one key the more complete is kept."""
    elsewhere = {
        r["id"]
        for f in (DATA / "sources").glob("*.yaml")
        if f.stem not in set(SOURCE_FILES.values())
        for r in read(f)["records"]
    }
    found: dict[str, list[tuple[str, Row]]] = defaultdict(list)
    for name, rows in source_lists(ev):
        for key, row in rows:
            found[key].append((name, source(key, row)))
    for key, versions in found.items():
        if key not in elsewhere:
            yield merge_sources(versions, ev.decisions["identifiers"].get(key, {}))


SOURCE_FILES = {
    "movement": "movement",
    "vascular": "vascular",
    "nerve": "nerve",
    "musculoskeletal": "musculoskeletal",
    "rates": "rates",
    "contributors": "rates",  # the files causes and contributors come with the contributors
    "differential": "differential",
    "causes": "rates",
    "management": "management",
}


def source_lists(ev: Evidence) -> Iterator[tuple[str, list[tuple[str, Row]]]]:
    for name in ("differential", "causes", "management"):
        document = read(ev.folder / f"sources-{name}.yaml")
        yield name, list(document.get("sources", document).items())
    for name in (*AREAS, "rates", "contributors"):
        rows = read(ev.folder / "core" / f"{name}.yaml").get("sources", [])
        yield name, [(r["key"], r) for r in rows]


READ = {"full", "abstract", "summary", "page", "secondary"}


def source(key: str, row: Row) -> Row:
    depth = str(row.get("read") or row.get("figures_from") or "").split()
    return {
        "id": key,
        "title": row["title"] or "(title not known)",
        "authors": row.get("authors"),
        "year": row.get("year") if isinstance(row.get("year"), int) else None,
        "journal": row.get("journal") or row.get("journal_or_site"),
        "doi": text(row.get("doi")),
        "pmid": text(row.get("pmid")),
        "isbn": text(row.get("isbn")),
        "url": text(row.get("url")),
        "read": next((d.strip(",;") for d in depth if d.strip(",;") in READ), "unknown"),
        "note": row.get("note"),
    }


def text(value: Any) -> str | None:
    return None if value is None else str(value)


def merge_sources(versions: list[tuple[str, Row]], known: Row) -> tuple[str, Row]:
    """The version with most fields, its gaps filled from the others; titles that differ are noted."""
    name, best = max(versions, key=lambda v: sum(x not in (None, "unknown") for x in v[1].values()))
    merged = dict(best)
    for _, other in versions:
        if plain(other["title"]) == plain(best["title"]):
            merged.update({k: v for k, v in other.items() if merged[k] in (None, "unknown") and v is not None})
    merged.update(known)
    titles = {plain(v["title"]): v["title"] for _, v in versions}
    notes = [merged["note"]] if merged.get("note") else []
    notes += [f"also listed as: {t}" for p, t in titles.items() if p != plain(best["title"])]
    if not any(merged.get(k) for k in ("doi", "pmid", "isbn", "url")):
        notes.append("identifier not known")
    return SOURCE_FILES[name], {**merged, "note": "; ".join(notes) or None}


def plain(title: str) -> str:
    return re.sub(r"\W+", "", title).lower()


# ---------------------------------------------------------------- main


def main(folder: Path, kinds: Sequence[str]) -> None:
    ev = Evidence(folder)
    rows = sorted(likelihoods(ev), key=lambda r: r["id"])
    families = {e["id"]: e["family"] for e in ev.explanations}
    if "likelihood" in kinds:
        write_by(rows, "likelihood", lambda r: families[r["explanation"]], one_line=True)
    if "background" in kinds:
        dump_records(DATA / "backgrounds" / "backgrounds.yaml", "background", list(backgrounds(ev, rows)), True)
    if "rate" in kinds:
        write_by(list(rates(ev)), "rate", lambda r: families[r["id"]])
    if "explanation" in kinds:
        write_by(list(explanations(ev)), "explanation", lambda r: r["family"])
    if "source" in kinds:
        found = list(sources(ev))
        for name in dict(found):
            dump_records(DATA / "sources" / f"{name}.yaml", "source", [r for n, r in found if n == name])


def write_by(rows: Sequence[Row], kind: str, key: Any, one_line: bool = False) -> None:
    files: dict[str, list[Row]] = defaultdict(list)
    for r in rows:
        files[key(r)].append(r)
    for name, records in files.items():
        dump_records(DATA / f"{kind}s" / f"{name}.yaml", kind, records, one_line)


ALL = ("explanation", "likelihood", "background", "rate", "source")


def started(arguments: Sequence[str]) -> None:
    """Read the command line; refuse to lose edits made by hand."""
    kinds = [a for a in arguments[1:] if a in ALL] or list(ALL)
    there = [k for k in kinds if (DATA / f"{k}s").exists()]
    if there and "--overwrite" not in arguments:
        raise SystemExit(f"{', '.join(there)}: there already, and edited since; --overwrite writes them anew")
    main(Path(arguments[0]), kinds)


if __name__ == "__main__":
    started(sys.argv[1:])
