package pattern

import (
	"context"
	"fmt"
)

// Inbox remembers which events a consumer has handled.
//
// Problem: with at-least-once delivery a record comes again after a crash, a
// rebalance or a lost commit. A second charge is not what anybody ordered.
//
// Guarantee: the event id is written in the same transaction as the work. Both
// are kept or neither is, so the work is done once for each consumer and event.
//
// Cost: one more row a message, kept as long as a duplicate can still come.
//
// Not covered: effects outside the database, such as a call to a payment
// gateway. They need an idempotency key that the other side honours. Neither
// is the same fact under two event ids: that is two events.
type Inbox struct{}

// First reports whether this consumer sees the event for the first time, and
// remembers that it did. tx is the transaction that does the work; when it is
// rolled back, the next call says true again.
func (Inbox) First(ctx context.Context, tx DB, consumer, eventID string) (bool, error) {
	done, err := tx.ExecContext(ctx, `INSERT INTO inbox (consumer, event_id) VALUES (?, ?)
		ON CONFLICT DO NOTHING`, consumer, eventID)
	if err != nil {
		return false, fmt.Errorf("remember event %s in the inbox of %s: %w", eventID, consumer, err)
	}
	n, err := done.RowsAffected()
	if err != nil {
		return false, fmt.Errorf("remember event %s in the inbox of %s: %w", eventID, consumer, err)
	}
	return n == 1, nil
}
