import asyncio
from contextlib import ExitStack

from server.feed import Change, IncidentFeed
from server.web.pulse import Pulse
from tests.server.web import shop
from tests.server.web.conftest import Service
from tests.server.web.visitor import Visitor


def test_a_change_reaches_an_open_page(service: Service, visitor: Visitor) -> None:
    with visitor.events(after=0) as stream:
        assert stream.status == 200
        assert stream.headers["Content-Type"] == "text/event-stream; charset=utf-8"
        assert stream.next() == {"retry": "3000"}
        service.backend.keep(shop.OPEN)
        assert stream.next() == {"id": "1", "event": "change", "data": "1"}
        service.backend.keep(shop.PAST)
        assert stream.next() == {"id": "2", "event": "change", "data": "2"}


def test_what_changed_since_the_page_was_made_is_told_at_once(service: Service, visitor: Visitor) -> None:
    service.backend.keep(shop.OPEN)
    assert 'data-sequence="1"' in visitor.ask("/").text
    service.backend.keep(shop.PAST)
    with visitor.events(after=1) as stream:
        stream.next()
        assert stream.next()["data"] == "2"


def test_a_browser_that_comes_back_goes_on_where_it_was(service: Service, visitor: Visitor) -> None:
    service.backend.keep(shop.OPEN)
    service.backend.keep(shop.PAST)
    with visitor.events(after=0, headers={"Last-Event-ID": "2"}) as stream:
        stream.next()
        service.backend.keep(shop.OPEN)
        assert stream.next()["data"] == "3"


def test_after_a_restart_an_old_page_is_told_to_look_again(visitor: Visitor) -> None:
    with visitor.events(after=500) as stream:
        stream.next()
        assert stream.next() == {"id": "0", "event": "change", "data": "0"}


def test_all_open_pages_hear_of_it(service: Service, visitor: Visitor) -> None:
    with ExitStack() as stack:
        streams = [stack.enter_context(visitor.events(after=0)) for _ in range(8)]
        for stream in streams:
            stream.next()
        service.backend.keep(shop.OPEN)
        assert [stream.next()["data"] for stream in streams] == ["1"] * 8


def test_a_closed_feed_ends_the_stream(service: Service, visitor: Visitor) -> None:
    with visitor.events(after=0) as stream:
        stream.next()
        service.backend.feed.close()
        assert stream.next() == {}


def test_a_page_of_another_site_gets_no_stream(visitor: Visitor) -> None:
    with visitor.events(headers={"Sec-Fetch-Site": "cross-site"}) as stream:
        assert stream.status == 403


def test_more_pages_than_allowed_are_told_to_come_later(visitor: Visitor) -> None:
    with ExitStack() as stack:
        for _ in range(64):
            stream = stack.enter_context(visitor.events(after=0))
            assert stream.next() == {"retry": "3000"}
        refused = stack.enter_context(visitor.events(after=0))
        assert refused.status == 503
        assert visitor.ask("/healthz").status == 200


async def test_a_quiet_feed_still_ticks() -> None:
    pulse = Pulse(IncidentFeed(), tick=0.01)
    beats = pulse.beats(0)
    assert await anext(beats) == (0, False)
    assert await anext(beats) == (0, False)
    await beats.aclose()


async def test_who_is_woken_for_what_it_knows_hears_nothing() -> None:
    feed = IncidentFeed()
    pulse = Pulse(feed, tick=30)
    pulse.start()
    beats = pulse.beats(0)
    try:
        for known in range(1, 20, 2):
            feed.publish(Change.UPDATED, shop.OPEN)
            assert await anext(beats) == (known, True)
            await asyncio.sleep(0.02)  # the thread that wakes comes only now
            asyncio.get_running_loop().call_later(0.02, feed.publish, Change.UPDATED, shop.OPEN)
            assert await anext(beats) == (known + 1, True)
    finally:
        await beats.aclose()
        pulse.stop()
        pulse.join()


async def test_who_leaves_makes_room() -> None:
    pulse = Pulse(IncidentFeed(), most=1, tick=0.01)
    first = pulse.beats(0)
    await anext(first)
    assert pulse.full
    assert [beat async for beat in pulse.beats(0)] == []
    await first.aclose()
    assert not pulse.full
