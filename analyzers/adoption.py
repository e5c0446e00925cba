"""What was learned of a service under the name of its logs becomes known of it under the name of its spans."""

from dataclasses import replace

from analyzers.aliases import Alias
from analyzers.baseline import Baseline
from analyzers.rates import Rate
from analyzers.written import WrittenBaseline


def adopt(baseline: Baseline, alias: Alias) -> None:
    """Nothing but the name changed: what it writes is neither new nor more than usual."""
    logged, known = baseline.services.get(alias.logged), baseline.services.get(alias.service)
    baseline.forget(alias.logged)
    if logged is None or known is None:
        return
    # Its records were counted per record; from now on they are counted by the work done. Both are known by the second,
    # the one perhaps for longer than the other.
    per_record = 1.0
    if known.traced and logged.work and known.learned:
        per_record = known.work / known.learned * logged.learned / logged.work
        # Until now it was known to write none.
        seconds, begun = known.learned / 1e9, known.begun
        told = logged.severe | logged.debug
        ordinary = sum(rate.expected(seconds) for key, rate in logged.clocked.items() if key not in told)
        known.lines, known.traces = Rate(ordinary * begun / known.work if known.work else 0.0, begun), Rate()
    if not known.traced:
        known.work += logged.work
    for template_id, rate in logged.templates.items():
        known.templates.setdefault(template_id, _counted(rate, per_record))
    known.texts = {**logged.texts, **known.texts}
    known.severe |= logged.severe
    known.debug |= logged.debug
    errors = _counted(logged.errors, per_record)
    errors.count += known.errors.count
    known.errors = errors
    known.novelty = replace(logged.novelty)
    known.first_unix_nano = min(known.first_unix_nano, logged.first_unix_nano)
    for operation in known.operations.values():
        # Its calls wrote all along, which nobody saw.
        operation.written = WrittenBaseline()


def _counted(rate: Rate, per_record: float) -> Rate:
    return replace(rate, exposure=rate.exposure * per_record, before=rate.before * per_record)
