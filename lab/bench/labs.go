package bench

import (
	"context"
	"fmt"
	"math"
	"runtime"
	"sync"
	"sync/atomic"
	"time"

	"eddy/lab"
)

func runLabs(ctx context.Context, o Options, r *Report) error {
	counts := []int{1, 50, 200}
	if o.Quick {
		counts = counts[:1]
	}
	for _, n := range counts {
		figures, err := ask[Labs](ctx, o, fmt.Sprintf("labs-%d", n))
		if err != nil {
			return err
		}
		r.Labs = append(r.Labs, figures)
	}
	return nil
}

const (
	idleFor  = 15 * time.Second       // how long CPU is measured
	settleIn = 2 * time.Second        // before that
	orderGap = 500 * time.Millisecond // between two orders of a lab under load
)

// measureLabs opens a number of labs, has one order in each, and measures what
// they cost when nothing happens, and then with two orders a second each.
func measureLabs(ctx context.Context, quick bool, count int) (any, error) {
	long, settle := idleFor, settleIn
	if quick {
		long, settle = time.Second, 100*time.Millisecond
	}
	before, err := resident()
	if err != nil {
		return nil, err
	}
	goroutines := runtime.NumGoroutine()
	var labs []*lab.Lab
	defer func() {
		var closing sync.WaitGroup
		for _, l := range labs {
			closing.Go(l.Close)
		}
		closing.Wait()
	}()
	for range count {
		l, err := open(ctx, lab.Options{})
		if err != nil {
			return nil, err
		}
		labs = append(labs, l)
		if _, err := place(ctx, l, 0); err != nil {
			return nil, err
		}
	}
	for _, l := range labs {
		if err := settled(ctx, l); err != nil {
			return nil, err
		}
	}
	time.Sleep(settle)
	after, err := resident()
	if err != nil {
		return nil, err
	}
	f := Labs{
		Count: count, RSSPerLab: round((after - before) / float64(count)), Descriptors: descriptors(),
		GoroutinesPerLab: math.Round(float64(runtime.NumGoroutine()-goroutines) / float64(count)),
	}
	if f.IdleCPU, err = cpuWhile(func() error { time.Sleep(long); return nil }); err != nil {
		return nil, err
	}
	began, orders := time.Now(), 0
	load, err := cpuWhile(func() (err error) {
		orders, err = placeEvenly(ctx, labs, long)
		return err
	})
	if err != nil {
		return nil, err
	}
	// In per cent of a core for so long: that is CPU time.
	each := round((load - f.IdleCPU) / 100 * ms(time.Since(began)) / float64(orders))
	f.LoadCPU, f.OrderCPU = &load, &each
	return f, nil
}

// placeEvenly places two orders a second in each lab, spread evenly over time,
// and returns how many it came to.
func placeEvenly(ctx context.Context, labs []*lab.Lab, long time.Duration) (int, error) {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	began := time.Now()
	var placing sync.WaitGroup
	var orders atomic.Int64
	for i, l := range labs {
		placing.Go(func() {
			time.Sleep(orderGap * time.Duration(i) / time.Duration(len(labs)))
			again := time.NewTicker(orderGap)
			defer again.Stop()
			for n := 0; time.Since(began) < long && ctx.Err() == nil; n++ {
				if _, err := place(ctx, l, n); err != nil {
					cancel(err)
				}
				orders.Add(1)
				<-again.C
			}
		})
	}
	placing.Wait()
	return int(orders.Load()), context.Cause(ctx)
}
