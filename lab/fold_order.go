package lab

import (
	"fmt"
	"slices"

	"eddy/lab/shop"
)

func (b *Board) applyOrder(e Entry, f *shop.OrderFact) {
	if b.Orders[e.Order] == nil && f.Source == "" {
		// Somebody acted on an order that the order service does not know yet,
		// or that has left the board.
		if f.Notified {
			b.orderOf(e).Notifications++
		}
		return
	}
	o := b.orderOf(e)
	if b.Orders[e.Order] == nil {
		delete(b.early, e.Order)
		o.Placed, o.PlacedSeq = e.At, e.Seq
		b.Orders[e.Order] = o
		b.arrival = append(b.arrival, e.Order)
		b.Counts.Orders++
		b.evict()
	}
	was := o.Status
	if f.Handle != "" {
		o.Handle = f.Handle
		b.byHandle[f.Handle] = o.ID
	}
	if f.Source != "" {
		o.User, o.Items, o.Method, o.Total, o.Source, o.Saga = f.User, f.Items, f.Method, f.Total, f.Source, f.Saga
		if f.Source == "shop" && f.Saga != shop.Sync && b.perOrder[o.ID][shop.OrderCreated] == 0 {
			b.accepted[o.ID] = e.Seq
		}
	}
	if f.Status != "" {
		o.Status, o.Version = f.Status, f.Version
	}
	if f.Reason != "" {
		o.Reason = f.Reason
	}
	if f.Address != "" {
		o.Address = f.Address
	}
	if f.Notified {
		o.Notifications++
	}
	b.count(was, o.Status)
	if isFinal(o.Status) && !isFinal(was) {
		b.ended = append(b.ended, o.ID)
	}
	b.wait(o)
	b.touch("orders", o.ID)
	b.judgeStatus(e, o)
	b.judgeRead(e)
}

// orderOf finds the order of an entry. An order from outside may be charged
// before the order service adopts it: until then it is kept beside the board.
func (b *Board) orderOf(e Entry) *Order {
	if o := b.Orders[e.Order]; o != nil {
		return o
	}
	o := b.early[e.Order]
	if o == nil {
		o = &Order{ID: e.Order, Items: []shop.Item{}, Trail: []Hop{}, Stream: []Stored{}, Refused: []StaleAppend{}}
		if len(b.early) < ordersMax {
			b.early[e.Order] = o
		}
	}
	return o
}

// isFinal tells whether an order of this status has ended.
func isFinal(status string) bool { return status == shop.Completed || status == shop.Cancelled }

// count keeps the totals by status.
func (b *Board) count(was, is string) {
	for status, by := range map[string]int{was: -1, is: 1} {
		if was == is || status == "" {
			continue
		}
		switch status {
		case shop.Completed:
			b.Counts.Completed += by
		case shop.Cancelled:
			b.Counts.Cancelled += by
		}
	}
	b.Counts.Open = b.Counts.Orders - b.Counts.Completed - b.Counts.Cancelled
	b.touch("counts")
}

// evict drops the orders that ended first when there are too many. The totals
// and the verdicts keep them. Open orders stay: what becomes of them is news.
func (b *Board) evict() {
	for len(b.Orders) > ordersMax && len(b.ended) > 0 {
		id := b.ended[0]
		b.ended = b.ended[1:]
		delete(b.byHandle, b.Orders[id].Handle)
		delete(b.Orders, id)
		delete(b.ReadModel.Orders, id)
		delete(b.ReadModel.Late, id)
		delete(b.perOrder, id)
		delete(b.unstored, id)
		b.dropSaga(id)
		b.forget(id)
		b.touch("orders", id)
		b.touch("read_model", "orders", id)
		b.touch("read_model", "late", id)
	}
	if len(b.arrival) > 2*len(b.Orders) {
		b.arrival = slices.DeleteFunc(b.arrival, func(id string) bool { return b.Orders[id] == nil })
	}
}

// applyStored adds to the stream of an order.
func (b *Board) applyStored(e Entry, events []shop.StoredEvent) {
	o := b.Orders[e.Order]
	if o == nil {
		return
	}
	for _, s := range events {
		o.Stream = append(o.Stream, Stored{s.Version, s.Type, e.At, e.Seq})
	}
	b.touch("orders", o.ID)
}

func (b *Board) applyMoney(e Entry, m *shop.MoneyFact) {
	if m.Declined || m.Repeated {
		return
	}
	o := b.orderOf(e)
	if m.Refund {
		o.Charges--
		o.Refunded += m.Amount
	} else {
		o.Charges++
		o.Charged += m.Amount
	}
	o.Net = o.Charged - o.Refunded
	b.judgeMoney(e, o, m)
	if b.Orders[o.ID] != nil {
		b.touch("orders", o.ID)
		b.judgeStatus(e, o)
	}
}

// hopKinds are the entries that an order's trail shows.
var hopKinds = map[Kind]bool{
	KindAction: true, KindWritten: true, KindProduced: true, KindSkipped: true, KindFailed: true, KindDeadLettered: true,
	KindCompensated: true, KindCrashed: true, KindSaga: true,
}

func (b *Board) hop(e Entry) {
	if e.Order == "" || !hopKinds[e.Kind] {
		return
	}
	if d := e.Data; e.Kind == KindWritten && (d == nil || d.Order == nil && d.Money == nil && d.Stock == nil) {
		return // the service's own bookkeeping
	}
	o := b.Orders[e.Order]
	if o == nil || e.Data != nil && e.Data.Saga != nil && e.Data.Saga.Ignored {
		return
	}
	h := Hop{Seq: e.Seq, At: e.At, Kind: e.Kind, Service: e.Service, Topic: e.Topic, Partition: e.Partition, Offset: e.Offset, EventType: e.EventType, Text: e.Text}
	if len(o.Trail) >= trailMax {
		o.Trail = append(slices.Clone(o.Trail[len(o.Trail)-trailMax+1:]), h)
	} else {
		o.Trail = append(o.Trail, h)
	}
	b.touch("orders", o.ID)
}

// next is who has to move an order on: the reader of the last event about it
// that stands on a topic. Before there is any, it is the order service itself.
func (b *Board) next(o *Order) string {
	on := b.perOrder[o.ID]
	if o.Saga == shop.Sync && !isFinal(o.Status) {
		return b.callee(o)
	}
	switch {
	case o.Status == shop.Completed || o.Status == shop.Cancelled:
		return ""
	case on[shop.OrderCreated] == 0 && o.Source == "shop":
		return "order"
	case o.Saga == shop.Orchestration:
		return b.nextInSaga(o)
	case on[shop.StockReserved]+on[shop.PaymentFailed]+on[shop.PaymentRefunded] > 0:
		return "order"
	case on[shop.StockReservationFailed] > 0:
		return "payment"
	case on[shop.PaymentCompleted] > 0:
		// The order service has to note it, and inventory has to reserve.
		if o.Status == shop.Created && b.Services["inventory"].stuck() == "" {
			return "order"
		}
		return "inventory"
	}
	return "payment"
}

// givenUp says that a group gave up an event about an order and nobody sent it
// again, "" where it did not.
func (b *Board) givenUp(o *Order, group string) string {
	for _, l := range b.DeadLetters {
		switch {
		case l.Order != o.ID || l.Group != group:
		case l.State == "waiting":
			return fmt.Sprintf("it gave up %s, whose dead letter is in %s", l.EventType, l.Topic)
		case l.State == "discarded":
			return fmt.Sprintf("it gave up %s, and the dead letter was discarded", l.EventType)
		}
	}
	return ""
}

// wait says why an order does not move, where a service that should move it is
// the reason.
func (b *Board) wait(o *Order) {
	why := ""
	name := b.next(o)
	lost, isLost := b.unstored[o.ID]
	switch svc := b.Services[name]; {
	case svc == nil:
	case b.noBroker() != "":
		why = fmt.Sprintf("waits for the cluster, because %s", b.noBroker())
	case b.needsPerson(o.ID):
		why = "waits for a person, because " + b.Sagas[o.ID].Because
	case isLost && b.waitsInVain(o, lost) && b.perOrder[o.ID][lost.eventType] == 0:
		why = fmt.Sprintf("waits in vain, because its %s was lost with a broker and nobody sends it again", lost.eventType)
	case svc.stuck() != "":
		why = fmt.Sprintf("waits for %s, because %s", name, svc.stuck())
	case o.Saga == shop.Sync:
		why = b.waitsForCall(o)
	case svc.State == "stopped" && len(b.Groups[svc.Group].Members) == 0:
		why = fmt.Sprintf("waits for %s, because no instance of it runs", name)
	case b.givenUp(o, svc.Group) != "":
		why = fmt.Sprintf("waits for %s, because %s", name, b.givenUp(o, svc.Group))
	}
	if o.Waiting != why {
		o.Waiting = why
		b.touch("orders", o.ID)
	}
}
