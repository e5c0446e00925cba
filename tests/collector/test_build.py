"""What the build does without building."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.collector.build import GoMissingError, binary_path, collector_binary


def test_a_missing_toolchain_is_said(tmp_path: Path) -> None:
    with pytest.raises(GoMissingError, match="`go`"):
        collector_binary({"PATH": str(tmp_path), "HYPOCENTER_CACHE": str(tmp_path)})


def test_a_built_binary_needs_no_toolchain_until_the_manifest_changes(tmp_path: Path) -> None:
    environment = {"PATH": str(tmp_path), "HYPOCENTER_CACHE": str(tmp_path)}
    manifest = tmp_path / "builder.yaml"

    manifest.write_text("dist: {version: 0.1.0}\n")
    binary = binary_path(environment, manifest)
    binary.parent.mkdir(parents=True)
    binary.touch()
    assert collector_binary(environment, manifest) == binary

    manifest.write_text("# only a comment more\ndist: {version: 0.1.0}\n")
    assert collector_binary(environment, manifest) == binary

    manifest.write_text("dist: {version: 0.2.0}\n")
    with pytest.raises(GoMissingError):
        collector_binary(environment, manifest)
