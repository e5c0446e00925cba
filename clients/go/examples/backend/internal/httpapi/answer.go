package httpapi

import (
	"encoding/json"
	"net/http"
)

// problem is the body of every failed request.
type problem struct {
	Error problemDetail `json:"error"`
}

type problemDetail struct {
	// Code is for programs, such as "invalid_record".
	Code    string `json:"code"`
	Message string `json:"message"`
	// Field is where in the body it is, such as "[3].timestamp".
	Field string `json:"field,omitempty"`
}

func (a *API) answer(w http.ResponseWriter, r *http.Request, status int, body any) {
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("X-Content-Type-Options", "nosniff")
	w.WriteHeader(status)
	if err := json.NewEncoder(w).Encode(body); err != nil {
		a.Log.DebugContext(r.Context(), "the client left", "error", err)
	}
}

func (a *API) refuse(w http.ResponseWriter, r *http.Request, status int, detail problemDetail) {
	a.answer(w, r, status, problem{detail})
}

// unavailable asks the client to come back, and keeps the cause to the log.
func (a *API) unavailable(w http.ResponseWriter, r *http.Request, detail problemDetail, cause error) {
	a.Log.WarnContext(r.Context(), detail.Message, "path", r.URL.Path, "error", cause)
	w.Header().Set("Retry-After", "5")
	a.refuse(w, r, http.StatusServiceUnavailable, detail)
}
