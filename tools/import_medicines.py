"""Medicines from the hand-made list and the evidence (used by `import_contributors.py`)."""

from __future__ import annotations

from typing import Any

Row = dict[str, Any]
#: Medicines of the evidence under another id here.
RENAMED = {"beta-blocker-no-isa": "beta_blocker_no_isa", "ssa-negative-controls": "negative_controls"}
NOTHING_KNOWN = [
    "none_known",
    "not_known",
    "No link with leg cramps is known to this knowledge base.",
    "We know of no link between this medicine and leg cramps.",
    "expert",
    [],
]


def medicines(hand: Row, drugs: Row, facts: dict[str, Row]) -> list[Row]:
    """Every medicine, with codes and facts of the evidence where it has them."""
    evidence = {RENAMED.get(d["id"], d["id"].replace("-", "_")): d for d in drugs["drugs"]}
    named = {**hand["classes"], **{k: ingredient(k, v, hand) for k, v in hand["ingredients"].items()}}
    lost = set(evidence) - set(named) - {"negative_controls"}
    assert not lost, sorted(lost)
    by_topic: dict[str, list[str]] = {}
    for f in facts.values():
        by_topic.setdefault(f["topic"], []).append(f["id"])
    add_unknown(named)
    out = [medicine(key, h, evidence.get(key, {}), by_topic.get(key, []), hand) for key, h in named.items()]
    return [*out, negative_controls(by_topic["ssa_negative_controls"])]


def ingredient(key: str, line: list[Any], hand: Row) -> Row:
    name, classes, names = line
    level = "combination" if " with " in name else "ingredient"
    return {"name": name, "in": classes, "names": names, "level": level, **hand["overrides"].get(key, {})}


def medicine(key: str, h: Row, e: Row, facts: list[str], hand: Row) -> Row:
    cramp = judgement(h.get("cramp"), [f for f in facts if "-rls-" not in f])
    rls = judgement(h.get("rls"), [f for f in facts if "-rls-" in f])
    shown = [j for j in (cramp, rls) if j]
    return {
        "id": key,
        "name": h["name"],
        "level": h.get("level", "class"),
        "member_of": h.get("in", []),
        "names": names_of(h),
        "codes": codes_of(key, e, hand),
        "contributors": contributors_of(h, hand),
        "cramp": cramp,
        "restless_legs": rls,
        "onset_days": h.get("onset"),
        "discuss": h.get("discuss"),
        "patient_discuss": h.get("patient_discuss"),
        "do_not": h.get("do_not"),
        "patient_do_not": h.get("patient_do_not"),
        "cautions": [caution(c) for c in h.get("cautions", [])],
        "interactions": [interaction(i) for i in h.get("interactions", [])],
        "basis": shown[0]["basis"] if shown else "expert",
        "source": sorted({s for j in shown for s in j["source"]}),
        "note": h.get("note"),
    }


def add_unknown(named: dict[str, Row]) -> None:
    """A judgement for every medicine: nothing known, where neither it nor a class of it has one."""
    for h in named.values():
        above = [named[k] for k in h.get("in", [])]
        if "cramp" not in h and not any("cramp" in a or a.get("in") for a in above):
            h["cramp"] = NOTHING_KNOWN


def names_of(h: Row) -> list[str]:
    """The name itself, without what stands in brackets, then the other names, each once."""
    first = h["name"].split(" (")[0]
    return list(dict.fromkeys([first, *h["names"]]))


def contributors_of(h: Row, hand: Row) -> list[str]:
    """Own contributors; a fixed combination gathers those of all its classes, others inherit."""
    if "contributors" in h or len(h.get("in", [])) < 2:
        return list(h.get("contributors", []))
    return list(dict.fromkeys(c for k in h["in"] for c in hand["classes"][k].get("contributors", [])))


def codes_of(key: str, e: Row, hand: Row) -> list[Row]:
    atc = hand["atc"].get(key, e.get("atc") or [])
    codes = [{"system": "atc", "code": c} for c in atc]
    if e.get("rxcui"):
        codes.append({"system": "rxnorm", "code": str(e["rxcui"])})
    return codes


def judgement(line: list[Any] | None, facts: list[str]) -> Row | None:
    if line is None:
        return None
    verdict, relation, statement, patient, basis, source = line
    return {
        "verdict": verdict, "relation": relation, "statement": statement, "patient_statement": patient,
        "facts": sorted(facts), "basis": basis, "source": source,
    }  # fmt: skip


def caution(line: list[Any]) -> Row:
    about, statement, patient, basis, source = line
    return {"about": about, "statement": statement, "patient_statement": patient, "basis": basis, "source": source}


def interaction(i: Row) -> Row:
    return {
        "medicines": i.get("medicines", []), "contributors": i.get("contributors", []), "statement": i["statement"],
        "patient_statement": i["patient"], "basis": i["basis"], "source": i["source"],
    }  # fmt: skip


def negative_controls(facts: list[str]) -> Row:
    """The evidence's pair of negative controls, kept as a class without members of its own."""
    text = "Inhaled anticholinergics and beta-blockers were the negative controls of the sequence study."
    cramp = judgement(
        ["weak", "no_effect", text, "These medicines were not expected to cause cramps.", "qualitative", ["wilke2012"]],
        facts,
    )
    return {
        "id": "negative_controls", "name": "Negative controls of the sequence study", "level": "class",
        "names": ["negative controls"], "cramp": cramp, "basis": "qualitative", "source": ["garrison2012", "wilke2012"],
        "note": "for the record; medicines belong to lama or to a beta-blocker class",
    }  # fmt: skip
