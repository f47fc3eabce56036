package lab

import (
	"context"
	"fmt"
	"slices"
	"testing"
	"time"

	"eddy/lab/shop"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// tale feeds a teller with entries as services write them.
type tale struct {
	t    *teller
	seq  int64
	at   int64
	spot map[string]int64 // the next offset by topic
}

func newTale(id, style string) *tale {
	x := &tale{t: newTeller(id), spot: map[string]int64{}}
	x.add(Entry{Kind: KindAction, Order: id, Text: "you placed order A"})
	x.add(Entry{Kind: KindHandling, Service: "order", Instance: 1, Order: id, EventType: shop.PlaceOrder, Cause: 1})
	x.add(Entry{Kind: KindWritten, Service: "order", Instance: 1, Order: id, EventType: shop.PlaceOrder, Cause: 1, Data: &Data{Order: &shop.OrderFact{Handle: "A", User: "user-4",
		Items: []shop.Item{{SKU: "monitor", Name: "Monitor", Qty: 1}}, Total: 18900, Status: shop.Created, Source: "shop", Saga: style}}})
	return x
}

func (x *tale) add(e Entry) int64 {
	x.seq++
	x.at += 10
	e.Seq, e.At = x.seq, x.at
	x.t.see(&e)
	return e.Seq
}

// sends has a service produce a record, and returns the record's entry.
func (x *tale) sends(service, topic, eventType string, cause int64) Entry {
	e := Entry{Kind: KindProduced, Order: x.t.id, Topic: topic, Partition: 1, Offset: x.spot[topic], EventType: eventType, EventID: fmt.Sprint(topic, x.spot[topic]), Cause: cause,
		Data: &Data{Record: &Record{Producer: service, Value: `{"data":{"reason":"out_of_stock"}}`}}}
	x.spot[topic]++
	e.Seq = x.add(e)
	return e
}

// does has a service handle a record; what the work changed is in between.
func (x *tale) does(service string, r Entry, facts *Data) (cause int64) {
	about := Entry{Service: service, Instance: 1, Order: x.t.id, Topic: r.Topic, Partition: r.Partition, Offset: r.Offset, EventType: r.EventType, Cause: r.Seq}
	for _, kind := range []Kind{KindDelivered, KindHandling, KindWritten, KindHandled} {
		e := about
		e.Kind, e.Cause = kind, max(cause, r.Seq)
		if kind == KindWritten {
			e.Data = facts
		}
		cause = x.add(e)
	}
	return cause
}

// calls has a service answer a call over HTTP, which stands on no topic.
func (x *tale) calls(service, command string, cause int64, last Kind, facts *Data) {
	about := Entry{Service: service, Instance: 1, Order: x.t.id, EventType: command, Cause: cause}
	for _, kind := range []Kind{KindHandling, KindWritten, last} {
		e := about
		if e.Kind = kind; kind == KindWritten {
			e.Data = facts
		}
		if kind == KindFailed {
			e.Text = "payment-1 failed at " + command + ": no answer within 1s"
		}
		x.add(e)
	}
}

func lines(s Story) (out []string) {
	for _, m := range s.Messages {
		to := ""
		if len(m.To) > 0 {
			to = m.To[0].Service
		}
		out = append(out, fmt.Sprintf("%s > %s: %s (%s) %s", m.From, to, m.Type, m.Kind, m.Where))
	}
	return out
}

// Nine messages and one place that knows: the stock is gone, and the
// orchestrator has the money given back.
func TestStoryOfAnOrchestratedOrder(t *testing.T) {
	x := newTale("o-1", "orchestration")
	money := func(refund bool) *Data {
		return &Data{Money: &shop.MoneyFact{PaymentID: "pay-1", Amount: 18900, Refund: refund}}
	}
	at := x.does("orchestrator", x.sends("order", "orders", shop.OrderCreated, 3), nil)
	at = x.does("payment", x.sends("orchestrator", "payment-commands", "ChargePayment", at), money(false))
	at = x.does("orchestrator", x.sends("payment", "saga-replies", shop.PaymentCompleted, at), nil)
	at = x.does("inventory", x.sends("orchestrator", "inventory-commands", "ReserveStock", at), nil)
	at = x.does("orchestrator", x.sends("inventory", "saga-replies", shop.StockReservationFailed, at), nil)
	at = x.does("payment", x.sends("orchestrator", "payment-commands", "RefundPayment", at), money(true))
	at = x.does("orchestrator", x.sends("payment", "saga-replies", shop.PaymentRefunded, at), nil)
	on := x.t.story()
	at = x.does("order", x.sends("orchestrator", "order-commands", "CancelOrder", at), &Data{Order: &shop.OrderFact{Status: shop.Cancelled, Reason: "out_of_stock"}})
	x.sends("order", "orders", shop.OrderCancelled, at)
	s := x.t.story()
	assert.Equal(t, []string{
		"order > orchestrator: OrderCreated (event) orders p1 #0",
		"orchestrator > payment: ChargePayment (command) payment-commands p1 #0",
		"payment > orchestrator: PaymentCompleted (event) saga-replies p1 #0",
		"orchestrator > inventory: ReserveStock (command) inventory-commands p1 #0",
		"inventory > orchestrator: StockReservationFailed (event) saga-replies p1 #1",
		"orchestrator > payment: RefundPayment (compensation) payment-commands p1 #1",
		"payment > orchestrator: PaymentRefunded (event) saga-replies p1 #2",
		"orchestrator > order: CancelOrder (command) order-commands p1 #0",
		"order > : OrderCancelled (event) orders p1 #1",
	}, lines(s))
	assert.Equal(t, []Column{{"order", "Order"}, {"orchestrator", "Orchestrator"}, {"payment", "Payment"}, {"inventory", "Inventory"}}, s.Columns, "the orchestrator is second")
	assert.Equal(t, Knows{Count: 1, Unit: "place", Who: []string{"orchestrator"}}, s.Totals.Knows)
	assert.Equal(t, []int{9, 5, 4}, []int{s.Totals.Messages, s.Totals.Events, s.Totals.Commands})
	assert.Equal(t, "Cancelled because Inventory had no monitor left", s.Because)
	assert.Zero(t, s.Totals.Net)
	assert.Equal(t, "alone", s.Messages[8].State, "a choreographed payment would react to it")
	assert.Empty(t, on.Because, "before that it is on its way")
	assert.Equal(t, rules["orchestration"], s.Rule)
}

// A command that nobody has got yet is on its way to the service it is meant for.
func TestStoryOfACommandUnderWay(t *testing.T) {
	x := newTale("o-1", "orchestration")
	at := x.does("orchestrator", x.sends("order", "orders", shop.OrderCreated, 3), nil)
	x.sends("orchestrator", "payment-commands", "ChargePayment", at)
	s := x.t.story()
	m := s.Messages[1]
	assert.Equal(t, "on_its_way", m.State)
	assert.Equal(t, Delivery{Service: "payment", State: "waiting"}, *m.To[0])
}

// Calls have no topic: who is called answers, and the order service waits.
func TestStoryOfASynchronousOrder(t *testing.T) {
	x := newTale("o-1", "sync")
	x.calls("payment", "ChargePayment", 2, KindHandled, &Data{Money: &shop.MoneyFact{Amount: 18900}})
	x.calls("inventory", "ReserveStock", 1, KindFailed, nil) // its caller handed on the customer's cause
	x.calls("payment", "RefundPayment", 2, KindHandled, &Data{Money: &shop.MoneyFact{Amount: 18900, Refund: true}})
	x.add(Entry{Kind: KindWritten, Service: "order", Instance: 1, Order: "o-1", EventType: shop.PlaceOrder, Data: &Data{Order: &shop.OrderFact{Status: shop.Cancelled, Reason: "inventory did not answer"}}})
	x.add(Entry{Kind: KindHandled, Service: "order", Instance: 1, Order: "o-1", EventType: shop.PlaceOrder})
	s := x.t.story()
	assert.Equal(t, []string{
		"order > payment: ChargePayment (command) HTTP call",
		"order > inventory: ReserveStock (command) HTTP call",
		"order > payment: RefundPayment (compensation) HTTP call",
	}, lines(s))
	assert.True(t, s.Messages[0].Call)
	assert.Equal(t, "handled", s.Messages[0].To[0].State)
	assert.Equal(t, "failed", s.Messages[1].To[0].State)
	assert.Equal(t, "no answer within 1s", s.Messages[1].To[0].Error)
	assert.Equal(t, Totals{Messages: 3, Calls: 3, Charged: 18900, Refunded: 18900, Knows: Knows{Count: 1, Unit: "place", Who: []string{"order"}}}, s.Totals)
	assert.Equal(t, "Cancelled because inventory did not answer", s.Because)
	assert.Equal(t, "order", s.Bars[0].Service)
	assert.Greater(t, s.Bars[0].EndSeq, s.Bars[3].EndSeq, "the caller waits for all of them")
	assert.Equal(t, rules["sync"], s.Rule)
}

// Nobody answers: either he who was called is still at it, or was never reached.
func TestStoryOfCallsWithoutAnAnswer(t *testing.T) {
	x := newTale("o-1", "sync")
	call := Entry{Service: "inventory", Instance: 1, Order: "o-1", EventType: "ReserveStock", Cause: 2, Kind: KindHandling}
	x.add(call)
	x.add(Entry{Kind: KindFailed, Service: "order", Instance: 1, Order: "o-1", EventType: "ReserveStock", Text: "order-1 gave up on inventory after 1s: nobody knows whether ReserveStock was done"})
	x.add(Entry{Kind: KindFailed, Service: "order", Instance: 1, Order: "o-1", EventType: "RefundPayment", Text: "order-1 has no answer to RefundPayment: payment cannot be reached: connection refused"})
	call.Kind = KindHandled
	x.add(call)
	s := x.t.story()
	assert.Equal(t, []string{"order > inventory: ReserveStock (command) HTTP call", "order > payment: RefundPayment (compensation) HTTP call"}, lines(s))
	assert.Equal(t, "gave up on inventory after 1s", s.Messages[0].To[0].Error)
	assert.Equal(t, "handled", s.Messages[0].To[0].State, "it was done all the same")
	assert.Equal(t, "lost", s.Messages[1].State)
	assert.Equal(t, "payment cannot be reached: connection refused", s.Messages[1].To[0].Error)
	require.Len(t, s.Marks, 2)
	assert.Equal(t, []string{"gave up on inventory after 1s", "has no answer to RefundPayment"}, []string{s.Marks[0].Text, s.Marks[1].Text})
	assert.Equal(t, 2, s.Totals.Calls)
}

// An answer that says no is an answer: the goods were gone.
func TestStoryMarksACallThatFoundNoGoods(t *testing.T) {
	x := newTale("o-1", "sync")
	x.calls("inventory", "ReserveStock", 2, KindHandled, nil)
	x.add(Entry{Kind: KindWritten, Service: "order", Instance: 1, Order: "o-1", EventType: shop.PlaceOrder, Data: &Data{Order: &shop.OrderFact{Status: shop.Cancelled, Reason: "out_of_stock"}}})
	s := x.t.story()
	require.Len(t, s.Marks, 1)
	assert.Equal(t, "inventory", s.Marks[0].Service)
	assert.Equal(t, "Cancelled because Inventory had no monitor left", s.Because)
	assert.Equal(t, s.Messages[0].To[0].EndSeq, s.BecauseSeq)
}

// What a broker took with it never gets a place on a topic.
func TestStoryShowsAnEventThatWasLostWithABroker(t *testing.T) {
	x := newTale("o-1", "choreography")
	x.add(Entry{Kind: KindFault, Service: "order", Order: "o-1", EventType: shop.OrderCreated, Text: "gone with broker 1", Data: &Data{Unstored: true}})
	s := x.t.story()
	assert.Equal(t, "lost", s.Messages[0].State)
	assert.Equal(t, "It waits in vain because OrderCreated was lost, and nobody sends it again", s.Because)
	assert.Zero(t, s.Totals.Messages)
}

// Who is awaited to handle what is what the services do react to.
func TestStoryAwaitsThoseWhoReact(t *testing.T) {
	l, err := Open(t.Context(), DefaultSettings(), Options{})
	require.NoError(t, err)
	defer l.Close()
	for _, service := range []string{"order", "payment", "inventory", "notification"} {
		for eventType := range shop.TopicOf {
			awaited := slices.Contains(choreographed[eventType], service)
			if service == "order" && eventType == shop.OrderCreated {
				continue // it adopts orders from outside
			}
			assert.Equal(t, l.services[service].ReactsTo(eventType), awaited, "%s and %s", service, eventType)
		}
	}
}

// Packed or not, a story is the same; and what is packed says whether it has
// anything to say about an order.
func TestStoryIsTheSameFromAPackedJournal(t *testing.T) {
	j := newJournal(1_000_000, newBoard(DefaultSettings()))
	j.size, j.every = 512, 0
	add := func(e Entry) {
		if j.due() {
			b := newBoard(DefaultSettings())
			b.Seq = j.newest
			j.begin(b)
		}
		e.Seq, e.At = j.newest+1, 10*j.newest
		j.append(e)
	}
	for n := range 6 {
		about := Entry{Order: "o-1", Topic: "orders", Offset: int64(n), EventType: shop.OrderCancelled}
		produced, handling := about, about
		produced.Kind, produced.Data = KindProduced, &Data{Record: &Record{Producer: "order"}}
		handling.Kind, handling.Service, handling.Instance = KindHandling, "payment", 1
		add(produced)
		add(handling)
		if n == 2 {
			for range 5000 { // somebody else's, in between
				add(Entry{Kind: KindHandled, Service: "payment", Instance: 1, Order: "o-2"})
			}
			add(Entry{Kind: KindCrashed, Service: "payment", Instance: 1, Text: "payment-1 crashed", Data: &Data{Service: &ServiceFact{State: "crashed"}}})
			for range 5000 {
				add(Entry{Kind: KindHandled, Service: "payment", Instance: 1, Order: "o-2"})
			}
		}
	}
	tell := func() Story {
		te := newTeller("o-1")
		te.read(j.chunks(1, j.newest), j.newest)
		return te.story()
	}
	loose := tell()
	require.Len(t, loose.Messages, 6)
	require.Len(t, loose.Marks, 1, "the crash with three of them in hand")
	told, silent := 0, 0
	for _, s := range j.segments[:len(j.segments)-1] {
		whole, packed, err := packSegment(context.Background(), s.base, s.chunks)
		require.NoError(t, err)
		s.take(whole, packed)
		for _, c := range s.chunks {
			if c.orders["o-1"] {
				told++
			} else {
				silent++
			}
		}
	}
	assert.NotZero(t, told)
	assert.Greater(t, silent, 10, "most of it need not be unpacked")
	assert.Equal(t, loose, tell())
}

// BenchmarkStory measures the story of an order that was placed early in a
// journal of 100,000 entries, and of the newest one.
func BenchmarkStory(b *testing.B) {
	s, err := ParseSettings([]byte(`{"work":"0s"}`))
	require.NoError(b, err)
	l, err := Open(b.Context(), s, Options{})
	require.NoError(b, err)
	defer l.Close()
	do := func(action string) {
		a, err := DecodeAction([]byte(action))
		require.NoError(b, err)
		_, err = l.Do(context.Background(), a)
		require.NoError(b, err)
	}
	for n := 0; l.Head() < 100_000; n++ {
		do(fmt.Sprintf(`{"place_order":{"as":"H%d","items":[{"sku":"mouse","qty":1}]}}`, n))
		do(`{"burst":{"orders":300,"rate":2000}}`)
		do(`{"wait_until":{"expr":"settled","within":"60s"}}`)
	}
	do(`{"place_order":{"as":"last","items":[{"sku":"mouse","qty":1}]}}`)
	do(`{"wait_until":{"expr":"settled","within":"60s"}}`)
	for packed := false; !packed; time.Sleep(100 * time.Millisecond) {
		l.mu.Lock()
		packed = l.journal.stale() == nil && !l.packing
		l.mu.Unlock()
	}
	l.mu.Lock()
	oldest := l.board.arrival[0]
	for _, id := range l.board.arrival { // of those that are on the board
		if l.board.Orders[id] != nil {
			oldest = id
			break
		}
	}
	l.mu.Unlock()
	for name, order := range map[string]string{"newest": "last", "oldest": oldest} {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				_, err := l.Story(order, 0)
				require.NoError(b, err)
			}
		})
	}
}
