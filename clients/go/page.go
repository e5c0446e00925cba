package hypocenter

import (
	"errors"
	"iter"
)

// errSamePage guards against a list that never ends.
var errSamePage = errors.New("hypocenter: the server returned the same page token twice")

// items walks through pages from the token on, fetching a page when it is needed.
func items[T any](token string, fetch func(token string) ([]T, string, error)) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		var none T
		// A sequence may be ranged over more than once: each time from the start.
		for token := token; ; {
			page, next, err := fetch(token)
			if err != nil {
				yield(none, err)
				return
			}
			for _, item := range page {
				if !yield(item, nil) {
					return
				}
			}
			if next == "" {
				return
			}
			if next == token {
				yield(none, errSamePage)
				return
			}
			token = next
		}
	}
}
