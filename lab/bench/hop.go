package bench

import (
	"context"
	"fmt"
	"time"

	"eddy/lab"
	"eddy/lab/shop"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"
)

// hopFigures is what the child of the hop tells, in milliseconds.
type hopFigures struct {
	Sagas, Floors []float64
	Orchestrated  []float64 // sagas
	Bare          []float64 // whole orders through bare parts
	CPU, BareCPU  float64   // of one order
	Hops          int
}

func runHop(ctx context.Context, o Options, r *Report) error {
	f, err := ask[hopFigures](ctx, o, "hop")
	if err != nil {
		return err
	}
	var hops []float64
	for _, saga := range f.Sagas {
		hops = append(hops, saga/float64(f.Hops))
	}
	r.HopMS, r.HopFloorMS, r.Hops, r.SagaMS.Choreography = spread(hops), spread(f.Floors), f.Hops, spread(f.Sagas)
	r.SagaMS.Orchestration, r.SagaFloorMS = spread(f.Orchestrated), spread(f.Bare)
	r.SagaCPUMS, r.SagaCPUFloorMS = &f.CPU, &f.BareCPU
	return nil
}

// pace is the pause before each saga and before each bare record. What the
// last one left behind is over by then, and the processor is as cold for both.
const pace = 5 * time.Millisecond

// measureHop sends, in turns, an order through the saga, a bare record through
// the same cluster, an order through the orchestrated saga of another lab, and
// one through bare parts.
func measureHop(ctx context.Context, quick bool, _ time.Time) (any, error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	l, err := open(ctx, lab.Options{})
	if err != nil {
		return nil, err
	}
	defer l.Close()
	b, err := bareOn(ctx, l)
	if err != nil {
		return nil, err
	}
	defer b.close()
	led, err := openStyle(ctx, shop.Orchestration, lab.Options{})
	if err != nil {
		return nil, err
	}
	defer led.Close()

	shop, err := openBareShop(ctx)
	if err != nil {
		return nil, err
	}
	defer shop.close()

	rounds, warm := 1000, 200
	if quick {
		rounds, warm = 20, 5
	}
	w, wLed := watch(ctx, l, isCompleted), watch(ctx, led, isCompleted)
	var f hopFigures
	for i := range warm + rounds {
		time.Sleep(pace)
		began := time.Now()
		id, err := place(ctx, l, i)
		if err != nil {
			return nil, err
		}
		end, err := w.await(ctx, id)
		if err != nil {
			return nil, err
		}
		saga := time.Since(began)
		f.Hops = records(l, end)

		time.Sleep(pace)
		began = time.Now()
		if err := b.hop(ctx); err != nil {
			return nil, err
		}
		floor := time.Since(began)

		time.Sleep(pace)
		began = time.Now()
		if id, err = place(ctx, led, i); err != nil {
			return nil, err
		}
		if _, err := wLed.await(ctx, id); err != nil {
			return nil, err
		}
		orchestrated := time.Since(began)

		time.Sleep(pace)
		began = time.Now()
		if err := shop.order(ctx); err != nil {
			return nil, err
		}
		if i >= warm {
			f.Bare = append(f.Bare, ms(time.Since(began)))
			f.Sagas, f.Floors = append(f.Sagas, ms(saga)), append(f.Floors, ms(floor))
			f.Orchestrated = append(f.Orchestrated, ms(orchestrated))
		}
	}
	if f.CPU, err = costOf(rounds, func(i int) error {
		id, err := place(ctx, l, i)
		if err == nil {
			_, err = w.await(ctx, id)
		}
		return err
	}); err != nil {
		return nil, err
	}
	if f.BareCPU, err = costOf(rounds, func(int) error { return shop.order(ctx) }); err != nil {
		return nil, err
	}
	if f.Hops == 0 {
		return nil, fmt.Errorf("no record led to the end of an order")
	}
	return f, nil
}

// costOf is the processor time of one call, in milliseconds, of n in a row.
func costOf(n int, call func(i int) error) (float64, error) {
	before, err := cpuTime()
	if err != nil {
		return 0, err
	}
	for i := range n {
		if err := call(i); err != nil {
			return 0, err
		}
	}
	after, err := cpuTime()
	return round(ms(after-before) / float64(n)), err
}

// bareOn makes bare clients on the lab's own cluster.
func bareOn(ctx context.Context, l *lab.Lab) (bare, error) {
	options := l.ClientOptions("eddy-bench")
	client, err := kgo.NewClient(options...)
	if err != nil {
		return bare{}, fmt.Errorf("make a client: %w", err)
	}
	defer client.Close()
	if _, err := kadm.NewClient(client).CreateTopic(ctx, 3, 1, nil, topic); err != nil {
		return bare{}, fmt.Errorf("create the topic of the bare clients: %w", err)
	}
	return newBare(options)
}

// records counts the records that led to an entry, along its causes.
func records(l *lab.Lab, e lab.Entry) (n int) {
	for e.Cause != 0 {
		causes, _ := l.Entries(e.Cause, e.Cause, 1)
		if len(causes) == 0 {
			return 0
		}
		if e = causes[0]; e.Kind == lab.KindProduced {
			n++
		}
	}
	return n
}
