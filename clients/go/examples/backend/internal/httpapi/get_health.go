package httpapi

import (
	"context"
	"net/http"
	"time"
)

const healthTimeout = 2 * time.Second

type health struct {
	Store string `json:"store"`
	Queue string `json:"queue"`
	// Live jobs wait or are being worked on; dead ones were given up.
	LiveJobs int `json:"live_jobs"`
	DeadJobs int `json:"dead_jobs"`
}

// getHealth answers 200 while the store and the queue answer, and 503 otherwise. Hypocenter itself may be away: jobs
// wait for it.
func (a *API) getHealth(w http.ResponseWriter, r *http.Request) {
	ctx, cancel := context.WithTimeout(r.Context(), healthTimeout)
	defer cancel()
	body, status := health{Store: "ok", Queue: "ok"}, http.StatusOK
	if err := a.Store.Ping(ctx); err != nil {
		a.Log.WarnContext(ctx, "the store is not healthy", "error", err)
		body.Store, status = "unavailable", http.StatusServiceUnavailable
	}
	stats, err := a.Queue.Stats(ctx)
	if err != nil {
		a.Log.WarnContext(ctx, "the queue is not healthy", "error", err)
		body.Queue, status = "unavailable", http.StatusServiceUnavailable
	}
	body.LiveJobs, body.DeadJobs = stats.Live, stats.Dead
	a.answer(w, r, status, body)
}
