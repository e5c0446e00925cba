"""A program that behaves like `hypocenter serve` towards its neighbours: doors, ready line, one incident, SIGTERM.

The first argument says how: "finds" opens an incident when payment raises, "blind" never does, "broken" dies at once,
"dies" ends in the middle of normal traffic.
"""

import json
import os
import signal
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import grpc
from hypocenter.v1.incident_service_pb2 import WatchIncidentsRequest, WatchIncidentsResponse
from hypocenter.v1.incident_service_pb2_grpc import IncidentServiceServicer, add_IncidentServiceServicer_to_server

from tests.clients.shop.incidents import payment_incident
from tests.clients.shop.otlp_sink import OtlpSink


class Incidents(IncidentServiceServicer):
    """Answers WatchIncidents only."""

    def __init__(self, sink: OtlpSink, *, finds: bool) -> None:
        self._sink = sink
        self._finds = finds

    def WatchIncidents(
        self, request: WatchIncidentsRequest, context: grpc.ServicerContext
    ) -> Iterator[WatchIncidentsResponse]:
        created, updated = WatchIncidentsResponse.EVENT_TYPE_CREATED, WatchIncidentsResponse.EVENT_TYPE_UPDATED
        old = payment_incident(time.time_ns() - 10**12)
        old.name, old.title = "incidents/old", "an older story"
        yield WatchIncidentsResponse(event_type=created, incident=old)
        yield WatchIncidentsResponse(event_type=WatchIncidentsResponse.EVENT_TYPE_SYNCED, resume_token="0")
        while context.is_active():
            time.sleep(0.1)
            if self._finds and self._sink.errors_of("payment"):
                incident = payment_incident(time.time_ns())
                young = payment_incident(time.time_ns())
                young.ClearField("diagnosis")
                yield WatchIncidentsResponse(event_type=created, incident=young, resume_token="1")
                yield WatchIncidentsResponse(event_type=updated, incident=incident, resume_token="2")
                while context.is_active():
                    time.sleep(0.1)


def _web(sink: OtlpSink) -> ThreadingHTTPServer:
    class Status(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            body = json.dumps({"logs": {"received": len(sink.logs)}, "traces": {"received": len(sink.spans)}}).encode()
            self.send_response(200)
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:
            pass

    return ThreadingHTTPServer(("127.0.0.1", 0), Status)


def main(behaviour: str) -> int:
    if behaviour == "broken":
        print("error: unknown key window.size, did you mean window.duration?", file=sys.stderr)
        return 3
    stop = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: stop.set())
    Path(os.environ["HYPOCENTER_DATA_DIR"], "pid").write_text(str(os.getpid()))
    sink = OtlpSink()
    api = grpc.server(ThreadPoolExecutor(4))
    incidents = Incidents(sink, finds=behaviour == "finds")  # type: ignore[abstract]
    add_IncidentServiceServicer_to_server(incidents, api)
    api_port = api.add_insecure_port("127.0.0.1:0")
    api.start()
    web = _web(sink)
    threading.Thread(target=web.serve_forever, daemon=True).start()
    addresses = {
        "otlp_grpc": sink.address,
        "api_grpc": f"127.0.0.1:{api_port}",
        "web_http": f"127.0.0.1:{web.server_address[1]}",
    }
    print("a line that is not the ready line", flush=True)
    print(json.dumps({"ready": True, **addresses}), flush=True)
    stop.wait(1.0 if behaviour == "dies" else None)
    if behaviour == "dies" and not stop.is_set():
        print("error: the disk is full", file=sys.stderr, flush=True)
        os._exit(4)  # as a crash does: nothing is closed
    api.stop(None).wait()
    sink.close()
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
