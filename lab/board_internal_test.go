package lab

import (
	"fmt"
	"testing"

	"eddy/lab/shop"

	"github.com/stretchr/testify/assert"
)

// Finished orders leave the board when there are too many; open ones stay, and
// the totals keep them all.
func TestTheBoardHoldsAThousandOrders(t *testing.T) {
	b := newBoard(DefaultSettings())
	seq := int64(0)
	apply := func(e Entry) {
		seq++
		e.Seq = seq
		b.foldOn(e)
	}
	for n := 1; n <= 1100; n++ {
		id := orderID(int64(n))
		apply(Entry{Kind: KindWritten, Order: id, Data: &Data{Order: &shop.OrderFact{
			Handle: fmt.Sprint("h", n), User: "user-1", Status: shop.Created, Version: 1, Source: "shop"}}})
		apply(Entry{Kind: KindProduced, Topic: "orders", Offset: int64(n - 1), Order: id, EventType: shop.OrderCreated, EventID: "e-" + id,
			Data: &Data{Record: &Record{EventType: shop.OrderCreated, EventID: "e-" + id, Order: id}}})
		if n != 1 {
			apply(Entry{Kind: KindWritten, Order: id, Data: &Data{Order: &shop.OrderFact{Status: shop.Completed, Version: 4}}})
		}
	}
	assert.Len(t, b.Orders, 1000)
	assert.Equal(t, Counts{Orders: 1100, Open: 1, Completed: 1099, Records: 1100}, b.Counts)
	assert.NotNil(t, b.find("h1"), "an open order stays")
	assert.Nil(t, b.find("h2"))
	assert.NotNil(t, b.find("h1100"))
	assert.Len(t, b.known, 1000, "what left the board is forgotten")
	assert.Len(t, b.Tapes["orders"][0].Records, tapeWindow)

	// What comes late about an order that left changes nothing.
	apply(Entry{Kind: KindWritten, Order: "order-2", Data: &Data{Order: &shop.OrderFact{Status: shop.Cancelled}}})
	assert.Equal(t, 1100, b.Counts.Orders)
	assert.Len(t, b.Orders, 1000)
}

func TestACopyOfTheBoardSharesNothing(t *testing.T) {
	b := newBoard(DefaultSettings())
	b.foldOn(Entry{Seq: 1, Kind: KindWritten, Order: "o", Data: &Data{Order: &shop.OrderFact{User: "u", Status: shop.Created, Source: "shop"}}})
	c := b.clone()
	money := Entry{Seq: 2, Kind: KindWritten, Order: "o", Data: &Data{Money: &shop.MoneyFact{PaymentID: "p", Amount: 5}}}
	c.foldOn(money)
	money.Seq = 3
	c.foldOn(money)
	assert.Equal(t, "holds", b.Invariants["no-double-charge"].State)
	assert.Zero(t, b.Orders["o"].Charges)
	assert.Len(t, c.hard["no-double-charge"], 1)
	assert.Empty(t, b.hard["no-double-charge"])
	assert.Empty(t, b.captures["o"])
}
