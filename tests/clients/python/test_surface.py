"""What the package offers is exactly what it names, and nothing heavy comes with it."""

import inspect
import subprocess
import sys
from importlib import resources
from types import ModuleType

import hypocenter.client
from hypocenter.client import Client, HypocenterError, errors
from hypocenter.v1 import incident_service_pb2, log_service_pb2, root_cause_service_pb2


def test_all_is_exactly_the_public_surface() -> None:
    public = {
        name
        for name, value in vars(hypocenter.client).items()
        if not name.startswith("_") and not isinstance(value, ModuleType)
    }
    assert sorted(public) == hypocenter.client.__all__


def test_every_method_of_the_api_has_a_method_of_the_client() -> None:
    methods = {
        "".join(f"_{c.lower()}" if c.isupper() else c for c in method.name).lstrip("_")
        for module in (log_service_pb2, incident_service_pb2, root_cause_service_pb2)
        for service in module.DESCRIPTOR.services_by_name.values()
        for method in service.methods
    }
    offered = {name for name, _ in inspect.getmembers(Client, inspect.isfunction) if not name.startswith("_")}
    assert offered == methods | {"close"}


def test_every_error_is_exported_and_drawn_in_the_tree() -> None:
    classes = {
        name for name, value in vars(errors).items() if isinstance(value, type) and issubclass(value, HypocenterError)
    }
    assert classes <= set(hypocenter.client.__all__)
    drawing = errors.__doc__ or ""
    assert {word for line in drawing.splitlines() for word in line.split()} >= classes


def test_the_package_is_marked_as_typed() -> None:
    assert resources.files("hypocenter.client").joinpath("py.typed").is_file()


def test_importing_the_client_brings_nothing_heavy() -> None:
    program = "import sys, hypocenter.client; print(*sorted(m.partition('.')[0] for m in sys.modules))"
    loaded = subprocess.run([sys.executable, "-c", program], check=True, capture_output=True, text=True).stdout
    heavy = {"lancedb", "pyarrow", "openai", "numpy", "networkx", "pydantic", "typer", "rich", "server", "rca"}
    assert not heavy & set(loaded.split())
