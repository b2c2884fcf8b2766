"""Many hypotheses at once: p values adjusted so that the share of false discoveries is controlled.

Sources: Benjamini and Hochberg 1995, J R Stat Soc B 57:289-300, for independent or positively dependent tests;
Benjamini and Yekutieli 2001, Ann Stat 29:1165-1188, under any dependence, as when one medicine stands in many pairs.
"""

from __future__ import annotations

from typing import Literal

import numpy as np
from numpy.typing import ArrayLike

from soleus.statistics.special import Floats


def adjusted_p(
    p: ArrayLike, method: Literal["benjamini_hochberg", "benjamini_yekutieli"] = "benjamini_hochberg"
) -> Floats:
    """The least rate of false discoveries at which each hypothesis is still rejected; the shape is that of ``p``.

    NaN was not tested: it stays NaN and does not count among the hypotheses.
    """
    given = np.asarray(p, np.float64)
    out = given.ravel().copy()
    tested = np.flatnonzero(np.isfinite(out))
    number = tested.size
    order = tested[np.argsort(-out[tested])]  # the largest first
    ranks = np.arange(number, 0, -1)
    harmonic = (1 / ranks).sum() if method == "benjamini_yekutieli" else 1.0
    out[order] = np.minimum(np.minimum.accumulate(out[order] * number * harmonic / ranks), 1.0)
    return out.reshape(given.shape)
