package pattern

import (
	"errors"
	"math"
	"time"
)

// Backoff says how long to wait before a try is repeated.
//
// Problem: what failed often works a moment later: a database restarts, a
// gateway is busy. Who tries again at once makes it worse, and when many do so
// in step, they knock it over together.
//
// Guarantee: the waits grow by Factor up to Max. Jitter spreads them, so that
// callers that failed together do not come back together.
//
// Cost: what waits is late, and everything behind it in its partition too.
//
// Not covered: errors that no retry can mend. Wrap them with Permanent.
type Backoff struct {
	Base   time.Duration  // the wait after the first failure
	Max    time.Duration  // no wait is longer; 0: no limit
	Factor float64        // growth from one wait to the next; below 1: 2
	Jitter float64        // 0 to 1: the share of a wait that is random
	Rand   func() float64 // in [0, 1), for the jitter; nil: no jitter
}

// Delay returns the wait after the attempt that failed, counted from 1.
func (b Backoff) Delay(attempt int) time.Duration {
	if b.Base <= 0 {
		return 0
	}
	factor := b.Factor
	if factor < 1 {
		factor = 2
	}
	limit := float64(math.MaxInt64 / 2)
	if b.Max > 0 {
		limit = float64(b.Max)
	}
	wait := min(float64(b.Base)*math.Pow(factor, float64(max(attempt, 1)-1)), limit)
	if b.Rand != nil {
		wait *= 1 - b.Jitter*b.Rand()
	}
	return time.Duration(wait)
}

// Permanent marks err as one that no retry can mend: broken data, an unknown
// type. A Consumer makes it a dead letter at once. Permanent(nil) is nil.
func Permanent(err error) error {
	if err == nil {
		return nil
	}
	return &permanent{err}
}

// IsPermanent reports whether err, or an error that it wraps, is Permanent.
func IsPermanent(err error) bool {
	var p *permanent
	return errors.As(err, &p)
}

type permanent struct{ error }

func (p *permanent) Unwrap() error { return p.error }
