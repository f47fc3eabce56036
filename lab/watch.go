package lab

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"eddy/lab/shop"

	"github.com/twmb/franz-go/pkg/kerr"
)

// At hears of every moment of every service: it writes the journal, holds
// messages at the gate, and lets armed faults strike. It implements
// shop.Watcher.
func (l *Lab) At(ctx context.Context, m shop.Moment) error {
	at := seat{m.Service, m.Instance}
	switch m.Point {
	case shop.Delivered:
		return l.delivered(ctx, at, m)
	case shop.Called:
		return l.admitCall(ctx, at, m)
	case shop.Calling, shop.Queued, shop.TurnedAway, shop.Answered, shop.GaveUp:
		l.callSays(ctx, at, m)
		return nil
	case shop.Published:
		l.published(at, m)
		return nil
	case shop.Assigned, shop.Revoked:
		l.reassigned(at, m)
		return nil
	case shop.Barred:
		l.barred(at, m.Err)
		return nil
	case shop.Due:
		return l.gate.pass(ctx, at)
	case shop.Dropped:
		l.dropped(at, m)
		return nil
	case shop.Committed:
		l.committed(at, m)
		return nil
	case shop.Rebuilding:
		return l.rebuilding(ctx, at, m)
	case shop.Rebuilt:
		l.rebuilt(at, m)
		return nil
	case shop.Passed:
		l.passed(at, m)
		l.gate.handled(at, l.commitsAfter(at.service))
		return nil
	}
	l.told(ctx, at, m)
	if err := l.strike(ctx, at, m); err != nil {
		return err
	}
	switch m.Point {
	case shop.Handled, shop.Skipped, shop.DeadLettered:
		if m.Record != nil {
			l.gate.handled(at, l.commitsAfter(m.Service))
		}
	}
	return nil
}

// barred says why an instance does not get into its group. It hears of it at
// every try; the first time is news.
func (l *Lab) barred(at seat, err error) {
	why := fmt.Sprintf("%s cannot join %s: %v", nameOf(at), GroupID(at.service), err)
	if errors.Is(err, kerr.InconsistentGroupProtocol) {
		why = fmt.Sprintf("%s cannot join %s: another member of the group shares partitions out by another rule: set the balancer of %s to range",
			nameOf(at), GroupID(at.service), at.service)
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if s := l.seatOf(at); s == nil || s.State != "starting" || s.Because == why {
		return
	}
	l.recordLocked(Entry{Kind: KindNote, Service: at.service, Instance: at.instance, Cause: l.causes.inHand[at], Text: why,
		Data: &Data{Service: &ServiceFact{State: "starting", Because: why}}})
}

// commitsAfter tells whether a service's commit follows its handler.
func (l *Lab) commitsAfter(service string) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.board.Settings.Services[service].Commit == "after"
}

// passed notes that a record which failed is not needed any more: what came
// meanwhile did what it asks for. Records that never were are passed in silence.
func (l *Lab) passed(at seat, m shop.Moment) {
	if m.Try == nil || m.Try.Attempt == 1 {
		return
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.recordLocked(l.entryWith(KindSkipped, m, l.causes.inHand[at], fmt.Sprintf("%s passes over %s: it is not needed any more", nameOf(at), what(m)), nil))
}

// dropped notes that a record goes back unhandled.
func (l *Lab) dropped(at seat, m shop.Moment) {
	l.mu.Lock()
	delete(l.parked[at], tp{m.Topic, m.Partition})
	l.mu.Unlock()
	l.gate.dropped(at, tp{m.Topic, m.Partition}, m.Offset)
}

// delivered holds the message until it may be handled.
func (l *Lab) delivered(ctx context.Context, at seat, m shop.Moment) error {
	produced := l.sighted(ctx, m.Record)
	l.mu.Lock()
	cause := produced
	if cause == 0 { // it is too old to be looked up
		cause = l.causes.group[GroupID(at.service)]
	}
	l.causes.takes(at, m, l.recordLocked(l.entryWith(KindDelivered, m, cause, nameOf(at)+" got "+what(m)+" from "+place(m), nil)))
	delete(l.parked[at], tp{m.Topic, m.Partition})
	l.mu.Unlock()
	t := l.gate.enter(at, tp{m.Topic, m.Partition}, m.Offset, produced)
	for {
		if err := l.gate.wait(ctx, t); err != nil {
			l.lostHold(t)
			return err
		}
		if !l.breaking.Load() || !l.stops(at, m, t) {
			return l.gate.fateOf(t)
		}
	}
}

// told writes the entry of a moment that needs no more than that.
func (l *Lab) told(ctx context.Context, at seat, m shop.Moment) {
	kind, text := Kind(m.Point), ""
	cause, called := l.causeOf(ctx, at)
	var data *Data // most moments carry no facts
	calls := callOf(m)
	if m.Change != nil || m.Money != nil || m.Stock != nil || m.Read != nil || m.Saga != nil || m.Stored != nil || m.Try != nil || calls != nil {
		data = &Data{Order: m.Change, Money: m.Money, Stock: m.Stock, Read: m.Read, Saga: m.Saga, Events: m.Stored, Try: m.Try, Call: calls}
	}
	who := nameOf(at)
	switch m.Point {
	case shop.Handling:
		text = who + " handles " + what(m)
	case shop.Skipped:
		text = fmt.Sprintf("%s skipped %s: its inbox has event %s already", who, what(m), short(m.EventID))
		if m.Call != nil {
			text = fmt.Sprintf("%s answered %s as before: it knows the key of the call", who, what(m))
		}
	case shop.Written:
		text = writtenText(who, m)
		if m.Saga != nil {
			kind, text = KindSaga, sagaText(m)
		}
	case shop.Charged:
		kind, text = KindWritten, moneyText(m.Money)
		if m.Money.Refund && !m.Money.Repeated {
			kind = KindCompensated
		}
	case shop.Projected:
		text = fmt.Sprintf("the read model shows %s", m.Read.Status)
		data.Read = l.inLabTime(m.Read)
	case shop.Handled:
		text = who + " is done with " + what(m) + "; its offset is not saved yet"
		if m.Record == nil {
			text = fmt.Sprintf("%s answered %s", who, m.EventType)
		}
	case shop.Failed:
		text = fmt.Sprintf("%s failed at %s, try %s: %v", who, what(m), tries(m.Try), m.Err)
	case shop.Retrying:
		text = fmt.Sprintf("%s tries %s again in %d ms", who, what(m), m.Try.NextMS)
	case shop.DeadLettered:
		text = fmt.Sprintf("%s gave up %s after %d tries: %v", who, what(m), m.Try.Attempt, m.Err)
		// The letter's own place is on its produced entry; this one is about
		// the record that was given up.
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if m.Call != nil && !called {
		cause, called = l.causeOfCall(ctx, at, m), true
	}
	if s := l.board.Sagas[m.Order]; m.Saga != nil && m.Record == nil && s != nil {
		cause, called = s.Seq, true // silence came of the change before
	}
	if refused := l.causes.declined[m.Order]; refused > 0 && m.Point == shop.Charged && m.Money.Declined {
		delete(l.causes.declined, m.Order)
		cause = refused
	}
	seq := l.recordLocked(l.entryWith(kind, m, cause, text, data))
	if m.Call != nil {
		l.heardOfCall(ctx, at, m, seq)
	}
	if !called { // a call is answered beside the message that the seat has in hand
		l.causes.takes(at, m, seq)
	}
	for _, id := range m.Outgoing {
		l.ledger.expect(id, origin{seq, m.Service})
	}
	switch m.Point {
	case shop.Failed:
		if m.Record != nil {
			l.gate.leave(at)
		}
	case shop.Retrying:
		if s := l.seatOf(at); s == nil || s.State == "crashed" || s.State == "stopped" {
			break // nobody is going to try again
		}
		if l.parked[at] == nil {
			l.parked[at] = map[tp]bool{}
		}
		l.parked[at][tp{m.Topic, m.Partition}] = true
	}
}

// published writes an acknowledged record. Without an ack there is no offset:
// then only a look at the cluster tells.
func (l *Lab) published(at seat, m shop.Moment) {
	rec := m.Record
	if rec.Offset < 0 {
		l.askToLook()
		return
	}
	l.mu.Lock()
	cause := l.causes.inHand[at]
	l.mu.Unlock()
	l.acked(rec, cause, m.Service)
}

// committed writes a commit that the group took.
func (l *Lab) committed(at seat, m shop.Moment) {
	l.mu.Lock()
	defer l.mu.Unlock()
	cause := l.ofCommit(at.service, tp{m.Topic, m.Partition}, m.Offset, l.causes.inHand[at])
	l.commitEntry(GroupID(at.service), m.Topic, m.Partition, m.Offset, at, cause)
	l.gate.committed(at, tp{m.Topic, m.Partition})
}

// commitEntry writes that a group's committed offset moved, if it did.
func (l *Lab) commitEntry(group, topic string, partition int32, offset int64, at seat, cause int64) {
	var was *int64
	if g := l.board.Groups[group]; g != nil {
		if o := g.Offsets[topic][partition]; o != nil && o.Committed == offset {
			return
		} else if o != nil && o.Committed >= 0 {
			was = ptr(o.Committed)
		}
	}
	l.ledger.version(group)
	text := group + " saved offset " + strconv.FormatInt(offset, 10) + " of " + topic + " p" + strconv.Itoa(int(partition))
	l.recordLocked(Entry{Kind: KindCommitted, Service: at.service, Instance: at.instance, Topic: topic, Partition: partition, Offset: offset,
		Cause: cause, Text: text, Data: &Data{Group: &GroupFact{ID: group, Committed: &offset, Was: was}}})
}

// reassigned notes partitions that came or went. The first assignment is what
// makes an instance run.
func (l *Lab) reassigned(at seat, m shop.Moment) {
	if m.Point == shop.Revoked {
		l.gate.revoked(at, m.Moved)
		if len(m.Moved) > 0 && l.alive(at) {
			l.mu.Lock()
			defer l.mu.Unlock()
			l.recordLocked(Entry{Kind: KindNote, Service: at.service, Instance: at.instance, Cause: l.causes.group[GroupID(at.service)],
				Text: fmt.Sprintf("%s gives back %s", nameOf(at), partitions(m.Moved))})
		}
		return
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	state := ""
	if s := l.seatOf(at); s != nil {
		state = s.State
	}
	text := fmt.Sprintf("%s reads %s", nameOf(at), partitions(m.Moved))
	if state != "starting" {
		if len(m.Moved) > 0 {
			l.recordLocked(Entry{Kind: KindNote, Service: at.service, Instance: at.instance, Cause: l.causes.group[GroupID(at.service)], Text: text})
		}
		return
	}
	l.recordLocked(Entry{Kind: KindRestarted, Service: at.service, Instance: at.instance, Cause: l.causes.inHand[at],
		Text: nameOf(at) + " runs", Data: &Data{Service: &ServiceFact{State: "running"}}})
	if !l.gate.open(at) && l.gate.pausedSeat(at) {
		l.recordLocked(Entry{Kind: KindFault, Service: at.service, Instance: at.instance, Cause: l.causes.inHand[at],
			Text: nameOf(at) + " is paused", Data: &Data{Service: &ServiceFact{State: "paused", Because: nameOf(at) + " is paused because you paused it"}}})
	}
}

// alive tells whether an instance is not down: one that is gives nothing back,
// it loses it.
func (l *Lab) alive(at seat) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	s := l.seatOf(at)
	return s != nil && s.State != "crashed" && s.State != "stopped"
}

func (l *Lab) seatOf(at seat) *Seat {
	svc := l.board.Services[at.service]
	if svc == nil {
		return nil
	}
	for _, s := range svc.Seats {
		if s.Instance == at.instance {
			return s
		}
	}
	return nil
}

func (l *Lab) entryWith(kind Kind, m shop.Moment, cause int64, text string, data *Data) Entry {
	e := Entry{Kind: kind, Service: m.Service, Instance: m.Instance, Order: m.Order, EventType: m.EventType, EventID: m.EventID, Cause: cause, Text: text, Data: data}
	if m.Record != nil {
		e.Topic, e.Partition, e.Offset = m.Record.Topic, m.Record.Partition, m.Record.Offset
	}
	return e
}

type causeKey struct{}

// withCause makes ctx carry the entry that led to what is done in it.
func withCause(ctx context.Context, seq int64) context.Context {
	return context.WithValue(ctx, causeKey{}, seq)
}

// causeOf is the newest entry about what a seat has in hand, or the action
// that a call came from; called tells them apart.
func (l *Lab) causeOf(ctx context.Context, at seat) (seq int64, called bool) {
	if seq, called = ctx.Value(causeKey{}).(int64); called {
		return seq, true
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.causes.inHand[at], false
}

// errInjected is the error of a handler that a fault made fail.
var errInjected = errors.New("made to fail")

func nameOf(at seat) string { return at.service + "-" + strconv.Itoa(at.instance) }

func what(m shop.Moment) string {
	if m.Saga != nil && m.Record == nil {
		return "the deadline of " + m.Order
	}
	name := m.EventType
	if name == "" {
		name = "a record that is no event"
	}
	if m.Order != "" {
		name += " of " + m.Order
	}
	return name
}

func place(m shop.Moment) string {
	return placeText(m.Record.Topic, m.Record.Partition, m.Record.Offset)
}

// placeText names a place in the log. It is written for every record, so it
// goes without formatting.
func placeText(topic string, partition int32, offset int64) string {
	return topic + " p" + strconv.Itoa(int(partition)) + " #" + strconv.FormatInt(offset, 10)
}

func short(id string) string {
	if len(id) > 8 {
		return id[:8]
	}
	return id
}

func tries(t *shop.Try) string {
	if t == nil {
		return "1"
	}
	if t.Of == 0 {
		return fmt.Sprint(t.Attempt)
	}
	return fmt.Sprintf("%d of %d", t.Attempt, t.Of)
}

func writtenText(who string, m shop.Moment) string {
	switch c := m.Change; {
	case c != nil && c.Notified:
		return who + " sent the customer a message"
	case c != nil && c.Status != "" && c.Reason != "":
		return fmt.Sprintf("order %s is %s: %s", m.Order, c.Status, c.Reason)
	case c != nil && c.Status != "":
		return fmt.Sprintf("order %s is %s, version %d", m.Order, c.Status, c.Version)
	case m.Stock != nil && m.Stock.Released:
		return "the pieces of " + m.Order + " are back on the shelf"
	case m.Stock != nil && m.Stock.Reserved:
		return "the pieces of " + m.Order + " are reserved"
	}
	return fmt.Sprintf("%s wrote to its database about %s", who, m.Order)
}

func moneyText(m *shop.MoneyFact) string {
	amount := shop.Money(m.Amount)
	switch {
	case m.Declined:
		return fmt.Sprintf("the gateway refused %s: %s", amount, m.Reason)
	case m.Repeated:
		return fmt.Sprintf("the gateway knew the key of %s and moved no money", m.PaymentID)
	case m.Refund:
		return fmt.Sprintf("the gateway gave back %s (%s)", amount, m.PaymentID)
	}
	return fmt.Sprintf("the gateway charged %s (%s)", amount, m.PaymentID)
}

func partitions(moved map[string][]int32) string {
	if len(moved) == 0 {
		return "no partition"
	}
	var parts []string
	for _, topic := range TopicNames() {
		if ps := moved[topic]; len(ps) > 0 {
			parts = append(parts, fmt.Sprintf("%s %s", topic, list(ps)))
		}
	}
	return strings.Join(parts, ", ")
}

func list(ps []int32) string {
	var out []string
	for _, p := range ps {
		out = append(out, fmt.Sprintf("p%d", p))
	}
	return strings.Join(out, " ")
}
