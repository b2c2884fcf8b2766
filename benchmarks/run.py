"""How fast is it? Writes benchmarks/results.json and results.md (`make bench`)."""

from __future__ import annotations

import os

# One thread of linear algebra, before numpy is imported: the matrices are small, more threads only wait.
for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ[name] = "1"

from growth import growth_figures  # noqa: E402
from measures import inference_figures, judgement_figures  # noqa: E402
from people import population  # noqa: E402
from starts import start_figures  # noqa: E402
from writing import surroundings, write  # noqa: E402


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
    print(write(figures, growth_figures()))


if __name__ == "__main__":
    main()
