package shop

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"iter"
	"slices"

	"eddy/lab/kafka"
	"eddy/lab/store"

	"github.com/twmb/franz-go/pkg/kgo"
)

// Rebuild builds the read model anew from the log, beside the one that answers
// queries, which goes on to answer them and to hear of new events. Once the new
// one has read as far as the old one, the two change places (blue and green).
//
// It reads at least the given extents of the log, which end at the places that
// the projector's group has saved. It runs on one of the instances, and ends with an error where that one
// ends: what has been built by then is kept, and the next call goes on from
// there. That is safe because a batch and how far it was read are one
// transaction.
func (p *Projector) Rebuild(ctx context.Context, log []Extent) error {
	m, err := p.anyMember()
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
	read    store.Place
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
	if err := r.env.Read.swap(); err != nil {
		return err
	}
	_ = r.at(ctx, Moment{Point: Rebuilt, Rebuild: &r.come}) // a watcher has no say any more
	return nil
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
	// Topics in the order of the flow, so that a row is made before it is moved.
	slices.SortFunc(left, func(a, b Extent) int {
		return cmp.Or(slices.Index(r.topics, a.Topic)-slices.Index(r.topics, b.Topic), int(a.Partition-b.Partition))
	})
	r.come.Total, r.come.Left = was+n, n
	return left, n, nil
}

// read applies extents of the log to the shadow. Where it may take its time,
// each batch is held as a message would be, and costs the work of one.
func (r *rebuild) read(ctx context.Context, left []Extent, patiently bool) error {
	ctx, cancel := context.WithCancel(ctx)
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
		if err := r.shadow.Apply(context.WithoutCancel(ctx), b.changes, b.read); err != nil {
			return fmt.Errorf("rebuild from %s/%d: %w", b.read.Topic, b.read.Partition, err)
		}
		r.come.Left, r.come.LeftOut = r.come.Left-b.n, r.come.LeftOut+b.leftOut
	}
	return ctx.Err()
}

// batches fetches and decodes ahead of whoever applies. The channel is closed
// at the end, after an error, or with ctx.
func (r *rebuild) batches(ctx context.Context, left []Extent) <-chan batch {
	out := make(chan batch, 2)
	send := func(b batch) bool {
		select {
		case out <- b:
			return true
		case <-ctx.Done():
			return false
		}
	}
	go func() {
		defer close(out)
		for _, part := range left {
			for at := part.Start; at < part.End; {
				records, err := r.reader.Read(ctx, part.Topic, part.Partition, at, part.End)
				if err != nil {
					send(batch{err: err})
					return
				}
				next := part.End // where nothing is to be had any more, there is nothing to read
				if len(records) > 0 {
					next = records[len(records)-1].Offset + 1
				}
				for b := range r.cut(records, store.Place{Topic: part.Topic, Partition: part.Partition, Next: at}, next) {
					if !send(b) {
						return
					}
				}
				at = next
			}
		}
	}()
	return out
}

// cut makes batches of the records of a partition from one place to next.
func (r *rebuild) cut(records []*kgo.Record, from store.Place, next int64) iter.Seq[batch] {
	s := r.Settings()
	size := batchSize(s)
	return func(yield func(batch) bool) {
		for from.Next < next {
			some := records[:min(size, len(records))]
			records = records[len(some):]
			b := batch{read: from}
			b.read.Next = next
			if len(records) > 0 {
				b.read.Next = records[0].Offset
			}
			b.n = b.read.Next - from.Next
			from.Next = b.read.Next
			for _, rec := range some {
				e, err := Decode(rec)
				if err == nil {
					err = understand(&e, s)
				}
				if err != nil {
					b.leftOut++ // the projector gave it up too
					continue
				}
				b.changes = append(b.changes, changeOf(e, s.Idempotent))
			}
			if !yield(b) {
				return
			}
		}
	}
}
