"""Which services, pods and versions there are: bounded numbers, so that a sender that makes up names harms nobody but
itself."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from analyzers.columns import Peer
from analyzers.register import Register
from analyzers.service import Resource, ServiceKey

OTHER = "<other>"
OTHER_SERVICE = ServiceKey("", "", OTHER)


@dataclass(slots=True)
class Instances:
    """What is known of one service's pods and versions: when each was last seen."""

    pods: dict[str, int] = field(default_factory=dict)
    versions: dict[str, int] = field(default_factory=dict)


class Census:
    """Names that find no place are filed under "<other>"; see `Register` for who has one."""

    def __init__(self, limit: int, patience: int = 3_600_000_000_000, *, pods: int = 200, versions: int = 20) -> None:
        """`limit` is that of services; `pods` and `versions` are those of one service."""
        self._limits = (pods, versions)
        self._patience = patience
        self._services: Register[ServiceKey] = Register(limit, patience)
        self._instances: dict[ServiceKey, tuple[Register[str], Register[str]]] = {}
        # Gave up their places since `take_gone` was last called.
        self._gone: list[ServiceKey] = []
        # Times that a resource or peer was filed under "<other>", and resources whose pod or version was.
        self.folded = 0
        self.folded_pods = 0
        self.folded_versions = 0
        # Names of resources that were cut, and attributes beyond the limit that were not read.
        self.cut_names = 0
        self.unread_attributes = 0

    def __len__(self) -> int:
        return len(self._services)

    def resources(self, resources: Sequence[Resource], now_unix_nano: int) -> list[Resource]:
        """The same, with names that found no place replaced."""
        admitted = []
        for resource in resources:
            if resource.cut or resource.unread:
                self.cut_names += resource.cut
                self.unread_attributes += resource.unread
                # What was left out makes nobody another one.
                resource = replace(resource, cut=0, unread=0)
            service = self._admit(resource.service, now_unix_nano)
            if service is not resource.service:
                resource = replace(resource, service=service, version="", pod="")
            elif resource.pod or resource.version:
                resource = self._instance(resource, now_unix_nano)
            admitted.append(resource)
        return admitted

    def peers(self, peers: Sequence[Peer], now_unix_nano: int) -> list[Peer]:
        return [Peer(self._admit(peer.service, now_unix_nano), peer.asynchronous) for peer in peers]

    def take_gone(self) -> list[ServiceKey]:
        """Services that gave up their places since the last call."""
        gone, self._gone = self._gone, []
        return gone

    def state(self) -> dict[ServiceKey, int]:
        """When each service was last seen; not a copy."""
        return self._services.seen

    def instances(self) -> dict[ServiceKey, Instances]:
        """Their pods and versions; what is in it is not a copy."""
        return {service: Instances(pods.seen, found.seen) for service, (pods, found) in self._instances.items()}

    def restore(self, state: dict[ServiceKey, int], instances: Mapping[ServiceKey, Instances] | None = None) -> None:
        """Go on with these, which are taken over."""
        self._services.seen = state
        self._instances = {service: self._registers(known) for service, known in (instances or {}).items()}

    def _admit(self, service: ServiceKey, now: int) -> ServiceKey:
        found, gone = self._services.admit(service, now)
        for name in gone:
            self._instances.pop(name, None)
        self._gone += gone
        if found:
            return service
        self.folded += 1
        return OTHER_SERVICE

    def _instance(self, resource: Resource, now: int) -> Resource:
        known = self._instances.get(resource.service)
        if known is None:
            known = self._instances[resource.service] = self._registers(Instances())
        pod, version = resource.pod, resource.version
        if pod and not known[0].admit(pod, now)[0]:
            self.folded_pods += 1
            pod = OTHER
        if version and not known[1].admit(version, now)[0]:
            self.folded_versions += 1
            version = OTHER
        if pod is resource.pod and version is resource.version:
            return resource
        return replace(resource, pod=pod, version=version)

    def _registers(self, known: Instances) -> tuple[Register[str], Register[str]]:
        pods, versions = self._limits
        return Register(pods, self._patience, known.pods), Register(versions, self._patience, known.versions)
