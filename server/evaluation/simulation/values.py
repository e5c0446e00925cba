"""Log texts with values in them: the same order everywhere in a request, other ones in the next."""

import re
from collections.abc import Callable
from random import Random

_PLACE = re.compile(r"\{(\w+)\}")
_NAMES = ("ada", "bo", "chen", "dilnoza", "emeka", "fatima", "goran", "hanna", "ines", "jun", "kofi", "lucia")


def _hex(random: Random, digits: int) -> str:
    return f"{random.getrandbits(4 * digits):0{digits}x}"


_MAKERS: dict[str, Callable[[Random], str]] = {
    "order": lambda random: "o-" + _hex(random, 10),
    "user": lambda random: f"u{random.randrange(100_000)}",
    "sku": lambda random: f"sku-{random.randrange(1000, 1400)}",
    "ip": lambda random: f"10.{random.randrange(256)}.{random.randrange(256)}.{random.randrange(1, 255)}",
    "uuid": lambda random: (
        f"{_hex(random, 8)}-{_hex(random, 4)}-4{_hex(random, 3)}-a{_hex(random, 3)}-{_hex(random, 12)}"
    ),
    "n": lambda random: str(random.randrange(1, 60)),
    "amount": lambda random: f"{random.randrange(1, 500)}.{random.randrange(100):02d}",
    "ms": lambda random: f"{random.lognormvariate(2.0, 0.6):.1f}",
    "name": lambda random: random.choice(_NAMES),
}
# New at every place they are written.
_FRESH = frozenset({"n", "ms"})


class Values:
    """What one request is about."""

    __slots__ = ("_known", "_random")

    def __init__(self, random: Random) -> None:
        self._random = random
        self._known: dict[str, str] = {}

    def fill(self, text: str) -> str:
        """`text` with its places filled; a name that is not known stays as it is."""
        return _PLACE.sub(self._value, text) if "{" in text else text

    def _value(self, place: re.Match[str]) -> str:
        name = place.group(1)
        if name in self._known:
            return self._known[name]
        maker = _MAKERS.get(name)
        if maker is None:
            return place.group()
        value = maker(self._random)
        if name not in _FRESH:
            self._known[name] = value
        return value
