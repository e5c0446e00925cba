"""Judging logs that are not taken in: against what is normal where that is known, else by rules."""

from collections import Counter
from collections.abc import Iterable, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, replace

from analyzers.anomaly import Anomaly
from analyzers.baseline import Baseline
from analyzers.columns import LogBatch
from analyzers.detectors import Detector
from analyzers.service import ServiceKey
from analyzers.summary import Summary
from analyzers.tally import CountLimits, count_logs
from analyzers.templates import MinedBatch, TemplateMiner
from rca.assessment import Assessment, Basis, RecordResult, SeenTemplate
from rca.diagnosis import Evidence
from rca.incident import Severity
from rca.rules import Rule, first_match

_WARN, _ERROR, _FATAL = 13, 17, 21
_MAX_EVIDENCE = 8


@dataclass(frozen=True, slots=True)
class _Finding:
    """What speaks for trouble in one group of records (one template of one service)."""

    service: ServiceKey
    template_id: str
    text: str
    count: int
    first_unix_nano: int
    severity: Severity
    rule: Rule | None
    anomaly: Anomaly | None
    # How common it is to be the cause rather than the symptom; lower is more likely the cause.
    rank: int

    @property
    def score(self) -> float:
        if self.anomaly is not None:
            return max(self.anomaly.score, 0.5)
        return {Severity.LOW: 0.3, Severity.MEDIUM: 0.5, Severity.HIGH: 0.65, Severity.CRITICAL: 0.8}[self.severity]


@dataclass(frozen=True, slots=True)
class Assessor:
    """Pure given the baseline: nothing is stored and nothing is learned."""

    miner: TemplateMiner
    rules: Sequence[Rule]
    limits: CountLimits

    def assess(
        self,
        batch: LogBatch,
        baseline: Baseline,
        detectors: Iterable[Detector],
        reading: AbstractContextManager[object] | None = None,
    ) -> Assessment:
        """All records as one window. `record_results` is in the order of the batch.

        `reading` is held while the baseline is looked at, and no longer: mining a large batch takes far more time.
        """
        mined = self.miner.mine(batch)
        summary = Summary(0, 1)
        if len(batch):
            summary = Summary(int(batch.time_unix_nano.min()), int(batch.time_unix_nano.max()) + 1)
            count_logs(batch, mined, summary, self.limits)
        with reading or nullcontext():
            found = self.assess_summary(summary, baseline, detectors)
        return _with_records(found.assessment, found.findings, batch, mined)

    def assess_summary(self, summary: Summary, baseline: Baseline, detectors: Iterable[Detector]) -> "Judged":
        """The same for what is already counted; `record_results` is empty."""
        anomalies = tuple(item for detector in detectors for item in detector.detect(summary, baseline))
        known = {key for key in summary.services if key in baseline.services and baseline.services[key].learned}
        findings = sorted(
            self._findings(summary, anomalies, baseline, known),
            key=lambda item: (-item.severity, item.rank, item.first_unix_nano, item.template_id),
        )
        templates = tuple(
            SeenTemplate(service, template_id, count)
            for service, seen in sorted(summary.services.items())
            for template_id, count in sorted(seen.templates.items(), key=lambda item: (-item[1].count, item[0]))
        )
        basis = Basis.BASELINE if known else Basis.COLD
        count = sum(seen.records for seen in summary.services.values())
        return Judged(_assessment(findings, anomalies, templates, basis, count), tuple(findings))

    def _findings(
        self, summary: Summary, anomalies: Sequence[Anomaly], baseline: Baseline, known: set[ServiceKey]
    ) -> Iterable[_Finding]:
        by_template = {(item.service, item.template_id): item for item in anomalies if item.template_id}
        failing = {item.service: item for item in anomalies if item.detector == "error_share"}
        for service, seen in summary.services.items():
            usual = baseline.services[service].templates if service in known else {}
            for template_id, count in seen.templates.items():
                shown = count.exemplars[0]
                rule = first_match(self.rules, shown.body, shown.exception_type, count.max_severity)
                anomaly = by_template.get((service, template_id))
                if anomaly is None and count.errors:
                    anomaly = failing.get(service)
                # What was there in normal times, as often, is no trouble, whatever its severity says.
                if anomaly is None and template_id in usual:
                    continue
                if anomaly is not None and anomaly.surprise < 0:
                    continue
                severity = _severity(count.max_severity, rule)
                if severity is None and anomaly is None:
                    continue
                yield _Finding(
                    service=service,
                    template_id=template_id,
                    text=count.text,
                    count=count.count,
                    first_unix_nano=count.first_unix_nano,
                    severity=severity or Severity.LOW,
                    rule=rule,
                    anomaly=anomaly,
                    rank=self.rules.index(rule) if rule is not None else len(self.rules),
                )


@dataclass(frozen=True, slots=True)
class Judged:
    assessment: Assessment
    findings: tuple[_Finding, ...]


def _severity(number: int, rule: Rule | None) -> Severity | None:
    """None for a record that neither its severity number nor a rule makes a finding."""
    if number >= _FATAL:
        return Severity.CRITICAL
    by_number = Severity.MEDIUM if number >= _ERROR else None
    if rule is None:
        return by_number
    return max(rule.severity, by_number) if by_number is not None else _capped(rule, number)


def _capped(rule: Rule, number: int) -> Severity | None:
    """A WARN, or a record without any severity, is at most MEDIUM, lest a cautious author raise the alarm."""
    return min(rule.severity, Severity.MEDIUM) if number == 0 or number >= _WARN else None


def _assessment(
    findings: Sequence[_Finding],
    anomalies: tuple[Anomaly, ...],
    templates: tuple[SeenTemplate, ...],
    basis: Basis,
    count: int,
) -> Assessment:
    if not findings:
        falls = [item for item in anomalies if item.surprise < 0]
        if falls:
            return _silence(falls, anomalies, templates, basis, count)
        known = "nothing departs from what is normal" if basis is Basis.BASELINE else "no record speaks of a failure"
        return Assessment(
            False, None, "", "", (), (), 0.0, f"{count} records, {known}.", (), basis, anomalies, templates, (), count
        )
    top = findings[0]
    kind = top.rule.anomaly_type if top.rule else _kind_of(top)
    services = tuple(dict.fromkeys(item.service for item in findings))
    total = sum(item.score for item in findings[:_MAX_EVIDENCE])
    evidence = tuple(
        Evidence(
            signal=item.anomaly.detector if item.anomaly else "rule" if item.rule else "severity",
            contribution=item.score / total,
            description=f'{item.service.name}: {item.count} x "{item.text[:200]}"',
            anomaly_ids=(item.anomaly.anomaly_id,) if item.anomaly else (),
            template_id=item.template_id,
        )
        for item in findings[:_MAX_EVIDENCE]
    )
    kinds = Counter(item.rule.anomaly_type for item in findings if item.rule)
    others = f" Also seen: {', '.join(sorted(set(kinds) - {kind}))}." if set(kinds) - {kind} else ""
    against = "compared with its baseline" if basis is Basis.BASELINE else "by rules alone: no baseline is known yet"
    steps = tuple(dict.fromkeys(step for item in findings if item.rule for step in item.rule.steps))[:6]
    return Assessment(
        is_anomaly=True,
        severity=max(item.severity for item in findings),
        anomaly_type=kind,
        root_cause=f'{top.service.name}: {kind.replace("_", " ")} ("{top.text[:200]}")',
        affected_services=services,
        remediation_steps=steps or ("Read the records named in the evidence, oldest first.",),
        confidence=min(0.95, top.score if basis is Basis.BASELINE else 0.8 * top.score),
        explanation=(
            f"{sum(item.count for item in findings)} of {count} records speak of trouble in"
            f" {', '.join(service.name for service in services)}, {against}."
            f" The gravest and most likely first is {kind.replace('_', ' ')} in {top.service.name}.{others}"
        ),
        evidence=evidence,
        basis=basis,
        anomalies=anomalies,
        templates=templates,
        record_results=(),
        analyzed_record_count=count,
    )


def _kind_of(finding: _Finding) -> str:
    if finding.anomaly is None:
        return "error"
    return "new_log_template" if finding.anomaly.detector == "new_template" else "log_rate"


def _silence(
    falls: Sequence[Anomaly],
    anomalies: tuple[Anomaly, ...],
    templates: tuple[SeenTemplate, ...],
    basis: Basis,
    count: int,
) -> Assessment:
    """Nothing bad was written, but something usual was not."""
    top = min(falls, key=lambda item: (item.surprise, item.anomaly_id))
    return Assessment(
        is_anomaly=True,
        severity=Severity.MEDIUM,
        anomaly_type="missing_logs",
        root_cause=f'{top.service.name}: usual records are missing ("{top.subject[:200]}")',
        affected_services=tuple(dict.fromkeys(item.service for item in falls)),
        remediation_steps=("See what stops the work before the missing log statement is reached.",),
        confidence=top.score,
        explanation=f"{top.service.name}: {top.description}.",
        evidence=(Evidence(top.detector, 1.0, top.description, (top.anomaly_id,), template_id=top.template_id),),
        basis=basis,
        anomalies=anomalies,
        templates=templates,
        record_results=(),
        analyzed_record_count=count,
    )


def _with_records(
    assessment: Assessment, findings: Sequence[_Finding], batch: LogBatch, mined: MinedBatch
) -> Assessment:
    by_key = {(item.service, item.template_id): item for item in findings}
    results = []
    for resource, code, severity in zip(
        batch.resource.tolist(), mined.template.tolist(), batch.severity.tolist(), strict=True
    ):
        template_id = mined.templates[code].template_id
        finding = by_key.get((batch.resources[resource].service, template_id))
        if finding is None:
            results.append(RecordResult(False, None, template_id, 0.0))
            continue
        own = _severity(severity, finding.rule)
        if own is None and finding.anomaly is None:
            # Of the same wording as one that is a finding, but not as severe: that alone makes it none.
            results.append(RecordResult(False, None, template_id, 0.0))
            continue
        kind = finding.rule.anomaly_type if finding.rule else _kind_of(finding)
        results.append(RecordResult(True, own or Severity.LOW, template_id, finding.score, kind))
    return replace(assessment, record_results=tuple(results), analyzed_record_count=len(batch))
