module hypocenter.invalid/tests/benchmarks/go_drain/minerprocessor

go 1.25.0

require (
	github.com/jaeyo/go-drain3 v0.1.2
	go.opentelemetry.io/collector/component v1.65.0
	go.opentelemetry.io/collector/consumer v1.65.0
	go.opentelemetry.io/collector/pdata v1.65.0
	go.opentelemetry.io/collector/processor v1.65.0
	go.opentelemetry.io/collector/processor/processorhelper v0.159.0
)
