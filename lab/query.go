package lab

import (
	"cmp"
	"context"
	"fmt"
	"time"

	"eddy/lab/shop"
	"eddy/lab/store"
)

// The query side of a lab: what a customer's page would ask. It is answered
// from the read database alone; the write side is never asked.

// OrderQuery asks for one order.
type OrderQuery struct {
	Order string // handle or id
	// MinVersion waits, for at most queryPatience, until the read model has the
	// order at this version or a newer one.
	MinVersion int
	// Own shows the caller's own last command about the order where the read
	// model is older than the answer that the command got.
	Own bool
}

// queryPatience is how long a query waits for a version, in lab time.
const queryPatience = 5 * time.Second

// Where the row of an answer is from.
const (
	FromReadModel = "read_model" // the copy that the projector makes
	FromOwnWrite  = "own_write"  // what the caller's command was answered with
)

// OrderView is an order as a query answers it. AsOf is when the newest event
// happened that is in it.
type OrderView struct {
	OrderID   string      `json:"order_id"`
	UserID    string      `json:"user_id"`
	UserName  string      `json:"user_name"`
	UserEmail string      `json:"user_email"`
	Items     []shop.Item `json:"items"`
	Total     int64       `json:"total"` // minor units
	Status    string      `json:"status"`
	Reason    string      `json:"reason"`
	Version   int         `json:"version"`
	CreatedAt string      `json:"created_at"`
	AsOf      string      `json:"as_of"`
	AsOfMS    int64       `json:"as_of_ms"` // the same in lab time
	Source    string      `json:"source"`
}

// Freshness says how far the read model is behind all that happened, not only
// with what was asked for.
type Freshness struct {
	ReadLag   int64 `json:"read_lag"`    // events
	ReadLagMS int64 `json:"read_lag_ms"` // age of the oldest of them
}

// OrderAnswer answers an OrderQuery.
type OrderAnswer struct {
	OrderView
	Freshness
	WaitedMS int64 `json:"waited_ms"` // lab time
}

// OrdersAnswer is one page of a user's orders, newest first.
type OrdersAnswer struct {
	Orders []OrderView `json:"orders"`
	Total  int         `json:"total"`
	Page   int         `json:"page"` // from 1
	Size   int         `json:"size"`
	Freshness
}

// QueryOrder answers from the read model. What it does not have is NotFound,
// also where the order has been accepted already; a version that does not come
// in time is Unavailable.
func (l *Lab) QueryOrder(ctx context.Context, q OrderQuery) (OrderAnswer, error) {
	if q.MinVersion < 0 {
		return OrderAnswer{}, Errorf(Invalid, "min_version is the version of an order, 0 or more, not %d", q.MinVersion)
	}
	l.mu.Lock()
	id, name := q.Order, q.Order
	if o := l.board.find(q.Order); o != nil {
		id, name = o.ID, l.board.name(o.ID)
	}
	l.mu.Unlock()
	began := l.clock.Elapsed()
	view, found, err := l.awaitVersion(ctx, id, q.MinVersion)
	if err != nil {
		return OrderAnswer{}, err
	}
	a := OrderAnswer{OrderView: l.orderView(view), Freshness: l.freshness(), WaitedMS: (l.clock.Elapsed() - began).Milliseconds()}
	if own, ok := l.ownWrite(id); q.Own && ok && (!found || view.Version < own.Version) {
		a.OrderView, found = own, true
	}
	if a.Version < q.MinVersion {
		has := "does not have it yet"
		if found {
			has = fmt.Sprintf("has it at version %d", a.Version)
		}
		return OrderAnswer{}, Errorf(Unavailable, "order %s did not come to version %d within %s: the read model %s%s", name, q.MinVersion, queryPatience, has, l.whyStale())
	}
	if !found {
		return OrderAnswer{}, l.notProjected(id, name)
	}
	return a, nil
}

// awaitVersion waits until an order has a version in the read model.
func (l *Lab) awaitVersion(ctx context.Context, id string, version int) (store.View, bool, error) {
	queries := shop.Queries{Read: l.read}
	if version == 0 {
		view, found, err := queries.Order(ctx, id)
		return view, found, l.queryError(err)
	}
	patient, cancel := context.WithCancel(ctx)
	defer cancel()
	go func() {
		for more := l.lapse(queryPatience); more(patient, nil, time.Second); {
		}
		cancel()
	}()
	view, found, err := queries.OrderSince(patient, id, version)
	if err == nil && ctx.Err() != nil {
		err = context.Cause(ctx)
	}
	return view, found, l.queryError(err)
}

func (l *Lab) queryError(err error) error {
	if l.ctx.Err() != nil {
		return errClosed
	}
	return err
}

// notProjected says why a query finds nothing. Only the lab can tell: the query
// side does not know what it has not heard of.
func (l *Lab) notProjected(id, name string) error {
	l.mu.Lock()
	accepted := l.board.Orders[id] != nil
	l.mu.Unlock()
	if accepted {
		return Errorf(NotFound, "order %s is not in the read model yet%s", name, l.whyStale())
	}
	return Errorf(NotFound, "the read model has no order %q", name)
}

// whyStale goes on from a sentence that says what the read model does not have.
func (l *Lab) whyStale() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.board.ReadModel.Because == "" {
		return ""
	}
	return ", because " + l.board.ReadModel.Because
}

// Page sizes of a list of orders.
const (
	pageSize    = 20
	pageSizeMax = 100
	pageMax     = 100_000
)

// QueryOrders answers with a page of a user's orders from the read model. Pages
// count from 1; page 0 is the first, size 0 the usual.
func (l *Lab) QueryOrders(ctx context.Context, user string, page, size int) (OrdersAnswer, error) {
	page, size = cmp.Or(page, 1), cmp.Or(size, pageSize)
	switch {
	case user == "" || len(user) > 64:
		return OrdersAnswer{}, Errorf(Invalid, "orders are listed by user: orders?user=user-2")
	case page < 1 || page > pageMax:
		return OrdersAnswer{}, Errorf(Invalid, "there is no page %d: pages go from 1 to %d", page, pageMax)
	case size < 1 || size > pageSizeMax:
		return OrdersAnswer{}, Errorf(Invalid, "a page cannot have %d orders: it has 1 to %d", size, pageSizeMax)
	}
	views, total, err := shop.Queries{Read: l.read}.OrdersOf(ctx, user, page, size)
	if err != nil {
		return OrdersAnswer{}, l.queryError(err)
	}
	a := OrdersAnswer{Orders: []OrderView{}, Total: total, Page: page, Size: size, Freshness: l.freshness()}
	for _, v := range views {
		a.Orders = append(a.Orders, l.orderView(v))
	}
	return a, nil
}

func (l *Lab) freshness() Freshness {
	l.mu.Lock()
	defer l.mu.Unlock()
	return Freshness{l.board.ReadModel.Lag, l.readLagMS()}
}

func (l *Lab) orderView(v store.View) OrderView {
	row := shop.Row(v)
	return OrderView{
		OrderID: v.OrderID, UserID: v.UserID, UserName: v.UserName, UserEmail: v.UserEmail, Items: row.Items, Total: v.Total,
		Status: v.Status, Reason: v.Reason, Version: v.Version, CreatedAt: iso(v.CreatedAt), AsOf: iso(v.UpdatedAt), AsOfMS: l.labTime(v.UpdatedAt), Source: FromReadModel,
	}
}

func iso(ms int64) string { return time.UnixMilli(ms).UTC().Format("2006-01-02T15:04:05.000Z") }

// ownMax bounds the commands that are remembered.
const ownMax = 1000

// ownWrites are the newest accepted commands, by order: what a caller would
// keep in its session. They are a copy of the answers and no part of either
// database.
type ownWrites struct {
	byOrder map[string]OrderView
	oldest  []string
}

// wrote remembers what a command was answered with.
func (l *Lab) wrote(v OrderView) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.own.byOrder == nil {
		l.own.byOrder = map[string]OrderView{}
	}
	if _, known := l.own.byOrder[v.OrderID]; !known {
		l.own.oldest = append(l.own.oldest, v.OrderID)
	}
	now := l.clock.Now().UnixMilli()
	v.AsOf, v.AsOfMS, v.Source = iso(now), l.labTime(now), FromOwnWrite
	if v.CreatedAt == "" {
		v.CreatedAt = v.AsOf
	}
	l.own.byOrder[v.OrderID] = v
	if len(l.own.oldest) > ownMax {
		delete(l.own.byOrder, l.own.oldest[0])
		l.own.oldest = l.own.oldest[1:]
	}
}

func (l *Lab) ownWrite(id string) (OrderView, bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	v, ok := l.own.byOrder[id]
	return v, ok
}

// placed is what the caller of a new order knows of it: what it sent, and that
// it was taken.
func placed(o shop.Command) OrderView {
	user := shop.FindUser(o.User)
	return OrderView{OrderID: o.ID, UserID: o.User, UserName: user.Name, UserEmail: user.Email, Items: o.Items, Total: orderTotal(o.Items), Status: shop.Created, Version: 1}
}

// cancelled is what the caller of a cancellation knows.
func (l *Lab) cancelled(id string) {
	own, known := l.ownWrite(id)
	l.mu.Lock()
	o := l.board.Orders[id]
	if o == nil {
		l.mu.Unlock()
		return
	}
	if !known {
		own = placed(shop.Command{ID: id, User: o.User, Items: o.Items})
	}
	own.Status, own.Version, own.Reason = o.Status, o.Version, o.Reason
	l.mu.Unlock()
	l.wrote(own)
}
