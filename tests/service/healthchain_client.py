"""Run by HealthChain's own environment: its SandboxClient calls a service and prints the answers it understood.

Arguments: address, workflow, file with the prefetch, file with the context. An empty context is made up by HealthChain.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

from healthchain.models import CDSResponse  # type: ignore[import-not-found]
from healthchain.sandbox import SandboxClient  # type: ignore[import-not-found]
from healthchain.sandbox.requestconstructors import CdsRequestConstructor  # type: ignore[import-not-found]
from healthchain.sandbox.workflows import Workflow  # type: ignore[import-not-found]


class Whole:
    """HealthChain writes only the ids of a context, by the type of its field; this writes all that the client set."""

    def __init__(self, request: Any) -> None:
        self.request = request

    def model_dump(self, **options: Any) -> Any:
        return self.request.model_dump(serialize_as_any=True, **options)


def main(url: str, workflow: str, prefetch: str, context: str) -> None:
    client = SandboxClient(url=url, workflow=workflow)
    told = json.loads(Path(context).read_text(encoding="utf-8"))
    if told:
        made = CdsRequestConstructor().construct_request(
            prefetch_data=json.loads(Path(prefetch).read_text(encoding="utf-8")),
            workflow=Workflow(workflow),
            context=told,
        )
        client.requests.append(Whole(made))
    else:
        client.load_from_path(prefetch)
    answers = client.send_requests()
    for answer in answers:
        CDSResponse.model_validate({**answer, "cards": [as_healthchain_reads(c) for c in answer["cards"]]})
    print(json.dumps(answers))


def as_healthchain_reads(card: dict[str, Any]) -> dict[str, Any]:
    """Its models demand two fields that the specification leaves optional."""
    links = [{"autoLaunchable": False, **link} for link in card.get("links", [])]
    suggestions = [{"isRecommended": False, **s} for s in card.get("suggestions", [])]
    return {**card, "links": links, **({"suggestions": suggestions} if suggestions else {})}


if __name__ == "__main__":
    main(*sys.argv[1:])
