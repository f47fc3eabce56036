package pattern

import (
	"context"
	"fmt"

	"github.com/twmb/franz-go/pkg/kgo"
)

// Transform reads records, makes others of them, and has both count at once.
//
// Problem: a service that reads from Kafka and writes to Kafka can crash after
// its records are written and before its offset is saved. Then the records that
// it has read come again, and so do those that it writes.
//
// Guarantee: what is written and the offset are one Kafka transaction. Whoever
// reads committed records sees the results of each record exactly once.
//
// Cost: a few requests a batch, and readers wait for the end of a transaction.
// A crash leaves it open until it times out, or until the next start of the
// same transactional id ends it.
//
// Not covered: anything that is not Kafka. A call, a mail or a row that Process
// brings about is not undone and happens again: see Inbox.
type Transform struct {
	// Session is made with a TransactionalID, a ConsumerGroup and
	// FetchIsolationLevel(ReadCommitted). The caller closes it.
	Session *kgo.GroupTransactSession
	Process func(*kgo.Record) (*kgo.Record, error)
}

// Next takes the records that are there and returns how many it has done. It
// waits until there are some, or until ctx ends. After an error nothing of the
// batch counts, and its records come again.
func (t *Transform) Next(ctx context.Context) (done int, err error) {
	fetches := t.Session.PollFetches(ctx)
	if err := fetches.Err(); err != nil {
		return 0, fmt.Errorf("poll: %w", err)
	}
	if err := t.Session.Begin(); err != nil {
		return 0, fmt.Errorf("begin the transaction: %w", err)
	}
	for _, rec := range fetches.Records() {
		out, err := t.Process(rec)
		if err == nil {
			err = t.Session.ProduceSync(ctx, out).FirstErr()
		}
		if err != nil {
			_, _ = t.Session.End(ctx, kgo.TryAbort) // if that fails too, the next start ends it
			return 0, fmt.Errorf("transform %s p%d #%d: %w", rec.Topic, rec.Partition, rec.Offset, err)
		}
		done++
	}
	committed, err := t.Session.End(ctx, kgo.TryCommit)
	if err != nil {
		return 0, fmt.Errorf("end the transaction: %w", err)
	}
	if !committed { // the partitions moved meanwhile: whoever has them now does it
		return 0, nil
	}
	return done, nil
}
