package shop

import (
	"context"
	"fmt"
	"sync"

	"eddy/lab/store"
)

// ReadDB is a database that holds a read model: rows that answer a question
// without a join, made of nothing but events. store.Read is one; any other that
// can do this little may take its place.
type ReadDB interface {
	// Apply applies changes, and notes how far the log was read with them: all
	// or nothing. An event that was applied before is skipped.
	Apply(ctx context.Context, changes []store.Change, read ...store.Place) error
	// Places are how far the log was read, by partition.
	Places(ctx context.Context) ([]store.Place, error)
	Get(ctx context.Context, orderID string) (store.View, bool, error)
	ByUser(ctx context.Context, user string, page, size int) (views []store.View, total int, err error)
	Close() error
}

// ReadModel is the read model that queries are answered from, and, while it is
// being built anew, a second one beside it that nobody sees until it takes the
// first one's place. Its methods may be called from any goroutine.
type ReadModel struct {
	fresh func(context.Context) (ReadDB, error)
	turn  chan struct{} // holds a token while somebody applies events, or swaps

	mu      sync.RWMutex // a query holds it for reading, so that a swap does not close its database
	serving ReadDB
	beside  ReadDB        // nil where nothing is being built
	news    chan struct{} // closed when the rows have changed
}

// OpenReadModel makes an empty read model; fresh makes the databases that it
// needs, and the ReadModel closes them. The caller closes the ReadModel.
func OpenReadModel(ctx context.Context, fresh func(context.Context) (ReadDB, error)) (*ReadModel, error) {
	serving, err := fresh(ctx)
	if err != nil {
		return nil, err
	}
	return &ReadModel{fresh: fresh, turn: make(chan struct{}, 1), serving: serving, news: make(chan struct{})}, nil
}

// Close closes the databases.
func (r *ReadModel) Close() error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.beside != nil {
		if err := r.beside.Close(); err != nil {
			return err
		}
	}
	return r.serving.Close()
}

// apply applies an event to the model that answers queries, and calls told
// before anybody else may: nothing happens to the model in between.
func (r *ReadModel) apply(ctx context.Context, c store.Change, told func() error, read ...store.Place) error {
	if err := r.take(ctx); err != nil {
		return err
	}
	defer r.give()
	if err := r.serving.Apply(context.WithoutCancel(ctx), []store.Change{c}, read...); err != nil {
		return fmt.Errorf("project an event of order %s: %w", c.OrderID, err)
	}
	r.tell()
	return told()
}

// take waits for the turn, so that the serving model is nobody else's to change.
func (r *ReadModel) take(ctx context.Context) error {
	select {
	case r.turn <- struct{}{}:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

func (r *ReadModel) give() { <-r.turn }

// tell wakes whoever waits for a row to change.
func (r *ReadModel) tell() {
	r.mu.Lock()
	defer r.mu.Unlock()
	close(r.news)
	r.news = make(chan struct{})
}

// shadow is the model that is being built beside the serving one: what a crash
// left half built, or an empty one.
func (r *ReadModel) shadow(ctx context.Context) (ReadDB, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.beside == nil {
		fresh, err := r.fresh(ctx)
		if err != nil {
			return nil, fmt.Errorf("open a second read model: %w", err)
		}
		r.beside = fresh
	}
	return r.beside, nil
}

// swap puts the shadow in the place of the model that has answered so far, for
// all queries at once. The caller has the turn.
func (r *ReadModel) swap() error {
	r.mu.Lock()
	old := r.serving
	r.serving, r.beside = r.beside, nil
	r.mu.Unlock()
	r.tell()
	return old.Close()
}

// places says how far the serving model has read.
func (r *ReadModel) places(ctx context.Context) ([]store.Place, error) {
	r.mu.RLock()
	defer r.mu.RUnlock()
	return r.serving.Places(ctx)
}
