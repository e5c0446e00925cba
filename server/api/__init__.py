"""The gRPC API, package hypocenter.v1."""
