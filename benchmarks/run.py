"""How fast is it? Writes benchmarks/results.json and results.md (`make bench`, about half an hour).

--without-service and --without-population: the engine alone, in a minute; --quick: a minute of load, fewer cases and
people, to try it out.
"""

from __future__ import annotations

import os
import sys

# One thread of linear algebra, before numpy is imported: the matrices are small, more threads only wait.
for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ[name] = "1"

from growth import growth_figures  # noqa: E402
from measures import inference_figures, judgement_figures  # noqa: E402
from people import population  # noqa: E402
from population_scoring import scoring_figures  # noqa: E402
from starts import start_figures  # noqa: E402
from writing import surroundings, write  # noqa: E402

from delivery import delivery_figures  # noqa: E402
from library import library_figures  # noqa: E402
from population import population_figures  # noqa: E402


def main() -> None:
    """Measure everything, in one run."""
    where = population()
    network = where.network
    figures = surroundings() | {
        "explanations": len(network.explanations),
        "findings": len(network.findings),
        "contributors": len(network.contributors),
    }
    figures |= start_figures()
    figures |= judgement_figures(where)
    figures |= inference_figures(where)
    growth = growth_figures()
    if "--without-population" not in sys.argv:
        figures |= scoring_figures(quick="--quick" in sys.argv)
        found, growth["databases"] = population_figures(quick="--quick" in sys.argv)
        figures |= found
    if "--without-service" not in sys.argv:
        figures |= delivery_figures(quick="--quick" in sys.argv)
        figures |= library_figures(quick="--quick" in sys.argv)
    print(write(figures, growth))


if __name__ == "__main__":
    main()
