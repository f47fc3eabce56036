package bench

import (
	"fmt"
	"testing"
	"time"

	"eddy/lab"

	"github.com/stretchr/testify/require"
)

// BenchmarkOrderOfManyLabs says what an order costs that comes alone, in 50 labs
// with two orders a second each: nothing is there to be shared with.
func BenchmarkOrderOfManyLabs(b *testing.B) {
	const count = 50
	var labs []*lab.Lab
	defer func() {
		for _, l := range labs {
			l.Close()
		}
	}()
	for range count {
		l, err := open(b.Context(), lab.Options{})
		require.NoError(b, err)
		labs = append(labs, l)
		_, err = place(b.Context(), l, 0)
		require.NoError(b, err)
	}
	for _, l := range labs {
		require.NoError(b, settled(b.Context(), l))
	}
	time.Sleep(settleIn)
	before, err := cpuTime()
	require.NoError(b, err)
	b.ReportAllocs()
	b.ResetTimer()
	orders, err := placeEvenly(b.Context(), labs, time.Duration(b.N)*orderGap/count)
	require.NoError(b, err)
	b.StopTimer()
	after, err := cpuTime()
	require.NoError(b, err)
	if orders == 0 {
		b.Fatal(fmt.Errorf("no order was placed"))
	}
	b.ReportMetric(float64((after-before)/time.Microsecond)/float64(orders), "cpu-µs/order")
}
