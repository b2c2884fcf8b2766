"""The parallel kernel of `batch`; importing it needs numba."""

from __future__ import annotations

import math

import numpy as np
from numba import njit, prange

_RUN = 512  # cases that share the scratch arrays of one task
_LOG2_E = np.float32(1 / math.log(2))
_HALF = np.float32(0.5)
_BIAS, _SHIFT = np.int32(127), np.int32(23)  # of the exponent of a float32
_LEAST = np.float32(-126.0)  # 2**-126 is the least normal float32; further down counts as that
# 2**r for r in [-1/2, 1/2] by its Taylor series: relative error below 2e-7.
_C = tuple(np.float32(math.log(2) ** k / math.factorial(k)) for k in range(7))


@njit(parallel=True, fastmath=True, nogil=True, cache=False, boundscheck=False)
def score_rows(base, rows, group, stride, first, start, column, code, out):  # type: ignore[no-untyped-def]
    """Posteriors of coded cases into ``out``; see `soleus.inference.batch.Table`."""
    lanes, n_cases = len(base), len(start) - 1
    for task in prange((n_cases + _RUN - 1) // _RUN):
        acc = np.empty(lanes, np.float32)
        exponent = np.empty(lanes, np.int32)
        power = exponent.view(np.float32)
        pattern = np.zeros(len(first), np.int32)
        met = np.empty(len(first) + 1, np.int32)
        for n in range(task * _RUN, min((task + 1) * _RUN, n_cases)):
            n_met = 0
            for i in range(start[n], start[n + 1]):
                c = column[i]
                g = group[c]
                met[n_met] = g
                n_met += pattern[g] == 0
                pattern[g] += (np.int32(code[i]) + 1) * stride[c]
            for s in range(lanes):
                acc[s] = base[s]
            for i in range(n_met):
                g = met[i]
                met[i] = first[g] + pattern[g]
                pattern[g] = 0
            met[n_met] = 0  # row 0 is zero
            for i in range(0, n_met, 2):  # two at a time: half the stores
                one, two = met[i], met[i + 1]
                for s in range(lanes):
                    acc[s] += rows[one, s] + rows[two, s]
            top = acc[0]
            for s in range(lanes):
                top = max(top, acc[s])
            # exp(x) = 2**k * 2**r with k whole: k goes into the exponent's bits, 2**r is a polynomial.
            for s in range(lanes):
                t = max((acc[s] - top) * _LOG2_E, _LEAST)
                k = np.floor(t + _HALF)
                r = t - k
                exponent[s] = (np.int32(k) + _BIAS) << _SHIFT
                acc[s] = _C[0] + r * (_C[1] + r * (_C[2] + r * (_C[3] + r * (_C[4] + r * (_C[5] + r * _C[6])))))
            total = np.float32(0.0)
            for s in range(lanes):
                acc[s] *= power[s]
                total += acc[s]
            scale = np.float32(1.0) / total
            for s in range(out.shape[1]):
                out[n, s] = acc[s] * scale
