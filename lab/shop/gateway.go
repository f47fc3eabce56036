package shop

import (
	"fmt"
	"sync"
)

// Gateway is the card company: outside the shop, with a ledger of its own that
// no rollback of ours reaches. It honours an idempotency key: the same key
// twice moves money once.
type Gateway struct {
	// Decline is asked before each charge; a reason refuses it.
	Decline func(order string) (reason string)

	mu     sync.Mutex
	ledger []Receipt
	byKey  map[string]int
	seq    int
}

// Receipt is one line of the ledger. Amounts are in minor units.
type Receipt struct {
	PaymentID string
	Order     string
	Amount    int64
	Refund    bool
	Declined  string // why not, "" when money moved
	Repeated  bool   // the key was known: this is the answer of then
}

// Charge takes money for an order. An empty key asks for no protection.
func (g *Gateway) Charge(order string, amount int64, method, key string) Receipt {
	g.mu.Lock()
	defer g.mu.Unlock()
	if i, ok := g.byKey[key]; key != "" && ok {
		again := g.ledger[i]
		again.Repeated = true
		return again
	}
	g.seq++
	r := Receipt{PaymentID: fmt.Sprintf("pay-%d", g.seq), Order: order, Amount: amount}
	switch {
	case method == "declined-card":
		r.Declined = "the card was declined"
	case g.Decline != nil:
		r.Declined = g.Decline(order)
	}
	g.note(r, key)
	return r
}

// Refund gives the money of a payment back, once per key.
func (g *Gateway) Refund(paymentID, order string, amount int64, key string) Receipt {
	g.mu.Lock()
	defer g.mu.Unlock()
	if i, ok := g.byKey[key]; key != "" && ok {
		again := g.ledger[i]
		again.Repeated = true
		return again
	}
	r := Receipt{PaymentID: paymentID, Order: order, Amount: amount, Refund: true}
	g.note(r, key)
	return r
}

func (g *Gateway) note(r Receipt, key string) {
	if key != "" {
		if g.byKey == nil {
			g.byKey = map[string]int{}
		}
		g.byKey[key] = len(g.ledger)
	}
	g.ledger = append(g.ledger, r)
}
