package shop

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"eddy/lab/pattern"
	"eddy/lab/store"
)

// OrderSaga is the shop's saga: charge, reserve, notify, complete. A customer
// who hears nothing is no reason to cancel. Once the goods are there nothing can
// refuse the order any more, so that its completion is asked for until it is
// done. timeout is how long a step may take.
func OrderSaga(timeout time.Duration) pattern.Saga {
	return pattern.Saga{
		Steps: []pattern.SagaStep{
			{Name: "create", Undo: CancelOrder, Undone: OrderCancelled},
			{Name: "charge", Command: ChargePayment, Done: PaymentCompleted, Failed: PaymentFailed, Within: timeout,
				Undo: RefundPayment, Undone: PaymentRefunded},
			{Name: "reserve", Command: ReserveStock, Done: StockReserved, Failed: StockReservationFailed, Within: timeout,
				Undo: ReleaseStock, Undone: StockReleased},
			{Name: "notify", Command: SendNotification, Done: NotificationSent, Within: timeout / 3, Optional: true},
			{Name: "complete", Command: CompleteOrder, Done: OrderCompleted, Failed: OrderCancelled, Within: timeout / 3, Repeats: 2},
		},
		CalledOff: OrderCancelled, UndoWithin: timeout / 3, UndoRepeats: 2,
	}
}

type orchestrator struct{ saga pattern.Saga }

// NewOrchestrator makes the orchestrator: the one that knows the next step of
// every order, and does nothing else.
func NewOrchestrator(env *Env, s Settings) *Service {
	o := orchestrator{OrderSaga(env.SagaTimeout)}
	react := map[string]Reaction{OrderCreated: o.begin}
	for _, step := range o.saga.Steps {
		for _, reply := range []string{step.Done, step.Failed, step.Undone} {
			if reply != "" {
				react[reply] = o.reply
			}
		}
	}
	return newService(env, role{
		name: "orchestrator", group: "saga-orchestrator", topics: []string{"orders", Replies},
		style: Orchestration, react: react, needs: isReply, watch: o.watch, waiting: sagasWaiting,
	}, s)
}

// isReply passes over what stands on a topic where it does not belong: only the
// beginning and the customer's own cancellation come by the orders topic.
func isReply(_ context.Context, m *member, e Event) bool {
	switch topic := m.hand.rec.Topic; e.Type {
	case OrderCreated:
		return topic == "orders"
	case OrderCancelled:
		return true
	default:
		return topic == Replies
	}
}

// begin starts the saga of an order.
func (o orchestrator) begin(ctx context.Context, w *Work) error {
	data, err := json.Marshal(w.Event.Data)
	if err != nil {
		return fmt.Errorf("encode the order of a saga: %w", err)
	}
	return w.Transact(ctx, func(ctx context.Context, tx *Tx) error {
		move, err := o.saga.Begin(ctx, tx.Tx, w.Order(), data, tx.m.env.Clock.Now())
		if err != nil {
			return err
		}
		return o.take(tx, move)
	})
}

// reply takes a saga on, or back, by what a service answered.
func (o orchestrator) reply(ctx context.Context, w *Work) error {
	return w.Transact(ctx, func(ctx context.Context, tx *Tx) error {
		move, err := o.saga.Reply(ctx, tx.Tx, w.Order(), w.Event.ID, w.Event.Type, w.Event.Data.Reason, tx.m.env.Clock.Now())
		if errors.Is(err, pattern.ErrNoSaga) {
			err = nil // called off before it began: see OrderCreated, which comes yet
		}
		if err != nil {
			return err
		}
		return o.take(tx, move)
	})
}

// take sends the command of a move and tells of it.
func (o orchestrator) take(tx *Tx, move pattern.SagaMove) error {
	now := tx.m.env.Clock.Now()
	fact := &SagaFact{State: move.Row.State, Command: move.Command, Tries: move.Row.Tries, Reason: move.Row.Reason, Ignored: move.Ignored}
	if move.Step >= 0 && !move.Ignored {
		fact.About = o.saga.Steps[move.Step].Name
	}
	for i, state := range move.Row.Steps {
		fact.Steps = append(fact.Steps, SagaStepFact{o.saga.Steps[i].Name, state})
	}
	if !move.Row.Deadline.IsZero() {
		fact.DueMS = max(move.Row.Deadline.Sub(now).Milliseconds(), 1)
	}
	tx.moment.Saga = fact
	if move.Command == "" {
		return nil
	}
	var about EventData
	if err := json.Unmarshal(move.Row.Data, &about); err != nil {
		return fmt.Errorf("read the order of saga %s: %w", move.Row.ID, err)
	}
	return tx.Publish(move.Command, 1, about, func(d *EventData) { d.Method, d.Reason = about.Method, move.Row.Reason })
}

// grace is how long a member that has just started lets deadlines be: the reply
// that it missed may be waiting for it.
const grace = 2 * time.Second

// watch lets sagas know that their time is over.
func (o orchestrator) watch(ctx context.Context, m *member) {
	if m.env.Clock.Sleep(ctx, grace) != nil {
		return
	}
	for wait := time.Duration(0); m.pause(ctx, wait); {
		wait = -1
		id, due, ok, err := "", time.Time{}, false, m.database()
		if err == nil {
			id, due, ok, err = pattern.NextSaga(ctx, m.env.Write.DB)
		}
		if err == nil && ok {
			// Rounded up: a clock that runs fast may ring a hair too early.
			if wait = due.Sub(m.env.Clock.Now()); wait > 0 {
				wait = wait.Truncate(time.Millisecond) + time.Millisecond
			} else {
				wait, err = 0, o.expire(ctx, m, id)
			}
		}
		if err != nil {
			wait = relayPause
		}
	}
}

// expire takes the silence about one saga for an answer. The member may be held
// before it, and finishes it once it has begun.
func (o orchestrator) expire(ctx context.Context, m *member, id string) error {
	if err := m.at(ctx, Moment{Point: Due, Order: id}); err != nil {
		return err
	}
	tx := &Tx{m: m, saga: id, moment: Moment{Point: Written, Order: id}}
	err := m.transact(m.ctx, tx, m.Settings(), func(ctx context.Context) error {
		move, err := o.saga.Expire(ctx, tx.Tx, id, m.env.Clock.Now())
		if err != nil {
			return err
		}
		if move.Ignored {
			return errNotDue // another instance was first
		}
		tx.cause = move.Row.Reply
		return o.take(tx, move)
	})
	if errors.Is(err, errNotDue) {
		return nil
	}
	return err
}

var errNotDue = errors.New("nothing is due")

// pause waits for lab time to pass, for ever where d is negative, or for a
// nudge. False: ctx has ended.
func (m *member) pause(ctx context.Context, d time.Duration) bool {
	due := make(chan struct{})
	if d >= 0 {
		defer m.env.Clock.AfterFunc(d, func() { close(due) })()
	}
	select {
	case <-due:
	case <-m.nudge:
	case <-ctx.Done():
		return false
	}
	return true
}

// nudgeAll has the watches of all members look at the deadlines again.
func (m *member) nudgeAll() {
	m.Service.mu.Lock()
	defer m.Service.mu.Unlock()
	for _, other := range m.members {
		select {
		case other.nudge <- struct{}{}:
		default:
		}
	}
}

func sagasWaiting(ctx context.Context, w *store.Write) (n int, err error) {
	if err := w.DB.QueryRowContext(ctx, `SELECT count(*) FROM sagas WHERE deadline > 0`).Scan(&n); err != nil {
		return 0, fmt.Errorf("count the sagas that wait: %w", err)
	}
	return n, nil
}
