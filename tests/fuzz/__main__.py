"""`make fuzz`: coverage-guided runs of the targets, in a Python that has atheris.

Seeds are the corpus and a few requests made up anew; what breaks a promise is left in `--out` and belongs into the
corpus, together with what mends it.
"""

import argparse
import os
import subprocess
import sys
import tempfile
from pathlib import Path

import atheris  # type: ignore[import-not-found,import-untyped,unused-ignore]

with atheris.instrument_imports(include=["server", "analyzers", "rca", "yaml"]):
    from tests.fuzz import targets
from hypothesis import HealthCheck, Phase, given, settings

from tests.fuzz.corpus_files import CORPUS
from tests.fuzz.messages import LOGS, TRACES, hostile_json

_SEEDS = {
    "logs": LOGS.map(lambda item: item.SerializeToString()),
    "traces": TRACES.map(lambda item: item.SerializeToString()),
    "json_logs": hostile_json(LOGS),
    "json_traces": hostile_json(TRACES),
}


def write_seeds(name: str, folder: Path) -> None:
    for path in (CORPUS / name).glob("*"):
        (folder / path.name).write_bytes(path.read_bytes())
    strategy = _SEEDS.get(name)
    if strategy is None:
        return

    @settings(max_examples=200, database=None, phases=[Phase.generate], suppress_health_check=list(HealthCheck))
    @given(strategy)
    def write(data: bytes) -> None:
        (folder / f"{hash(data) & 0xFFFFFFFF:08x}").write_bytes(data)

    write()


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description=__doc__)
    parser.add_argument("target", nargs="*", choices=[[], *targets.TARGETS])
    parser.add_argument("--seconds", type=int, default=60, help="for each target")
    parser.add_argument("--out", type=Path, default=Path("/tmp/hypocenter-fuzz"), help="where found inputs are left")
    options = parser.parse_args()
    names = options.target or list(targets.TARGETS)
    if len(names) > 1:
        # libFuzzer ends its process with the run, so each has its own.
        common = ["--seconds", str(options.seconds), "--out", str(options.out)]
        runs = [subprocess.run([sys.executable, "-m", "tests.fuzz", name, *common], check=False) for name in names]
        return max(run.returncode for run in runs)
    targets.quiet()
    options.out.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="seeds-") as seeds:
        write_seeds(names[0], Path(seeds))
        prefix = f"{options.out}{os.sep}{names[0]}-"
        arguments = [
            f"-max_total_time={options.seconds}",
            "-timeout=20",
            "-rss_limit_mb=3000",
            "-max_len=4096",
            "-len_control=0",
        ]
        atheris.Setup([sys.argv[0], *arguments, f"-artifact_prefix={prefix}", seeds], targets.TARGETS[names[0]])
        atheris.Fuzz()
    return 0


if __name__ == "__main__":
    sys.exit(main())
