package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
)

// View is one order as the read database shows it: all that a page needs, in
// one row, copied together from several events.
type View struct {
	OrderID   string
	UserID    string
	UserName  string
	UserEmail string
	Items     string // JSON
	Total     int64  // minor units
	Status    string
	Reason    string // why it failed or was cancelled
	Version   int
	CreatedAt int64 // milliseconds since 1970
	UpdatedAt int64 // milliseconds since 1970
}

// Change is what one event makes of one row. Update gets the row as it is,
// with only OrderID set where there is none, and changes it; false leaves the
// database as it is. Update is not called for an event that was applied before.
type Change struct {
	EventID string
	OrderID string
	Update  func(*View) bool
}

// Place is how far a partition has been read: Next is the offset of the first
// record that has not.
type Place struct {
	Topic     string
	Partition int32
	Next      int64
}

// Read is the read database. All of it can be built again from the events, so
// it needs no backup. It may be used from many goroutines.
type Read struct {
	DB *sql.DB
}

// OpenRead opens an empty read database. The caller closes it.
func OpenRead(ctx context.Context) (*Read, error) {
	db, err := open(ctx, readSchema)
	if err != nil {
		return nil, err
	}
	return &Read{DB: db}, nil
}

// Close closes the database.
func (r *Read) Close() error { return r.DB.Close() }

// Apply applies the changes in their order, in one transaction: all or none. A
// change whose EventID was applied before, in these changes or in an earlier
// call, is skipped; an empty EventID is always new. The places up to which the
// log has been read with these changes are part of the transaction, so that
// whoever goes on from them misses nothing; they never move back.
func (r *Read) Apply(ctx context.Context, changes []Change, read ...Place) error {
	tx, err := r.DB.BeginTx(ctx, nil)
	if err != nil {
		return fmt.Errorf("begin to apply %d changes: %w", len(changes), err)
	}
	defer tx.Rollback()
	b := batch{tx: tx, rows: map[string]*row{}}
	fresh, err := b.note(ctx, changes)
	if err != nil {
		return fmt.Errorf("ask which of %d events were applied before: %w", len(changes), err)
	}
	if err := b.fetch(ctx, fresh); err != nil {
		return err
	}
	for _, c := range fresh {
		if r := b.rows[c.OrderID]; c.Update(&r.View) && !r.changed {
			r.changed = true
			b.dirty = append(b.dirty, r)
		}
	}
	if err := b.flush(ctx); err != nil {
		return err
	}
	for _, p := range read {
		if _, err := tx.ExecContext(ctx, upsertPlace, p.Topic, p.Partition, p.Next); err != nil {
			return fmt.Errorf("write how far %s/%d is read: %w", p.Topic, p.Partition, err)
		}
	}
	if err := tx.Commit(); err != nil {
		return fmt.Errorf("commit %d changes: %w", len(changes), err)
	}
	return nil
}

// Get returns the view of one order, and whether there is one.
func (r *Read) Get(ctx context.Context, orderID string) (View, bool, error) {
	v, err := scan(r.DB.QueryRowContext(ctx, selectView+` WHERE order_id = ?`, orderID))
	if errors.Is(err, sql.ErrNoRows) {
		return View{}, false, nil
	}
	if err != nil {
		return View{}, false, fmt.Errorf("read order %s: %w", orderID, err)
	}
	return v, true, nil
}

// ByUser returns one page of a user's orders, newest first, and how many there
// are in all. Pages count from 1; a size below 1 means 20.
func (r *Read) ByUser(ctx context.Context, user string, page, size int) ([]View, int, error) {
	page = max(page, 1)
	if size < 1 {
		size = 20
	}
	var total int
	err := r.DB.QueryRowContext(ctx, `SELECT count(*) FROM order_view WHERE user_id = ?`, user).Scan(&total)
	if err != nil {
		return nil, 0, fmt.Errorf("count orders of %s: %w", user, err)
	}
	views, err := r.list(ctx, selectView+` WHERE user_id = ?
		ORDER BY created_at DESC, order_id LIMIT ? OFFSET ?`, user, size, (page-1)*size)
	if err != nil {
		return nil, 0, fmt.Errorf("list orders of %s: %w", user, err)
	}
	return views, total, nil
}

// All returns every view, oldest first.
func (r *Read) All(ctx context.Context) ([]View, error) {
	views, err := r.list(ctx, selectView+` ORDER BY created_at, order_id`)
	if err != nil {
		return nil, fmt.Errorf("list orders: %w", err)
	}
	return views, nil
}

// Places are the places up to which the log was read, one a partition.
func (r *Read) Places(ctx context.Context) ([]Place, error) {
	rows, err := r.DB.QueryContext(ctx, `SELECT topic, partition, next FROM read_up_to`)
	if err != nil {
		return nil, fmt.Errorf("read how far the log was read: %w", err)
	}
	defer rows.Close()
	var places []Place
	for rows.Next() {
		var p Place
		if err := rows.Scan(&p.Topic, &p.Partition, &p.Next); err != nil {
			return nil, fmt.Errorf("read how far the log was read: %w", err)
		}
		places = append(places, p)
	}
	return places, rows.Err()
}

func (r *Read) list(ctx context.Context, query string, args ...any) ([]View, error) {
	rows, err := r.DB.QueryContext(ctx, query, args...)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var views []View
	for rows.Next() {
		v, err := scan(rows)
		if err != nil {
			return nil, err
		}
		views = append(views, v)
	}
	return views, rows.Err()
}

// batch is a transaction of changes. A row that several changes touch is read
// once and written once.
type batch struct {
	tx    *sql.Tx
	rows  map[string]*row // by order id
	dirty []*row          // in the order of their first change
}

type row struct {
	View
	was     View // in the database, zero where it is not there
	changed bool
}

// note writes down that the changes are applied, and returns those that were
// not before. One statement asks about all of them: a statement for each would
// cost more than what it asks.
func (b *batch) note(ctx context.Context, changes []Change) (fresh []Change, err error) {
	ids := make([]string, 0, len(changes))
	for _, c := range changes {
		if c.EventID != "" {
			ids = append(ids, c.EventID)
		}
	}
	switch {
	case len(ids) == 0:
		return changes, nil
	case len(changes) == 1: // what a projector does all day, so it has the simplest of statements
		if noted, err := b.exec(ctx, noteEvent, ids[0]); err != nil || noted == 0 {
			return nil, err
		}
		return changes, nil
	}
	list, err := json.Marshal(ids)
	if err != nil {
		return nil, err
	}
	all, err := b.allNew(ctx, string(list), len(ids))
	if err != nil || all {
		return changes, err
	}
	seen, err := b.seen(ctx, string(list))
	if err != nil {
		return nil, err
	}
	if _, err := b.tx.ExecContext(ctx, noteEvents, string(list)); err != nil {
		return nil, err
	}
	for _, c := range changes {
		if c.EventID != "" {
			if seen[c.EventID] {
				continue
			}
			seen[c.EventID] = true // for the rest of these changes
		}
		fresh = append(fresh, c)
	}
	return fresh, nil
}

// allNew writes down n events, if none of them was applied before, nor stands
// in the list twice. Otherwise nothing is changed.
func (b *batch) allNew(ctx context.Context, list string, n int) (bool, error) {
	if _, err := b.tx.ExecContext(ctx, `SAVEPOINT note`); err != nil {
		return false, err
	}
	noted, err := b.exec(ctx, noteEvents, list)
	if err != nil || noted == int64(n) {
		return noted == int64(n), err
	}
	_, err = b.tx.ExecContext(ctx, `ROLLBACK TO note`)
	return false, err
}

// exec returns how many rows a statement wrote.
func (b *batch) exec(ctx context.Context, query string, args ...any) (int64, error) {
	done, err := b.tx.ExecContext(ctx, query, args...)
	if err != nil {
		return 0, err
	}
	return done.RowsAffected()
}

func (b *batch) seen(ctx context.Context, list string) (map[string]bool, error) {
	rows, err := b.tx.QueryContext(ctx, seenEvents, list)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	seen := map[string]bool{}
	for rows.Next() {
		var id string
		if err := rows.Scan(&id); err != nil {
			return nil, err
		}
		seen[id] = true
	}
	return seen, rows.Err()
}

// fetch reads the rows that the changes are about; those that are not there
// yet are empty.
func (b *batch) fetch(ctx context.Context, changes []Change) error {
	var ids []string
	for _, c := range changes {
		if b.rows[c.OrderID] == nil {
			b.rows[c.OrderID] = &row{View: View{OrderID: c.OrderID}}
			ids = append(ids, c.OrderID)
		}
	}
	if len(ids) == 0 {
		return nil
	}
	which, arg := ` WHERE order_id IN (SELECT value FROM json_each(?))`, ""
	if len(ids) == 1 {
		which, arg = ` WHERE order_id = ?`, ids[0]
	} else {
		list, err := json.Marshal(ids)
		if err != nil {
			return err
		}
		arg = string(list)
	}
	rows, err := b.tx.QueryContext(ctx, selectView+which, arg)
	if err != nil {
		return fmt.Errorf("read %d orders: %w", len(ids), err)
	}
	defer rows.Close()
	for rows.Next() {
		v, err := scan(rows)
		if err != nil {
			return fmt.Errorf("read %d orders: %w", len(ids), err)
		}
		r := b.rows[v.OrderID]
		r.View, r.was = v, v
	}
	return rows.Err()
}

func (b *batch) flush(ctx context.Context) error {
	for _, v := range b.dirty {
		query, args := upsertView, []any{v.OrderID, v.UserID, v.UserName, v.UserEmail, v.Items, v.Total, v.Status, v.Reason,
			v.Version, v.CreatedAt, v.UpdatedAt}
		if v.onlyMoved() {
			query, args = updateView, []any{v.Status, v.Reason, v.Version, v.UpdatedAt, v.OrderID}
		}
		if _, err := b.tx.ExecContext(ctx, query, args...); err != nil {
			return fmt.Errorf("write order %s: %w", v.OrderID, err)
		}
	}
	return nil
}

// onlyMoved tells whether all that changed is how far the order came: that is in
// no index.
func (r *row) onlyMoved() bool {
	same := r.View
	same.Status, same.Reason, same.Version, same.UpdatedAt = r.was.Status, r.was.Reason, r.was.Version, r.was.UpdatedAt
	return same == r.was
}

// scan reads a view from a row of selectView.
func scan(row interface{ Scan(...any) error }) (v View, err error) {
	err = row.Scan(&v.OrderID, &v.UserID, &v.UserName, &v.UserEmail, &v.Items, &v.Total, &v.Status, &v.Reason,
		&v.Version, &v.CreatedAt, &v.UpdatedAt)
	return v, err
}

const (
	columns = `order_id, user_id, user_name, user_email, items, total, status, reason,
	version, created_at, updated_at`
	selectView = `SELECT ` + columns + ` FROM order_view`
	upsertView = `INSERT OR REPLACE INTO order_view (` + columns + `)
	VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`
	seenEvents  = `SELECT value FROM json_each(?) WHERE value IN (SELECT event_id FROM applied_events)`
	updateView  = `UPDATE order_view SET status = ?, reason = ?, version = ?, updated_at = ? WHERE order_id = ?`
	noteEvent   = `INSERT INTO applied_events (event_id) VALUES (?) ON CONFLICT DO NOTHING`
	noteEvents  = `INSERT INTO applied_events (event_id) SELECT value FROM json_each(?) WHERE true ON CONFLICT DO NOTHING`
	upsertPlace = `INSERT INTO read_up_to (topic, partition, next) VALUES (?, ?, ?)
	ON CONFLICT DO UPDATE SET next = max(next, excluded.next)`
)

const readSchema = `
CREATE TABLE order_view (
	order_id   TEXT PRIMARY KEY,
	user_id    TEXT NOT NULL,
	user_name  TEXT NOT NULL,
	user_email TEXT NOT NULL,
	items      TEXT NOT NULL, -- JSON
	total      INTEGER NOT NULL,
	status     TEXT NOT NULL,
	reason     TEXT NOT NULL,
	version    INTEGER NOT NULL,
	created_at INTEGER NOT NULL,
	updated_at INTEGER NOT NULL
) WITHOUT ROWID;
CREATE INDEX order_view_user ON order_view (user_id, created_at DESC);
CREATE TABLE applied_events (event_id TEXT PRIMARY KEY) WITHOUT ROWID;
CREATE TABLE read_up_to (
	topic     TEXT NOT NULL,
	partition INTEGER NOT NULL,
	next      INTEGER NOT NULL,
	PRIMARY KEY (topic, partition)
) WITHOUT ROWID;
`
