"""Pages of the library as an older version had them: files of a built site, served as they are.

``SOLEUS_LIBRARY_ARCHIVE`` names the folder that `soleus library build` filled. Without it, or without the version, a
page says which version is here.
"""

from __future__ import annotations

import mimetypes
import re
from pathlib import Path

from fastapi import APIRouter
from starlette.responses import HTMLResponse, Response

from soleus.errors import UnknownName
from soleus.library import addresses
from soleus.library.changes import history
from soleus.reasoning.assessment import Audience
from soleus.web.rendering import error_page, page
from soleus.web.site import Site

VERSIONS = "v"
_VERSION = re.compile(r"\d+(?:\.\d+){0,3}")
_PATH = re.compile(r"[A-Za-z0-9_\-][A-Za-z0-9_.\-]*(?:/[A-Za-z0-9_\-][A-Za-z0-9_.\-]*)*")
_TYPES = {".atom": "application/atom+xml", ".js": "text/javascript", ".pptx": "application/octet-stream"}
_FOREVER = "public, max-age=86400"


def router(site: Site) -> APIRouter:
    """GET /library/v/{version}/…"""
    routes = APIRouter(include_in_schema=False)

    @routes.get(f"{addresses.HOME}/{VERSIONS}/{{version}}/{{path:path}}")
    async def kept(version: str, path: str) -> Response:
        content = await site.run(read, site.archive, version, path)
        if content is None:
            return _told(site, version, path)
        return Response(content, media_type=media_type(path or "index.html"), headers={"cache-control": _FOREVER})

    return routes


def _told(site: Site, version: str, path: str) -> HTMLResponse:
    try:
        return version_page(site, version, path)
    except UnknownName as error:
        return error_page(404, error)


def file_in(archive: Path | None, version: str, path: str) -> Path | None:
    """The file of an older page; None where there is none. A path can lead nowhere else: no dots begin a part of it."""
    path = path or "index.html"
    if archive is None or not _VERSION.fullmatch(version) or not _PATH.fullmatch(path):
        return None
    folder = (archive / VERSIONS / version).resolve()
    found = (folder / path).resolve()
    return found if found.is_relative_to(folder) and found.is_file() else None


def read(archive: Path | None, version: str, path: str) -> bytes | None:
    """What an older page holds."""
    found = file_in(archive, version, path)
    return found.read_bytes() if found else None


def media_type(path: str) -> str:
    ending = f".{path.rpartition('.')[2]}"
    return _TYPES.get(ending) or mimetypes.guess_type(path)[0] or "application/octet-stream"


def archived_home(archive: Path | None, version: str) -> str | None:
    """Where the library of an older version can be read."""
    found = file_in(archive, version, "index.html")
    return f"{addresses.HOME}/{VERSIONS}/{version}/index.html" if found else None


def archived_entry(archive: Path | None, version: str, kind: str, id: str, audience: Audience) -> str | None:
    """Where an entry of an older version can be read; None where no copy is kept."""
    path = f"{'patient/' if audience == 'patient' else ''}{kind}/{id}.html"
    return f"{addresses.HOME}/{VERSIONS}/{version}/{path}" if file_in(archive, version, path) else None


def version_page(site: Site, version: str, path: str) -> HTMLResponse:
    """Which version is here instead, and where it says what changed. Raises `UnknownName` for one that never was."""
    known = [c.version for c in history()]
    if version not in {*known, site.compiled.knowledge.version}:
        raise UnknownName("version", repr(version[:20]), f"one of {', '.join(known)}", "See what changed.")
    return page(
        "library_version.html.j2", 404, version=version, here=site.compiled.knowledge.version, newest=_newest(path)
    )


def _newest(path: str) -> str:
    """The address of a page as it is now, from the name of its file; the home where it is none."""
    if not _PATH.fullmatch(path) or not path.endswith(".html") or path == "index.html":
        return addresses.HOME
    plain = path.removeprefix("patient/")
    return f"{addresses.HOME}/{plain.removesuffix('.html')}{'?for=patient' if plain != path else ''}"
