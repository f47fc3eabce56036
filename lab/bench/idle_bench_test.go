package bench

import (
	"testing"
	"time"

	"eddy/lab"

	"github.com/stretchr/testify/require"
)

// BenchmarkIdleLab says what a lab costs in which nothing happens, of 50: an
// operation is a second of one.
func BenchmarkIdleLab(b *testing.B) {
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
	}
	for _, l := range labs {
		require.NoError(b, settled(b.Context(), l))
	}
	time.Sleep(settleIn + 5*time.Second)
	before, err := cpuTime()
	require.NoError(b, err)
	b.ReportAllocs()
	b.ResetTimer()
	time.Sleep(time.Duration(b.N) * time.Second / count)
	b.StopTimer()
	after, err := cpuTime()
	require.NoError(b, err)
	b.ReportMetric(float64((after-before)/time.Microsecond)/float64(b.N), "cpu-µs/op")
}
