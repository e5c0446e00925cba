"""A log template that rises, falls or stops, per unit of work."""

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

from analyzers.accord import Accord
from analyzers.anomaly import Anomaly, among
from analyzers.baseline import Baseline
from analyzers.clocks import Clock
from analyzers.detectors.wording import usual
from analyzers.muted import muted
from analyzers.pods import failing, lacking
from analyzers.rates import Rate
from analyzers.requested import Requests, has_request_line
from analyzers.service import ServiceKey
from analyzers.service_baseline import OperationBaseline, ServiceBaseline
from analyzers.stack_frames import is_frame
from analyzers.summary import OperationStats, ServiceSummary, Summary, TemplateCount
from analyzers.templates import likeness
from analyzers.written import Written

_WARN = 13


@dataclass(frozen=True, slots=True)
class TemplateRateConfig:
    # Standard deviations from normal that are reported.
    threshold: float = 2.5
    # Share of the expected count that a departure may have without being one.
    tolerance: float = 0.15
    # Share of a template's records whose operation must be known for the operation to be what it is counted by.
    witnessed: float = 0.5
    # Share of a departure that another template must make up for to be the other branch.
    branch: float = 0.6
    # How many times better than the clock the work must tell how often a template comes, and records where there are no
    # spans. A little better is chance.
    clocked_by_work: float = 1.5
    clocked: float = 4.0
    # Times its usual share of the records that an ordinary template may have where no spans tell what users ask for.
    asked: float = 3.0
    # Records of one in a window for those of another that always comes with it in the service to be missed.
    paired: int = 4
    # How far from a clock's even flow the buckets of a template may be, as a share of what chance does, what share of
    # it may be left, and what share of its usual work the service must do, for a job that is not run to be missed.
    regular: float = 0.5
    left: float = 0.2
    working: float = 0.5
    # Share of the time since a service is known for which a job must have been run at even intervals.
    lasting: float = 0.8
    # How alike a template never seen before must be to count as another branch.
    alike: float = 0.6


@dataclass(frozen=True, slots=True)
class _Count:
    """One way of counting a template: `count` in `exposure`, and what of; `rate` is what is normal for it."""

    rate: Rate
    count: int
    exposure: float
    unit: str
    where: str
    # How it goes with another template, where it is compared with that: one missing there is no rise of this one.
    accord: Accord | None = None
    tolerance: float = 0.0
    # Records that one call writes at once.
    cluster: float = 1.0
    # Units of work that were seen, where `exposure` is estimated.
    seen: float = 0.0
    # Counted by the second, where that explains it as well.
    clocked: "_Count | None" = None
    # Standard deviations by which the time since the last one is longer than usual.
    overdue: float = 0.0

    @property
    def surprise(self) -> float:
        if self.overdue < 0:
            return self.overdue
        surprise = self.rate.surprise(self.count, self.exposure, self.tolerance, self.cluster)
        if self.accord is not None:
            return min(surprise, self._discord, 0.0)
        if self.clocked is None:
            return surprise
        other = self.clocked.surprise
        return 0.0 if (surprise > 0) != (other > 0) else min(surprise, other, key=abs)

    @property
    def since_met(self) -> float:
        """The surprise by what is known since it was first written: that it was not before it was new is not told again
        and again. Less where that is less than there is to be judged."""
        rate = self.rate.since_met()
        judged = self.seen or self.exposure
        return replace(self, rate=rate).surprise * math.sqrt(min(1.0, rate.exposure / judged)) if judged > 0 else 0.0

    @property
    def expected(self) -> float:
        """Records; one for each of the other template where that is the rule that is broken."""
        return self.exposure if self.surprise == self._discord < 0 else self.rate.expected(self.exposure)

    @property
    def _discord(self) -> float:
        return self.accord.surprise(self.count, self.exposure) if self.accord is not None else 0.0


class TemplateRate:
    """Absence is a rate of zero: an expected template that stops is the strongest sign of work cut short.

    Counted per call of the operation that writes it where logs name their spans, else per unit of work of the service.
    A WARN or ERROR that becomes rarer is no failure and is not reported, nor is debugging; nor is what another ordinary
    template of the same operation makes up for: calls took the other branch; nor what stops together with all else that
    is written; nor what clients ask for, nor the further lines of a stack trace.
    """

    name = "template_rate"

    def __init__(self, config: TemplateRateConfig) -> None:
        self._config = config

    def detect(self, window: Summary, baseline: Baseline) -> list[Anomaly]:
        findings: list[Anomaly] = []
        looked_at = 0
        kept, requests = baseline.kept(window), Requests(baseline, window)
        for key, known in sorted(baseline.services.items()):
            summary = window.services.get(key)
            if summary is not None:
                looked_at += len(known.templates)
                found = list(self._service(key, summary, known, window, kept, requests))
                if any(item.surprise < 0 for item in found) and muted(summary, known):
                    found = [item for item in found if item.surprise > 0]
                findings += found
        return among(findings, looked_at)

    def _service(
        self,
        key: ServiceKey,
        summary: ServiceSummary,
        known: ServiceBaseline,
        window: Summary,
        kept: tuple[float, float],
        requests: Requests,
    ) -> Iterator[Anomaly]:
        by_operation = self._by_operation(summary, known)
        together = {} if known.traced else self._together(summary, known, window)
        exposures, mixture = known.exposures(summary, kept), known.mixture(summary, window.start_unix_nano)
        for template_id, rate in sorted(known.templates.items()):
            if rate.count <= 0 and template_id not in known.severe:
                # Met, and not learned from yet: that it is new is all there is to say.
                continue
            seen = summary.templates.get(template_id)
            counts = by_operation.get(template_id, [])
            if (
                not counts
                or sum(item.rate.count for item in counts if item.accord is None) < self._config.witnessed * rate.count
            ):
                unit = "records per unit of work" if known.traced else "share of records"
                count = seen.count if seen else 0
                tolerance = self._config.tolerance
                least, most = exposures[0] * mixture[0], exposures[1]
                if template_id not in known.severe:
                    # Nobody asks for failures.
                    most *= mixture[1] if known.traced else self._config.asked
                counts = together.get(template_id, [])
                exposure = rate.nearest(count, least, most) if known.comparable else None
                if exposure is not None:
                    clocked = self._clocked(known, template_id, rate, count, window)
                    counts.append(
                        _Count(
                            rate,
                            count,
                            exposure,
                            unit,
                            "the work done",
                            tolerance=tolerance,
                            seen=known.exposure(summary),
                            clocked=clocked,
                        )
                    )
            else:
                counts += self._by_the_clock(known, template_id, summary, window)
            counts = [*counts, *self._overdue(known, template_id, summary, window)]
            if not counts:
                continue
            surprise, counted = max(((item.surprise, item) for item in counts), key=lambda pair: abs(pair[0]))
            if surprise > 0 and template_id not in known.severe:
                surprise = min(surprise, counted.since_met)
            if abs(surprise) < self._config.threshold:
                continue
            if surprise < 0 and (template_id in known.severe or template_id in known.debug):
                continue
            text = known.texts[template_id]
            if surprise < 0 and not known.traced and has_request_line(text):
                # Its clients ask for less of that, or for other things.
                continue
            if surprise > 0 and seen and (is_frame(text) or requests.explain(key, seen, counted.expected)):
                continue
            if template_id not in known.severe and known.released(window.end_unix_nano):
                continue
            yield self._finding(key, template_id, text, seen, surprise, counted, summary, window)

    def _clocked(
        self, known: ServiceBaseline, template_id: str, rate: Rate, count: int, window: Summary
    ) -> _Count | None:
        """What is written by the clock becomes rarer per unit of work when there is more of it. None where the work
        says better than the clock how often it comes: much better where only records count it, since of these one kind
        becomes a smaller share when there is more of another."""
        clock = known.clocked.get(template_id)
        if clock is None or clock.misfit > rate.misfit * self._better(known):
            return None
        return self._per_second(clock, count, window)

    def _by_the_clock(
        self, known: ServiceBaseline, template_id: str, summary: ServiceSummary, window: Summary
    ) -> list[_Count]:
        """Of what is hardly done any more while most else is: users may ask for other things, a job that runs by the
        clock was not run."""
        clock = known.clocked.get(template_id)
        seen = summary.templates.get(template_id)
        count = seen.count if seen else 0
        if clock is None or clock.misfit > self._config.regular:
            return []
        if count > self._config.left * clock.expected(_seconds(window)):
            return []
        if known.exposure(summary) < self._config.working * known.usual_work(window):
            return []
        return [self._per_second(clock, count, window)]

    def _overdue(
        self, known: ServiceBaseline, template_id: str, summary: ServiceSummary, window: Summary
    ) -> list[_Count]:
        """Of what a job writes that is run at even intervals, as long as the service is known: whoever asks for
        something again and again may go away."""
        clock = known.clocked.get(template_id)
        if clock is None or not clock.regular or clock.buckets < self._config.lasting * known.present.buckets:
            return []
        if known.exposure(summary) < self._config.working * known.usual_work(window):
            return []
        seen = summary.templates.get(template_id)
        last = max(seen.last_unix_nano if seen else 0, window.start_unix_nano)
        overdue = clock.overdue((window.end_unix_nano - last) / 1e9)
        if not overdue:
            return []
        counted = self._per_second(clock, seen.count if seen else 0, window)
        return [replace(counted, where=f"the time, one every {clock.interval:.0f} s", overdue=overdue)]

    def _per_second(self, clock: Clock, count: int, window: Summary) -> _Count:
        tolerance = self._config.tolerance
        return _Count(clock, count, _seconds(window), "records per second", "the time", tolerance=tolerance)

    def _better(self, known: ServiceBaseline) -> float:
        return self._config.clocked_by_work if known.traced else self._config.clocked

    def _together(self, summary: ServiceSummary, known: ServiceBaseline, window: Summary) -> dict[str, list[_Count]]:
        """Where there are no spans: per record of each template that goes with it in the whole service, if there are
        fewer of it by the clock as well. Whatever else is asked of the service may write the other one; and of a few of
        two that come by the clock the border of the window parts some."""
        counts = {template_id: seen.count for template_id, seen in summary.templates.items()}
        seconds = _seconds(window)
        found = {}
        for template_id, written in known.written.templates.items():
            count, clock = counts.get(template_id, 0), known.clocked.get(template_id)
            if clock is not None and count < (1 - self._config.tolerance) * clock.expected(seconds):
                beside = _beside(written, count, counts, known)
                found[template_id] = [item for item in beside if item.exposure >= self._config.paired]
        return found

    def _by_operation(self, summary: ServiceSummary, known: ServiceBaseline) -> dict[str, list[_Count]]:
        found: dict[str, list[_Count]] = {}
        for name, learned in sorted(known.operations.items()):
            stats = summary.operations.get(name) or OperationStats()
            for template_id, written in learned.written.templates.items():
                found.setdefault(template_id, []).extend(
                    self._ways(name, template_id, written, learned, stats, summary, known)
                )
        return found

    def _ways(
        self,
        name: str,
        template_id: str,
        written: Written,
        learned: OperationBaseline,
        stats: OperationStats,
        summary: ServiceSummary,
        known: ServiceBaseline,
    ) -> Iterator[_Count]:
        """Per call of the operation, and per record of each template that goes with it."""
        count, calls = stats.templates.get(template_id, 0), float(stats.calls)
        branched = self._other_branch(template_id, written.per_call, learned, stats, summary, known)
        if branched:
            count = round(written.per_call.expected(calls))
        cluster = max(1.0, written.per_call.expected(1.0))
        yield _Count(written.per_call, count, calls, "records per call", f"the calls of {name}", cluster=cluster)
        if not branched:
            yield from _beside(written, count, stats.templates, known, cluster)

    def _other_branch(
        self,
        template_id: str,
        rate: Rate,
        learned: OperationBaseline,
        stats: OperationStats,
        summary: ServiceSummary,
        known: ServiceBaseline,
    ) -> bool:
        """Whether one ordinary template of the same operation departs by about as much in the other direction."""
        departure = stats.templates.get(template_id, 0) - rate.expected(stats.calls)
        if abs(departure) < 1:
            return False
        for other in sorted(stats.templates.keys() | learned.written.templates.keys()):
            seen = summary.templates.get(other)
            if other == template_id or other in known.severe or (seen is not None and seen.max_severity >= _WARN):
                continue
            usual_there, elsewhere = learned.written.templates.get(other), known.templates.get(other)
            if (
                usual_there is None
                and (elsewhere is None or elsewhere.count <= 0)
                and (seen is None or likeness(seen.text, known.texts[template_id]) < self._config.alike)
            ):
                # Something new is the same statement in other words, or it is what takes its place; not so what other
                # operations write as well, as that a user asked for what there is not.
                continue
            expected = usual_there.per_call.expected(stats.calls) if usual_there else 0.0
            share = -(stats.templates.get(other, 0) - expected) / departure
            if self._config.branch <= share <= 1 / self._config.branch:
                return True
        return False

    def _finding(
        self,
        key: ServiceKey,
        template_id: str,
        text: str,
        seen: TemplateCount | None,
        surprise: float,
        counted: _Count,
        summary: ServiceSummary,
        window: Summary,
    ) -> Anomaly:
        expected = counted.expected
        verb = "stopped" if not counted.count or counted.overdue else ("rose" if surprise > 0 else "fell")
        return Anomaly(
            service=key,
            detector=self.name,
            subject=text,
            surprise=surprise,
            observed=counted.count / counted.exposure,
            expected=expected / counted.exposure,
            unit=counted.unit,
            start_unix_nano=window.start_unix_nano,
            end_unix_nano=window.end_unix_nano,
            description=f'"{text}" {verb}: {counted.count} records where {usual(expected)} for {counted.where}',
            template_id=template_id,
            pod=_pod(seen, summary, surprise, expected),
            exemplars=seen.exemplars if seen else (),
            trace_ids=_traces(seen),
            onset_unix_nano=seen.first_unix_nano if seen and surprise > 0 else window.start_unix_nano,
        )


def _seconds(window: Summary) -> float:
    return (window.end_unix_nano - window.start_unix_nano) / 1e9


def _beside(
    written: Written, count: int, counts: Mapping[str, int], known: ServiceBaseline, cluster: float = 1.0
) -> Iterator[_Count]:
    for other, rate in written.partners.items():
        beside = f'the "{known.texts.get(other, other)}" beside it'
        accord = written.accords.get(other) or Accord()
        exposure = float(counts.get(other, 0))
        yield _Count(rate, count, exposure, "records per record", beside, accord=accord, cluster=cluster)


def _pod(seen: TemplateCount | None, summary: ServiceSummary, surprise: float, expected: float) -> str:
    counts = seen.pods if seen else {}
    return failing(counts, summary.pods) if surprise > 0 else lacking(counts, summary.pods, expected)


def _traces(seen: TemplateCount | None) -> tuple[bytes, ...]:
    return tuple(sorted({item.trace_id for item in seen.exemplars if item.trace_id})) if seen else ()
