package shop

import (
	"context"
	"encoding/json"

	"eddy/lab/store"
)

// Projector turns events into rows that answer a question without a join.
type Projector struct{ *Service }

// NewProjector makes the projector.
func NewProjector(env *Env, s Settings) *Projector {
	react := map[string]Reaction{}
	for event := range TopicOf {
		react[event] = project
	}
	return &Projector{newService(env, role{
		name: "projector", group: "projector", topics: []string{"orders", "payments", "inventory", "notifications", "saga-replies"},
		react: react, ownInbox: true,
	}, s)}
}

// rank orders the status of a view. Events of different topics come in any
// order, so a view only ever moves forward.
var rank = map[string]int{"": 0, Created: 1, Paid: 2, Reserved: 3, Completed: 4, Cancelled: 5}

// statusOf says which status an event means for its order.
var statusOf = map[string]string{
	OrderCreated: Created, PaymentCompleted: Paid, StockReserved: Reserved, OrderCompleted: Completed, OrderCancelled: Cancelled,
}

// statusBy says which status an event means for its order where it stands. What
// is answered to a command moves no order on: the order service is asked last.
func statusBy(topic, eventType string) string {
	if topic == Replies && eventType != OrderCompleted && eventType != OrderCancelled {
		return Created
	}
	return statusOf[eventType]
}

// project applies one event to the read database. The read database has an
// inbox of its own: the row, the note that the event was applied, and how far
// the log was read are one transaction there.
func project(ctx context.Context, w *Work) error {
	if err := w.m.database(); err != nil {
		return err
	}
	var row store.View
	applied := false
	change := changeOf(w.Event, w.rec.Topic, w.settings.Idempotent)
	update := change.Update
	change.Update = func(v *store.View) bool {
		changed := update(v)
		row, applied = *v, true
		return changed
	}
	read := store.Place{Topic: w.rec.Topic, Partition: w.rec.Partition, Next: w.rec.Offset + 1}
	return w.m.env.Read.apply(ctx, change, func() error {
		if !applied {
			return errSeen
		}
		mo := w.moment(Projected)
		mo.Read = Row(row)
		return w.m.at(ctx, mo)
	}, read)
}

// changeOf is what an event, read from a topic, makes of the row of its order.
func changeOf(e Event, topic string, once bool) store.Change {
	c := store.Change{OrderID: string(e.Data.OrderID), Update: func(v *store.View) bool { return Project(v, e, topic) }}
	if once {
		c.EventID = e.ID
	}
	return c
}

// Row is a row of the read database as it is reported.
func Row(v store.View) *ReadRow {
	row := &ReadRow{Status: v.Status, Version: v.Version, User: v.UserID, UserName: v.UserName, Items: []Item{}, Total: v.Total, Reason: v.Reason, AsOf: v.UpdatedAt}
	if err := json.Unmarshal([]byte(v.Items), &row.Items); err != nil || row.Items == nil {
		row.Items = []Item{} // written by Project, so it is readable
	}
	return row
}

// Project is the projection itself: the fold of one event into the row of its
// order. It tells whether the row has changed.
func Project(v *store.View, e Event, topic string) bool {
	if v.UserID == "" {
		user := FindUser(string(e.Data.UserID))
		items, err := json.Marshal(e.Data.Items)
		if err != nil {
			items = []byte("[]")
		}
		v.UserID, v.UserName, v.UserEmail = user.ID, user.Name, user.Email
		v.Items, v.Total, v.CreatedAt = string(items), e.Data.TotalAmount, e.At.UnixMilli()
	}
	v.CreatedAt = min(v.CreatedAt, e.At.UnixMilli())
	v.UpdatedAt = max(v.UpdatedAt, e.At.UnixMilli())
	status := statusBy(topic, e.Type)
	if rank[status] > rank[v.Status] {
		v.Status, v.Reason = status, e.Data.Reason
		v.Version = max(v.Version, e.Data.OrderVersion, min(rank[status], 4))
		if status == Cancelled && e.Data.OrderVersion > 0 {
			v.Version = e.Data.OrderVersion
		}
	}
	return true
}
