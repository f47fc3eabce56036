package shop

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"eddy/lab/pattern"
	"eddy/lab/store"
)

// The sync style: the order service asks the others one after the other and
// waits for each answer. It publishes nothing, and writes the read model itself.

// patience of a customer, in timeouts of a call: an order makes three calls, or
// two and what takes them back.
const customerPatience = 5

// placed is what a customer hears.
type placed struct {
	Answer string `json:"answer"`
	Reason string `json:"reason"`
	Taken  bool   `json:"taken,omitempty"` // there is an order of this id
}

// PlaceCall is the id of the call by which a customer places an order.
func PlaceCall(order string) string { return "place/" + order }

// call has a customer call the order service and wait.
func (o *Orders) call(ctx context.Context, c Command) (answer, reason string, err error) {
	call := CallFact{ID: PlaceCall(c.ID), Caller: Customer, Service: o.name, Type: PlaceOrder}
	caller := pattern.Caller{
		Client: o.env.httpClient(o.env.Cluster.DialHost, o.name, call), Timeout: customerPatience * o.env.CallTimeout, After: o.env.Clock.AfterFunc,
	}
	var heard placed
	err = caller.Call(ctx, "http://"+o.name+"/"+PlaceOrder, c.ID, c, &heard)
	var no *pattern.Refusal
	switch {
	case err == nil && heard.Taken:
		return "", "", ErrTaken
	case err == nil:
		return heard.Answer, heard.Reason, nil
	case errors.As(err, &no):
		return Unavailable, no.Reason, nil
	case errors.Is(err, pattern.ErrTimeout):
		return Unavailable, fmt.Sprintf("the order service did not answer within %s", caller.Timeout), nil
	case len(o.Running()) == 0:
		return Unavailable, "the order service does not run", nil
	}
	return Unavailable, fmt.Sprintf("the order service %v", plainly(err)), nil
}

// front serves customers.
func (o *Orders) front(typ string, body []byte) (servant, string) {
	var c Command
	if typ != PlaceOrder || json.Unmarshal(body, &c) != nil {
		return nil, ""
	}
	return func(ctx context.Context, m *member, _ string) (any, bool, error) {
		answer, reason, err := o.take(ctx, m, c)
		if errors.Is(err, ErrTaken) {
			return placed{Taken: true}, false, nil
		}
		return placed{Answer: answer, Reason: reason}, false, err
	}, c.ID
}

// fulfilment is an order that one instance of the order service fulfils by
// calls.
type fulfilment struct {
	*member
	about Moment // what its moments have in common
	data  EventData
}

// errCancelled says that somebody cancelled the order meanwhile.
var errCancelled = errors.New("cancelled by the customer")

// fulfil takes an order from where it stands to its end: one call after the
// other, and, when one fails, back through those that were answered.
func (f fulfilment) fulfil(ctx context.Context) (answer, reason string, err error) {
	order, err := f.read(ctx)
	if err != nil {
		return "", "", err
	}
	pay := pattern.Part{Do: f.ask("payment", ChargePayment), Undo: f.ask("payment", RefundPayment)}
	note := pattern.Part{Do: f.advance(Created, Paid, PaymentCompleted, "OrderPaid")}
	switch order.status {
	case Created:
		f.show(ctx, OrderCreated, order.version)
	case Paid: // the caller before us came this far
		pay.Do, note.Do = nil, nil
	default:
		return Accepted, order.reason, nil
	}
	err = pattern.InTurn(ctx, pay, note,
		pattern.Part{Do: f.ask("inventory", ReserveStock), Undo: f.ask("inventory", ReleaseStock)},
		pattern.Part{Do: f.advance(Paid, Completed, OrderCompleted, "OrderReserved", "OrderCompleted")},
	)
	if gone := f.gone(); gone != nil {
		return Unavailable, gone.Error(), nil
	}
	if err != nil {
		return f.cancelled(ctx, err)
	}
	// Who is not told of it has the order all the same.
	if err := f.ask("notification", SendNotification)(ctx); err != nil {
		return Accepted, "the customer gets no message: " + err.Error(), nil
	}
	return Accepted, "", nil
}

// ask makes a call for the order.
func (f fulfilment) ask(service, typ string) func(context.Context) error {
	return func(ctx context.Context) error { return f.call(ctx, service, typ, f.data) }
}

// read is the order's row.
func (f fulfilment) read(ctx context.Context) (o order, err error) {
	tx := f.tx()
	err = f.write(ctx, tx, f.Settings(), func(ctx context.Context) error {
		o, err = tx.order(ctx, f.about.Order)
		return err
	})
	return o, err
}

func (f fulfilment) tx() *Tx {
	mo := f.about
	mo.Point = Written
	return &Tx{m: f.member, saga: f.about.Order, moment: mo}
}

// advance moves the order from one status to another, in both databases, one
// after the other. No transaction spans them.
func (f fulfilment) advance(from, to, shows string, events ...string) func(context.Context) error {
	return func(ctx context.Context) error {
		return f.change(ctx, shows, func(ctx context.Context, tx *Tx, o order) error {
			if o.status == Cancelled {
				return errCancelled
			}
			if o.status != from {
				return fmt.Errorf("the order is %s already", o.status)
			}
			return tx.advance(ctx, o, to, "", events...)
		})
	}
}

// cancelled ends the order because a call failed, and says what its customer
// hears: a no is an answer, silence is none.
func (f fulfilment) cancelled(ctx context.Context, because error) (answer, reason string, err error) {
	err = f.change(ctx, OrderCancelled, func(ctx context.Context, tx *Tx, o order) error {
		if isFinal(o.status) {
			return nil
		}
		return tx.cancel(ctx, o, because.Error())
	})
	var crash *Crash
	if errors.As(err, &crash) || f.gone() != nil {
		return Unavailable, f.cutOff(err), nil
	}
	if err != nil {
		return Unavailable, fmt.Sprintf("%v; and the order could not be cancelled: %v", because, err), nil
	}
	var no *errRefused
	if errors.As(because, &no) || errors.Is(because, errCancelled) {
		return Rejected, because.Error(), nil
	}
	return Unavailable, because.Error(), nil
}

func isFinal(status string) bool { return status == Completed || status == Cancelled }

// change changes the order's row, and then what the read model shows of it.
func (f fulfilment) change(ctx context.Context, shows string, do func(context.Context, *Tx, order) error) error {
	tx := f.tx()
	var version int
	err := f.write(ctx, tx, f.Settings(), func(ctx context.Context) error {
		o, err := tx.order(ctx, f.about.Order)
		if err != nil {
			return err
		}
		version = o.version
		return do(ctx, tx, o)
	})
	if err != nil || tx.moment.Change == nil {
		return err
	}
	if err := f.at(ctx, tx.moment); err != nil {
		return err
	}
	f.data.Reason = tx.moment.Change.Reason
	f.show(ctx, shows, max(version, tx.moment.Change.Version))
	return nil
}

// show writes to the read database what the event would have told the
// projector. A crash in between is not made good by anybody: there is no event
// to read again.
func (f fulfilment) show(ctx context.Context, eventType string, version int) {
	if f.database() != nil {
		return // the read model is behind, and nobody will tell it
	}
	e := Event{Type: eventType, At: f.env.Clock.Now(), Data: f.data}
	e.Data.OrderVersion = version
	mo := f.about
	mo.Point = Projected
	var row store.View
	change := store.Change{OrderID: mo.Order, Update: func(v *store.View) bool {
		changed := Project(v, e, TopicOf[eventType])
		row = *v
		return changed
	}}
	// Where it fails, the read model stays behind; a crash shows in the
	// instance's ctx.
	_ = f.env.Read.apply(ctx, change, func() error {
		mo.Read = Row(row)
		return f.at(ctx, mo)
	})
}

// orCalls has the order service fulfil an order from outside by calls, where
// that is the style of the order, instead of reacting to its events.
func (o *Orders) orCalls(react Reaction) Reaction {
	return func(ctx context.Context, w *Work) error {
		if w.m.env.styleOf(w.Order()) != Sync {
			return react(ctx, w)
		}
		return o.adopt(ctx, w)
	}
}

// adopt takes an order from outside in and fulfils it. The event goes into the
// inbox last: after a crash it comes again, and the order is taken up where it
// stood, under the same keys.
func (o *Orders) adopt(ctx context.Context, w *Work) error {
	tx := &Tx{m: w.m, saga: w.Order(), moment: w.moment(Written)}
	var found order
	err := w.m.write(ctx, tx, w.settings, func(ctx context.Context) (err error) {
		found, err = tx.known(ctx, w)
		return err
	})
	if err != nil {
		return err
	}
	if tx.moment.Change != nil {
		if err := w.m.at(ctx, tx.moment); err != nil {
			return err
		}
	}
	if found.fresh || found.outside {
		f := fulfilment{w.m, w.moment(Handling), found.data}
		if _, _, err := f.fulfil(ctx); err != nil {
			return err
		}
		if gone := w.m.gone(); gone != nil {
			return gone
		}
	}
	return w.Transact(ctx, func(context.Context, *Tx) error { return nil })
}

// cancelByCalls ends a command to cancel: the customer has his answer once the
// row says so, and what was called for is taken back behind it.
func (o *Orders) cancelByCalls(ctx context.Context, m *member, tx *Tx, s Settings) (answer, reason string, err error) {
	f := fulfilment{member: m, about: Moment{EventType: tx.moment.EventType, Order: tx.moment.Order}}
	if answer, reason, err = m.answer(ctx, tx, s); answer != Accepted || err != nil {
		return answer, reason, err
	}
	found, err := f.read(ctx)
	if err != nil {
		return Accepted, "", nil // it is cancelled, whatever comes of the rest
	}
	f.data = found.data
	f.data.Reason = found.reason
	f.show(ctx, OrderCancelled, found.version)
	m.relays.Go(func() { f.takeBack(context.WithoutCancel(ctx)) })
	return Accepted, "", nil
}

// takeBack undoes what was called for an order that its customer cancelled.
func (f fulfilment) takeBack(ctx context.Context) {
	f.data.Reason = errCancelled.Error()
	// Where a call fails, what it should have taken back stays, for all to see.
	_ = f.ask("payment", RefundPayment)(ctx)
	_ = f.ask("inventory", ReleaseStock)(ctx)
}
