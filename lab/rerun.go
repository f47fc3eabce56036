package lab

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"time"
)

// Again says that a fresh lab begins by doing what was done in another one.
type Again struct {
	Recording Recording
	Of        string // what the other lab is called, for the journal
	But       string // what is set differently, in words; "" nothing
	Hold      bool   // freeze at the end, so that somebody can go on differently
	Fast      bool   // lab time runs faster than it is allowed to otherwise, until everything has been done again
}

// fastest is by how much lab time runs faster in a fast rerun. Sessions and
// elections still take their time.
const fastest = 20

// Rerun is how far a lab is with doing again what was done in another. Board
// field, absent where a lab began with nothing.
//
// The same seed and the same actions at the same lab times give the same
// orders, users and failures by rate. They do not give the same interleaving:
// which member gets which partition, and who of two is first, is Kafka's choice
// in every run, so that offsets may differ where several produce at once.
type Rerun struct {
	Of      string `json:"of"`
	But     string `json:"but"`
	Steps   int    `json:"steps"`   // actions to do again
	Done    int    `json:"done"`    // of them, so far
	Refused int    `json:"refused"` // of those done: refused this time
	Until   int64  `json:"until"`   // lab time of the moment that it leads up to, ms
	Over    bool   `json:"over"`
}

// inRerun marks the context of the actions that a rerun does.
type inRerun struct{}

// rerun does a recording again. Idle time is skipped; everything else takes the
// lab time that it took.
func (l *Lab) rerun(a Again) {
	r := a.Recording
	state := Rerun{Of: a.Of, But: a.But, Steps: len(r.Steps), Until: r.End.Milliseconds()}
	intro := fmt.Sprintf("what was done in %s is done again: %d actions, up to %.1f s", a.Of, state.Steps, r.End.Seconds())
	if a.But != "" {
		intro += ", but with " + a.But
	}
	cause := l.record(Entry{Kind: KindNote, Text: intro, Data: &Data{Rerun: ptr(state)}})
	ctx := context.WithValue(l.ctx, inRerun{}, true)
	if a.Fast {
		l.clock.hasten(fastest)
	}
	patient := true
	for _, step := range r.Steps {
		if err := l.reach(ctx, step.At); err != nil {
			return
		}
		switch step.Action.Name {
		case "wait", "wait_until", "expect":
			// The lab times of the other actions say how long was waited.
		default:
			if a.Fast {
				// What differs this time is waited for once, not before each action.
				patient = l.await(ctx, patient, func() bool { return l.recorder.seen.covers(step.Seen) })
			}
			if _, err := l.Do(ctx, step.Action); err != nil {
				if ctx.Err() != nil {
					return
				}
				state.Refused++
			}
		}
		state.Done++
		l.record(Entry{Kind: KindNote, Cause: cause, Text: fmt.Sprintf("done again: %d of %d", state.Done, state.Steps), Data: &Data{Rerun: ptr(state)}})
	}
	if err := l.reach(ctx, r.End); err != nil {
		return
	}
	if a.Fast {
		l.await(ctx, false, func() bool { return l.quiet == l.journal.head() && !l.board.hasGhost() })
	}
	ended := "everything has been done again"
	if state.Refused > 0 {
		ended += fmt.Sprintf(", but %d of the actions were refused this time", state.Refused)
	}
	if a.Hold {
		l.acting.Lock()
		l.holdStill(cause)
		l.acting.Unlock()
		ended += ": the lab stands still, go on as you like"
	}
	l.clock.hasten(1)
	state.Over = true
	l.rerunning.Store(false) // before anybody hears that it is over
	l.record(Entry{Kind: KindNote, Cause: cause, Text: ended, Data: &Data{Rerun: &state}})
}

// How a rerun waits. idleAfter is how long nothing may happen in a settled lab
// before the time up to the next action is skipped. In a lab that is not, a
// session may be about to end, which no timer of the lab knows.
const (
	reachPause = 20 * time.Millisecond
	idleAfter  = 100 * time.Millisecond
)

// reach lets lab time come to at; a frozen lab comes to rest instead, as the
// one before it had time to.
func (l *Lab) reach(ctx context.Context, at time.Duration) error {
	head, quiet := l.Head(), time.Now()
	for {
		l.heed.pay()
		if now := l.Head(); now != head {
			head, quiet = now, time.Now()
		}
		still := time.Since(quiet)
		left := at - l.clock.Elapsed()
		switch state := l.clock.State(); {
		case state.Frozen && still >= idleAfter:
			return nil
		case state.Frozen:
		case left <= 0:
			return nil
		case still >= l.idleAfter():
			l.clock.skip(at)
			quiet = time.Now()
			continue
		}
		pause := time.NewTimer(min(reachPause, max(left, time.Millisecond)))
		select {
		case <-pause.C:
		case <-ctx.Done():
			pause.Stop()
			return ctx.Err()
		}
	}
}

// How long a fast rerun waits for what had happened in the lab before: until it
// has, or nothing has happened for restQuiet, and no longer than restMost. Kafka
// itself is not faster, so that at the same lab time less is done.
const (
	restQuiet = 300 * time.Millisecond
	restMost  = 5 * time.Second
)

// await gives what is under way in a fast rerun the time to be done, and tells
// whether it was. Patiently, and where a group counts a member that is down, it
// waits until sessions have ended. A lab that stands still it waits for not at
// all. Done is called with Lab.mu held.
func (l *Lab) await(ctx context.Context, patient bool, done func() bool) bool {
	began, head, moved := time.Now(), l.Head(), time.Now()
	for time.Since(began) < restMost {
		if l.clock.State().Frozen {
			return patient // nothing can come, which says nothing about what differs
		}
		l.mu.Lock()
		ghost := l.board.hasGhost()
		l.mu.Unlock()
		if still := time.Since(moved); still > restQuiet && !patient && !ghost || still > l.idleAfter() {
			return false
		}
		l.heed.pay()
		if now := l.Head(); now != head {
			head, moved = now, time.Now()
		}
		l.mu.Lock()
		enough := done()
		l.mu.Unlock()
		if enough {
			return true
		}
		pause := time.NewTimer(reachPause)
		select {
		case <-pause.C:
		case <-ctx.Done():
			pause.Stop()
			return false
		}
	}
	return false
}

// idleAfter is how long the journal must be quiet before nothing can come but
// by a timer of the lab.
func (l *Lab) idleAfter() time.Duration {
	l.mu.Lock()
	defer l.mu.Unlock()
	s := l.board.Settings
	if l.quiet == l.journal.head() && !l.board.hasGhost() {
		return idleAfter
	}
	return s.SessionTimeout.D() + 2*s.Heartbeat.D()
}

// hasGhost tells whether a group still counts a member that is down.
func (b *Board) hasGhost() bool {
	for _, svc := range b.Services {
		for _, seat := range svc.Seats {
			if seat.State != "crashed" {
				continue
			}
			if g := b.Groups[svc.Group]; g != nil && slices.ContainsFunc(g.Members, func(m Member) bool { return m.Instance == seat.Instance && m.Service != "" }) {
				return true
			}
		}
	}
	return false
}

// dice is a stream of random numbers of its own for one thing that was asked
// for: what else the lab draws meanwhile does not change them, so that they
// are the same when the same is asked for again.
func (l *Lab) dice(n int64) *rand.Rand {
	return rand.New(rand.NewPCG(l.recorder.opened.Seed, uint64(n)*0x9e3779b97f4a7c15+1))
}
