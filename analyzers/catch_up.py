"""Whether somebody is catching up: what was cut off for a while sends its backlog, in any order and in halves."""

from dataclasses import dataclass, field

# What is held of a log record is so many times less than of a span.
_LOGS_PER_SPAN = 4
# Unevenness of senders and networks that means nothing, whatever the lateness is. Nanoseconds.
_JITTER = 5_000_000_000
# What is older than this by the clock is a recording that is played, at whatever speed, and no backlog. Nanoseconds.
_RECORDING = 86_400_000_000_000
# Parts of `patience` by which it is remembered how far event time was behind the clock.
_PARTS = 30


@dataclass(frozen=True, slots=True)
class Arrival:
    """One delivery: of spans or of logs, the newest event time in it (0: there is none), when it was received."""

    spans: bool
    newest_unix_nano: int
    received_unix_nano: int
    records: int


@dataclass(frozen=True, slots=True)
class CatchUpSettings:
    """In nanoseconds; of event time, but for `patience` and `longest`, which are by the clock on the wall."""

    lateness: int
    bucket: int
    # How long after a sign nothing is complete; never held when 0.
    patience: int
    # How long that may last, all told.
    longest: int
    # Spans that may be held for it; a log record is a part of one.
    most: int

    @property
    def noticed(self) -> int:
        """How far apart logs and spans, or event time and the clock, may drift before it is a sign."""
        return max(self.lateness // 2, _JITTER)

    @property
    def far(self) -> int:
        """How old a delivery must be to be a sign by itself."""
        return max(self.lateness, _JITTER)


@dataclass(slots=True)
class CatchUpState:
    """All that is remembered. Times are nanoseconds, 0 where there is none yet."""

    # Newest event times.
    logs: int = 0
    spans: int = 0
    # When the newest delivery was received; this clock never runs backwards.
    received: int = 0
    # The newest sign, the newest that was a delivery of old records, and the first of the unbroken run of signs.
    sign: int = 0
    old: int = 0
    since: int = 0
    # Up to where event time is complete.
    complete: int = 0
    # Part of the clock to the least that event time was ahead of it then.
    ahead: dict[int, int] = field(default_factory=dict)
    # Newest event time of deliveries, by bucket, to what they weigh, as far as that is not complete.
    held: dict[int, int] = field(default_factory=dict)


class CatchUp:
    """Says up to where event time is complete: up to the watermark, but no further than it was while there are signs
    that somebody is catching up.

    Logs and spans have queues of their own at every sender, with retries up to half a minute apart, so that after an
    outage one is minutes ahead of the other and one sender of another: the watermark of the foremost would close every
    window in between half empty. Signs are a delivery that is older than the watermark, logs or spans that come well
    behind the others, and event time that runs faster than the clock or leaps.

    The clock is the time of receipt, kept with the journal: a replay comes to the same. One that stands still, as where
    no such time is known, shows no sign, and neither do records of a day ago and more. What is held is bounded, in time
    and in number: a sender whose clock is wrong for good delays everybody once and not for ever.
    """

    def __init__(self, settings: CatchUpSettings) -> None:
        self._settings = settings
        self.state = CatchUpState()

    def see(self, arrival: Arrival) -> int:
        """Take note of a delivery. Returns up to which event time all is in, as far as can be told; never less than
        before. The watermark, when nobody is catching up."""
        state, settings = self.state, self._settings
        if not arrival.newest_unix_nano:
            return state.complete
        received = max(arrival.received_unix_nano, state.received)
        if settings.patience and state.received < received:
            self._look_for_signs(arrival, received)
        state.received = received
        if arrival.spans:
            state.spans = max(state.spans, arrival.newest_unix_nano)
        else:
            state.logs = max(state.logs, arrival.newest_unix_nano)
        if self._holds(received):
            self._hold(arrival)
        else:
            self._let_go(self._newest - settings.lateness)
        return state.complete

    def holding(self) -> bool:
        """Whether windows are held, as of the newest delivery."""
        return self._holds(self.state.received)

    def expects_more(self, now_unix_nano: int) -> bool:
        """Whether a silence is none yet: something old came out of turn, or one of logs and spans is far behind, and
        whoever failed to deliver tries again."""
        state = self.state
        if not self._holds(max(now_unix_nano, state.received)):
            return False
        apart = abs(state.logs - state.spans) > self._settings.far if state.logs and state.spans else False
        return apart or now_unix_nano - state.old < self._settings.patience

    def end(self) -> None:
        """Nothing more comes: everything seen is complete."""
        self.state.sign = self.state.old = self.state.since = 0
        self._let_go(self._newest)

    @property
    def _newest(self) -> int:
        return max(self.state.logs, self.state.spans)

    def _look_for_signs(self, arrival: Arrival, received: int) -> None:
        state, settings, newest = self.state, self._settings, arrival.newest_unix_nano
        if received - max(newest, self._newest) > _RECORDING:
            return
        own, other = (state.spans, state.logs) if arrival.spans else (state.logs, state.spans)
        runs = self._runs_ahead(max(newest, self._newest) - received, received)
        leaps = 0 < self._newest < newest - max(settings.patience, settings.far)
        lags = max(own, newest) < other - settings.noticed
        old = newest < self._newest - settings.far
        if not (runs or leaps or lags or old):
            return
        if not state.sign or received - state.sign >= settings.patience:
            state.since = received
        state.sign = received
        if old:
            state.old = received

    def _runs_ahead(self, ahead: int, received: int) -> bool:
        """Whether event time has gained on the clock since that was last so."""
        known, width = self.state.ahead, max(1, self._settings.patience // _PARTS)
        part = received // width
        for old in [item for item in known if item <= part - _PARTS]:
            del known[old]
        known[part] = min(known.get(part, ahead), ahead)
        if ahead <= min(known.values()) + self._settings.noticed:
            return False
        # Only what it gains from here on is another sign.
        known.clear()
        known[part] = ahead
        return True

    def _holds(self, now: int) -> bool:
        state, settings = self.state, self._settings
        return bool(state.sign) and now - state.sign < settings.patience and now - state.since < settings.longest

    def _hold(self, arrival: Arrival) -> None:
        state, settings = self.state, self._settings
        bucket = arrival.newest_unix_nano // settings.bucket
        weight = arrival.records * (_LOGS_PER_SPAN if arrival.spans else 1)
        state.held[bucket] = state.held.get(bucket, 0) + weight
        most = settings.most * _LOGS_PER_SPAN
        if sum(state.held.values()) > most:
            # Both halves of what is older than this have come, at least from somebody.
            self._let_go(min(state.logs or state.spans, state.spans or state.logs) - settings.lateness)
        if sum(state.held.values()) > most:
            self._let_go(self._newest - settings.lateness)
            state.held.clear()

    def _let_go(self, until: int) -> None:
        state = self.state
        state.complete = max(state.complete, until)
        if state.held:
            open_from = state.complete // self._settings.bucket
            state.held = {bucket: weight for bucket, weight in state.held.items() if bucket >= open_from}
