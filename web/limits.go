package web

import (
	"net/http"
	"sync"
	"time"

	"golang.org/x/time/rate"

	"eddy/lab"
)

// What one client address may do. Whoever sits at the machine itself runs
// scripts and load tests against it, and gets ten times as much.
const (
	actionsPerSecond = 50
	actionsBurst     = 200
	labsPerSecond    = 1
	labsBurst        = 30
	answersPerSecond = 5 // of one attempt: a class sits behind one address
	answersBurst     = 60
	keysPerSecond    = 0.2 // wrong teacher keys
	keysBurst        = 20
	ownFactor        = 10

	maxLimiters = 10_000 // client addresses remembered by a limiter
)

// limits are the rate limits of the server.
type limits struct {
	actions, ownActions *limiter
	labs, ownLabs       *limiter
	answers             *limiter // by attempt
	keys                *limiter
}

func newLimits() limits {
	return limits{
		actions:    newLimiter(actionsPerSecond, actionsBurst),
		ownActions: newLimiter(ownFactor*actionsPerSecond, ownFactor*actionsBurst),
		labs:       newLimiter(labsPerSecond, labsBurst),
		ownLabs:    newLimiter(ownFactor*labsPerSecond, ownFactor*labsBurst),
		answers:    newLimiter(answersPerSecond, answersBurst),
		keys:       newLimiter(keysPerSecond, keysBurst),
	}
}

// allowActions takes n actions of the caller's share, or refuses all of them.
func (s *Server) allowActions(r *http.Request, n int) error {
	l := s.limits.actions
	if fromThisMachine(r) {
		l = s.limits.ownActions
	}
	if after := l.take(clientAddr(r), n); after > 0 {
		s.metrics.actions.WithLabelValues("limited").Add(float64(n))
		return &tooFast{lab.Errorf(lab.TooMany, "Too many actions at once: %d a second are allowed, and %d in a burst. Try again in a moment.", int(l.every), l.burst), after}
	}
	return nil
}

// allowAnswer takes one answer of an attempt's share, or refuses it.
func (s *Server) allowAnswer(attempt string) error {
	if after := s.limits.answers.take(attempt, 1); after > 0 {
		return &tooFast{lab.Errorf(lab.TooMany, "Too many answers at once: %d a second are taken, and %d in a burst. Try again in a moment.", answersPerSecond, answersBurst), after}
	}
	return nil
}

// allowLab takes one lab of the caller's share, or refuses it.
func (s *Server) allowLab(r *http.Request) error {
	l := s.limits.labs
	if fromThisMachine(r) {
		l = s.limits.ownLabs
	}
	if after := l.take(clientAddr(r), 1); after > 0 {
		return &tooFast{lab.Errorf(lab.TooMany, "Too many new labs at once: %d a second are allowed, and %d in a burst. Try again in a moment.", int(l.every), l.burst), after}
	}
	return nil
}

// limiter is a token bucket for each client address. It remembers at most
// maxLimiters addresses; newcomers beyond share one bucket.
type limiter struct {
	every rate.Limit
	burst int

	mu     sync.Mutex
	byAddr map[string]*rate.Limiter
	others *rate.Limiter
	swept  time.Time
}

func newLimiter(every rate.Limit, burst int) *limiter {
	return &limiter{every: every, burst: burst, byAddr: map[string]*rate.Limiter{}, others: rate.NewLimiter(every, burst)}
}

// take takes n tokens of addr and returns 0, or takes none and returns how
// long to wait. More than a whole bucket costs a whole bucket: it could never
// be had otherwise.
func (l *limiter) take(addr string, n int) time.Duration {
	l.mu.Lock()
	defer l.mu.Unlock()
	now := time.Now()
	r := l.bucket(addr, now).ReserveN(now, min(n, l.burst))
	after := r.DelayFrom(now)
	if after > 0 {
		r.CancelAt(now)
	}
	return after
}

// empty is how long it takes until addr has a token again; 0 where it has one.
func (l *limiter) empty(addr string) time.Duration {
	l.mu.Lock()
	defer l.mu.Unlock()
	now := time.Now()
	r := l.bucket(addr, now).ReserveN(now, 1)
	defer r.CancelAt(now)
	return r.DelayFrom(now)
}

func (l *limiter) bucket(addr string, now time.Time) *rate.Limiter {
	if b, ok := l.byAddr[addr]; ok {
		return b
	}
	if len(l.byAddr) >= maxLimiters {
		l.sweep(now)
	}
	if len(l.byAddr) >= maxLimiters {
		return l.others
	}
	b := rate.NewLimiter(l.every, l.burst)
	l.byAddr[addr] = b
	return b
}

// sweep forgets full buckets: a new one is just as full. Once a second at
// most, so that a flood of addresses does not pay for a walk each.
func (l *limiter) sweep(now time.Time) {
	if now.Sub(l.swept) < time.Second {
		return
	}
	l.swept = now
	for addr, b := range l.byAddr {
		if b.TokensAt(now) >= float64(l.burst) {
			delete(l.byAddr, addr)
		}
	}
}
