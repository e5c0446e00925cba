"""SIGTERM and SIGINT, waited for by the main thread."""

import signal

_SIGNALS = frozenset({signal.SIGTERM, signal.SIGINT})


class StopSignal:
    """Whoever asks this process to end may do so at any moment: also just before its main thread falls asleep, where a
    handler in Python would wake nobody, or while an Event's lock is held, where it would wait for itself. So there is
    no handler: the signals are kept by the system until they are asked for."""

    def __init__(self) -> None:
        """From now on, in this thread and those that it starts. To be made before any other thread is."""
        signal.pthread_sigmask(signal.SIG_BLOCK, _SIGNALS)

    def wait(self) -> None:
        """Returns after a signal, also after one that came before."""
        signal.sigwait(_SIGNALS)
