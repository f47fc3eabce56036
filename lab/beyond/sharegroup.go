package beyond

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"eddy/lab/pattern"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"
)

var shareGroup = Experiment{
	Name: "share_group", Title: "Share groups", Switch: "a share group in place of a consumer group", File: "sharegroup.go",
	Ask:     "One partition holds 12 parcels, and 3 workers need 100 ms for each. How many of the workers have something to do?",
	Explain: "In a consumer group the partition has one owner, in order. A share group is a queue: whoever is free takes the next parcel, so all work, and the order is lost.",
	run:     runShareGroup,
}

const (
	parcels   = 12
	workers   = 3
	perParcel = 100 * time.Millisecond
)

func runShareGroup(ctx context.Context, b *bench, on bool) error {
	var records []*kgo.Record
	for i := range parcels {
		records = append(records, &kgo.Record{Key: []byte("street"), Value: fmt.Appendf(nil, "parcel %d", i+1)})
	}
	if err := b.topic(ctx, "parcels", 1, nil); err != nil {
		return err
	}
	ctx, done := context.WithCancel(ctx)
	defer done()
	var (
		mu      sync.Mutex
		byWhom  = map[int]int{}
		begun   []int64 // offsets, as they were begun
		ended   []int64
		failed  error
		running sync.WaitGroup
	)
	handle := func(worker int) func(context.Context, *kgo.Record) error {
		return func(ctx context.Context, rec *kgo.Record) error {
			mu.Lock()
			begun = append(begun, rec.Offset)
			mu.Unlock()
			select {
			case <-time.After(perParcel):
			case <-ctx.Done():
				return context.Cause(ctx)
			}
			mu.Lock()
			defer mu.Unlock()
			byWhom[worker]++
			if ended = append(ended, rec.Offset); len(ended) == parcels {
				done()
			}
			return nil
		}
	}
	ready := make(chan struct{}, workers)
	for i := range workers {
		name := fmt.Sprintf("worker-%d", i+1)
		next, err := b.sharer(name, on, handle(i))
		if err != nil {
			return err
		}
		running.Go(func() {
			ready <- struct{}{}
			for ctx.Err() == nil {
				if err := next(ctx); err != nil && ctx.Err() == nil {
					mu.Lock()
					failed = errors.Join(failed, err)
					mu.Unlock()
					done()
				}
			}
		})
	}
	for range workers {
		<-ready
	}
	if err := b.joined(ctx, on); err != nil {
		done()
		running.Wait()
		return err
	}
	b.step("%d workers are members of one group", workers)
	began := time.Now()
	fill, _, err := b.client("producer", kgo.RecordPartitioner(kgo.ManualPartitioner()))
	if err == nil {
		for _, r := range records {
			r.Topic = "parcels"
		}
		err = fill.ProduceSync(ctx, records...).FirstErr()
	}
	if err != nil {
		done()
		running.Wait()
		return fmt.Errorf("write the parcels: %w", err)
	}
	b.step("%d parcels come into the one partition", parcels)
	<-ctx.Done()
	took := time.Since(began)
	running.Wait()
	mu.Lock()
	defer mu.Unlock()
	if failed != nil || len(ended) < parcels {
		return fmt.Errorf("%d of %d parcels were handled: %w", len(ended), parcels, errors.Join(failed, context.Cause(ctx)))
	}
	b.step("all parcels are handled")
	busy := len(byWhom)
	inOrder := 0
	if slices.IsSorted(ended) {
		inOrder = 1
	}
	b.fact("workers", workers, false)
	b.fact("workers that had something to do", busy, busy < workers)
	b.fact("most parcels for one worker", slices.Max(values(byWhom)), false)
	b.result.Facts = append(b.result.Facts, Fact{Name: "time for all", Value: took.Milliseconds(), Unit: "ms"})
	b.fact("handled in the order in which they came (1: yes)", inOrder, inOrder == 0)
	if on {
		b.result.Because = fmt.Sprintf("%d workers took part, because a share group gives out records one by one and not partitions", busy)
	} else {
		b.result.Because = fmt.Sprintf("%d worker did everything, because a partition belongs to one member of a consumer group; the others are idle", busy)
	}
	return nil
}

func values(m map[int]int) (all []int) {
	for _, n := range m {
		all = append(all, n)
	}
	return all
}

// sharer makes a worker of a share group, or of a consumer group.
func (b *bench) sharer(name string, share bool, handle func(context.Context, *kgo.Record) error) (next func(context.Context) error, err error) {
	options := []kgo.Opt{kgo.ConsumeTopics("parcels"), kgo.ConsumeResetOffset(kgo.NewOffset().AtStart())}
	if share {
		c, _, err := b.client(name, append(options, kgo.ShareGroup("couriers"), kgo.ShareMaxRecords(1), kgo.ShareMaxRecordsStrict())...)
		if err != nil {
			return nil, err
		}
		s := pattern.Sharer{Client: c, Handle: handle}
		return s.Next, nil
	}
	c, _, err := b.client(name, append(options, kgo.ConsumerGroup("couriers"), kgo.DisableAutoCommit(),
		kgo.SessionTimeout(session), kgo.HeartbeatInterval(session/4), kgo.RebalanceTimeout(session), kgo.Balancers(kgo.RangeBalancer()))...)
	if err != nil {
		return nil, err
	}
	return func(ctx context.Context) error {
		fetches := c.PollFetches(ctx)
		if err := fetches.Err(); err != nil {
			return fmt.Errorf("poll: %w", err)
		}
		for _, rec := range fetches.Records() {
			if err := handle(ctx, rec); err != nil {
				return err
			}
		}
		return c.CommitRecords(ctx, fetches.Records()...)
	}, nil
}

// joined waits until the group has all its workers.
func (b *bench) joined(ctx context.Context, share bool) error {
	c, _, err := b.client("admin")
	if err != nil {
		return err
	}
	admin := kadm.NewClient(c)
	for {
		n := 0
		if share {
			groups, err := admin.DescribeShareGroups(ctx, "couriers")
			if err == nil {
				n = len(groups["couriers"].Members)
			}
		} else if groups, err := admin.DescribeGroups(ctx, "couriers"); err == nil && groups["couriers"].State == "Stable" {
			n = len(groups["couriers"].Members)
		}
		if n == workers {
			return nil
		}
		select {
		case <-time.After(20 * time.Millisecond):
		case <-ctx.Done():
			return fmt.Errorf("wait for the workers to join: %d of %d are there: %w", n, workers, context.Cause(ctx))
		}
	}
}
