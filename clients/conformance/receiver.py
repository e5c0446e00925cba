"""The receiver under test: its doors, and the size limit it is set to."""

from __future__ import annotations

from dataclasses import dataclass

from clients.conformance.grpc_speaker import GrpcSpeaker
from clients.conformance.http_speaker import HttpSpeaker

# What the specification recommends.
RECOMMENDED_LIMIT = 64 * 2**20


class DoorMissingError(Exception):
    """The address of this door was not given."""


@dataclass(frozen=True, slots=True)
class Receiver:
    grpc_speaker: GrpcSpeaker | None
    http_speaker: HttpSpeaker | None
    limit: int = RECOMMENDED_LIMIT

    @property
    def grpc(self) -> GrpcSpeaker:
        if self.grpc_speaker is None:
            raise DoorMissingError("no --grpc was given")
        return self.grpc_speaker

    @property
    def http(self) -> HttpSpeaker:
        if self.http_speaker is None:
            raise DoorMissingError("no --http was given")
        return self.http_speaker
