"""One-time import: contributors, effects, blocks, markers, medicines and facts from the evidence folder.

    python tools/import_contributors.py EVIDENCE_FOLDER

The hand-made decisions stand beside this file in `import_contributors.yaml` and `import_medicines.yaml`. The files
written are the source of truth from then on; running the import again overwrites them.
"""

from __future__ import annotations

import math
import re
import sys
from pathlib import Path
from typing import Any

import yaml

HERE = Path(__file__).parent
DATA = HERE.parent / "src" / "soleus" / "knowledge" / "data"
REVIEW = {
    "curator": "Soleus maintainers",
    "status": "submitted",
    "last_reviewed": "2026-11-21",
    "review_by": "2027-11-21",
}
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
NOT_SHIPPED = {"sider4"}
SHRINK_SD = 0.5
Row = dict[str, Any]


def main(folder: Path) -> None:
    hand = read(HERE / "import_contributors.yaml")
    core, causes, drugs = (
        read(folder / f) for f in ("core/contributors.yaml", "causes.yaml", "medications.yaml")
    )
    facts = all_facts(causes, drugs, hand)
    contributors = [*known_contributors(core, hand), *new_contributors(hand)]
    known = {c["id"] for c in contributors}
    effects = [*core_effects(core, hand), *hand_effects(hand, facts)]
    write("contributors", "contributor", contributors)
    write("effects", "effect", effects)
    write("blocks", "block", blocks(hand))
    write("markers", "marker", markers(hand))
    write("facts", "fact", list(facts.values()))
    write("causes", "cause", cause_records(causes, hand, facts))
    write("beliefs", "belief", belief_records(causes, hand, facts))
    write("conflicts", "conflict", conflict_records(causes, hand))
    write("gaps", "gap", hand["gaps"])
    medicines = medicine_records(read(HERE / "import_medicines.yaml"), drugs, facts)
    write("medicines", "medicine", medicines)
    write_sources(folder, core, hand)
    report(known, effects, medicines)


def read(path: Path) -> Any:
    return yaml.load(path.read_text(encoding="utf-8"), yaml.CSafeLoader)


def write(name: str, kind: str, rows: list[Row]) -> None:
    """One file of one kind, sorted by id; keys without a value are left out."""
    tidy = [{k: v for k, v in row.items() if v is not None and v != [] and v != ""} for row in rows]
    tidy.sort(key=lambda r: str(r["id"]))
    ids = [r["id"] for r in tidy]
    assert len(ids) == len(set(ids)), sorted(i for i in ids if ids.count(i) > 1)
    text = yaml.dump(
        {"kind": kind, "review": REVIEW, "records": tidy},
        default_flow_style=None,
        sort_keys=False,
        allow_unicode=True,
        width=100_000,
    )
    path = DATA / f"{name}.yaml"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")


# Facts


def fact_id(name: str) -> str:
    """An id of the evidence without the signs that ids may not hold: + and <, and in small letters."""
    return name.lower().replace("+", "-plus").replace("<", "under-")


def all_facts(causes: Row, drugs: Row, hand: Row) -> dict[str, Row]:
    """Every figure of the evidence as a fact, by id, without those that may not be shipped."""
    found: dict[str, Row] = {}
    for topic, row in [*epidemiology(causes), *cause_rows(causes), *drug_rows(drugs)]:
        if row["source"] in NOT_SHIPPED or row.get("do_not_quote"):
            continue
        record = fact(topic, row, hand)
        found.setdefault(record["id"], record)
    for row in hand["new_facts"]:
        found[row["id"]] = row
    return found


def epidemiology(causes: Row) -> list[tuple[str, Row]]:
    e = causes["epidemiology"]
    nhanes = e["nhanes_2005_2008"]
    out = [("nocturnal_leg_cramps", r) for r in e["nocturnal_leg_cramps"]]
    out += [("nocturnal_leg_cramps_nhanes", r) for r in nhanes["derived_prevalence"] + nhanes["derived_odds"]]
    return out + [(topic, r) for topic, rows in e["competing_conditions"].items() for r in rows]


def cause_rows(causes: Row) -> list[tuple[str, Row]]:
    return [(c["id"], r) for c in causes["causes"] for r in c["facts"]]


def drug_rows(drugs: Row) -> list[tuple[str, Row]]:
    return [(medicine_id(d["id"]), r) for d in drugs["drugs"] for r in d["strength"]]


def medicine_id(name: str) -> str:
    return name.replace("-", "_")


def fact(topic: str, row: Row, hand: Row) -> Row:
    sex = row.get("sex")
    return {
        "id": fact_id(row["id"]),
        "topic": topic,
        "statement": hand["statements"].get(row["id"], row["statement"]),
        "measure": row.get("statistic") or row["measure"],
        "value": row["value"],
        "low": row["ci_low"],
        "high": row["ci_high"],
        "interval": interval_of(row),
        "unit": row["unit"],
        "population": row["population"],
        "n": row.get("n") or row.get("cases"),
        "count": row.get("count") or row.get("exposed_cases"),
        "comparator_value": row.get("comparator_value"),
        "age": None if row.get("age") is None else str(row["age"]),
        "sex": sex if sex in ("female", "male") else None,
        "via": row.get("via"),
        "basis": row["basis"],
        "source": [row["source"]],
        "note": row.get("note"),
    }


def interval_of(row: Row) -> str | None:
    if row["ci_low"] is None:
        return None
    if "credible" in str(row.get("interval", "")):
        return "credible_95"
    ranged = (
        row["value"] is None
        or "not a confidence interval" in row.get("note", "")
        or "interval spans" in row.get("note", "")
    )
    return "range" if ranged else "confidence_95"


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
        "source": sorted(
            {*c["recorded_source"], *(s for p in c["prevalence"].values() for s in p.get("source", []))}
        ),
        "note": "; ".join(n for n in (c.get("recorded_note"), cell_note(c)) if n),
    }


def dates_and_kin(name: str, hand: Row) -> Row:
    """How long an event counts, and the explanations of which a contributor is the past or the family history."""
    return {key: hand[key][name] for key in ("window_days", "past_of", "family_of") if name in hand[key]}


def cell_note(c: Row) -> str:
    measured = [k for k, p in c["prevalence"].items() if p["basis"] != "expert" and k != "all"]
    return (
        f"prevalence cells not expert: {', '.join(measured)}"
        if measured
        else "prevalence by age and sex is expert"
    )


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


# Effects


def core_effects(core: Row, hand: Row) -> list[Row]:
    """The effects of the evidence, but for those replaced or left out by hand with a reason."""
    changed = {row["id"]: row for row in hand["effects_changed"]}
    out = []
    for c in core["contributors"]:
        for e in c["effects"]:
            row = core_effect(c["id"], e)
            if row["id"] in hand["effects_left_out"]:
                continue
            new = changed.get(row["id"])
            if new:
                row |= {
                    "rho": new["rho"],
                    "low": new["low"],
                    "high": new["high"],
                    "causal_rho": new["causal"],
                    "note": new["note"],
                    "basis": "expert",
                }
            out.append(row)
    return out


def core_effect(name: str, e: Row) -> Row:
    necessary = e["rho"] == "necessary"
    finer = [f"{k}: {e[k]}" for k in ("window", "by_window", "by_type", "by_sex", "by_severity") if k in e]
    if e.get("interval_basis"):
        finer.append(f"interval {e['interval_basis']}")
    return {
        "id": f"{name}.{e['explanation']}",
        "contributor": name,
        "explanation": e["explanation"],
        "rho": None if necessary else float(e["rho"]),
        "low": None if necessary else float(e["rho_low"]),
        "high": None if necessary else float(e["rho_high"]),
        "causal_rho": None if necessary else float(e["causal_rho"]),
        "necessary": necessary or None,
        "measure": e["measure"],
        "design": e["design"],
        "confounded": e["confounded"],
        "basis": e["basis"],
        "source": e["source"],
        "note": "; ".join([*([e["note"]] if e.get("note") else []), *finer]),
    }


def hand_effects(hand: Row, facts: dict[str, Row]) -> list[Row]:
    return [MAKERS[row["how"]](row, facts, hand) for row in hand["effects"]]


def effect(row: Row, **more: Any) -> Row:
    """A hand-made effect; what the maker found gives way to what the row states."""
    stated = {"causal_rho": row.get("causal"), "note": row.get("note"), "conflicts": row.get("conflicts")}
    stated |= {
        k: row[k]
        for k in ("measure", "design", "confounded", "basis", "source", "low", "high", "rho")
        if k in row
    }
    out: Row = {
        "id": f"{row['c']}.{row['s']}",
        "contributor": row["c"],
        "explanation": row["s"],
        "rho": None,
        "low": None,
        "high": None,
    }
    out |= more | {k: v for k, v in stated.items() if v is not None}
    for key in ("rho", "low", "high", "causal_rho"):
        out[key] = None if out.get(key) is None else round(float(out[key]), 2)
    return out


def from_sequence(row: Row, facts: dict[str, Row], _: Row) -> Row:
    f = facts[row["fact"]]
    return effect(
        row,
        rho=f["value"],
        low=f["low"],
        high=f["high"],
        measure="aSR",
        design="cohort",
        confounded="some",
        basis=f["basis"],
        source=f["source"],
        window_days=365,
    )


def from_risks(row: Row, _: dict[str, Row], __: Row) -> Row:
    """ln(1-p1)/ln(1-p0); the variance of ln(-ln(1-p)) is p / (n (1-p) ln(1-p)^2)."""
    (p1, n1), (p0, n0) = row["p1"], row["p0"]
    rho = math.log(1 - p1) / math.log(1 - p0)
    sd = math.sqrt(sum(p / (n * (1 - p) * math.log(1 - p) ** 2) for p, n in (row["p1"], row["p0"])))
    sums = f"ln(1-{p1})/ln(1-{p0}) = {rho:.2f}, n {n1} and {n0}"
    out = effect(
        row, rho=rho, low=rho * math.exp(-1.96 * sd), high=rho * math.exp(1.96 * sd), basis="derived"
    )
    return out | {"note": "; ".join(n for n in (sums, row.get("note")) if n)}


def from_odds(row: Row, facts: dict[str, Row], _: Row) -> Row:
    fs = [facts[f] for f in row["facts"]]
    ratio = math.exp(sum(math.log(f["value"]) for f in fs) / len(fs)) / row["duration_ratio"]
    sums = f"geometric mean of {' and '.join(str(f['value']) for f in fs)}, duration ratio {row['duration_ratio']}"
    return effect(
        row,
        rho=ratio,
        low=min(f["low"] for f in fs),
        high=max(f["high"] for f in fs),
        measure="OR",
        design="cross_sectional",
        basis="derived",
        source=fs[0]["source"],
        note=sums,
    )


def from_shrunk(row: Row, facts: dict[str, Row], _: Row) -> Row:
    f = facts[row["fact"]]
    variance = ((math.log(f["high"]) - math.log(f["low"])) / 3.92) ** 2
    weight = SHRINK_SD**2 / (SHRINK_SD**2 + variance)
    mean, sd = weight * math.log(f["value"]), math.sqrt(weight * variance)
    sums = f"odds ratio {f['value']} ({f['low']}-{f['high']}) drawn to 1 by a normal prior with sd {SHRINK_SD} on the log scale"
    out = effect(
        row,
        rho=math.exp(mean),
        low=math.exp(mean - 1.96 * sd),
        high=math.exp(mean + 1.96 * sd),
        measure="OR",
        basis="derived",
        source=f["source"],
    )
    return out | {"note": "; ".join(n for n in (sums, row.get("note")) if n)}


def from_family(row: Row, facts: dict[str, Row], hand: Row) -> Row:
    family = hand["families"][row["family"]]
    logs = [math.log(facts[fact_id(f)]["value"]) for f in family["facts"]]
    return effect(
        row,
        rho=math.exp(sum(logs) / len(logs) / 2),
        low=family["low"],
        high=family["high"],
        causal_rho=1.0,
        measure="OR",
        design="cross_sectional",
        confounded="high",
        family=row["family"],
        basis="derived",
        source=["nhanes0508"],
    ) | {"note": "; ".join(n for n in (family["why"], row.get("note")) if n)}


def from_given(row: Row, _: dict[str, Row], __: Row) -> Row:
    return effect(row)


def from_necessary(row: Row, _: dict[str, Row], __: Row) -> Row:
    return effect(row, necessary=True)


MAKERS = {
    "sequence": from_sequence, "risks": from_risks, "odds": from_odds, "shrunk": from_shrunk, "family": from_family,
    "given": from_given, "necessary": from_necessary,
}  # fmt: skip


# Blocks and markers


def blocks(hand: Row) -> list[Row]:
    return [
        {
            "id": key,
            "members": b["members"],
            "rule": b["rule"],
            "given": b.get("given", []),
            "basis": "expert",
            "note": b.get("note"),
        }
        for key, b in hand["blocks"].items()
    ]


def markers(hand: Row) -> list[Row]:
    """Markers for the findings that exist, their states read from the data; a test without intervals is left out."""
    findings = {
        r["id"]: r for path in sorted((DATA / "findings").rglob("*.yaml")) for r in finding_rows(path)
    }
    out = []
    for m in hand["markers"]:
        name = next((f for f in m["findings"] if f in findings and findings[f]["kind"] == "numeric"), None)
        if name:
            out.append(marker(m, name, findings[name]["states"]))
    return out


def marker(m: Row, finding: str, states: list[Row]) -> Row:
    """Each group keeps to its side of the limit, but for the share that looks like the other group."""
    low, high = (-math.inf, m["below"]) if "below" in m else (m.get("at_least", -math.inf), math.inf)
    outside = [(-math.inf, low), (high, math.inf)] if "stray" in m else [(low, high)]
    stray_with, stray_without = m.get("stray", (0.0, 0.0))
    with_it, without = (
        over_states(m["present"], states, [(low, high)]),
        over_states(m["absent"], states, outside),
    )
    floor = 0.00002 if "stray" in m else 0.002
    limit = f", limit {m.get('below', m.get('at_least'))}, strays {m['stray']}" if "stray" in m else ""
    return {
        "id": f"{m['contributor']}.{finding}",
        "contributor": m["contributor"],
        "finding": finding,
        "p_present": blend(with_it, without, stray_with, floor),
        "p_absent": blend(without, with_it, stray_without, floor),
        "spread": "wide",
        "basis": "expert",
        "note": f"present {m['present']}, absent {m['absent']}{limit}",
    }


def finding_rows(path: Path) -> list[Row]:
    tree = read(path)
    return list(tree["records"]) if tree["kind"] == "finding" else []


def over_states(spread: Row, states: list[Row], sides: list[tuple[float, float]]) -> list[float]:
    """The mass of a distribution, cut to ``sides``, over the intervals of the states."""
    ends = [
        (s.get("at_least") or -math.inf, math.inf if s.get("below") is None else s["below"]) for s in states
    ]
    held = [sum(mass(spread, max(a, lo), min(b, hi)) for lo, hi in sides) for a, b in ends]
    return [x / sum(held) for x in held]


def blend(own: list[float], other: list[float], stray: float, floor: float) -> list[float]:
    """(1 - stray) of one distribution and the rest of the other, none below the floor, with a sum of exactly 1."""
    raw = [max(floor, (1 - stray) * x + stray * y) for x, y in zip(own, other, strict=True)]
    p = [round(x / sum(raw), 5) for x in raw]
    top = p.index(max(p))
    p[top] = round(1 - sum(x for i, x in enumerate(p) if i != top), 5)
    return p


def mass(spread: Row, low: float, high: float) -> float:
    return max(0.0, cdf(spread, high) - cdf(spread, low)) if high > low else 0.0


def cdf(spread: Row, at: float) -> float:
    if math.isinf(at):
        return float(at > 0)
    if "normal" in spread:
        mean, sd = spread["normal"]
        z = (at - mean) / sd
    else:
        median, factor = spread["lognormal"]
        z = math.log(max(at, 1e-9) / median) / math.log(factor)
    return 0.5 * (1 + math.erf(z / math.sqrt(2)))


# Causes, beliefs, conflicts


def kept(names: list[str], facts: dict[str, Row]) -> list[str]:
    return [fact_id(n) for n in names if fact_id(n) in facts]


def cause_records(causes: Row, hand: Row, facts: dict[str, Row]) -> list[Row]:
    out = []
    for c in causes["causes"]:
        h = hand["causes"][c["id"]]
        names = kept([r["id"] for r in c["facts"]], facts)
        out.append(
            {
                "id": c["id"],
                "name": c["name"],
                "patient_name": h["patient_name"],
                "verdict": c["verdict"],
                "statement": h["statement"],
                "patient_statement": h["patient"],
                "facts": names,
                "contributors": h["contributors"],
                "basis": "derived",
                "source": sorted({s for n in names for s in facts[n]["source"]}),
            }
        )
    return out


def belief_records(causes: Row, hand: Row, facts: dict[str, Row]) -> list[Row]:
    out = []
    for b in causes["common_beliefs"]:
        h = hand["beliefs"][b["id"]]
        names = kept(b["evidence"], facts)
        out.append(
            {
                "id": b["id"],
                "belief": b["belief"],
                "verdict": b["verdict"],
                "statement": h["statement"],
                "patient_statement": h["patient"],
                "facts": names,
                "contributors": h.get("contributors", []),
                "medicines": h.get("medicines", []),
                "basis": "derived",
                "source": sorted({s for n in names for s in facts[n]["source"]}),
            }
        )
    return out


def conflict_records(causes: Row, hand: Row) -> list[Row]:
    named = {c["topic"]: c for c in causes["conflicts"]}
    out = []
    for key, h in hand["conflicts"].items():
        items = named.get(h.get("topic"), {}).get("items", [])
        out.append(
            {
                "id": f"conflict-{key}",
                "topic": key,
                "facts": [fact_id(i) for i in items],
                "statement": h["statement"],
                "chosen": h["chosen"],
                "basis": h.get("basis", "derived"),
                "source": h.get("source", []),
            }
        )
    return out


# Medicines


def medicine_records(hand: Row, drugs: Row, facts: dict[str, Row]) -> list[Row]:
    from import_medicines import medicines

    return medicines(hand, drugs, facts)


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
    print(
        f"{len(known)} contributors, {len(effects)} effects, {len(medicines)} medicines; unknown: {unknown} {lost}"
    )


if __name__ == "__main__":
    main(Path(sys.argv[1]))
