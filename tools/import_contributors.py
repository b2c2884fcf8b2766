"""One-time import: contributors, effects, blocks, markers, medicines and facts from the evidence folder.

    python tools/import_contributors.py EVIDENCE_FOLDER

The hand-made decisions stand beside this file in `import_contributors.yaml` and `import_medicines.yaml`. The files
written are the source of truth from then on; running the import again overwrites them.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import yaml
from import_effects import blocks, core_effects, hand_effects, markers
from import_facts import NOT_SHIPPED, all_facts, belief_records, cause_records, conflict_records, medicine_causes
from import_medicines import medicines as medicine_records
from knowledge_yaml import dump_records

HERE = Path(__file__).parent
DATA = HERE.parent / "src" / "soleus" / "knowledge" / "data"
CELLS = (
    "male_0_17",
    "female_0_17",
    "male_18_39",
    "female_18_39",
    "male_40_64",
    "female_40_64",
    "male_65_plus",
    "female_65_plus",
)
ONE_LINE = {"effect", "fact", "marker"}
Row = dict[str, Any]


def main(folder: Path) -> None:
    hand = read(HERE / "import_contributors.yaml")
    core, causes, drugs = (read(folder / f) for f in ("core/contributors.yaml", "causes.yaml", "medications.yaml"))
    facts = all_facts(causes, drugs, hand)
    contributors = [*known_contributors(core, hand), *new_contributors(hand)]
    known = {c["id"] for c in contributors}
    effects = [*core_effects(core, hand), *hand_effects(hand, facts)]
    write("contributors", "contributor", contributors)
    write("effects", "effect", effects)
    write("blocks", "block", blocks(hand))
    write("markers", "marker", markers(hand, DATA / "findings"))
    write("facts", "fact", list(facts.values()))
    write("beliefs", "belief", belief_records(causes, hand, facts))
    write("conflicts", "conflict", conflict_records(causes, hand))
    write("gaps", "gap", hand["gaps"])
    medicines = medicine_records(read(HERE / "import_medicines.yaml"), drugs, facts)
    write("medicines", "medicine", medicines)
    known_causes = cause_records(causes, hand, facts)
    write("causes", "cause", [*known_causes, *medicine_causes(medicines, contributors, effects, known_causes)])
    write_sources(folder, core, hand)
    report(known, effects, medicines)


def read(path: Path) -> Any:
    return yaml.load(path.read_text(encoding="utf-8"), yaml.CSafeLoader)


def write(name: str, kind: str, rows: list[Row]) -> None:
    """One file of one kind, sorted by id; keys without a value are left out."""
    ids = [r["id"] for r in rows]
    assert len(ids) == len(set(ids)), sorted(i for i in ids if ids.count(i) > 1)
    dump_records(DATA / f"{name}.yaml", kind, rows, one_line=kind in ONE_LINE)


# Contributors


def known_contributors(core: Row, hand: Row) -> list[Row]:
    return [contributor(c, hand["contributors"][c["id"]], hand) for c in core["contributors"]]


def contributor(c: Row, h: Row, hand: Row) -> Row:
    """One contributor of the evidence with the wording and the children's cells made by hand."""
    prevalence = {cell: c["prevalence"][cell]["value"] for cell in c["prevalence"]}
    prevalence |= dict(zip(CELLS[:2], h["child"], strict=True))
    of_all = c["prevalence"]["all"]
    return {
        "id": c["id"],
        "name": c["name"],
        "patient_name": h["patient"],
        "definition": h.get("definition", c["definition"]),
        "kind": h.get("kind", "disease"),
        **dates_and_kin(c["id"], hand),
        "codes": codes(c.get("codes") or {}, c.get("atc", [])),
        "synonyms": h["also"],
        "question": h["ask"],
        "burden": burden(c["id"], h.get("kind", "disease"), hand),
        "prevalence": ordered(prevalence),
        "prevalence_basis": of_all["basis"],
        "prevalence_source": of_all.get("source", []),
        "prevalence_spread": "wide" if of_all["basis"] == "expert" else "medium",
        "recorded_sensitivity": c["recorded_sensitivity"],
        "recorded_specificity": c["recorded_specificity"],
        "stated_ppv": h.get("stated_ppv"),
        "modifiable": h.get("modifiable"),
        "sex": h.get("sex"),
        "same_as": h.get("same_as") or hand["same_as"].get(c["id"]),
        "basis": c["recorded_basis"],
        "source": sorted({*c["recorded_source"], *(s for p in c["prevalence"].values() for s in p.get("source", []))}),
        "note": "; ".join(n for n in (c.get("recorded_note"), cell_note(c)) if n),
    }


def dates_and_kin(name: str, hand: Row) -> Row:
    """How long an event counts, and the explanations of which a contributor is the past or the family history."""
    return {key: hand[key][name] for key in ("window_days", "past_of", "family_of") if name in hand[key]}


def cell_note(c: Row) -> str:
    measured = [k for k, p in c["prevalence"].items() if p["basis"] != "expert" and k != "all"]
    return f"prevalence cells not expert: {', '.join(measured)}" if measured else "prevalence by age and sex is expert"


def new_contributors(hand: Row) -> list[Row]:
    out = []
    for key, h in hand["new_contributors"].items():
        prevalence = {"all": h["all"]} | dict(zip(CELLS, h["prevalence"], strict=True))
        out.append(
            {
                "id": key,
                "name": h["name"],
                "patient_name": h["patient"],
                "definition": h["definition"],
                "kind": h["kind"],
                **dates_and_kin(key, hand),
                "codes": codes({}, h.get("atc", [])),
                "synonyms": h["also"],
                "question": h["ask"],
                "burden": burden(key, h["kind"], hand),
                "prevalence": ordered(prevalence),
                "prevalence_basis": h.get("basis", "expert"),
                "prevalence_source": h.get("source", []),
                "prevalence_spread": "wide",
                "recorded_sensitivity": h["recorded"][0],
                "recorded_specificity": h["recorded"][1],
                "stated_ppv": h.get("stated_ppv"),
                "modifiable": h.get("modifiable"),
                "sex": h.get("sex"),
                "same_as": h.get("same_as"),
                "basis": "expert",
                "source": h.get("source", []),
                "note": h.get("note", "prevalence by age and sex is expert"),
            }
        )
    return out


def ordered(prevalence: Row) -> Row:
    return {cell: float(prevalence[cell]) for cell in ("all", *CELLS) if cell in prevalence}


def codes(by_system: Row, atc: list[str]) -> list[Row]:
    out = [{"system": s, "code": str(c)} for s, cs in by_system.items() for c in cs]
    return out + [{"system": "atc", "code": c} for c in atc]


def burden(key: str, kind: str, hand: Row) -> float:
    b = hand["burden"]
    return float(b["sensitive"] if key in b["sensitive_ids"] else b.get(kind, b["default"]))


# Sources


def write_sources(folder: Path, core: Row, hand: Row) -> None:
    """The sources that other files do not hold already: a key stands in one file only."""
    mine = ("contributors.yaml", "causes.yaml")
    others = [p for p in sorted((DATA / "sources").glob("*.yaml")) if p.name not in mine]
    taken = {r["id"] for p in others for r in read(p)["records"]}
    cause_sources = read(folder / "sources-causes.yaml")["sources"]
    causes = [source(k, v) for k, v in cause_sources.items() if k not in taken | NOT_SHIPPED]
    causes += [s for s in hand["sources"] if s["id"] not in taken]
    taken |= {s["id"] for s in causes}
    contributors = [source(s["key"], s) for s in core["sources"] if s["key"] not in taken]
    write("sources/causes", "source", causes)
    write("sources/contributors", "source", contributors)


def source(key: str, s: Row) -> Row:
    read_as = s.get("read") or s.get("figures_from") or "unknown"
    authors = s.get("authors")
    year = s.get("year")
    return {
        "id": key, "title": s["title"], "authors": authors, "year": int(year) if year else None,
        "journal": s.get("journal") or s.get("journal_or_site"), "doi": s.get("doi"),
        "pmid": str(s["pmid"]) if s.get("pmid") else None, "url": s.get("url"),
        "read": read_as if read_as in ("full", "abstract", "summary", "page", "secondary") else "unknown",
        "note": "; ".join(str(x) for x in (s.get("design"), s.get("note")) if x),
    }  # fmt: skip


def report(known: set[str], effects: list[Row], medicines: list[Row]) -> None:
    unknown = sorted({e["contributor"] for e in effects} - known)
    lost = sorted({c for m in medicines for c in m.get("contributors", [])} - known)
    print(f"{len(known)} contributors, {len(effects)} effects, {len(medicines)} medicines; unknown: {unknown} {lost}")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
