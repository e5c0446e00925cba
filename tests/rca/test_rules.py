"""The rule file: every rule with what it must and what it must not match."""

from pathlib import Path

import pytest

from rca.incident import Severity
from rca.rules import Rule, first_match, load_rules

RULES = load_rules()
DEBUG, INFO, WARN, ERROR = 5, 9, 13, 17

# Anomaly type to lines it names, and lines that look alike and are of another type, or none.
EXAMPLES: dict[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "out_of_memory": (
        (
            "java.lang.OutOfMemoryError: Java heap space",
            "Out of memory: Killed process 7781 (java)",
            "container payment was OOMKilled",
            "fork: Cannot allocate memory",
        ),
        ("memory usage at 40 %", "room booked"),
    ),
    "disk_full": (
        ("write /var/lib/x: no space left on device", "disk full on db-2", "ENOSPC", "Disk is full"),
        ("disk usage 40 %", "full table scan on disk cache"),
    ),
    "connection_refused": (
        (
            "dial tcp 10.4.1.9:5432: connect: connection refused",
            "read ECONNRESET",
            "write: broken pipe",
            "No route to host",
        ),
        ("connection established", "customer refused delivery"),
    ),
    "name_resolution": (
        (
            "java.net.UnknownHostException: ledger",
            "lookup ledger on 10.0.0.2:53: no such host",
            "getaddrinfo ENOTFOUND ledger",
            "Temporary failure in name resolution",
            "nodename nor servname provided, or not known",
            "curl: (6) Could not resolve host: ledger",
            "Name resolution failed for ledger",
            "bad address 'ledger': Name does not resolve",
        ),
        ("name resolution took 3 ms", "resolved name ledger to 10.0.0.9", "host ledger joined"),
    ),
    "no_instances": (
        ("No instances available for payment", "no healthy upstream", "HTTP 503 Service Unavailable"),
        ("3 instances available", "instance i-17 started"),
    ),
    "pool_exhausted": (
        (
            "FATAL: sorry, too many clients already",
            "HikariPool-1 - Connection is not available, request timed out after 30001ms",
            "accept: too many open files",
            "redis pool exhausted",
        ),
        ("pool size is 10", "swimming lessons open"),
    ),
    "deadlock": (
        (
            "deadlock detected",
            "Lock wait timeout exceeded; try restarting transaction",
            "ERROR: could not serialize access due to",
        ),
        ("lock acquired", "the deal is locked"),
    ),
    "timeout": (
        (
            "Read timed out after 2000 ms",
            "context deadline exceeded",
            "connect ETIMEDOUT 10.0.0.4:443",
            "request time-out",
            "query took too long",
        ),
        ("took 31 ms", "deadline is tomorrow"),
    ),
    "database_error": (
        (
            "java.sql.SQLException: bad statement",
            "SQLSTATE[42000]",
            'duplicate key value violates unique constraint "orders_pkey"',
            'relation "orders" does not exist',
        ),
        ("query ok, 3 rows", "the key was copied"),
    ),
    "authentication": (
        ("401 Unauthorized", "permission denied for bucket", "invalid credentials", "Access denied", "HTTP 403"),
        ("user bob authenticated", "order 403 placed"),
    ),
    "certificate": (
        (
            "x509: certificate signed by unknown authority",
            "certificate has expired",
            "javax.net.ssl.SSLHandshakeException: bad",
            "http: TLS handshake error from 10.0.0.7",
        ),
        ("certificate renewed", "handshake of peers done"),
    ),
    "rate_limited": (
        ("429 Too Many Requests", "rate limit reached for tenant", "request was throttled"),
        ("order 4290 placed", "limited edition sold"),
    ),
    "null_reference": (
        (
            'java.lang.NullPointerException: Cannot invoke "Cart.total()"',
            "'NoneType' object has no attribute 'price'",
            "runtime: nil pointer dereference",
            "TypeError: Cannot read properties of undefined",
        ),
        ("null orders found", "pointer moved to head"),
    ),
    "crash": (
        (
            "panic: index out of range",
            "Segmentation fault (core dumped)",
            "fatal error: all goroutines are asleep",
            "SIGSEGV",
        ),
        ("keep calm", "no panic button pressed"),
    ),
    "configuration": (
        ("missing required environment variable: DB", "invalid config: port", "Could not resolve placeholder 'db.url'"),
        ("config loaded", "environment production"),
    ),
    "upstream_error": (
        ("upstream answered 502", "ledger: Bad Gateway", "500 Internal Server Error"),
        ("order 5020 placed", "streaming up to date"),
    ),
    "exception": (
        ("Traceback (most recent call last):", "IllegalStateException: cart", "payment failed", "an error occurred"),
        ("terror film sold", "all is well"),
    ),
}


def named(line: str, severity: int = ERROR, exception: str = "") -> str:
    found = first_match(RULES, line, exception, severity)
    return found.anomaly_type if found else ""


def test_every_rule_has_examples() -> None:
    assert [rule.anomaly_type for rule in RULES] == list(EXAMPLES)


@pytest.mark.parametrize(("kind", "line"), [(kind, line) for kind, (good, _) in EXAMPLES.items() for line in good])
def test_matches(kind: str, line: str) -> None:
    assert named(line) == kind
    assert named(line.upper()) == kind
    assert named("at work: " + line + " (again)") == kind


@pytest.mark.parametrize(("kind", "line"), [(kind, line) for kind, (_, bad) in EXAMPLES.items() for line in bad])
def test_does_not_match(kind: str, line: str) -> None:
    assert named(line) != kind
    assert named(line) == ""


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.anomaly_type)
def test_rules_are_complete(rule: Rule) -> None:
    assert rule.steps
    assert all(step.strip().endswith(".") for step in rule.steps)
    assert not rule.pattern.search("")


def test_only_warnings_and_above_are_looked_at() -> None:
    """And of what came without a severity, by the rules that are marked: raw lines of a file have none."""
    marked = {rule.anomaly_type for rule in RULES if rule.without_severity}
    assert {"out_of_memory", "crash", "disk_full", "connection_refused"} < marked
    assert "exception" not in marked
    for kind, (lines, _) in EXAMPLES.items():
        for severity in (DEBUG, INFO, WARN - 1):
            assert named(lines[0], severity) == ""
        assert (named(lines[0], 0) != "") == (kind in marked)
        assert named(lines[0], WARN) == kind


def test_the_exception_type_is_looked_at_too() -> None:
    assert named("it went wrong", exception="java.net.SocketTimeoutException") == "timeout"
    assert named("it went wrong", exception="") == ""


def test_the_head_of_a_long_body_is_enough() -> None:
    assert named("x" * 5000 + " connection refused") == ""
    assert named("connection refused" + "x" * 10**6) == "connection_refused"


@pytest.mark.parametrize("line", ["relation " * 10**5, "database " * 10**5, "HikariPool" * 10**5, "(" * 10**5])
def test_hostile_lines_take_no_time(line: str) -> None:
    assert named(line, exception=line[:255]) == ""


@pytest.mark.parametrize(
    "text",
    [
        "not a list",
        "- type: x",
        "- {type: x, match: '(', severity: low, steps: []}",
        "- {type: x, match: a, severity: grave, steps: []}",
        "- {type: x, match: a, severity: low, steps: [], more: 1}",
        "",
    ],
)
def test_a_broken_file_is_named(tmp_path: Path, text: str) -> None:
    path = tmp_path / "rules.yaml"
    path.write_text(text)
    with pytest.raises(ValueError, match=r"rules\.yaml"):
        load_rules(path)


def test_a_file_of_ones_own(tmp_path: Path) -> None:
    path = tmp_path / "rules.yaml"
    path.write_text("- {type: kaputt, match: kaputt, severity: low, steps: [Fix it.]}\n")
    (rule,) = load_rules(path)
    assert (rule.anomaly_type, rule.severity, rule.steps, rule.without_severity) == (
        "kaputt",
        Severity.LOW,
        ("Fix it.",),
        False,
    )
