"""`python -m clients.shop` as a program."""

import re
import signal
import subprocess
import sys

import pytest

from tests.clients.shop.otlp_sink import OtlpSink

SHOP = (sys.executable, "-W", "error", "-m", "clients.shop")


def test_it_runs_breaks_and_reconciles(sink: OtlpSink) -> None:
    command = [
        *SHOP,
        "--endpoint",
        sink.address,
        "--duration",
        "2",
        "--fault",
        "leaf-exception",
        "--fault-after",
        "0.5",
    ]
    done = subprocess.run(command, capture_output=True, text=True, timeout=30, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    assert "leaf-exception is on: payment raises" in done.stdout
    made = re.findall(r"(\d+) log records, (\d+) spans", done.stdout)[-1]
    assert [int(number) for number in made] == [len(sink.logs), len(sink.spans)]
    assert len(sink.logs) > 50


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_closes_it_cleanly(sink: OtlpSink, number: signal.Signals) -> None:
    with subprocess.Popen(
        [*SHOP, "--endpoint", sink.address], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        assert "10 pods" in process.stdout.readline()
        process.send_signal(number)
        out, err = process.communicate(timeout=20)
    assert (process.returncode, err) == (0, "")
    made = re.findall(r"(\d+) log records, (\d+) spans", out)[-1]
    assert [int(each) for each in made] == [len(sink.logs), len(sink.spans)]


@pytest.mark.parametrize("wrong", [("--fault", "earthquake"), ("--rate", "0"), ("--rate", "fast")])
def test_wrong_arguments_are_named(wrong: tuple[str, str]) -> None:
    done = subprocess.run([*SHOP, *wrong], capture_output=True, text=True, timeout=20, check=False)
    assert done.returncode == 2
    assert wrong[0] in done.stderr
    assert "Traceback" not in done.stderr
