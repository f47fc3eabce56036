package lab

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"time"

	"eddy/lab/pattern"
	"eddy/lab/shop"
)

// armed is a fault that waits for its moment.
type armed struct {
	Fault
	at    shop.Point    // where it strikes
	on    string        // event type, "" any
	rate  float64       // share of the moments at which it strikes; 0: every one
	by    time.Duration // slow
	err   error         // fail
	taken map[string]int
	undo  func(ctx context.Context, cause int64) error // nil: nothing is left to take back
	dice  *rand.Rand                                   // of its rate
}

// faults are the armed faults of a lab, oldest first. Guarded by Lab.mu.
type faults []*armed

// arm adds a fault and writes its entry.
func (l *Lab) arm(f *armed, cause int64) {
	l.mu.Lock()
	defer l.mu.Unlock()
	f.ID, f.Since = l.journal.head()+1, l.clock.Elapsed().Milliseconds()
	l.armings++
	f.dice = l.dice(-l.armings)
	l.faults = append(l.faults, f)
	l.recordLocked(Entry{Kind: KindFault, Service: f.Service, Instance: f.Instance, Cause: cause, Text: f.Text, Data: &Data{Fault: ptr(f.Fault)}})
}

// disarm takes faults away and says so.
func (l *Lab) disarm(cause int64, which func(*armed) bool) (gone []*armed) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, f := range slices.Clone(l.faults) {
		if !which(f) {
			continue
		}
		gone = append(gone, f)
		l.faults = slices.DeleteFunc(l.faults, func(o *armed) bool { return o == f })
		l.recordLocked(Entry{Kind: KindHealed, Service: f.Service, Instance: f.Instance, Cause: cause, Text: "taken away: " + f.Text, Data: &Data{Fault: ptr(f.Fault)}})
	}
	return gone
}

// fire tells whether a fault of a kind strikes now, and counts it.
func (l *Lab) fire(kind string, at seat, point shop.Point, event string) *armed {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, f := range l.faults {
		if f.Kind != kind || f.Service != at.service || (f.Instance != 0 && f.Instance != at.instance) ||
			f.at != point || (f.on != "" && f.on != event) {
			continue
		}
		if f.rate > 0 && f.dice.Float64() >= f.rate {
			continue
		}
		l.strikes(f)
		return f
	}
	return nil
}

// strikes counts a strike and retires a fault that has had all of its.
func (l *Lab) strikes(f *armed) {
	if f.Kind == "slow" {
		return
	}
	f.Fired++
	if f.Left > 0 {
		if f.Left--; f.Left == 0 {
			f.Over = true
			l.faults = slices.DeleteFunc(l.faults, func(o *armed) bool { return o == f })
		}
	}
}

// crashPoints says at which moment of the shop each `at` of a crash strikes.
var crashPoints = map[string]shop.Point{
	"before_handle": shop.Handling, "after_handle": shop.Handled, "after_write": shop.Written,
}

// strike lets armed faults act at a moment.
func (l *Lab) strike(ctx context.Context, at seat, m shop.Moment) error {
	point := m.Point
	switch point {
	case shop.Projected:
		point = shop.Written // the projector's database is the read side's
	case shop.Skipped:
		point = shop.Handled
	}
	if f := l.fire("crash", at, point, m.EventType); f != nil {
		return l.die(at, f, m)
	}
	if m.Point != shop.Handling {
		return nil
	}
	// A command is answered while the lab is frozen, so it must not wait then.
	if f := l.fire("slow", at, m.Point, ""); f != nil && !(m.Record == nil && (m.Call == nil || m.EventType == shop.PlaceOrder) && l.clock.State().Frozen) {
		if err := l.clock.Sleep(ctx, f.by); err != nil {
			return err
		}
	}
	if f := l.fire("fail", at, m.Point, m.EventType); f != nil {
		seq := l.record(Entry{Kind: KindFault, Service: at.service, Instance: at.instance, Order: m.Order, Cause: f.ID,
			Text: fmt.Sprintf("%s is made to fail at %s: %v", nameOf(at), what(m), f.err), Data: &Data{Fault: ptr(f.Fault)}})
		l.mu.Lock()
		switch { // the failed try is its effect
		case m.Call != nil:
			l.causes.calls[m.Call.ID] = seq
		case m.Record != nil:
			l.causes.takes(at, m, seq)
		}
		l.mu.Unlock()
		return f.err
	}
	return nil
}

func crashText(at seat, m shop.Moment) string {
	switch m.Point {
	case shop.Handling:
		return fmt.Sprintf("%s crashed before it handled %s", nameOf(at), what(m))
	case shop.Written, shop.Projected:
		return fmt.Sprintf("%s crashed after its database commit for %s, before it published anything", nameOf(at), what(m))
	}
	return fmt.Sprintf("%s crashed after it handled %s, before its offset was saved", nameOf(at), what(m))
}

// die writes that an instance crashed, and returns the error that ends it.
func (l *Lab) die(at seat, f *armed, m shop.Moment) error {
	text := crashText(at, m)
	l.mu.Lock()
	seq := l.recordLocked(l.entryWith(KindCrashed, m, f.ID, text,
		&Data{Service: &ServiceFact{State: "crashed", Because: text}, Fault: ptr(f.Fault)}))
	l.causes.goes(at, seq)
	l.causes.inHand[at] = seq
	l.mu.Unlock()
	l.empty(at)
	return &shop.Crash{Because: text}
}

// declines is asked by the payment gateway.
func (l *Lab) declines(order string) string {
	f := l.fire("decline", seat{}, "", "")
	if f == nil {
		return ""
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.causes.declined[order] = l.recordLocked(Entry{Kind: KindFault, Order: order, Cause: f.ID, Text: "the gateway is made to refuse " + order, Data: &Data{Fault: ptr(f.Fault)}})
	return "the gateway declined"
}

// failure makes the error of a `fail`.
func failure(kind, text string) error {
	err := errInjected
	if text != "" {
		err = errors.New(text)
	}
	if kind == "permanent" {
		return pattern.Permanent(err)
	}
	return err
}

func ptr[T any](v T) *T { return &v }
