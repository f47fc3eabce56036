package shop

import (
	"context"
	"encoding/json"
	"fmt"

	"eddy/lab/store"
)

// NewProjector makes the projector: it turns events into rows that answer a
// question without a join.
func NewProjector(env *Env, s Settings) *Service {
	react := map[string]Reaction{}
	for event := range TopicOf {
		react[event] = project
	}
	return newService(env, role{
		name: "projector", group: "projector", topics: []string{"orders", "payments", "inventory", "notifications", "saga-replies"},
		react: react, ownInbox: true,
	}, s)
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
// inbox of its own: the row and the note that the event was applied are one
// transaction there.
func project(ctx context.Context, w *Work) error {
	if err := w.m.database(); err != nil {
		return err
	}
	e := w.Event
	var row store.View
	applied := false
	change := store.Change{OrderID: w.Order(), Update: func(v *store.View) bool {
		applied = true
		changed := apply(v, e, w.rec.Topic)
		row = *v
		return changed
	}}
	if w.settings.Idempotent {
		change.EventID = e.ID
	}
	if err := w.m.env.Read.Apply(context.WithoutCancel(ctx), []store.Change{change}); err != nil {
		return fmt.Errorf("project %s of order %s: %w", e.Type, w.Order(), err)
	}
	if !applied {
		return errSeen
	}
	mo := w.moment(Projected)
	mo.Read = &ReadRow{Status: row.Status, Version: row.Version, UserName: row.UserName}
	return w.m.at(ctx, mo)
}

// apply is the projection itself.
func apply(v *store.View, e Event, topic string) bool {
	if v.UserID == "" {
		user := FindUser(string(e.Data.UserID))
		items, err := json.Marshal(e.Data.Items)
		if err != nil {
			items = []byte("[]")
		}
		v.UserID, v.UserName, v.UserEmail = user.ID, user.Name, user.Email
		v.Items, v.Total, v.CreatedAt = string(items), e.Data.TotalAmount, e.At.UnixMilli()
	}
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
