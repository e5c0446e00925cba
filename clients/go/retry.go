package hypocenter

import (
	"context"
	"errors"
	"math"
	"math/rand/v2"
	"time"
)

// RetryPolicy says how often a call is made and how long to wait between. Which failures are worth a retry is not up
// to it: UNAVAILABLE, and RESOURCE_EXHAUSTED when the server attached RetryInfo.
//
// The wait before attempt n+1 lies between half and all of Initial * 2^(n-1), at most Max, and is never shorter than
// what the server's RetryInfo asks for. A wait that would outlast the context's deadline is not begun.
type RetryPolicy struct {
	// MaxAttempts counts the first attempt too; 1 means no retries. A watch that has once received something
	// reconnects until its context ends, unless MaxAttempts is 1.
	MaxAttempts int
	// Initial is the longest wait before the second attempt.
	Initial time.Duration
	// Max is the longest wait, RetryInfo aside.
	Max time.Duration
}

// DefaultRetryPolicy makes five attempts within about three seconds.
func DefaultRetryPolicy() RetryPolicy {
	return RetryPolicy{MaxAttempts: 5, Initial: 200 * time.Millisecond, Max: 5 * time.Second}
}

// NoRetry makes every call once.
func NoRetry() RetryPolicy {
	return RetryPolicy{MaxAttempts: 1}
}

func (p RetryPolicy) validate() error {
	switch {
	case p.MaxAttempts < 1:
		return errors.New("RetryPolicy.MaxAttempts is below 1")
	case p.Initial < 0 || p.Max < p.Initial:
		return errors.New("RetryPolicy needs 0 <= Initial <= Max")
	}
	return nil
}

// endless is the policy of a watch that has been heard from: as patient as its context.
func (p RetryPolicy) endless() RetryPolicy {
	if p.MaxAttempts > 1 {
		p.MaxAttempts = math.MaxInt
	}
	return p
}

// wait is how long to wait after so many attempts.
func (p RetryPolicy) wait(attempts int, asked time.Duration) time.Duration {
	longest := p.Initial
	for range attempts - 1 {
		if longest > p.Max/2 {
			longest = p.Max
			break
		}
		longest *= 2
	}
	jittered := longest/2 + rand.N(longest/2+1)
	if asked > 0 {
		// Later than asked by up to a tenth, so that clients sent away together do not come back together.
		return max(jittered, asked+rand.N(asked/10+1))
	}
	return jittered
}

// pause waits before the next attempt. It returns false when there shall be none, and notes in the failure when the
// context is the reason.
func (p RetryPolicy) pause(ctx context.Context, attempts int, failure *Error) bool {
	if attempts >= p.MaxAttempts || !failure.Temporary() {
		return false
	}
	wait := p.wait(attempts, failure.RetryDelay)
	if deadline, set := ctx.Deadline(); set && time.Until(deadline) <= wait {
		return false
	}
	timer := time.NewTimer(wait)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		failure.interrupted = context.Cause(ctx)
		return false
	case <-timer.C:
		return true
	}
}
