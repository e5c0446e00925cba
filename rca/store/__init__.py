"""Incident stores: one file each, built by `build`. To add one: one file, one member of `StoreConfig`, one case."""

from typing import assert_never

from rca.store.base import IncidentStore, StoreError
from rca.store.config import LanceConfig, MemoryConfig, StoreConfig
from rca.store.memory import MemoryStore


def build(config: StoreConfig) -> IncidentStore:
    """Raises `StoreError` when the store can't be opened."""
    match config:
        case MemoryConfig():
            return MemoryStore()
        case LanceConfig():
            # Importing lancedb takes 1.5 s and 170 MB, which programs without this store shall not pay.
            from rca.store.lance import LanceStore  # noqa: PLC0415

            return LanceStore(config)
        case _:
            assert_never(config)


__all__ = ["IncidentStore", "LanceConfig", "MemoryConfig", "StoreConfig", "StoreError", "build"]
