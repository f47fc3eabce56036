package shop

import (
	"context"
	"errors"

	"github.com/twmb/franz-go/pkg/kgo"
)

// Point is a place in a service's work at which somebody may look on, hold the
// message, or make the service fail.
type Point string

// The points, in the order in which a message passes them.
const (
	Delivered    Point = "delivered"     // polled and next in line; a watcher may hold it here
	Handling     Point = "handling"      // the handler begins; an error here is the handler's error
	Written      Point = "written"       // the database transaction is committed, nothing published yet
	Charged      Point = "charged"       // the gateway answered
	Published    Point = "published"     // the broker acknowledged a record
	Projected    Point = "projected"     // the read model changed
	Handled      Point = "handled"       // the handler is done, the offset not committed
	Skipped      Point = "skipped"       // instead of Handled: the inbox knows the event, nothing was done
	Passed       Point = "passed"        // instead of Handling: what the watcher let in is dropped, or not needed after all
	Failed       Point = "failed"        // one try failed
	Retrying     Point = "retrying"      // the next try is due after a back-off
	DeadLettered Point = "dead_lettered" // given up: the record stands on the .dlq topic
	Committed    Point = "committed"     // the offset is committed
	Dropped      Point = "dropped"       // the partition was taken away before the record was handled
	Assigned     Point = "assigned"      // partitions came
	Revoked      Point = "revoked"       // partitions went
	Due          Point = "due"           // a deadline of an order is over; a watcher may hold the service here
	Barred       Point = "barred"        // the group does not let the instance in: Err says why
	Rebuilding   Point = "rebuilding"    // the next batch of a rebuild is due; a watcher may hold it here
	Rebuilt      Point = "rebuilt"       // the model that was built anew answers queries from now on
)

// Moment is a service at a point. Only the fields that belong to the point are
// set.
type Moment struct {
	Point    Point
	Service  string
	Instance int

	Record    *kgo.Record // the record in hand; at Published the one that was sent
	EventType string
	EventID   string
	Order     string // order id
	Text      string

	Change    *OrderFact
	Money     *MoneyFact
	Stock     *StockFact
	Read      *ReadRow
	Saga      *SagaFact
	Rebuild   *Rebuild
	Stored    []StoredEvent
	Outgoing  []string // event ids that the transaction left to be published
	Try       *Try
	Topic     string
	Partition int32
	Offset    int64 // of the record; at Committed the next one to be handled
	Err       error
	Moved     map[string][]int32 // at Assigned and Revoked
	Call      *CallFact          // the call that is made, or in which this happens
}

// Watcher is told of every moment. At may block, which holds the service
// there. An error from At at Handling is the handler's error; a Crash, at any
// point, ends the instance on the spot.
type Watcher interface {
	At(context.Context, Moment) error
}

// Crash is the error of an instance that died. Nothing after it is done: no
// commit, no publish, no goodbye to the group.
type Crash struct{ Because string }

func (c *Crash) Error() string { return c.Because }

// ErrDrop, from At at Delivered, has the instance pass over the record as if it
// were not meant for it.
var ErrDrop = errors.New("the record is dropped")

// ErrElsewhere, from At at Rebuilding, has a rebuild leave the instance, so that
// it can go on on another one.
var ErrElsewhere = errors.New("another instance goes on")

// Instead, from At at Delivered, has the instance handle the record with
// another value. The log keeps the one that it has.
type Instead struct{ Value []byte }

func (i *Instead) Error() string { return "the record is handled with another value" }
