"""Common failures by what they write, from the readable file beside this one."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import yaml
from pydantic import BaseModel, ConfigDict

from rca.incident import Severity

_FILE = Path(__file__).with_name("rules.yaml")
_WARN = 13
# Characters of a body a rule looks at: enough for a message and the head of a stack trace.
_LOOKED_AT = 2000


class _RuleModel(BaseModel):
    model_config = ConfigDict(extra="forbid")

    type: str
    match: str
    severity: str
    steps: tuple[str, ...]
    without_severity: bool = False


@dataclass(frozen=True, slots=True)
class Rule:
    """`severity` is the least one that a match stands for; `steps` are what to do first."""

    anomaly_type: str
    pattern: re.Pattern[str]
    severity: Severity
    steps: tuple[str, ...]
    without_severity: bool

    def matches(self, body: str, exception_type: str, severity_number: int) -> bool:
        """`severity_number` is OTLP's, 0 where none was sent."""
        if severity_number < _WARN and not (severity_number == 0 and self.without_severity):
            return False
        return bool(self.pattern.search(body[:_LOOKED_AT]) or (exception_type and self.pattern.search(exception_type)))


def load_rules(path: Path = _FILE) -> tuple[Rule, ...]:
    """The rules in file order. Raises `ValueError` naming the file and what is wrong in it."""
    try:
        models = [_RuleModel.model_validate(item) for item in yaml.safe_load(path.read_text(encoding="utf-8"))]
        return tuple(
            Rule(
                item.type,
                re.compile(item.match, re.IGNORECASE),
                Severity[item.severity.upper()],
                item.steps,
                item.without_severity,
            )
            for item in models
        )
    except (TypeError, KeyError, re.error, ValueError) as error:
        raise ValueError(f"{path}: {error}") from error


@cache
def rule_of(anomaly_type: str) -> Rule:
    """That of the type in the file that comes with this module."""
    return next(rule for rule in load_rules() if rule.anomaly_type == anomaly_type)


def first_match(rules: Iterable[Rule], body: str, exception_type: str, severity_number: int) -> Rule | None:
    return next((rule for rule in rules if rule.matches(body, exception_type, severity_number)), None)
