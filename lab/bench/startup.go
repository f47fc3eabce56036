package bench

import (
	"context"
	"fmt"
	"time"

	"eddy/lab"
	"eddy/lab/kafka"

	"github.com/twmb/franz-go/pkg/kgo"
)

// started is what a child tells about its start, in milliseconds.
type started struct {
	Total  float64
	Stages map[string]float64
}

// runStartup starts a process with a lab and one with a bare cluster in turns.
func runStartup(ctx context.Context, o Options, r *Report) error {
	rounds := 20
	if o.Quick {
		rounds = 2
	}
	var labs, floors []float64
	stages := map[string][]float64{}
	for range rounds {
		s, err := ask[started](ctx, o, "startup")
		if err != nil {
			return err
		}
		labs = append(labs, s.Total)
		for name, took := range s.Stages {
			stages[name] = append(stages[name], took)
		}
		if s, err = ask[started](ctx, o, "startup-floor"); err != nil {
			return err
		}
		floors = append(floors, s.Total)
	}
	r.StartupMS, r.StartupFloorMS, r.StartupStages = spread(labs), spread(floors), map[string]float64{}
	for name, took := range stages {
		r.StartupStages[name] = median(took)
	}
	return nil
}

// measureStartup is a lab from the start of the process until its first order
// is COMPLETED.
func measureStartup(ctx context.Context, _ bool, began time.Time) (any, error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	s := started{Stages: map[string]float64{"process": ms(time.Since(began))}}
	l, err := open(ctx, lab.Options{})
	if err != nil {
		return nil, err
	}
	defer l.Close()
	for _, stage := range l.Startup() {
		s.Stages[stage.Name] = ms(stage.Took)
	}
	opened := time.Now()
	w := watch(ctx, l, isCompleted)
	id, err := place(ctx, l, 0)
	if err != nil {
		return nil, err
	}
	if _, err := w.await(ctx, id); err != nil {
		return nil, err
	}
	s.Stages["saga"], s.Total = ms(time.Since(opened)), ms(time.Since(began))
	return s, nil
}

// measureStartupFloor is a bare cluster from the start of the process until a
// group member has its first record.
func measureStartupFloor(ctx context.Context, _ bool, began time.Time) (any, error) {
	cluster, err := kafka.Start(kafka.Config{Topics: map[string]int{topic: 3}})
	if err != nil {
		return nil, err
	}
	defer cluster.Close()
	b, err := newBare(cluster.Options(nil, "eddy-bench"))
	if err != nil {
		return nil, err
	}
	defer b.close()
	if err := b.hop(ctx); err != nil {
		return nil, err
	}
	return started{Total: ms(time.Since(began))}, nil
}

// topic is where bare clients meet.
const topic = "bench"

// bare is the least that can carry a record: a producer, and a group with one
// member.
type bare struct{ from, to *kgo.Client }

func newBare(options []kgo.Opt) (bare, error) {
	from, err := kgo.NewClient(options...)
	if err != nil {
		return bare{}, fmt.Errorf("make a bare producer: %w", err)
	}
	to, err := kgo.NewClient(append(options, kgo.ConsumerGroup(topic), kgo.ConsumeTopics(topic), kgo.DisableAutoCommit(),
		kgo.ConsumeResetOffset(kgo.NewOffset().AtStart()))...)
	if err != nil {
		from.Close()
		return bare{}, fmt.Errorf("make a bare consumer: %w", err)
	}
	return bare{from, to}, nil
}

func (b bare) close() {
	b.from.Close()
	b.to.Close()
}

// value is about as long as an event of the shop.
var value = make([]byte, 300)

// hop carries one record from the producer to the member.
func (b bare) hop(ctx context.Context) error {
	if err := b.from.ProduceSync(ctx, &kgo.Record{Topic: topic, Key: []byte("user-1"), Value: value}).FirstErr(); err != nil {
		return fmt.Errorf("produce a bare record: %w", err)
	}
	fetches := b.to.PollFetches(ctx)
	for fetches.NumRecords() == 0 {
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		fetches = b.to.PollFetches(ctx)
	}
	return nil
}
