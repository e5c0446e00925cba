"""How much one caller, and all of them, may ask for."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class ApiLimits:
    """Every limit of the API that is not part of its contract. Beyond it: what the comment says."""

    # Bytes of a request, after decompression. RESOURCE_EXHAUSTED.
    message_bytes: int = 64 * 1024 * 1024
    # Answers of AnalyzeLogs kept for repeated request ids, how many and how large in all. The oldest go first.
    kept_answers: int = 1_000
    kept_answer_bytes: int = 64 * 1024 * 1024
    # Seconds an answer is kept.
    kept_answer_seconds: float = 600.0
    # Watches at a time. RESOURCE_EXHAUSTED with a time to come back.
    watches: int = 32
    # Calls that wait for a thread. RESOURCE_EXHAUSTED.
    waiting_calls: int = 256
