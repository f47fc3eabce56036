package lab

import (
	"math"
	"testing"

	"github.com/stretchr/testify/require"
)

// ofABurst are the entries of more orders than a board keeps.
func ofABurst(b *testing.B) (s Settings, entries []Entry) {
	s = DefaultSettings()
	for name, svc := range s.Services {
		svc.Work = 0
		s.Services[name] = svc
	}
	for sku := range s.Stock {
		s.Stock[sku] = 1_000_000
	}
	l, err := Open(b.Context(), s, Options{})
	require.NoError(b, err)
	defer l.Close()
	for _, action := range []string{`{"burst": {"orders": 1500, "rate": 5000}}`, `{"wait_until": {"expr": "settled", "within": "1m"}}`} {
		a, err := DecodeAction([]byte(action))
		require.NoError(b, err)
		_, err = l.Do(b.Context(), a)
		require.NoError(b, err)
	}
	entries, _ = l.Entries(1, math.MaxInt64, math.MaxInt32)
	return s, entries
}

// BenchmarkFold is what the entries of a burst cost the board, applied and
// judged; BenchmarkClone what a copy of that board costs.
func BenchmarkFold(b *testing.B) {
	s, entries := ofABurst(b)
	b.ReportAllocs()
	for b.Loop() {
		folded(s, entries)
	}
	b.ReportMetric(float64(b.Elapsed().Microseconds())/float64(b.N)/1500, "µs/order")
	b.ReportMetric(float64(len(entries))/1500, "entries/order")
}

func BenchmarkClone(b *testing.B) {
	board := folded(ofABurst(b))
	b.ReportAllocs()
	for b.Loop() {
		board.clone()
	}
}

func folded(s Settings, entries []Entry) *Board {
	board := newBoard(s.Clone())
	for _, e := range entries {
		board.Apply(e)
		board.judge(e)
	}
	return board
}
