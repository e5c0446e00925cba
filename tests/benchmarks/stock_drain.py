"""Stock Drain3 in its own virtual environment: lines in as JSON on stdin, groups and seconds out on stdout.

Imports nothing of ours and nothing but drain3, whose pins must not reach the project's environment.
"""

import json
import sys
import time

from drain3 import TemplateMiner  # type: ignore[import-not-found]
from drain3.masking import MaskingInstruction  # type: ignore[import-not-found]
from drain3.template_miner_config import TemplateMinerConfig  # type: ignore[import-not-found]

_LEFT, _RIGHT = r"((?<=[^A-Za-z0-9])|^)", r"((?=[^A-Za-z0-9])|$)"
# What its README and common set-ups mask, in the usual order.
_MASKS = (
    (r"[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}", "UUID"),
    (r"\d{4}-\d{2}-\d{2}[T ]\d{2}:\d{2}:\d{2}([.,]\d+)?(Z|[+-]\d{2}:?\d{2})?", "TS"),
    (r"(([0-9a-f]{2,}:){3,}([0-9a-f]{2,}))", "ID"),
    (r"(\d{1,3}\.\d{1,3}\.\d{1,3}\.\d{1,3})(:\d+)?", "IP"),
    (r"([0-9a-f]{6,} ?){3,}", "SEQ"),
    (r"([0-9A-F]{4} ?){4,}", "SEQ"),
    (r"(0x[a-f0-9A-F]+)", "HEX"),
    (r"([\-\+]?\d+)", "NUM"),
)


def stock_miner(masked: bool) -> TemplateMiner:
    """As installed: similarity 0.4, depth 4."""
    config = TemplateMinerConfig()
    if masked:
        config.masking_instructions = [MaskingInstruction(_LEFT + mask + _RIGHT, name) for mask, name in _MASKS]
    return TemplateMiner(config=config)


def main() -> None:
    """`{"masked": bool, "lines": [...]}` to `{"groups": [...], "cpu_seconds": float}`; mined in one thread."""
    asked = json.load(sys.stdin)
    miner = stock_miner(asked["masked"])
    started = time.process_time()
    groups = [miner.add_log_message(line)["cluster_id"] for line in asked["lines"]]
    json.dump({"groups": groups, "cpu_seconds": time.process_time() - started}, sys.stdout)


if __name__ == "__main__":
    main()
