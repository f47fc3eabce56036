package shop_test

import (
	"testing"

	"eddy/lab/shop"

	"github.com/stretchr/testify/assert"
)

// The gateway keeps its own ledger: only a key keeps it from charging twice.
func TestTheGatewayChargesOnceForAKey(t *testing.T) {
	var g shop.Gateway
	first := g.Charge("order-1", 2500, "card", "charge/e-1")
	again := g.Charge("order-1", 2500, "card", "charge/e-1")
	assert.False(t, first.Repeated)
	assert.True(t, again.Repeated)
	assert.Equal(t, first.PaymentID, again.PaymentID)
	assert.NotEqual(t, first.PaymentID, g.Charge("order-1", 2500, "card", "").PaymentID)
	assert.NotEqual(t, g.Charge("order-1", 2500, "card", "").PaymentID, g.Charge("order-1", 2500, "card", "").PaymentID)

	back := g.Refund(first.PaymentID, "order-1", 2500, "refund/"+first.PaymentID)
	assert.True(t, back.Refund)
	assert.True(t, g.Refund(first.PaymentID, "order-1", 2500, "refund/"+first.PaymentID).Repeated)
}

func TestTheGatewayRemembersThatItSaidNo(t *testing.T) {
	refuse := true
	g := shop.Gateway{Decline: func(string) string {
		if refuse {
			return "not today"
		}
		return ""
	}}
	assert.Equal(t, "not today", g.Charge("o", 1, "card", "k").Declined)
	refuse = false
	assert.Equal(t, "not today", g.Charge("o", 1, "card", "k").Declined, "the same call has the same answer")
	assert.Empty(t, g.Charge("o", 1, "card", "other").Declined)
	assert.NotEmpty(t, g.Charge("o", 1, "declined-card", "third").Declined)
}
