"""Generate the Python and Go code of hypocenter.v1 (run by `make proto`, in an environment of its own).

The OTLP messages are not regenerated: their descriptors are read from the installed `opentelemetry-proto` modules and
handed to protoc, so that no third-party .proto file is needed.
"""

import subprocess
import sys
from pathlib import Path

import grpc_tools
from google.protobuf import descriptor_pb2
from opentelemetry.proto.common.v1 import common_pb2
from opentelemetry.proto.logs.v1 import logs_pb2
from opentelemetry.proto.resource.v1 import resource_pb2

PROTO = Path(__file__).resolve().parent
ROOT = PROTO.parent
WELL_KNOWN = Path(grpc_tools.__file__).parent / "_proto"
GO_MODULE = "github.com/hypocenter/hypocenter/clients/go"
OTLP_GO = "go.opentelemetry.io/proto/otlp"


def otlp_descriptors() -> descriptor_pb2.FileDescriptorSet:
    """The OTLP files our API refers to, dependencies first."""
    files = descriptor_pb2.FileDescriptorSet()
    for module in (common_pb2, resource_pb2, logs_pb2):
        module.DESCRIPTOR.CopyToProto(files.file.add())
    return files


def protoc(*arguments: str) -> None:
    subprocess.run([sys.executable, "-m", "grpc_tools.protoc", *arguments], check=True)


def ours() -> list[str]:
    return sorted(str(path.relative_to(PROTO)) for path in (PROTO / "hypocenter" / "v1").glob("*.proto"))


def well_known_descriptors(work: Path) -> descriptor_pb2.FileDescriptorSet:
    """protoc takes either include paths or descriptor sets for a dependency; this makes all of them descriptors."""
    output = work / "well_known.binpb"
    protoc(
        f"--proto_path={WELL_KNOWN}",
        f"--descriptor_set_out={output}",
        "--include_imports",
        "google/protobuf/timestamp.proto",
        "google/protobuf/duration.proto",
        "google/protobuf/field_mask.proto",
    )
    files = descriptor_pb2.FileDescriptorSet()
    files.ParseFromString(output.read_bytes())
    return files


def dependencies(work: Path) -> Path:
    merged = descriptor_pb2.FileDescriptorSet()
    merged.file.extend(well_known_descriptors(work).file)
    merged.file.extend(otlp_descriptors().file)
    path = work / "dependencies.binpb"
    path.write_bytes(merged.SerializeToString())
    return path


def generate_python(destination: Path, descriptors: Path) -> None:
    include = [f"--proto_path={PROTO}", f"--descriptor_set_in={descriptors}"]
    messages = ours()
    services = [name for name in messages if name.endswith("_service.proto")]
    protoc(*include, f"--python_out={destination}", f"--pyi_out={destination}", *messages)
    # Only for files that hold services: protoc writes an empty *_pb2_grpc.py for every other one.
    protoc(*include, f"--grpc_python_out={destination}", f"--mypy_grpc_out={destination}", *services)


def generate_go(destination: Path, descriptors: Path) -> None:
    mapping = [f"--go_opt=Mhypocenter/v1/{Path(name).name}={GO_MODULE}/hypocenterv1" for name in ours()]
    mapping += [option.replace("--go_opt", "--go-grpc_opt") for option in mapping]
    for name in ("common", "resource", "logs"):
        for plugin in ("go", "go-grpc"):
            source = f"opentelemetry/proto/{name}/v1/{name}.proto"
            mapping.append(f"--{plugin}_opt=M{source}={OTLP_GO}/{name}/v1")
    destination.mkdir(parents=True, exist_ok=True)
    protoc(
        f"--proto_path={PROTO}",
        f"--descriptor_set_in={descriptors}",
        f"--go_out={destination}",
        f"--go-grpc_out={destination}",
        f"--go_opt=module={GO_MODULE}",
        f"--go-grpc_opt=module={GO_MODULE}",
        *mapping,
        *ours(),
    )


def main(arguments: list[str]) -> None:
    """`generate.py WORK PYTHON_OUT [GO_OUT]`; Go needs protoc-gen-go and protoc-gen-go-grpc on PATH."""
    work, python_out, *go_out = (Path(argument) for argument in arguments)
    work.mkdir(parents=True, exist_ok=True)
    python_out.mkdir(parents=True, exist_ok=True)
    descriptors = dependencies(work)
    generate_python(python_out, descriptors)
    if go_out:
        generate_go(go_out[0], descriptors)


if __name__ == "__main__":
    main(sys.argv[1:])
