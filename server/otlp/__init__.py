"""The OTLP doors."""
