"""Links of pages as links between files, so that a built library opens from a disk as well as from a server.

    /library                               index.html
    /library/explanation/als               explanation/als.html
    /library/explanation/als?for=patient   patient/explanation/als.html
    /library/explanation/als?version=0.1.0 v/0.1.0/explanation/als.html
    /library/feed.atom?entry=finding:site  feed/entry/finding/site.atom
    /static/soleus.….css                   static/soleus.….css

What needs the service (the interview, a comparison, a correction) leads there where its address is known; otherwise the
link goes, and its words stay, except in lists of such links.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from html import escape, unescape
from posixpath import dirname, relpath
from urllib.parse import parse_qsl, unquote, urlencode, urlsplit

from soleus.library import addresses
from soleus.reasoning.assessment import Audience

#: What the pages call the place where they are served while they are built; no page that is written has it.
PLACE = "https://soleus.invalid"
_TAG = "tag:soleus.invalid,"
_STATIC = "/static/"
_ENDING = re.compile(r"\.(?:svg|atom|bib|ris|json|txt|pptx|pdf|js|css|xml)$")
#: Pages beside the library, and what stands for them in a copy without the service.
_INSTEAD = {"/": addresses.HOME, "/about": f"{addresses.HOME}/policy"}
_GONE = ("/account", "/review", "/learn")  # of the service alone: the words go with the link
_LIVE = ("/correct", ".pdf", ".pptx")


_SOURCE_RECORD = addresses.record("source", "")  # the record of a source is its page
#: Parts of the library that are the same for both audiences.
_FOR_ALL = ("record/", "source/", "figure/", "changes.", "feed", "policy.")


@dataclass(frozen=True)
class Target:
    """A file of the site. ``version``: of the tree of that version; None: of the tree that the link stands in.

    ``ask`` is the address of the service that gives it; ``rest`` the fragment, and for the search its words.
    """

    file: str
    version: str | None = None
    rest: str = ""
    ask: str = ""


@dataclass(frozen=True)
class Rules:
    """What is built, and where it will be.

    ``address``: of the site, '' where it is not known; ``service``: of the service, '' without one; ``knows``: whether
    the file of an address is built. Where both audiences are, the pages of patients have a folder of their own.
    """

    address: str = ""
    service: str = ""
    audiences: tuple[Audience, ...] = ("clinician", "patient")
    knows: Callable[[str], bool] = lambda _: True
    _seen: dict[str, Target | None] = field(default_factory=dict, compare=False, repr=False)

    def target(self, link: str) -> Target | None:
        """The file that an address of the service leads to; None for what is not built."""
        if link not in self._seen:
            self._seen[link] = self._found(link)
        return self._seen[link]

    def folder(self, audience: Audience) -> str:
        """The folder of the pages of an audience."""
        return "patient/" if audience == "patient" and len(self.audiences) > 1 else ""

    def _found(self, link: str) -> Target | None:
        parts = urlsplit(link)
        path = parts.path if self.service else _INSTEAD.get(parts.path, parts.path)
        path = path.replace(_SOURCE_RECORD, addresses.source(""))
        fragment = f"#{parts.fragment}" if parts.fragment else ""
        if path.startswith(_STATIC):
            return Target(path[1:], rest=fragment, ask=path)
        if not f"{path}/".startswith(f"{addresses.HOME}/") or path.endswith(_LIVE):
            return None
        asked = dict(parse_qsl(parts.query))
        audience = self._audience(asked.pop("for", ""))
        version = asked.pop("version", None)
        words = asked.pop("q", "")
        file = file_of(path, asked)
        if not self.knows(file) or (words and path != addresses.SEARCH):
            return None
        for_all = not file.endswith(".html") or file.startswith(_FOR_ALL)
        more = asked if for_all or audience == "clinician" else asked | {"for": "patient"}
        return Target(
            file=file if for_all else self.folder(audience) + file,
            version=version,
            rest=(f"?{urlencode({'q': words})}" if words else "") + fragment,
            ask=path + (f"?{urlencode(more, safe=':')}" if more else ""),
        )

    def _audience(self, asked: str) -> Audience:
        """The audience of a link; of a site for one audience, that one."""
        audience: Audience = "patient" if asked == "patient" else "clinician"
        return audience if audience in self.audiences else self.audiences[0]


def file_of(path: str, asked: dict[str, str]) -> str:
    """The file of a page of the library, in the words of clinicians; what else is asked becomes part of its name."""
    stem = unquote(path.removeprefix(addresses.HOME)).strip("/") or "index"
    ending = found[0] if (found := _ENDING.search(stem)) else ".html"
    stem = stem.removesuffix(ending)
    more = [part for name, value in sorted(asked.items()) for part in (name, *value.split(":")) if part]
    return "/".join([stem, *more]) + ending


class Rewriter:
    """Rewrites the pages of one site."""

    def __init__(self, rules: Rules) -> None:
        self.rules = rules
        self._relative: dict[tuple[str, str], str] = {}

    def page(self, html: str, file: str) -> tuple[str, set[str]]:
        """A page as the file ``file``, and the addresses of the service that it leads to."""
        found: set[str] = set()
        html = _SCRIPT.sub("", _CODE.sub("", html))
        html = self._forms(html)
        html = _loosened(_ANCHOR.sub(self._anchor, html))
        html = _LINK.sub(lambda m: self._link(m, file, found), html)
        return self.told(html), found

    def told(self, text: str) -> str:
        """A text with addresses of the service in full made those of the site (citations, metadata, feeds)."""
        text = text.replace(_TAG, f"tag:{urlsplit(self.rules.address).hostname},") if self.rules.address else text
        return _FULL.sub(lambda m: self._full(unescape(m[1] or "").replace("\\u0026", "&")), text)

    def _forms(self, html: str) -> str:
        """Forms go, except the one that searches: its page works in the browser."""
        return _FORM.sub(lambda m: m[0] if m[1].startswith(addresses.SEARCH) else "", html)

    def _anchor(self, match: re.Match[str]) -> str:
        link = unescape(match[1])
        if not link.startswith("/") or self._serves(link) or self.rules.target(link) is not None:
            return match[0]
        return "" if link.startswith(_GONE) else f"\0{match[2]}\0"

    def _serves(self, link: str) -> bool:
        return bool(self.rules.service) and self.rules.target(link) is None

    def _link(self, match: re.Match[str], file: str, found: set[str]) -> str:
        link = unescape(match[2])
        target = self.rules.target(link)
        if target is None:
            return f'{match[1]}"{escape(self.rules.service + link)}"' if self.rules.service else match[0]
        if not target.version:
            found.add(target.ask)
        return f'{match[1]}"{escape(self.relative(file, target))}"'

    def relative(self, file: str, target: Target) -> str:
        """The link from a file to another of the same tree, or to one in the tree of a version."""
        folder = dirname(file)
        there = f"v/{target.version}/{target.file}" if target.version else target.file
        if (folder, there) not in self._relative:
            self._relative[folder, there] = relpath(there, folder or ".")
        return self._relative[folder, there] + target.rest

    def _full(self, link: str) -> str:
        target = self.rules.target(link or "/")
        if target is None:
            return self.rules.service + link if self.rules.service else self.rules.address or "Soleus"
        there = f"v/{target.version}/{target.file}" if target.version else target.file
        return f"{self.rules.address}/{there}{target.rest}" if self.rules.address else there


_SCRIPT = re.compile(r'<script src="[^"]*" defer></script>\n?')
_CODE = re.compile(r'<div class="code-picture">.*?</div>', re.DOTALL)
_FORM = re.compile(r'<form\b[^>]*\baction="([^"]*)"[^>]*>.*?</form>', re.DOTALL)
_ANCHOR = re.compile(r'<a\b[^>]*?\bhref="(/[^"]*)"[^>]*>(.*?)</a>', re.DOTALL)
_LINK = re.compile(r'(\b(?:href|src|srcset|action)=)"(/[^"]*)"')
_ASKED = r"[A-Za-z0-9_.~%=:\-]+"
_FULL = re.compile(
    re.escape(PLACE) + rf"(/[A-Za-z0-9_.~/\-]*(?:\?{_ASKED}(?:(?:&amp;|&|\\u0026){_ASKED})*)?)?"
)  # in JSON the and-sign is \\u0026
_LOOSE_ONLY = re.compile(r"<(li|p|dd)\b[^>]*>\s*(?:\0[^\0]*\0[\s·,]*)+</\1>\n?")
_LOOSE_END = re.compile(r"\s*·\s*\0[^\0]*\0|\0[^\0]*\0\s*·\s*")


def _loosened(html: str) -> str:
    """Links that are gone: an item or line that held nothing else goes too; elsewhere their words stay."""
    if "\0" not in html:
        return html
    return _LOOSE_END.sub("", _LOOSE_ONLY.sub("", html)).replace("\0", "")
