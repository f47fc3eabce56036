package lab

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"eddy/lab/shop"

	"github.com/twmb/franz-go/pkg/kgo"
)

// recordMax is the largest record that publish takes, in bytes: what a broker
// takes by default, less the rest of a batch.
const recordMax = 1_000_000

type publish struct {
	Topic     string            `json:"topic,omitempty" is:"topic"`
	Key       *string           `json:"key,omitempty"`
	Value     payload           `json:"value,omitempty"`
	Headers   map[string]string `json:"headers,omitempty"`
	Partition *int32            `json:"partition,omitempty"`
	Event     string            `json:"event,omitempty" is:"event"`
	Order     string            `json:"order,omitempty" is:"order"`
}

func (a *publish) do(ctx context.Context, l *Lab, c call) (Result, error) {
	rec, order, err := a.record(l)
	if err != nil {
		return Result{}, err
	}
	if err := l.needsBroker(); err != nil {
		return Result{}, err
	}
	size := len(rec.Key) + len(rec.Value)
	for _, h := range rec.Headers {
		size += len(h.Key) + len(h.Value)
	}
	if size > recordMax {
		return Result{}, Errorf(Invalid, "the record has %d bytes: at most %d fit, key and headers included", size, recordMax)
	}
	if err := l.knowsPartition(rec.Topic, a.Partition); err != nil {
		return Result{}, err
	}
	if a.Partition != nil {
		ctx = shop.ToPartition(ctx, *a.Partition)
	}
	seq := c.accept(l, order, fmt.Sprintf("you published %s to %s", named(a.Event), rec.Topic))
	return l.handed(Result{Seq: seq, OrderID: order}, l.produce(ctx, rec, seq))
}

func named(event string) string {
	if event == "" {
		return "a record"
	}
	return event
}

// record makes what is to be published: the value as it is given, or a proper
// envelope around what the lab knows of an order.
func (a *publish) record(l *Lab) (rec *kgo.Record, order string, err error) {
	rec = &kgo.Record{Topic: a.Topic, Value: []byte(a.Value)}
	if a.Key != nil {
		rec.Key = []byte(*a.Key)
	}
	if a.Event != "" {
		topic := shop.TopicOf[a.Event]
		if topic == "" {
			topic = shop.Commands[a.Event]
		}
		if topic == "" {
			return nil, "", Errorf(Invalid, "there is no event type %q: the types are %s", a.Event,
				strings.Join(slices.Sorted(maps.Keys(shop.TopicOf)), ", "))
		}
		if a.Value != "" {
			return nil, "", Errorf(Invalid, "publish takes a value or an event, not both")
		}
		data := l.dataOf(a.Order)
		e := shop.Event{ID: l.newID(), Type: a.Event, Version: 1, At: l.clock.Now().UTC(), Data: data}
		l.fill(&e)
		out, err := shop.Outgoing(e, *l.key.Load())
		if err != nil {
			return nil, "", err
		}
		made := shop.Record(out)
		if rec.Topic == "" {
			rec.Topic = topic
		}
		if rec.Key == nil {
			rec.Key = made.Key
		}
		rec.Value, rec.Headers, order = made.Value, made.Headers, string(data.OrderID)
	}
	if rec.Topic == "" {
		return nil, "", Errorf(Invalid, "publish needs a topic: the topics are %s", strings.Join(AllTopics(), ", "))
	}
	for _, name := range slices.Sorted(maps.Keys(a.Headers)) {
		rec.Headers = append(rec.Headers, kgo.RecordHeader{Key: name, Value: []byte(a.Headers[name])})
	}
	return rec, order, nil
}

// dataOf is what the lab knows of an order; of one that it does not know, it
// makes up one piece for user-1.
func (l *Lab) dataOf(order string) shop.EventData {
	l.mu.Lock()
	defer l.mu.Unlock()
	if o := l.board.find(order); o != nil {
		return shop.EventData{OrderID: shop.ID(o.ID), UserID: shop.ID(o.User), Items: o.Items, TotalAmount: o.Total, Method: o.Method}
	}
	if order == "" {
		l.outside++
		order = fmt.Sprintf("outside-%d", l.outside)
	}
	p := shop.Catalogue[1]
	item := shop.Item{SKU: p.SKU, Name: p.Name, Qty: 1, Price: p.Price}
	return shop.EventData{OrderID: shop.ID(order), UserID: "user-1", Items: []shop.Item{item}, TotalAmount: item.Price, Method: "card"}
}

// fill adds what only some types of events carry.
func (l *Lab) fill(e *shop.Event) {
	d := &e.Data
	switch e.Type {
	case shop.OrderCreated:
		if e.Version = l.settings().Services["order"].SchemaVersion; e.Version >= 2 {
			d.Currency = "USD"
		}
	case shop.PaymentCompleted, shop.PaymentFailed, shop.PaymentRefunded:
		d.PaymentID, d.Amount = "by-hand-"+e.ID[:8], d.TotalAmount
	default:
		d.Method = ""
	}
	switch e.Type {
	case shop.PaymentFailed, shop.StockReservationFailed, shop.OrderCancelled:
		d.Reason = "published by hand"
	}
}

func (l *Lab) knowsPartition(topic string, partition *int32) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if err := l.board.knows(topic); err != nil {
		return err
	}
	if n := int32(len(l.board.Topics[topic].Partitions)); partition != nil && (*partition < 0 || *partition >= n) {
		return Errorf(Invalid, "%s has no partition %d: it has 0 to %d", topic, *partition, n-1)
	}
	return nil
}

// needsBroker refuses what nobody would answer: a client tries for ever.
func (l *Lab) needsBroker() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if why := l.board.noBroker(); why != "" {
		return Errorf(Conflict, "%s, and nobody else writes or reads the log: bring one up first", why)
	}
	return nil
}

// handPatience is how long the lab's own hand waits for an ack, on the wall.
const handPatience = 30 * time.Second

// produce writes a record with the lab's own hand.
func (l *Lab) produce(ctx context.Context, rec *kgo.Record, cause int64) error {
	hand, err := l.ownHand()
	if err != nil {
		return err
	}
	sent := &publication{topic: rec.Topic, value: string(rec.Value), cause: cause}
	l.mu.Lock()
	l.causes.byHand[sent] = true
	l.mu.Unlock()
	ctx, cancel := context.WithTimeout(ctx, handPatience)
	defer cancel()
	// The client does not give up a record that may be on its way. It is the
	// hand's until the client has heard of it, although nobody waits for that.
	acked := make(chan error, 1)
	hand.Produce(ctx, rec, func(_ *kgo.Record, err error) {
		if err == nil {
			l.acked(rec, cause, "")
		}
		l.mu.Lock()
		delete(l.causes.byHand, sent)
		l.mu.Unlock()
		acked <- err
	})
	select {
	case err = <-acked:
	case <-ctx.Done():
		err = fmt.Errorf("%w; it may come yet", context.Cause(ctx))
	}
	switch {
	case err == nil:
		return nil
	case l.ctx.Err() != nil:
		return errClosed
	}
	return &untaken{err}
}

// untaken says that the cluster did not answer for a record.
type untaken struct{ error }

// handed is the answer to an action that wrote records, and err what became
// of them. One that the cluster did not take is not refused: it was made, and
// the record may come yet.
func (l *Lab) handed(r Result, err error) (Result, error) {
	var not *untaken
	if !errors.As(err, &not) {
		return r, err
	}
	r.Answer, r.Text = shop.Unavailable, fmt.Sprintf("the cluster did not take the record: %v", not.error)
	l.record(Entry{Kind: KindNote, Order: r.OrderID, Cause: r.Seq, Text: r.Text})
	return r, nil
}

func (l *Lab) ownHand() (*kgo.Client, error) {
	l.acting.Lock()
	defer l.acting.Unlock()
	return l.handLocked()
}

// handLocked is ownHand for a caller that holds Lab.acting.
func (l *Lab) handLocked() (*kgo.Client, error) {
	if l.ctx.Err() != nil {
		return nil, errClosed
	}
	if l.hand == nil {
		client, err := kgo.NewClient(append(l.cluster.Options(nil, "eddy-hand"), kgo.RecordPartitioner(shop.Partitioner()))...)
		if err != nil {
			return nil, fmt.Errorf("make a Kafka client: %w", err)
		}
		l.hand = client
	}
	return l.hand, nil
}

type duplicate struct {
	Topic     string `json:"topic,omitempty" is:"topic"`
	Partition int32  `json:"partition,omitempty"`
	Offset    *int64 `json:"offset,omitempty"`
	Event     string `json:"event,omitempty" is:"event"`
	Order     string `json:"order,omitempty" is:"order"`
}

func (a *duplicate) do(ctx context.Context, l *Lab, c call) (Result, error) {
	topic, partition, offset, err := a.place(l)
	if err != nil {
		return Result{}, err
	}
	if err := l.needsBroker(); err != nil {
		return Result{}, err
	}
	found := l.readRange(ctx, tp{topic, partition}, offset, offset+1)
	if len(found) == 0 {
		return Result{}, Errorf(NotFound, "there is no record at %s p%d #%d", topic, partition, offset)
	}
	old := found[0]
	again := &kgo.Record{Topic: topic, Key: old.Key, Value: old.Value, Headers: old.Headers}
	facts := l.recordFacts(old)
	seq := c.accept(l, facts.Order, fmt.Sprintf("you duplicated %s p%d #%d", topic, partition, offset))
	return l.handed(Result{Seq: seq, OrderID: facts.Order}, l.produce(shop.ToPartition(ctx, partition), again, seq))
}

// place finds the record that is meant: by its place, or the newest event of a
// type and an order.
func (a *duplicate) place(l *Lab) (topic string, partition int32, offset int64, err error) {
	if a.Event == "" {
		if a.Topic == "" || a.Offset == nil {
			return "", 0, 0, Errorf(Invalid, "duplicate needs a place (topic, partition, offset) or an event and its order")
		}
		return a.Topic, a.Partition, *a.Offset, l.knowsPartition(a.Topic, &a.Partition)
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	id := a.Order
	if o := l.board.find(a.Order); o != nil {
		id = o.ID
	}
	var newest *Record
	for t, tapes := range l.board.Tapes {
		for p, tape := range tapes {
			for _, r := range tape.Records {
				if r.EventType == a.Event && (id == "" || r.Order == id) && !isDLQ(t) && (newest == nil || r.Seq > newest.Seq) {
					newest, topic, partition = r, t, p
				}
			}
		}
	}
	if newest == nil {
		return "", 0, 0, Errorf(NotFound, "there is no %s of order %q among the newest records", a.Event, a.Order)
	}
	return topic, partition, newest.Offset, nil
}
