package lab_test

import (
	"testing"
	"time"

	"eddy/lab"
	"eddy/lab/labtest"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// doing starts an action and hands over how it ended.
func doing(t *testing.T, w *labtest.World, action string) <-chan error {
	a, err := lab.DecodeAction([]byte(action))
	require.NoError(t, err)
	ended := make(chan error, 1)
	go func() {
		_, err := w.Lab.Do(t.Context(), a)
		ended <- err
	}()
	return ended
}

// A step that waits holds nobody up: what it waits for may be brought about by
// another action.
func TestOtherActionsGoOnWhileAStepWaits(t *testing.T) {
	labtest.Bubble(t, "", func(t *testing.T, w *labtest.World) {
		w.Settled()
		w.Do(`"freeze"`)
		began := time.Now()
		ended := doing(t, w, `"step"`)
		w.Later(100 * time.Millisecond)
		w.Do(`{"slow":{"service":"payment","by":"1s"}}`)
		assert.Less(t, time.Since(began), 200*time.Millisecond, "slow did not wait for the step")
		w.Place("A")
		require.NoError(t, <-ended)
		assert.Less(t, time.Since(began), time.Second)
	})
}

func TestAStepEndsWhenTheLabIsLetGoOn(t *testing.T) {
	labtest.Bubble(t, "", func(t *testing.T, w *labtest.World) {
		w.Settled()
		w.Do(`"freeze"`)
		ended := doing(t, w, `{"step":{"events":5}}`)
		w.Later(100 * time.Millisecond)
		w.Do(`"thaw"`)
		assert.ErrorContains(t, <-ended, "nothing waits")
		w.Place("A")
		w.Settled()
		w.True(`order("A").status == "COMPLETED"`)
	})
}

// A call that the order service has in hand is answered before it restarts; one
// that takes too long is cut off, in words.
func TestARestartFinishesTheCallInHand(t *testing.T) {
	for by, says := range map[string]string{"500ms": "", "30s": "the order service stopped while it had the call"} {
		t.Run(by, func(t *testing.T) {
			labtest.Bubble(t, `{"work":"0s"}`, func(t *testing.T, w *labtest.World) {
				w.Do(`{"slow":{"service":"order","by":"` + by + `"}}`)
				a, err := lab.DecodeAction([]byte(`{"place_order":{"as":"A","items":[{"sku":"mouse","qty":1}]}}`))
				require.NoError(t, err)
				answers := make(chan lab.Result, 1)
				go func() {
					r, err := w.Lab.Do(t.Context(), a)
					assert.NoError(t, err)
					answers <- r
				}()
				w.Later(100 * time.Millisecond)
				w.Do(`{"restart":"order"}`)
				r := <-answers
				assert.Equal(t, says, r.Text)
				assert.Equal(t, says == "", r.Answer == "accepted", r.Answer)
			})
		})
	}
}

func TestACrashAnswersInPlainWords(t *testing.T) {
	labtest.Bubble(t, "", func(t *testing.T, w *labtest.World) {
		w.Do(`{"crash":{"service":"order","at":"before_handle","on":"PlaceOrder"}}`)
		r := w.Place("A")
		assert.Equal(t, "unavailable", r.Answer)
		assert.Equal(t, "order-1 crashed before it handled PlaceOrder of o-1", r.Text)
	})
}
