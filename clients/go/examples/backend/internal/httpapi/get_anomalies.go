package httpapi

import (
	"encoding/base64"
	"encoding/json"
	"net/http"
	"strconv"

	"github.com/google/uuid"

	"github.com/hypocenter/hypocenter/clients/go/examples/backend/internal/store"
)

const (
	defaultPageSize = 50
	maxPageSize     = 500
)

type anomalies struct {
	Anomalies []shownEntry `json:"anomalies"`
	// NextPageToken is empty at the end.
	NextPageToken string `json:"next_page_token"`
}

// getAnomalies answers anomalous records, newest result first, by page_size and page_token.
func (a *API) getAnomalies(w http.ResponseWriter, r *http.Request) {
	size := defaultPageSize
	if asked := r.URL.Query().Get("page_size"); asked != "" {
		var err error
		if size, err = strconv.Atoi(asked); err != nil || size < 1 {
			a.refuse(w, r, http.StatusBadRequest, problemDetail{
				Code: "invalid_argument", Message: "page_size is not a positive number", Field: "page_size"})
			return
		}
		size = min(size, maxPageSize)
	}
	after, err := parsePageToken(r.URL.Query().Get("page_token"))
	if err != nil {
		a.refuse(w, r, http.StatusBadRequest, problemDetail{
			Code: "invalid_argument", Message: "page_token is not of a former answer", Field: "page_token"})
		return
	}
	// One more than asked for tells whether there is a next page.
	found, err := a.Store.Anomalies(r.Context(), after, size+1)
	if err != nil {
		a.unavailable(w, r, problemDetail{Code: "store_unavailable", Message: "the store does not answer"}, err)
		return
	}
	body := anomalies{Anomalies: []shownEntry{}}
	for i, entry := range found[:min(size, len(found))] {
		body.Anomalies = append(body.Anomalies, show(entry))
		if i == size-1 && len(found) > size {
			body.NextPageToken = pageToken(store.Cursor{
				FinishedUnixNano: entry.Result.Finished.UnixNano(), RecordID: entry.ID})
		}
	}
	a.answer(w, r, http.StatusOK, body)
}

func pageToken(cursor store.Cursor) string {
	// A struct of a number and a string always marshals.
	content, _ := json.Marshal(cursor)
	return base64.RawURLEncoding.EncodeToString(content)
}

func parsePageToken(token string) (cursor store.Cursor, err error) {
	if token == "" {
		return cursor, nil
	}
	content, err := base64.RawURLEncoding.DecodeString(token)
	if err == nil {
		err = json.Unmarshal(content, &cursor)
	}
	if err == nil {
		err = uuid.Validate(cursor.RecordID)
	}
	return cursor, err
}
