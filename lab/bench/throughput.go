package bench

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"eddy/lab"
	"eddy/lab/kafka"
	"eddy/lab/store"

	"github.com/twmb/franz-go/pkg/kgo"
)

// callers is how many wait for an answer at any time.
const callers = 30

// throughputFigures is what the child tells: one figure a round, a second.
type throughputFigures struct{ Orders, Records, Sagas []float64 }

func runThroughput(ctx context.Context, o Options, r *Report) error {
	f, err := ask[throughputFigures](ctx, o, "throughput")
	if err != nil {
		return err
	}
	orders, records, sagas := median(f.Orders), median(f.Records), median(f.Sagas)
	r.OrdersPerSecond, r.RecordsPerSecondFloor, r.SagasPerSecond = &orders, &records, &sagas
	return nil
}

// measureThroughput lets the bare limit and the lab work in turns.
func measureThroughput(ctx context.Context, quick bool, _ time.Time) (any, error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	rounds, each := 5, 2*time.Second
	if quick {
		rounds, each = 1, 200*time.Millisecond
	}
	limit, err := newLimit(ctx)
	if err != nil {
		return nil, err
	}
	defer limit.close()
	half, err := openOrderSide(ctx)
	if err != nil {
		return nil, err
	}
	defer half.Close()
	whole, err := open(ctx, lab.Options{})
	if err != nil {
		return nil, err
	}
	defer whole.Close()

	visible, completed := watch(ctx, half, isVisible), watch(ctx, whole, isCompleted)
	order := func(l *lab.Lab, w *watcher) func(context.Context, int) error {
		return func(ctx context.Context, n int) error {
			id, err := place(ctx, l, n)
			if err != nil {
				return err
			}
			_, err = w.await(ctx, id)
			return err
		}
	}
	var f throughputFigures
	for range rounds {
		for _, m := range []struct {
			into *[]float64
			call func(context.Context, int) error
		}{{&f.Records, limit.call}, {&f.Orders, order(half, visible)}, {&f.Sagas, order(whole, completed)}} {
			rate, err := perSecond(ctx, each, m.call)
			if err != nil {
				return nil, err
			}
			*m.into = append(*m.into, rate)
		}
		if err := settled(ctx, whole); err != nil {
			return nil, err
		}
	}
	return f, nil
}

// openOrderSide opens a lab in which only the order service and the projector
// run.
func openOrderSide(ctx context.Context) (*lab.Lab, error) {
	l, err := open(ctx, lab.Options{})
	if err != nil {
		return nil, err
	}
	for _, name := range []string{"payment", "inventory", "notification"} {
		if _, err := do(ctx, l, fmt.Sprintf(`{"scale": {"service": %q, "instances": 0}}`, name)); err != nil {
			l.Close()
			return nil, fmt.Errorf("stop %s: %w", name, err)
		}
	}
	return l, nil
}

// perSecond lets the callers call again and again for a while, and returns how
// many calls a second were answered.
func perSecond(ctx context.Context, long time.Duration, call func(context.Context, int) error) (float64, error) {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	var calls sync.WaitGroup
	var answered atomic.Int64
	began := time.Now()
	for range callers {
		calls.Go(func() {
			for time.Since(began) < long && ctx.Err() == nil {
				if err := call(ctx, int(answered.Add(1))); err != nil {
					cancel(err)
				}
			}
		})
	}
	calls.Wait()
	return round(float64(answered.Load()) / time.Since(began).Seconds()), context.Cause(ctx)
}

// limit is the least that makes something durable and then visible: one row in
// one transaction, one record with acks=all, one group member that puts it
// into a map.
type limit struct {
	cluster *kafka.Cluster
	db      *store.Write
	clients bare
	next    atomic.Int64
	reading sync.WaitGroup

	mu      sync.Mutex
	view    map[string][]byte
	waiting map[string]chan struct{}
}

func newLimit(ctx context.Context) (l *limit, err error) {
	l = &limit{view: map[string][]byte{}, waiting: map[string]chan struct{}{}}
	if l.cluster, err = kafka.Start(kafka.Config{Topics: map[string]int{topic: 3}}); err != nil {
		return nil, err
	}
	if l.db, err = store.OpenWrite(ctx); err != nil {
		l.cluster.Close()
		return nil, fmt.Errorf("open a database: %w", err)
	}
	if l.clients, err = newBare(l.cluster.Options(nil, "eddy-bench")); err != nil {
		l.db.Close()
		l.cluster.Close()
		return nil, err
	}
	l.reading.Go(func() { l.read(ctx) })
	return l, nil
}

func (l *limit) close() {
	l.clients.close()
	l.reading.Wait()
	l.db.Close()
	l.cluster.Close()
}

func (l *limit) read(ctx context.Context) {
	for {
		fetches := l.clients.to.PollFetches(ctx)
		if fetches.IsClientClosed() || ctx.Err() != nil {
			return
		}
		l.mu.Lock()
		fetches.EachRecord(func(rec *kgo.Record) {
			id := string(rec.Key)
			l.view[id] = rec.Value
			if c := l.waiting[id]; c != nil {
				delete(l.waiting, id)
				close(c)
			}
		})
		l.mu.Unlock()
	}
}

func (l *limit) call(ctx context.Context, _ int) error {
	n := l.next.Add(1)
	id := fmt.Sprintf("order-%d", n)
	seen := make(chan struct{})
	l.mu.Lock()
	l.waiting[id] = seen
	l.mu.Unlock()
	if err := insertBare(ctx, l.db, id); err != nil {
		return err
	}
	if err := l.clients.from.ProduceSync(ctx, &kgo.Record{Topic: topic, Key: []byte(id), Value: value}).FirstErr(); err != nil {
		return fmt.Errorf("produce: %w", err)
	}
	select {
	case <-seen:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// insertBare writes one event in a transaction of its own.
func insertBare(ctx context.Context, db *store.Write, id string) error {
	tx, err := db.DB.BeginTx(ctx, nil)
	if err != nil {
		return fmt.Errorf("begin: %w", err)
	}
	defer tx.Rollback() // does nothing after a commit
	if _, err := tx.ExecContext(ctx, `INSERT INTO events (event_id, aggregate_id, type, data, timestamp, version, schema_version)
		VALUES (?, ?, 'OrderCreated', ?, 0, 1, 1)`, id, id, string(value)); err != nil {
		return fmt.Errorf("insert %s: %w", id, err)
	}
	if err := tx.Commit(); err != nil {
		return fmt.Errorf("commit %s: %w", id, err)
	}
	return nil
}
