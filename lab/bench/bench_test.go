package bench

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// TestMain is the child too: the tests measure with their own program.
func TestMain(m *testing.M) {
	if os.Getenv(EnvMeasure) == "" {
		os.Exit(m.Run())
	}
	if err := Child(context.Background(), os.Getenv, os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func quick(only ...string) Options {
	return Options{Quick: true, Only: only, Self: []string{os.Args[0]}}
}

func TestRunMeasuresEachFigureBesideItsFloor(t *testing.T) {
	r, err := Run(t.Context(), quick("startup", "hop", "journal"), io.Discard)
	require.NoError(t, err)
	for name, s := range map[string]*Spread{
		"startup_ms": r.StartupMS, "startup_floor_ms": r.StartupFloorMS, "hop_ms": r.HopMS, "hop_floor_ms": r.HopFloorMS,
		"saga_ms": r.SagaMS.Choreography, "saga_ms of orchestration": r.SagaMS.Orchestration, "board_at_ms": r.BoardAtMS, "frame_bytes": r.FrameBytes,
	} {
		require.NotNil(t, s, name)
		assert.Positive(t, s.Median, name)
		assert.GreaterOrEqual(t, s.P99, s.Median, name)
	}
	assert.Equal(t, 3, r.Hops, "OrderCreated, PaymentCompleted, StockReserved lead to a COMPLETED order")
}

func TestReplayIsMeasuredBesideABareFold(t *testing.T) {
	r, err := Run(t.Context(), quick("replay"), io.Discard)
	require.NoError(t, err)
	require.NotNil(t, r.ReplayEventsPerSecond)
	require.NotNil(t, r.FoldEventsPerSecondFloor)
	assert.Positive(t, *r.ReplayEventsPerSecond)
	assert.Positive(t, *r.FoldEventsPerSecondFloor)
	var out bytes.Buffer
	require.NoError(t, r.WriteTable(&out))
	assert.Regexp(t, `replay events/s +[\d.e+]+ +[\d.e+]+ +1/`, out.String())
}

func TestLabsUnderLoadTellWhatAnOrderCosts(t *testing.T) {
	r, err := Run(t.Context(), quick("labs"), io.Discard)
	require.NoError(t, err)
	require.Len(t, r.Labs, 1)
	require.NotNil(t, r.Labs[0].OrderCPU)
	assert.Less(t, *r.Labs[0].OrderCPU, 500.0, "milliseconds")
	var out bytes.Buffer
	require.NoError(t, r.WriteTable(&out))
	assert.Contains(t, out.String(), "CPU ms an order")
}

func TestReportHasEveryKeyOfTheContract(t *testing.T) {
	r, err := Run(t.Context(), quick("startup"), io.Discard)
	require.NoError(t, err)
	raw, err := json.Marshal(r)
	require.NoError(t, err)
	var keys map[string]any
	require.NoError(t, json.Unmarshal(raw, &keys))
	for _, key := range []string{
		"startup_ms", "hop_ms", "hop_floor_ms", "saga_ms", "orders_per_s", "records_per_s_floor", "replay_events_per_s",
		"fold_events_per_s_floor", "labs", "fanout", "frame_bytes", "board_at_ms",
	} {
		assert.Contains(t, keys, key)
	}
	for _, style := range []string{"choreography", "orchestration", "sync"} {
		assert.Contains(t, keys["saga_ms"], style)
	}
}

func TestRunRefusesAMeasureThatThereIsNot(t *testing.T) {
	_, err := Run(t.Context(), quick("tea"), io.Discard)
	require.ErrorContains(t, err, `no measure "tea"`)
}

func TestTableLeavesOutWhatWasNotMeasured(t *testing.T) {
	rate, limit := 500.0, 2000.0
	var out bytes.Buffer
	require.NoError(t, Report{OrdersPerSecond: &rate, RecordsPerSecondFloor: &limit}.WriteTable(&out))
	assert.Contains(t, out.String(), "1/4.0")
	assert.NotContains(t, out.String(), "startup")
}

func TestSpreadTakesTheMiddleAndTheWorstOfAHundred(t *testing.T) {
	var figures []float64
	for i := range 100 {
		figures = append(figures, float64(100-i))
	}
	assert.Equal(t, &Spread{Median: 51, P99: 100}, spread(figures))
	assert.Nil(t, spread(nil))
}
