"""How far behind what is judged is, as operators are told."""

from server.config import SECOND
from server.progress import Progress, progress_of
from tests.server.flow import Flow
from tests.server.outage import START
from tests.server.test_catching_up import BACK, CONFIG, CUT, backlog, live, take


def at(seconds: float) -> int:
    return START + int(seconds * SECOND)


def test_nothing_is_behind_before_anything_came() -> None:
    flow = Flow(config=CONFIG, started=False)
    assert progress_of(flow.engine.timeline, at(0)) == Progress(0, 0, False, 0.0)


def test_while_a_backlog_is_sent_it_is_as_old_as_what_is_judged() -> None:
    flow = Flow(config=CONFIG, started=False)
    timeline = flow.engine.timeline
    take(flow, live(0, CUT))
    good = progress_of(timeline, at(CUT + 1))
    assert good == Progress(timeline.watermark_unix_nano, timeline.watermark_unix_nano, False, 0.0)
    sendings = backlog("spans first")
    take(flow, [item for item in sendings if item.received <= BACK + 10])
    held = progress_of(timeline, at(BACK + 10))
    assert held.catching_up
    # No later than what was judged when it was cut off, as of which it is counted.
    assert good.judged_unix_nano <= held.judged_unix_nano <= at(CUT) < held.watermark_unix_nano
    assert held.behind_seconds == (at(BACK + 10) - held.judged_unix_nano) / SECOND
    assert BACK + 10 - CUT <= held.behind_seconds <= BACK + 10 - CUT + 15
    assert progress_of(timeline, 0).behind_seconds == 0.0
    take(flow, [item for item in sendings if item.received > BACK + 10])
    done = progress_of(timeline, at(BACK + 90))
    assert done == Progress(timeline.watermark_unix_nano, timeline.watermark_unix_nano, False, 0.0)
