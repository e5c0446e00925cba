"""Scores as a table for people and as JSON for machines."""

import statistics
from collections.abc import Sequence
from typing import Any

from rich.table import Table

from server.evaluation.evaluate import CaseScore, median_delay
from server.evaluation.given import Mode
from server.evaluation.scoring import DEPTHS, Rank, Share, false_alarm_bound, share

# Seconds of a failure that must be recorded for a fair chance: windows last a quarter of that, and few requests come.
_LONG = 60.0


def case_table(scores: Sequence[CaseScore]) -> Table:
    table = Table(title="cases", title_justify="left")
    for heading in ("case", "fault", "paper", "day", "found", "delay s", "incidents", "online rank"):
        table.add_column(heading, overflow="fold")
    for score in scores:
        online = score.online
        table.add_row(
            score.name,
            score.fault_type,
            *(_rank(score.given[mode]) if mode in score.given else "-" for mode in Mode),
            "-" if online is None else "yes" if online.detected else "no",
            "-" if online is None or online.delay is None else f"{online.delay:.0f}",
            "-" if online is None else str(online.incidents + online.false_alarms),
            "-" if online is None else _rank(online.rank),
        )
    return table


def kind_table(scores: Sequence[CaseScore]) -> Table:
    """Per kind of failure, online: found, right first with 95 % intervals, incidents a failure, delay, false alarms."""
    table = Table(title="kinds, online (share, 95 % interval)", title_justify="left")
    for heading in ("kind", "n", "found", "right first", "incidents", "delay s", "false alarms", "as expected"):
        table.add_column(heading, overflow="fold")
    for kind in sorted({score.fault_type for score in scores if score.online is not None}):
        chosen = [score for score in scores if score.fault_type == kind and score.online is not None]
        online = [score.online for score in chosen if score.online is not None]
        faulty = [item for item in online if item.failures]
        failures = sum(item.failures for item in faulty if item.detected)
        delays = [item.delay for item in online if item.delay is not None]
        named = [score.online for score in chosen if score.online is not None and score.causes]
        table.add_row(
            kind or "-",
            str(len(online)),
            _share(share([float(item.detected) for item in faulty])),
            _share(share([_accuracy(item.rank, 1) for item in named])),
            f"{sum(item.incidents for item in faulty if item.detected) / failures:.2f}" if failures else "-",
            f"{statistics.median(delays):.0f}" if delays else "-",
            str(sum(item.false_alarms for item in online)),
            f"{sum(not score.unmet for score in chosen)} of {len(chosen)}" if chosen[0].seed is not None else "-",
        )
    return table


def fault_table(scores: Sequence[CaseScore]) -> Table:
    """Per system, way of scoring and kind of fault, the fault time given; at service and at inner-service level."""
    table = Table(title="faults, time given (share, 95 % interval)", title_justify="left")
    for heading in ("system", "fault", "scored", "n", *(f"AC@{depth}" for depth in DEPTHS)):
        table.add_column(heading)
    for system, fault in sorted({(score.system, score.fault_type) for score in scores if score.given}):
        chosen = [score for score in scores if (score.system, score.fault_type) == (system, fault)]
        for name, ranks in _ways(chosen):
            if ranks and name != "online":
                cells = [_share(share([_accuracy(rank, depth) for rank in ranks])) for depth in DEPTHS]
                table.add_row(system, fault, name, str(len(ranks)), *cells)
    return table


def wrong_lines(scores: Sequence[CaseScore]) -> list[str]:
    """Cases in which another is blamed though the fault time is given, and what is said of that one."""
    return [
        f"{score.name}, {mode.value}: {' or '.join(score.causes)} is {_place(rank)}; first is: {score.blamed[mode]}"
        for score in scores
        for mode, rank in score.given.items()
        if _accuracy(rank, 1) < 1 and mode in score.blamed
    ]


def unmet_lines(scores: Sequence[CaseScore]) -> list[str]:
    """What scenarios expect and did not get."""
    return [
        f"{score.name}{f' (seed {score.seed})' if score.seed != 1 else ''}: {text}"
        for score in scores
        for text in score.unmet
    ]


def total_table(scores: Sequence[CaseScore]) -> Table:
    """Per system and way of scoring: AC@k and MRR with 95 % intervals; online also recall and false alarms."""
    table = Table(title="totals (share, 95 % interval)", title_justify="left")
    for heading in ("system", "scored", "n", *(f"AC@{depth}" for depth in DEPTHS), "MRR"):
        table.add_column(heading)
    for system in sorted({score.system for score in scores}):
        chosen = [score for score in scores if score.system == system]
        for name, ranks in _ways(chosen):
            if ranks:
                cells = [_share(share([_accuracy(rank, depth) for rank in ranks])) for depth in DEPTHS]
                reciprocal = _share(share([rank.reciprocal if rank else 0.0 for rank in ranks]))
                table.add_row(system, name, str(len(ranks)), *cells, reciprocal)
    return table


def online_lines(scores: Sequence[CaseScore]) -> list[str]:
    played = [score.online for score in scores if score.online is not None]
    if not played:
        return ["no case could be scored online"]
    faulty = [item.online for item in scores if item.online is not None and item.online.failures]
    found = [float(item.detected) for item in faulty]
    hours, alarms = sum(item.quiet_hours for item in played), sum(item.false_alarms for item in played)
    delay = median_delay(list(scores))
    opened = [(item.incidents, item.failures) for item in faulty if item.detected]
    lines = [f"online: {len(played)} cases"]
    if faulty:
        lines.append(f"failures found: {_share(share(found))}")
        long = [float(item.detected) for item in faulty if item.recorded >= _LONG]
        if len(long) < len(found):
            lines.append(
                f"failures found, of those recorded for a minute or longer: {_share(share(long))} of {len(long)}"
            )
        early = sum(item.delay is not None and item.delay < 0 for item in faulty)
        if early:
            lines.append(f"of these opened in the minute before the labelled injection: {early} of {sum(found):.0f}")
        back = sum(item.came_back for item in faulty)
        if back:
            lines.append(f"of these had been opened before the fault, and came back: {back} of {sum(found):.0f}")
    if opened:
        lines.append(
            f"incidents per failure found: {sum(each for each, _ in opened) / sum(each for _, each in opened):.2f}"
        )
    if delay is not None:
        lines.append(f"median delay: {delay:.0f} s after the injection, event time")
    lines.append(
        f"false alarms: {alarms} in {hours:.2f} h without a fault"
        f" (at most {false_alarm_bound(alarms, hours):.1f} per hour with 95 % confidence)"
    )
    scenarios = [score for score in scores if score.seed is not None]
    if scenarios:
        lines.append(f"scenarios as expected: {sum(not item.unmet for item in scenarios)} of {len(scenarios)}")
    return lines


def document(scores: Sequence[CaseScore]) -> dict[str, Any]:
    """The same as one JSON document."""
    systems: dict[str, Any] = {}
    for system in sorted({score.system for score in scores}):
        chosen = [score for score in scores if score.system == system]
        systems[system] = {
            name: {
                "cases": len(ranks),
                **{f"ac@{depth}": _numbers(share([_accuracy(rank, depth) for rank in ranks])) for depth in DEPTHS},
                "mrr": _numbers(share([rank.reciprocal if rank else 0.0 for rank in ranks])),
            }
            for name, ranks in _ways(chosen)
            if ranks
        }
    played = [score.online for score in scores if score.online is not None]
    faulty = [score.online for score in scores if score.online is not None and score.online.failures]
    hours, alarms = sum(item.quiet_hours for item in played), sum(item.false_alarms for item in played)
    return {
        "systems": systems,
        "online": {
            "cases": len(played),
            "recall": _numbers(share([float(item.detected) for item in faulty])),
            "recall_recorded_a_minute": _numbers(
                share([float(item.detected) for item in faulty if item.recorded >= _LONG])
            ),
            "median_delay_seconds": median_delay(list(scores)),
            "false_alarms": alarms,
            "quiet_hours": hours,
        },
        "cases": [_case(score) for score in scores],
    }


def _case(score: CaseScore) -> dict[str, Any]:
    online = score.online
    return {
        "case": score.name,
        "system": score.system,
        "fault_type": score.fault_type,
        "root_cause_services": list(score.causes),
        **{mode.value: _expected(score.given[mode]) for mode in Mode if mode in score.given},
        **{f"{mode.value}_inner": _expected(score.inner[mode]) for mode in Mode if mode in score.inner},
        "online": None
        if online is None
        else {
            "detected": online.detected,
            "delay_seconds": online.delay,
            "incidents": online.incidents,
            "false_alarms": online.false_alarms,
            "rank": _expected(online.rank),
        },
        **({} if score.seed is None else {"seed": score.seed, "unmet": list(score.unmet)}),
    }


def _ways(scores: Sequence[CaseScore]) -> list[tuple[str, list[Rank | None]]]:
    ways: list[tuple[str, list[Rank | None]]] = [
        (mode.value, [score.given[mode] for score in scores if mode in score.given]) for mode in Mode
    ]
    ways += [(f"{mode.value}, inner", [score.inner[mode] for score in scores if mode in score.inner]) for mode in Mode]
    ways.append(("online", [score.online.rank for score in scores if score.online is not None and score.causes]))
    return ways


def _accuracy(rank: Rank | None, depth: int) -> float:
    return rank.accuracy(depth) if rank is not None else 0.0


def _expected(rank: Rank | None) -> float | None:
    return rank.expected if rank is not None else None


def _rank(rank: Rank | None) -> str:
    if rank is None:
        return "none"
    return f"{rank.expected:g}"


def _place(rank: Rank | None) -> str:
    return "no candidate" if rank is None else f"number {rank.expected:g}"


def _share(value: Share) -> str:
    return f"{100 * value.value:.1f} ({100 * value.low:.0f}-{100 * value.high:.0f})" if value.count else "-"


def _numbers(value: Share) -> dict[str, float] | None:
    return {"value": value.value, "low": value.low, "high": value.high} if value.count else None
