package shop

import (
	"cmp"
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	"eddy/lab/pattern"
)

// Order status, in the order in which an order passes them.
const (
	Created   = "CREATED"
	Paid      = "PAID"
	Reserved  = "RESERVED"
	Completed = "COMPLETED"
	Cancelled = "CANCELLED"
)

// Orders is the order service: the command side. It owns the order aggregate,
// whose state is a row and whose history is a stream in the event store.
type Orders struct {
	*Service
	own sync.Map // ids of the orders that were placed here
}

// NewOrders makes the order service.
func NewOrders(env *Env, s Settings) *Orders {
	o := &Orders{}
	o.Service = newService(env, role{
		name: "order", group: "order-service", topics: []string{"orders", "payments", "inventory", "order-commands"}, style: Choreography,
		react: map[string]Reaction{
			PaymentCompleted: o.orCalls(o.paid),
			StockReserved:    o.orCalls(o.reserved),
			PaymentFailed:    o.orCalls(o.failed),
			PaymentRefunded:  o.orCalls(o.refunded),
			CompleteOrder:    o.complete,
			CancelOrder:      o.cancel,
		},
		front: o.front,
	}, s)
	o.react[OrderCreated] = o.orCalls(o.created)
	o.needs = o.news
	return o
}

// Command asks for an order.
type Command struct {
	ID     string
	Handle string
	User   string
	Items  []Item
	Method string
}

// Answers that a caller of the order service can get.
const (
	Accepted    = "accepted"
	Rejected    = "rejected"
	Unavailable = "unavailable"
)

// PlaceOrder is the event type under which faults know the order service's own
// command.
const PlaceOrder = "PlaceOrder"

// Place takes an order. It is accepted when its row, the first event of its
// stream and the OrderCreated in the outbox are committed together. What a
// crash cuts off is unavailable: the caller cannot know how far it came.
func (o *Orders) Place(ctx context.Context, c Command) (answer, reason string, err error) {
	if o.env.styleOf(c.ID) == Sync {
		return o.call(ctx, c)
	}
	m, err := o.anyMember()
	if err != nil {
		return Unavailable, "the order service does not run", nil
	}
	defer m.relays.Done()
	ctx, over := m.during(ctx)
	defer over()
	if err := m.at(ctx, Moment{Point: Handling, EventType: PlaceOrder, Order: c.ID}); err != nil {
		return Unavailable, m.cutOff(err), nil
	}
	return o.take(ctx, m, c)
}

// take writes an order down, and, in the sync style, fulfils it.
func (o *Orders) take(ctx context.Context, m *member, c Command) (answer, reason string, err error) {
	settings := m.Settings()
	data := EventData{OrderID: ID(c.ID), UserID: ID(c.User), Items: c.Items, Method: c.Method, TotalAmount: total(c.Items)}
	if err := m.database(); err != nil {
		return Unavailable, err.Error(), nil
	}
	if settings.CheckStock {
		short, err := m.short(ctx, c.Items)
		if err != nil && m.ctx.Err() != nil {
			return Unavailable, m.cutOff(err), nil
		}
		if err != nil {
			return "", "", err
		}
		if short != "" {
			return Rejected, "not enough in stock of " + short, nil
		}
	}
	tx := &Tx{m: m, saga: c.ID, moment: Moment{Point: Written, EventType: PlaceOrder, Order: c.ID}}
	err = m.write(ctx, tx, settings, func(ctx context.Context) error {
		return tx.create(ctx, data, c.Handle, "shop", settings.SchemaVersion)
	})
	if errors.Is(err, errNoDatabase) {
		return Unavailable, err.Error(), nil
	}
	if err != nil {
		return "", "", fmt.Errorf("place order %s: %w", c.ID, err)
	}
	if o.env.styleOf(c.ID) == Sync {
		if err := m.at(ctx, tx.moment); err != nil {
			return Unavailable, m.cutOff(err), nil
		}
		return fulfilment{m, Moment{EventType: PlaceOrder, Order: c.ID}, data}.fulfil(ctx)
	}
	o.own.Store(c.ID, true)
	return m.answer(ctx, tx, settings)
}

// callPatience is how long a command without an outbox waits for Kafka, on the
// wall clock as all that the Kafka client does.
const callPatience = 10 * time.Second

var errNoKafka = fmt.Errorf("Kafka did not take the event within %s, and the row is written: nobody may ever hear of it", callPatience)

// answer sends what a command left to be published, and says what the caller
// hears. With an outbox the caller need not wait for Kafka.
func (m *member) answer(ctx context.Context, tx *Tx, s Settings) (answer, reason string, err error) {
	for _, out := range tx.out {
		tx.moment.Outgoing = append(tx.moment.Outgoing, out.EventID)
	}
	if err := m.at(ctx, tx.moment); err != nil {
		return Unavailable, m.cutOff(err), nil
	}
	if s.Outbox {
		m.relays.Go(m.relayAll)
	} else {
		// The caller waits for Kafka, and not for ever. That the caller is gone
		// does not take back what was asked for.
		patient, over := context.WithTimeoutCause(m.ctx, callPatience, errNoKafka)
		defer over()
		if err := m.publish(patient, tx.out); err != nil {
			return Unavailable, m.cutOff(err), nil
		}
	}
	done := tx.moment
	done.Point, done.Change, done.Stored = Handled, nil, nil
	if err := m.at(ctx, done); err != nil {
		return Unavailable, m.cutOff(err), nil
	}
	return Accepted, "", nil
}

// Cancel cancels an order that is CREATED or PAID. With ifVersion other than 0
// the order must still be at that version of its stream. Once the command is
// sure not to be refused, and before it has any effect, accepted is called; its
// context is the one of what follows.
func (o *Orders) Cancel(ctx context.Context, id string, ifVersion int, accepted func() context.Context) (answer, reason string, err error) {
	m, err := o.anyMember()
	if err != nil {
		accepted()
		return Unavailable, "the order service does not run", nil
	}
	defer m.relays.Done()
	settings := m.Settings()
	tx := &Tx{m: m, saga: id, moment: Moment{Point: Written, EventType: "CancelOrder", Order: id}}
	told := ctx
	err = m.write(ctx, tx, settings, func(ctx context.Context) error {
		order, err := tx.order(ctx, id)
		if err != nil {
			return err
		}
		if ifVersion != 0 && order.version != ifVersion {
			return &Stale{Seen: ifVersion, Found: order.version}
		}
		events, err := order.state.Cancel("cancelled by the customer")
		if err != nil {
			return fmt.Errorf("%w: %w", ErrConflict, err)
		}
		told = accepted()
		if _, err := tx.save(ctx, order, events...); err != nil {
			return err
		}
		return tx.tellCancelled(order, "cancelled by the customer")
	})
	if errors.Is(err, errNoDatabase) {
		accepted()
		return Unavailable, err.Error(), nil
	}
	if err != nil {
		return "", "", err
	}
	if o.env.styleOf(id) == Sync {
		return o.cancelByCalls(told, m, tx, settings)
	}
	return m.answer(told, tx, settings)
}

// ErrConflict refuses a command because the order is not in the state that it
// needs: its text goes on after the name of the order. ErrNoOrder refuses it
// because there is no such order, ErrTaken because there is one.
var (
	ErrConflict = errors.New("conflict")
	ErrNoOrder  = errors.New("there is no such order")
	ErrTaken    = errors.New("there is an order of this id already")
)

// news passes over what the service published itself: of an OrderCreated only
// that of a stranger is news.
func (o *Orders) news(ctx context.Context, m *member, e Event) bool {
	if e.Type != OrderCreated {
		return true
	}
	if _, own := o.own.LoadAndDelete(string(e.Data.OrderID)); own {
		return false
	}
	if m.database() != nil {
		return true // the handler asks again, and fails
	}
	var saga, source string
	err := m.env.Write.DB.QueryRowContext(context.WithoutCancel(ctx), `SELECT saga, source FROM orders WHERE order_id = ?`, string(e.Data.OrderID)).Scan(&saga, &source)
	if err != nil {
		return true // not there, or not known: the handler looks again
	}
	// It comes again: whoever was fulfilling the order by calls may have crashed.
	return saga == Sync && source == "outside"
}

// created adopts an order from outside.
func (o *Orders) created(ctx context.Context, w *Work) error {
	return w.Transact(ctx, func(ctx context.Context, tx *Tx) error {
		_, err := tx.known(ctx, w)
		return err
	})
}

// paid notes that the payment is in.
func (o *Orders) paid(ctx context.Context, w *Work) error {
	return w.Transact(ctx, func(ctx context.Context, tx *Tx) error {
		order, err := tx.known(ctx, w)
		if err != nil || order.status != Created {
			return err
		}
		return tx.advance(ctx, order, Paid, "", "OrderPaid")
	})
}

// reserved is the end of the good path: both last events in one transaction.
func (o *Orders) reserved(ctx context.Context, w *Work) error {
	return w.Transact(ctx, func(ctx context.Context, tx *Tx) error {
		order, err := tx.known(ctx, w)
		if err != nil {
			return err
		}
		if order.status != Created && order.status != Paid {
			return nil
		}
		return tx.complete(ctx, order)
	})
}

// complete appends what an order that is paid and reserved still lacks.
func (tx *Tx) complete(ctx context.Context, order order) error {
	steps := []string{"OrderReserved", "OrderCompleted"}
	if order.status == Created {
		// Order holds within a partition, not between topics: what happened
		// second was read first. Nothing is reserved that is not paid.
		steps = append([]string{"OrderPaid"}, steps...)
	}
	if err := tx.advance(ctx, order, Completed, "", steps...); err != nil {
		return err
	}
	return tx.Publish(OrderCompleted, 1, order.data, func(d *EventData) { d.OrderVersion = order.version + len(steps) })
}

// failed compensates: without money there is no order.
func (o *Orders) failed(ctx context.Context, w *Work) error {
	return w.Transact(ctx, func(ctx context.Context, tx *Tx) error {
		order, err := tx.known(ctx, w)
		if err != nil || order.status == Cancelled || order.status == Completed {
			return err
		}
		return tx.cancel(ctx, order, w.Event.Data.Reason)
	})
}

// refunded compensates: the money went back, so the order ends.
func (o *Orders) refunded(ctx context.Context, w *Work) error { return o.failed(ctx, w) }

// complete does what it is asked to. An order that has ended stays as it is,
// and the answer says how that was.
func (o *Orders) complete(ctx context.Context, w *Work) error {
	return w.Transact(ctx, func(ctx context.Context, tx *Tx) error {
		order, err := tx.known(ctx, w)
		switch {
		case err != nil:
			return err
		case order.status == Completed || order.status == Cancelled:
			return tx.ended(order)
		}
		return tx.complete(ctx, order)
	})
}

// cancel does what it is asked to.
func (o *Orders) cancel(ctx context.Context, w *Work) error {
	return w.Transact(ctx, func(ctx context.Context, tx *Tx) error {
		order, err := tx.known(ctx, w)
		switch {
		case err != nil:
			return err
		case order.status == Completed || order.status == Cancelled:
			return tx.ended(order)
		}
		return tx.cancel(ctx, order, w.Event.Data.Reason)
	})
}

// ended answers how an order has ended.
func (tx *Tx) ended(o order) error {
	event := map[string]string{Completed: OrderCompleted, Cancelled: OrderCancelled}[o.status]
	return tx.Publish(event, 1, o.data, func(d *EventData) { d.OrderVersion, d.Reason = o.version, o.reason })
}

// order is a row of the write database, and the state that its stream adds up
// to: decisions are made on that.
type order struct {
	data    EventData
	status  string
	reason  string
	version int
	state   pattern.Order
	fresh   bool // adopted just now
	outside bool // adopted
}

func (tx *Tx) order(ctx context.Context, id string) (order, error) {
	var o order
	var items string
	err := tx.QueryRowContext(ctx, `SELECT user_id, items, method, total, status, version, reason, source = 'outside' FROM orders WHERE order_id = ?`, id).
		Scan(&o.data.UserID, &items, &o.data.Method, &o.data.TotalAmount, &o.status, &o.version, &o.reason, &o.outside)
	if errors.Is(err, sql.ErrNoRows) {
		return o, fmt.Errorf("%w: %s", ErrNoOrder, id)
	}
	if err != nil {
		return o, fmt.Errorf("read order %s: %w", id, err)
	}
	o.data.OrderID = ID(id)
	if err := json.Unmarshal([]byte(items), &o.data.Items); err != nil {
		return o, fmt.Errorf("read the items of order %s: %w", id, err)
	}
	return o, tx.fold(ctx, &o)
}

// known finds the order of an event, and adopts one that came from outside.
func (tx *Tx) known(ctx context.Context, w *Work) (order, error) {
	tx.said = w.Event.Data
	o, err := tx.order(ctx, w.Order())
	if !errors.Is(err, ErrNoOrder) {
		return o, err
	}
	if err := tx.create(ctx, w.Event.Data, "", "outside", 0); err != nil {
		return o, err
	}
	return order{data: w.Event.Data, status: Created, version: 1, fresh: true}, nil
}

// create writes the row and the first event of an order. What a customer of
// the shop ordered is published; what came from outside has been already.
func (tx *Tx) create(ctx context.Context, d EventData, handle, source string, schemaVersion int) error {
	items, err := json.Marshal(d.Items)
	if err != nil {
		return fmt.Errorf("encode items: %w", err)
	}
	now := tx.m.env.Clock.Now()
	saga, err := fixStyle(ctx, tx.Tx, string(d.OrderID), tx.m.env.styleOf(string(d.OrderID)))
	if err != nil {
		return err
	}
	done, err := tx.ExecContext(ctx, `INSERT INTO orders (order_id, user_id, items, method, total, status, version, source, saga, created_at)
		VALUES (?, ?, ?, ?, ?, ?, 1, ?, ?, ?) ON CONFLICT (order_id) DO NOTHING`, string(d.OrderID), string(d.UserID), string(items), d.Method, d.TotalAmount, Created, source, saga, now.UnixMilli())
	if err != nil {
		return fmt.Errorf("insert order %s: %w", d.OrderID, err)
	}
	if n, err := done.RowsAffected(); err != nil || n == 0 {
		return cmp.Or(err, ErrTaken)
	}
	if source == "shop" && schemaVersion >= 2 {
		d.Currency = "USD"
	}
	if err := tx.append(ctx, string(d.OrderID), 0, createdEvent(d)); err != nil {
		return err
	}
	tx.moment.Change = &OrderFact{Handle: handle, User: string(d.UserID), Items: d.Items, Method: d.Method, Total: d.TotalAmount,
		Status: Created, Version: 1, Source: source, Saga: saga}
	if source != "shop" {
		return nil
	}
	return tx.Publish(OrderCreated, schemaVersion, d, func(out *EventData) {
		out.Method = d.Method
		if schemaVersion >= 2 {
			out.Currency = "USD"
		}
	})
}

// advance appends events to the order's stream, which move it to a status.
func (tx *Tx) advance(ctx context.Context, o order, status, reason string, types ...string) error {
	events := make([]pattern.Event, len(types))
	for i, typ := range types {
		events[i] = tx.event(o, typ, reason)
	}
	is, err := tx.save(ctx, o, events...)
	if err == nil && is.Status != status {
		err = fmt.Errorf("order %s is %s after %v, and should be %s", is.ID, is.Status, types, status)
	}
	return err
}

func (tx *Tx) cancel(ctx context.Context, o order, reason string) error {
	if err := tx.advance(ctx, o, Cancelled, reason, "OrderCancelled"); err != nil {
		return err
	}
	return tx.tellCancelled(o, reason)
}

func (tx *Tx) tellCancelled(o order, reason string) error {
	return tx.Publish(OrderCancelled, 1, o.data, func(d *EventData) { d.Reason, d.OrderVersion = reason, o.version+1 })
}

// short names the first item that the shelf cannot fill, "" where all can.
func (m *member) short(ctx context.Context, items []Item) (string, error) {
	pieces := perSKU(items)
	for _, sku := range slices.Sorted(maps.Keys(pieces)) {
		n, err := available(ctx, m.env.Write.DB, sku)
		if err != nil {
			return "", err
		}
		if n < pieces[sku] {
			return sku, nil
		}
	}
	return "", nil
}

// Total adds up an order. Amounts are in minor units.
func total(items []Item) int64 {
	var sum int64
	for _, it := range items {
		sum += int64(it.Qty) * it.Price
	}
	return sum
}

// Price fills in names and prices from the catalogue. It says what is wrong
// with a line that the shop cannot sell.
func Price(items []Item) ([]Item, error) {
	if len(items) == 0 {
		return nil, errors.New("an order needs at least one item")
	}
	if len(items) > 20 {
		return nil, fmt.Errorf("an order has at most 20 lines, not %d", len(items))
	}
	priced := slices.Clone(items)
	for i, it := range priced {
		p, ok := Find(it.SKU, it.Name)
		if !ok {
			return nil, fmt.Errorf("there is no product %q: the shop sells %s", it.SKU, strings.Join(SKUs(), ", "))
		}
		if it.Qty < 1 || it.Qty > 1000 {
			return nil, fmt.Errorf("the quantity of %s is %d: it is 1 to 1000", p.SKU, it.Qty)
		}
		priced[i] = Item{SKU: p.SKU, Name: p.Name, Qty: it.Qty, Price: p.Price}
	}
	return priced, nil
}
