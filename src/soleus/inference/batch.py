"""Many people at once: one table with a row per finding state, facet pattern and block pattern; gather and add.

Cases are coded one after another, each as the columns that are known and their codes: a column per finding (code:
the state) and per contributor (1 where it was said to be present, 0 where absent). Weights are float32 logarithms:
posteriors are within 1e-5 of the exact ones. With numba (extra ``fast``) cases are scored in parallel, without it in
numpy.

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
from soleus.inference.posterior import block_term, facet_log_term, log_prior

_CHUNK_NUMPY = 1_024  # half a megabyte of weights: stays in cache
LANES = 16  # rows are padded to whole vectors of float32
_NEVER = -1e6  # stands for -inf, which would turn into NaN in differences
Saying = Callable[[int, bool], tuple[float, float]]


@dataclass(frozen=True)
class Codes:
    """Coded cases: case n knows ``column[start[n]:start[n + 1]]``, each once, with ``code`` beside it."""

    start: NDArray[np.int64]  # (N + 1,)
    column: NDArray[Any]  # whole numbers; int16 unless there are too many columns
    code: NDArray[np.int8]

    def __len__(self) -> int:
        return len(self.start) - 1

    def part(self, first: int, last: int) -> Codes:
        """Cases ``first`` to ``last`` (exclusive)."""
        start = self.start[first : last + 1]
        own = slice(start[0], start[-1])
        return Codes(start - start[0], self.column[own], self.code[own])


@dataclass(frozen=True)
class Table:
    """The rows of one context.

    Columns that are read together (the items of a facet, the members of a block) form a group, every other column
    its own. A group reads one row, ``first[group] + sum (code + 1) * stride``.
    """

    size: int  # explanations; beyond them rows are padding
    base: NDArray[np.float32]  # (lanes,)
    rows: NDArray[np.float32]  # (rows, lanes)
    group: NDArray[np.int32]  # (column,)
    stride: NDArray[np.int32]  # (column,)
    first: NDArray[np.int32]  # (group,)


def build(network: Network, context: Context, saying: Saying) -> Table:
    """The table for people of one context.

    ``saying(contributor, present)`` gives (P(said so | absent), P(said so | present)).
    """
    groups = [_single_group(network, f) for f in range(len(network.findings)) if f not in network.facet_of]
    groups += [_facet_group(network, g) for g in range(len(network.facets))]
    groups += [_block_group(network, context, k, saying) for k in range(len(network.blocks))]
    group, stride = np.zeros((2, len(network.findings) + len(network.contributors)), np.int32)
    for g, (columns, strides, _) in enumerate(groups):
        group[columns], stride[columns] = g, strides
    return Table(
        size=len(network.explanations),
        base=_padded(log_prior(network, context)[None], _NEVER)[0],
        rows=_padded(np.concatenate([rows for _, _, rows in groups]), 0.0),
        group=group,
        stride=stride,
        first=np.cumsum([0, *(len(rows) for _, _, rows in groups)])[:-1].astype(np.int32),
    )


def rows_alone(base: NDArray[np.float32], rows: NDArray[np.float32], size: int) -> Table:
    """A table of ready rows: a case knows column n, with code 0, where row n is added to its base; row 0 is zero."""
    own = np.arange(len(rows), dtype=np.int32)
    return Table(size, base, rows, group=own, stride=np.ones_like(own), first=own - np.int32(1))


def _single_group(network: Network, f: int) -> tuple[list[int], list[int], Floats]:
    rows = network.log_p[network.start[f] : network.start[f + 1]]
    return [f], [1], np.pad(rows, ((1, 0), (0, 0)))


def _padded(values: Floats, filling: float) -> NDArray[np.float32]:
    """Finite float32, (rows, lanes)."""
    more = -values.shape[1] % LANES
    wide = np.pad(np.maximum(values, _NEVER), ((0, 0), (0, more)), constant_values=filling)
    return np.ascontiguousarray(wide, np.float32)


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
    beyond = len(network.findings)
    start = np.cumsum([0, *(len(case.findings) + len(case.contributors) for case in cases)])
    column = [c for case in cases for c in (*case.findings, *(beyond + k for k in case.contributors))]
    code = [v for case in cases for v in (*case.findings.values(), *(p > a for a, p in case.contributors.values()))]
    return Codes(start.astype(np.int64), np.array(column, np.int16), np.array(code, np.int8))


def score(table: Table, codes: Codes, out: NDArray[np.float32] | None = None) -> NDArray[np.float32]:
    """(N, S) posteriors of coded cases."""
    result = np.empty((len(codes), table.size), np.float32) if out is None else out
    kernel = _kernel()
    if kernel is None:
        return score_numpy(table, codes, result)
    arrays = table.base, table.rows, table.group, table.stride, table.first
    kernel(*arrays, codes.start, codes.column, codes.code, result)
    return result


def score_numpy(table: Table, codes: Codes, out: NDArray[np.float32] | None = None) -> NDArray[np.float32]:
    """The same in numpy alone."""
    result = np.empty((len(codes), table.size), np.float32) if out is None else out
    for at in range(0, len(codes), _CHUNK_NUMPY):
        part = codes.part(at, min(at + _CHUNK_NUMPY, len(codes)))
        log = _log_weights(table, part)
        log -= log.max(axis=1, keepdims=True)
        np.exp(log, out=log)
        log /= log.sum(axis=1, keepdims=True)
        result[at : at + len(part)] = log[:, : table.size]
    return result


def _log_weights(table: Table, codes: Codes) -> NDArray[np.float32]:
    """(N, lanes): the rows that each case reads, added to the base."""
    length, group = np.diff(codes.start), table.group[codes.column]
    case = np.repeat(np.arange(len(codes)), length)
    step = (codes.code + np.int32(1)) * table.stride[codes.column]
    shared = np.bincount(table.group)[group] > 1
    many, number = np.unique(group[shared], return_inverse=True)
    pattern = np.bincount(case[shared] * len(many) + number, step[shared], len(codes) * len(many))
    reader, which = np.nonzero(pattern.reshape(len(codes), -1)) if len(many) else (case[:0], case[:0])
    together = table.first[many[which]] + pattern[reader * len(many) + which].astype(np.intp)
    log = np.repeat(table.base[None], len(codes), axis=0)
    for rows in (_side_by_side(case, np.where(shared, 0, table.first[group] + step), length),
                 _side_by_side(reader, together, np.bincount(reader, minlength=len(codes)))):  # fmt: skip
        for column in rows.T:
            log += table.rows.take(column, axis=0)
    return log


def _side_by_side(case: NDArray[np.intp], row: NDArray[Any], length: NDArray[np.intp]) -> NDArray[np.intp]:
    """(N, most) the rows of each case in order of case, filled up with row 0, which is zero."""
    out = np.zeros((len(length), int(length.max(initial=0))), np.intp)
    before = np.concatenate([[0], np.cumsum(length)[:-1]])
    out[case, np.arange(len(case)) - before[case]] = row
    return out


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


__all__ = ["LANES", "Codes", "Table", "build", "encode", "rows_alone", "score", "score_numpy"]
