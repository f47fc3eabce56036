package lab

import (
	"encoding/json"
	"fmt"
	"strings"

	"eddy/lab/shop"
)

// breakpoint is a Breakpoint with its condition compiled.
type breakpoint struct {
	Breakpoint
	when *Expr // nil: none
	said bool  // that the condition could not be evaluated
}

// hold is the message that a breakpoint stopped. There is one at most: with it
// the lab stands still, and whoever matches too is asked again when it goes on.
type hold struct {
	ticket *ticket
	seat   seat
	moment shop.Moment
	held   Held
	stay   bool // somebody froze the lab too: it stands still when this goes on
}

// stops tells whether a message that may be handled has to wait all the same:
// a breakpoint holds it, or stopped the lab at another one just now.
func (l *Lab) stops(at seat, m shop.Moment, t *ticket) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, b := range l.breaks {
		if !l.meets(b, at, m) {
			continue
		}
		if !l.gate.hold(t) {
			return false // it was stepped, or is not here any more
		}
		if l.clock.State().Frozen {
			return true
		}
		h := &hold{ticket: t, seat: at, moment: m, held: heldOf(b.ID, at, m, t.produced)}
		l.hold = h
		text := fmt.Sprintf("the lab stopped before %s handles %s: a breakpoint waits for %s", nameOf(at), what(m), b.Text)
		l.freezeWith(l.entryWith(KindFrozen, m, b.ID, text, &Data{Held: &h.held}))
		l.causes.takes(at, m, l.journal.head())
		return true
	}
	return false
}

func heldOf(id int64, at seat, m shop.Moment, produced int64) Held {
	h := Held{
		Breakpoint: id, Service: at.service, Instance: at.instance, Topic: m.Record.Topic, Partition: m.Record.Partition, Offset: m.Record.Offset,
		EventType: m.EventType, EventID: m.EventID, Order: m.Order, Key: string(m.Record.Key), Value: string(m.Record.Value), Seq: produced, Headers: headersOf(m),
	}
	if m.Try != nil {
		h.Attempt = m.Try.Attempt
	}
	if len(h.Value) > recordValueMax {
		h.Value, h.Cut = strings.ToValidUTF8(h.Value[:recordValueMax], ""), true
	}
	return h
}

func headersOf(m shop.Moment) map[string]string {
	headers := map[string]string{}
	for _, h := range m.Record.Headers {
		headers[h.Key] = string(h.Value)
	}
	return headers
}

// meets tells whether a breakpoint is about a message.
func (l *Lab) meets(b *breakpoint, at seat, m shop.Moment) bool {
	if b.Event != "" && b.Event != m.EventType || b.Service != "" && b.Service != at.service {
		return false
	}
	if b.Order != "" && b.Order != m.Order {
		if o := l.board.find(b.Order); o == nil || o.ID != m.Order {
			return false
		}
	}
	if b.when == nil {
		return true
	}
	env := l.env(false, b.when.needsOrders)
	env.Message = messageOf(at, m)
	met, err := b.when.run(env)
	if err != nil && !b.said {
		b.said = true // a condition that does not fit one message does not fit many
		reason, _, _ := strings.Cut(err.Error(), "\n")
		l.recordLocked(l.entryWith(KindNote, m, b.ID, fmt.Sprintf("the breakpoint's condition cannot be asked about %s: %s", what(m), reason), nil))
	}
	return err == nil && met == true
}

func messageOf(at seat, m shop.Moment) ExprMessage {
	var body struct {
		Data map[string]any `json:"data"`
	}
	// What is no event has no data; the condition may be about something else.
	_ = json.Unmarshal(m.Record.Value, &body)
	return ExprMessage{
		EventType: m.EventType, Key: string(m.Record.Key), Order: m.Order, Service: at.service, Topic: m.Record.Topic,
		Partition: int(m.Record.Partition), Offset: int(m.Record.Offset), Data: body.Data, Headers: headersOf(m),
	}
}

// release says what becomes of the held message. It begins when the lab goes
// on or when it is stepped. The caller holds Lab.mu.
func (l *Lab) release(h *hold, do string, fate error, cause int64) {
	l.hold = nil
	l.gate.decide(h.ticket, fate)
	who, it := nameOf(h.seat), what(h.moment)
	text := map[string]string{
		"go":        who + " goes on with " + it,
		"change":    who + " goes on with another value than the log has for " + it + ": after a crash the original comes again",
		"drop":      who + " passes over " + it + " unhandled, because you dropped it: its offset is saved all the same",
		"duplicate": who + " goes on with " + it + ", and a copy of it stands behind it",
	}[do]
	l.heldEntry(h, do, text, cause)
}

// heldEntry writes that a message is held no longer.
func (l *Lab) heldEntry(h *hold, fate, text string, cause int64) {
	held := h.held // the entry that tells of the stop stays as it is
	held.Fate = fate
	seq := l.recordLocked(l.entryWith(KindNote, h.moment, cause, text, &Data{Held: &held}))
	l.causes.takes(h.seat, h.moment, seq)
}

// lostHold notes that the held message was taken away: its instance is down, or
// its partition went to another.
func (l *Lab) lostHold(t *ticket) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if h := l.hold; h != nil && h.ticket == t {
		l.hold = nil
		l.heldEntry(h, "gone", nameOf(h.seat)+" does not hold "+what(h.moment)+" any more: it comes again to whoever reads its partition", l.causes.group[GroupID(h.seat.service)])
	}
}
