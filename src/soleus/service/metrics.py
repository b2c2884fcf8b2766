"""Counts and times by route for Prometheus; labels are route templates, methods and statuses, nothing else."""

from __future__ import annotations

import os

from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, Counter, Histogram, generate_latest
from prometheus_client.multiprocess import MultiProcessCollector

_BUCKETS = (0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0)
_KNOWN = ("GET", "HEAD", "OPTIONS", "POST", "PUT", "PATCH", "DELETE")
CONTENT_TYPE = CONTENT_TYPE_LATEST


class Metrics:
    """The counters of this process; `page` adds up those of all workers where there are several."""

    def __init__(self) -> None:
        self._registry = CollectorRegistry()
        self._requests = Counter(
            "soleus_requests",
            "Requests by route, method and status.",
            ("route", "method", "status"),
            registry=self._registry,
        )
        self._seconds = Histogram(
            "soleus_seconds", "Seconds by route.", ("route",), buckets=_BUCKETS, registry=self._registry
        )
        self._judgements = Counter("soleus_judgements", "Judgements by way in.", ("way",), registry=self._registry)

    def count(self, route: str, method: str, status: int, seconds: float) -> None:
        self._requests.labels(route, method if method in _KNOWN else "other", str(status)).inc()
        self._seconds.labels(route).observe(seconds)

    def judged(self, way: str) -> None:
        """One judgement; ``way`` is one of our own words (api, page, fhir, hook)."""
        self._judgements.labels(way).inc()

    def page(self) -> bytes:
        registry = self._registry
        if os.environ.get("PROMETHEUS_MULTIPROC_DIR"):
            registry = CollectorRegistry()
            MultiProcessCollector(registry)  # type: ignore[no-untyped-call]
        return generate_latest(registry)
