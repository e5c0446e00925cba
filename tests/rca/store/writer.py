"""A process that saves until it is killed, and prints each save once it is acknowledged: DATA_DIR ROUND."""

import itertools
import sys
from pathlib import Path

from rca.store import LanceConfig, build
from tests.rca.store.incidents import full_incident


def main() -> None:
    store = build(LanceConfig(Path(sys.argv[1]), commits_per_optimize=5))
    for turn in itertools.count(1):
        # Half are new, half replace one.
        name, revision = (f"r{sys.argv[2]}-{turn}", 1) if turn % 2 else (f"r{sys.argv[2]}-again", turn // 2)
        store.save(full_incident(name, revision=revision))
        print(name, revision, flush=True)


if __name__ == "__main__":
    main()
