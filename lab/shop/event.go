package shop

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"

	"eddy/lab/pattern"

	"github.com/twmb/franz-go/pkg/kgo"
)

// Event types, in the past tense.
const (
	OrderCreated           = "OrderCreated"
	OrderCompleted         = "OrderCompleted"
	OrderCancelled         = "OrderCancelled"
	PaymentCompleted       = "PaymentCompleted"
	PaymentFailed          = "PaymentFailed"
	PaymentRefunded        = "PaymentRefunded"
	StockReserved          = "StockReserved"
	StockReservationFailed = "StockReservationFailed"
	StockReleased          = "StockReleased"
	NotificationSent       = "NotificationSent"
)

// TopicOf says on which topic an event type travels.
var TopicOf = map[string]string{
	OrderCreated: "orders", OrderCompleted: "orders", OrderCancelled: "orders",
	PaymentCompleted: "payments", PaymentFailed: "payments", PaymentRefunded: "payments",
	StockReserved: "inventory", StockReservationFailed: "inventory", StockReleased: "inventory",
	NotificationSent: "notifications",
}

// Command types, imperative.
const (
	ChargePayment    = "ChargePayment"
	RefundPayment    = "RefundPayment"
	ReserveStock     = "ReserveStock"
	ReleaseStock     = "ReleaseStock"
	SendNotification = "SendNotification"
	CompleteOrder    = "CompleteOrder"
	CancelOrder      = "CancelOrder"
)

// Commands are the message types of an orchestrated saga, and the topics they
// travel on. What a service answers to one is an event on Replies.
var Commands = map[string]string{
	ChargePayment: "payment-commands", RefundPayment: "payment-commands",
	ReserveStock: "inventory-commands", ReleaseStock: "inventory-commands",
	SendNotification: "notification-commands",
	CompleteOrder:    "order-commands", CancelOrder: "order-commands",
}

// Replies is the topic of the answers to commands.
const Replies = "saga-replies"

// Known tells whether a type is in the vocabulary. A service passes over known
// types that it does not need, and need not understand the rest of them.
func Known(eventType string) bool { return TopicOf[eventType] != "" || Commands[eventType] != "" }

// Event is one message of the shop, as its readers see it.
type Event struct {
	ID      string    `json:"event_id"`
	Type    string    `json:"event_type"`
	Version int       `json:"version"`
	At      time.Time `json:"timestamp"`
	Data    EventData `json:"data"`
}

// EventData is what happened. Every event carries the first four fields, so
// that a reader needs no look-up. Amounts are in minor units.
type EventData struct {
	OrderID     ID     `json:"order_id"`
	UserID      ID     `json:"user_id"`
	Items       []Item `json:"items"`
	TotalAmount int64  `json:"total_amount"`

	Method       string `json:"method,omitempty"`
	Currency     string `json:"currency,omitempty"`
	PaymentID    string `json:"payment_id,omitempty"`
	Amount       int64  `json:"amount,omitempty"`
	Reason       string `json:"reason,omitempty"`
	OrderVersion int    `json:"order_version,omitempty"` // of the order's stream
}

// ID is an identifier that producers write as text or as a number.
type ID string

// UnmarshalJSON reads "100" and 100 as the same id.
func (id *ID) UnmarshalJSON(data []byte) error {
	if plain, ok := plainText(data); ok {
		*id = ID(plain)
		return nil
	}
	var text string
	if err := json.Unmarshal(data, &text); err == nil {
		*id = ID(text)
		return nil
	}
	var number json.Number
	if err := json.Unmarshal(data, &number); err != nil {
		return fmt.Errorf("%s is neither text nor a number", data)
	}
	*id = ID(number.String())
	return nil
}

// plainText is what stands between the quotes of a JSON text of visible ASCII
// letters alone, as nearly every id is.
func plainText(data []byte) (text []byte, ok bool) {
	n := len(data)
	if n < 2 || data[0] != '"' || data[n-1] != '"' {
		return nil, false
	}
	text = data[1 : n-1]
	for _, b := range text {
		if b < ' ' || b > '~' || b == '\\' || b == '"' {
			return nil, false
		}
	}
	return text, true
}

// wireEvent is an event as strangers write it: a tolerant reader takes what it
// can understand and fills in what may be missing.
type wireEvent struct {
	ID        ID             `json:"event_id"`
	Type      string         `json:"event_type"`
	Version   *int           `json:"version"`
	Timestamp string         `json:"timestamp"`
	Data      *wireEventData `json:"data"`
}

type wireEventData struct {
	EventData
	Items       []wireItem   `json:"items"`
	PaymentID   ID           `json:"payment_id"`
	TotalAmount *json.Number `json:"total_amount"`
	Total       *json.Number `json:"total"`
	Amount      *json.Number `json:"amount"`
}

type wireItem struct {
	SKU   ID           `json:"sku"`
	Name  string       `json:"name"`
	Qty   *json.Number `json:"qty"`
	Price *json.Number `json:"price"`
}

// Decode reads a record's value. What it refuses can never be handled, so the
// error is permanent: the record belongs on the dead-letter topic at once.
func Decode(rec *kgo.Record) (Event, error) {
	if len(bytes.TrimSpace(rec.Value)) == 0 {
		return Event{}, pattern.Permanent(errors.New("the record is empty: an event is a JSON object"))
	}
	var w wireEvent
	if err := json.Unmarshal(rec.Value, &w); err != nil {
		return Event{}, pattern.Permanent(notAnEvent(err))
	}
	for _, id := range [...]struct{ what, text string }{{"event_type", w.Type}, {"event_id", string(w.ID)}, {"order_id", w.orderID()}, {"user_id", w.userID()}} {
		if len(id.text) > idMax { // it would stand in every sentence about it
			return Event{}, pattern.Permanent(fmt.Errorf("%s has %d bytes: at most %d", id.what, len(id.text), idMax))
		}
	}
	if !Known(w.Type) {
		return Event{Type: w.Type}, pattern.Permanent(fmt.Errorf("unknown event type %q", w.Type))
	}
	e, err := w.event(rec)
	if err != nil {
		return e, pattern.Permanent(fmt.Errorf("%s: %w", w.Type, err))
	}
	return e, nil
}

// idMax is the longest name that an event may carry.
const idMax = 200

func (w wireEvent) orderID() string {
	if w.Data == nil {
		return ""
	}
	return string(w.Data.OrderID)
}

func (w wireEvent) userID() string {
	if w.Data == nil {
		return ""
	}
	return string(w.Data.UserID)
}

// notAnEvent says what encoding/json means, for somebody who never saw Go.
func notAnEvent(err error) error {
	var typ *json.UnmarshalTypeError
	switch {
	case !errors.As(err, &typ):
		return fmt.Errorf("not JSON: %w", err)
	case typ.Field == "":
		return fmt.Errorf("an event is a JSON object, not %s", typ.Value)
	}
	field := strings.Replace(typ.Field, "EventData.", "", 1) // how Go names what is embedded
	return fmt.Errorf("%s cannot be a JSON %s", field, typ.Value)
}

func (w wireEvent) event(rec *kgo.Record) (Event, error) {
	e := Event{ID: string(w.ID), Type: w.Type, Version: 1, At: parseTime(w.Timestamp, rec.Timestamp)}
	if e.ID == "" {
		// The place in the log is an identity too: it never changes.
		e.ID = fmt.Sprintf("%s-%d-%d", rec.Topic, rec.Partition, rec.Offset)
	}
	if w.Version != nil {
		e.Version = *w.Version
	}
	if w.Data == nil {
		return e, errors.New("it has no data")
	}
	e.Data = w.Data.EventData
	e.Data.PaymentID, e.Data.Items = string(w.Data.PaymentID), []Item{} // a list, also where there is none
	if e.Data.OrderID == "" {
		return e, errors.New("data has no order_id")
	}
	if e.Data.Method == "" {
		e.Data.Method = "card"
	}
	if e.Type == OrderCreated && e.Version >= 2 && e.Data.Currency == "" {
		e.Data.Currency = "USD"
	}
	var sum int64
	for i, given := range w.Data.Items {
		item, err := given.item()
		if err != nil {
			return e, fmt.Errorf("item %d: %w", i+1, err)
		}
		if item.Price > amountMax/int64(item.Qty) || sum > amountMax-int64(item.Qty)*item.Price {
			return e, fmt.Errorf("item %d: the sum is out of range", i+1)
		}
		sum += int64(item.Qty) * item.Price
		e.Data.Items = append(e.Data.Items, item)
	}
	total := w.Data.TotalAmount
	if total == nil {
		total = w.Data.Total
	}
	var err error
	if e.Data.TotalAmount, err = amount(total, sum); err != nil {
		return e, fmt.Errorf("total_amount: %w", err)
	}
	if e.Data.Amount, err = amount(w.Data.Amount, 0); err != nil {
		return e, fmt.Errorf("amount: %w", err)
	}
	return e, nil
}

func (w wireItem) item() (Item, error) {
	item := Item{SKU: string(w.SKU), Name: w.Name, Qty: 1}
	if p, ok := Find(item.SKU, w.Name); ok {
		item = Item{SKU: p.SKU, Name: p.Name, Qty: 1, Price: p.Price}
	}
	qty, err := amount(w.Qty, 1)
	if err != nil {
		return item, fmt.Errorf("qty: %w", err)
	}
	if qty < 1 || qty > 1_000_000 {
		return item, fmt.Errorf("qty is %d: it is 1 or more", qty)
	}
	item.Qty = int(qty)
	if item.Price, err = amount(w.Price, item.Price); err != nil {
		return item, fmt.Errorf("price: %w", err)
	}
	return item, nil
}

// amountMax is the largest amount: what a double holds exactly, because some
// producers have no other numbers.
const amountMax = 1 << 52

// amount reads a whole number; fallback stands for one that is missing.
func amount(n *json.Number, fallback int64) (int64, error) {
	if n == nil {
		return fallback, nil
	}
	if v, err := n.Int64(); err == nil {
		if v < 0 || v > amountMax {
			return 0, fmt.Errorf("%s is out of range", *n)
		}
		return v, nil
	}
	f, err := n.Float64()
	if err != nil || f < 0 || f > amountMax || f != math.Trunc(f) {
		return 0, fmt.Errorf("%s is not a whole number of minor units", strconv.Quote(n.String()))
	}
	return int64(f), nil
}

// parseTime reads ISO 8601; a time without a zone is UTC, and where there is
// no readable time the broker's own stands.
func parseTime(text string, fallback time.Time) time.Time {
	for _, layout := range []string{time.RFC3339Nano, "2006-01-02T15:04:05.999999999", "2006-01-02 15:04:05.999999999", "2006-01-02"} {
		if t, err := time.Parse(layout, text); err == nil {
			return t
		}
	}
	return fallback
}
