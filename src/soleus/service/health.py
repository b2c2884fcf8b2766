"""Is it there, can it judge, and what does it count."""

from __future__ import annotations

from fastapi import APIRouter
from starlette.responses import Response

from soleus.errors import ServiceError
from soleus.service.metrics import CONTENT_TYPE
from soleus.service.problems import Refused
from soleus.service.services import Services


def router(services: Services) -> APIRouter:
    """`/health` (the process answers), `/ready` (it can judge and store), `/metrics`."""
    routes = APIRouter(tags=["operation"])

    @routes.get("/health", summary="Does the process answer?")
    async def health() -> dict[str, str]:
        return {"status": "ok"}

    @routes.get(
        "/ready",
        summary="Can it judge and store?",
        responses={503: {"description": "Not able to judge or store yet", "content": {"application/problem+json": {}}}},
    )
    async def ready() -> dict[str, str]:
        if not services.warm.is_set():
            loading = ServiceError("soleus", "knowledge still being loaded", "it loaded", "Try again soon.")
            raise Refused(503, loading, {"retry-after": "1"})
        await services.work.run(services.store.check)
        base = services.compiled.knowledge
        return {"status": "ok", "knowledge_version": base.version, "knowledge_hash": base.digest}

    @routes.get("/metrics", summary="Counts for Prometheus", response_class=Response)
    async def metrics() -> Response:
        return Response(services.metrics.page(), media_type=CONTENT_TYPE)

    return routes
