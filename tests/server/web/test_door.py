import http.client
import socket
import threading

import pytest

from server.listening import AddressError
from tests.server.web.conftest import Service
from tests.server.web.visitor import Visitor

PATHS = ["/", "/incidents/none", "/healthz", "/readyz", "/status", "/metrics", "/static/page.css", "/static/none"]


@pytest.mark.parametrize("path", PATHS)
def test_every_answer_tells_the_browser_to_trust_nothing(quiet: Visitor, path: str) -> None:
    headers = quiet.ask(path).headers
    policy = dict(part.split(" ", 1) for part in headers["Content-Security-Policy"].split("; "))
    assert policy["default-src"] == policy["frame-ancestors"] == policy["form-action"] == policy["base-uri"] == "'none'"
    assert policy["script-src"] == policy["style-src"] == "'self'"
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Referrer-Policy"] == "no-referrer"
    assert "Server" not in headers


@pytest.mark.parametrize("path", [path for path in PATHS if "static" not in path])
def test_what_changes_is_not_kept_by_caches(quiet: Visitor, path: str) -> None:
    assert quiet.ask(path).headers["Cache-Control"] == "no-store"


@pytest.mark.parametrize("host", ["evil.example", "evil.example:8080", "127.0.0.1.evil.example", "10.1.2.3", "@"])
@pytest.mark.parametrize("path", ["/", "/status", "/static/live.js", "/events"])
def test_a_request_for_another_name_is_turned_away(quiet: Visitor, host: str, path: str) -> None:
    answer = quiet.ask(path, headers={"Host": host})
    assert answer.status == 421
    assert "received" not in answer.text


@pytest.mark.parametrize("host", ["localhost", "LOCALHOST:8080", "127.0.0.1", "127.0.0.1:1", "[::1]:8080", "127.8.8.8"])
def test_loopback_names_are_answered(quiet: Visitor, host: str) -> None:
    assert quiet.ask("/status", headers={"Host": host}).status == 200


def test_a_name_can_be_allowed(service: Service) -> None:
    door = service.door(allowed_hosts=("Hypocenter.internal",))
    try:
        visitor = Visitor(door.start())
        assert visitor.ask("/status", headers={"Host": "hypocenter.internal:8080"}).status == 200
        assert visitor.ask("/status", headers={"Host": "other.internal"}).status == 421
    finally:
        door.stop()


def test_a_door_on_all_interfaces_answers_to_addresses_and_to_no_names(service: Service) -> None:
    door = service.door("0.0.0.0:0")
    try:
        port = door.start().rpartition(":")[2]
        visitor = Visitor(f"127.0.0.1:{port}")
        assert visitor.ask("/status", headers={"Host": "10.1.2.3:8080"}).status == 200
        assert visitor.ask("/status", headers={"Host": "evil.example"}).status == 421
    finally:
        door.stop()


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH"])
@pytest.mark.parametrize("path", ["/", "/status", "/incidents/a1b2c3d4e5f60718"])
def test_it_can_only_be_read(quiet: Visitor, method: str, path: str) -> None:
    assert quiet.ask(path, method).status == 405


@pytest.mark.parametrize("path", ["/", "/status", "/metrics", "/events"])
def test_head_is_answered_without_a_body(quiet: Visitor, path: str) -> None:
    answer = quiet.ask(path, "HEAD")
    assert (answer.status, answer.text) == (200, "")


@pytest.mark.parametrize("path", ["/static/../door.py", "/static/%2e%2e/door.py", "/static/..%2f..%2ferrors.py"])
def test_only_static_files_are_served_from_the_disk(quiet: Visitor, path: str) -> None:
    assert quiet.ask(path).status == 404


def test_a_used_port_is_named_with_what_to_do(service: Service) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        address = f"127.0.0.1:{other.getsockname()[1]}"
        door = service.door(address)
        with pytest.raises(AddressError, match=rf"web\.http: can't listen on {address}: the port is in use; stop .*"):
            door.start()
        door.stop()


@pytest.mark.parametrize("address", ["8080", "127.0.0.1", "127.0.0.1:http", "127.0.0.1:99999", ":8080", ""])
def test_a_bad_address_is_refused_before_anything_runs(service: Service, address: str) -> None:
    with pytest.raises(AddressError, match="is not HOST:PORT"):
        service.door(address)


def test_an_unknown_host_is_named(service: Service) -> None:
    with pytest.raises(AddressError, match=r"'nowhere\.invalid' is no address of this machine"):
        service.door("nowhere.invalid:0").start()


def test_stop_ends_the_threads_and_frees_the_port(service: Service) -> None:
    before = set(threading.enumerate())
    door = service.door()
    address = door.start()
    with Visitor(address).events() as stream:
        assert stream.next() == {"retry": "3000"}
        door.stop()
        door.stop()
    assert not [thread.name for thread in set(threading.enumerate()) - before if thread.name.startswith("web")]
    again = service.door(address)
    assert again.start() == address
    again.stop()


def test_stop_without_start_does_nothing(service: Service) -> None:
    service.door().stop()


def test_a_request_that_is_no_http_harms_nobody(quiet: Visitor) -> None:
    host, _, port = quiet.address.rpartition(":")
    with socket.create_connection((host, int(port)), timeout=5) as raw:
        raw.sendall(b"\x00\xff nonsense\r\n\r\n")
        assert raw.recv(200).startswith(b"HTTP/1.1 400")
    with socket.create_connection((host, int(port)), timeout=5) as raw:
        raw.sendall(b"GET /status HTTP/1.0\r\n\r\n")
        answer = http.client.HTTPResponse(raw)
        answer.begin()
        assert answer.status == 421
    assert quiet.ask("/healthz").status == 200
