"""Many people at once: one table with a row per finding state, facet pattern and block pattern; gather and add.

A batch is a matrix of int8 codes with a column per finding and per contributor, -1 where nothing is known; a
contributor's code is 1 where it was said to be present and 0 where absent. Weights are float32 logarithms: posteriors
are within 1e-5 of the exact ones. With numba (extra ``fast``) rows are scored in parallel, without it in numpy.

"Not assessed" is a factor of 1, which assumes that what was not asked carries no information.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from itertools import product
from typing import Any

import numpy as np
from numpy.typing import NDArray

from soleus.inference.network import Context, Evidence, Floats, Network
from soleus.inference.posterior import block_term, facet_log_term, impossible

CHUNK = 65_536
Codes = NDArray[np.int8]
Saying = Callable[[int, bool], tuple[float, float]]


@dataclass(frozen=True)
class Table:
    """The rows of one context.

    Groups are singles, facets and blocks. Group g reads ``columns[first[g]:first[g+1]]`` of a case; its row is
    ``offset[g] + sum (code + 1) * stride``; row ``offset[g]`` itself (nothing known) is zero.
    """

    base: NDArray[np.float32]  # (S,)
    rows: NDArray[np.float32]  # (rows, S)
    columns: NDArray[np.int32]
    strides: NDArray[np.int32]
    first: NDArray[np.int32]  # (G + 1,)
    offset: NDArray[np.int32]  # (G,)
    width: int  # columns of a case


def build(network: Network, context: Context, saying: Saying) -> Table:
    """The table for people of one context.

    ``saying(contributor, present)`` gives (P(said so | absent), P(said so | present)).
    """
    groups: list[tuple[list[int], list[int], Floats]] = []
    for f in range(len(network.findings)):
        if f not in network.facet_of:
            rows = network.log_p[network.start[f] : network.start[f + 1]]
            groups.append(([f], [1], np.concatenate([np.zeros((1, rows.shape[1])), rows])))
    groups += [_facet_group(network, g) for g in range(len(network.facets))]
    groups += [_block_group(network, context, k, saying) for k in range(len(network.blocks))]
    sizes = [len(rows) for _, _, rows in groups]
    return Table(
        base=_floored(context.log_rate + impossible(network, context)),
        rows=_floored(np.concatenate([rows for _, _, rows in groups])),
        columns=np.array([c for columns, _, _ in groups for c in columns], np.int32),
        strides=np.array([s for _, strides, _ in groups for s in strides], np.int32),
        first=np.cumsum([0, *(len(c) for c, _, _ in groups)]).astype(np.int32),
        offset=np.cumsum([0, *sizes[:-1]]).astype(np.int32),
        width=len(network.findings) + len(network.contributors),
    )


def _floored(values: Floats) -> NDArray[np.float32]:
    """Finite float32: -inf would turn into NaN in differences."""
    return np.maximum(values, -1e6).astype(np.float32)


def _facet_group(network: Network, g: int) -> tuple[list[int], list[int], Floats]:
    items = list(network.facets[g].items)
    sizes = [len(network.states[f]) + 1 for f in items]
    rows = []
    for pattern in product(*(range(n) for n in reversed(sizes))):
        found = {f: v - 1 for f, v in zip(reversed(items), pattern, strict=True) if v}
        term = facet_log_term(network, network.facets[g], found)
        rows.append(np.zeros(len(network.explanations)) if term is None else term)
    return items, _strides(sizes), np.array(rows)


def _block_group(network: Network, context: Context, k: int, saying: Saying) -> tuple[list[int], list[int], Floats]:
    block = network.blocks[k]
    rows = []
    for pattern in product((None, False, True), repeat=block.size):
        said = {m: saying(m, p) for m, p in zip(reversed(block.members), pattern, strict=True) if p is not None}
        row = np.zeros(len(network.explanations))
        if said:
            plain, touched = block_term(network, context, Evidence({}, said), k).log_term
            row += plain
            row[block.columns] = touched
        rows.append(row)
    columns = [len(network.findings) + m for m in block.members]
    return columns, _strides([3] * block.size), np.array(rows)


def _strides(sizes: list[int]) -> list[int]:
    return [int(np.prod(sizes[:i], dtype=int)) for i in range(len(sizes))]


def encode(network: Network, cases: list[Evidence]) -> Codes:
    """Codes of cases whose contributors were said to be present or absent (likelihood ratio above or below 1)."""
    out = np.full((len(cases), len(network.findings) + len(network.contributors)), -1, np.int8)
    for n, case in enumerate(cases):
        for f, v in case.findings.items():
            out[n, f] = v
        for c, (absent, present) in case.contributors.items():
            out[n, len(network.findings) + c] = present > absent
    return out


def score(table: Table, codes: Codes, out: NDArray[np.float32] | None = None) -> NDArray[np.float32]:
    """(N, S) posteriors of coded cases."""
    result = np.empty((len(codes), len(table.base)), np.float32) if out is None else out
    kernel = _kernel()
    for at in range(0, len(codes), CHUNK):
        part = slice(at, at + CHUNK)
        if kernel is not None:
            kernel(table.base, table.rows, table.columns, table.strides, table.first, table.offset, codes[part], result[part])
        else:
            result[part] = score_numpy(table, codes[part])
    return result


def score_numpy(table: Table, codes: Codes) -> NDArray[np.float32]:
    """The same in numpy alone: group by group, only the cases that know something of it."""
    log = np.repeat(table.base[None], len(codes), axis=0)
    for g in range(len(table.offset)):
        own = slice(table.first[g], table.first[g + 1])
        index = (codes[:, table.columns[own]].astype(np.int32) + 1) @ table.strides[own]
        known = np.flatnonzero(index)
        if len(known):
            log[known] += table.rows[table.offset[g] + index[known]]
    log -= log.max(axis=1, keepdims=True)
    np.exp(log, out=log)
    log /= log.sum(axis=1, keepdims=True)
    return log


_compiled_kernel: list[Any] = []


def _kernel() -> Any:
    """The numba kernel, compiled once; None without numba."""
    if not _compiled_kernel:
        try:
            from soleus.inference._batch_numba import score_rows
        except ImportError:
            _compiled_kernel.append(None)
        else:
            _compiled_kernel.append(score_rows)
    return _compiled_kernel[0]


__all__ = ["CHUNK", "Table", "build", "encode", "score", "score_numpy"]
