package shop

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"time"

	"eddy/lab/pattern"
	"eddy/lab/store"
)

// Loading is one way to load an order. Took is wall time, the median of several
// tries.
type Loading struct {
	From   int // the version of the snapshot that it began with, 0: from the beginning
	Events int // that were read
	Took   time.Duration
	State  pattern.Order
}

// loadingTries is how often a way is tried.
const loadingTries = 15

// Load loads an order both ways, from its newest snapshot and from its first
// event.
func Load(ctx context.Context, w *store.Write, id string) (whole, quick Loading, err error) {
	if whole, err = load(func() (pattern.Order, error) { return pattern.Order{ID: id}, nil }, ctx, w); err != nil {
		return whole, quick, err
	}
	quick, err = load(func() (pattern.Order, error) { return pattern.NewestSnapshot(ctx, w.DB, id) }, ctx, w)
	if err == nil && !reflect.DeepEqual(whole.State, quick.State) {
		err = fmt.Errorf("load order %s: the snapshot of version %d leads elsewhere than its events", id, quick.From)
	}
	return whole, quick, err
}

func load(start func() (pattern.Order, error), ctx context.Context, w *store.Write) (l Loading, err error) {
	var took []time.Duration
	for range loadingTries {
		began := time.Now()
		from, err := start()
		if err != nil {
			return l, err
		}
		l.From = from.Version
		if l.State, l.Events, err = pattern.FoldOn(ctx, w.DB, from); err != nil {
			return l, err
		}
		took = append(took, time.Since(began))
	}
	slices.Sort(took)
	l.Took = took[len(took)/2]
	return l, nil
}

// Attempt is a statement that the database did not carry out, and its words.
type Attempt struct{ SQL, Refusal string }

// errAllowed says that the event store lets itself be changed. It never does.
var errAllowed = errors.New("the event store let an event be changed")

// Tamper tries to change an event, and to delete it, by SQL. Everything is
// rolled back; Kept says that the stream was the same afterwards.
func Tamper(ctx context.Context, w *store.Write, id string, version int) (attempts []Attempt, kept bool, err error) {
	before, err := pattern.Load(ctx, w.DB, id)
	if err != nil {
		return nil, false, err
	}
	if version < 1 || version > len(before) {
		return nil, false, fmt.Errorf("%w: version %d of %s", ErrNoOrder, version, id)
	}
	forged, err := json.Marshal(pattern.OrderFacts{Reason: "it never happened"})
	if err != nil {
		return nil, false, fmt.Errorf("forge an event: %w", err)
	}
	for _, try := range []struct {
		said, sql string
		args      []any
	}{
		{fmt.Sprintf("UPDATE events SET data = '%s' WHERE aggregate_id = '%s' AND version = %d", forged, id, version), `UPDATE events SET data = ? WHERE aggregate_id = ? AND version = ?`, []any{string(forged), id, version}},
		{fmt.Sprintf("DELETE FROM events WHERE aggregate_id = '%s' AND version = %d", id, version), `DELETE FROM events WHERE aggregate_id = ? AND version = ?`, []any{id, version}},
	} {
		refusal, err := refused(ctx, w, try.sql, try.args)
		if err != nil {
			return nil, false, err
		}
		attempts = append(attempts, Attempt{try.said, refusal})
	}
	after, err := pattern.Load(ctx, w.DB, id)
	return attempts, reflect.DeepEqual(before, after), err
}

// refused runs a statement that must fail, and returns the database's words.
func refused(ctx context.Context, w *store.Write, statement string, args []any) (string, error) {
	tx, err := w.DB.BeginTx(ctx, nil)
	if err != nil {
		return "", fmt.Errorf("begin a transaction: %w", err)
	}
	defer tx.Rollback()
	if _, err := tx.ExecContext(ctx, statement, args...); err != nil {
		return err.Error(), nil
	}
	return "", errAllowed
}
