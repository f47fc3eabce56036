package shop

import (
	"cmp"
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"eddy/lab/pattern"
	"eddy/lab/store"

	"github.com/twmb/franz-go/pkg/kgo"
)

// Work is one event in the hand of a member, and what the member does about it.
type Work struct {
	Event Event

	m        *member
	settings Settings
	rec      *kgo.Record
	called   bool  // a call asked for it, not a message
	answer   reply // to the call
}

// Tx is the transaction of one piece of work: the inbox, the service's own
// tables, the event store and the outbox change together or not at all.
type Tx struct {
	*sql.Tx
	m      *member
	cause  string    // id of the event that led to this
	saga   string    // correlation id
	asked  bool      // by a command: what is published is its answer
	said   EventData // by the event that led to this
	out    []pattern.Outgoing
	answer reply // what would be published, where a call asked for it
	moment Moment
}

// errSeen says that the inbox knows the event.
var errSeen = errors.New("this event was handled before")

// handle is what a member does with a record that it was handed.
func (m *member) handle(ctx context.Context, rec *kgo.Record) error {
	if m.hand.rec != rec {
		m.decode(rec)
	}
	event, err := m.hand.event, m.hand.err
	if m.hand.pass || m.hand.drop {
		return pattern.ErrPassed
	}
	if err != nil {
		return err
	}
	react := m.react[event.Type]
	w := &Work{Event: event, m: m, settings: m.Settings(), rec: rec}
	if err := m.at(ctx, w.moment(Handling)); err != nil {
		return err
	}
	err = w.do(ctx, react)
	m.hand.seen = errors.Is(err, errSeen)
	if m.hand.seen {
		return nil
	}
	return err
}

func (w *Work) do(ctx context.Context, react Reaction) error {
	if ours, err := w.m.ours(ctx, w.Event); err != nil || !ours {
		return cmp.Or(err, pattern.ErrPassed)
	}
	// Before work that takes time, or reaches outside the database, the inbox
	// is asked; all other work finds out in its own transaction.
	if w.settings.Idempotent && !w.m.ownInbox && (w.m.reachesOut || w.settings.Work > 0) {
		seen, err := w.seen(ctx)
		if err != nil {
			return err
		}
		if seen {
			return errSeen
		}
	}
	if err := w.understand(); err != nil {
		return err
	}
	if err := w.m.env.Clock.Sleep(ctx, w.settings.Work); err != nil {
		return err
	}
	return react(ctx, w)
}

// understand brings an old event up to the version that this code is written
// for.
func (w *Work) understand() error { return understand(&w.Event, w.settings) }

func understand(e *Event, s Settings) error {
	if e.Type != OrderCreated || e.Version >= 2 {
		return nil
	}
	if !s.Upcast {
		return fmt.Errorf("%s version %d has no currency, and this consumer has no upcaster", e.Type, e.Version)
	}
	data := map[string]any{}
	if e.Data.Currency != "" {
		data["currency"] = e.Data.Currency
	}
	e.Version, data = pattern.Upcasts.Upcast(e.Type, e.Version, data)
	e.Data.Currency, _ = data["currency"].(string)
	return nil
}

// seen asks the inbox before any work is done, so that a duplicate costs one
// read.
func (w *Work) seen(ctx context.Context) (bool, error) {
	if err := w.m.database(); err != nil {
		return false, err
	}
	var one int
	err := w.m.env.Write.DB.QueryRowContext(context.WithoutCancel(ctx),
		`SELECT 1 FROM inbox WHERE consumer = ? AND event_id = ?`, w.m.group, w.Event.ID).Scan(&one)
	if errors.Is(err, sql.ErrNoRows) {
		return false, nil
	}
	if err != nil {
		return false, fmt.Errorf("ask the inbox of %s for event %s: %w", w.m.group, w.Event.ID, err)
	}
	return true, nil
}

// Transact runs fn in a transaction that also remembers the event in the inbox
// and keeps what fn publishes in the outbox. The events go out after the
// commit: through the outbox, or, where that is off, straight to Kafka, which
// is the dual write that an outbox is for.
func (w *Work) Transact(ctx context.Context, fn func(ctx context.Context, tx *Tx) error) error {
	tx := &Tx{m: w.m, cause: w.Event.ID, saga: w.Order(), asked: w.Asked(), moment: w.moment(Written)}
	defer func() { w.answer = tx.answer }()
	return w.m.transact(ctx, tx, w.settings, func(ctx context.Context) error {
		if w.settings.Idempotent {
			first, err := pattern.Inbox{}.First(ctx, tx.Tx, w.m.group, w.Event.ID)
			if err != nil {
				return err
			}
			if !first {
				return errSeen
			}
		}
		if err := fn(ctx, tx); err != nil || !w.called || !w.settings.Idempotent {
			return err
		}
		return tx.keep(ctx, w.m.group, w.Event.ID, tx.answer)
	})
}

// transact commits what do writes through tx, tells the watcher, and sends what
// is to be published.
func (m *member) transact(ctx context.Context, tx *Tx, s Settings, do func(context.Context) error) error {
	if err := m.write(ctx, tx, s, do); err != nil {
		return err
	}
	if tx.moment.Saga != nil {
		m.nudgeAll()
	}
	for _, out := range tx.out {
		tx.moment.Outgoing = append(tx.moment.Outgoing, out.EventID)
	}
	if err := m.at(ctx, tx.moment); err != nil {
		return err
	}
	if len(tx.out) == 0 {
		return nil
	}
	if s.Outbox {
		return m.relay(ctx)
	}
	return m.publish(ctx, tx.out)
}

// write is the database's part. It is not cancelled half way: a transaction is
// short, and a crash of ours does not stop the database.
func (m *member) write(ctx context.Context, tx *Tx, s Settings, do func(context.Context) error) (err error) {
	if err := m.database(); err != nil {
		return err
	}
	ctx = context.WithoutCancel(ctx)
	tx.Tx, err = m.env.Write.DB.BeginTx(ctx, nil)
	if err != nil {
		return fmt.Errorf("begin a transaction: %w", err)
	}
	defer tx.Rollback() // does nothing after a commit
	if err := do(ctx); err != nil {
		return err
	}
	if s.Outbox && len(tx.out) > 0 {
		if err := m.outbox.Put(ctx, tx.Tx, tx.out...); err != nil {
			return err
		}
	}
	if err := tx.Commit(); err != nil {
		return fmt.Errorf("commit: %w", err)
	}
	return nil
}

// Order is the id of the order that the event is about.
func (w *Work) Order() string { return string(w.Event.Data.OrderID) }

// Asked tells whether the event is a command, which must be answered on its
// topic. Whoever calls hears his answer.
func (w *Work) Asked() bool { return Commands[w.Event.Type] != "" && !w.called }

// Key makes an idempotency key for a call about this event, "" where the
// service does without.
func (w *Work) Key(call string) string {
	if !w.settings.Idempotent {
		return ""
	}
	return call + "/" + w.Event.ID
}

func (w *Work) moment(p Point) Moment {
	return Moment{Point: p, Record: w.rec, EventType: w.Event.Type, EventID: w.Event.ID, Order: w.Order()}
}

// Publish puts an event about the order of the work on its topic once the
// transaction is committed; an answer to a command goes on Replies. Data may add to the four fields that every event
// carries.
func (tx *Tx) Publish(eventType string, version int, about EventData, more func(*EventData)) error {
	data := EventData{OrderID: about.OrderID, UserID: about.UserID, Items: about.Items, TotalAmount: about.TotalAmount}
	if more != nil {
		more(&data)
	}
	if tx.m.env.styleOf(string(about.OrderID)) == Sync {
		tx.answer = reply{eventType, data} // nothing is published about it: whoever called hears of it
		return nil
	}
	e := Event{ID: tx.m.env.NewID(), Type: eventType, Version: version, At: tx.m.env.Clock.Now().UTC(), Data: data}
	out, err := Outgoing(e, tx.m.env.Key())
	if err != nil {
		return err
	}
	if tx.asked {
		out.Topic = Replies
	}
	if tx.cause != "" {
		out.Headers["causation-id"] = tx.cause
	}
	tx.out = append(tx.out, out)
	return nil
}

// Outgoing makes the record of an event: its topic, its key as the shop keys
// its records (user, order or none), and the correlation id.
func Outgoing(e Event, key string) (pattern.Outgoing, error) {
	value, err := json.Marshal(e)
	if err != nil {
		return pattern.Outgoing{}, fmt.Errorf("encode %s: %w", e.Type, err)
	}
	out := pattern.Outgoing{
		Topic: cmp.Or(TopicOf[e.Type], Commands[e.Type]), EventID: e.ID, Value: value,
		Headers: map[string]string{"correlation-id": string(e.Data.OrderID)},
	}
	switch key {
	case "user":
		out.Key = []byte(e.Data.UserID)
	case "order":
		out.Key = []byte(e.Data.OrderID)
	}
	return out, nil
}

// relay publishes what this member's outbox holds. What it could not publish
// stays in the outbox and is tried again in the background, because the work
// that it belongs to is done.
func (m *member) relay(ctx context.Context) error {
	_, err := m.relayOnce(ctx)
	var crash *Crash
	if errors.As(err, &crash) {
		return crash
	}
	if err != nil {
		m.relays.Go(m.relayAll)
	}
	return nil
}

func (m *member) relayOnce(ctx context.Context) (int, error) {
	if err := m.database(); err != nil {
		return 0, err
	}
	return m.outbox.Relay(ctx, m.env.Write.DB, m.publish)
}

// relayAll publishes until the outbox is empty or the member ends.
func (m *member) relayAll() {
	for m.ctx.Err() == nil {
		if _, err := m.relayOnce(m.ctx); err == nil {
			return
		}
		_ = m.env.Clock.Sleep(m.ctx, relayPause)
	}
}

// relayPause is the wait before a relay that failed is tried again.
const relayPause = 200 * time.Millisecond

// publish sends events and returns when the broker has all of them.
func (m *member) publish(ctx context.Context, out []pattern.Outgoing) error {
	records := make([]*kgo.Record, len(out))
	for i, o := range out {
		records[i] = Record(o)
	}
	return m.send(ctx, records...)
}

// Record is an outgoing event as the Kafka client takes it.
func Record(o pattern.Outgoing) *kgo.Record {
	rec := &kgo.Record{Topic: o.Topic, Key: o.Key, Value: o.Value}
	for _, name := range []string{"correlation-id", "causation-id"} {
		if v := o.Headers[name]; v != "" {
			rec.Headers = append(rec.Headers, kgo.RecordHeader{Key: name, Value: []byte(v)})
		}
	}
	return rec
}

func (m *member) send(ctx context.Context, records ...*kgo.Record) error {
	if err := m.introduce(ctx); err != nil {
		return fmt.Errorf("produce: %w", err)
	}
	// A record that may be on its way is not given up by the client, however
	// long its ctx is over: only closing the client ends it. So we do not wait.
	acks := make(chan error, len(records))
	for _, rec := range records {
		m.client.Produce(ctx, rec, func(_ *kgo.Record, err error) { acks <- err })
	}
	var failed error
	for range records {
		select {
		case err := <-acks:
			failed = cmp.Or(failed, err)
		case <-ctx.Done():
			return fmt.Errorf("produce: %w", context.Cause(ctx))
		}
	}
	if failed != nil {
		return fmt.Errorf("produce: %w", failed)
	}
	for _, rec := range records {
		if err := m.at(ctx, Moment{Point: Published, Record: rec}); err != nil {
			return err
		}
	}
	return nil
}

func outboxPending(ctx context.Context, w *store.Write, service string) (int, error) {
	o := pattern.Outbox{Service: service}
	return o.Pending(ctx, w.DB)
}
