package lab_test

import (
	"encoding/json"
	"fmt"
	"testing"
	"time"

	"eddy/lab"
	"eddy/lab/labtest"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// Where a saga stands is a row, so a crash anywhere takes nothing away: the one
// who starts next goes on.
func TestASagaGoesOnAfterACrashOfTheOrchestratorAnywhere(t *testing.T) {
	for _, on := range []string{"OrderCreated", "PaymentCompleted", "StockReserved", "NotificationSent", "OrderCompleted"} {
		for _, at := range []string{"before_handle", "after_write", "after_handle"} {
			for _, idempotent := range []bool{true, false} {
				t.Run(fmt.Sprintf("%s %s idempotent %v", at, on, idempotent), func(t *testing.T) {
					t.Parallel()
					labtest.Bubble(t, orchestrated(fmt.Sprintf(`,"services":{"orchestrator":{"idempotent":%v}}`, idempotent)), func(t *testing.T, w *labtest.World) {
						w.Do(fmt.Sprintf(`{"crash":{"service":"orchestrator","at":%q,"on":%q}}`, at, on))
						w.Place("A")
						w.Until(`service("orchestrator").state == "crashed"`, 10*time.Second)
						w.Later(5 * time.Second)
						w.True(`!settled && members("orchestrator") == 0`)
						w.Do(`{"restart":"orchestrator"}`)
						w.Settled()
						w.True(`order("A").status == "COMPLETED" && order("A").charges == 1 && order("A").charged == 2500 && order("A").notifications == 1 && stock("mouse") == 99`)
						w.True(`saga("A").state == "completed" && service("orchestrator").crashes == 1 && ` + allHold)
					})
				})
			}
		}
	}
}

// The row says that payment was asked, and nobody asked it: with an outbox the
// command follows, without one the deadline finds out.
func TestWithoutOutboxACrashOfTheOrchestratorLosesACommandAndTheDeadlineFindsOut(t *testing.T) {
	for _, outbox := range []bool{true, false} {
		t.Run(fmt.Sprintf("outbox %v", outbox), func(t *testing.T) {
			labtest.Bubble(t, orchestrated(fmt.Sprintf(`,"services":{"orchestrator":{"outbox":%v}}`, outbox)), func(t *testing.T, w *labtest.World) {
				w.Do(`{"crash":{"service":"orchestrator","at":"after_write","on":"PaymentCompleted"}}`)
				w.Place("A")
				w.Until(`service("orchestrator").state == "crashed"`, 10*time.Second)
				w.Do(`{"restart":"orchestrator"}`)
				w.Settled()
				if outbox {
					w.True(`order("A").status == "COMPLETED" && saga("A").state == "completed" && topic("inventory-commands").records == 1 && ` + allHold)
					return
				}
				w.True(`order("A").status == "CANCELLED" && order("A").net == 0 && order("A").charged == 2500 && stock("mouse") == 100 && saga("A").state == "compensated" && ` + allHold)
				w.Expect("crashed orchestrator", "saga orchestrator ReserveStock was not answered within 15s, what was done is taken back, inventory is asked for ReleaseStock")
			})
		})
	}
}

// A crash between a timeout's commit and its command is a crash like any other.
func TestACrashAtADeadlineIsMadeUpFor(t *testing.T) {
	labtest.Bubble(t, orchestrated(`,"saga_timeout":"3s"`), func(t *testing.T, w *labtest.World) {
		w.Do(`{"pause":"payment"}`)
		w.Place("A")
		w.Until(`saga("A").step == "charge"`, time.Second)
		w.Do(`{"crash":{"service":"orchestrator","at":"after_write"}}`)
		w.Until(`service("orchestrator").state == "crashed"`, 5*time.Second)
		w.True(`saga("A").state == "compensating" && topic("payment-commands").records == 1`)
		w.Expect("crashed orchestrator orchestrator-1 crashed after its database commit for the deadline of o-1")
		w.Do(`"heal"`)
		w.Settled()
		w.True(`order("A").status == "CANCELLED" && order("A").net == 0 && saga("A").state == "compensated" && ` + allHold)
	})
}

// A deadline that passed while nobody was there is no reason to take back what
// was answered meanwhile.
func TestAnAnswerThatWaitedForTheOrchestratorIsInTime(t *testing.T) {
	labtest.Bubble(t, orchestrated(""), func(t *testing.T, w *labtest.World) {
		w.Place("A")
		w.Until(`saga("A").step == "charge" && topic("payment-commands").records == 1`, time.Second)
		w.Do(`{"crash":"orchestrator"}`)
		w.Later(time.Minute)
		w.True(`events("PaymentCompleted","A") == 1 && saga("A").step == "charge"`)
		w.Do(`"heal"`)
		w.Settled()
		w.True(`order("A").status == "COMPLETED" && ` + allHold)
	})
}

// A saga that comes to its end while services crash around it.
func TestAnOrchestratedOrderSurvivesACrashOfEachService(t *testing.T) {
	for service, on := range map[string]string{"order": "CompleteOrder", "payment": "ChargePayment", "inventory": "ReserveStock", "notification": "SendNotification"} {
		for _, at := range []string{"before_handle", "after_write", "after_handle"} {
			t.Run(service+" "+at, func(t *testing.T) {
				t.Parallel()
				labtest.Bubble(t, orchestrated(""), func(t *testing.T, w *labtest.World) {
					w.Do(fmt.Sprintf(`{"crash":{"service":%q,"at":%q,"on":%q}}`, service, at, on))
					w.Place("A")
					w.Until(fmt.Sprintf(`service(%q).state == "crashed"`, service), 10*time.Second)
					w.Later(time.Second)
					w.Do(fmt.Sprintf(`{"restart":%q}`, service))
					w.Settled()
					w.True(`order("A").status == "COMPLETED" && order("A").charges == 1 && order("A").notifications == 1 && stock("mouse") == 99 && ` + allHold)
				})
			})
		}
	}
}

// A clock that runs fast rounds: a watch that waits for the rest of a deadline
// must not wait for nothing, again and again.
func TestDeadlinesOfSagasComeAtEverySpeed(t *testing.T) {
	for _, factor := range []string{"0.1", "0.3", "3", "4"} {
		t.Run(factor, func(t *testing.T) {
			labtest.Bubble(t, orchestrated(`,"saga_timeout":"3333ms"`), func(t *testing.T, w *labtest.World) {
				w.Do(`{"speed":{"factor":` + factor + `}}`)
				w.Do(`{"pause":"payment"}`)
				w.Place("A")
				w.Until(`saga("A").state == "compensating"`, 8*time.Second)
				begun, undone := w.Expect("saga orchestrator begins")[0], w.Expect("saga orchestrator was not answered")[0]
				assert.InDelta(t, 3333, undone.At-begun.At, 2, "in lab time")
				assert.Equal(t, begun.Seq, undone.Cause, "silence came of what was asked")
				w.Do(`"heal"`)
				w.Settled()
				w.True(allHold)
			})
		})
	}
}

// Two instances share the sagas, and a third one's silence is noticed by both
// and acted upon once.
func TestTwoOrchestratorsShareTheSagas(t *testing.T) {
	labtest.Bubble(t, orchestrated(`,"work":"10ms","saga_timeout":"6s","services":{"orchestrator":{"instances":2,"balancer":"range"}}`), func(t *testing.T, w *labtest.World) {
		w.Until(`members("orchestrator") == 2`, 10*time.Second)
		w.Do(`{"burst":{"orders":12,"rate":20}}`)
		w.Settled()
		w.True(`count(orders, .status == "COMPLETED" && .charges == 1 && .notifications == 1) == 12 && ` + allHold)
		for _, instance := range []int{1, 2} {
			mine := 0
			for _, e := range w.Entries() {
				if e.Kind == lab.KindSaga && e.Instance == instance {
					mine++
				}
			}
			assert.Positive(t, mine, "orchestrator-%d has its share", instance)
		}
		w.Mark()
		w.Do(`{"pause":"payment"}`)
		w.Place("A")
		w.Until(`saga("A").state == "compensating"`, 8*time.Second)
		w.Later(500 * time.Millisecond)
		require.Equal(t, 1, w.Count("saga orchestrator was not answered within"))
		w.Do(`{"crash":{"service":"orchestrator","instance":1}}`)
		w.Do(`{"resume":"payment"}`)
		w.Until(`order("A").status == "CANCELLED" && saga("A").state == "compensated"`, 30*time.Second)
		w.Do(`"heal"`)
		w.Settled()
		w.True(`order("A").net == 0 && ` + allHold)
	})
}

// The same orders, the same fault, another style: what twins are for.
func TestTwinsDifferInTheStyleOfTheSaga(t *testing.T) {
	labtest.Bubble(t, "", func(t *testing.T, w *labtest.World) {
		w.Do(`{"decline":{"stock_out":"mouse"}}`)
		w.Place("A")
		w.Do(`{"place_order":{"as":"B","items":[{"sku":"cable","qty":1}]}}`)
		w.Settled()
		other, but, err := recording(t, w, w.Head()).But(json.RawMessage(`{"saga":"orchestration"}`))
		require.NoError(t, err)
		twin := repeat(t, w, lab.Again{Recording: other, But: but})
		defer twin.Close()
		over(t, twin)
		twin.Settled()
		twin.True(`order("A").saga == "orchestration" && order("A").status == "CANCELLED" && order("A").net == 0 && saga("A").state == "compensated" && order("B").status == "COMPLETED" && ` + allHold)
	})
}

// The fault strikes at the same work in the other style, whose message has
// another name.
func TestAFaultStrikesInTheOtherStyleToo(t *testing.T) {
	labtest.Bubble(t, `{"services":{"payment":{"idempotent":false}}}`, func(t *testing.T, w *labtest.World) {
		w.Do(`{"crash":{"service":"payment-service","at":"after_handle","on":"OrderCreated"}}`)
		w.Do(`{"fail":{"service":"inventory","on":"PaymentCompleted","times":2}}`)
		w.Place("A")
		w.Until(`service("payment").state == "crashed"`, 10*time.Second)
		w.Later(2 * time.Second) // the other style takes longer to get there
		w.Do(`{"restart":"payment"}`)
		w.Settled()
		w.True(`order("A").charges == 2 && service("inventory").failed == 2`)
		other, but, err := recording(t, w, w.Head()).But(json.RawMessage(`{"saga":"orchestration"}`))
		require.NoError(t, err)
		twin := repeat(t, w, lab.Again{Recording: other, But: but})
		defer twin.Close()
		over(t, twin)
		twin.Settled()
		twin.True(`order("A").saga == "orchestration" && order("A").charges == 2 && service("payment").crashes == 1 && service("inventory").failed == 2 && saga("A").state == "completed"`)
		assert.Zero(t, twin.At("rerun", "refused"))
		back, but, err := recording(t, twin, twin.Head()).But(json.RawMessage(`{"saga":"choreography"}`))
		require.NoError(t, err)
		again := repeat(t, twin, lab.Again{Recording: back, But: but})
		defer again.Close()
		over(t, again)
		again.Settled()
		again.True(`order("A").saga == "choreography" && order("A").charges == 2 && service("inventory").failed == 2`)
	})
}

// Every entry of an orchestrated lab knows what led to it too, timeouts among
// them.
func TestEveryEntryOfAnOrchestratedLabHasACause(t *testing.T) {
	labtest.Bubble(t, orchestrated(`,"saga_timeout":"2s","services":{"payment":{"balancer":"range"}}`), func(t *testing.T, w *labtest.World) {
		for _, move := range eventful {
			a, err := lab.DecodeAction([]byte(move))
			require.NoError(t, err, move)
			if _, err := w.Lab.Do(t.Context(), a); err != nil {
				require.NotEqual(t, lab.Internal, lab.AsError(err).Code, move)
			}
		}
		w.Settled()
		w.Expect("saga - was not answered within")
		w.True(`count(orders, .saga != "orchestration") == 0`)
		assert.Empty(t, causeless(w.Entries()))
	})
}

// What the board shows of sagas is there in the past too.
func TestTheSagasOfThePastAreShown(t *testing.T) {
	labtest.Bubble(t, orchestrated(""), func(t *testing.T, w *labtest.World) {
		w.Place("A")
		w.Settled()
		reserve := w.Expect("saga orchestrator charge is done")[0]
		raw, err := w.BoardAt(reserve.Seq)
		require.NoError(t, err)
		saga := labtest.Parse(t, raw)["sagas"].(map[string]any)["o-1"].(map[string]any)
		assert.Equal(t, []any{"running", "reserve", "ReserveStock", float64(reserve.At + 15000)}, []any{saga["state"], saga["step"], saga["command"], saga["deadline"]})
	})
}
