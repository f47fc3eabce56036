package lab

import (
	"fmt"
	"testing"

	"eddy/lab/shop"

	"github.com/stretchr/testify/assert"
)

// folding is a board and the entries that made it.
type folding struct {
	*Board
	seq int64
}

func newFolding() *folding { return &folding{Board: newBoard(DefaultSettings())} }

func (f *folding) add(entries ...Entry) {
	for _, e := range entries {
		f.seq++
		e.Seq, e.At = f.seq, f.seq
		f.Apply(e)
	}
}

func (f *folding) seat(service string, instance int, state, because string) {
	f.add(Entry{Kind: KindNote, Service: service, Instance: instance, Data: &Data{Service: &ServiceFact{State: state, Because: because}}})
}

func (f *folding) order(id, user string) {
	f.add(Entry{Kind: KindWritten, Service: "order", Instance: 1, Order: id,
		Data: &Data{Order: &shop.OrderFact{Handle: "H" + id, User: user, Source: "shop", Status: shop.Created, Version: 1}}})
}

func (f *folding) produced(topic string, offset int64, eventType, id, order string) {
	f.add(Entry{Kind: KindProduced, Topic: topic, Offset: offset, EventType: eventType, EventID: id, Order: order,
		Data: &Data{Record: &Record{EventType: eventType, EventID: id, Order: order}}})
}

// One instance of three that is down delays nobody: the others take over.
func TestAnOrderWaitsOnlyForAServiceThatDoesNothing(t *testing.T) {
	b := newFolding()
	b.seat("payment", 1, "running", "")
	b.seat("payment", 2, "running", "")
	b.order("o-1", "user-1")
	b.produced("orders", 0, shop.OrderCreated, "e1", "o-1")
	b.seat("payment", 1, "crashed", "you crashed it")
	assert.Equal(t, "", b.Orders["o-1"].Waiting)
	assert.Equal(t, "crashed", b.Services["payment"].State, "the worst seat names the state")
	b.seat("payment", 2, "crashed", "you crashed it too")
	assert.Equal(t, "waits for payment, because you crashed it", b.Orders["o-1"].Waiting)
	b.seat("payment", 2, "running", "")
	assert.Equal(t, "", b.Orders["o-1"].Waiting)
}

// A service that gave an order up runs on: the order says that it waits in the
// dead letters, until somebody sends it again.
func TestAnOrderThatWasGivenUpSaysSo(t *testing.T) {
	b := newFolding()
	b.seat("payment", 1, "running", "")
	b.Services["payment"].Group = "payment-service"
	b.order("o-1", "user-1")
	b.produced("orders", 0, shop.OrderCreated, "e1", "o-1")
	letter := func(state string) {
		b.add(Entry{Kind: KindNote, Topic: "orders.dlq", Order: "o-1",
			Data: &Data{Letter: &Letter{Topic: "orders.dlq", OriginalTopic: "orders", Group: "payment-service", EventType: shop.OrderCreated, Order: "o-1", State: state}}})
	}
	letter("waiting")
	assert.Equal(t, "waits for payment, because it gave up OrderCreated, whose dead letter is in orders.dlq", b.Orders["o-1"].Waiting)
	letter("redriven")
	assert.Equal(t, "", b.Orders["o-1"].Waiting)
	letter("discarded")
	assert.Equal(t, "waits for payment, because it gave up OrderCreated, and the dead letter was discarded", b.Orders["o-1"].Waiting)
}

func TestAPartitionBeginsWhereRetentionLeftIt(t *testing.T) {
	b := newFolding()
	for i := range int64(5) {
		b.produced("orders", i, shop.OrderCreated, fmt.Sprint(i), "o-1")
	}
	assert.EqualValues(t, 5, b.Services["payment"].Lag)
	assert.EqualValues(t, 5, b.ReadModel.Lag)
	b.add(Entry{Kind: KindNote, Topic: "orders", Data: &Data{Partition: &Partition{Start: 3, Leader: 2}}})
	assert.Equal(t, Partition{Leader: 2, Start: 3, End: 5}, b.Topics["orders"].Partitions[0])
	assert.EqualValues(t, 2, b.Services["payment"].Lag)
	assert.EqualValues(t, 2, b.Groups["payment-service"].Offsets["orders"][0].Lag)
	assert.EqualValues(t, 2, b.ReadModel.Lag)
}

func TestABrokenSequenceNamesBothEvents(t *testing.T) {
	b := newFolding()
	b.order("o-1", "user-1")
	b.order("o-2", "user-1")
	b.produced("orders", 0, shop.OrderCreated, "e1", "o-1")
	b.produced("payments", 0, shop.PaymentFailed, "p1", "o-1")
	b.produced("orders", 1, shop.OrderCancelled, "e2", "o-2")
	for _, e := range []Entry{
		{EventType: shop.OrderCancelled, EventID: "e2", Order: "o-2", Offset: 1},
		{EventType: shop.OrderCreated, EventID: "e1", Order: "o-1"},
	} {
		e.Kind, e.Service, e.Instance, e.Topic = KindHandled, "payment", 1, "orders"
		b.add(e)
	}
	b.judge(Entry{Kind: KindHandled})
	for _, v := range b.hard["per-user-order"] {
		assert.Equal(t, "payment-service handled OrderCreated of order Ho-1 after the newer OrderCancelled of order Ho-2, both of user-1", v.because)
	}
	assert.Len(t, b.hard["per-user-order"], 1)
	assert.Empty(t, b.hard["per-key-order"])
}

// A letter that cannot be written holds its partition up as a poison message does.
func TestALetterThatCannotBeWrittenBlocksItsPartition(t *testing.T) {
	b := newFolding()
	b.seat("payment", 1, "running", "")
	retry := func(attempt, of int) {
		b.add(Entry{Kind: KindRetrying, Service: "payment", Instance: 1, Topic: "orders", Offset: 7,
			Data: &Data{Try: &shop.Try{Attempt: attempt, Of: of, Error: "no such topic"}}})
	}
	retry(3, 4)
	assert.Equal(t, "running", b.Services["payment"].State)
	retry(4, 4)
	assert.Equal(t, "blocked", b.Services["payment"].State)
	assert.Equal(t, "orders partition 0 is blocked because offset 7 is given up, and its dead letter cannot be written: no such topic", b.Services["payment"].Because)
	b.add(Entry{Kind: KindDeadLettered, Service: "payment", Instance: 1, Topic: "orders", Offset: 7})
	assert.Equal(t, "running", b.Services["payment"].State)
}

func TestWhatBuildsLargeValuesIsRefused(t *testing.T) {
	for _, name := range exprDisabled {
		for _, args := range []string{`(orders, .id)`, `(orders)`, `("a")`, `("a", "b")`, `("a", 3)`, `("a", "b", "c")`, `()`, `([[1, 2]])`, `([1], [2])`} {
			_, err := CompileExpr(name+args+" != nil", true)
			assert.Error(t, err, name+args)
		}
	}
	_, err := CompileExpr(`1 == 1 && len(map(orders, .id)) > 0`, true)
	assert.ErrorContains(t, err, "line 1, column 15: map is switched off, because it can build large values; valid are order(id)")
	_, err = CompileExpr("\n 1 + 1", true)
	assert.ErrorContains(t, err, "line 2, column 2: it must be true or false, and it is int")
	_, err = CompileExpr(`sum(orders, .total) == 0 && count(orders, .total > 1) == 0`, true)
	assert.NoError(t, err)
}
