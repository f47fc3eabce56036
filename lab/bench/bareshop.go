package bench

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"sync"
	"sync/atomic"

	"eddy/lab/kafka"
	"eddy/lab/store"

	"github.com/twmb/franz-go/pkg/kgo"
)

// bareShop is the floor of a whole order: as many records, groups, transactions
// and offset commits as the choreographed saga has, and nothing that a lab adds
// to them, such as outbox, inbox, journal, board and probes.
type bareShop struct {
	cluster *kafka.Cluster
	from    *kgo.Client
	next    atomic.Int64
	done    chan string // the order whose last record has come to the projector
	failed  chan error
	stop    context.CancelFunc
	running sync.WaitGroup
}

// barePart is a group that writes each record down and answers with the next.
type barePart struct {
	group  string
	reads  []string
	writes map[string]string // the topic that it answers on, by the topic that it reads
}

var bareParts = []barePart{
	{"order", []string{"payments", "inventory"}, map[string]string{"inventory": "orders"}},
	{"payment", []string{"orders"}, map[string]string{"orders": "payments"}},
	{"inventory", []string{"payments"}, map[string]string{"payments": "inventory"}},
	{"notification", []string{"inventory"}, map[string]string{"inventory": "notifications"}},
	{"projector", []string{"orders", "payments", "inventory", "notifications"}, nil},
}

// over marks the record that ends an order.
var over = []kgo.RecordHeader{{Key: "over"}}

func openBareShop(ctx context.Context) (s *bareShop, err error) {
	s = &bareShop{done: make(chan string, 1), failed: make(chan error, len(bareParts))}
	if s.cluster, err = kafka.Start(kafka.Config{Topics: map[string]int{"orders": 3, "payments": 3, "inventory": 3, "notifications": 3}}); err != nil {
		return nil, err
	}
	if s.from, err = kgo.NewClient(s.cluster.Options(nil, "eddy-bench")...); err != nil {
		s.cluster.Close()
		return nil, fmt.Errorf("make a bare producer: %w", err)
	}
	ctx, s.stop = context.WithCancel(ctx)
	for _, part := range bareParts {
		s.running.Go(func() {
			if err := s.run(ctx, part); err != nil && ctx.Err() == nil {
				s.failed <- fmt.Errorf("%s: %w", part.group, err)
			}
		})
	}
	return s, nil
}

func (s *bareShop) close() {
	s.stop()
	s.running.Wait()
	s.from.Close()
	s.cluster.Close()
}

// order sends one order through, and waits for its end.
func (s *bareShop) order(ctx context.Context) error {
	id := "user-" + strconv.FormatInt(s.next.Add(1), 10)
	if err := s.from.ProduceSync(ctx, &kgo.Record{Topic: "orders", Key: []byte(id), Value: value}).FirstErr(); err != nil {
		return fmt.Errorf("produce a bare order: %w", err)
	}
	select {
	case <-s.done:
		return nil
	case err := <-s.failed:
		return err
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

func (s *bareShop) run(ctx context.Context, p barePart) (err error) {
	db, err := store.OpenWrite(ctx)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	client, err := kgo.NewClient(append(s.cluster.Options(nil, p.group), kgo.ConsumerGroup(p.group), kgo.ConsumeTopics(p.reads...), kgo.DisableAutoCommit(),
		kgo.ConsumeResetOffset(kgo.NewOffset().AtStart()))...)
	if err != nil {
		return fmt.Errorf("make a bare member: %w", err)
	}
	defer client.Close()
	for n := 0; ; {
		fetches := client.PollFetches(ctx)
		if ctx.Err() != nil {
			return nil
		}
		for _, rec := range fetches.Records() {
			n++
			if err := insertBare(ctx, db, p.group+strconv.Itoa(n)); err != nil {
				return err
			}
			ended := len(rec.Headers) > 0
			if to := p.writes[rec.Topic]; to != "" && !ended {
				answer := &kgo.Record{Topic: to, Key: rec.Key, Value: value}
				if to == "orders" {
					answer.Headers = over
				}
				if err := client.ProduceSync(ctx, answer).FirstErr(); err != nil {
					return fmt.Errorf("answer: %w", err)
				}
			}
			if err := client.CommitRecords(ctx, rec); err != nil {
				return fmt.Errorf("commit: %w", err)
			}
			if p.group == "projector" && ended {
				s.done <- string(rec.Key)
			}
		}
	}
}
