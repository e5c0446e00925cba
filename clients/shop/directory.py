"""Who is where: what DNS and a load balancer are in a cluster."""

from clients.shop.http_client import Address, UnreachableError


class Directory:
    """Addresses of the pods of each service, given out in turn."""

    def __init__(self) -> None:
        self._addresses: dict[str, list[Address]] = {}

    def register(self, service: str, address: Address) -> None:
        self._addresses.setdefault(service, []).append(address)

    def withdraw(self, service: str, address: Address) -> None:
        self._addresses[service].remove(address)

    def pick(self, service: str) -> Address:
        """Raises UnreachableError when the service has no pod."""
        addresses = self._addresses.get(service)
        if not addresses:
            raise UnreachableError(f"no pod serves {service}")
        addresses.append(addresses.pop(0))
        return addresses[-1]
