"""The process: configuration, wiring, OTLP doors, API, incident feed, telemetry, the web page."""
