"""The application: services made once, the routes of every edge, the guard around them."""

from __future__ import annotations

import gc
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path
from threading import Thread

from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.middleware.cors import CORSMiddleware
from starlette.requests import Request
from starlette.responses import Response

from soleus.accounts import Visitor
from soleus.accounts.rules import Rules
from soleus.accounts.service import Accounts
from soleus.errors import NotSignedIn, SoleusError, UsageError
from soleus.reasoning.assess import software_version
from soleus.reasoning.compiled import Compiled, shipped_compiled
from soleus.service import api, fhir, guard, health, hooks, launching, openapi, providers, signing_in
from soleus.service.keys import installation_key
from soleus.service.metrics import Metrics
from soleus.service.outside import Outside
from soleus.service.problems import Answer, Refused, answer_for, defect, status_of
from soleus.service.services import Clock, Services, utc_now
from soleus.service.settings import Settings
from soleus.service.work import Work
from soleus.storage import Repository, SqliteRepository
from soleus.web import pages
from soleus.web.acting import sign_in_first
from soleus.web.cookies import SessionCookie
from soleus.web.rendering import error_page
from soleus.web.site import Site

STORE = "soleus.db"
_MACHINE_PATHS = ("/fhir", "/cds-services", "/api")


def create_app(
    settings: Settings,
    *,
    store: Repository | None = None,
    compiled: Compiled | None = None,
    clock: Clock = utc_now,
    outside: Outside | None = None,
    visitor_of: Callable[[Request], Visitor | None] | None = None,
) -> guard.Guard:
    """The ASGI application. ``store``, ``compiled``, ``clock``, ``outside`` (what reads from other servers) and
    ``visitor_of`` (who is signed in) are for tests; by default what ships.
    """
    services = Services(
        settings=settings,
        store=store or SqliteRepository(settings.data / STORE),
        compiled=compiled or shipped_compiled(),
        clock=clock,
        work=Work(settings.max_seconds),
        metrics=Metrics(),
    )
    app = FastAPI(
        title="Soleus",
        summary="A cited, explained judgement for legs that cramp, hurt or will not keep still at night.",
        version=software_version(),
        docs_url=None,  # the pages of FastAPI load scripts from elsewhere
        redoc_url=None,
        lifespan=_lifespan(services),
    )
    page: Answer = error_page
    provider, door = providers.load(settings), outside or Outside()
    site = _site(services, visitor_of, provider.name if provider else None)
    edges = (health.router(services), api.router(services), fhir.router(services), hooks.router(services, door))
    starts = (launching.router(services, site, door), signing_in.router(services, site, provider, door))
    for routes in (*edges, *starts, pages.router(site)):
        app.router.routes.extend(routes.routes)  # flat: each request is matched once
    _answer_errors(app, page)
    app.openapi = lambda: openapi.document(app)  # type: ignore[method-assign]
    return guard.Guard(_with_cors(app, settings), settings, services.metrics, page)


def _site(services: Services, visitor_of: Callable[[Request], Visitor | None] | None, provider: str | None) -> Site:
    settings = services.settings
    accounts = Accounts(
        services.store, services.clock, account_rules(settings), lambda: installation_key(settings.data)
    )
    cookie = SessionCookie(settings.address.startswith("https://"))
    return Site(
        compiled=services.compiled,
        store=services.store,
        clock=services.clock,
        run=services.work.run,
        at_once=services.work.at_once,
        address=settings.address,
        save_days=settings.save_days,
        judged=lambda: services.metrics.judged("page"),
        accounts=accounts,
        cookie=cookie,
        provider=provider,
        visitor_of=visitor_of or (lambda request: accounts.visitor(cookie.of(request))),
        archive=settings.library_archive,
        reports=settings.population_reports,
        form_token=(lambda _: "") if visitor_of else (lambda request: accounts.form_token(cookie.of(request))),
    )


def account_rules(settings: Settings) -> Rules:
    return Rules(
        idle_s=settings.session_idle_hours * 3_600,
        longest_s=settings.session_days * 86_400,
        slow_after=settings.sign_in_slow_after,
        lock_after=settings.sign_in_lock_after,
        lock_s=settings.sign_in_lock_minutes * 60,
        invitation_s=settings.invitation_days * 86_400,
    )


def _lifespan(services: Services) -> Callable[[FastAPI], AbstractAsyncContextManager[None]]:
    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        services.store.forget(services.clock().timestamp())
        Thread(target=_warm, args=(services,), daemon=True).start()
        yield
        services.store.close()

    return lifespan


def _warm(services: Services) -> None:
    """Load and compute once what the first request would wait for; `/ready` tells when that is done."""
    from soleus.library.searching import search
    from soleus.notes.judging import assess_note

    assess_note("Cramp in my calf at night.", knowledge=services.compiled)
    search(services.compiled, "crampp", "patient")
    gc.collect()
    gc.freeze()  # what is loaded stays as long as the process; looking through it again finds nothing
    gc.set_threshold(50_000)  # an answer makes many small objects, and hardly any circle of them
    services.warm.set()


def _with_cors(app: FastAPI, settings: Settings) -> guard.App:
    """Other origins may call the interfaces of machines; never with cookies."""
    shared = CORSMiddleware(
        app,
        allow_origins=settings.cors_origins,
        allow_methods=("GET", "POST", "OPTIONS"),
        allow_headers=("authorization", "content-type", "accept", "prefer"),
        expose_headers=("x-request-id", "www-authenticate"),
        max_age=600,
    )

    async def choose(scope: guard.Scope, receive: guard.Receive, send: guard.Send) -> None:
        inner = shared if scope["type"] == "http" and scope["path"].startswith(_MACHINE_PATHS) else app
        await inner(scope, receive, send)

    return choose


def _answer_errors(app: FastAPI, page: Answer) -> None:
    """Every error becomes an answer in the form that whoever asked reads."""

    async def told(request: Request, error: Exception) -> Response:
        assert isinstance(error, SoleusError)
        answer = answer_for(request, page)
        if isinstance(error, NotSignedIn) and request.method == "GET" and answer is page:
            return sign_in_first(request)
        return answer(status_of(error), error)

    async def refused(request: Request, error: Exception) -> Response:
        assert isinstance(error, Refused)
        response = answer_for(request, page)(error.status, error.error)
        response.headers.update(error.headers)
        return response

    async def http(request: Request, error: Exception) -> Response:
        assert isinstance(error, HTTPException)
        found = UsageError(
            "address", _FOUND.get(error.status_code, "a request"), "a route of /openapi.json", "See there."
        )
        response = answer_for(request, page)(error.status_code, found)
        response.headers.update(error.headers or {})
        return response

    async def invalid(request: Request, error: Exception) -> Response:
        assert isinstance(error, RequestValidationError)
        place = ".".join(str(p) for p in error.errors()[0]["loc"]) if error.errors() else "request"
        found = UsageError(place, "a value that is missing or cannot be", "what /openapi.json says", "Change it.")
        return answer_for(request, page)(422, found)

    async def fault(request: Request, _: Exception) -> Response:
        return answer_for(request, page)(500, defect())

    app.add_exception_handler(SoleusError, told)
    app.add_exception_handler(Refused, refused)
    app.add_exception_handler(HTTPException, http)
    app.add_exception_handler(RequestValidationError, invalid)
    app.add_exception_handler(Exception, fault)


_FOUND = {404: "an address that is none", 405: "a method that it does not take"}


def store_path(settings: Settings) -> Path:
    return settings.data / STORE
