package lab_test

import (
	"fmt"
	"testing"
	"time"

	"eddy/lab"
	"eddy/lab/labtest"

	"github.com/stretchr/testify/assert"
)

// Frozen: nothing starts, lab time stands, and nobody is thrown out.
func TestAFrozenLabStandsStillForAnHour(t *testing.T) {
	labtest.Bubble(t, "", func(t *testing.T, w *labtest.World) {
		w.Settled()
		w.Do(`"freeze"`)
		at := w.At("lab_time")
		r := w.Place("A")
		assert.Equal(t, "accepted", r.Answer)
		w.Later(time.Second)
		w.True(`order("A").status == "CREATED" && topic("orders").records == 1 && !settled`)
		head, generation := w.Head(), w.At("groups", "payment-service", "generation")
		w.Later(time.Hour)
		assert.Equal(t, head, w.Head(), "the journal grew")
		assert.Equal(t, at, w.At("lab_time"))
		assert.Equal(t, "frozen", w.At("state"))
		assert.Equal(t, generation, w.At("groups", "payment-service", "generation"))
		w.True(`members("payment") == 1 && service("payment").handled == 0`)
		w.Do(`"thaw"`)
		w.Settled()
		w.True(`order("A").status == "COMPLETED" && len(broken) == 0`)
		assert.Equal(t, "live", w.At("state"))
	})
}

func TestAHandlerThatRunsStandsInItsSimulatedWork(t *testing.T) {
	labtest.Bubble(t, `{"services":{"payment":{"work":"10s"}}}`, func(t *testing.T, w *labtest.World) {
		w.Place("A")
		w.Later(4 * time.Second)
		w.Do(`"freeze"`)
		w.Later(5 * time.Minute)
		w.True(`order("A").charges == 0 && members("payment") == 1`)
		w.Do(`"thaw"`)
		w.Later(5900 * time.Millisecond)
		w.True(`order("A").charges == 0`)
		w.Later(200 * time.Millisecond)
		w.True(`order("A").charges == 1`)
	})
}

// A step is one message, with its commit and what it publishes.
func TestAStepHandlesOneMessageWithItsCommitAndPublish(t *testing.T) {
	labtest.Bubble(t, "", func(t *testing.T, w *labtest.World) {
		w.Do(`{"scale":{"service":"projector","instances":0}}`)
		w.Do(`"freeze"`)
		w.Place("A")
		w.Mark()
		w.Do(`"step"`)
		w.Later(time.Millisecond)
		w.Expect("handling payment OrderCreated", "produced payment PaymentCompleted", "handled payment", "committed payment")
		assert.Equal(t, 1, w.Count("handled"))
		// The oldest message first: PaymentCompleted waits for two.
		w.Mark()
		w.Do(`{"step":{"events":2}}`)
		w.Later(time.Millisecond)
		assert.Equal(t, 2, w.Count("handled"))
		w.True(`order("A").status == "PAID" && events("StockReserved") == 1 && lag("inventory") == 0 && lag("order","payments") == 0`)
		w.Do(`{"step":2}`)
		w.Later(time.Millisecond)
		w.True(`order("A").status == "COMPLETED" && order("A").notifications == 1`)
		began := time.Now()
		code, why := w.Refused(`"step"`)
		assert.Equal(t, lab.Conflict, code)
		assert.Contains(t, why, "nothing waits")
		assert.Equal(t, time.Second, time.Since(began))
	})
}

func TestAStepFinishesTheHandlerThatRuns(t *testing.T) {
	for _, commit := range []string{"after", "before", "auto"} {
		t.Run(commit, func(t *testing.T) {
			labtest.Bubble(t, `{"services":{"payment":{"work":"10s","commit":"`+commit+`"}}}`, func(t *testing.T, w *labtest.World) {
				w.Place("A")
				w.Place("B")
				w.Later(2 * time.Second)
				w.Do(`"freeze"`)
				w.Later(time.Second)
				w.Do(`"step"`)
				w.True(`order("A").charges == 1 && order("B").charges == 0 && service("payment").handled == 1`)
				w.Do(`"thaw"`)
				w.Settled()
				w.True(`order("B").status == "COMPLETED" && len(broken) == 0`)
			})
		})
	}
}

func TestAStepOfAFailingMessageIsOneTry(t *testing.T) {
	labtest.Bubble(t, "", func(t *testing.T, w *labtest.World) {
		w.Do(`{"scale":{"service":"projector","instances":0}}`)
		w.Do(`{"fail":{"service":"payment"}}`)
		w.Do(`"freeze"`)
		w.Place("A")
		w.Do(`"step"`)
		w.Later(time.Minute)
		w.True(`service("payment").failed == 1 && service("payment").handled == 0`)
		w.Do(`"thaw"`)
		w.Until(`service("payment").handled == 1`, time.Second)
	})
}

func TestAStepNeedsAFrozenLab(t *testing.T) {
	labtest.Bubble(t, "", func(t *testing.T, w *labtest.World) {
		code, _ := w.Refused(`"step"`)
		assert.Equal(t, lab.Conflict, code)
		w.Do(`"freeze"`)
		w.Refused(`{"step":101}`)
		w.Refused(`{"step":-1}`)
	})
}

func TestServicesCanBeRestartedWhileFrozen(t *testing.T) {
	labtest.Bubble(t, "", func(t *testing.T, w *labtest.World) {
		w.Place("A")
		w.Later(30 * time.Millisecond) // payment is in its simulated work
		w.Do(`"freeze"`)
		w.Do(`{"restart":"payment"}`)
		w.Until(`service("payment").state == "running" && members("payment") == 1`, 10*time.Second)
		w.True(`service("payment").handled == 0`)
		w.Do(`"thaw"`)
		w.Settled()
		w.True(`order("A").status == "COMPLETED" && order("A").charges == 1 && len(broken) == 0`)
	})
}

// A command is answered, whatever stands still.
func TestOrdersAreTakenWhileFrozenEvenBySlowService(t *testing.T) {
	labtest.Bubble(t, "", func(t *testing.T, w *labtest.World) {
		w.Do(`{"slow":{"service":"order","by":"1m"}}`)
		w.Do(`"freeze"`)
		began := time.Now()
		assert.Equal(t, "accepted", w.Place("A").Answer)
		assert.Less(t, time.Since(began), time.Second)
	})
}

func TestSpeedScalesWorkAndBackoff(t *testing.T) {
	for _, factor := range []float64{0.1, 0.5, 1, 4} {
		t.Run(fmt.Sprint(factor), func(t *testing.T) {
			labtest.Bubble(t, `{"services":{"payment":{"work":"2s","backoff":"10s"}}}`, func(t *testing.T, w *labtest.World) {
				w.Do(fmt.Sprintf(`{"speed":%g}`, factor))
				w.Do(`{"fail":{"service":"payment"}}`)
				began := time.Now()
				w.Place("A")
				w.Until(`service("payment").handled == 1`, 10*time.Minute)
				wall := time.Since(began).Seconds() * factor
				assert.InDelta(t, 11, wall, 1.1, "8 to 10 s of back-off and 2 s of work, on lab time")
				assert.Equal(t, factor, w.At("speed"))
			})
		})
	}
}

func TestSpeedIsBounded(t *testing.T) {
	labtest.Bubble(t, "", func(t *testing.T, w *labtest.World) {
		for _, f := range []string{"0", "0.05", "4.1", "-1"} {
			code, why := w.Refused(`{"speed":` + f + `}`)
			assert.Equal(t, lab.Invalid, code)
			assert.Contains(t, why, "0.1 to 4")
		}
	})
}

func TestWaitsRunOnLabTimeAndOnWallTimeWhileFrozen(t *testing.T) {
	labtest.Bubble(t, "", func(t *testing.T, w *labtest.World) {
		took := func(action string, refused bool) time.Duration {
			began := time.Now()
			if refused {
				w.Refused(action)
			} else {
				w.Do(action)
			}
			return time.Since(began).Round(10 * time.Millisecond)
		}
		assert.Equal(t, 500*time.Millisecond, took(`{"wait":"500ms"}`, false))
		assert.Equal(t, 2*time.Second, took(`{"wait_until":{"expr":"len(orders) == 1","within":"2s"}}`, true))
		w.Do(`{"speed":2}`)
		assert.Equal(t, 250*time.Millisecond, took(`{"wait":"500ms"}`, false))
		assert.Equal(t, time.Second, took(`{"wait_until":{"expr":"len(orders) == 1","within":"2s"}}`, true))
		w.Do(`"freeze"`)
		assert.Equal(t, 500*time.Millisecond, took(`{"wait":"500ms"}`, false))
		assert.Equal(t, 10*time.Second, took(`{"wait_until":"len(orders) == 1"}`, true))
	})
}

func TestExpectSaysWhatItExpected(t *testing.T) {
	labtest.Bubble(t, "", func(t *testing.T, w *labtest.World) {
		w.Settled()
		w.Do(`{"expect":"len(orders) == 0"}`)
		w.Do(`{"expect":"settled"}`)
		code, why := w.Refused(`{"expect":{"expr":"len(orders) == 1","because":"one was placed"}}`)
		assert.Equal(t, lab.Conflict, code)
		assert.Contains(t, why, "one was placed")
		code, _ = w.Refused(`{"expect":"len(orders)"}`)
		assert.Equal(t, lab.Invalid, code)
		w.Mark()
		w.Do(`{"note":"here we are"}`)
		w.Expect("note - here we are")
		w.Refused(`{"note":""}`)
	})
}
