package shop

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"

	"eddy/lab/store"
)

// NewInventory makes the inventory service: it keeps the shelf.
func NewInventory(env *Env, s Settings) *Service {
	return newService(env, role{
		name: "inventory", group: "inventory-service", topics: []string{"payments", "inventory-commands"}, style: Choreography,
		react: map[string]Reaction{
			PaymentCompleted: reserve,
			PaymentRefunded:  release,
			ReserveStock:     reserve,
			ReleaseStock:     release,
		},
		answers: map[string]Reaction{ReserveStock: reserve, ReleaseStock: release},
	}, s)
}

// reserve takes the pieces of an order off the shelf, all of them or none.
func reserve(ctx context.Context, w *Work) error {
	return w.Transact(ctx, func(ctx context.Context, tx *Tx) error {
		if w.settings.Idempotent {
			held, err := tx.reservation(ctx, w.Order(), "reserved")
			if err == nil && held != nil && w.Asked() {
				return tx.Publish(StockReserved, 1, w.Event.Data, nil)
			}
			if err != nil || held != nil {
				return err // the order has its pieces, whatever event says so again
			}
		}
		reason, err := tx.takeFor(ctx, w)
		if err != nil {
			return err
		}
		event, status := StockReserved, "reserved"
		if reason != "" {
			event, status = StockReservationFailed, "failed"
		}
		items, err := json.Marshal(w.Event.Data.Items)
		if err != nil {
			return fmt.Errorf("encode items: %w", err)
		}
		if _, err := tx.ExecContext(ctx, `INSERT INTO reservations (order_id, items, status, reason) VALUES (?, ?, ?, ?)`, w.Order(), string(items), status, reason); err != nil {
			return fmt.Errorf("note the reservation of order %s: %w", w.Order(), err)
		}
		if tx.moment.Stock != nil {
			tx.moment.Stock.Reserved = reason == ""
		}
		return tx.Publish(event, 1, w.Event.Data, func(out *EventData) {
			// Who hears of the goods first need not have heard of the money.
			paid := w.Event.Data
			out.PaymentID, out.Method, out.Amount, out.Reason = paid.PaymentID, paid.Method, paid.Amount, reason
		})
	})
}

// release is the compensation of reserve: the pieces go back on the shelf.
func release(ctx context.Context, w *Work) error {
	return w.Transact(ctx, func(ctx context.Context, tx *Tx) error {
		held, err := tx.reservation(ctx, w.Order(), "reserved")
		if err == nil && held == nil && w.Asked() {
			return tx.neverReserve(ctx, w.Event.Data)
		}
		if err != nil || held == nil {
			return err
		}
		if _, err := tx.ExecContext(ctx, `UPDATE reservations SET status = 'released' WHERE order_id = ? AND status = 'reserved'`, w.Order()); err != nil {
			return fmt.Errorf("release the reservation of order %s: %w", w.Order(), err)
		}
		for _, it := range held {
			if err := tx.move(ctx, it.SKU, it.Qty); err != nil {
				return err
			}
		}
		if tx.moment.Stock != nil { // an order from outside may be about nothing
			tx.moment.Stock.Released = true
		}
		return tx.Publish(StockReleased, 1, w.Event.Data, func(out *EventData) { out.Reason = w.Event.Data.Reason })
	})
}

// takeFor takes the pieces of an order, unless it was asked to give them back
// before: commands may overtake each other.
func (tx *Tx) takeFor(ctx context.Context, w *Work) (reason string, err error) {
	if w.Asked() {
		released, err := tx.reservation(ctx, w.Order(), "released")
		if err != nil || released != nil {
			return calledOff, err
		}
	}
	return tx.take(ctx, w.Event.Data.Items)
}

// neverReserve notes that nothing is to be reserved for an order any more, and
// says that nothing had to go back.
func (tx *Tx) neverReserve(ctx context.Context, d EventData) error {
	_, err := tx.ExecContext(ctx, `INSERT INTO reservations (order_id, items, status, reason) VALUES (?, '[]', 'released', ?)`, string(d.OrderID), d.Reason)
	if err != nil {
		return fmt.Errorf("call off the reservation of order %s: %w", d.OrderID, err)
	}
	return tx.Publish(StockReleased, 1, d, func(out *EventData) { out.Reason = d.Reason })
}

// reservation returns what is reserved for an order, or was, nil for nothing.
func (tx *Tx) reservation(ctx context.Context, id, status string) ([]Item, error) {
	rows, err := tx.QueryContext(ctx, `SELECT items FROM reservations WHERE order_id = ? AND status = ?`, id, status)
	if err != nil {
		return nil, fmt.Errorf("find the reservation of order %s: %w", id, err)
	}
	defer rows.Close()
	var held []Item
	for rows.Next() {
		if held == nil {
			held = []Item{}
		}
		var text string
		var items []Item
		if err := rows.Scan(&text); err != nil {
			return nil, fmt.Errorf("read the reservation of order %s: %w", id, err)
		}
		if err := json.Unmarshal([]byte(text), &items); err != nil {
			return nil, fmt.Errorf("read the reservation of order %s: %w", id, err)
		}
		held = append(held, items...)
	}
	return held, rows.Err()
}

// take moves all items off the shelf. The reason says why it could not; then
// nothing was moved.
func (tx *Tx) take(ctx context.Context, items []Item) (reason string, err error) {
	for sku, pieces := range perSKU(items) {
		n, err := available(ctx, tx.Tx, sku)
		if errors.Is(err, sql.ErrNoRows) {
			return "unknown_sku", nil
		}
		if err != nil {
			return "", err
		}
		if n < pieces && reason == "" {
			reason = "out_of_stock"
		}
	}
	if reason != "" {
		return reason, nil
	}
	for _, it := range items {
		if err := tx.move(ctx, it.SKU, -it.Qty); err != nil {
			return "", err
		}
	}
	return "", nil
}

// perSKU adds up the lines of an order: two lines may be about one product.
func perSKU(items []Item) map[string]int {
	pieces := map[string]int{}
	for _, it := range items {
		pieces[it.SKU] += it.Qty
	}
	return pieces
}

// move changes how many pieces are available, and notes it.
func (tx *Tx) move(ctx context.Context, sku string, by int) error {
	var n int
	err := tx.QueryRowContext(ctx, `UPDATE stock SET available = available + ? WHERE sku = ? RETURNING available`, by, sku).Scan(&n)
	if err != nil {
		return fmt.Errorf("move %d pieces of %s: %w", by, sku, err)
	}
	if tx.moment.Stock == nil {
		tx.moment.Stock = &StockFact{Available: map[string]int{}}
	}
	tx.moment.Stock.Available[sku] = n
	return nil
}

type rower interface {
	QueryRowContext(ctx context.Context, query string, args ...any) *sql.Row
}

func available(ctx context.Context, db rower, sku string) (n int, err error) {
	err = db.QueryRowContext(ctx, `SELECT available FROM stock WHERE sku = ?`, sku).Scan(&n)
	if err != nil {
		return 0, fmt.Errorf("count %s on the shelf: %w", sku, err)
	}
	return n, nil
}

// Fill puts pieces on the shelf, or takes them away, and returns what is
// available then.
func Fill(ctx context.Context, w *store.Write, sku string, by int) (n int, err error) {
	err = w.DB.QueryRowContext(ctx, `INSERT INTO stock (sku, available) VALUES (?, ?)
		ON CONFLICT (sku) DO UPDATE SET available = available + excluded.available RETURNING available`, sku, by).Scan(&n)
	if err != nil {
		return 0, fmt.Errorf("put %d pieces of %s on the shelf: %w", by, sku, err)
	}
	return n, nil
}

// Empty takes every piece of a product off the shelf and returns how many there
// were.
func Empty(ctx context.Context, w *store.Write, sku string) (had int, err error) {
	if had, err = available(ctx, w.DB, sku); err != nil {
		return 0, err
	}
	_, err = Fill(ctx, w, sku, -had)
	return had, err
}
