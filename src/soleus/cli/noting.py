"""`soleus read` and `soleus assess --note`: texts, one or many."""

from __future__ import annotations

import csv
import io
import re
import sys
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console

from soleus.cli import tell
from soleus.cli.assessing import Form, _plain, _progress, _save
from soleus.cli.overlaid import compiled_with
from soleus.clinical.reading import decode
from soleus.errors import CannotAssess, SoleusError, UnreadableInput, UsageError
from soleus.interop.reading import STANDARD_INPUT, bytes_of, name_of
from soleus.notes.correcting import changed
from soleus.notes.judging import NoteAssessment, assess_note, read_note
from soleus.notes.reading import Reading
from soleus.reasoning.assessment import Audience
from soleus.reasoning.compiled import Compiled, shipped_compiled
from soleus.reports import notes as pages

How = tuple[Audience, str | None, str | None, int]  # audience, setting, as_of, draws
_READ = {".txt", ".md", ".text", ".note"}
_ENDING = {"text": ".txt", "json": ".json", "html": ".html"}


@dataclass(frozen=True)
class Note:
    """A text with the name that messages and files give it; ``error`` says why one of many could not be read."""

    name: str
    text: str
    error: SoleusError | None = None


def read_notes(
    paths: Sequence[Path], *, form: Form, strike: list[int] | None, change: list[str] | None, out: Path | None
) -> None:
    """Print or write the reading of each text."""
    compiled = shipped_compiled()
    notes = _distinct(_notes(paths))
    if len(notes) > 1 and (strike or change):
        raise UsageError("--strike", "several notes", "one note", "Correct one note at a time.")
    if out is not None and len(notes) > 1 and not out.is_dir():
        if out.exists():
            raise UsageError("--out", "a file", "a folder, for several notes", "Name a folder.")
        out.mkdir(parents=True)
    for note in notes:
        reading = _corrected(_named(note, compiled), strike, change, compiled)
        text = _shown(reading, form, compiled)
        if out is not None:
            _save(out / f"{note.name}{_ENDING[form]}" if out.is_dir() else out, text)
        elif form == "text":
            pages.print_reading(reading, compiled, Console(highlight=False))
        else:
            print(text)


def _named(note: Note, compiled: Compiled) -> Reading:
    if note.error is not None:
        raise note.error
    try:
        return read_note(note.text, knowledge=compiled)
    except SoleusError as error:
        raise error.within(note.name) from None


def _shown(reading: Reading, form: Form, compiled: Compiled) -> str:
    if form == "json":
        return pages.reading_json(reading).decode()
    if form == "html":
        return pages.reading_page(reading, compiled)
    console = Console(file=io.StringIO(), width=100, no_color=True, force_terminal=False)
    pages.print_reading(reading, compiled, console)
    return console.file.getvalue()  # type: ignore[attr-defined, no-any-return]


def assess_notes(
    paths: Sequence[Path],
    cases: Sequence[Path],
    how: How,
    *,
    form: Form,
    out: Path | None,
    strike: list[int] | None,
    change: list[str] | None,
    resume: bool,
    overlay: Path | None = None,
) -> None:
    """Judge each text. One: printed, exit 5 where it tells of no leg complaint. Several: a file or line for each."""
    if cases:
        raise UsageError("--note", "a case as well", "either cases or notes", "Judge them one after the other.")
    compiled = compiled_with(overlay)
    notes = _distinct(_notes(paths))
    if len(notes) == 1 and not _is_many(paths):
        found = _judge(notes[0], how, compiled, strike, change)
        _put(found, notes[0], form, out, compiled)
        if found.assessment is None:
            sys.exit(CannotAssess.exit_code)
        return
    if strike or change:
        raise UsageError("--strike", "several notes", "one note", "Correct one note at a time.")
    _many(notes, how, form, out, resume, compiled)


def _distinct(notes: Iterable[Note]) -> list[Note]:
    """The notes; two of one name would take each other's place. Raises `UnreadableInput`."""
    out: dict[str, Note] = {}
    for note in notes:
        if note.name in out:
            raise UnreadableInput(
                note.name, "two notes of this name", "a name or id for each", "Give each an id of its own."
            )
        out[note.name] = note
    return list(out.values())


def _is_many(paths: Sequence[Path]) -> bool:
    return any(p.is_dir() or p.suffix == ".csv" for p in paths)


def _many(notes: list[Note], how: How, form: Form, out: Path | None, resume: bool, compiled: Compiled) -> None:
    if out is not None and out.exists() and not out.is_dir():
        raise UsageError("--out", "a file", "a folder, for several notes", "Name a folder.")
    worst: SoleusError | None = None
    by_name = {n.name: n for n in notes}
    for path in _progress([Path(n.name) for n in notes]):
        note = by_name[path.name]
        target = out / f"{note.name}{_ENDING[form]}" if out is not None else None
        if resume and target is not None and target.exists():
            continue
        try:
            _put(_judge(note, how, compiled, None, None), note, form, target, compiled, several=True)
        except SoleusError as error:
            tell(error, form == "json")
            worst = error
    if worst is not None:
        sys.exit(worst.exit_code)


def _judge(
    note: Note, how: How, compiled: Compiled, strike: list[int] | None, change: list[str] | None
) -> NoteAssessment:
    audience, setting, as_of, draws = how
    reading = _corrected(_named(note, compiled), strike, change, compiled)
    try:
        return assess_note(
            reading, knowledge=compiled, as_of=as_of, setting=setting, audience=audience, draws=draws, id=note.name
        )
    except SoleusError as error:
        raise error.within(note.name) from None


def _put(
    found: NoteAssessment, note: Note, form: Form, out: Path | None, compiled: Compiled, several: bool = False
) -> None:
    if out is not None and out.is_dir() and not several:
        out = out / f"{note.name}{_ENDING[form]}"
    if form == "json":
        text = pages.note_json(found, note.name).decode()
    elif form == "html":
        text = pages.note_html(found, compiled)
    elif out is None:
        _print_both(found, compiled)
        return
    else:
        text = _shown(found.reading, "text", compiled) + ("\n" + _plain(found.assessment) if found.assessment else "")
    if out is not None:
        _write_whole(out, text)
    else:
        print(text)


def _write_whole(out: Path, text: str) -> None:
    """Written beside and moved into place, so that a run that is broken off leaves no half a file to resume on."""
    part = out.with_name(out.name + ".part")
    _save_quietly(part, text)
    part.replace(out)
    print(f"Written: {out}", file=sys.stderr)


def _save_quietly(target: Path, text: str) -> None:
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text, encoding="utf-8")
    except OSError as error:
        raise UsageError(
            "--out", error.strerror or "no place to write", "a path that can be written", "Name another."
        ) from None


def _print_both(found: NoteAssessment, compiled: Compiled) -> None:
    from soleus.reports.terminal import render

    console = Console(highlight=False)
    console.print("WHAT WAS UNDERSTOOD", style="bold")
    pages.print_reading(found.reading, compiled, console)
    if found.assessment is not None:
        console.print()
        render(found.assessment, Console())


def _corrected(reading: Reading, strike: list[int] | None, change: list[str] | None, compiled: Compiled) -> Reading:
    """The reading after the corrections of the command line; numbers are those of the reading before any."""
    for words in change or ():
        number, _, state = words.partition("=")
        if not number.strip().isdigit() or not state:
            raise UsageError("--change", repr(words), "a number, = and a state, as in 3=absent", "Write it so.")
        reading = changed(reading, int(number), state.strip(), compiled, "--change")
    return reading.without(*strike) if strike else reading


def _notes(paths: Iterable[Path]) -> Iterator[Note]:
    for path in paths:
        if path.is_dir():
            yield from _of_folder(path)
        elif path.suffix == ".csv":
            yield from _of_table(path)
        else:
            yield Note("standard input" if path == STANDARD_INPUT else path.stem, text_of(path))


def _of_folder(folder: Path) -> Iterator[Note]:
    inside = sorted(p for p in folder.iterdir() if p.suffix in _READ and p.is_file())
    if not inside:
        raise UnreadableInput(folder.name, "no note", "text files (.txt, .md)", "Name a folder that has some.")
    for path in inside:
        try:
            yield Note(path.stem, text_of(path))
        except UnreadableInput as error:  # the others of the folder are read all the same
            yield Note(path.stem, "", error)


def _of_table(path: Path) -> Iterator[Note]:
    """The rows of a CSV with the columns id and text."""
    csv.field_size_limit(10_000_000)
    rows = csv.DictReader(io.StringIO(text_of(path)))
    names = {(n or "").strip().lower(): n for n in rows.fieldnames or ()}
    if "text" not in names:
        raise UnreadableInput(path.name, "no column text", "columns id and text", "Name the columns so.")
    for n, row in enumerate(rows, 1):
        name = (row.get(names.get("id", ""), "") or "").strip() or f"{path.stem}-{n}"
        yield Note("".join(c if c.isalnum() or c in "-_." else "_" for c in name), row[names["text"]] or "")


def text_of(path: Path) -> str:
    name = name_of(path)
    raw = bytes_of(path, name)
    return decode(raw if raw[:2] in _UTF_16 else _COLOURS.sub(_blank, raw).translate(_BLANKED), name)


def _blank(found: re.Match[bytes]) -> bytes:
    return b" " * len(found.group())


_COLOURS = re.compile(rb"\x1b\[[0-9;]*[A-Za-z]")  # of a terminal


_UTF_16 = (b"\xff\xfe", b"\xfe\xff")
#: control characters that a text may carry by accident become blanks, so that places stay; line ends and tabs stay
_BLANKED = bytes(32 if c < 32 and c not in (9, 10, 13) else c for c in range(256))
