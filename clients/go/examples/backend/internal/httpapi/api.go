// Package httpapi is the door of the back end: logs in, results out.
package httpapi

import (
	"log/slog"
	"net/http"

	"github.com/hypocenter/hypocenter/clients/go/examples/backend/internal/queue"
	"github.com/hypocenter/hypocenter/clients/go/examples/backend/internal/store"
)

// API handles the requests. Fields are set before Handler is called and not changed after.
type API struct {
	Store        store.Store
	Queue        queue.Queue
	Log          *slog.Logger
	MaxBodyBytes int64
	// Accepted is called after a batch was enqueued. It must not block.
	Accepted func()
}

// Handler routes to the methods of the API.
func (a *API) Handler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("POST /api/v1/logs", a.postLogs)
	mux.HandleFunc("GET /api/v1/logs/{id}", a.getLog)
	mux.HandleFunc("GET /api/v1/anomalies", a.getAnomalies)
	mux.HandleFunc("GET /healthz", a.getHealth)
	return mux
}
