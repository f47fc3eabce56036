package soak

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"time"

	"eddy/lab"
)

// Labs is how many labs a plan is about. They share a process and nothing else.
const Labs = 2

// Plan is everything that is done to its labs.
type Plan struct {
	Seed   uint64            `json:"seed"`
	Length time.Duration     `json:"length"` // virtual time until everything is healed, ns
	Labs   []json.RawMessage `json:"labs"`   // their settings
	Moves  []Move            `json:"moves"`  // in the order of their time
}

// Move is one action on one lab.
type Move struct {
	At     time.Duration   `json:"at"` // virtual time since the labs are open, ns
	Lab    int             `json:"lab"`
	Action json.RawMessage `json:"action"`
}

// pause is the mean time between two moves. Often nothing is done for long, so
// that sessions end and labs come to rest.
const pause = 1500 * time.Millisecond

// NewPlan makes a plan of a length from a seed.
func NewPlan(seed uint64, length time.Duration) Plan {
	r := picker{rand.New(rand.NewPCG(seed, 0x50a4))}
	p := Plan{Seed: seed, Length: length}
	for i := range Labs {
		p.Labs = append(p.Labs, r.settings(seed*Labs+uint64(i)))
	}
	var total int
	for _, m := range moves {
		total += m.weight
	}
	for at := time.Duration(0); ; {
		at += time.Duration(r.ExpFloat64() * float64(pause))
		if r.IntN(12) == 0 {
			at += time.Duration(r.IntN(10)) * time.Second
		}
		if at >= length {
			return p
		}
		n := r.IntN(total)
		for _, m := range moves {
			if n -= m.weight; n < 0 {
				p.Moves = append(p.Moves, Move{at, r.IntN(Labs), m.action(r)})
				break
			}
		}
	}
}

// picker picks what an action is about.
type picker struct{ *rand.Rand }

func one[T any](r picker, from ...T) T { return from[r.IntN(len(from))] }

// services are those that something is done to. The orchestrator's seat may be
// empty; then it is refused.
var services = lab.ServiceNames

func (r picker) service() string { return one(r, services...) }
func (r picker) topic() string   { return one(r, lab.TopicNames()...) }

// settings are those of a lab. Members share partitions eagerly: the Kafka
// client holds a commit on a mutex while a cooperative member joins, and virtual
// time stands still while somebody waits for a mutex.
func (r picker) settings(seed uint64) json.RawMessage {
	s := map[string]any{}
	for _, name := range services {
		s[name] = map[string]any{
			"balancer": "range", "instances": one(r, 1, 1, 1, 2, 3), "idempotent": r.IntN(3) > 0, "outbox": r.IntN(4) > 0,
			"commit": one(r, "after", "after", "after", "before", "auto"), "acks": one(r, "all", "all", "leader", "none"),
		}
	}
	return object("seed", seed, "saga", one(r, "choreography", "orchestration", "sync"), "slots", one(r, 1, 4, 4), "saga_timeout", one(r, "2s", "15s"), "work", one(r, "0s", "20ms", "200ms"), "key", one(r, "user", "order", "none"), "services", s)
}

// move is one kind of action, and how often it is made.
type move struct {
	name   string
	weight int
	args   func(r picker) json.RawMessage // nil: it has none
}

// moves are the actions that a plan is made of. Waiting is left to the plan's
// own times.
var moves = []move{
	{"place_order", 12, func(r picker) json.RawMessage {
		return object("user", fmt.Sprintf("user-%d", 1+r.IntN(20)), "method", one(r, "card", "card", "card", "declined-card"),
			"items", []map[string]any{{"sku": r.sku(), "qty": 1 + r.IntN(3)}})
	}},
	{"burst", 3, func(r picker) json.RawMessage {
		return object("orders", 1+r.IntN(20), "rate", one(r, 1, 5, 50), "users", 1+r.IntN(8), "sku", r.sku())
	}},
	{"cancel_order", 2, func(r picker) json.RawMessage { return object("order", r.order()) }},
	{"amend_order", 2, func(r picker) json.RawMessage {
		return object("order", r.order(), "address", fmt.Sprintf("%d Quay Street", 1+r.IntN(99)), "if_version", one(r, 0, 0, 1, 4))
	}},
	{"publish", 3, func(r picker) json.RawMessage {
		if r.IntN(2) == 0 {
			return object("topic", r.topic(), "key", "k", "value", one(r, "", "{", "null", `{"event_type":"Dance"}`, `{"event_type":"OrderCreated","data":{"order_id":7,"user_id":7,"items":[]}}`))
		}
		return object("event", one(r, "OrderCreated", "PaymentCompleted", "PaymentFailed", "StockReserved", "OrderCancelled", "PaymentRefunded",
			"ChargePayment", "RefundPayment", "ReserveStock", "ReleaseStock", "CompleteOrder", "CancelOrder"), "order", r.order())
	}},
	{"experiment", 1, func(r picker) json.RawMessage {
		return object("name", one(r, "transactions", "compaction", "share_group", "state_transfer"), "with", r.IntN(2) == 0)
	}},
	{"duplicate", 3, func(r picker) json.RawMessage {
		return object("topic", r.topic(), "partition", r.IntN(3), "offset", r.IntN(6))
	}},
	{"crash", 6, func(r picker) json.RawMessage {
		return object("service", r.service(), "at", one(r, "now", "before_handle", "after_handle", "after_write"))
	}},
	{"restart", 4, func(r picker) json.RawMessage { return object("service", r.service()) }},
	{"pause", 2, func(r picker) json.RawMessage { return object("service", r.service()) }},
	{"resume", 2, func(r picker) json.RawMessage { return object("service", r.service()) }},
	{"slow", 2, func(r picker) json.RawMessage {
		return object("service", r.service(), "by", one(r, "0s", "100ms", "3s"))
	}},
	{"fail", 4, func(r picker) json.RawMessage {
		if r.IntN(2) == 0 {
			return object("service", r.service(), "rate", 0.3, "kind", one(r, "transient", "permanent"))
		}
		return object("service", r.service(), "times", 1+r.IntN(6), "kind", one(r, "transient", "permanent"))
	}},
	{"decline", 2, func(r picker) json.RawMessage {
		if r.IntN(2) == 0 {
			return object("stock_out", r.sku())
		}
		return object("times", 1+r.IntN(3))
	}},
	{"heal", 4, func(r picker) json.RawMessage { return object("service", one(r, append(services, "all", "all")...)) }},
	{"scale", 3, func(r picker) json.RawMessage {
		return object("service", r.service(), "instances", one(r, 0, 1, 1, 2, 3, 4))
	}},
	{"set", 4, func(r picker) json.RawMessage {
		name, value := r.setting()
		if name == "key" || name == "saga" {
			return object(name, value)
		}
		return object("service", r.service(), name, value)
	}},
	{"broker", 3, func(r picker) json.RawMessage {
		if r.IntN(4) == 0 {
			return object("id", r.IntN(3), "slow", one(r, "0s", "50ms"))
		}
		return object("id", r.IntN(3), "state", one(r, "down", "up", "up"))
	}},
	{"move_leader", 2, func(r picker) json.RawMessage {
		return object("topic", r.topic(), "partition", r.IntN(3), "to", r.IntN(3))
	}},
	{"lose_ack", 2, func(r picker) json.RawMessage { return object("topic", r.topic(), "times", 1+r.IntN(2)) }},
	{"cut", 3, func(r picker) json.RawMessage {
		return object("service", r.service(), "from", one(r, "kafka", "kafka", "database"))
	}},
	{"mend", 3, func(r picker) json.RawMessage {
		return object("service", r.service(), "from", one(r, "kafka", "database"))
	}},
	{"rewind", 1, func(r picker) json.RawMessage {
		return object("group", lab.GroupID(r.service()), "topic", r.topic(), "to", one[any](r, "earliest", "latest", 1, "5s"))
	}},
	{"rebuild", 1, func(picker) json.RawMessage { return object("projection", "orders") }},
	{"redrive", 2, func(r picker) json.RawMessage { return object("topic", r.topic()+".dlq", "all", true) }},
	{"discard", 1, func(r picker) json.RawMessage { return object("topic", r.topic()+".dlq", "all", true) }},
	{"add_partitions", 1, func(r picker) json.RawMessage { return object("topic", r.topic(), "to", 3+r.IntN(3)) }},
	{"freeze", 3, nil},
	{"thaw", 5, nil},
	{"step", 3, func(r picker) json.RawMessage { return object("events", 1+r.IntN(3)) }},
	{"speed", 1, func(r picker) json.RawMessage { return object("factor", one(r, 0.5, 1, 1, 4)) }},
	{"break_on", 2, func(r picker) json.RawMessage {
		return object("service", r.service(), "event", one(r, "OrderCreated", "PaymentCompleted", "StockReserved", "ChargePayment"))
	}},
	{"unbreak", 2, nil},
	{"held", 2, func(r picker) json.RawMessage { return object("do", one(r, "go", "go", "drop", "duplicate")) }},
	{"note", 1, func(picker) json.RawMessage { return object("text", "a note") }},
}

// setting is one of those that heal by themselves: what blocks a partition for
// ever, as a poison message without dead letters does, is no fault.
func (r picker) setting() (name string, value any) {
	switch r.IntN(9) {
	case 0:
		return "idempotent", r.IntN(2) == 0
	case 1:
		return "commit", one(r, "after", "before", "auto")
	case 2:
		return "outbox", r.IntN(2) == 0
	case 3:
		return "acks", one(r, "all", "leader", "none")
	case 4:
		return "retries", r.IntN(5)
	case 5:
		return "schema_version", 1 + r.IntN(2)
	case 6:
		return "balancer", one(r, "range", "roundrobin")
	case 7:
		return "saga", one(r, "choreography", "orchestration", "sync")
	}
	return "key", one(r, "user", "order", "none")
}

func (r picker) sku() string   { return one(r, "mouse", "mouse", "keyboard", "monitor", "cable") }
func (r picker) order() string { return fmt.Sprintf("o-%d", 1+r.IntN(12)) }

// action writes a move's action.
func (m *move) action(r picker) json.RawMessage {
	if m.args == nil {
		return object(m.name, struct{}{})
	}
	return object(m.name, m.args(r))
}

// object writes a JSON object from names and values in turn.
func object(pairs ...any) json.RawMessage {
	m := map[string]any{}
	for i := 0; i < len(pairs); i += 2 {
		m[pairs[i].(string)] = pairs[i+1]
	}
	raw, err := json.Marshal(m)
	if err != nil {
		panic(fmt.Sprintf("a move is made of plain values: %v", err))
	}
	return raw
}
