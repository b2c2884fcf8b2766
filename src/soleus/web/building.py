"""The library as a site of files: the pages of the service, one version to keep under ``v/`` and the newest on top.

Pages are asked of the application in this process and followed from link to link, so that no link leads nowhere. Each
file is written whole or not at all. What an earlier build left under ``v/`` for other versions stays.
"""

from __future__ import annotations

import json
import os
import re
from collections import deque
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from xml.etree.ElementTree import Element, SubElement, indent, tostring

from soleus.errors import KnowledgeError, StorageError, UsageError
from soleus.library import addresses
from soleus.library.model import RecordRef
from soleus.library.naming import records
from soleus.library.titles import is_entry
from soleus.reasoning.assessment import Audience
from soleus.reasoning.compiled import Compiled
from soleus.web.built_links import Rewriter, Rules, Target
from soleus.web.built_search import search_files
from soleus.web.in_process import Ask
from soleus.web.library_archive import VERSIONS
from soleus.web.rendering import html

MARK = "soleus-library.json"
_MOST_TOLD = 8  # dead links that an error names
_HTML = "text/html"
_TEXTS = (".svg", ".atom", ".bib", ".ris", ".json", ".txt")  # beside pages: what may name an address


@dataclass(frozen=True)
class Order:
    """What to build. ``entries`` None: all; else these alone, without the lists and the page of figures.

    ``address`` '': where it will be is not known; feed, sitemap and full addresses are left out.
    """

    folder: Path
    audiences: tuple[Audience, ...] = ("clinician", "patient")
    address: str = ""
    service: str = ""
    entries: tuple[RecordRef, ...] | None = None


@dataclass
class Built:
    """What was built: the files of one tree, and the links that led nowhere with the page that had them."""

    files: set[str] = field(default_factory=set)
    dead: dict[str, str] = field(default_factory=dict)

    @property
    def pages(self) -> int:
        return sum(f.endswith(".html") for f in self.files)


def _untold(done: int, known: int) -> None:
    """Nobody watches."""


def build(compiled: Compiled, ask: Ask, order: Order, told: Callable[[int, int], None] = _untold) -> Built:
    """Build the site. ``told`` is called with the pages done and known so far.

    Raises `UsageError` for a folder that holds something else, `StorageError` where it cannot be written, and
    `KnowledgeError` at the end if a link led nowhere.
    """
    _checked(order.folder)
    try:
        built = _Building(compiled, ask, order).run(told)
    except OSError as error:
        raise StorageError(
            order.folder.name, error.strerror or "no place to write", "a folder that can be written", "Name another."
        ) from None
    if built.dead:
        some = "; ".join(f"{link} on {page}" for link, page in list(built.dead.items())[:_MOST_TOLD])
        raise KnowledgeError("library", f"{len(built.dead)} links that lead nowhere: {some}", "none", "Mend the pages.")
    return built


def _checked(folder: Path) -> None:
    """Refuse a folder that holds something that no build made."""
    if folder.exists() and not folder.is_dir():
        raise UsageError(folder.name, "a file", "a folder", "Name another.")
    if folder.is_dir() and any(folder.iterdir()) and not (folder / MARK).is_file():
        raise UsageError(
            folder.name, "a folder with something else in it", "an empty one or an earlier build", "Name another."
        )


class _Building:
    def __init__(self, compiled: Compiled, ask: Ask, order: Order) -> None:
        self._compiled, self._ask, self._order = compiled, ask, order
        self._version = compiled.knowledge.version
        self._rules = Rules(order.address, order.service, order.audiences, _knower(ask, order))
        self._rewriter = Rewriter(self._rules)
        self._built = Built()

    def run(self, told: Callable[[int, int], None]) -> Built:
        known = dict.fromkeys(self._begin(), "the beginning")
        waiting = deque(known)
        while waiting:
            link = waiting.popleft()
            for found in sorted(self._take(link, known[link])):
                if found not in known:
                    known[found] = link
                    waiting.append(found)
            told(len(known) - len(waiting), len(known))
        self._finish()
        return self._built

    def _begin(self) -> Iterable[str]:
        """The addresses to begin with; the others are found on their pages."""
        always = (*_ABOVE, *addresses.WAYS.values())
        entries = self._order.entries or tuple(ref for ref, _ in records(self._compiled))
        for path in (*always, *(addresses.entry(e.kind, e.id) for e in entries)):
            for audience in self._order.audiences:
                target = self._rules.target(path + ("?for=patient" if audience == "patient" else ""))
                if target is not None:
                    yield target.ask
        if self._order.address:
            yield addresses.FEED

    def _file(self, link: str) -> str:
        target = self._rules.target(link)
        assert target is not None
        return target.file

    def _take(self, link: str, page: str) -> set[str]:
        """Write the file of an address, and give the addresses that it leads to."""
        file = self._file(link)
        answer = self._ask(link)
        if answer.status != 200:
            self._built.dead[link] = page
            return set()
        if answer.media_type.startswith(_HTML):
            text, found = self._rewriter.page(self._framed(answer.content.decode(), file, link), file)
            self._write(file, text)
            return found
        if file.endswith(_TEXTS):
            self._write_both(file, self._rewriter.told(answer.content.decode()).encode())
        else:
            self._write_both(file, answer.content)
        return set()

    # ------------------------------------------------------------------------------------------------ pages

    def _framed(self, page: str, file: str, link: str) -> str:
        """A page with the ways of the copy in place of those of the service, and the search in the browser."""
        before, _, rest = page.partition('<nav aria-label="')
        _, _, after = rest.partition("</nav>")
        audience = "patient" if "for=patient" in link else "clinician"
        page = before + html("built_nav.html.j2", audience=audience) + after
        if not self._order.address:
            page = _FEED_LINK.sub("", page)
        if file.removeprefix("patient/") == "search.html":
            page = page.replace(_FOUND, html("built_search.html.j2", audience=audience, up="../" * file.count("/")), 1)
        return page

    def _write(self, file: str, text: str) -> None:
        """A page in both trees; the one that is kept says so."""
        kept = html("built_kept.html.j2", version=self._version, newest=self._from_kept(file))
        self._put(file, text.encode())
        self._put(f"{VERSIONS}/{self._version}/{file}", text.replace(_MAIN, _MAIN + kept, 1).encode())
        self._built.files.add(file)

    def _from_kept(self, file: str) -> str:
        """The link from a page that is kept to the same page on top."""
        return self._rewriter.relative(f"{VERSIONS}/{self._version}/{file}", Target(file))

    def _write_both(self, file: str, content: bytes) -> None:
        self._put(file, content)
        self._put(f"{VERSIONS}/{self._version}/{file}", content)
        self._built.files.add(file)

    def _put(self, file: str, content: bytes) -> None:
        path = self._order.folder / file
        path.parent.mkdir(parents=True, exist_ok=True)
        part = path.with_name(f".{path.name}.{os.getpid()}.part")
        part.write_bytes(content)
        part.replace(path)

    # --------------------------------------------------------------------------------------------------- the rest

    def _finish(self) -> None:
        for name, content in search_files(self._compiled, self._rules).items():
            self._write_both(name, content)
        if self._order.address:
            self._put("sitemap.xml", _sitemap(self._order.address, self._built.files))
        self._put("robots.txt", _robots(self._order.address))
        self._put(MARK, self._mark())
        self._forget()

    def _mark(self) -> bytes:
        knowledge = self._compiled.knowledge
        made = {"made_by": "soleus library build", "version": knowledge.version, "digest": knowledge.digest}
        return (json.dumps(made | {"pages": self._built.pages}, indent=1) + "\n").encode()

    def _forget(self) -> None:
        """Remove what an earlier build of the newest version left and this one has not."""
        top, own = self._order.folder, self._order.folder / VERSIONS / self._version
        kept = {*self._built.files, MARK, "sitemap.xml" if self._order.address else "", "robots.txt"}
        for root in (top, own):
            for path in sorted(root.rglob("*"), reverse=True):
                file = path.relative_to(root).as_posix()
                if root is top and (file == VERSIONS or file.startswith(f"{VERSIONS}/")):
                    continue
                if path.is_dir():
                    with suppress(OSError):  # it is not empty
                        path.rmdir()
                elif file not in kept:
                    path.unlink()


_MAIN = '<main id="main" tabindex="-1">'
_FOUND = "<!--found-->"
#: Pages that are built in any case.
_ABOVE = (addresses.HOME, addresses.SEARCH, addresses.QUESTIONS, addresses.CHANGES, f"{addresses.HOME}/policy")
_FEED_LINK = re.compile(r'<link rel="alternate" type="application/atom\+xml"[^>]*>\n?')


def _knower(ask: Ask, order: Order) -> Callable[[str], bool]:
    """Whether a file belongs to what is built: all, or of an excerpt its entries and what their pages lead to."""
    excerpt = None if order.entries is None else _excerpt(ask, order.entries)

    def knows(file: str) -> bool:
        return (excerpt is None or file in excerpt) and (bool(order.address) or not file.endswith(".atom"))

    return knows


def _excerpt(ask: Ask, entries: Iterable[RecordRef]) -> frozenset[str]:
    """The files of some entries, of the records, sources and figures that they show, and of the pages above them."""
    every = Rules(audiences=("clinician",))
    links = set(_ABOVE)
    for e in entries:
        for plain in ("", "?for=patient"):
            link = addresses.entry(e.kind, e.id)
            _, found = Rewriter(every).page(ask(link + plain).content.decode(), "it.html")
            links |= {x for x in (link, *found) if not _is_other(x, link)}
    return frozenset(target.file for link in links if (target := every.target(link)))


def _is_other(link: str, own: str) -> bool:
    """Whether an address is that of another entry, of a list or of the page of figures."""
    kind = link.removeprefix(addresses.HOME).strip("/").partition("/")[0].partition("?")[0]
    return not link.startswith(own) and (is_entry(kind) or kind in ("browse", "figures"))


def _sitemap(address: str, files: Iterable[str]) -> bytes:
    """The pages to be found by search engines: records and sources are reached from them (sitemaps.org, 0.9)."""
    root = Element("urlset", {"xmlns": "http://www.sitemaps.org/schemas/sitemap/0.9"})
    for file in sorted(files):
        if file.endswith(".html") and not file.startswith(("record/", "source/", "patient/record/")):
            SubElement(SubElement(root, "url"), "loc").text = f"{address}/{file}"
    indent(root)
    text: str = tostring(root, encoding="unicode")
    return f'<?xml version="1.0" encoding="utf-8"?>\n{text}\n'.encode()


def _robots(address: str) -> bytes:
    lines = ["User-agent: *", f"Disallow: /{VERSIONS}/", *([f"Sitemap: {address}/sitemap.xml"] if address else [])]
    return ("\n".join(lines) + "\n").encode()
