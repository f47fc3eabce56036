package pattern

import (
	"context"
	"encoding/json"
	"fmt"
	"sync"
	"time"
)

// Outbox publishes events that belong to a change in the database.
//
// Problem: a service writes to its database and to Kafka, and no transaction
// spans both. A crash in between loses the event, or publishes one that never
// happened.
//
// Guarantee: the event is a row, written in the transaction of the change. A
// relay publishes the rows and deletes each after Kafka's ack. An event is
// published if and only if the change is committed, at least once, and in the
// order of the rows.
//
// Cost: a row and a delete an event, and a moment until the relay has run.
//
// Not covered: duplicates. A crash between ack and delete publishes a row
// again, under the same event id; consumers keep an inbox. And order across
// owners: the rows of an owner that died are published late.
type Outbox struct {
	Service string           // whose rows these are
	Owner   string           // this instance; it relays the rows that it wrote
	Lease   time.Duration    // how long rows are left to a silent owner before another relays them
	Now     func() time.Time // nil: time.Now

	once    sync.Once
	turn    chan struct{} // holds a token while a relay runs
	claimed time.Time     // the last claim; the running relay's
	mu      sync.Mutex    // guards the two below
	begun   int           // relays that were begun
	done    int           // the newest relay that succeeded
}

// Outgoing is one event on its way out.
type Outgoing struct {
	Topic   string
	Key     []byte // nil: no key
	EventID string
	Value   []byte
	Headers map[string]string
}

// relayBatch bounds the rows that are published by one call.
const relayBatch = 200

// Put writes events into the outbox. tx is the transaction of the change.
func (o *Outbox) Put(ctx context.Context, tx DB, msgs ...Outgoing) error {
	for _, m := range msgs {
		headers, err := json.Marshal(m.Headers)
		if err != nil {
			return fmt.Errorf("put event %s into the outbox: %w", m.EventID, err)
		}
		if _, err := tx.ExecContext(ctx, `INSERT INTO outbox
			(service, owner, claimed_until, topic, key, event_id, value, headers) VALUES (?, ?, ?, ?, ?, ?, ?, ?)`,
			o.Service, o.Owner, o.lease(), m.Topic, m.Key, m.EventID, m.Value, string(headers)); err != nil {
			return fmt.Errorf("put event %s into the outbox: %w", m.EventID, err)
		}
	}
	return nil
}

// Relay publishes the rows of this owner, and those whose owner has not renewed
// its lease, in the order they were written, and returns how many. publish
// returns nil once all of its events are acked. When Relay returns nil, every
// row that this owner had committed before the call is published.
//
// It may be called from many goroutines. One relay runs at a time; callers that
// waited together share the next one, and only the one that ran it counts the
// rows.
func (o *Outbox) Relay(ctx context.Context, db DB, publish func(context.Context, []Outgoing) error) (n int, err error) {
	o.once.Do(func() { o.turn = make(chan struct{}, 1) })
	o.mu.Lock()
	enough := o.begun + 1 // any relay that begins from now on sees our rows
	o.mu.Unlock()

	select {
	case o.turn <- struct{}{}:
		defer func() { <-o.turn }()
	case <-ctx.Done():
		return 0, fmt.Errorf("wait to relay the outbox of %s: %w", o.Owner, context.Cause(ctx))
	}

	o.mu.Lock()
	if o.done >= enough {
		o.mu.Unlock()
		return 0, nil
	}
	o.begun++
	this := o.begun
	o.mu.Unlock()

	if n, err = o.relay(ctx, db, publish); err != nil {
		return n, fmt.Errorf("relay the outbox of %s: %w", o.Owner, err)
	}
	o.mu.Lock()
	o.done = this
	o.mu.Unlock()
	return n, nil
}

// Pending returns how many rows of this service wait to be published, whoever
// owns them.
func (o *Outbox) Pending(ctx context.Context, db DB) (n int, err error) {
	rows, err := db.QueryContext(ctx, `SELECT count(*) FROM outbox WHERE service = ?`, o.Service)
	if err != nil {
		return 0, fmt.Errorf("count the outbox of %s: %w", o.Service, err)
	}
	defer rows.Close()
	for rows.Next() {
		if err := rows.Scan(&n); err != nil {
			return 0, fmt.Errorf("count the outbox of %s: %w", o.Service, err)
		}
	}
	return n, rows.Err()
}

func (o *Outbox) relay(ctx context.Context, db DB, publish func(context.Context, []Outgoing) error) (n int, err error) {
	for {
		if err := o.claim(ctx, db); err != nil {
			return n, err
		}
		ids, msgs, err := o.read(ctx, db)
		if err != nil || len(ids) == 0 {
			return n, err
		}
		// No transaction is open while we wait for Kafka.
		if err := publish(ctx, msgs); err != nil {
			return n, fmt.Errorf("publish %d events: %w", len(msgs), err)
		}
		if err := remove(ctx, db, ids); err != nil {
			return n, err
		}
		n += len(ids)
		if len(ids) < relayBatch {
			return n, nil
		}
	}
}

// claim renews the lease of our rows and takes over rows whose lease ran out.
// Twice a lease is often enough: Put gives every row a full one.
func (o *Outbox) claim(ctx context.Context, db DB) error {
	if now := o.now(); now.Sub(o.claimed) < o.Lease/2 {
		return nil
	}
	o.claimed = o.now()
	_, err := db.ExecContext(ctx, `UPDATE outbox SET owner = ?, claimed_until = ?
		WHERE service = ? AND (owner = ? OR claimed_until < ?)`,
		o.Owner, o.lease(), o.Service, o.Owner, o.now().UnixMilli())
	if err != nil {
		return fmt.Errorf("claim rows: %w", err)
	}
	return nil
}

func (o *Outbox) read(ctx context.Context, db DB) (ids []int64, msgs []Outgoing, err error) {
	rows, err := db.QueryContext(ctx, `SELECT id, topic, key, event_id, value, headers FROM outbox
		WHERE service = ? AND owner = ? ORDER BY id LIMIT ?`, o.Service, o.Owner, relayBatch)
	if err != nil {
		return nil, nil, fmt.Errorf("read rows: %w", err)
	}
	defer rows.Close()
	for rows.Next() {
		var id int64
		var m Outgoing
		var headers string
		if err := rows.Scan(&id, &m.Topic, &m.Key, &m.EventID, &m.Value, &headers); err != nil {
			return nil, nil, fmt.Errorf("read rows: %w", err)
		}
		if err := json.Unmarshal([]byte(headers), &m.Headers); err != nil {
			return nil, nil, fmt.Errorf("read headers of event %s: %w", m.EventID, err)
		}
		ids, msgs = append(ids, id), append(msgs, m)
	}
	return ids, msgs, rows.Err()
}

// remove deletes exactly the rows that were published. "All up to the last id"
// would not do: a database with many writers may commit a lower id later. But
// ids without a gap leave no room for another row.
func remove(ctx context.Context, db DB, ids []int64) error {
	first, last := ids[0], ids[len(ids)-1]
	query, args := `DELETE FROM outbox WHERE id BETWEEN ? AND ?`, []any{first, last}
	if last-first != int64(len(ids)-1) {
		list, err := json.Marshal(ids)
		if err != nil {
			return fmt.Errorf("delete %d published rows: %w", len(ids), err)
		}
		query, args = `DELETE FROM outbox WHERE id IN (SELECT value FROM json_each(?))`, []any{string(list)}
	}
	if _, err := db.ExecContext(ctx, query, args...); err != nil {
		return fmt.Errorf("delete %d published rows: %w", len(ids), err)
	}
	return nil
}

func (o *Outbox) lease() int64 { return o.now().Add(o.Lease).UnixMilli() }

func (o *Outbox) now() time.Time {
	if o.Now == nil {
		return time.Now()
	}
	return o.Now()
}
