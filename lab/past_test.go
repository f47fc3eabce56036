package lab_test

import (
	"context"
	"testing"
	"time"

	"eddy/lab"

	"github.com/stretchr/testify/require"
)

// What looking back costs: the board in the middle of a journal of 100,000
// entries, in boards of now.
func BenchmarkBoardAt(b *testing.B) {
	const entries = 100_000
	s, err := lab.ParseSettings([]byte(`{"work":"0s"}`))
	require.NoError(b, err)
	l, err := lab.Open(b.Context(), s, lab.Options{})
	require.NoError(b, err)
	defer l.Close()
	do := func(action string) {
		a, err := lab.DecodeAction([]byte(action))
		require.NoError(b, err)
		_, err = l.Do(context.Background(), a)
		require.NoError(b, err)
	}
	for l.Head() < entries {
		do(`{"burst":{"orders":300,"rate":2000}}`)
		do(`{"wait_until":{"expr":"settled","within":"60s"}}`)
	}
	_, first := l.Entries(0, 0, 0)
	middle := (first + l.Head()) / 2
	var then, now time.Duration
	for b.Loop() {
		began := time.Now()
		_, err := l.BoardAt(middle)
		then += time.Since(began)
		require.NoError(b, err)
		began = time.Now()
		l.Snapshot()
		now += time.Since(began)
	}
	b.ReportMetric(float64(then)/float64(now), "boards")
	b.ReportMetric(0, "ns/op")
	b.ReportMetric(float64(then.Milliseconds())/float64(b.N), "ms/then")
	b.ReportMetric(float64(now.Milliseconds())/float64(b.N), "ms/now")
}
