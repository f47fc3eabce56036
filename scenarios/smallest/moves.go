package smallest

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"

	"eddy/lab"
)

// Phase is when a move of a plan is made.
type Phase int

// The phases of a plan. Between the orders and what comes after them, and after
// each move from then on, the lab comes to rest as far as it can.
const (
	Before Phase = iota // faults are armed, services are taken away
	Order               // orders are placed
	During              // while they are under way
	After               // once they are through, or stuck
	Repair              // everything is put right
)

// Move is one action of a plan.
type Move struct {
	Phase  Phase           `json:"phase"`
	Action json.RawMessage `json:"action"`
}

// Plan is one try: moves in the order of their phases.
type Plan []Move

// String is the plan in one line.
func (p Plan) String() string {
	var parts []string
	for _, m := range p {
		parts = append(parts, string(m.Action))
	}
	return strings.Join(parts, " ")
}

// atom is a fault with what puts it right where heal does not.
type atom struct {
	moves    []Move
	services []string // whom it strikes
}

// Passive are the actions that are no faults: they place, repair, look, or stop
// time. A search is about the settings that it was given, so it sets none. An
// event that somebody makes up is a new fact and no fault, so none is published.
var Passive = []string{
	"place_order", "burst", "publish", "resume", "heal", "mend", "discard", "set", "freeze", "thaw", "step", "speed", "break_on", "unbreak", "held",
	"experiment", "wait", "wait_until", "expect", "note",
}

// atoms are the faults of the registry around an order A.
func atoms(s lab.Settings) (all []atom) {
	services := lab.ServiceNames
	if s.Saga != "orchestration" {
		services = slices.DeleteFunc(slices.Clone(services), func(name string) bool { return name == "orchestrator" })
	}
	add := func(phase Phase, about []string, name string, args map[string]any) {
		all = append(all, atom{[]Move{{phase, action(name, args)}}, about})
	}
	each := func(do func(service string, about []string)) {
		for _, name := range services {
			do(name, []string{name})
		}
	}
	topics := lab.BusinessTopics
	for _, spec := range lab.ActionSpecs() {
		name := spec.Name
		switch name {
		case "crash":
			for _, at := range []string{"after_handle", "after_write", "before_handle", "now"} {
				each(func(svc string, about []string) { add(Before, about, name, map[string]any{"service": svc, "at": at}) })
			}
			add(Before, []string{"order"}, name, map[string]any{"service": "order", "at": "after_write", "on": "PlaceOrder"})
		case "restart":
			each(func(svc string, about []string) { add(During, about, name, map[string]any{"service": svc}) })
		case "pause":
			each(func(svc string, about []string) { add(Before, about, name, map[string]any{"service": svc}) })
		case "slow":
			each(func(svc string, about []string) {
				add(Before, about, name, map[string]any{"service": svc, "by": "4s"})
			})
		case "fail":
			each(func(svc string, about []string) {
				add(Before, about, name, map[string]any{"service": svc, "times": 1})
				add(Before, about, name, map[string]any{"service": svc, "times": 6})
				add(Before, about, name, map[string]any{"service": svc, "times": 1, "kind": "permanent"})
			})
		case "decline":
			add(Before, []string{"payment"}, name, map[string]any{"times": 1})
			add(Before, []string{"inventory"}, name, map[string]any{"stock_out": "mouse"})
		case "scale":
			each(func(svc string, about []string) {
				all = append(all, atom{[]Move{
					{Before, action(name, map[string]any{"service": svc, "instances": 0})},
					{After, action(name, map[string]any{"service": svc, "instances": max(1, s.Services[svc].Instances)})},
				}, about})
				add(During, about, name, map[string]any{"service": svc, "instances": 3})
			})
		case "cut":
			each(func(svc string, about []string) {
				add(Before, about, name, map[string]any{"service": svc, "from": "kafka"})
				add(Before, about, name, map[string]any{"service": svc, "from": "database"})
			})
		case "broker":
			for id := range s.Brokers {
				add(During, nil, name, map[string]any{"id": id, "state": "down"})
			}
		case "move_leader":
			for _, topic := range topics {
				add(During, nil, name, map[string]any{"topic": topic, "partition": 0, "to": 1})
			}
		case "lose_ack":
			for i, topic := range topics {
				add(Before, []string{lab.ServiceNames[min(i, 3)]}, name, map[string]any{"topic": topic, "times": 1})
			}
		case "duplicate":
			for _, event := range []string{"OrderCreated", "PaymentCompleted", "StockReserved", "OrderCompleted", "NotificationSent"} {
				add(After, readers(event), name, map[string]any{"event": event, "order": "A"})
			}
		case "rewind":
			each(func(svc string, about []string) {
				add(After, about, name, map[string]any{"group": lab.GroupID(svc), "to": "earliest"})
			})
		case "redrive":
			for _, topic := range topics {
				add(After, nil, name, map[string]any{"topic": topic + ".dlq", "all": true})
			}
		case "cancel_order", "amend_order":
			args := map[string]any{"order": "A"}
			if name == "amend_order" {
				args["address"] = "1 Quay Street"
			}
			add(During, []string{"order"}, name, args)
		case "rebuild":
			add(After, []string{"projector"}, name, map[string]any{"projection": "orders"})
		case "add_partitions":
			for _, topic := range topics {
				add(During, nil, name, map[string]any{"topic": topic, "to": 6})
			}
		}
	}
	return all
}

// readers are the services that act on an event.
func readers(event string) []string {
	return map[string][]string{
		"OrderCreated": {"payment"}, "PaymentCompleted": {"inventory", "order"}, "PaymentFailed": {"order"}, "StockReserved": {"order", "notification"},
		"StockReservationFailed": {"payment"}, "OrderCancelled": {"payment"}, "PaymentRefunded": {"order", "inventory"}, "OrderCompleted": {"projector"}, "NotificationSent": {"projector"},
	}[event]
}

// keepers are the services on which a promise rests most: what strikes them is
// tried first.
var keepers = map[string][]string{
	"no-double-charge": {"payment"}, "no-oversell": {"inventory"}, "no-paid-cancelled": {"payment", "order"}, "every-order-ends": {"order", "payment", "inventory"},
	"nothing-lost": {"order"}, "per-key-order": {"projector", "payment"}, "per-user-order": {"projector", "payment"}, "read-model-agrees": {"projector"},
}

func action(name string, args map[string]any) json.RawMessage {
	raw, err := json.Marshal(map[string]any{name: args})
	if err != nil {
		panic(fmt.Sprintf("a move is made of plain values: %v", err))
	}
	return raw
}

// around puts faults around so many orders of one user.
func around(orders int, faults ...atom) (p Plan) {
	for i := range orders {
		p = append(p, Move{Order, action("place_order", map[string]any{"as": string(rune('A' + i)), "user": "user-1", "items": []any{map[string]any{"sku": "mouse", "qty": 1}}})})
	}
	for _, f := range faults {
		p = append(p, f.moves...)
	}
	if len(faults) > 0 {
		p = append(p, Move{Repair, action("heal", map[string]any{"service": "all"})})
	}
	slices.SortStableFunc(p, func(a, b Move) int { return int(a.Phase - b.Phase) })
	return p
}

// Faults names the actions that are tried, as often as they are.
func Faults(s lab.Settings) (names []string) {
	for _, f := range atoms(s) {
		a, err := lab.DecodeAction(f.moves[0].Action)
		if err != nil {
			panic(fmt.Sprintf("smallest: %s: %v", f.moves[0].Action, err))
		}
		names = append(names, a.Name)
	}
	return names
}

// levels are what is tried: nothing but orders and every single fault around one
// order, the same around two, and then several faults at once, up to n plans in
// all. Faults stand in the order of the registry, those first that strike where
// the promise is kept. The seed chooses what is tried at once.
func levels(s lab.Settings, invariant string, seed uint64, n int) (all [3][]Plan) {
	faults := atoms(s)
	far := func(a atom) int {
		for i, keeper := range keepers[invariant] {
			if slices.Contains(a.services, keeper) {
				return i
			}
		}
		return 9
	}
	slices.SortStableFunc(faults, func(a, b atom) int { return far(a) - far(b) })
	add := func(level int, p Plan) {
		if n > 0 {
			all[level] = append(all[level], p)
			n--
		}
	}
	for orders := 1; orders <= 2; orders++ {
		add(orders-1, around(orders))
		for _, f := range faults {
			add(orders-1, around(orders, f))
		}
	}
	dice := rand.New(rand.NewPCG(seed, 0x5ea7))
	for k, left := 0, n; k < left; k++ {
		var chosen []atom
		for range 2 + 3*k/left { // two for long, then three and four
			chosen = append(chosen, faults[dice.IntN(len(faults))])
		}
		add(2, around(1+k%2, chosen...))
	}
	return all
}
