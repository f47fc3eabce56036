package bench

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// BenchmarkBareOrder is the floor of BenchmarkOrderAlone.
func BenchmarkBareOrder(b *testing.B) {
	s, err := openBareShop(b.Context())
	require.NoError(b, err)
	defer s.close()
	require.NoError(b, s.order(b.Context()))
	before, err := cpuTime()
	require.NoError(b, err)
	b.ResetTimer()
	for range b.N {
		require.NoError(b, s.order(b.Context()))
	}
	b.StopTimer()
	after, err := cpuTime()
	require.NoError(b, err)
	b.ReportMetric(float64((after-before)/time.Microsecond)/float64(b.N), "cpu-µs/op")
}
