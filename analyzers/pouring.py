"""Groups of log records into the summary of their bucket: put together in columns, an object for what is left."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from analyzers.columns import Int64
from analyzers.examples import Examples, starts
from analyzers.exemplar import keep_logs
from analyzers.service import Resource, ServiceKey
from analyzers.summary import ServiceSummary, Summary, TemplateCount
from analyzers.templates import OTHER, Template, template_of

_ERROR = 17
_OTHER = template_of(OTHER)
_TEMPLATE_BITS, _SEVERITY_BITS = 32, 5
_ALL_TEMPLATES, _ALL_SEVERITIES = (1 << _TEMPLATE_BITS) - 1, (1 << _SEVERITY_BITS) - 1


@dataclass(frozen=True, slots=True)
class CountLimits:
    """Templates of one service in one bucket; what is more is counted under "<other>"."""

    templates: int = 1000


@dataclass(frozen=True, slots=True)
class Grouped:
    """Records by resource, template and severity: one entry a group, at least one. Each group is there once."""

    resources: Sequence[Resource]
    templates: Sequence[Template]
    # What the numbers of examples say.
    scopes: Sequence[str]
    exceptions: Sequence[str]
    resource: Int64
    template: Int64
    severity: Int64
    count: Int64
    oldest: Int64
    newest: Int64


def pour(grouped: Grouped, examples: Examples, summary: Summary, limits: CountLimits) -> int:
    """Add all to `summary`; returns how many records were folded into "<other>" because of the limit."""
    places: dict[ServiceKey, int] = {}
    service = np.zeros(len(grouped.resources), dtype=np.int64)
    for number in np.unique(grouped.resource).tolist():
        service[number] = places.setdefault(grouped.resources[number].service, len(places))
    service = service.take(grouped.resource)
    services = [summary.service(key) for key in places]
    grouped, folded = _fold(grouped, service, services, limits)
    entries = _Entries.by(grouped, service)
    counts = list(entries.counts(grouped, services))
    _add_pods(grouped, entries, counts)
    _add_exemplars(grouped, entries, examples, counts)
    _add_records(grouped, places, services)
    _add_severities(grouped, service, services)
    return folded


@dataclass(frozen=True, slots=True)
class _Entries:
    """Groups of one template of one service, put together: for each group the number of its entry, the groups in the
    order of their entries, and where each entry begins there."""

    number: Int64
    order: Int64
    first: Int64
    # By entry.
    service: Int64
    template: Int64

    @staticmethod
    def by(grouped: Grouped, service: Int64) -> "_Entries":
        codes = service << _TEMPLATE_BITS | grouped.template
        order = np.argsort(codes)
        codes = codes.take(order)
        first = starts(codes)
        number = np.empty(len(order), dtype=np.int64)
        number[order] = np.repeat(np.arange(len(first)), np.diff(np.append(first, len(order))))
        codes = codes.take(first)
        return _Entries(number, order, first, codes >> _TEMPLATE_BITS, codes & _ALL_TEMPLATES)

    def __len__(self) -> int:
        return len(self.first)

    def counts(self, grouped: Grouped, services: Sequence[ServiceSummary]) -> Iterator[TemplateCount]:
        """Add the numbers to what they are of, which is returned for each entry."""
        count, severity = grouped.count.take(self.order), grouped.severity.take(self.order)
        columns = (
            self.service,
            self.template,
            np.add.reduceat(count, self.first),
            np.add.reduceat(np.where(severity >= _ERROR, count, 0), self.first),
            np.maximum.reduceat(severity, self.first),
            np.minimum.reduceat(grouped.oldest.take(self.order), self.first),
            np.maximum.reduceat(grouped.newest.take(self.order), self.first),
        )
        for service, number, *found in zip(*(column.tolist() for column in columns), strict=True):
            template = grouped.templates[number]
            entry = TemplateCount(template.text, *found)
            known = services[service].templates.setdefault(template.template_id, entry)
            if known is not entry:
                known.merge(entry)
            yield known


def _fold(
    grouped: Grouped, service: Int64, services: Sequence[ServiceSummary], limits: CountLimits
) -> tuple[Grouped, int]:
    """The same with the templates beyond the limit replaced by "<other>", and how many records that were."""
    entries = _Entries.by(grouped, service)
    sizes = np.bincount(entries.service, minlength=len(services)).tolist()
    full = [place for place, size in enumerate(sizes) if len(services[place].templates) + size > limits.templates]
    if not full:
        return grouped, 0
    counts = np.add.reduceat(grouped.count.take(entries.order), entries.first)
    gone = np.zeros(len(entries), dtype=np.bool_)
    for place in full:
        known, mine = services[place].templates, np.flatnonzero(entries.service == place)
        ids = [grouped.templates[number].template_id for number in entries.template.take(mine).tolist()]
        entry = zip((-counts.take(mine)).tolist(), ids, mine.tolist(), strict=True)
        fresh = sorted(item for item in entry if item[1] not in known)
        # The most frequent first, so that what is folded is the rest; ties by name, lest arrival decide.
        gone[[number for _, _, number in fresh[max(0, limits.templates - len(known)) :]]] = True
    folded = gone.take(entries.number)
    templates, number = [*grouped.templates, _OTHER], len(grouped.templates)
    template = np.where(folded, number, grouped.template)
    return replace(grouped, templates=templates, template=template), int(grouped.count[folded].sum())


def _add_pods(grouped: Grouped, entries: _Entries, counts: Sequence[TemplateCount]) -> None:
    numbers = {"": 0}
    pod = np.array([numbers.setdefault(item.pod, len(numbers)) for item in grouped.resources])
    names = list(numbers)
    for code, records in _sums(entries.number * len(names) + pod.take(grouped.resource), grouped.count):
        entry, place = divmod(code, len(names))
        if place:
            pods = counts[entry].pods
            pods[names[place]] = pods.get(names[place], 0) + records


def _add_exemplars(grouped: Grouped, entries: _Entries, examples: Examples, counts: Sequence[TemplateCount]) -> None:
    shown, entry, doubtful = examples.shown(entries.number, grouped.severity)
    pods = [grouped.resources[number].pod for number in grouped.resource.tolist()]
    made = shown.exemplars(grouped.severity, pods, grouped.scopes, grouped.exceptions)
    first = starts(entry)
    stretches = zip(
        entry.take(first).tolist(),
        first.tolist(),
        np.append(first[1:], len(entry)).tolist(),
        doubtful.take(first).tolist(),
        strict=True,
    )
    for number, begin, end, unsure in stretches:
        count, mine = counts[number], made[begin:end]
        count.exemplars = keep_logs(count.exemplars, mine) if unsure or count.exemplars else tuple(mine)


def _add_records(grouped: Grouped, places: Mapping[ServiceKey, int], services: Sequence[ServiceSummary]) -> None:
    for number, records in _sums(grouped.resource, grouped.count):
        resource = grouped.resources[number]
        service = services[places[resource.service]]
        service.records += records
        if resource.version:
            service.versions[resource.version] = service.versions.get(resource.version, 0) + records
        if resource.pod:
            service.pods[resource.pod] = service.pods.get(resource.pod, 0) + records


def _add_severities(grouped: Grouped, service: Int64, services: Sequence[ServiceSummary]) -> None:
    for code, records in _sums(service << _SEVERITY_BITS | grouped.severity, grouped.count):
        severities, severity = services[code >> _SEVERITY_BITS].severities, code & _ALL_SEVERITIES
        severities[severity] = severities.get(severity, 0) + records


def _sums(codes: Int64, counts: Int64) -> Iterator[tuple[int, int]]:
    """The different codes, ascending, and the sum of each."""
    order = np.argsort(codes)
    codes = codes.take(order)
    first = starts(codes)
    return zip(codes.take(first).tolist(), np.add.reduceat(counts.take(order), first).tolist(), strict=True)
