package shop

import (
	"cmp"
	"context"
	"errors"
	"fmt"

	"eddy/lab/pattern"
)

// OrderAmended is an event of the order's stream that corrects its address. It
// concerns nobody but the order service, so it is on no topic.
const OrderAmended = "OrderAmended"

// AmendOrder is the event type under which faults know the command.
const AmendOrder = "AmendOrder"

// fold sets the state of an order: from its newest snapshot, and from what its
// stream has since.
func (tx *Tx) fold(ctx context.Context, o *order) error {
	start, err := pattern.NewestSnapshot(ctx, tx.Tx, string(o.data.OrderID))
	if err != nil {
		return err
	}
	if o.state, _, err = pattern.FoldOn(ctx, tx.Tx, start); err != nil {
		return err
	}
	o.status, o.version = o.state.Status, o.state.Version
	return nil
}

// event makes an event of an order's stream. It says what happened, and not
// again what the events before it say.
func (tx *Tx) event(o order, typ, reason string) pattern.Event {
	var says pattern.OrderFacts
	switch typ {
	case "OrderPaid": // where the message does not say how, as ordered
		says.PaymentID, says.Method, says.Amount = tx.said.PaymentID, cmp.Or(tx.said.Method, o.data.Method), cmp.Or(tx.said.Amount, o.data.TotalAmount)
	case "OrderReserved":
		says.Items = lines(o.data.Items)
	case OrderCancelled:
		says.Reason = reason
	}
	return o.state.Event(typ, says)
}

// createdEvent is the first event of an order's stream.
func createdEvent(d EventData) pattern.Event {
	return pattern.Order{}.Event(OrderCreated, pattern.OrderFacts{
		User: string(d.UserID), Items: lines(d.Items), Total: d.TotalAmount, Currency: d.Currency, Method: d.Method,
	})
}

func lines(items []Item) []pattern.Line {
	list := make([]pattern.Line, len(items))
	for i, it := range items {
		list[i] = pattern.Line(it)
	}
	return list
}

// save appends events to the stream that o was folded from, and brings the row
// up to date: it is the service's own projection of the stream. It returns the
// state after the events.
func (tx *Tx) save(ctx context.Context, o order, events ...pattern.Event) (s pattern.Order, err error) {
	id := string(o.data.OrderID)
	if err := tx.append(ctx, id, o.version, events...); err != nil {
		return s, err
	}
	if o.state.Version == 0 { // adopted just now
		s, _, err = pattern.FoldOn(ctx, tx.Tx, pattern.Order{ID: id})
	} else {
		s, err = o.state.After(events)
	}
	if err != nil {
		return s, err
	}
	_, err = tx.ExecContext(ctx, `UPDATE orders SET status = ?, reason = ?, address = ?, version = ? WHERE order_id = ?`, s.Status, s.Reason, s.Address, s.Version, id)
	if err != nil {
		return s, fmt.Errorf("write the row of order %s: %w", id, err)
	}
	change := tx.moment.Change
	if change == nil || !o.fresh {
		change = &OrderFact{}
		tx.moment.Change = change
	}
	change.Status, change.Reason, change.Address, change.Version = s.Status, s.Reason, s.Address, s.Version
	return s, tx.snapshot(ctx, s, len(events))
}

// append writes events to the event store, at the version that was seen.
func (tx *Tx) append(ctx context.Context, id string, version int, events ...pattern.Event) error {
	for i := range events {
		events[i].ID, events[i].At = tx.m.env.NewID(), tx.m.env.Clock.Now()
	}
	if err := pattern.Append(ctx, tx.Tx, id, version, events...); err != nil {
		return err
	}
	for _, e := range events {
		stored := StoredEvent{Seq: e.Seq, ID: e.ID, Type: e.Type, Data: e.Data, Timestamp: e.At.UnixMilli(), Version: e.Version, SchemaVersion: e.SchemaVersion}
		if len(e.Data) > storedDataMax {
			stored.Data, stored.Cut = nil, len(e.Data)
		}
		tx.moment.Stored = append(tx.moment.Stored, stored)
	}
	return nil
}

// snapshot writes the state down where the last events passed a version that is
// due for it.
func (tx *Tx) snapshot(ctx context.Context, state pattern.Order, events int) error {
	if tx.m.env.SnapshotEvery == nil {
		return nil
	}
	every := tx.m.env.SnapshotEvery()
	if every == 0 || state.Version/every == (state.Version-events)/every {
		return nil
	}
	tx.moment.Stored[len(tx.moment.Stored)-1].Snapshot = true
	return pattern.SaveSnapshot(ctx, tx.Tx, state)
}

// Stale is the error of a command whose caller has seen an older version. It is
// an ErrConflict; its text goes on after the name of the order.
type Stale struct{ Seen, Found int }

func (s *Stale) Error() string { return fmt.Sprintf("is at version %d, not %d", s.Found, s.Seen) }

// Is makes a Stale an ErrConflict.
func (s *Stale) Is(target error) bool { return target == ErrConflict }

// Amend corrects the address of an order that is not CANCELLED. With seen other
// than 0 it is appended at that version, and refused by the event store where
// somebody else was faster. Accepted is called as Cancel does.
func (o *Orders) Amend(ctx context.Context, id, address string, seen int, accepted func() context.Context) (answer, reason string, err error) {
	m, err := o.anyMember()
	if err != nil {
		accepted()
		return Unavailable, "the order service does not run", nil
	}
	defer m.relays.Done()
	settings := m.Settings()
	tx := &Tx{m: m, saga: id, moment: Moment{Point: Written, EventType: AmendOrder, Order: id}}
	told := ctx
	err = m.write(ctx, tx, settings, func(ctx context.Context) error {
		order, err := tx.order(ctx, id)
		if err != nil {
			return err
		}
		events, err := order.state.Amend(address)
		if err != nil {
			return fmt.Errorf("%w: %w", ErrConflict, err)
		}
		is := order.version
		order.version = cmp.Or(seen, is)
		_, err = tx.save(ctx, order, events...)
		if errors.Is(err, pattern.ErrConflict) {
			return &Stale{Seen: seen, Found: is}
		}
		if err == nil {
			told = accepted()
		}
		return err
	})
	if errors.Is(err, errNoDatabase) {
		accepted()
		return Unavailable, err.Error(), nil
	}
	if err != nil {
		return "", "", err
	}
	return m.answer(told, tx, settings)
}
