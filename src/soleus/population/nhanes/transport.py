"""SAS transport files (version 5, `.XPT`), as the survey publishes its tables.

Records of 80 bytes: headers, one description of 140 bytes a variable, then the observations, filled up with blanks.
Numbers are of IBM's mainframes: a sign, seven bits of exponent to base 16, up to 56 bits of fraction.
Source: SAS Technical Support, TS-140, The record layout of a data set in SAS transport (XPORT) format.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from soleus.errors import UnreadableInput

_LINE = 80
_FIRST = b"HEADER RECORD*******LIBRARY HEADER RECORD!!!!!!!"
_MEMBER = b"HEADER RECORD*******MEMBER  HEADER RECORD!!!!!!!"
_VARIABLES = b"HEADER RECORD*******NAMESTR HEADER RECORD!!!!!!!"
_ROWS = b"HEADER RECORD*******OBS     HEADER RECORD!!!!!!!"


@dataclass(frozen=True)
class _Variable:
    name: str
    numeric: bool
    length: int
    place: int  # in an observation


def columns_of(raw: bytes, where: str) -> dict[str, NDArray[np.float64] | list[str]]:
    """Every column by name: numbers (NaN missing) or text without trailing blanks. Raises `UnreadableInput`."""
    if not raw.startswith(_FIRST):
        raise _broken(where, "no header of a library")
    variables, start = _variables(raw, where)
    width = sum(v.length for v in variables)
    body = raw[start:]
    count = len(body) // width if width else 0
    while count and not body[(count - 1) * width : count * width].strip(b" "):  # blanks fill the last record of 80
        count -= 1
    rows = np.frombuffer(body[: count * width], np.uint8).reshape(count, width)
    return {v.name: _column(rows[:, v.place : v.place + v.length], v) for v in variables}


def _variables(raw: bytes, where: str) -> tuple[list[_Variable], int]:
    """The variables, and where the observations begin."""
    member, at = raw.find(_MEMBER), raw.find(_VARIABLES)
    if member < 0 or at < 0:
        raise _broken(where, "no description of variables")
    try:
        size = int(raw[member + 74 : member + 78])
        count = int(raw[at + 54 : at + 58])
        blocks = [raw[at + _LINE + size * n :][:size] for n in range(count)]
        variables = [_variable(block) for block in blocks]
    except (ValueError, struct.error, UnicodeDecodeError):
        raise _broken(where, "a description of variables that cannot be read") from None
    rows = raw.find(_ROWS, at)
    if rows < 0 or any(v.length < 1 or (v.numeric and v.length > 8) for v in variables):
        raise _broken(where, "no observations")
    return _placed(variables), rows + _LINE


def _variable(block: bytes) -> _Variable:
    kind, _, length = struct.unpack(">hhh", block[:6])
    return _Variable(block[8:16].decode("ascii").strip(), kind == 1, length, 0)


def _placed(variables: list[_Variable]) -> list[_Variable]:
    out, place = [], 0
    for v in variables:
        out.append(_Variable(v.name, v.numeric, v.length, place))
        place += v.length
    return out


def _column(cells: NDArray[np.uint8], variable: _Variable) -> NDArray[np.float64] | list[str]:
    if not variable.numeric:
        return [cell.tobytes().decode("latin-1").rstrip() for cell in cells]
    padded = np.zeros((len(cells), 8), np.uint8)
    padded[:, : cells.shape[1]] = cells
    return _numbers(padded)


def _numbers(cells: NDArray[np.uint8]) -> NDArray[np.float64]:
    """IBM numbers; a missing value is a first byte of ., _ or A to Z and nothing after it."""
    words = cells.copy().view(">u8")[:, 0].astype(np.uint64)
    fraction = (words & np.uint64(0x00FFFFFFFFFFFFFF)).astype(np.float64) / 2.0**56
    first = (words >> np.uint64(56)).astype(np.int64)
    value = np.where(first & 0x80, -1.0, 1.0) * fraction * 16.0 ** ((first & 0x7F) - 64)
    letter = (first == 0x2E) | (first == 0x5F) | ((first >= 0x41) & (first <= 0x5A))
    return np.where(letter & (fraction == 0), np.nan, value)


def _broken(where: str, found: str) -> UnreadableInput:
    return UnreadableInput(where, found, "a SAS transport file (version 5)", "Download the file again.")
