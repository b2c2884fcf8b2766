"""Keeping answers, for those who ask for it: in a file of their own, or on this server behind a private link.

The link holds a random key of 256 bits. From it two things are derived that do not tell of each other: the id under
which the answers are stored, and the key that seals them (AES-GCM). The server keeps neither key nor link, so it cannot
read what it stores, and ids cannot be guessed. Deleting deletes the stored bytes.
"""

from __future__ import annotations

import datetime
import secrets
from dataclasses import replace

import msgspec
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from soleus.clinical.reading import case_from, decode, parse_tree
from soleus.errors import CannotAssess, InputError, UnreadableInput
from soleus.interop.handover import is_code
from soleus.reasoning.compiled import Compiled
from soleus.storage import Saved
from soleus.web.catalogue import text
from soleus.web.form import Form, Visit, read, visit_of
from soleus.web.interview_pages import following
from soleus.web.rendering import page
from soleus.web.site import Site
from soleus.web.state import State, unpack

MOST_FILE = 256_000
FILE_NAME = "soleus-answers.json"
_KEY_BYTES, _NONCE_BYTES = 32, 12
_BLOCK = 2_048  # sealed answers are filled up to a multiple of it, so that their length tells little
_HEADERS = {"x-robots-tag": "noindex, nofollow", "referrer-policy": "no-referrer", "cache-control": "no-store"}
_SAVED = {"case", "respondent", "answers"}  # as `Interview.saved`


# --- the private link -------------------------------------------------------------------------------------------------


def new_key() -> str:
    """The key of a new link, as it stands in the address."""
    return secrets.token_urlsafe(_KEY_BYTES)


def _derived(key: str, purpose: bytes) -> bytes:
    return HKDF(SHA256(), 32, salt=None, info=b"soleus saved interview: " + purpose).derive(key.encode()[:200])


def id_of(key: str) -> str:
    """The id under which the answers of a link are stored."""
    return _derived(key, b"id").hex()


def seal(key: str, state: str) -> bytes:
    """The state, readable only with the key."""
    plain = state.encode()
    plain += b" " * (-len(plain) % _BLOCK)
    nonce = secrets.token_bytes(_NONCE_BYTES)
    return nonce + AESGCM(_derived(key, b"seal")).encrypt(nonce, plain, id_of(key).encode())


def unseal(key: str, sealed: bytes) -> str | None:
    """The state; None where the key does not fit or a byte was changed."""
    nonce, rest = sealed[:_NONCE_BYTES], sealed[_NONCE_BYTES:]
    try:
        return AESGCM(_derived(key, b"seal")).decrypt(nonce, rest, id_of(key).encode()).decode().rstrip(" ")
    except (InvalidTag, ValueError):
        return None


class Gone(Exception):
    """Nothing is kept under a link: 404, or 410 where its time is over."""

    def __init__(self, status: int) -> None:
        super().__init__(status)
        self.status = status


def keep(site: Site, visit: Visit) -> tuple[Visit, Saved]:
    """Store the answers of a visit under its link, or under a new one."""
    now = site.clock().timestamp()
    site.store.forget(now)
    key = visit.link or new_key()
    saved = Saved(id_of(key), seal(key, visit.packed), now, now + site.save_days * 86_400)
    site.store.save(saved)
    return replace(visit, link=key), saved


def kept(site: Site, key: str) -> tuple[Visit, Saved]:
    """The visit behind a link. Raises `Gone`."""
    saved = site.store.saved(id_of(key))
    state = unseal(key, saved.sealed) if saved else None
    if saved is None or state is None:
        raise Gone(404)
    if saved.expires_at <= site.clock().timestamp():
        site.store.delete(saved.id)
        raise Gone(410)
    return Visit(unpack(state), link=key), saved


def known(site: Site, key: str | None) -> str | None:
    """The key of a link under which something is kept, else None: nobody chooses a key."""
    return key if key and site.store.saved(id_of(key)) else None


# --- the file ---------------------------------------------------------------------------------------------------------


def file_of(visit: Visit, compiled: Compiled) -> bytes:
    """The answers as `soleus interview --resume` and `soleus assess` read them."""
    return msgspec.json.format(msgspec.json.encode(visit.interview(compiled).saved()), indent=1)


def visit_from(raw: bytes, compiled: Compiled) -> Visit:
    """The visit of a file: kept answers, a case, or the text of a code. Raises the errors of the readers."""
    name = text("saving.file")
    if len(raw) > MOST_FILE:
        raise UnreadableInput(name, "too many bytes", f"at most {MOST_FILE:,}", text("saving.file_mend"))
    told = decode(raw, name)
    visit = Visit(unpack(told) if is_code(told) else _state(parse_tree(told, name), name))
    case_from(visit.state.case, name)
    visit.interview(compiled).judged()
    return visit


def _state(tree: object, name: str) -> State:
    if not isinstance(tree, dict):
        raise UnreadableInput(name, "something else", text("saving.file_hint"), text("saving.file_mend"))
    told = tree if set(tree) == _SAVED else {"case": tree}
    try:
        return msgspec.convert(told, State)
    except msgspec.ValidationError:
        mend = text("saving.file_mend")
        raise UnreadableInput(name, "another form", text("saving.file_hint"), mend) from None


# --- pages ------------------------------------------------------------------------------------------------------------


def router(site: Site) -> APIRouter:
    """The routes of keeping and of coming back."""
    routes = APIRouter(include_in_schema=False)

    @routes.post("/interview/keep")
    async def choose(request: Request) -> HTMLResponse:
        visit = await _visit(site, request)
        return page("saved_keep.html.j2", visit=visit, days=site.save_days)

    @routes.post("/interview/file")
    async def file(request: Request) -> Response:
        content = await site.run(file_of, await _visit(site, request), site.compiled)
        headers = {**_HEADERS, "content-disposition": f'attachment; filename="{FILE_NAME}"'}
        return Response(content, media_type="application/json", headers=headers)

    @routes.post("/interview/link")
    async def link(request: Request) -> HTMLResponse:
        visit, saved = await site.run(keep, site, await _visit(site, request))
        return _private(page("saved_link.html.j2", visit=visit, address=_address(site, visit), until=_until(saved)))

    @routes.post("/interview/resume")
    async def resume(request: Request) -> HTMLResponse:
        return await site.run(_resumed, site, await read(request, MOST_FILE))  # type: ignore[no-any-return]

    @routes.get("/saved/{key}")
    async def saved(key: str) -> HTMLResponse:
        return await site.run(_shown, site, key)  # type: ignore[no-any-return]

    @routes.post("/saved/{key}/delete")
    async def delete(key: str) -> HTMLResponse:
        found = await site.run(site.store.delete, id_of(key))
        return _private(page("saved_gone.html.j2", 200 if found else 404, what="deleted" if found else "404"))

    return routes


async def _visit(site: Site, request: Request) -> Visit:
    visit = visit_of(await read(request))
    return replace(visit, link=await site.run(known, site, visit.link))


def _resumed(site: Site, form: Form) -> HTMLResponse:
    """The interview goes on with a file; where it cannot be read, its page says so."""
    try:
        visit = visit_from(form.file or b"", site.compiled)
    except (InputError, CannotAssess) as error:
        return page("interview_who.html.j2", 400, error=error)
    return following(site, visit)


def _shown(site: Site, key: str) -> HTMLResponse:
    try:
        visit, saved = kept(site, key)
    except Gone as gone:
        return _private(page("saved_gone.html.j2", gone.status, what=str(gone.status)))
    return _private(page("saved_shown.html.j2", visit=visit, address=_address(site, visit), until=_until(saved)))


def _private(answer: HTMLResponse) -> HTMLResponse:
    answer.headers.update(_HEADERS)
    return answer


def _address(site: Site, visit: Visit) -> str:
    return f"{site.address}/saved/{visit.link}"


def _until(saved: Saved) -> str:
    """The last whole day on which the answers are there."""
    return datetime.datetime.fromtimestamp(saved.expires_at, datetime.UTC).date().isoformat()
