// Package minerprocessor gives a Collector the miner of contrib's `drain` processor, for benchmarks, where that module
// can't be had: the same library with the same defaults, and the template written to the same attribute.
package minerprocessor

import (
	"context"
	"math"
	"sync"

	"github.com/jaeyo/go-drain3/pkg/drain3"
	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/consumer"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/processor"
	"go.opentelemetry.io/collector/processor/processorhelper"
)

// The defaults of the `drain` processor.
const (
	treeDepth         = 4
	mergeThreshold    = 0.4
	maxNodeChildren   = 100
	templateAttribute = "log.record.template"
)

// NewFactory makes a processor without settings, called `go_drain` so that nobody takes it for contrib's.
func NewFactory() processor.Factory {
	return processor.NewFactory(
		component.MustNewType("go_drain"),
		func() component.Config { return &struct{}{} },
		processor.WithLogs(newLogs, component.StabilityLevelDevelopment),
	)
}

func newLogs(
	ctx context.Context, set processor.Settings, config component.Config, next consumer.Logs,
) (processor.Logs, error) {
	tree, err := drain3.NewDrain(
		drain3.WithDepth(treeDepth),
		drain3.WithSimTh(mergeThreshold),
		drain3.WithMaxChildren(maxNodeChildren),
		drain3.WithMaxCluster(math.MaxInt32),
	)
	if err != nil {
		return nil, err
	}
	miner := &miner{tree: tree}
	return processorhelper.NewLogs(
		ctx, set, config, next, miner.mine, processorhelper.WithCapabilities(consumer.Capabilities{MutatesData: true}),
	)
}

// miner guards the tree, which is not safe for goroutines. It is locked once a request, not once a record as contrib's
// is, and keeps no metrics of its own: both make it the cheaper of the two.
type miner struct {
	mutex sync.Mutex
	tree  *drain3.Drain
}

func (m *miner) mine(_ context.Context, logs plog.Logs) (plog.Logs, error) {
	m.mutex.Lock()
	defer m.mutex.Unlock()
	for _, resource := range logs.ResourceLogs().All() {
		for _, scope := range resource.ScopeLogs().All() {
			for _, record := range scope.LogRecords().All() {
				cluster, _, err := m.tree.AddLogMessage(record.Body().AsString())
				if err != nil {
					return logs, err
				}
				if cluster != nil {
					record.Attributes().PutStr(templateAttribute, cluster.GetTemplate())
				}
			}
		}
	}
	return logs, nil
}
