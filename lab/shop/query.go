package shop

import (
	"context"

	"eddy/lab/store"
)

// Queries is the query side of the shop. It answers from the read model and
// never asks the service that takes the orders: what has not been projected
// yet, it does not know.
type Queries struct{ Read *ReadModel }

// Order returns one order, and whether the read model has it.
func (q Queries) Order(ctx context.Context, id string) (store.View, bool, error) {
	q.Read.mu.RLock()
	defer q.Read.mu.RUnlock()
	return q.Read.serving.Get(ctx, id)
}

// OrderSince returns an order once the read model has it at a version or a
// newer one. It gives up with ctx: then it returns what there is.
func (q Queries) OrderSince(ctx context.Context, id string, version int) (store.View, bool, error) {
	for {
		changed := q.Read.changed() // before the look, so that no change is missed
		view, found, err := q.Order(context.WithoutCancel(ctx), id)
		if err != nil || found && view.Version >= version {
			return view, found, err
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return view, found, nil
		}
	}
}

// OrdersOf returns one page of a user's orders, newest first, and how many
// there are in all. Pages count from 1.
func (q Queries) OrdersOf(ctx context.Context, user string, page, size int) (views []store.View, total int, err error) {
	q.Read.mu.RLock()
	defer q.Read.mu.RUnlock()
	return q.Read.serving.ByUser(ctx, user, page, size)
}

// changed is closed when a row changes.
func (r *ReadModel) changed() <-chan struct{} {
	r.mu.RLock()
	defer r.mu.RUnlock()
	return r.news
}
