"""Identity is read from few attributes, however many there are and however long."""

from opentelemetry.proto.common.v1.common_pb2 import AnyValue, KeyValue
from opentelemetry.proto.resource.v1.resource_pb2 import Resource as ResourceMessage

from analyzers.otlp.resources import ATTRIBUTE_LIMIT, NAME_LIMIT, decode_resource
from analyzers.service import Resource, ServiceKey
from tests.analyzers.telemetry import attribute


def test_names_are_cut_and_that_is_told() -> None:
    long = "n" * (NAME_LIMIT + 1)
    exact = "e" * NAME_LIMIT
    found = decode_resource(
        ResourceMessage(
            attributes=[
                attribute("service.name", long),
                attribute("service.namespace", exact),
                attribute("k8s.pod.name", long),
                attribute("unread", long),
            ]
        )
    )
    assert found == Resource(ServiceKey("", exact, long[:-1]), pod=long[:-1], cut=2)


def test_attributes_beyond_the_limit_are_not_read_and_that_is_told() -> None:
    filler = [attribute(f"k{number}", "v") for number in range(ATTRIBUTE_LIMIT - 1)]
    found = decode_resource(
        ResourceMessage(attributes=[*filler, attribute("service.name", "a"), attribute("service.version", "v")])
    )
    assert found == Resource(ServiceKey("", "", "a"), unread=1)


def test_a_value_that_is_no_name_is_none() -> None:
    nested = KeyValue(key="service.name", value=AnyValue(array_value={"values": [AnyValue(string_value="a")]}))  # type: ignore[arg-type]
    found = decode_resource(ResourceMessage(attributes=[nested, attribute("service.instance.id", 7)]))
    assert (found.service.name, found.pod, found.unnamed) == ("unknown_service", "7", True)
