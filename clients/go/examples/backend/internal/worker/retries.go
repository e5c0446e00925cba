package worker

import (
	"math/rand/v2"
	"time"
)

// Retries says how often a job is tried and how long it rests in between: Initial, doubled every time, at most Max,
// and at least what the server asked for. A little is added by chance, so that jobs that failed together do not come
// back together.
type Retries struct {
	MaxAttempts int
	Initial     time.Duration
	Max         time.Duration
}

func (r Retries) exhausted(attempts int) bool { return attempts >= r.MaxAttempts }

func (r Retries) delay(attempts int, asked time.Duration) time.Duration {
	rest := r.Initial
	for range attempts - 1 {
		if rest *= 2; rest >= r.Max {
			rest = r.Max
			break
		}
	}
	rest = max(rest, asked)
	return rest + rand.N(rest/5+1)
}
