package pattern

import (
	"context"
	"fmt"
	"maps"

	"github.com/twmb/franz-go/pkg/kgo"
)

// Changelog is a table that lives in a topic: the newest record of a key is the
// row, a record without a value takes the row away.
//
// Problem: a table in memory is gone after a crash, and to build it again from
// every change that there ever was takes longer each day.
//
// Guarantee: a compacted topic (cleanup.policy=compact) keeps at least the
// newest record of every key, for ever. So the table that is read from it is
// the same as that of all changes, from far fewer records.
//
// Cost: how it came about. What was between is gone: compaction is not for
// events, it is for state.
//
// Not covered: when. The newest segment is not compacted, so a reader meets
// older values too and lets the newer ones win.
type Changelog map[string]string

// Read reads partition 0 of the topic from start to end and returns the table,
// and from how many records it was read. It ends at the records that stood there
// when it began.
func Read(ctx context.Context, client *kgo.Client, end int64) (table Changelog, read int, err error) {
	table = Changelog{}
	for next := int64(0); next < end; {
		fetches := client.PollFetches(ctx)
		if err := fetches.Err(); err != nil {
			return nil, read, fmt.Errorf("read the changelog: %w", err)
		}
		for _, rec := range fetches.Records() {
			table.Apply(rec)
			next = rec.Offset + 1
			read++
		}
	}
	return table, read, nil
}

// Apply makes the change of one record.
func (t Changelog) Apply(rec *kgo.Record) {
	if rec.Value == nil { // a tombstone
		delete(t, string(rec.Key))
		return
	}
	t[string(rec.Key)] = string(rec.Value)
}

// Equal tells whether two tables have the same rows.
func (t Changelog) Equal(other Changelog) bool { return maps.Equal(t, other) }
