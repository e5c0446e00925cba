"""Severity numbers for senders that give a name alone."""

import pytest

from analyzers.otlp.severities import by_text


@pytest.mark.parametrize(
    ("name", "number"),
    [
        ("ERROR", 17),
        ("err", 17),
        ("SEVERE", 17),
        ("Warning", 13),
        ("WARN", 13),
        ("Information", 9),
        ("notice", 9),
        ("FATAL", 21),
        ("critical", 21),
        ("emerg", 21),
        ("Debug", 5),
        ("FINE", 5),
        ("finest", 1),
        ("TRACE", 1),
        ("", 0),
        ("mauve", 0),
    ],
)
def test_names_of_usual_systems(name: str, number: int) -> None:
    assert by_text(name) == number
