package shop

import (
	"context"
	"errors"
	"fmt"
	"sync"

	"eddy/lab/kafka"
	"eddy/lab/store"

	"github.com/twmb/franz-go/pkg/kgo"
)

// Rebuild builds the read model anew from the log, beside the one that answers
// queries, which goes on to answer them and to hear of new events. Once the new
// one has read as far as the old one, the two change places (blue and green).
//
// It reads at least the given extents of the log, which end at the places that
// the projector's group has saved. It runs on one of the instances, one that is
// not held if there is any, and ends with an error where that one ends, or the
// watcher wants it elsewhere: what has been built by then is kept, and the next
// call goes on from there. That is safe because a batch and how far it was read are one
// transaction.
func (p *Projector) Rebuild(ctx context.Context, log []Extent, isHeld func(instance int) bool) error {
	m, err := p.freeMember(isHeld)
	if err != nil {
		return err
	}
	defer m.relays.Done()
	ctx, over := m.during(ctx)
	defer over()
	shadow, err := m.env.Read.shadow(ctx)
	if err != nil {
		return err
	}
	reader := m.env.Cluster.NewReader(m.link, "eddy-"+m.id()+"-rebuild")
	defer reader.Close()
	r := &rebuild{member: m, reader: reader, shadow: shadow, log: log}
	for {
		err := r.run(ctx)
		switch {
		case err == nil:
			return nil
		case ctx.Err() != nil:
			return errors.New(m.cutOff(err))
		case errors.Is(err, ErrElsewhere):
			return err
		}
		// Kafka or the database cannot be reached: the log has time.
		if err := m.at(ctx, Moment{Point: Rebuilding, Rebuild: &r.come, Err: err}); err != nil {
			return err
		}
		if err := m.env.Clock.Sleep(ctx, relayPause); err != nil {
			return errors.New(m.cutOff(err))
		}
	}
}

// rebuild is one run of Rebuild on a member.
type rebuild struct {
	*member
	reader *kafka.Probe
	shadow ReadDB
	log    []Extent
	come   Rebuild
	ahead  sync.WaitGroup // who fetches and decodes ahead
}

// Extent is a part of a partition: the records from Start to End-1.
type Extent struct {
	Topic      string
	Partition  int32
	Start, End int64
}

// batch is what is applied to the shadow in one transaction.
type batch struct {
	changes []store.Change
	read    []store.Place
	leftOut int64
	n       int64 // records
	err     error
}

// batchSize is how many records are applied in one transaction, which takes as
// long as the work for one message. With work 0 it is as many as are quick.
func batchSize(s Settings) int {
	if s.Work > 0 {
		return 10
	}
	return 1000
}

// run reads until little is left, and then the rest while the projector waits.
func (r *rebuild) run(ctx context.Context) error {
	for first := true; ; first = false {
		left, n, err := r.left(ctx)
		if err != nil {
			return err
		}
		if !first && n <= int64(batchSize(r.Settings())) {
			break
		}
		if err := r.read(ctx, left, true); err != nil {
			return err
		}
	}
	if err := r.env.Read.take(ctx); err != nil {
		return err
	}
	defer r.env.Read.give()
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	left, _, err := r.left(ctx)
	if err != nil {
		return err
	}
	if err := r.read(ctx, left, false); err != nil {
		return err
	}
	if err := r.carryOver(ctx); err != nil {
		return err
	}
	if err := r.env.Read.swap(); err != nil {
		return err
	}
	_ = r.at(ctx, Moment{Point: Rebuilt, Rebuild: &r.come}) // a watcher has no say any more
	return nil
}

// carryOver takes over the rows of orders that were fulfilled by calls: no topic
// tells of them, so they cannot be built anew.
func (r *rebuild) carryOver(ctx context.Context) error {
	ids, err := r.called(ctx)
	if err != nil {
		return err
	}
	var changes []store.Change
	for _, id := range ids {
		row, found, err := r.env.Read.serving.Get(ctx, id)
		if err != nil {
			return fmt.Errorf("carry over order %s: %w", id, err)
		}
		if found {
			changes = append(changes, store.Change{OrderID: id, Update: func(v *store.View) bool { *v = row; return true }})
		}
	}
	return r.shadow.Apply(ctx, changes)
}

// called lists the orders that were fulfilled by calls.
func (r *rebuild) called(ctx context.Context) (ids []string, err error) {
	rows, err := r.env.Write.DB.QueryContext(ctx, `SELECT order_id FROM orders WHERE saga = ?`, Sync)
	if err != nil {
		return nil, fmt.Errorf("find the orders that no topic tells of: %w", err)
	}
	defer rows.Close()
	for rows.Next() {
		var id string
		if err := rows.Scan(&id); err != nil {
			return nil, fmt.Errorf("find the orders that no topic tells of: %w", err)
		}
		ids = append(ids, id)
	}
	return ids, rows.Err()
}

// left says what the shadow has not read of what the serving model has, or
// must have.
func (r *rebuild) left(ctx context.Context) (left []Extent, n int64, err error) {
	serving, err := r.env.Read.places(ctx)
	if err != nil {
		return nil, 0, err
	}
	done, err := r.shadow.Places(ctx)
	if err != nil {
		return nil, 0, err
	}
	type partition struct {
		topic string
		id    int32
	}
	all := map[partition]*Extent{}
	at := func(topic string, id int32) *Extent {
		p := partition{topic, id}
		if all[p] == nil {
			all[p] = &Extent{Topic: topic, Partition: id}
		}
		return all[p]
	}
	for _, e := range r.log {
		*at(e.Topic, e.Partition) = e
	}
	for _, p := range serving {
		e := at(p.Topic, p.Partition)
		e.End = max(e.End, p.Next)
	}
	var was int64
	for _, p := range done {
		e := at(p.Topic, p.Partition)
		was += max(0, p.Next-e.Start)
		e.Start = max(e.Start, p.Next)
	}
	for _, e := range all {
		if e.Start < e.End {
			left = append(left, *e)
			n += e.End - e.Start
		}
	}
	r.come.Total, r.come.Left = was+n, n
	return left, n, nil
}

// read applies extents of the log to the shadow. Where it may take its time,
// each batch is held as a message would be, and costs the work of one.
func (r *rebuild) read(ctx context.Context, left []Extent, patiently bool) error {
	ctx, cancel := context.WithCancel(ctx)
	defer r.ahead.Wait()
	defer cancel()
	for b := range r.batches(ctx, left) {
		if b.err != nil {
			return b.err
		}
		if patiently {
			if err := r.at(ctx, Moment{Point: Rebuilding, Rebuild: &r.come}); err != nil {
				return err
			}
			if err := r.env.Clock.Sleep(ctx, r.Settings().Work); err != nil {
				return err
			}
		}
		if err := r.database(); err != nil {
			return err
		}
		if err := r.shadow.Apply(context.WithoutCancel(ctx), b.changes, b.read...); err != nil {
			return fmt.Errorf("apply a batch of the rebuild: %w", err)
		}
		r.come.Left, r.come.LeftOut = r.come.Left-b.n, r.come.LeftOut+b.leftOut
	}
	return ctx.Err()
}

// batches fetches and decodes ahead of whoever applies. The channel is closed
// at the end, after an error, or with ctx.
func (r *rebuild) batches(ctx context.Context, left []Extent) <-chan batch {
	out := make(chan batch, 4)
	r.ahead.Go(func() {
		defer close(out)
		tapes := make([]*tape, len(left))
		for i, e := range left {
			tapes[i] = &tape{Extent: e}
		}
		for {
			b := r.next(ctx, tapes)
			if b.err == nil && b.n == 0 {
				return
			}
			select {
			case out <- b:
			case <-ctx.Done():
				return
			}
			if b.err != nil {
				return
			}
		}
	})
	return out
}

// tape is a partition that is being read.
type tape struct {
	Extent                // what is not taken
	ahead  []*kgo.Record  // of it, what is fetched
	coming <-chan fetched // and what comes after that, nil where nobody was sent for it
}

type fetched struct {
	records []*kgo.Record
	err     error
}

// fetch sends for the records of a tape from an offset on.
func (r *rebuild) fetch(ctx context.Context, t *tape, from int64) <-chan fetched {
	answer := make(chan fetched, 1)
	topic, partition, end := t.Topic, t.Partition, t.End
	r.ahead.Go(func() {
		records, err := r.reader.Read(ctx, topic, partition, from, end)
		answer <- fetched{records, err}
	})
	return answer
}

// refill waits for the next records of a tape, and sends for those after them,
// so that they come while these are worked on.
func (r *rebuild) refill(ctx context.Context, t *tape) error {
	if t.coming == nil {
		t.coming = r.fetch(ctx, t, t.Start)
	}
	f := <-t.coming
	t.coming = nil
	if f.err != nil {
		return f.err
	}
	t.ahead = f.records
	if n := len(f.records); n > 0 && f.records[n-1].Offset+1 < t.End {
		t.coming = r.fetch(ctx, t, f.records[n-1].Offset+1)
	}
	return nil
}

// next takes a batch of records off the tapes, in the order in which they were
// produced: then the events of an order stand close together, and its row is
// written once for all of them. An empty batch is the end.
func (r *rebuild) next(ctx context.Context, tapes []*tape) (b batch) {
	s := r.Settings()
	for range batchSize(s) {
		oldest, err := r.oldest(ctx, tapes, &b)
		if err != nil {
			return batch{err: err}
		}
		if oldest == nil {
			break
		}
		rec := oldest.ahead[0]
		oldest.ahead = oldest.ahead[1:]
		b.n += rec.Offset + 1 - oldest.Start
		oldest.Start = rec.Offset + 1
		e, err := Decode(rec)
		if err == nil {
			err = understand(&e, s)
		}
		if err != nil {
			b.leftOut++ // the projector gave it up too
			continue
		}
		b.changes = append(b.changes, changeOf(e, rec.Topic, s.Idempotent))
	}
	for _, t := range tapes {
		b.read = append(b.read, store.Place{Topic: t.Topic, Partition: t.Partition, Next: t.Start})
	}
	return b
}

// oldest is the tape whose next record was produced first, nil at the end of
// all of them. What cannot be read any more, because it was deleted, counts as
// taken.
func (r *rebuild) oldest(ctx context.Context, tapes []*tape, b *batch) (first *tape, err error) {
	for _, t := range tapes {
		if len(t.ahead) == 0 && t.Start < t.End {
			if err := r.refill(ctx, t); err != nil {
				return nil, err
			}
			if len(t.ahead) == 0 {
				b.n += t.End - t.Start
				t.Start = t.End
			}
		}
		if len(t.ahead) > 0 && (first == nil || t.ahead[0].Timestamp.Before(first.ahead[0].Timestamp)) {
			first = t
		}
	}
	return first, nil
}
