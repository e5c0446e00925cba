"""Bodies that come in at the same time: room is taken by what came, and given back."""

import asyncio
from contextlib import AsyncExitStack, suppress

import pytest
from starlette.requests import ClientDisconnect, Request
from starlette.types import Message

from server.otlp.http_body import Bodies
from server.otlp.http_refusal import HttpRefusal
from server.otlp.refusal_reason import RefusalReason

LIMIT = 1000


class Upload:
    """A request whose body comes when the test says so."""

    def __init__(self, **headers: str) -> None:
        self._messages: asyncio.Queue[Message] = asyncio.Queue()
        raw = [(name.replace("_", "-").encode(), value.encode()) for name, value in headers.items()]
        self.request = Request({"type": "http", "method": "POST", "headers": raw}, self._messages.get)

    def comes(self, size: int, *, more: bool) -> "Upload":
        self._messages.put_nowait({"type": "http.request", "body": bytes(size), "more_body": more})
        return self

    def hangs_up(self) -> None:
        self._messages.put_nowait({"type": "http.disconnect"})


async def taken(bodies: Bodies, upload: Upload, until: asyncio.Event) -> int:
    """The size of the body, held until then."""
    async with bodies.body(upload.request) as body:
        await until.wait()
        return len(body)


async def turn() -> None:
    """Everybody who can go on does."""
    for _ in range(10):
        await asyncio.sleep(0)


async def test_four_of_the_largest_fit_and_small_ones_beside_what_they_left() -> None:
    bodies, done = Bodies(LIMIT), asyncio.Event()
    slow = [Upload().comes(LIMIT - 10, more=True) for _ in range(4)]
    tasks = [asyncio.create_task(taken(bodies, upload, done)) for upload in slow]
    await turn()
    with pytest.raises(HttpRefusal) as refused:
        await taken(bodies, Upload().comes(41, more=False), done)
    assert refused.value.code == 503
    assert refused.value.headers == {"Retry-After": "1"}
    small = asyncio.create_task(taken(bodies, Upload().comes(40, more=False), done))
    await turn()
    done.set()
    assert await small == 40
    for upload in slow:
        upload.comes(10, more=False)
    assert [await task for task in tasks] == [LIMIT] * 4
    assert await taken(bodies, Upload().comes(LIMIT, more=False), done) == LIMIT


async def test_room_comes_back_from_those_who_fail() -> None:
    bodies, done = Bodies(LIMIT), asyncio.Event()
    done.set()
    for _ in range(10):
        gone = Upload().comes(LIMIT, more=True)
        gone.hangs_up()
        with pytest.raises(ClientDisconnect):
            await taken(bodies, gone, done)
        with pytest.raises(HttpRefusal) as refused:
            await taken(bodies, Upload().comes(LIMIT, more=True).comes(1, more=False), done)
        assert refused.value.code == 413
    async with AsyncExitStack() as stack:
        for _ in range(4):
            await stack.enter_async_context(bodies.body(Upload().comes(LIMIT, more=False).request))


async def test_the_number_of_requests_is_bounded() -> None:
    bodies, never = Bodies(LIMIT), asyncio.Event()
    tasks = [asyncio.create_task(taken(bodies, Upload(), never)) for _ in range(256)]
    await turn()
    with pytest.raises(HttpRefusal) as refused:
        await taken(bodies, Upload().comes(1, more=False), never)
    assert refused.value.code == 503
    tasks[0].cancel()
    with suppress(asyncio.CancelledError):
        await tasks[0]
    never.set()
    assert await taken(bodies, Upload().comes(1, more=False), never) == 1
    for task in tasks:
        task.cancel()


@pytest.mark.parametrize(("headers", "close"), [({}, None), ({"expect": "100-continue"}, "close")])
async def test_a_length_beyond_the_limit_is_refused_before_it_comes(headers: dict[str, str], close: str | None) -> None:
    upload = Upload(content_length=str(LIMIT + 1), **headers)
    with pytest.raises(HttpRefusal) as refused:
        await taken(Bodies(LIMIT), upload, asyncio.Event())
    assert refused.value.code == 413
    assert refused.value.headers.get("Connection") == close


async def test_a_body_that_does_not_come_is_not_waited_for() -> None:
    with pytest.raises(HttpRefusal) as refused:
        await taken(Bodies(LIMIT, patience=0.05), Upload().comes(10, more=True), asyncio.Event())
    assert refused.value.code == 503
    assert refused.value.reason is RefusalReason.UNREAD
    assert refused.value.headers["Connection"] == "close"
