"""The parallel kernel of `batch`; importing it needs numba."""

from __future__ import annotations

import numpy as np
from numba import njit, prange

#: Below this log distance from the first, a probability is under 2e-8 and counts as 0.
_FAR = np.float32(-18.0)


@njit(parallel=True, fastmath=True, nogil=True, cache=False)
def score_rows(base, rows, columns, strides, first, offset, codes, out):  # type: ignore[no-untyped-def]
    """Posteriors of coded cases into ``out``; see `soleus.inference.batch.Table`."""
    n_s = len(base)
    n_groups = len(offset)
    for n in prange(len(codes)):
        case = codes[n]
        acc = base.copy()
        for g in range(n_groups):
            index = 0
            for i in range(first[g], first[g + 1]):
                index += (np.int32(case[columns[i]]) + 1) * strides[i]
            if index:
                row = rows[offset[g] + index]
                for s in range(n_s):
                    acc[s] += row[s]
        top = acc[0]
        for s in range(n_s):
            top = max(top, acc[s])
        total = np.float32(0.0)
        for s in range(n_s):
            x = acc[s] - top
            p = np.exp(x) if x > _FAR else np.float32(0.0)
            out[n, s] = p
            total += p
        scale = np.float32(1.0) / total
        for s in range(n_s):
            out[n, s] *= scale
