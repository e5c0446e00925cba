"""How far what came in is judged, and how far that is behind while somebody sends a backlog."""

from dataclasses import dataclass

from analyzers.timeline import Timeline


@dataclass(frozen=True, slots=True)
class Progress:
    """Of event time, in nanoseconds; 0 where nothing has come yet."""

    watermark_unix_nano: int
    # Up to where windows may be judged: the watermark, unless they are held for a backlog.
    judged_unix_nano: int
    catching_up: bool
    # From there to now; 0 when nobody is catching up.
    behind_seconds: float


def progress_of(timeline: Timeline, now_unix_nano: int) -> Progress:
    """As of the newest delivery that was counted; `now_unix_nano` is of the wall clock."""
    watermark, complete = timeline.watermark_unix_nano, timeline.catch_up.state.complete
    if not (complete and timeline.catch_up.holding()):
        return Progress(watermark, watermark, False, 0.0)
    return Progress(watermark, complete, True, max(0, now_unix_nano - complete) / 1e9)
