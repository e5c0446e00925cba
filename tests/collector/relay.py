"""A stretch of network that can be cut, or is slow to connect: TCP in, TCP out, on loopback."""

from __future__ import annotations

import contextlib
import socket
import time
from threading import Lock, Thread
from types import TracebackType

from tests.collector.collector_process import free_ports


class Relay:
    """Whole from __enter__ to __exit__, cut otherwise: connections through it break, new ones are refused.

    Its address stays the same however often it is entered. A new connection carries nothing for `delay` seconds.
    """

    def __init__(self, target: str, *, delay: float = 0.0) -> None:
        host, _, port = target.rpartition(":")
        self._target = (host, int(port))
        self._delay = delay
        self._here = ("127.0.0.1", free_ports(1)[0])
        self._lock = Lock()
        self._sockets: list[socket.socket] = []

    @property
    def address(self) -> str:
        return f"{self._here[0]}:{self._here[1]}"

    def __enter__(self) -> Relay:
        listener = socket.create_server(self._here)
        self._sockets = [listener]
        Thread(target=self._accept, args=(listener,), daemon=True).start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with self._lock:
            sockets, self._sockets = self._sockets, []
        for each in sockets:
            # Wakes whoever waits in it, which close() alone does not.
            with contextlib.suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)
            each.close()

    def _accept(self, listener: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while True:
                near, _ = listener.accept()
                far = socket.create_connection(self._target)
                with self._lock:
                    self._sockets += (near, far)
                for source, sink in ((near, far), (far, near)):
                    Thread(target=_carry, args=(source, sink, self._delay), daemon=True).start()


def _carry(source: socket.socket, sink: socket.socket, delay: float) -> None:
    time.sleep(delay)
    with contextlib.suppress(OSError):
        while chunk := source.recv(1 << 16):
            sink.sendall(chunk)
    with contextlib.suppress(OSError):
        sink.shutdown(socket.SHUT_WR)
