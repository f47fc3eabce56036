package pattern

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kgo"
)

func TestBackoffGrowsToItsLimit(t *testing.T) {
	b := Backoff{Base: 100 * time.Millisecond, Max: time.Second}
	var waits []time.Duration
	for attempt := 1; attempt <= 6; attempt++ {
		waits = append(waits, b.Delay(attempt)/time.Millisecond)
	}
	assert.Equal(t, []time.Duration{100, 200, 400, 800, 1000, 1000}, waits)
	assert.Equal(t, time.Second, b.Delay(100000), "no overflow")
	assert.Positive(t, Backoff{Base: time.Second}.Delay(100000), "no overflow without a limit")
	assert.Zero(t, Backoff{}.Delay(100000))
	assert.Equal(t, 900*time.Millisecond, Backoff{Base: 100 * time.Millisecond, Factor: 3}.Delay(3))
}

func TestJitterShortensAWaitByItsShareAtMost(t *testing.T) {
	for _, r := range []float64{0, 0.5, 1} {
		b := Backoff{Base: time.Second, Jitter: 0.4, Rand: func() float64 { return r }}
		assert.InDelta(t, 1-0.4*r, b.Delay(1).Seconds(), 1e-6)
	}
}

func TestPermanentIsFoundThroughWrapping(t *testing.T) {
	cause := errors.New("broken")
	err := fmt.Errorf("read: %w", Permanent(cause))
	assert.True(t, IsPermanent(err))
	assert.ErrorIs(t, err, cause)
	assert.False(t, IsPermanent(cause))
	assert.NoError(t, Permanent(nil))
}

func headers(rec *kgo.Record) map[string]string {
	all := map[string]string{}
	for _, h := range rec.Headers {
		if _, twice := all[h.Key]; twice {
			all[h.Key] = "twice"
			continue
		}
		all[h.Key] = string(h.Value)
	}
	return all
}

var original = &kgo.Record{Topic: "orders", Partition: 2, Offset: 41, Key: []byte("user-1"), Value: []byte("{oops"),
	Headers: []kgo.RecordHeader{{Key: "correlation-id", Value: []byte("o1")}}}

func TestALetterKeepsTheRecordAndSaysWhy(t *testing.T) {
	at := time.Date(2026, 5, 1, 12, 0, 0, 0, time.UTC)
	letter := Letter(original, "payment-service", 4, errors.New("not JSON"), at)
	assert.Equal(t, "orders.dlq", letter.Topic)
	assert.Equal(t, original.Key, letter.Key)
	assert.Equal(t, original.Value, letter.Value)
	assert.Equal(t, map[string]string{
		"correlation-id": "o1", "error": "not JSON", "attempts": "4", "group": "payment-service",
		"original-topic": "orders", "original-partition": "2", "original-offset": "41", "failed-at": "2026-05-01T12:00:00Z",
	}, headers(letter))
	d, ok := ReadLetter(letter)
	require.True(t, ok)
	assert.Equal(t, Dead{Error: "not JSON", Attempts: 4, Topic: "orders", Partition: 2, Offset: 41, At: at,
		Group: "payment-service", Value: original.Value}, d)
	assert.Len(t, original.Headers, 1, "the record is left as it was")
}

func TestARedrivenLetterGoesBackAsItWas(t *testing.T) {
	letter := Letter(original, "payment-service", 4, errors.New("not JSON"), time.Time{})
	back := Redriven(letter, nil)
	assert.Equal(t, map[string]string{"correlation-id": "o1", "attempts": "4", "original-topic": "orders", "original-partition": "2", "original-offset": "41"}, headers(back))
	back.Headers = nil
	assert.Equal(t, &kgo.Record{Topic: "orders", Key: original.Key, Value: original.Value}, back)
	assert.Equal(t, `{"mended":1}`, string(Redriven(letter, []byte(`{"mended":1}`)).Value))

	again := *back
	again.Offset = 99
	assert.Equal(t, "99", headers(Letter(&again, "payment-service", 1, errors.New("still broken"), time.Time{}))["original-offset"])
}

// Somebody copied the letter with its headers instead of redriving it.
func TestANewLetterReplacesTheHeadersOfAnOldOne(t *testing.T) {
	letter := Letter(original, "payment-service", 4, errors.New("one"), time.Time{})
	copied := &kgo.Record{Topic: "orders", Offset: 50, Headers: letter.Headers}
	got := headers(Letter(copied, "payment-service", 1, errors.New("two"), time.Time{}))
	assert.Equal(t, "two", got["error"])
	assert.Equal(t, "50", got["original-offset"])
	assert.Equal(t, "o1", got["correlation-id"])
}

func TestALetterThatSaysEverythingInItsBodyIsUnderstood(t *testing.T) {
	rec := &kgo.Record{Topic: "orders.dlq", Value: []byte(`{"original_event":{"event_id":7},"error":"boom","attempts":3}`)}
	d, ok := ReadLetter(rec)
	require.True(t, ok)
	assert.Equal(t, Dead{Error: "boom", Attempts: 3, Topic: "orders", Partition: -1, Offset: -1, Value: []byte(`{"event_id":7}`)}, d)
	back := Redriven(rec, nil)
	assert.Equal(t, "orders", back.Topic)
	assert.Equal(t, `{"event_id":7}`, string(back.Value))

	d, ok = ReadLetter(&kgo.Record{Topic: "orders.dlq", Value: []byte(`{"original_event":"{oops"}`)})
	require.True(t, ok)
	assert.Equal(t, "{oops", string(d.Value), "a quoted original")

	_, ok = ReadLetter(&kgo.Record{Topic: "orders.dlq", Value: []byte(`{"event_id":7}`)})
	assert.False(t, ok)
}

func TestUpcastTakesEveryStepToTheNewestVersion(t *testing.T) {
	version, data := Upcasts.Upcast("OrderCreated", 1, map[string]any{"order_id": "o1"})
	assert.Equal(t, 2, version)
	assert.Equal(t, map[string]any{"order_id": "o1", "currency": "USD"}, data)

	version, data = Upcasts.Upcast("OrderCreated", 2, map[string]any{"currency": "EUR"})
	assert.Equal(t, 2, version)
	assert.Equal(t, "EUR", data["currency"])

	version, _ = Upcasts.Upcast("OrderPaid", 1, nil)
	assert.Equal(t, 1, version, "no step, no change")

	chain := Upcaster{
		{"T", 1}: func(d map[string]any) map[string]any { d["trail"] = "1>2"; return d },
		{"T", 2}: func(d map[string]any) map[string]any { d["trail"] = d["trail"].(string) + ">3"; return d },
	}
	version, data = chain.Upcast("T", 1, map[string]any{})
	assert.Equal(t, 3, version)
	assert.Equal(t, "1>2>3", data["trail"])
}
