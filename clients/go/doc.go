// Package hypocenter is the Go client of Hypocenter, which answers three questions while an incident is still going on:
// what broke first, how do we know, and what fixed it last time?
//
//	client, err := hypocenter.New("127.0.0.1:4319")
//	if err != nil {
//		return err
//	}
//	defer client.Close()
//	for incident, err := range client.ListIncidents(ctx, &hypocenterv1.ListIncidentsRequest{Filter: "state = OPEN"}) {
//		...
//	}
//
// Requests and answers are the generated messages of package hypocenterv1; logs are OTLP messages of
// go.opentelemetry.io/proto/otlp. Lists, searches, watches and answers are iterators for range; a failure is the last
// pair they yield.
//
// # Errors
//
// Every failed call returns an [*Error] with the status code, the reason of the server's ErrorInfo and the violated
// fields. Test for kinds with errors.Is and [ErrNotFound], [ErrConflict] and their siblings.
//
// # Retries
//
// A call is repeated on UNAVAILABLE, and on RESOURCE_EXHAUSTED when the server attached RetryInfo; never otherwise, and
// never when repeating could do something twice: AnalyzeLogs needs a request id for it, a write needs an etag, and an
// answer to a question, which may cost money, is never asked for again. See [RetryPolicy].
//
// # Security
//
// The default is TLS, except to a loopback address or a Unix socket. A token is never sent in plain text anywhere
// else, unless [WithPlaintextToken] allows it.
package hypocenter
