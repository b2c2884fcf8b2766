"""Style sheet and script, each under a name that holds its hash: kept for good by browsers, yet never stale."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import TypeAlias

from fastapi import APIRouter
from starlette.exceptions import HTTPException
from starlette.responses import Response

from soleus.reports.population import rules as population_rules

_Part: TypeAlias = tuple[str, str] | Callable[[], str]

#: Asset -> (type, what it is made of: files, or the rules that a report makes)
_ASSETS: dict[str, tuple[str, tuple[_Part, ...]]] = {
    "soleus.css": (
        "text/css; charset=utf-8",
        (
            ("soleus.reports", "templates/report.css"),
            ("soleus.web", "static/site.css"),
            ("soleus.web", "static/account.css"),
        ),
    ),
    "library.css": (  # what only the library, the course and the review desk need: first pages stay light
        "text/css; charset=utf-8",
        (
            ("soleus.web", "static/finding.css"),
            ("soleus.web", "static/figures.css"),
            ("soleus.web", "static/library.css"),
            ("soleus.web", "static/learning.css"),
            ("soleus.web", "static/editorial.css"),
        ),
    ),
    "population.css": ("text/css; charset=utf-8", (population_rules,)),
    "soleus.js": ("text/javascript; charset=utf-8", (("soleus.web", "static/soleus.js"),)),
    "soleus.svg": ("image/svg+xml", (("soleus.web", "static/soleus.svg"),)),
}
_FOREVER = "public, max-age=31536000, immutable"


@dataclass(frozen=True)
class Asset:
    path: str
    media_type: str
    content: bytes


@cache
def assets() -> dict[str, Asset]:
    """Asset name -> where it is served, and what."""
    out = {}
    for name, (media_type, parts) in _ASSETS.items():
        content = b"\n".join(map(_content, parts))
        stem, _, ending = name.partition(".")
        digest = hashlib.sha256(content).hexdigest()[:12]
        out[name] = Asset(f"/static/{stem}.{digest}.{ending}", media_type, content)
    return out


def _content(part: _Part) -> bytes:
    if callable(part):
        return part().encode()
    package, path = part
    return files(package).joinpath(path).read_bytes().strip()


def path_of(name: str) -> str:
    """The address of an asset."""
    return assets()[name].path


def styles() -> str:
    """Both style sheets together, for paper."""
    return "\n".join(assets()[name].content.decode("utf-8") for name in ("soleus.css", "library.css"))


def router() -> APIRouter:
    routes = APIRouter(include_in_schema=False)

    @routes.get("/static/{name}")
    async def static(name: str) -> Response:
        found = next((a for a in assets().values() if a.path == f"/static/{name}"), None)
        if found is None:
            raise HTTPException(404)
        return Response(found.content, media_type=found.media_type, headers={"cache-control": _FOREVER})

    return routes
