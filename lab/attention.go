package lab

import (
	"sync/atomic"
	"time"
)

// attention remembers when somebody last looked at the lab. To find out whether
// it is settled takes a dozen requests to the cluster, so where nobody looks the
// lab takes its time over it. Its methods may be called from any goroutine.
type attention struct {
	last atomic.Int64  // nanoseconds since 1970
	stay atomic.Int64  // how many wait for what comes
	came chan struct{} // buffered: somebody looks who did not
}

// span is how long a look holds.
const span = 5 * time.Second

func newAttention() *attention { return &attention{came: make(chan struct{}, 1)} }

// paid tells whether somebody looks.
func (a *attention) paid() bool {
	return a.stay.Load() > 0 || time.Now().UnixNano()-a.last.Load() < int64(span)
}

// while notes that somebody looks until done is called.
func (a *attention) while() (done func()) {
	a.pay()
	a.stay.Add(1)
	return func() {
		a.stay.Add(-1)
		a.pay()
	}
}

// pay notes that somebody looks.
func (a *attention) pay() {
	if now := time.Now().UnixNano(); now-a.last.Swap(now) < int64(span) {
		return
	}
	select {
	case a.came <- struct{}{}:
	default:
	}
}
