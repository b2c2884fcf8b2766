"""An export as files: the change, a report in words, and the edited data; or written into the data folder itself."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterable
from pathlib import Path
from typing import Final

from soleus.editorial.export import Applied, Consequences, Export
from soleus.editorial.panel import Move
from soleus.errors import UsageError

_SHOWN: Final = 200  # letters of a value that the report shows
_DATE: Final = (2026, 1, 1, 0, 0, 0)  # of the files in the archive: the same content gives the same bytes


def files_of(made: Export, does: Consequences, heading: str, more: Iterable[str] = ()) -> dict[str, str]:
    """Name -> text: ``changes.diff``, ``report.md`` and the edited files under ``data/``."""
    data = {f"data/{name}": text for name, text in made.files.items()}
    return {"report.md": report(made, does, heading, more), "changes.diff": made.diff, **data}


def report(made: Export, does: Consequences, heading: str, more: Iterable[str] = ()) -> str:
    """What goes in and who stands behind it, what was left out, the check, what moves; ``more`` are further lines."""
    parts = [
        [f"# {heading}", "", _summary(made)],
        ["## Changes", "", *map(_applied, made.applied)] if made.applied else [],
        ["## Left out", "", *(f"- {o.kind} {o.id}: {o.why}" for o in made.left_out)] if made.left_out else [],
        ["## Check", "", *_checked(does)],
        ["## What moves", "", *_moves(does.moves)] if made.applied else [],
        list(more),
    ]
    return "\n\n".join("\n".join(part) for part in parts if part) + "\n"


def _summary(made: Export) -> str:
    if not made.applied:
        return "Nothing is waiting: no accepted correction and no approval that the data do not hold."
    reviews = sum(a.field == "review" for a in made.applied)
    return (
        f"{len(made.applied) - reviews} corrected fields and {reviews} reviews in {len(made.files)} files. "
        "Only what is listed here as approved is approved."
    )


def _applied(a: Applied) -> str:
    return f"- {a.kind} {a.id}, {a.field}: {_short(a.before)} → {_short(a.after)}\n  ({a.why})"


def _short(text: str) -> str:
    told = " ".join(text.split()) or "nothing"
    return told if len(told) <= _SHOWN else f"{told[:_SHOWN]} …"


def _checked(does: Consequences) -> list[str]:
    if not does.faults:
        return ["No rule of integrity is broken that was not broken before."]
    return [f"- {f.level}: {f}" for f in does.faults]


def _moves(found: tuple[Move, ...]) -> list[str]:
    if not found:
        return ["No probability moves for anybody of the panel."]
    return [f"{len(found)} of the panel move; largest first.", "", *map(_move, found)]


def _move(m: Move) -> str:
    if m.error:
        return f"- {m.case}: {m.error}"
    before, after = (", ".join(f"{s} {p:.3f}" for s, p in side) for side in (m.before, m.after))
    return f"- {m.case}: {m.distance:.4f}; {before} → {after}"


# --- writing ------------------------------------------------------------------------------------------------


def write(files: dict[str, str], folder: Path) -> None:
    """Write the files of an export into a folder that is new or empty. Raises `UsageError`."""
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise UsageError("--out", "something is there already", "a new or empty folder", "Name another.")
    for name, text in files.items():
        _write(folder / name, text)


def apply(made: Export, folder: Path) -> None:
    """Write the edited files over those of a data folder, each whole or not at all. Raises `UsageError`."""
    for name, text in made.files.items():
        _write(folder / name, text)


def _write(path: Path, text: str) -> None:
    part = path.with_name(f".{path.name}.part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        part.write_text(text, encoding="utf-8")
        part.replace(path)
    except OSError as error:
        part.unlink(missing_ok=True)
        raise UsageError(
            path.name, error.strerror or "no place", "a path that can be written", "Name another."
        ) from None


def archive(files: dict[str, str]) -> bytes:
    """The files as one ZIP archive; the same files give the same bytes."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as packed:
        for name, text in files.items():
            packed.writestr(zipfile.ZipInfo(name, _DATE), text.encode(), zipfile.ZIP_DEFLATED)
    return out.getvalue()
