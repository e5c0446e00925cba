"""SIGTERM and SIGINT, waited for by the main thread."""

import signal
import socket

_SIGNALS = frozenset({signal.SIGTERM, signal.SIGINT})


class StopSignal:
    """Whoever asks this process to end may do so at any moment: also just before its main thread falls asleep, where a
    handler in Python would wake nobody, or while an Event's lock is held, where it would wait for itself. So the main
    thread reads from a socket, into which the interpreter writes the number of the signal as soon as it comes, in
    whatever thread."""

    def __init__(self) -> None:
        """Takes the signals over from now on. In the main thread only."""
        self._reader, self._writer = socket.socketpair()
        self._writer.setblocking(False)
        signal.set_wakeup_fd(self._writer.fileno(), warn_on_full_buffer=False)
        for number in _SIGNALS:
            # Without a handler nothing is written, and the process ends at once.
            signal.signal(number, lambda *_: None)

    def wait(self) -> None:
        """Returns after a signal, also after one that came before."""
        while self._reader.recv(1)[0] not in _SIGNALS:
            pass
