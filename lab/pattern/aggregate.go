package pattern

import (
	"context"
	"encoding/json"
	"fmt"
)

// Order is an aggregate: what belongs together and is decided on together. It
// is event-sourced: it is nothing but the fold of its events.
//
// Problem: a row says what is true now. How it came about, and what was true
// before, is overwritten by every UPDATE.
//
// Guarantee: Apply is the only thing that changes an Order. A command looks at
// the state and returns events, which are appended at the version that it has
// seen (see Append). So the state of any version can be had again, and every
// value in it can name the event that set it.
//
// Cost: to decide, fold the stream: see Snapshot. A mistake stays in the stream
// for ever; what corrects it is one more event.
//
// Not covered: rules across orders, like stock. And what others are to be told:
// an event of the stream is no message, see Outbox.
type Order struct {
	ID        string `json:"id"`
	User      string `json:"user,omitempty"`
	Items     []Line `json:"items,omitempty"`
	Total     int64  `json:"total"` // minor units
	Currency  string `json:"currency,omitempty"`
	Method    string `json:"method,omitempty"`
	Address   string `json:"address,omitempty"`
	Status    string `json:"status"`
	PaymentID string `json:"payment_id,omitempty"`
	Charged   int64  `json:"charged"` // minor units
	Reserved  []Line `json:"reserved,omitempty"`
	Reason    string `json:"reason,omitempty"`
	Version   int    `json:"version"`
}

// Line is one product of an order. Price is in minor units, for one piece.
type Line struct {
	SKU   string `json:"sku"`
	Name  string `json:"name,omitempty"`
	Qty   int    `json:"qty"`
	Price int64  `json:"price,omitempty"`
}

// OrderFacts is the data of an order's events. An event says only what happened,
// so each type uses a few of these.
type OrderFacts struct {
	User      string `json:"user_id,omitempty"`
	Items     []Line `json:"items,omitempty"`
	Total     int64  `json:"total_amount,omitempty"`
	Currency  string `json:"currency,omitempty"`
	Method    string `json:"method,omitempty"`
	PaymentID string `json:"payment_id,omitempty"`
	Amount    int64  `json:"amount,omitempty"`
	Address   string `json:"address,omitempty"`
	Reason    string `json:"reason,omitempty"`
}

// Apply takes one event into the state. It decides nothing: what is in the
// stream has happened. A type that it does not know only counts as a version.
func (o *Order) Apply(e Event) error {
	var said OrderFacts
	if err := json.Unmarshal(e.Data, &said); err != nil {
		return fmt.Errorf("read %s, version %d of %s: %w", e.Type, e.Version, e.AggregateID, err)
	}
	switch e.Type {
	case "OrderCreated":
		o.ID, o.Status, o.User, o.Method = e.AggregateID, "CREATED", said.User, said.Method
		o.Items, o.Total, o.Currency = said.Items, said.Total, said.Currency
	case "OrderPaid":
		o.Status, o.PaymentID, o.Charged = "PAID", said.PaymentID, said.Amount
	case "OrderReserved":
		o.Status, o.Reserved = "RESERVED", said.Items
	case "OrderAmended":
		o.Address = said.Address
	case "OrderCompleted":
		o.Status = "COMPLETED"
	case "OrderCancelled":
		o.Status, o.Reason = "CANCELLED", said.Reason
	}
	o.Version = e.Version
	return nil
}

// FromEvents is the order that the events make, in order of version. They go
// through the upcasters first: Apply knows the newest form only.
func FromEvents(events []Event) (Order, error) { return Order{}.After(events) }

// After is the order after more events.
func (o Order) After(events []Event) (Order, error) {
	for _, e := range events {
		newest, err := Upcasts.Event(e)
		if err != nil {
			return o, err
		}
		if err := o.Apply(newest); err != nil {
			return o, err
		}
	}
	return o, nil
}

// Cancel decides on a customer's wish to cancel. The error says why not, and
// goes on after the name of the order.
func (o Order) Cancel(reason string) ([]Event, error) {
	if o.Status != "CREATED" && o.Status != "PAID" {
		return nil, fmt.Errorf("is %s; only a CREATED or PAID order can be cancelled", o.Status)
	}
	return []Event{o.Event("OrderCancelled", OrderFacts{Reason: reason})}, nil
}

// Amend decides on a correction of the address. What was written stays written:
// the correction is a new event.
func (o Order) Amend(address string) ([]Event, error) {
	if o.Status == "CANCELLED" {
		return nil, fmt.Errorf("is CANCELLED: nothing is sent to any address")
	}
	return []Event{o.Event("OrderAmended", OrderFacts{Address: address})}, nil
}

// Event makes an event of the order, to be appended. Id and time are the
// caller's.
func (o Order) Event(eventType string, says OrderFacts) Event {
	data, err := json.Marshal(says)
	if err != nil {
		panic(fmt.Sprintf("facts are plain values: %v", err))
	}
	version := 1
	if eventType == "OrderCreated" && says.Currency != "" {
		version = 2 // see Upcasts
	}
	return Event{AggregateID: o.ID, Type: eventType, Data: data, SchemaVersion: version}
}

// FoldOn reads what came after start from the store, and returns the order as
// it is now and how many events that took. Start is where a fold may begin: an
// Order with nothing but its ID, or what a Snapshot holds.
func FoldOn(ctx context.Context, db DB, start Order) (o Order, read int, err error) {
	events, err := LoadAfter(ctx, db, start.ID, start.Version)
	if err != nil {
		return start, 0, err
	}
	o, err = start.After(events)
	return o, len(events), err
}
