"""The certificate of a quiz, on paper and as data, and the page that says whether one is true."""

from __future__ import annotations

from typing import Any

import anyio
import msgspec
from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from soleus.accounts import Visitor
from soleus.errors import UnknownName
from soleus.learning.certificates import Certificate, certificate, confirmed
from soleus.learning.records import record_of
from soleus.web.acting import personal, signed_in
from soleus.web.assets import styles
from soleus.web.catalogue import text
from soleus.web.handing_over import download
from soleus.web.learning_parts import HOME, routes_of_learning
from soleus.web.learning_quiz import DONE, own_paper
from soleus.web.pdf import pdf, pdf_is_here
from soleus.web.rendering import html
from soleus.web.site import Site

CERTIFICATE = f"{HOME}/certificate"
FILE_NAME = "soleus-certificate"


def router(site: Site) -> APIRouter:
    """GET /learn/attempt/{code}/certificate, also as .pdf and .json; GET /learn/certificate and /{code}."""
    routes = routes_of_learning()
    turn = anyio.Lock()  # a PDF takes seconds: one at a time

    @routes.get(f"{DONE}/{{code}}/certificate")
    async def shown(code: str, request: Request) -> HTMLResponse:
        visitor = signed_in(site, request)
        own = await site.run(_own, site, visitor, code)
        return personal(site, request, "learn_certificate.html.j2", visitor=visitor, **_values(site, own))

    @routes.get(f"{DONE}/{{code}}/certificate.pdf")
    async def as_pdf(code: str, request: Request) -> Response:
        own = await site.run(_own, site, signed_in(site, request), code)
        async with turn:
            made = await site.run(certificate_pdf, site, own)
        return download(made, f"{FILE_NAME}.pdf", "application/pdf")

    @routes.get(f"{DONE}/{{code}}/certificate.json")
    async def as_json(code: str, request: Request) -> Response:
        own = await site.run(_own, site, signed_in(site, request), code)
        return download(
            msgspec.json.format(msgspec.json.encode(told(site, own))), f"{FILE_NAME}.json", "application/json"
        )

    @routes.get(CERTIFICATE)
    async def asked(request: Request) -> HTMLResponse:
        return await site.run(_confirmation, site, request, request.query_params.get("code", ""))  # type: ignore[no-any-return]

    @routes.get(f"{CERTIFICATE}/{{code}}")
    async def confirmation(code: str, request: Request) -> HTMLResponse:
        return await site.run(_confirmation, site, request, code)  # type: ignore[no-any-return]

    return routes


def _own(site: Site, visitor: Visitor, code: str) -> Certificate:
    """The certificate of one's own quiz. Raises `UnknownName` where there is none."""
    found = certificate(own_paper(site, visitor, code), record_of(site.store, visitor.id))
    if found is None:
        raise UnknownName("certificate", "a quiz that was not passed", "one that was", "Take it again.")
    return found


def _values(site: Site, own: Certificate) -> dict[str, Any]:
    return {"c": own, "address": address_of(site, own), "pdf": pdf_is_here()}


def address_of(site: Site, own: Certificate) -> str:
    """Where somebody else finds out whether it is true."""
    return f"{site.address}{CERTIFICATE}/{own.code}"


def certificate_pdf(site: Site, own: Certificate) -> bytes:
    return pdf(html("learn_certificate.html.j2", style=styles(), **_values(site, own)))


def told(site: Site, own: Certificate) -> dict[str, Any]:
    """The certificate as data, with what it does not say in words."""
    return {
        **msgspec.to_builtins(own),
        "says": text("learn.cert_says"),
        "claims": text("learn.cert_claims"),
        "review": text("learn.cert_review"),
        "verify": address_of(site, own),
    }


def _confirmation(site: Site, request: Request, typed: str) -> HTMLResponse:
    """Valid, with what the certificate itself holds; or unknown. Without a code: the form alone."""
    found = confirmed(site.store, typed) if typed else None
    return personal(
        site,
        request,
        "learn_confirm.html.j2",
        404 if typed and found is None else 200,
        visitor=site.visitor_of(request),
        typed=typed[:60],
        c=found,
    )
