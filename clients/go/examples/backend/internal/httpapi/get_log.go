package httpapi

import (
	"errors"
	"net/http"

	"github.com/google/uuid"

	"github.com/hypocenter/hypocenter/clients/go/examples/backend/internal/record"
	"github.com/hypocenter/hypocenter/clients/go/examples/backend/internal/store"
)

// getLog answers one record with its result, or with the state "pending".
func (a *API) getLog(w http.ResponseWriter, r *http.Request) {
	id := r.PathValue("id")
	err := store.ErrNotFound
	var entry record.Entry
	// What is no id of ours is not shown to the database either.
	if uuid.Validate(id) == nil {
		entry, err = a.Store.Get(r.Context(), id)
	}
	switch {
	case errors.Is(err, store.ErrNotFound):
		a.refuse(w, r, http.StatusNotFound, problemDetail{Code: "not_found", Message: "no record has this id"})
	case err != nil:
		a.unavailable(w, r, problemDetail{Code: "store_unavailable", Message: "the store does not answer"}, err)
	default:
		a.answer(w, r, http.StatusOK, show(entry))
	}
}
