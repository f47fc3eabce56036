package shop

import (
	"encoding/json"

	"eddy/lab/pattern"
)

// Schemas are the forms of the shop's events: for each type its versions, the
// oldest first. A test holds them against what the services write.
var Schemas = map[string][]pattern.Schema{
	OrderCreated: {
		about(field("method", "string")),
		about(field("method", "string"), needed("currency", "string", "USD")),
	},
	OrderCompleted:         {about(field("order_version", "integer"))},
	OrderCancelled:         {about(field("reason", "string"), field("order_version", "integer"))},
	PaymentCompleted:       {about(needed("payment_id", "string", nil), needed("method", "string", "card"), needed("amount", "integer", nil))},
	PaymentFailed:          {about(needed("payment_id", "string", nil), needed("method", "string", "card"), needed("amount", "integer", nil), needed("reason", "string", nil))},
	PaymentRefunded:        {about(needed("payment_id", "string", nil), needed("method", "string", "card"), needed("amount", "integer", nil), field("reason", "string"))},
	StockReserved:          {about(paidBy...)},
	StockReservationFailed: {about(append(paidBy, needed("reason", "string", nil))...)},
	StockReleased:          {about(append(paidBy, field("reason", "string"))...)},
	NotificationSent:       {about()},
}

// paidBy is what an event of the shelf may say of the payment that led to it.
var paidBy = []named{field("payment_id", "string"), field("method", "string"), field("amount", "integer")}

// named is a field with its name.
type named struct {
	name string
	pattern.Field
}

// about is the schema of an event's data: the four fields that every event
// carries, and its own.
func about(own ...named) pattern.Schema {
	s := pattern.Schema{
		"order_id": {Type: "string", Required: true}, "user_id": {Type: "string", Required: true},
		"items": {Type: "array", Required: true}, "total_amount": {Type: "integer", Required: true},
	}
	for _, f := range own {
		s[f.name] = f.Field
	}
	return s
}

// field may be missing.
func field(name, typ string) named { return named{name, pattern.Field{Type: typ}} }

// needed is a field that readers need; nil: there is no default.
func needed(name, typ string, standard any) named {
	f := pattern.Field{Type: typ, Required: true}
	if standard != nil {
		f.Default, _ = json.Marshal(standard) // a plain value
	}
	return named{name, f}
}
