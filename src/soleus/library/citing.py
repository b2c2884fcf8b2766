"""How to cite an entry: as text, BibTeX, RIS and CSL JSON. Each says the version, and that nobody has reviewed it."""

from __future__ import annotations

import json
import re
from typing import Literal, get_args

from soleus.library.model import Entry
from soleus.reports.words import closed, date_words

Style = Literal["text", "bibtex", "ris", "csl"]
STYLES: tuple[Style, ...] = get_args(Style)
WORK = "Soleus library"
LICENCE = "https://creativecommons.org/licenses/by/4.0/"
#: Style -> (ending of a file, media type).
FILES: dict[Style, tuple[str, str]] = {
    "text": ("txt", "text/plain; charset=utf-8"),
    "bibtex": ("bib", "application/x-bibtex; charset=utf-8"),
    "ris": ("ris", "application/x-research-info-systems; charset=utf-8"),
    "csl": ("json", "application/vnd.citationstyles.csl+json"),
}


def citation(entry: Entry, style: Style, address: str) -> str:
    """The citation of an entry whose permalink is ``address``."""
    return {"text": _text, "bibtex": _bibtex, "ris": _ris, "csl": _csl}[style](entry, address)


def released(entry: Entry) -> str:
    """The date of a citation: when the entry was last looked at, else when it was released; '' for neither."""
    return entry.standing.last_reviewed or entry.standing.first_released or ""


def version(entry: Entry) -> str:
    """Version and content of the knowledge, as they stand in a citation."""
    return f"knowledge {entry.knowledge_version} ({entry.knowledge_hash[:12]})"


def _status(entry: Entry) -> str:
    return {"submitted": "Not reviewed", "under_review": "Under review", "approved": "Approved"}[entry.standing.status]


def _text(entry: Entry, address: str) -> str:
    day = date_words(released(entry))
    parts = [f"{entry.standing.author}. {closed(entry.title)} In: {WORK}, {version(entry)}"]
    parts += [f"last looked at {day}"] if day else []
    return f"{', '.join(parts)}. {_status(entry)}. {address}"


def _bibtex(entry: Entry, address: str) -> str:
    fields = {
        "author": f"{{{_tex(entry.standing.author)}}}",
        "title": f"{{{_tex(entry.title)}}}",
        "booktitle": _tex(WORK),
        "year": released(entry)[:4],
        "version": _tex(version(entry)),
        "note": _tex(_status(entry)),
        "url": address,
    }
    lines = [f"  {name} = {{{value}}}" for name, value in fields.items() if value]
    return "@incollection{" + ",\n".join([f"soleus:{entry.kind}:{entry.id}", *lines]) + "\n}\n"


_TEX = {"\\": r"\textbackslash{}", "~": r"\textasciitilde{}", "^": r"\textasciicircum{}"}


def _tex(text: str) -> str:
    """Text as TeX prints it."""
    return re.sub(r"[\\{}&%$#_~^]", lambda m: _TEX.get(m[0], f"\\{m[0]}"), text)


def _ris(entry: Entry, address: str) -> str:
    day = released(entry)
    lines = (
        ("TY", "ENCYC"),
        ("AU", entry.standing.author),
        ("TI", entry.title),
        ("T2", WORK),
        ("PY", day[:4]),
        ("DA", day.replace("-", "/")),
        ("ET", version(entry)),
        ("N1", _status(entry)),
        ("LA", "en"),
        ("UR", address),
        ("ER", ""),
    )
    return "".join(f"{tag}  - {' '.join(value.split())}\r\n" for tag, value in lines if value or tag == "ER")


def _csl(entry: Entry, address: str) -> str:
    day = released(entry)
    item = {
        "id": f"soleus:{entry.kind}:{entry.id}",
        "type": "entry-encyclopedia",
        "title": entry.title,
        "container-title": WORK,
        "author": [{"literal": entry.standing.author}],
        "issued": {"date-parts": [[int(part) for part in day.split("-")]]} if day else None,
        "version": version(entry),
        "note": _status(entry),
        "language": "en-GB",
        "URL": address,
    }
    return json.dumps([{k: v for k, v in item.items() if v}], ensure_ascii=False, indent=2) + "\n"
