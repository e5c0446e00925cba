package httpapi

import (
	"context"
	"errors"
	"mime"
	"net/http"
	"time"

	"github.com/google/uuid"

	"github.com/hypocenter/hypocenter/clients/go/examples/backend/internal/queue"
	"github.com/hypocenter/hypocenter/clients/go/examples/backend/internal/record"
)

// accepted answers a POST: ids are in the order of the records sent.
type accepted struct {
	IDs []string `json:"ids"`
}

const undoTimeout = 5 * time.Second

// postLogs answers as soon as the records are stored. The analysis follows.
func (a *API) postLogs(w http.ResponseWriter, r *http.Request) {
	if kind, _, err := mime.ParseMediaType(r.Header.Get("Content-Type")); r.Header.Get("Content-Type") != "" &&
		(err != nil || kind != "application/json") || r.Header.Get("Content-Encoding") != "" {
		a.refuse(w, r, http.StatusUnsupportedMediaType, problemDetail{
			Code: "unsupported_media_type", Message: "the body is plain application/json"})
		return
	}
	// Before the body is read: a full queue is told from cheaply.
	if err := a.Queue.Room(r.Context()); err != nil {
		a.refuseOverload(w, r, err)
		return
	}
	records, err := parseBody(http.MaxBytesReader(w, r.Body, a.MaxBodyBytes), time.Now().UTC())
	if err != nil {
		a.refuseBody(w, r, err)
		return
	}
	batchID, err := identify(records)
	if err == nil {
		err = a.Store.Insert(r.Context(), records)
	}
	if err != nil {
		a.unavailable(w, r, problemDetail{Code: "store_unavailable", Message: "the store does not answer"}, err)
		return
	}
	switch err := a.Queue.Enqueue(r.Context(), batchID); {
	case errors.Is(err, queue.ErrFull):
		a.discard(r.Context(), batchID)
		a.refuseOverload(w, r, err)
		return
	case err != nil:
		// The records are stored, so they will be analyzed: the sweeper finds them.
		a.Log.WarnContext(r.Context(), "not enqueued yet", "job", batchID, "error", err)
	default:
		a.Accepted()
	}
	body := accepted{IDs: make([]string, len(records))}
	for i, stored := range records {
		body.IDs[i] = stored.ID
	}
	a.answer(w, r, http.StatusAccepted, body)
}

// identify gives the records their ids, which sort by time, and returns that of the batch.
func identify(records []record.Record) (string, error) {
	batchID, err := uuid.NewV7()
	if err != nil {
		return "", err
	}
	for i := range records {
		id, err := uuid.NewV7()
		if err != nil {
			return "", err
		}
		records[i].ID, records[i].BatchID = id.String(), batchID.String()
	}
	return batchID.String(), nil
}

// discard takes back what is not accepted after all. If that fails it is analyzed for nobody, which does no harm.
func (a *API) discard(ctx context.Context, batchID string) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), undoTimeout)
	defer cancel()
	if err := a.Store.Discard(ctx, batchID); err != nil {
		a.Log.WarnContext(ctx, "not discarded", "job", batchID, "error", err)
	}
}

func (a *API) refuseOverload(w http.ResponseWriter, r *http.Request, err error) {
	detail := problemDetail{Code: "queue_unavailable", Message: "the queue does not answer"}
	if errors.Is(err, queue.ErrFull) {
		detail = problemDetail{Code: "queue_full", Message: "too many records wait for their analysis"}
	}
	a.unavailable(w, r, detail, err)
}

func (a *API) refuseBody(w http.ResponseWriter, r *http.Request, err error) {
	var tooLarge *http.MaxBytesError
	var wrong *fieldError
	switch {
	case errors.As(err, &tooLarge):
		a.refuse(w, r, http.StatusRequestEntityTooLarge, problemDetail{
			Code: "body_too_large", Message: "the body is too large; send fewer records at a time"})
	case errors.As(err, &wrong):
		a.refuse(w, r, http.StatusBadRequest, problemDetail{
			Code: "invalid_record", Message: wrong.Error(), Field: wrong.field})
	default:
		a.refuse(w, r, http.StatusBadRequest, problemDetail{
			Code: "unreadable_body", Message: "the body could not be read to its end"})
	}
}
