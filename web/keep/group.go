package keep

import (
	"context"
	"database/sql"
	"errors"
	"sync"
)

// group lets changes that come at the same time share a transaction, and with
// it the one wait for the disk: a class that answers all at once would wait for
// as many as it has learners.
type group struct {
	turn sync.Mutex // held by whoever has a transaction

	mu      sync.Mutex
	waiting []*change
}

// change is one caller's part of a transaction.
type change struct {
	ctx context.Context
	do  func(ctx context.Context, tx *sql.Tx) error
	err error
}

var errUndone = errors.New("the change was not carried out")

// together runs do in a transaction that it may share with other changes; they
// are done one after the other, in the order in which they came. It is durable
// when together returns nil. Where do returns an error nothing of it is kept,
// so do writes with one statement, its last one. A change whose caller has gone
// before its turn is not begun; one that has begun is not broken off, because
// the others would be broken off with it.
func (s *Store) together(ctx context.Context, do func(ctx context.Context, tx *sql.Tx) error) error {
	own := &change{ctx, do, errUndone}
	g := &s.group
	g.mu.Lock()
	g.waiting = append(g.waiting, own)
	g.mu.Unlock()

	// Whoever gets the turn takes all that wait. Then own was done by somebody
	// before, or is among them.
	g.turn.Lock()
	defer g.turn.Unlock()
	g.mu.Lock()
	batch := g.waiting
	g.waiting = nil
	g.mu.Unlock()
	if len(batch) > 0 {
		s.commit(context.WithoutCancel(ctx), batch)
	}
	return own.err
}

// commit does the changes of a batch and leaves each its error.
func (s *Store) commit(ctx context.Context, batch []*change) {
	done := make([]error, len(batch))
	err := s.inTx(ctx, func(tx *sql.Tx) error {
		for i, c := range batch {
			if done[i] = context.Cause(c.ctx); done[i] == nil {
				done[i] = c.do(ctx, tx)
			}
		}
		return nil
	})
	for i, c := range batch {
		if c.err = done[i]; c.err == nil {
			c.err = err
		}
	}
}
