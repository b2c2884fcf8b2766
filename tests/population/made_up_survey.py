"""A small made-up survey in the shape of the public tables, as CSV and as SAS transport files."""

from __future__ import annotations

import csv
import struct
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

Rows = Mapping[str, Sequence[float | str | None]]

MEDICINES = (
    "FUROSEMIDE", "FLUTICASONE; SALMETEROL", "SIMVASTATIN", "HYDROCHLOROTHIAZIDE; LISINOPRIL", "TIMOLOL OPHTHALMIC",
    "NYSTATIN", "DESOGESTREL; ETHINYL ESTRADIOL", "VENLAFAXINE", "SERTRALINE", "99999",
)  # fmt: skip
FIRST = {"D": 31_001, "E": 41_001}
STRATA = {"D": 44, "E": 59}


def tables(cycle: str, seed: int = 1) -> dict[str, Rows]:
    """Tables of 640 people in eight strata of two units: a fifth takes furosemide, and cramps more."""
    rng = np.random.default_rng(seed + ord(cycle))
    n = 640
    key = FIRST[cycle] + np.arange(n)
    age, sex = rng.integers(10, 85, n), rng.integers(1, 3, n)
    loop = rng.random(n) < 0.2
    cramp = rng.random(n) < np.where(loop, 0.35, 0.15)
    answer = np.where(cramp, rng.integers(3, 5, n), rng.integers(0, 3, n))
    answer[:5] = (7, 9, 9, 7, 9)
    taken = [(k, "FUROSEMIDE") for k in key[loop]]
    taken += [(k, MEDICINES[int(i)]) for k, i in zip(key, rng.integers(1, len(MEDICINES), n), strict=True)]
    return {
        "DEMO": {
            "SEQN": list(key), "RIAGENDR": list(sex), "RIDAGEYR": list(age),
            "SDMVSTRA": list(STRATA[cycle] + np.arange(n) % 8), "SDMVPSU": list(1 + (np.arange(n) // 8) % 2),
            "WTINT2YR": list(rng.uniform(2_000, 90_000, n).round(3)),
            "WTMEC2YR": list(np.where(rng.random(n) < 0.05, 0, rng.uniform(2_000, 90_000, n)).round(3)),
            "RIDEXPRG": [
                float(1 + k % 2) if s == 2 and 20 <= a <= 44 else None for k, s, a in zip(key, sex, age, strict=True)
            ],
        },
        "SLQ": {
            "SEQN": list(key[age >= 16]),
            "SLQ160": list(answer[age >= 16]),
            "SLQ150": list(rng.integers(0, 5, int((age >= 16).sum()))),
        },
        "RXQ_RX": {"SEQN": [k for k, _ in taken], "RXDUSE": [1] * len(taken), "RXDDRUG": [name for _, name in taken]},
        "DIQ": {"SEQN": list(key), "DIQ010": list(rng.choice([1, 2, 3, 9], n, p=[0.2, 0.7, 0.05, 0.05]))},
        "BIOPRO": {"SEQN": list(key), "LBXSKSI": [None if k % 10 == 0 else 3 + k % 7 / 4 for k in key]},
    }  # fmt: skip


def write_csv(path: Path, rows: Rows) -> None:
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(rows)
        writer.writerows(["NA" if v is None else v for v in row] for row in zip(*rows.values(), strict=True))


def write_survey(folder: Path, cycles: str = "DE") -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    for cycle in cycles:
        for name, rows in tables(cycle).items():
            write_csv(folder / f"{name}_{cycle}.csv", rows)
    return folder


# ------------------------------------------------------------------------------------------------- SAS transport


def ibm(value: float | None) -> bytes:
    """A number as IBM's mainframes write it; None as SAS writes a missing one. TS-140 gives both."""
    if value is None:
        return b"." + bytes(7)
    if value == 0:
        return bytes(8)
    sign, rest, exponent = (0x80 if value < 0 else 0), abs(value), 64
    while rest >= 1:
        rest, exponent = rest / 16, exponent + 1
    while rest < 1 / 16:
        rest, exponent = rest * 16, exponent - 1
    return struct.pack(">Q", (sign | exponent) << 56 | round(rest * 2**56))


def transport(rows: Rows) -> bytes:
    """The columns as a transport file: text where the first cell is text, else numbers."""

    def line(text: str) -> bytes:
        return text.ljust(80).encode("ascii")

    words = {name: bool(values) and isinstance(values[0], str) for name, values in rows.items()}
    lengths = {name: max(len(str(v)) for v in rows[name]) if words[name] else 8 for name in rows}
    head = (
        line("HEADER RECORD*******LIBRARY HEADER RECORD!!!!!!!" + "0" * 30) + line("SAS     SAS     SASLIB") + line("")
    )
    head += line("HEADER RECORD*******MEMBER  HEADER RECORD!!!!!!!000000000000000001600000000140")
    head += line("HEADER RECORD*******DSCRPTR HEADER RECORD!!!!!!!" + "0" * 30) + line("SAS") + line("")
    head += line(f"HEADER RECORD*******NAMESTR HEADER RECORD!!!!!!!{len(rows):010d}{'0' * 20}")
    names = b"".join(
        struct.pack(">hhhh", 2 if words[name] else 1, 0, lengths[name], n).ljust(8)
        + name.ljust(8).encode()
        + bytes(124)
        for n, name in enumerate(rows, 1)
    )
    body = b"".join(
        b"".join(
            str(v).ljust(lengths[name]).encode("latin-1") if words[name] else ibm(None if v is None else float(v))
            for name, v in zip(rows, row, strict=True)
        )
        for row in zip(*rows.values(), strict=True)
    )
    return b"".join([
        head, _filled(names), line("HEADER RECORD*******OBS     HEADER RECORD!!!!!!!" + "0" * 30), _filled(body)
    ])  # fmt: skip


def _filled(block: bytes) -> bytes:
    return block + b" " * (-len(block) % 80)
