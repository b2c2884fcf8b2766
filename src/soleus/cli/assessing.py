"""`soleus assess`: one case or many, to the terminal, to JSON, to HTML."""

from __future__ import annotations

import io
import itertools
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Literal

import msgspec

from soleus.cli import tell
from soleus.cli.overlaid import compiled_with
from soleus.clinical.case import Case
from soleus.errors import CannotAssess, InputError, SoleusError, UnreadableInput, UsageError
from soleus.interop.reading import STANDARD_INPUT, name_of, read_any
from soleus.reasoning.assess import assess
from soleus.reasoning.assessment import Assessment, Audience
from soleus.reasoning.compiled import Compiled

Form = Literal["text", "json", "html"]
_ENDING = {"text": ".txt", "json": ".json", "html": ".html"}
_READ = {".yaml", ".yml", ".json", ".gz"}


def assess_all(
    cases: list[Path],
    *,
    audience: Audience,
    setting: str | None,
    as_of: str | None,
    form: Form,
    out: Path | None,
    draws: int,
    overlay: Path | None = None,
) -> None:
    """Judge every case in order. A fault does not keep the rest from being judged; the last one decides the exit."""
    paths, compiled = list(_expanded(cases)), compiled_with(overlay)
    if len(paths) == 1:
        _write_one(paths[0], _judge(paths[0], compiled, audience, setting, as_of, draws), form, out)
        return
    if out is not None and out.exists() and not out.is_dir():
        raise UsageError("--out", "a file", "a folder, for several cases", "Name a folder.")
    worst: SoleusError | None = None
    names = _names(paths)
    for path in _progress(paths):
        try:
            found = _judge(path, compiled, audience, setting, as_of, draws)
        except SoleusError as error:
            tell(error, form == "json")
            worst = error
            continue
        _write_many(names[path], found, form, out)
    if worst is not None:
        sys.exit(worst.exit_code)


def _names(paths: list[Path]) -> dict[Path, str]:
    """A file name for each case without its ending; cases of one name in several folders are numbered."""
    out: dict[Path, str] = {}
    for path in paths:
        stem, taken = _stem(path), set(out.values())
        numbered = (f"{stem}-{n}" for n in itertools.count(2))
        out.setdefault(path, stem if stem not in taken else next(name for name in numbered if name not in taken))
    return out


def _stem(path: Path) -> str:
    if path == STANDARD_INPUT:
        return "standard-input"
    name = path.name.removesuffix(".gz")
    return Path(name).stem if Path(name).suffix in _READ else name


def _expanded(cases: Iterable[Path]) -> Iterable[Path]:
    for path in cases:
        if not path.is_dir():
            yield path
            continue
        inside = sorted(p for p in path.iterdir() if p.suffix in _READ and p.is_file())
        if not inside:
            raise UnreadableInput(str(path.name), "no case", "YAML, JSON or FHIR files", "Name a folder that has some.")
        yield from inside


def _progress(paths: list[Path]) -> Iterable[Path]:
    from rich.console import Console
    from rich.progress import track

    console = Console(stderr=True)
    return track(paths, "Judging", console=console, transient=True, disable=not console.is_terminal)


def _judge(
    path: Path, compiled: Compiled, audience: Audience, setting: str | None, as_of: str | None, draws: int
) -> Assessment:
    try:
        case: Case = read_any(path, compiled, as_of=as_of)
        case = msgspec.structs.replace(case, setting=setting or case.setting, id=_identity(case, path))
        return assess(case, knowledge=compiled, as_of=as_of, audience=audience, draws=draws)
    except (InputError, CannotAssess) as error:
        raise error.within(name_of(path)) from None


def _identity(case: Case, path: Path) -> str:
    """The id of the case; where it has none, the name of its file, so that answers can be told apart."""
    return _stem(path) if case.id == Case().id and path != STANDARD_INPUT else case.id


def rendered(found: Assessment, form: Form) -> str:
    """The assessment as text (plain, 80 columns), JSON or HTML."""
    if form == "json":
        from soleus.reports.json import to_json

        return to_json(found).decode()
    if form == "html":
        from soleus.reports.html import render as as_page

        return as_page(found)
    return _plain(found)


def _plain(found: Assessment) -> str:
    """The text of the terminal, 80 columns, without colour."""
    from rich.console import Console

    from soleus.reports.terminal import render

    console = Console(file=io.StringIO(), width=80, no_color=True, force_terminal=False)
    render(found, console)
    return console.file.getvalue()  # type: ignore[attr-defined, no-any-return]


def _write_one(path: Path, found: Assessment, form: Form, out: Path | None) -> None:
    if out is not None:
        target = out / f"{_stem(path)}{_ENDING[form]}" if out.is_dir() else out
        _save(target, rendered(found, form))
    elif form == "text":
        from rich.console import Console

        from soleus.reports.terminal import render

        render(found, Console())
    else:
        print(rendered(found, form))


def _write_many(name: str, found: Assessment, form: Form, out: Path | None) -> None:
    if out is None:
        print(rendered(found, form))
        return
    _save(out / f"{name}{_ENDING[form]}", rendered(found, form))


def _save(target: Path, text: str) -> None:
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text, encoding="utf-8")
    except OSError as error:
        raise UsageError(
            "--out", error.strerror or "no place to write", "a path that can be written", "Name another."
        ) from None
    print(f"Written: {target}", file=sys.stderr)
