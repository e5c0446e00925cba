"""The pages people read."""

import logging
import math
from collections.abc import Callable, Mapping

import jinja2
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Route

from rca.incident import Incident
from rca.store.base import StoreError
from server.api.backend import Backend
from server.errors import NotFoundError, RequestError, UnavailableError
from server.web import story
from server.web.drawing import Drawing, draw
from server.web.pulse import Pulse
from server.web.status import StatusView

_LOG = logging.getLogger(__name__)
# Past incidents on one page.
_PAGE = 50
# The newest stretch of time the graph of the front page shows, in nanoseconds.
_GRAPH_STRETCH = 60_000_000_000


class Pages:
    """Reads the backend anew for every request; keeps nothing."""

    def __init__(
        self, backend: Backend, status: Callable[[], StatusView], pulse: Pulse, templates: jinja2.Environment
    ) -> None:
        self._backend = backend
        self._status = status
        self._pulse = pulse
        self._templates = templates

    @property
    def routes(self) -> list[Route]:
        return [
            Route("/", self.incidents),
            Route("/incidents/{incident_id}", self.incident),
        ]

    # Plain functions, not coroutines: the store and the graph are read in threads.

    def incidents(self, request: Request) -> Response:
        # Read first: a change during the rest is then told again instead of missed.
        sequence = self._pulse.sequence
        known = self._backend.store.list()
        current = sorted(
            (incident for incident in known if not story.is_past(incident)),
            key=lambda incident: (not incident.ongoing, -incident.severity, -incident.start_unix_nano),
        )
        past = [incident for incident in known if story.is_past(incident)]
        pages = max(1, -(-len(past) // _PAGE))
        page = min(_page_number(request), pages)
        return self._answer(
            "incidents.html",
            sequence,
            current=current,
            past=past[(page - 1) * _PAGE : page * _PAGE],
            past_count=len(past),
            page=page,
            pages=pages,
            drawing=self._newest_graph(current),
        )

    def incident(self, request: Request) -> Response:
        sequence = self._pulse.sequence
        incident = self._backend.store.get(request.path_params["incident_id"])
        if incident is None:
            raise HTTPException(404)
        diagnosis = incident.diagnosis
        cause = incident.root_cause
        return self._answer(
            "incident.html",
            sequence,
            incident=incident,
            diagnosis=diagnosis,
            moments=story.moments(incident),
            causes=list(zip(diagnosis.root_causes, story.sums(incident), strict=True)) if diagnosis else [],
            anomalies=story.anomalies(incident),
            quotes=story.quotes(incident),
            trace_ids=story.trace_ids(incident),
            most_services=story.MOST_SERVICES,
            drawing=draw(diagnosis.graph, (cause,) if cause else (), incident.services) if diagnosis else Drawing(),
        )

    def trouble(self, request: Request, error: Exception) -> Response:
        """An error page for people; never shows what went wrong inside."""
        code, headers = _answer_to(error)
        title, text = _TROUBLES.get(code, ("That did not work", "The server could not answer this request."))
        if code >= 500:
            _LOG.warning("%s %s: %s", request.method, request.url.path, error)
        page = self._templates.get_template("trouble.html").render(code=code, title=title, text=text, status=None)
        return HTMLResponse(page, code, headers=headers)

    def _newest_graph(self, current: list[Incident]) -> Drawing:
        start, end = self._backend.held()
        if not end:
            return Drawing()
        ongoing = [incident for incident in current if incident.ongoing]
        return draw(
            self._backend.graph(max(start, end - _GRAPH_STRETCH), end),
            {incident.root_cause for incident in ongoing if incident.root_cause},
            {service for incident in ongoing for service in incident.services},
        )

    def _answer(self, template: str, sequence: int, **values: object) -> Response:
        status = self._status()
        page = self._templates.get_template(template)
        return HTMLResponse(page.render(status=status, sequence=sequence, now=status.watermark_unix_nano, **values))


# What `Pages.trouble` answers.
TROUBLES = (HTTPException, RequestError, StoreError)
_TROUBLES = {
    403: ("Not from there", "Other sites may not read this."),
    404: ("Not found", "There is nothing at this address."),
    405: ("Read only", "These pages can only be read."),
    503: ("Not now", "The server can't answer this at the moment. Try again shortly."),
}


def _answer_to(error: Exception) -> tuple[int, Mapping[str, str] | None]:
    match error:
        case HTTPException():
            return error.status_code, error.headers
        case NotFoundError():
            return 404, None
        case UnavailableError():
            return 503, {"Retry-After": str(math.ceil(error.retry_after))}
        case StoreError():
            return 503, {"Retry-After": "5"}
        case _:
            return 400, None


def _page_number(request: Request) -> int:
    text = request.query_params.get("page", "")
    return max(1, int(text)) if text.isascii() and text.isdigit() and len(text) < 9 else 1
