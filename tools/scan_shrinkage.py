"""How far to draw expert likelihoods towards the background: the open half of the vignettes under several values.

    python tools/scan_shrinkage.py

Prints a table for docs/adr/0007. The half that was set aside is not looked at.
"""

from __future__ import annotations

import math
from pathlib import Path
from statistics import mean

import msgspec

from soleus.errors import SoleusError
from soleus.inference.posterior import judge
from soleus.knowledge.facets import solve_all
from soleus.knowledge.loader import Knowledge, shipped
from soleus.reasoning.compiled import Compiled
from soleus.reasoning.intake import take_in
from soleus.reasoning.medicines import MedicineIndex
from soleus.validation.scoring import recalibration
from soleus.validation.vignettes import Vignette, read_all, set_aside

FOLDER = Path(__file__).resolve().parent.parent / "validation"
#: Expert; qualitative is half of it, derived a quarter.
VALUES = (0.0, 0.05, 0.1, 0.15, 0.2, 0.25, 0.3, 0.4)


def shrunk(base: Knowledge, expert: float) -> Compiled:
    """The shipped base with other shrinkage."""
    share = {"shrink_expert": expert, "shrink_qualitative": expert / 2, "shrink_derived": expert / 4}
    parameters = tuple(msgspec.structs.replace(p, value=share.get(p.id, p.value)) for p in base.records["parameter"])
    records = {**base.records, "parameter": parameters}
    return Compiled(Knowledge(records, solve_all(records), base.version, base.digest))


def measure(compiled: Compiled, vignettes: list[Vignette]) -> tuple[int, int, float, float]:
    """Right explanation first, among three, mean log probability of the right ones, slope of recalibration."""
    index, at = MedicineIndex(compiled.knowledge), compiled.network.explanation_index
    ranks: list[int] = []
    logs: list[float] = []
    firsts: list[float] = []
    for v in vignettes:
        try:
            seen = take_in(v.read(), compiled, index)[0]
            p = judge(compiled.network, seen.context, seen.evidence).probability
        except SoleusError:
            continue
        right = [at[e] for e in v.expected.right if e in at]
        ranks.append(1 + min(int((p > p[i]).sum()) for i in right))
        logs.append(math.log(max(float(p[right].sum()), 1e-9)))
        firsts.append(float(p.max()))
    _, slope = recalibration(firsts, [r == 1 for r in ranks])
    return sum(r == 1 for r in ranks), sum(r <= 3 for r in ranks), mean(logs), slope


def main() -> None:
    base, aside = shipped(), set_aside(FOLDER)
    vignettes = [v for v in read_all(FOLDER / "vignettes") if v.id not in aside]
    print(f"knowledge {base.version} {base.digest[:12]}, {len(vignettes)} vignettes of the open half\n")
    print("| expert | first | first three | mean log probability | calibration slope |\n|---|---|---|---|---|")
    for value in VALUES:
        first, three, log, slope = measure(shrunk(base, value), vignettes)
        print(f"| {value:g} | {first} | {three} | {log:.3f} | {slope:.2f} |")


if __name__ == "__main__":
    main()
