package lab

import (
	"context"
	"errors"
	"fmt"
	"time"

	"eddy/lab/pattern"
	"eddy/lab/shop"
)

// What the lab hears of synchronous calls (shop.CallFact). Each call is known by
// its id on both sides; the newest entry about it is the cause of the next, so
// that a chain of causes runs through the services as the calls do.

// callSays writes what the caller of a call, or the line of its server, tells.
func (l *Lab) callSays(ctx context.Context, at seat, m shop.Moment) {
	c := *m.Call
	c.State = string(m.Point)
	who, kind, text := nameOf(at), KindNote, ""
	l.mu.Lock()
	defer l.mu.Unlock()
	cause := l.causeOfCall(ctx, at, m)
	switch m.Point {
	case shop.Calling:
		text = fmt.Sprintf("%s calls %s: %s", who, c.Service, c.Type)
	case shop.Queued:
		text = fmt.Sprintf("%s has no free slot for %s: the call waits in line", who, what(m))
	case shop.TurnedAway:
		text = fmt.Sprintf("%s turned %s away: it has no free slot, and no room in its line", who, what(m))
	case shop.Answered:
		text = fmt.Sprintf("%s answered in %d ms", c.Service, c.TookMS)
		if c.Reason != "" {
			text += ": " + c.Reason
		}
	case shop.GaveUp:
		kind, text = KindFailed, fmt.Sprintf("%s has no answer to %s: %v", who, c.Type, m.Err)
		if errors.Is(m.Err, pattern.ErrTimeout) {
			text = fmt.Sprintf("%s gave up on %s after %s: nobody knows whether %s was done", who, c.Service, time.Duration(c.TookMS)*time.Millisecond, c.Type)
		}
		if why := l.board.ailment(c.Service); why.seq > 0 {
			cause = why.seq
		}
	}
	seq := l.recordLocked(Entry{Kind: kind, Service: at.service, Instance: at.instance, Order: m.Order, EventType: m.EventType, Cause: cause, Text: text, Data: &Data{Call: &c}})
	l.heardOfCall(ctx, at, m, seq)
}

// causeOfCall is the newest entry about the call, or, as it begins, about what
// its caller is doing. The caller holds Lab.mu.
func (l *Lab) causeOfCall(ctx context.Context, at seat, m shop.Moment) int64 {
	if seq := l.causes.calls[m.Call.ID]; seq > 0 {
		return seq
	}
	if seq := l.causes.calls[m.Call.Within]; seq > 0 {
		return seq
	}
	if seq, ok := ctx.Value(causeKey{}).(int64); ok {
		return seq
	}
	return l.causes.inHand[at]
}

// heardOfCall notes the newest entry about a call, and, where it is its caller's,
// about what the caller does. The caller holds Lab.mu.
func (l *Lab) heardOfCall(ctx context.Context, at seat, m shop.Moment, seq int64) {
	l.causes.calls[m.Call.ID] = seq
	switch m.Point {
	case shop.Calling, shop.Answered, shop.GaveUp:
		if m.Call.Within != "" {
			l.causes.calls[m.Call.Within] = seq
		} else if _, commanded := ctx.Value(causeKey{}).(int64); !commanded {
			l.causes.inHand[at] = seq // a message in hand is why it calls
		}
	}
	if l.board.Calls[m.Call.ID] == nil && m.Call.Caller != shop.Customer { // it is over for both sides
		delete(l.causes.calls, m.Call.ID)
	}
}

// admitCall gives a call its slot, and holds it there while the lab stands still
// or its server is paused. A customer's order is taken while the lab stands
// still: it is what is done about it that waits.
func (l *Lab) admitCall(ctx context.Context, at seat, m shop.Moment) error {
	c := *m.Call
	c.State = string(shop.Called)
	l.mu.Lock()
	seq := l.recordLocked(Entry{Kind: KindDelivered, Service: at.service, Instance: at.instance, Order: m.Order, EventType: m.EventType,
		Cause: l.causeOfCall(ctx, at, m), Text: fmt.Sprintf("%s got the call %s from %s", nameOf(at), what(m), c.Caller), Data: &Data{Call: &c}})
	l.heardOfCall(ctx, at, m, seq)
	l.mu.Unlock()
	t := l.gate.enterCall(at, c.ID, seq, m.EventType == shop.PlaceOrder)
	// However the call ends, its place at the gate does.
	context.AfterFunc(ctx, func() { l.gate.leaveCall(c.ID, t) })
	return l.gate.wait(ctx, t)
}

// callOf is the call in which a moment happens, as its entry carries it: with a
// state where the moment moves it, nil where the entry need not tell.
func callOf(m shop.Moment) *shop.CallFact {
	if m.Call == nil {
		return nil
	}
	switch m.Point {
	case shop.Handled, shop.Skipped, shop.Failed:
		c := *m.Call
		c.State = callDone
		return &c
	}
	return nil
}

// callDone is the state of a call that its server is through with.
const callDone = "done"

// frozenPatience is how long a customer waits for a lab that stands still, on the
// wall clock.
const frozenPatience = 5 * time.Second

// heard is what came of a customer's call.
type heard struct {
	answer, reason string
	err            error
}

// placeByCall has a customer call the order service, which answers when the
// order is fulfilled. While the lab stands still that would be never: then the
// customer hears that the order is taken as soon as it is written down, and its
// calls are made when the lab goes on. So it is while a rerun has more to do.
func (l *Lab) placeByCall(ctx context.Context, o shop.Command, cause int64) heard {
	l.mu.Lock()
	if l.ctx.Err() != nil {
		l.mu.Unlock()
		return heard{err: errClosed}
	}
	l.causes.calls[shop.PlaceCall(o.ID)] = cause
	l.calls.Add(1)
	l.work.Add(1)
	l.mu.Unlock()
	answered := make(chan heard, 1)
	go func() {
		defer l.work.Done()
		defer l.calls.Add(-1)
		answer, reason, err := l.orders.Place(withCause(l.ctx, cause), o)
		l.customerHeard(o, cause, heard{answer, reason, err})
		answered <- heard{answer, reason, err}
	}()
	// Nothing that counts lab time ends the wait of a customer whose order is not
	// even written down when the lab stands still.
	patience := time.NewTimer(frozenPatience)
	defer patience.Stop()
	for {
		head := l.Head()
		if !l.clock.State().Frozen {
			patience.Reset(frozenPatience)
		}
		if (l.clock.State().Frozen || ctx.Value(inRerun{}) != nil) && l.takenOrder(o.ID) {
			return heard{answer: shop.Accepted, reason: "it is written down, and its calls are under way: what comes of it is in the journal"}
		}
		select {
		case h := <-answered:
			return h
		case <-l.grown(head):
		case <-patience.C:
			if l.clock.State().Frozen && !l.takenOrder(o.ID) {
				return heard{answer: shop.Unavailable, reason: "the lab stands still, and the order service has not written the order down"}
			}
		case <-ctx.Done():
			return heard{err: context.Cause(ctx)}
		}
	}
}

// customerHeard writes what a customer heard who did not get what he asked for.
func (l *Lab) customerHeard(o shop.Command, cause int64, h heard) {
	l.mu.Lock()
	defer l.mu.Unlock()
	id := shop.PlaceCall(o.ID)
	if seq := l.causes.calls[id]; seq > 0 {
		cause = seq
	}
	defer delete(l.causes.calls, id)
	if h.err != nil || h.answer == shop.Accepted || errors.Is(h.err, shop.ErrTaken) {
		return
	}
	e := Entry{Kind: KindNote, Order: o.ID, Cause: cause, Text: fmt.Sprintf("the caller of order %s heard: %s (%s)", l.calledNew(o), h.answer, h.reason)}
	if l.board.Calls[id] != nil { // he left before the order service was through with it
		e.Data = &Data{Call: &shop.CallFact{ID: id, Caller: shop.Customer, Service: "order", Type: shop.PlaceOrder, State: string(shop.GaveUp)}}
	}
	l.recordLocked(e)
}
