"""The house rules that no linter knows: file lengths, drawer names, what lies at the top level."""

import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
LONGEST = 400
_GENERATED = re.compile(r"_pb2(_grpc)?\.pyi?$|\.pb\.go$")
_DRAWER = re.compile(r"(^|/)(utils?|helpers?|common|misc|manager|core)s?(\.py|\.go|/)", re.IGNORECASE)
_TOP = frozenset({"proto", "server", "analyzers", "rca", "clients", "deploy", "tests", "pyproject.toml", "README.md"})
_BESIDE = re.compile(r"\..*|README\..*|LICENSE|NOTICE|Makefile|requirements.*\.lock")


def files() -> list[str]:
    """Everything that is, or would be, committed."""
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        check=True,
        capture_output=True,
        text=True,
    )
    return [name for name in listed.stdout.splitlines() if (ROOT / name).is_file()]


def complaints(names: list[str]) -> list[str]:
    found = []
    for name in names:
        if _GENERATED.search(name):
            continue
        if name.endswith((".py", ".go")):
            length = len((ROOT / name).read_text(encoding="utf-8").splitlines())
            if length > LONGEST:
                found.append(f"{name}: {length} lines; a file has one noun and at most {LONGEST}")
        if _DRAWER.search(name):
            found.append(f"{name}: a drawer; a helper lives where it is used, or has a name of its own")
    for top in sorted({name.split("/")[0] for name in names} - _TOP):
        if not _BESIDE.fullmatch(top):
            found.append(f"{top}: does not belong at the top level")
    return found


if __name__ == "__main__":
    problems = complaints(files())
    print("\n".join(problems) if problems else "house: in order")
    sys.exit(bool(problems))
