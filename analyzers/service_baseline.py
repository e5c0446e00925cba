"""What is normal of one service: its work, its operations, and what it writes."""

from dataclasses import dataclass, field

from analyzers.changes import Running
from analyzers.clocks import Clock
from analyzers.latencies import Latency
from analyzers.mixture import bounds
from analyzers.rates import Rate
from analyzers.sampling import fewest, most, resampled
from analyzers.summary import OperationStats, ServiceSummary, Summary
from analyzers.templates import strangers
from analyzers.written import WrittenBaseline

_INFO, _WARN, _ERROR = 9, 13, 17
# What is left of how a version words its logs once another one runs.
_REWORDED = 1e-3
# Until so much is learned of a service nothing is said of the share, and what its records tell of its work is forgotten
# with this half-life: whatever starts says much that it never says again. And until there was so much work, and so many
# records: of a few, how many there are is a matter of chance.
_SETTLED, _SETTLING, _ENOUGH = 60 * 1_000_000_000, 10 * 1_000_000_000, 30.0
# Half-life of what is known of the share kept lately, and of what users ask for.
_LATELY = 30 * 1_000_000_000
# One request may make many calls of a service or none: work comes in lumps.
_UNEVEN = 3.0
# Share of its work that may have begun with operations never seen before, for one that is new to tell anything.
_ALWAYS_NEW = 0.25
# Share of what a call takes that nobody looks for within it.
_NEGLIGIBLE = 0.01
# Share of the buckets since it is known that hold an operation which lasts.
_LASTING = 0.5
# Share of its buckets in which a steady service sent something, and how many must be known.
_STEADY, _STEADY_BUCKETS = 0.95, 11.0


@dataclass(slots=True)
class OperationBaseline:
    errors: Rate = field(default_factory=Rate)
    self_time: Latency = field(default_factory=Latency)
    duration: Latency = field(default_factory=Latency)
    written: WrittenBaseline = field(default_factory=WrittenBaseline)
    # Units of work that began with it, ever and of late. Not in checkpoints of older versions.
    begun: float = 0.0
    lately: float = 0.0
    # The same by the second. Not in checkpoints of older versions.
    clocked: Clock = field(default_factory=Clock)

    @property
    def lasting(self) -> bool:
        """Whether work went on to begin with it, as it does not with names that are good for one thing."""
        enough = self.clocked.buckets >= _STEADY_BUCKETS
        return enough and self.clocked.in_runs >= _LASTING * self.clocked.buckets

    @property
    def negligible(self) -> float:
        """Nanoseconds of its own below which it is as if it did nothing itself: where callees take nearly all the time,
        the gaps between them tell of clocks, and of spans that were not sent."""
        return _NEGLIGIBLE * self.duration.typical

    def learn(self, stats: OperationStats) -> None:
        self.begun += stats.entries
        self.written.learn(stats.templates, stats.calls)
        self.errors.learn(stats.origin_errors, stats.calls)
        self.self_time.learn(stats.self_time, stats.slow)
        self.duration.learn(stats.duration)

    def fade(self, factor: float) -> None:
        self.begun *= factor
        self.clocked.fade(factor)
        self.errors.fade(factor)
        self.self_time.fade(factor)
        self.duration.fade(factor)
        self.written.fade(factor)


@dataclass(slots=True)
class ServiceBaseline:
    first_unix_nano: int
    # Event time learned from, in nanoseconds.
    learned: int = 0
    # Units of work, or records where no spans are sent.
    work: float = 0.0
    templates: dict[str, Rate] = field(default_factory=dict)
    texts: dict[str, str] = field(default_factory=dict)
    # Templates that were ever written with severity WARN or above.
    severe: set[str] = field(default_factory=set)
    # Templates never written but with severity TRACE or DEBUG. Not in checkpoints of older versions.
    debug: set[str] = field(default_factory=set)
    # Records of severity ERROR and above, per unit of work.
    errors: Rate = field(default_factory=Rate)
    operations: dict[str, OperationBaseline] = field(default_factory=dict)
    # Units of work per unit of work that entered the system.
    throughput: Rate = field(default_factory=lambda: Rate(least=_UNEVEN))
    # Templates seen for the first time, per bucket: how much of this service is still unknown.
    novelty: Rate = field(default_factory=Rate)
    # Whether spans count the work; else records do, until operations last.
    traced: bool = False
    # Buckets in which it sent anything at all, of all learned.
    present: Rate = field(default_factory=Rate)
    # Not in checkpoints of older versions.
    running: Running = field(default_factory=Running)
    # Ordinary records per unit of work, where spans count it. Not in checkpoints of older versions.
    lines: Rate = field(default_factory=Rate)
    # Templates by the second: some are written by the clock, whatever is done. Not in checkpoints of older versions.
    clocked: dict[str, Clock] = field(default_factory=dict)
    # What goes together where no spans tell who wrote it. Not in checkpoints of older versions.
    written: WrittenBaseline = field(default_factory=WrittenBaseline)
    # Units of work that were traced of those its records tell of, of late.
    traces: Rate = field(default_factory=Rate)
    # Since when another version runs of which nothing was learned yet; 0 for none. Not in checkpoints of older
    # versions.
    reworded_unix_nano: int = 0
    # Units of work learned from, and those of them that began with an operation never seen before, or beyond the limit;
    # both fade. And up to when `OperationBaseline.lately` tells. Not in checkpoints of older versions.
    began: float = 0.0
    fresh: float = 0.0
    asked_until: int = 0

    @property
    def burstiness(self) -> float:
        """Mean dispersion of its templates: how many records of one kind come at once. By work or by the clock,
        whichever tells better when they come: work that few traces tell of is itself a matter of chance."""
        found = [min(rate.dispersion, self.clocked.get(key, rate).dispersion) for key, rate in self.templates.items()]
        return sum(found) / len(found) if found else 1.0

    @property
    def begun(self) -> float:
        """Units of work learned from and not forgotten; of older checkpoints its operations tell."""
        return max(self.began, sum(operation.begun for operation in self.operations.values()))

    def reword(self) -> None:
        """A new version may word its logs anew, and write more or fewer: what was known is as good as forgotten."""
        self.reworded_unix_nano = 0
        for rate in (*self.templates.values(), *self.clocked.values(), self.lines):
            rate.fade(_REWORDED)
        for written in self.writings:
            written.fade(_REWORDED)

    def count_by_spans(self) -> None:
        """What it does is traced, which did not show when it started to write: what was known per record is as good as
        forgotten."""
        self.traced = True
        by_the_second = sum(known.clocked.expected(1.0) for known in self.operations.values())
        self.work, self.written = by_the_second * self.learned / 1e9, WrittenBaseline()
        for rate in (*self.templates.values(), self.errors, self.throughput):
            rate.fade(_REWORDED)

    @property
    def writings(self) -> tuple[WrittenBaseline, ...]:
        """What it writes, all in all and by operation."""
        return (self.written, *(operation.written for operation in self.operations.values()))

    def released(self, now_unix_nano: int) -> bool:
        """Whether it was changed so lately that new wording is to be expected."""
        return self.running.last(now_unix_nano) is not None

    @property
    def comparable(self) -> bool:
        """Whether its records can be compared with its work: where few traces are kept, chance decides for a while of
        how many records there is work."""
        return not self.traced or self.learned >= _SETTLED

    @property
    def settled(self) -> bool:
        """Whether its records tell how much work it does."""
        known = min(self.lines.count, self.lines.exposure)
        return self.learned >= _SETTLED and known >= _ENOUGH and not self.reworded_unix_nano

    @property
    def steady(self) -> bool:
        """Whether it is known long enough, and nearly always sent something."""
        return self.present.buckets >= _STEADY_BUCKETS and self.present.count >= _STEADY * self.present.exposure

    def exposure(self, summary: ServiceSummary) -> float:
        """Units of work in `summary`, counted as they were when this was learned."""
        return float(summary.entries if self.traced else summary.work_records)

    def usual_work(self, whole: Summary) -> float:
        """Units of work in as long a time; something must have been learned."""
        return self.work / self.learned * (whole.end_unix_nano - whole.start_unix_nano)

    def done(self, summary: ServiceSummary) -> float:
        """Units of work done, as its ordinary records tell; 0 where they tell nothing."""
        return summary.ordinary_records * self.lines.exposure / self.lines.count if self.lines.count > 0 else 0.0

    def exposures(self, summary: ServiceSummary, kept: tuple[float, float]) -> tuple[float, float]:
        """The least and the most units of work that there may be in `summary`, as `kept` tells of the sampling.

        A rise counts against the most and a fall against the least: a share that was estimated accuses nobody. Where
        it changed, chance also decides how much of this service's work is in it.
        """
        counted = self.exposure(summary)
        if not self.traced:
            return counted, counted
        found = [counted]
        for share in kept:
            if share <= 0:
                found.append(self.done(summary))
            elif resampled(share):
                found += (fewest(counted) / share, most(counted) / share)
            else:
                found.append(counted / share)
        return min(found), max(found)

    def mixture(self, summary: ServiceSummary, start_unix_nano: int) -> tuple[float, float]:
        """`bounds` by the operations its work begins with, in `summary` alone and, where that follows upon what came of
        late, with it: a few units tell little. Of operations that are new nothing need come, unless there are nothing
        but new ones; at the most they are as the others. Where there are new ones all the time, all that do not come
        again and again are one kind, and what came of late tells nothing."""
        if self.fresh > _ALWAYS_NEW * self.began:
            return bounds(self._recurring(summary))
        kinds = self.kinds(summary)
        least, most = bounds(kinds)
        if start_unix_nano == self.asked_until:
            lately = [known.lately for known in self.operations.values() if known.begun]
            with_lately = [(usual, now + before) for (usual, now), before in zip(kinds, lately, strict=True)]
            least_lately, most_lately = bounds(with_lately)
            least, most = min(least, least_lately), max(most, most_lately)
        known = sum(now for _, now in kinds)
        if 0 < known < summary.entries:
            least *= known / summary.entries
        return least, most

    def _recurring(self, summary: ServiceSummary) -> list[tuple[float, float]]:
        """As `kinds`, all that does not last as one of them."""
        again = [
            (known.begun, float(summary.operations[name].entries) if name in summary.operations else 0.0)
            for name, known in self.operations.items()
            if known.begun and known.lasting
        ]
        usual, now = (sum(each[place] for each in again) for place in (0, 1))
        return [*again, (max(0.0, self.begun - usual), max(0.0, summary.entries - now))]

    def kinds(self, summary: ServiceSummary) -> list[tuple[float, float]]:
        """Units of work by the operation they begin with: as many as were learned from, and as there are now."""
        seen = summary.operations
        return [
            (known.begun, float(seen[name].entries) if name in seen else 0.0)
            for name, known in self.operations.items()
            if known.begun
        ]

    def meet(self, summary: ServiceSummary, elapsed: int, max_templates: int, errors: bool) -> None:
        """Note what is worded for the first time, so that it is no news in the next window; not how often it comes."""
        fresh = {
            template_id: count
            for template_id, count in sorted(summary.templates.items())
            if template_id not in self.templates and (errors or count.max_severity < _ERROR)
        }
        # One that differs from known ones in a word that varies is no new wording.
        if fresh:
            self.novelty.count += len(strangers({count.text for count in fresh.values()}, self.texts.values()))
        for template_id, count in fresh.items():
            if len(self.templates) >= max_templates:
                break
            # Unseen in all that was learned before: that is knowledge too.
            self.templates[template_id] = Rate(0.0, self.work, before=self.work)
            self.texts[template_id] = count.text
            if count.max_severity >= _WARN:
                self.severe.add(template_id)
            if 0 < count.max_severity < _INFO:
                self.debug.add(template_id)
            # Other wording comes with the hour; that an error never came before is no question of the time.
            if count.max_severity >= _ERROR:
                self.clocked[template_id] = Clock(0.0, self.novelty.exposure * elapsed / 1e9)

    def ask(self, summary: ServiceSummary, start_unix_nano: int, end_unix_nano: int) -> None:
        """Note what its work begins with, also while something is wrong: users go on asking."""
        self.asked_until = end_unix_nano
        fade = 0.5 ** ((end_unix_nano - start_unix_nano) / _LATELY)
        for name, known in self.operations.items():
            seen = summary.operations.get(name)
            known.lately = (known.lately + (seen.entries if seen else 0)) * fade

    def sample(self, summary: ServiceSummary, elapsed: int) -> None:
        """Note how many of its units of work were traced of those its records tell of."""
        if self.traced:
            if self.settled:
                self.traces.learn(self.exposure(summary), self.done(summary))
            self.traces.fade(0.5 ** (elapsed / _LATELY))

    def learn(self, summary: ServiceSummary, elapsed: int, entered: float, anew: bool, max_operations: int) -> None:
        """From a bucket of `elapsed` nanoseconds that was met, in which `entered` units of work entered the system;
        `anew` when other traces are kept than at first."""
        exposure = self.exposure(summary)
        self.learned += elapsed
        self.work += exposure
        self.throughput.learn(exposure, entered)
        self.present.learn(1.0 if summary.sends else 0.0, 1.0)
        anew = anew and self.traced
        if anew:
            exposure = self.done(summary)
        elif self.traced:
            if self.learned < _SETTLED:
                self.lines.fade(0.5 ** (elapsed / _SETTLING))
            self.lines.note(summary.ordinary_records, exposure)
        self.errors.note(summary.error_records, exposure, anew)
        self.novelty.exposure += 1.0
        self._learn_templates(summary, elapsed, exposure, anew)
        self.began += summary.entries
        self.fresh += sum(stats.entries for name, stats in summary.operations.items() if name not in self.operations)
        for name, stats in sorted(summary.operations.items()):
            if name in self.operations or len(self.operations) < max_operations:
                self.operations.setdefault(name, OperationBaseline()).learn(stats)
        for name, known in self.operations.items():
            if known.begun:
                seen = summary.operations.get(name)
                known.clocked.learn(seen.entries if seen else 0, elapsed / 1e9)
        if not self.traced and any(known.lasting for known in self.operations.values()):
            self.count_by_spans()

    def _learn_templates(self, summary: ServiceSummary, elapsed: int, exposure: float, anew: bool) -> None:
        for template_id, count in summary.templates.items():
            if count.max_severity >= _WARN and template_id in self.templates:
                self.severe.add(template_id)
            if count.max_severity >= _INFO:
                self.debug.discard(template_id)
        for template_id, rate in self.templates.items():
            seen = summary.templates.get(template_id)
            written = seen.count if seen else 0
            rate.note(written, exposure, anew)
            self.clocked.setdefault(template_id, Clock()).learn(written, elapsed / 1e9)
        if not self.traced:
            self.written.learn({key: seen.count for key, seen in summary.templates.items()}, summary.work_records)
            self.written.drop_refuted()
