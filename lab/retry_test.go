package lab_test

import (
	"testing"
	"time"

	"eddy/lab/labtest"

	"github.com/stretchr/testify/assert"
)

func TestTheBoardSaysWhenTheNextTryIsDue(t *testing.T) {
	labtest.Bubble(t, `{"work":"0s","services":{"payment":{"backoff":"1s"}}}`, func(t *testing.T, w *labtest.World) {
		w.Do(`{"fail":{"service":"payment","times":2,"error":"the bank is closed"}}`)
		w.Place("A")
		retries := func() []any {
			list, _ := w.At("services", "payment", "seats", 0, "retries").([]any)
			return list
		}
		w.Until(`service("payment").failed == 1`, time.Second)
		first := retries()
		if assert.Len(t, first, 1) {
			r := first[0].(map[string]any)
			assert.EqualValues(t, 2, r["next"])
			assert.EqualValues(t, 4, r["of"])
			assert.Equal(t, "OrderCreated", r["event_type"])
			assert.Equal(t, "the bank is closed", r["error"])
			left := r["due"].(float64) - w.At("lab_time").(float64)
			assert.InDelta(t, 900, left, 200, "a second, less jitter")
		}
		w.Until(`service("payment").failed == 2`, 5*time.Second)
		if second := retries(); assert.Len(t, second, 1) {
			assert.EqualValues(t, 3, second[0].(map[string]any)["next"])
		}
		w.Settled()
		w.True(`order("A").status == "COMPLETED"`)
		assert.Empty(t, retries())
	})
}

func TestACrashForgetsWhatWaitedForAnotherTry(t *testing.T) {
	labtest.Bubble(t, `{"work":"0s","services":{"payment":{"backoff":"30s"}}}`, func(t *testing.T, w *labtest.World) {
		w.Do(`{"fail":{"service":"payment","times":1}}`)
		w.Place("A")
		w.Until(`service("payment").failed == 1`, time.Second)
		w.Do(`{"crash":"payment"}`)
		assert.Nil(t, w.At("services", "payment", "seats", 0, "retries"))
	})
}
