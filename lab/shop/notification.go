package shop

import (
	"context"
	"fmt"
)

// NewNotification makes the notification service. If it fails, the customer
// hears nothing; the order is not touched.
func NewNotification(env *Env, s Settings) *Service {
	return newService(env, role{
		name: "notification", group: "notification-service", topics: []string{"inventory", "notification-commands"},
		style: Choreography, react: map[string]Reaction{StockReserved: notify, SendNotification: notify},
		answers: map[string]Reaction{SendNotification: notify},
	}, s)
}

func notify(ctx context.Context, w *Work) error {
	return w.Transact(ctx, func(ctx context.Context, tx *Tx) error {
		_, err := tx.ExecContext(ctx, `INSERT INTO notifications (order_id, user_id, at) VALUES (?, ?, ?)`,
			w.Order(), string(w.Event.Data.UserID), tx.m.env.Clock.Now().UnixMilli())
		if err != nil {
			return fmt.Errorf("note the message about order %s: %w", w.Order(), err)
		}
		tx.moment.Change = &OrderFact{Notified: true}
		return tx.Publish(NotificationSent, 1, w.Event.Data, nil)
	})
}
