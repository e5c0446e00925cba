"""A data directory made from a backup."""

import shutil
from pathlib import Path

from server.operations.backup import BackupError, Manifest, read_manifest, sha256
from server.operations.occupancy import occupied

_RESTORING = "restoring"


def restore(backup: Path, data_dir: Path, *, force: bool = False) -> Manifest:
    """Everything is checked before anything in `data_dir` is touched; with `force`, what is there is replaced.

    Raises `BackupError` and `OSError`.
    """
    manifest = read_manifest(backup)
    if occupied(data_dir):
        raise BackupError(f"{data_dir}: is in use by a running service; stop it first")
    staged = data_dir / _RESTORING
    there = [path for path in data_dir.iterdir() if path != staged] if data_dir.is_dir() else []
    if there and not force:
        raise BackupError(f"{data_dir}: is not empty; --force replaces what is there")
    _check(backup, manifest)
    data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
    # Within the folder, which may be a file system of its own.
    shutil.rmtree(staged, ignore_errors=True)
    try:
        for file in manifest.files:
            target = staged / file.path
            target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            shutil.copyfile(backup / file.path, target)
            target.chmod(0o600)
        # The copy, before what it replaces is gone.
        _check(staged, manifest)
    except BaseException:
        shutil.rmtree(staged, ignore_errors=True)
        raise
    for path in there:
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path)
        else:
            path.unlink()
    for path in staged.iterdir():
        path.rename(data_dir / path.name)
    staged.rmdir()
    return manifest


def _check(folder: Path, manifest: Manifest) -> None:
    for file in manifest.files:
        path = folder / file.path
        if not path.resolve().is_relative_to(folder.resolve()):
            raise BackupError(f"{folder}: {file.path} is not within it")
        if not path.is_file():
            raise BackupError(f"{folder}: {file.path} is missing; nothing was restored")
        if path.stat().st_size != file.size or sha256(path) != file.sha256:
            raise BackupError(f"{folder}: {file.path} is damaged, its checksum does not match; nothing was restored")
