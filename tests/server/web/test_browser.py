"""The page in a real browser: what it shows, how it keeps up, and what it must not run."""

import base64
from collections.abc import Iterator
from dataclasses import replace

import pytest

from rca.incident import State
from server.feed import Change
from tests.server.web import shop
from tests.server.web.browser import Browser, chromium
from tests.server.web.conftest import Service
from tests.server.web.visitor import Visitor


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as browser:
        yield browser


@pytest.fixture
def home(service: Service, visitor: Visitor, browser: Browser) -> Iterator[str]:
    service.backend.keep(shop.PAST)
    browser.console.clear()
    yield f"http://{visitor.address}"
    # No script failed and nothing broke the page's own policy. Left before the door closes, or its end is an error.
    said = list(browser.console)
    browser.call("Page.navigate", url="about:blank")
    assert said == []


def test_an_open_page_follows_an_incident_to_its_end(service: Service, browser: Browser, home: str) -> None:
    browser.open(f"{home}/")
    browser.wait_for("document.getElementById('live').textContent === 'live'")
    assert browser.value("document.querySelector('h1').textContent") == "No open incidents"
    service.backend.keep(shop.OPEN, Change.CREATED)
    browser.wait_for("document.querySelector('h1').textContent === '1 open incident'")
    assert shop.OPEN.title in browser.value("document.getElementById('open').textContent")
    assert browser.value("document.querySelectorAll('.box.cause').length") == 1
    service.backend.keep(replace(shop.OPEN, state=State.RESOLVED), Change.RESOLVED)
    browser.wait_for("document.querySelector('h1').textContent === 'No open incidents'")
    assert browser.value("document.title") == "All calm · Hypocenter"


def test_what_the_reader_unfolded_stays_so(service: Service, browser: Browser, home: str) -> None:
    service.backend.keep(shop.OPEN)
    browser.open(f"{home}/incidents/{shop.OPEN.incident_id}")
    browser.wait_for("document.getElementById('live').textContent === 'live'")
    browser.value("document.getElementById('cause-1').open = false; document.getElementById('cause-2').open = true")
    assert shop.OPEN.diagnosis
    newer = replace(
        shop.OPEN.diagnosis, root_causes=(replace(shop.CAUSE, hypothesis="it waits for a lock"), shop.RUNNER_UP)
    )
    service.backend.keep(replace(shop.OPEN, diagnosis=newer))
    browser.wait_for("document.getElementById('causes').textContent.includes('it waits for a lock')")
    assert browser.value("[1, 2].map(n => document.getElementById('cause-' + n).open)") == [False, True]


def test_text_from_logs_does_not_run(service: Service, browser: Browser, home: str) -> None:
    attack = "<script>document.title='taken'</script><img src=x onerror=\"document.title='taken'\">"
    log = replace(shop.NEW.exemplars[0], body=attack)
    evil = replace(shop.PAYMENT, name=attack)
    anomaly = replace(shop.NEW, exemplars=(log,), service=evil)
    service.backend.keep(replace(shop.OPEN, title=attack, anomalies=(anomaly,), services=(evil,)))
    for path in ("/", f"/incidents/{shop.OPEN.incident_id}"):
        browser.open(home + path)
        browser.wait_for("document.getElementById('live').textContent === 'live'")
        assert not browser.value("document.title.startsWith('taken')")
        assert browser.value("document.querySelectorAll('main script, main img').length") == 0
        assert attack[:30] in browser.value("document.querySelector('main').textContent")


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [375, 1400])
@pytest.mark.parametrize("path", ["/", f"/incidents/{shop.OPEN.incident_id}", "/nothing"])
def test_it_fits_the_screen_and_can_be_read(
    service: Service, browser: Browser, home: str, path: str, width: int, scheme: str
) -> None:
    service.backend.keep(replace(shop.OPEN, title="a_very_long_word_without_any_break" * 5))
    browser.open(home + path, width, scheme)
    assert browser.value("document.documentElement.scrollWidth <= innerWidth")
    ground, ink = browser.value(
        "['backgroundColor', 'color'].map(name => getComputedStyle(document.body)[name].match(/\\d+/g).map(Number)[1])"
    )
    assert (ground > 200 > 60 > ink) if scheme == "light" else (ink > 200 > 60 > ground)
    picture = base64.b64decode(browser.call("Page.captureScreenshot")["data"])
    # A blank page packs into far less.
    assert len(picture) > 5_000
    if path == "/nothing":
        # Chromium notes the answer 404 itself.
        browser.console.clear()


def test_on_a_small_screen_the_cause_is_in_view(service: Service, browser: Browser, home: str) -> None:
    service.backend.keep(shop.OPEN)
    browser.open(f"{home}/", 375)
    left, right = browser.value(
        "(box => [box.left, box.right])(document.querySelector('.box.cause').getBoundingClientRect())"
    )
    assert 0 <= left < right <= 375
