package bench

import (
	"context"
	"sync/atomic"
	"testing"
	"time"

	"eddy/lab"

	"github.com/stretchr/testify/require"
)

// These say what an order costs in processor time, which a busy machine
// changes less than the time on the clock.

func BenchmarkOrderAlone(b *testing.B)     { benchmarkOrders(b, 1) }
func BenchmarkOrdersOfThirty(b *testing.B) { benchmarkOrders(b, callers) }

// benchmarkOrders places orders, a number of them at a time, and waits for each
// until it is COMPLETED.
func benchmarkOrders(b *testing.B, atOnce int) {
	ctx, cancel := context.WithCancel(b.Context())
	defer cancel()
	l, err := open(ctx, lab.Options{})
	require.NoError(b, err)
	defer l.Close()
	w := watch(ctx, l, isCompleted)
	var next atomic.Int64
	before, err := cpuTime()
	require.NoError(b, err)
	b.ReportAllocs()
	b.ResetTimer()
	b.SetParallelism(max(1, atOnce/2))
	work := func(more func() bool) {
		for more() {
			id, err := place(ctx, l, int(next.Add(1)))
			if err == nil {
				_, err = w.await(ctx, id)
			}
			if err != nil {
				b.Error(err)
				return
			}
		}
	}
	if atOnce == 1 {
		work(func() bool { return next.Load() < int64(b.N) })
	} else {
		b.RunParallel(func(pb *testing.PB) { work(pb.Next) })
	}
	require.NoError(b, settled(ctx, l))
	b.StopTimer()
	after, err := cpuTime()
	require.NoError(b, err)
	b.ReportMetric(float64((after-before)/time.Microsecond)/float64(b.N), "cpu-µs/op")
}
