package pattern

import (
	"context"
	"time"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"
)

// This file commits offsets.
//
// Problem: an offset that is committed too early loses records, one that is
// committed too late brings them again, and one that is committed after the
// partition has moved throws the new owner back.
//
// Guarantee: only what is handled is committed (with CommitAuto: was polled),
// and only while the partition is ours. A rebalance waits for a commit that is
// under way, so none can arrive after it.
//
// Cost: one request for each commit. CommitEvery and CommitWithin trade
// requests for records that come again.
//
// Not covered: a commit that fails ends nothing. The next one says the same and
// more; if there is none, because the group has thrown us out, the records come
// again.

const (
	commitAgain   = 250 * time.Millisecond // until a commit that failed is tried again
	commitTimeout = 5 * time.Second        // for one commit
	autoInterval  = 5 * time.Second
)

type positions map[*queue]kgo.EpochOffset

// commit commits what at returns, which is called with mu held as soon as no
// other commit is under way. What the group refuses stays uncommitted; an error
// is one of Trace.
func (c *Consumer) commit(ctx context.Context, client *kgo.Client, at func() positions) error {
	select {
	case c.committing <- struct{}{}:
	case <-ctx.Done():
		return nil
	}
	c.mu.Lock()
	want := at()
	var told []Step
	offsets := map[string]map[int32]kgo.EpochOffset{}
	for q, to := range want {
		if offsets[q.topic] == nil {
			offsets[q.topic] = map[int32]kgo.EpochOffset{}
		}
		offsets[q.topic][q.partition] = to
	}
	c.mu.Unlock()

	taken := send(ctx, client, offsets)

	c.mu.Lock()
	for q, to := range want {
		if !taken[q.place] {
			continue
		}
		q.committed = to
		told = append(told, Step{Stage: Committed, Record: q.below(to.Offset),
			Topic: q.topic, Partition: q.partition, Offset: to.Offset})
	}
	c.mu.Unlock()
	<-c.committing

	for _, s := range told {
		if err := c.trace(ctx, s); err != nil {
			return err
		}
	}
	return nil
}

// send commits offsets and returns the partitions for which the group took them.
func send(ctx context.Context, client *kgo.Client, offsets map[string]map[int32]kgo.EpochOffset) map[place]bool {
	taken := map[place]bool{}
	if len(offsets) == 0 {
		return taken
	}
	ctx, cancel := context.WithTimeout(ctx, commitTimeout)
	defer cancel()
	client.CommitOffsetsSync(ctx, offsets,
		func(_ *kgo.Client, _ *kmsg.OffsetCommitRequest, resp *kmsg.OffsetCommitResponse, err error) {
			if err != nil {
				return
			}
			for _, t := range resp.Topics {
				for _, p := range t.Partitions {
					if kerr.ErrorForCode(p.ErrorCode) == nil {
						taken[place{t.Topic, p.Partition}] = true
					}
				}
			}
		})
	return taken
}

// commitDone commits what is handled, except with CommitAuto, where only the
// last commit before a stop says what is handled.
func (c *Consumer) commitDone(ctx context.Context) error {
	c.since = 0
	if c.Commit == CommitAuto && !c.stopped() {
		return nil
	}
	return c.commit(ctx, c.Client, func() positions {
		at := positions{}
		for _, q := range c.queues {
			if q.handled != q.committed {
				at[q] = q.handled
			}
		}
		return at
	})
}

// commitFirst commits a record before it is handled, and tries until the group
// has it. False: it is not ours to handle.
func (c *Consumer) commitFirst(ctx context.Context, q *queue, rec *kgo.Record) (bool, error) {
	for {
		err := c.commit(ctx, c.Client, func() positions {
			if q.gone {
				return nil
			}
			return positions{q: after(rec)}
		})
		c.mu.Lock()
		committed, gone := q.committed == after(rec), q.gone
		if committed {
			q.handled = after(rec) // whatever comes, it must not be handled again
		}
		c.mu.Unlock()
		if committed || gone || err != nil {
			return committed, err
		}
		select {
		case <-time.After(commitAgain):
		case <-c.stop:
			return false, nil
		case <-ctx.Done():
			return false, context.Cause(ctx)
		}
	}
}

// autoCommit commits what was polled, handled or not, until ctx ends.
func (c *Consumer) autoCommit(ctx context.Context) {
	every := c.AutoInterval
	if every <= 0 {
		every = autoInterval
	}
	tick := time.NewTicker(every)
	defer tick.Stop()
	for {
		select {
		case <-tick.C:
		case <-ctx.Done():
			return
		}
		err := c.commit(ctx, c.Client, func() positions {
			at := positions{}
			if c.stopped() {
				return at
			}
			for _, q := range c.queues {
				if q.begun && q.polled != q.committed {
					at[q] = q.polled
				}
			}
			return at
		})
		if err != nil {
			c.abort(err)
		}
	}
}

// farewell waits for a commit that is under way, and commits what is handled in
// queues that leave, if the group still listens.
func (c *Consumer) farewell(ctx context.Context, client *kgo.Client, leaving []*queue, lost bool) error {
	return c.commit(ctx, client, func() positions {
		at := positions{}
		for _, q := range leaving {
			if !lost && q.handled != q.committed {
				at[q] = q.handled
			}
		}
		return at
	})
}

// behind reports whether something is handled and not committed.
func (c *Consumer) behind() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, q := range c.queues {
		if c.Commit != CommitAuto && q.handled != q.committed {
			return true
		}
	}
	return false
}
