"""Facts, causes, beliefs and conflicts from the evidence (used by `import_contributors.py`)."""

from __future__ import annotations

from typing import Any

Row = dict[str, Any]
NOT_SHIPPED = {"sider4"}


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
        "count": row.get("count"),
        "comparator_value": row.get("comparator_value"),
        "age": None if row.get("age") is None else str(row["age"]),
        "sex": sex if sex in ("female", "male") else None,
        "via": row.get("via"),
        "basis": row["basis"],
        "source": [row["source"]],
        "note": "; ".join(n for n in (row.get("note"), exposed(row)) if n),
    }


def exposed(row: Row) -> str | None:
    return f"{row['exposed_cases']} exposed cases" if "exposed_cases" in row else None


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


def medicine_causes(medicines: list[Row], contributors: list[Row], effects: list[Row], known: list[Row]) -> list[Row]:
    """A cause for each medicine contributor that acts on night cramps, in the words of its class."""
    has = {c for cause in known for c in cause["contributors"]}
    acts = {e["contributor"] for e in effects if e["explanation"] == "nocturnal_leg_cramp"}
    out = []
    for c in contributors:
        if c["kind"] != "medicine" or c["id"] in has or c["id"] not in acts:
            continue
        judged = [m for m in medicines if c["id"] in m.get("contributors", []) and m.get("cramp")]
        best = min(judged, key=lambda m: (m["level"] != "class", len(m["contributors"]), len(m["member_of"]), m["id"]))
        j = best["cramp"]
        words = {"verdict": j["verdict"], "statement": j["statement"], "patient_statement": j["patient_statement"]}
        names = {"id": c["id"], "name": c["name"], "patient_name": c["patient_name"]}
        basis = {"facts": j["facts"], "contributors": [c["id"]], "basis": j["basis"], "source": j["source"]}
        out.append(names | words | basis)
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
