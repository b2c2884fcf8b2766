"""The case leaves with its owner: as a code to scan, as a file, as FHIR. No server stands in between.

What leaves is what was told; what-ifs stay behind. Names of files hold nothing of the person.
"""

from __future__ import annotations

import io
from typing import Annotated

import msgspec
import segno
import yaml
from fastapi import APIRouter, Form
from markupsafe import Markup
from segno.encoder import DataOverflowError
from starlette.responses import HTMLResponse, Response

from soleus.clinical.reading import case_from
from soleus.interop.handover import packed
from soleus.reasoning.assessment import Audience
from soleus.reasoning.compiled import Compiled
from soleus.web.catalogue import text
from soleus.web.pdf import pdf_is_here
from soleus.web.rendering import html
from soleus.web.result import StateField, Wording, audience_of, dated
from soleus.web.site import Site
from soleus.web.state import State, pack, unpack
from soleus.web.telling import sayings
from soleus.web.what_if import Tree, told

#: The largest code that a telephone still reads off a screen (version 25 of 40), found by trying.
_MOST_VERSION = 25
_QUIET_ZONE = 4  # modules; ISO/IEC 18004 asks for four
STEM = "soleus-case"


def leaving(state: State, compiled: Compiled, today: str) -> Tree:
    """What was told, with its day, as plain data that `soleus assess` reads. Raises `InputError`."""
    case = case_from(dated(told(state, compiled), today))
    tree: Tree = msgspec.json.decode(msgspec.json.encode(case))  # lists in place of tuples
    return tree


def picture(code: str, title: str | None = None) -> Markup | None:
    """The QR code of a text as SVG; None where it would be too fine to be read off a screen."""
    try:
        made = segno.make(code, error="l", micro=False, version=None)
    except DataOverflowError:
        return None
    if int(made.version) > _MOST_VERSION:
        return None
    out = io.BytesIO()
    made.save(
        out, kind="svg", border=_QUIET_ZONE, omitsize=True, xmldecl=False, light="#fff", dark="#000",
        svgclass="qr", lineclass=None, title=title or text("hand_over.picture"), nl=False,
    )  # fmt: skip
    return Markup(out.getvalue().decode("utf-8"))  # drawn by segno: modules and our own title


def code_page(state: State, audience: Audience, compiled: Compiled, today: str) -> str:
    """The code, its picture, and the other ways to keep the case or hand it over."""
    tree = leaving(state, compiled, today)
    code = packed(tree)
    return html(
        "hand_over.html.j2",
        state=pack(state),
        audience=audience,
        code=code,
        picture=picture(code),
        told=sayings(case_from(tree), compiled, patient=audience == "patient"),
        tried=len(state.changes),
        pdf=pdf_is_here(),
    )


def fhir(state: State, compiled: Compiled, today: str) -> bytes:
    """The case and its judgement as one Bundle. Raises `CannotAssess` where nothing was told."""
    from soleus.interop.fhir import operations
    from soleus.interop.fhir.writing import case_bundle

    case = case_bundle(case_from(leaving(state, compiled, today)), compiled)
    answer = operations.assess(case, compiled)
    return msgspec.json.encode({**answer, "entry": [*case["entry"], *answer["entry"]]})


def download(content: bytes | str, name: str, media_type: str) -> Response:
    """A file to keep; nothing of the person is in its name."""
    return Response(content, media_type=media_type, headers={"content-disposition": f'attachment; filename="{name}"'})


def router(site: Site) -> APIRouter:
    routes = APIRouter(include_in_schema=False)

    @routes.post("/result/code")
    async def code(state: StateField = "", audience: Annotated[Wording, Form()] = "") -> HTMLResponse:
        read = unpack(state)
        page = await site.run(code_page, read, audience_of(read, audience), site.compiled, site.today())
        return HTMLResponse(page)

    @routes.post("/result/code.txt")
    async def code_file(state: StateField = "") -> Response:
        tree = await site.run(leaving, unpack(state), site.compiled, site.today())
        return download(packed(tree) + "\n", f"{STEM}.txt", "text/plain; charset=utf-8")

    @routes.post("/result/case.yaml")
    async def as_yaml(state: StateField = "") -> Response:
        tree = await site.run(leaving, unpack(state), site.compiled, site.today())
        told = yaml.safe_dump(tree, allow_unicode=True, sort_keys=False)
        return download(told, f"{STEM}.yaml", "application/yaml; charset=utf-8")

    @routes.post("/result/case.json")
    async def as_json(state: StateField = "") -> Response:
        tree = await site.run(leaving, unpack(state), site.compiled, site.today())
        told = msgspec.json.format(msgspec.json.encode(tree), indent=1)
        return download(told, f"{STEM}.json", "application/json")

    @routes.post("/result/fhir")
    async def as_fhir(state: StateField = "") -> Response:
        bundle = await site.run(fhir, unpack(state), site.compiled, site.today())
        return download(bundle, f"{STEM}.fhir.json", "application/fhir+json")

    return routes
