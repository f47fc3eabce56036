package shop

import (
	"context"
	"fmt"

	"eddy/lab/pattern"
)

// The styles of a saga: who knows the next step.
const (
	Choreography  = "choreography"  // each service: it reacts to the events of the others
	Orchestration = "orchestration" // the orchestrator: it sends commands
	Sync          = "sync"          // the order service: it calls the others
)

// fixStyle says which style an order goes by. Whoever sees it first decides, and
// everybody after keeps to that.
func fixStyle(ctx context.Context, db pattern.DB, order, style string) (string, error) {
	if _, err := db.ExecContext(ctx, `INSERT INTO styles (order_id, saga) VALUES (?, ?) ON CONFLICT (order_id) DO NOTHING`, order, style); err != nil {
		return "", fmt.Errorf("fix the style of order %s: %w", order, err)
	}
	return readStyle(ctx, db, order)
}

// readStyle returns "" for an order that nobody has seen.
func readStyle(ctx context.Context, db pattern.DB, order string) (style string, err error) {
	rows, err := db.QueryContext(ctx, `SELECT saga FROM styles WHERE order_id = ?`, order)
	if err != nil {
		return "", fmt.Errorf("read the style of order %s: %w", order, err)
	}
	defer rows.Close()
	for rows.Next() {
		if err := rows.Scan(&style); err != nil {
			return "", fmt.Errorf("read the style of order %s: %w", order, err)
		}
	}
	return style, rows.Err()
}

// concerned tells whether a message that the service reacts to is about an
// order of its style, and news to it. What cannot be found out now is: the
// handler asks again.
func (m *member) concerned(e Event) bool {
	if ours, err := m.ours(m.ctx, e); err == nil && !ours {
		return false
	}
	return m.needs == nil || m.needs(m.ctx, m, e)
}

// ours tells whether an event is about an order of the service's style.
func (m *member) ours(ctx context.Context, e Event) (bool, error) {
	switch {
	case m.style == "", m.name == "order" && e.Type == OrderCreated:
		return true, nil
	case Commands[e.Type] != "":
		known, _ := m.env.styles.Load(string(e.Data.OrderID))
		return m.answers == nil || known != Sync, nil
	}
	style, err := m.styleOf(ctx, e)
	return style == m.style || style == Sync && m.name == "order", err
}

// styleOf is the style of an order. It is settled when anybody first asks, and
// the same for everybody from then on.
func (e *Env) styleOf(order string) string {
	if order == "" {
		return e.Saga()
	}
	style, _ := e.styles.LoadOrStore(order, e.Saga())
	return style.(string)
}

// styleOf is the style of an event's order. An order that begins otherwise than
// with OrderCreated has no saga that would lead it.
func (m *member) styleOf(ctx context.Context, e Event) (style string, err error) {
	id := string(e.Data.OrderID)
	if known, ok := m.env.styles.Load(id); ok {
		return known.(string), nil
	}
	if err := m.database(); err != nil {
		return "", err
	}
	ctx = context.WithoutCancel(ctx)
	switch {
	case e.Type == OrderCreated:
		style, err = fixStyle(ctx, m.env.Write.DB, id, m.env.Saga())
	case m.style == Choreography && m.env.Saga() == Sync:
		style, err = fixStyle(ctx, m.env.Write.DB, id, Sync)
	case m.style == Choreography:
		style, err = fixStyle(ctx, m.env.Write.DB, id, Choreography)
	default:
		style, err = readStyle(ctx, m.env.Write.DB, id)
	}
	if err != nil || style == "" {
		return "", err
	}
	settled, _ := m.env.styles.LoadOrStore(id, style)
	return settled.(string), nil
}
