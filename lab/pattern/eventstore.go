package pattern

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"
)

// Event is one fact about an aggregate, as its stream keeps it.
//
// Problem: a row holds what is true now and forgets how it came about. Two
// writers that read the same row overwrite each other.
//
// Guarantee: a stream is append-only and numbered from 1 without gaps. Who
// appends says which version it has seen; if somebody else was faster, it gets
// ErrConflict and nothing is written. The state is the Fold of the events, at
// the end or at any version before.
//
// Cost: to read the state, read the stream (or a snapshot and the rest of it).
// Old events stay for ever, so readers must understand old versions: see
// Upcaster.
//
// Not covered: rules across aggregates. Each stream is consistent by itself.
type Event struct {
	Seq           int64 // place among all streams, given by Append; grows, with gaps
	ID            string
	AggregateID   string // given by Append
	Type          string
	Data          json.RawMessage
	At            time.Time // to the millisecond
	Version       int       // place in its stream, from 1, given by Append
	SchemaVersion int       // of Data; 0 means 1
}

// ErrConflict says that the stream is not at the version that was expected.
// Load it again, decide again, append again.
var ErrConflict = errors.New("the stream has moved on: somebody else appended first")

// Append writes events to the end of a stream that the caller has seen at
// expectedVersion (0: no such stream). It returns ErrConflict if the stream is
// at another version; the caller then rolls tx back. An event id that is
// already in the store is an error, and not ErrConflict.
func Append(ctx context.Context, tx DB, aggregateID string, expectedVersion int, events ...Event) error {
	for i := range events {
		// The row is written only if the stream is where the caller saw it; a
		// writer that comes in between takes the version, and the unique key
		// leaves our row out.
		e, before := &events[i], expectedVersion+i
		e.AggregateID, e.Version, e.SchemaVersion = aggregateID, before+1, max(e.SchemaVersion, 1)
		done, err := tx.QueryContext(ctx, `INSERT INTO events
			(event_id, aggregate_id, type, data, timestamp, version, schema_version)
			SELECT ?, ?, ?, ?, ?, ?, ?
			WHERE (SELECT coalesce(max(version), 0) FROM events WHERE aggregate_id = ?) = ?
			ON CONFLICT (aggregate_id, version) DO NOTHING RETURNING seq`,
			e.ID, aggregateID, e.Type, string(e.Data), e.At.UnixMilli(), e.Version, e.SchemaVersion, aggregateID, before)
		if err != nil {
			return fmt.Errorf("append %s to %s: %w", e.Type, aggregateID, err)
		}
		written := done.Next()
		if written {
			err = done.Scan(&e.Seq)
		}
		if err := errors.Join(err, done.Err(), done.Close()); err != nil {
			return fmt.Errorf("append %s to %s: %w", e.Type, aggregateID, err)
		}
		if !written {
			return fmt.Errorf("append %s to %s at version %d: %w", e.Type, aggregateID, expectedVersion, ErrConflict)
		}
	}
	return nil
}

// Load returns the stream of an aggregate in order of version; none if there
// is no such stream.
func Load(ctx context.Context, db DB, aggregateID string) ([]Event, error) {
	return LoadAfter(ctx, db, aggregateID, 0)
}

// LoadAfter returns what a stream has after a version.
func LoadAfter(ctx context.Context, db DB, aggregateID string, version int) ([]Event, error) {
	events, err := query(ctx, db, `WHERE aggregate_id = ? AND version > ? ORDER BY version`, aggregateID, version)
	if err != nil {
		return nil, fmt.Errorf("load %s: %w", aggregateID, err)
	}
	return events, nil
}

// LoadAll returns the events of all streams after a place in the store, oldest
// first, at most limit of them: how a projection reads that is made long after
// them. It goes on after the Seq of the last one.
func LoadAll(ctx context.Context, db DB, after int64, limit int) ([]Event, error) {
	events, err := query(ctx, db, `WHERE seq > ? ORDER BY seq LIMIT ?`, after, limit)
	if err != nil {
		return nil, fmt.Errorf("load the events after %d: %w", after, err)
	}
	return events, nil
}

func query(ctx context.Context, db DB, which string, args ...any) ([]Event, error) {
	rows, err := db.QueryContext(ctx, `SELECT seq, event_id, aggregate_id, type, data, timestamp, version, schema_version FROM events `+which, args...)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var events []Event
	for rows.Next() {
		var e Event
		var at int64
		var data string
		if err := rows.Scan(&e.Seq, &e.ID, &e.AggregateID, &e.Type, &data, &at, &e.Version, &e.SchemaVersion); err != nil {
			return nil, err
		}
		e.Data, e.At = json.RawMessage(data), time.UnixMilli(at).UTC()
		events = append(events, e)
	}
	return events, rows.Err()
}

// Fold returns what the events make of a state. To see an aggregate as it was,
// fold fewer events.
func Fold[S any](state S, events []Event, apply func(S, Event) S) S {
	for _, e := range events {
		state = apply(state, e)
	}
	return state
}
