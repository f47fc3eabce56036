package pattern

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"
)

// place names a partition.
type place struct {
	topic     string
	partition int32
}

// queue holds the records of one partition that were polled and are not done.
//
// Problem: partitions come and go with every rebalance, while records of them
// are being polled, are waiting and are in hand.
//
// Guarantee: a queue lives from the assignment of its partition to its
// revocation. Then it is dropped as a whole: its records are not handled here,
// and nothing that is finished later is committed.
//
// Cost: dropped records are fetched again by the next owner.
//
// Not covered: the record in hand. Its handler is not broken off, so for a
// moment two members may work on the same record.
type queue struct {
	place
	items  []item
	gone   bool   // revoked
	parked bool   // waits for the next try of its first record
	stop   func() // stops the timer of that wait
	paused bool   // the client does not fetch it, because it is full

	begun     bool            // the three below are set
	polled    kgo.EpochOffset // the next offset to be polled
	handled   kgo.EpochOffset // the next offset to be handled
	committed kgo.EpochOffset // where the group stands, or began
	last      *kgo.Record     // the newest one that is done

	failed int   // tries of the first record
	cause  error // what the first record gets a dead letter for
}

type item struct {
	*kgo.Record
	arrival int
}

const (
	pollMax  = 200 // records of one poll
	queueMax = 400 // records in a queue before its partition is paused
)

// Options returns what the client of a Consumer needs: no automatic commits,
// and the callbacks of a rebalance. A rebalance waits while a poll is sorted
// into the queues, so that no record ends up in a queue of a later assignment;
// it never waits for a handler.
func (c *Consumer) Options() []kgo.Opt {
	c.init()
	return []kgo.Opt{
		kgo.DisableAutoCommit(),
		kgo.BlockRebalanceOnPoll(),
		kgo.OnPartitionsAssigned(func(_ context.Context, _ *kgo.Client, parts map[string][]int32) { c.assigned(parts) }),
		kgo.OnPartitionsRevoked(func(ctx context.Context, cl *kgo.Client, parts map[string][]int32) { c.revoked(ctx, cl, parts, false) }),
		kgo.OnPartitionsLost(func(ctx context.Context, cl *kgo.Client, parts map[string][]int32) { c.revoked(ctx, cl, parts, true) }),
	}
}

func (c *Consumer) assigned(parts map[string][]int32) {
	c.mu.Lock()
	for topic, partitions := range parts {
		for _, p := range partitions {
			at := place{topic, p}
			c.queues[at] = &queue{place: at}
		}
	}
	c.mu.Unlock()
	if c.OnAssigned != nil {
		c.OnAssigned(parts)
	}
}

// revoked drops the queues. What is handled is committed first, which is
// allowed until this callback returns, unless the group has thrown us out.
func (c *Consumer) revoked(ctx context.Context, client *kgo.Client, parts map[string][]int32, lost bool) {
	c.mu.Lock()
	var dropped []Step
	var leaving []*queue
	for topic, partitions := range parts {
		for _, p := range partitions {
			q := c.queues[place{topic, p}]
			if q == nil {
				continue
			}
			leaving = append(leaving, q)
			for i, it := range q.items {
				if i > 0 || q != c.inHand {
					dropped = append(dropped, c.step(Dropped, q, it.Record))
				}
			}
			c.drop(client, q)
		}
	}
	c.mu.Unlock()

	err := c.farewell(ctx, client, leaving, lost)
	for i := 0; err == nil && i < len(dropped); i++ {
		err = c.trace(ctx, dropped[i])
	}
	if err != nil {
		c.abort(err)
	}
	if c.OnRevoked != nil && len(parts) > 0 {
		c.OnRevoked(parts)
	}
}

// drop ends a queue. Call it with mu held.
func (c *Consumer) drop(client *kgo.Client, q *queue) {
	q.gone = true
	delete(c.queues, q.place)
	if q.stop != nil {
		q.stop()
	}
	if q.paused {
		client.ResumeFetchPartitions(map[string][]int32{q.topic: {q.partition}})
	}
	if q == c.inHand && c.letGo != nil {
		c.letGo(errRevoked)
	}
}

// end drops all queues when Run returns, so that nothing is committed any more.
func (c *Consumer) end() {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, q := range c.queues {
		c.drop(c.Client, q)
	}
}

// poll sorts what the client fetches into the queues. The client reports errors
// of brokers here too, and goes on by itself; only its end is ours as well.
func (c *Consumer) poll(ctx context.Context) {
	for {
		fetches := c.Client.PollRecords(ctx, pollMax)
		if ctx.Err() == nil {
			c.enqueue(fetches)
			c.report(fetches)
		}
		c.Client.AllowRebalance()
		if fetches.IsClientClosed() {
			c.abort(kgo.ErrClientClosed)
		}
		if ctx.Err() != nil {
			return
		}
	}
}

// report tells why the group does not let this member in. The client tries
// again by itself, so nothing ends here.
func (c *Consumer) report(fetches kgo.Fetches) {
	var group *kgo.ErrGroupSession
	if err := fetches.Err(); c.OnGroupError != nil && errors.As(err, &group) {
		c.OnGroupError(group.Err)
	}
}

func (c *Consumer) enqueue(fetches kgo.Fetches) {
	c.mu.Lock()
	defer c.mu.Unlock()
	fetches.EachRecord(func(rec *kgo.Record) {
		q := c.queues[place{rec.Topic, rec.Partition}]
		if q == nil {
			return
		}
		if !q.begun {
			q.begun = true
			q.handled = kgo.EpochOffset{Epoch: rec.LeaderEpoch, Offset: rec.Offset}
			q.committed = q.handled
		}
		c.arrived++
		q.items = append(q.items, item{rec, c.arrived})
		q.polled = after(rec)
		if len(q.items) >= queueMax && !q.paused {
			q.paused = true
			c.Client.PauseFetchPartitions(map[string][]int32{q.topic: {q.partition}})
		}
	})
	c.look()
}

// next returns the record that arrived first, of all that do not wait.
func (c *Consumer) next() (first *queue, rec *kgo.Record) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, q := range c.queues {
		if q.parked || len(q.items) == 0 {
			continue
		}
		if first == nil || q.items[0].arrival < first.items[0].arrival {
			first = q
		}
	}
	c.inHand = first
	if first == nil {
		return nil, nil
	}
	return first, first.items[0].Record
}

// take begins the wait at Delivered. False: the queue is not ours any more.
func (c *Consumer) take(q *queue, letGo context.CancelCauseFunc) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if q.gone {
		return false
	}
	c.letGo = letGo
	if c.stopped() {
		letGo(errStopped)
	}
	return true
}

// keep ends the wait at Delivered. False: the queue is not ours any more.
func (c *Consumer) keep(q *queue) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.letGo = nil
	return !q.gone
}

// failed counts a try of the first record. False: the queue is not ours any more.
func (c *Consumer) failed(q *queue, err error, last bool) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	q.failed++
	if last {
		q.cause = err
	}
	return !q.gone
}

// done ends the first record of a queue.
func (c *Consumer) done(q *queue, rec *kgo.Record) {
	if c.shift(q, rec) && c.OnResumed != nil {
		c.OnResumed()
	}
}

// shift takes the first record off its queue, and tells whether its partition is
// fetched again.
func (c *Consumer) shift(q *queue, rec *kgo.Record) (resumed bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	q.failed, q.cause = 0, nil
	if q.gone {
		return false
	}
	q.items[0] = item{} // the array stays, the record need not
	q.items = q.items[1:]
	q.handled, q.last = after(rec), rec
	if !q.paused || len(q.items) > queueMax/2 {
		return false
	}
	q.paused = false
	c.Client.ResumeFetchPartitions(map[string][]int32{q.topic: {q.partition}})
	return true
}

// sleep parks a queue.
func (c *Consumer) sleep(q *queue, wait time.Duration) {
	c.mu.Lock()
	q.parked = true
	c.mu.Unlock()
	timer := c.After
	if timer == nil {
		timer = func(d time.Duration, f func()) func() {
			t := time.AfterFunc(d, f)
			return func() { t.Stop() }
		}
	}
	stop := timer(wait, func() {
		c.mu.Lock()
		q.parked = false
		c.mu.Unlock()
		c.look()
	})
	c.mu.Lock()
	defer c.mu.Unlock()
	q.stop = stop
	if q.gone {
		stop()
	}
}

// look makes the worker look for work.
func (c *Consumer) look() {
	select {
	case c.wake <- struct{}{}:
	default:
	}
}

// below returns the newest record that we know below an offset, or nil.
func (q *queue) below(offset int64) *kgo.Record {
	for _, it := range slices.Backward(q.items) {
		if it.Offset < offset {
			return it.Record
		}
	}
	if q.last != nil && q.last.Offset < offset {
		return q.last
	}
	return nil
}

// after is the position once a record is done.
func after(rec *kgo.Record) kgo.EpochOffset {
	return kgo.EpochOffset{Epoch: rec.LeaderEpoch, Offset: rec.Offset + 1}
}
