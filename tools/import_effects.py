"""Effects, blocks and markers from the evidence and the hand-made decisions (used by `import_contributors.py`)."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import yaml
from import_facts import fact_id

Row = dict[str, Any]
SHRINK_SD = 0.5


def core_effects(core: Row, hand: Row) -> list[Row]:
    """The effects of the evidence, but for those replaced or left out by hand with a reason."""
    changed = {row["id"]: row for row in hand["effects_changed"]}
    rows = [core_effect(c["id"], e, hand["expert_causal_power"]) for c in core["contributors"] for e in c["effects"]]
    return [change(row, changed.get(row["id"])) for row in rows if row["id"] not in hand["effects_left_out"]]


def change(row: Row, new: Row | None) -> Row:
    """The row with what a hand-made change states; a new ratio is expert."""
    if new is None:
        return row
    out = row | {k: new[k] for k in ("rho", "low", "high", "note") if k in new} | {"causal_rho": new["causal"]}
    return out | ({"basis": "expert"} if "rho" in new else {})


def core_effect(name: str, e: Row, power: float) -> Row:
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
        "causal_rho": None if necessary else causal(e, power),
        "necessary": necessary or None,
        "measure": e["measure"],
        "design": e["design"],
        "confounded": e["confounded"],
        "basis": e["basis"],
        "source": e["source"],
        "note": "; ".join([*([e["note"]] if e.get("note") else []), *finer]),
    }


def causal(e: Row, power: float) -> float:
    """The causal part; drawn nearer to 1 where an expert row had it from the rule rho ** 0.8."""
    ruled = abs(e["causal_rho"] - e["rho"] ** 0.8) < 0.011 * e["rho"]
    weak = e["basis"] == "expert" and e["confounded"] == "some" and ruled
    return round(e["rho"] ** power, 2) if weak else float(e["causal_rho"])


def hand_effects(hand: Row, facts: dict[str, Row]) -> list[Row]:
    return [MAKERS[row["how"]](row, facts, hand) for row in hand["effects"]]


def effect(row: Row, **more: Any) -> Row:
    """A hand-made effect; what the maker found gives way to what the row states."""
    stated = {"causal_rho": row.get("causal"), "note": row.get("note"), "conflicts": row.get("conflicts")}
    stated |= {
        k: row[k] for k in ("measure", "design", "confounded", "basis", "source", "low", "high", "rho") if k in row
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
    out = effect(row, rho=rho, low=rho * math.exp(-1.96 * sd), high=rho * math.exp(1.96 * sd), basis="derived")
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
    ratio = f"odds ratio {f['value']} ({f['low']}-{f['high']})"
    sums = f"{ratio} drawn to 1 by a normal prior with sd {SHRINK_SD} on the log scale"
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


def markers(hand: Row, folder: Path) -> list[Row]:
    """Markers for the findings that exist, their states read from the data; a test without intervals is left out."""
    findings = {r["id"]: r for path in sorted(folder.rglob("*.yaml")) for r in finding_rows(path)}
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
    tree = yaml.load(path.read_text(encoding="utf-8"), yaml.CSafeLoader)
    return list(tree["records"]) if tree["kind"] == "finding" else []


def over_states(spread: Row, states: list[Row], sides: list[tuple[float, float]]) -> list[float]:
    """The mass of a distribution, cut to ``sides``, over the intervals of the states."""
    ends = [(s.get("at_least") or -math.inf, math.inf if s.get("below") is None else s["below"]) for s in states]
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
