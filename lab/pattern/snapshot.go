package pattern

import (
	"context"
	"encoding/json"
	"fmt"
)

// OrderSchema is the version of the form in which an Order is written down.
// Whoever changes what Apply makes of events raises it: then no snapshot of
// before is read any more.
const OrderSchema = 1

// SaveSnapshot writes down what an order is at its version, so that a later
// fold need not begin at version 1.
//
// Problem: a stream grows, and every decision folds all of it.
//
// Guarantee: the fold from a snapshot is the fold from the beginning. A
// snapshot is a cache: it can be deleted at any time, and nothing is lost.
//
// Cost: one more row to write now and then, and to keep up with the code: a
// snapshot of an older OrderSchema is passed over.
//
// Not covered: making the stream shorter. No event is deleted because of it.
func SaveSnapshot(ctx context.Context, tx DB, o Order) error {
	state, err := json.Marshal(o)
	if err != nil {
		return fmt.Errorf("write down order %s: %w", o.ID, err)
	}
	_, err = tx.ExecContext(ctx, `INSERT INTO snapshots (aggregate_id, version, state, schema_version) VALUES (?, ?, ?, ?)
		ON CONFLICT (aggregate_id, version) DO NOTHING`, o.ID, o.Version, string(state), OrderSchema)
	if err != nil {
		return fmt.Errorf("save a snapshot of order %s: %w", o.ID, err)
	}
	return nil
}

// NewestSnapshot is where the fold of an order may begin. Where there is no
// snapshot that can be read it is an Order with nothing but its ID.
func NewestSnapshot(ctx context.Context, db DB, id string) (Order, error) {
	start := Order{ID: id}
	rows, err := db.QueryContext(ctx, `SELECT state FROM snapshots WHERE aggregate_id = ? AND schema_version = ?
		ORDER BY version DESC LIMIT 1`, id, OrderSchema)
	if err != nil {
		return start, fmt.Errorf("look for a snapshot of order %s: %w", id, err)
	}
	defer rows.Close()
	if rows.Next() {
		var state string
		if err := rows.Scan(&state); err != nil {
			return start, fmt.Errorf("read a snapshot of order %s: %w", id, err)
		}
		if err := json.Unmarshal([]byte(state), &start); err != nil {
			return Order{ID: id}, fmt.Errorf("read a snapshot of order %s: %w", id, err)
		}
	}
	return start, rows.Err()
}
