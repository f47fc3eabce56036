package lab

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"regexp"
	"sync"
	"time"

	"eddy/lab/shop"
)

type placeOrder struct {
	As     string      `json:"as,omitempty"`
	User   shop.ID     `json:"user,omitempty"`
	Items  []shop.Item `json:"items,omitempty"`
	Method string      `json:"method,omitempty" is:"card|declined-card"`
}

// HandlePattern is what an order may be called.
const HandlePattern = `^[A-Za-z0-9_-]{1,20}$`

var handle = regexp.MustCompile(HandlePattern)

// IsHandle tells whether an order may be called so.
func IsHandle(s string) bool { return handle.MatchString(s) }

// wrong is what is wrong whatever lab it is in.
func (a *placeOrder) wrong() (wrong []ArgError) {
	if _, err := shop.Price(a.Items); err != nil {
		wrong = append(wrong, ArgError{"items", err.Error()})
	}
	if len(a.User) > 64 {
		wrong = append(wrong, ArgError{"user", fmt.Sprintf("the user id has %d characters: at most 64", len(a.User))})
	}
	if a.As != "" && !IsHandle(a.As) {
		wrong = append(wrong, ArgError{"as", fmt.Sprintf("%q is no handle: it has 1 to 20 letters, digits, - or _", a.As)})
	}
	return wrong
}

func (a *placeOrder) do(ctx context.Context, l *Lab, c call) (Result, error) {
	order, err := a.command(l)
	if err != nil {
		return Result{}, err
	}
	text := fmt.Sprintf("you placed order %s: %s for %s", l.calledNew(order), shop.Money(orderTotal(order.Items)), order.User)
	seq := c.accept(l, order.ID, text)
	return l.place(ctx, order, seq)
}

// command checks what was asked for and makes it the shop's own.
func (a *placeOrder) command(l *Lab) (shop.Command, error) {
	o := shop.Command{Handle: a.As, User: cmp.Or(string(a.User), "user-1"), Method: cmp.Or(a.Method, "card")}
	if wrong := a.wrong(); len(wrong) > 0 {
		return o, Errorf(Invalid, "%s", wrong[0].Message)
	}
	err := oneOf(a, "method", o.Method)
	if err != nil {
		return o, err
	}
	if o.Items, err = shop.Price(a.Items); err != nil {
		return o, Errorf(Invalid, "%v", err)
	}
	l.mu.Lock()
	taken := l.board.find(o.Handle) != nil // as a handle, or as an id: either would be ambiguous
	l.mu.Unlock()
	if taken && o.Handle != "" {
		return o, Errorf(Conflict, "there is an order %s already: choose another handle", o.Handle)
	}
	o.ID, err = l.freeOrder()
	return o, err
}

// freeOrder takes order numbers until one is free: an event from outside may
// have brought an order of that id.
func (l *Lab) freeOrder() (id string, err error) {
	for {
		n, err := l.nextOrder(1)
		if err != nil || !l.takenOrder(orderID(n)) {
			return orderID(n), err
		}
	}
}

func (l *Lab) takenOrder(id string) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.board.Orders[id] != nil
}

// nextOrder takes n order numbers from the lab's quota and returns the first.
func (l *Lab) nextOrder(n int) (first int64, err error) {
	for {
		taken, quota := l.sequence.Load(), int64(l.options.Orders)
		if int64(n) > quota-taken {
			return 0, Errorf(TooMany, "a lab takes %d orders in its life and this one has taken %d: ask for fewer, or start a new lab", quota, taken)
		}
		if l.sequence.CompareAndSwap(taken, taken+int64(n)) {
			return taken + 1, nil
		}
	}
}

// orderID must not look like "order-1", which is an instance.
func orderID(n int64) string { return fmt.Sprintf("o-%d", n) }

// place makes the call to the order service.
func (l *Lab) place(ctx context.Context, o shop.Command, cause int64) (Result, error) {
	var answer, reason string
	var err error
	calls := *l.saga.Load() == shop.Sync
	if calls {
		h := l.placeByCall(ctx, o, cause)
		answer, reason, err = h.answer, h.reason, h.err
	} else {
		l.calls.Add(1)
		defer l.calls.Add(-1)
		answer, reason, err = l.orders.Place(withCause(ctx, cause), o)
	}
	if errors.Is(err, shop.ErrTaken) {
		return Result{}, Errorf(Conflict, "an event from outside has just brought an order %s: place yours again", o.ID)
	}
	if err != nil {
		return Result{}, err
	}
	r := Result{Seq: cause, Order: o.Handle, OrderID: o.ID, Answer: answer, Text: reason}
	if answer == shop.Accepted {
		l.wrote(placed(o))
	} else if !calls {
		l.record(Entry{Kind: KindNote, Order: o.ID, Cause: cause, Text: fmt.Sprintf("the caller of order %s heard: %s (%s)", l.calledNew(o), answer, reason)})
	}
	return r, nil
}

func (l *Lab) calledNew(o shop.Command) string {
	if o.Handle != "" {
		return o.Handle
	}
	return o.ID
}

func orderTotal(items []shop.Item) (sum int64) {
	for _, it := range items {
		sum += int64(it.Qty) * it.Price
	}
	return sum
}

type burst struct {
	Orders int     `json:"orders,omitempty"`
	Rate   float64 `json:"rate,omitempty"` // a second
	Users  int     `json:"users,omitempty"`
	SKU    string  `json:"sku,omitempty" is:"product"`
}

func (a *burst) do(ctx context.Context, l *Lab, c call) (Result, error) {
	n, rate, users, sku := a.Orders, a.Rate, a.Users, a.SKU
	if n == 0 {
		n = 10
	}
	if rate == 0 {
		rate = 10
	}
	if users == 0 {
		users = shop.Users
	}
	if sku == "" {
		sku = "mouse"
	}
	if n < 0 || rate < 0.001 || rate > 5000 || users < 0 || users > 1000 {
		return Result{}, Errorf(Invalid, "a burst has 1 or more orders, a rate of 0.001 to 5000 a second, and 1 to 1000 users")
	}
	items, err := shop.Price([]shop.Item{{SKU: sku, Qty: 1}})
	if err != nil {
		return Result{}, Errorf(Invalid, "%v", err)
	}
	first, err := l.nextOrder(n)
	if err != nil {
		return Result{}, err
	}
	l.acting.Lock()
	defer l.acting.Unlock()
	if l.ctx.Err() != nil {
		return Result{}, errClosed
	}
	seq := c.accept(l, "", fmt.Sprintf("you started a burst of %d orders, %g a second", n, rate))
	l.calls.Add(1)
	l.work.Go(func() {
		defer l.calls.Add(-1)
		var customers sync.WaitGroup
		defer customers.Wait()
		began, dice := l.clock.Elapsed(), l.dice(first)
		for i := range n {
			// Due times are counted from the start, so that slow calls do not
			// slow the burst down.
			due := began + time.Duration(float64(i)/rate*float64(time.Second))
			if err := l.clock.Sleep(l.ctx, due-l.clock.Elapsed()); err != nil {
				return
			}
			user := fmt.Sprintf("user-%d", 1+dice.IntN(users))
			o := shop.Command{ID: orderID(first + int64(i)), User: user, Items: items, Method: "card"}
			if l.takenOrder(o.ID) {
				if o.ID, err = l.freeOrder(); err != nil {
					l.record(Entry{Kind: KindNote, Cause: seq, Text: fmt.Sprintf("the burst stopped: %v", err)})
					return
				}
			}
			if *l.saga.Load() == shop.Sync { // customers do not wait for each other
				customers.Go(func() { _, _ = l.place(l.ctx, o, seq) }) // what they hear is in the journal
				continue
			}
			if _, err := l.place(l.ctx, o, seq); err != nil {
				l.record(Entry{Kind: KindNote, Cause: seq, Text: fmt.Sprintf("the burst stopped: %v", err)})
				return
			}
		}
	})
	return Result{Seq: seq, Text: fmt.Sprintf("%d orders are on their way", n)}, nil
}

type cancelOrder struct {
	Order     string `json:"order" is:"order"`
	IfVersion int    `json:"if_version,omitempty"`
}

func (a *cancelOrder) do(ctx context.Context, l *Lab, c call) (Result, error) {
	l.mu.Lock()
	o := l.board.find(a.Order)
	l.mu.Unlock()
	if o == nil {
		return Result{}, Errorf(NotFound, "there is no order %q: name one by its handle or its id", a.Order)
	}
	l.calls.Add(1)
	defer l.calls.Add(-1)
	l.mu.Lock()
	id, name := o.ID, l.board.name(o.ID)
	l.mu.Unlock()
	var seq int64
	answer, reason, err := l.orders.Cancel(ctx, id, a.IfVersion, func() context.Context {
		seq = c.accept(l, id, "you cancelled order "+name)
		return withCause(ctx, seq)
	})
	if err != nil {
		return Result{}, refusedCommand(a.Order, id, err)
	}
	if answer == shop.Accepted {
		l.cancelled(id)
	}
	return Result{Seq: seq, Order: name, OrderID: id, Answer: answer, Text: reason}, nil
}
