package shop

import (
	"math/rand/v2"
	"testing"
	"time"

	"eddy/lab/store"

	"github.com/stretchr/testify/assert"
)

// Events of one order come over four topics, in any order: the view ends the
// same, because it only ever moves forward.
func TestTheViewIsTheSameInWhateverOrderEventsCome(t *testing.T) {
	good := []Event{
		{Type: OrderCreated, Data: EventData{OrderVersion: 0}}, {Type: PaymentCompleted}, {Type: StockReserved},
		{Type: OrderCompleted, Data: EventData{OrderVersion: 4}}, {Type: NotificationSent},
	}
	bad := []Event{
		{Type: OrderCreated}, {Type: PaymentCompleted}, {Type: StockReservationFailed, Data: EventData{Reason: "out_of_stock"}},
		{Type: PaymentRefunded}, {Type: OrderCancelled, Data: EventData{OrderVersion: 3, Reason: "out_of_stock"}},
	}
	for _, c := range []struct {
		events  []Event
		status  string
		version int
	}{{good, Completed, 4}, {bad, Cancelled, 3}} {
		for seed := range uint64(50) {
			var v store.View
			events := append([]Event(nil), c.events...)
			for i := range events {
				events[i].At = time.UnixMilli(int64(i))
			}
			rand.New(rand.NewPCG(seed, 0)).Shuffle(len(events), func(i, j int) { events[i], events[j] = events[j], events[i] })
			for _, e := range events {
				e.Data.UserID, e.Data.OrderID, e.Data.TotalAmount = "user-1", "o", 2500
				Project(&v, e, TopicOf[e.Type])
			}
			assert.Equal(t, []any{c.status, c.version, "Ada Moss", int64(2500), int64(0), int64(len(events) - 1)}, []any{v.Status, v.Version, v.UserName, v.Total, v.CreatedAt, v.UpdatedAt}, "%v", events)
		}
	}
}

// In an orchestrated saga the order service learns last how far its order is, and
// the read side must not run ahead of it.
func TestAnAnswerToACommandMovesNoOrderOn(t *testing.T) {
	var v store.View
	for _, step := range []struct{ event, status string }{
		{PaymentCompleted, Created}, {StockReserved, Created}, {NotificationSent, Created}, {OrderCompleted, Completed}, {StockReleased, Completed},
	} {
		Project(&v, Event{Type: step.event}, Replies)
		assert.Equal(t, step.status, v.Status, step.event)
	}
}
