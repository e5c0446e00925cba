"""Calls that are to fail."""

from collections.abc import Callable

import grpc
import pytest
from hypocenter.client.errors import HypocenterError, from_rpc_error


def refusal(call: Callable[[], object]) -> HypocenterError:
    """The error a client sees; every error of the API says whose it is and why."""
    with pytest.raises(grpc.RpcError) as raised:
        call()
    error = from_rpc_error(raised.value)
    assert error.domain == "hypocenter"
    assert error.reason
    return error


def refused_fields(call: Callable[[], object]) -> list[str]:
    """The fields an INVALID_ARGUMENT names."""
    error = refusal(call)
    assert error.code is grpc.StatusCode.INVALID_ARGUMENT
    assert error.reason == "INVALID_ARGUMENT"
    assert all(violation.description for violation in error.field_violations)
    return [violation.field for violation in error.field_violations]
