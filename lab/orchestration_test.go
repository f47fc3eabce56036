package lab_test

import (
	"fmt"
	"testing"
	"time"

	"eddy/lab/labtest"

	"github.com/stretchr/testify/assert"
)

// orchestrated are the settings of a lab that an orchestrator leads.
func orchestrated(more string) string { return `{"saga":"orchestration"` + more + `}` }

const allHold = `len(broken) == 0 && all(["no-double-charge","no-oversell","no-paid-cancelled","every-order-ends","nothing-lost","per-key-order","per-user-order","read-model-agrees"], invariant(#) == "holds")`

// stepsOf are the steps of a saga and what became of each.
func stepsOf(w *labtest.World, order string) (states []string) {
	for _, step := range w.At("sagas", order, "steps").([]any) {
		states = append(states, fmt.Sprint(step.(map[string]any)["name"], " ", step.(map[string]any)["state"]))
	}
	return states
}

// The good path: commands out, replies back, and nothing on the event topics but
// the beginning.
func TestTheOrchestratorLeadsAnOrderToItsEnd(t *testing.T) {
	labtest.Bubble(t, orchestrated(""), func(t *testing.T, w *labtest.World) {
		w.Do(`{"place_order":{"as":"A","user":"user-3","items":[{"sku":"mouse","qty":2},{"sku":"cable","qty":1}]}}`)
		w.Settled()
		w.True(`order("A").status == "COMPLETED" && order("A").version == 4 && order("A").saga == "orchestration" && saga("A").state == "completed" && saga("A").step == ""`)
		w.True(`order("A").charges == 1 && order("A").charged == 5900 && order("A").net == 5900 && order("A").notifications == 1 && stock("mouse") == 98`)
		w.True(`topic("orders").records == 1 && topic("payments").records == 0 && topic("inventory").records == 0 && topic("notifications").records == 0`)
		w.True(`topic("payment-commands").records == 1 && topic("inventory-commands").records == 1 && topic("notification-commands").records == 1 && topic("order-commands").records == 1 && topic("saga-replies").records == 4`)
		w.True(`events("PaymentCompleted","A") == 1 && events("StockReserved","A") == 1 && events("NotificationSent","A") == 1 && events("OrderCompleted","A") == 1`)
		w.True(`read("A").status == "COMPLETED" && read("A").version == 4 && read("A").user_name == "Cleo Park" && read_lag == 0 && ` + allHold)
		w.True(`service("orchestrator").state == "running" && service("orchestrator").handled == 5 && lag("orchestrator") == 0 && members("orchestrator") == 1`)
		w.Expect("action - placed order A", "written order CREATED", "produced order OrderCreated", "handling orchestrator", "saga orchestrator begins, payment is asked for ChargePayment",
			"produced orchestrator ChargePayment", "written payment charged 59.00", "produced payment PaymentCompleted", "saga orchestrator charge is done, inventory is asked for ReserveStock",
			"produced inventory StockReserved", "saga orchestrator reserve is done, notification is asked for SendNotification", "saga orchestrator notify is done, order is asked for CompleteOrder",
			"written order COMPLETED", "saga orchestrator complete is done, and with it everything")
		assert.Equal(t, []string{"create done", "charge done", "reserve done", "notify done", "complete done"}, stepsOf(w, "o-1"))
		assert.EqualValues(t, 0, w.At("sagas", "o-1", "deadline"))
	})
}

// Nothing was done, so nothing is taken back but the order itself.
func TestAnOrchestratedOrderWhosePaymentIsDeclinedIsCancelled(t *testing.T) {
	labtest.Bubble(t, orchestrated(""), func(t *testing.T, w *labtest.World) {
		w.Do(`{"place_order":{"as":"A","items":[{"sku":"mouse","qty":1}],"method":"declined-card"}}`)
		w.Settled()
		w.True(`order("A").status == "CANCELLED" && order("A").net == 0 && order("A").charged == 0 && order("A").version == 2 && saga("A").state == "compensated"`)
		w.True(`events("PaymentFailed","A") == 1 && events("OrderCancelled","A") == 1 && events("PaymentRefunded") == 0 && topic("orders").records == 1 && stock("mouse") == 100 && read("A").status == "CANCELLED" && ` + allHold)
		assert.Equal(t, []string{"create undone", "charge failed", "reserve open", "notify open", "complete open"}, stepsOf(w, "o-1"))
		assert.Contains(t, w.At("sagas", "o-1", "because"), "because charge failed: ")
		assert.NotZero(t, w.At("sagas", "o-1", "because_seq"))
	})
}

// Compensation runs in the reverse order of what was done.
func TestAnOrchestratedOrderWithoutStockIsTakenBackInReverse(t *testing.T) {
	labtest.Bubble(t, orchestrated(""), func(t *testing.T, w *labtest.World) {
		w.Do(`{"decline":{"stock_out":"mouse"}}`)
		w.Place("A")
		w.Settled()
		w.True(`order("A").status == "CANCELLED" && order("A").charged == 2500 && order("A").refunded == 2500 && order("A").net == 0 && order("A").charges == 0 && saga("A").state == "compensated"`)
		w.True(`events("StockReservationFailed","A") == 1 && events("PaymentRefunded","A") == 1 && events("StockReleased") == 0 && ` + allHold)
		w.Expect("saga orchestrator reserve failed (out_of_stock), what was done is taken back, payment is asked for RefundPayment", "compensated payment gave back 25.00",
			"saga orchestrator charge is undone, order is asked for CancelOrder", "written order CANCELLED", "saga orchestrator create is undone, and nothing is left of it")
		assert.Equal(t, []string{"create undone", "charge undone", "reserve failed", "notify open", "complete open"}, stepsOf(w, "o-1"))
	})
}

// A customer who hears nothing is no reason to cancel.
func TestANotificationThatFailsCancelsNoOrchestratedOrder(t *testing.T) {
	labtest.Bubble(t, orchestrated(""), func(t *testing.T, w *labtest.World) {
		w.Do(`{"fail":{"service":"notification","kind":"permanent","on":"SendNotification"}}`)
		w.Place("A")
		w.Settled()
		w.True(`order("A").status == "COMPLETED" && order("A").notifications == 0 && saga("A").state == "completed" && dead_letters("notification-commands") == 1 && ` + allHold)
		w.Expect("dead_lettered notification", "saga orchestrator notify was not answered, and that stops nothing, order is asked for CompleteOrder")
		assert.Contains(t, stepsOf(w, "o-1"), "notify unanswered")
		w.Mark()
		w.Do(`{"redrive":{"topic":"notification-commands.dlq","all":true}}`)
		w.Settled()
		w.True(`order("A").notifications == 1 && saga("A").state == "completed"`)
		w.Expect("saga orchestrator ignores NotificationSent: that step is over")
	})
}

// The deadline is part of the saga: silence is an answer too.
func TestAStepThatIsNotAnsweredInTimeIsTakenBack(t *testing.T) {
	labtest.Bubble(t, orchestrated(`,"saga_timeout":"6s"`), func(t *testing.T, w *labtest.World) {
		w.Do(`{"slow":{"service":"payment","by":"8s"}}`)
		w.Place("A")
		w.Later(5 * time.Second)
		w.True(`!settled && saga("A").state == "running" && saga("A").step == "charge"`)
		w.Until(`saga("A").state == "compensating"`, 3*time.Second)
		w.True(`order("A").charges == 0`) // it is still at it
		assert.Equal(t, "what was done is taken back, because ChargePayment was not answered within 6s", w.At("sagas", "o-1", "because"))
		w.Do(`"heal"`)
		w.Settled()
		// The late reply is ignored, because what it tells of is being undone.
		w.Expect("saga orchestrator ChargePayment was not answered within 6s, what was done is taken back, payment is asked for RefundPayment",
			"written payment charged 25.00", "produced payment PaymentCompleted", "saga orchestrator ignores PaymentCompleted: that step is over")
		w.Expect("written payment charged 25.00", "compensated payment gave back 25.00", "saga orchestrator charge is undone, order is asked for CancelOrder", "written order CANCELLED")
		w.True(`order("A").status == "CANCELLED" && order("A").charged == 2500 && order("A").net == 0 && saga("A").state == "compensated" && ` + allHold)
	})
}

// Lab time stands while the lab is frozen, and deadlines with it.
func TestDeadlinesOfSagasStandWhileTheLabIsFrozen(t *testing.T) {
	labtest.Bubble(t, orchestrated(`,"saga_timeout":"3s"`), func(t *testing.T, w *labtest.World) {
		w.Do(`{"pause":"payment"}`)
		w.Place("A")
		w.Until(`saga("A").step == "charge"`, time.Second)
		w.Do(`"freeze"`)
		w.Later(time.Minute)
		w.True(`saga("A").state == "running"`)
		w.Do(`"thaw"`)
		w.Until(`saga("A").state == "compensating"`, 4*time.Second)
		w.Do(`"heal"`)
		w.Settled()
		w.True(`order("A").status == "CANCELLED" && order("A").net == 0 && ` + allHold)
	})
}

// An orchestrator that is paused does nothing, whatever the time.
func TestAPausedOrchestratorLetsDeadlinesPass(t *testing.T) {
	labtest.Bubble(t, orchestrated(`,"saga_timeout":"3s"`), func(t *testing.T, w *labtest.World) {
		w.Do(`{"pause":"payment"}`)
		w.Place("A")
		w.Until(`saga("A").step == "charge"`, time.Second)
		w.Do(`{"pause":"orchestrator"}`)
		w.Later(10 * time.Second)
		w.True(`saga("A").state == "running" && !settled`)
		w.Do(`{"resume":"orchestrator"}`)
		w.Until(`saga("A").state == "compensating"`, 100*time.Millisecond)
		w.Do(`"heal"`)
		w.Settled()
		w.True(`order("A").status == "CANCELLED" && ` + allHold)
	})
}

// An undo that fails for good is never passed over: somebody has to look. What
// that person repairs takes the saga to its end.
func TestARefundThatFailsForGoodAsksForAPerson(t *testing.T) {
	labtest.Bubble(t, orchestrated(""), func(t *testing.T, w *labtest.World) {
		w.Do(`{"decline":{"stock_out":"mouse"}}`)
		w.Do(`{"fail":{"service":"payment","kind":"permanent","on":"RefundPayment","times":100}}`)
		w.Place("A")
		w.Until(`settled`, 30*time.Second)
		w.True(`saga("A").state == "needs_person" && saga("A").step == "charge" && order("A").status == "CREATED" && order("A").net == 2500 && dead_letters("payment-commands") == 3`)
		w.True(`broken == ["every-order-ends"]`)
		assert.Equal(t, "payment did not answer RefundPayment, which was sent 3 times", w.At("sagas", "o-1", "because"))
		assert.Equal(t, "waits for a person, because payment did not answer RefundPayment, which was sent 3 times", w.At("orders", "o-1", "waiting"))
		assert.Contains(t, stepsOf(w, "o-1"), "charge failed")
		alerts := func() (texts []string) {
			for _, a := range w.At("alerts").([]any) {
				texts = append(texts, a.(map[string]any)["text"].(string))
			}
			return texts
		}
		assert.Contains(t, alerts(), "the saga of order A needs a person, because payment did not answer RefundPayment, which was sent 3 times")

		w.Do(`{"heal":"payment"}`)
		w.Do(`{"redrive":{"topic":"payment-commands.dlq","all":true}}`)
		w.Settled()
		w.True(`saga("A").state == "compensated" && order("A").status == "CANCELLED" && order("A").net == 0 && order("A").refunded == 2500 && ` + allHold)
		assert.Empty(t, alerts())
	})
}

// Once the goods are there, nothing refuses the order: its completion is asked
// for again.
func TestACompletionThatIsNotAnsweredIsAskedForAgain(t *testing.T) {
	labtest.Bubble(t, orchestrated(""), func(t *testing.T, w *labtest.World) {
		w.Do(`{"fail":{"service":"order","kind":"permanent","on":"CompleteOrder"}}`)
		w.Place("A")
		w.Settled()
		w.True(`saga("A").state == "completed" && order("A").status == "COMPLETED" && order("A").net == 2500 && ` + allHold)
		w.Expect("dead_lettered order", "saga orchestrator order is asked again for CompleteOrder, try 2")
	})
}

// The customer cancels while the saga is under way: what it did is taken back.
func TestACustomerWhoCancelsCallsTheSagaOff(t *testing.T) {
	for _, at := range []string{"charge", "reserve", "notify"} {
		t.Run(at, func(t *testing.T) {
			labtest.Bubble(t, orchestrated(""), func(t *testing.T, w *labtest.World) {
				w.Place("A")
				w.Until(`saga("A").step == "`+at+`"`, 5*time.Second)
				w.Do(`{"cancel_order":{"order":"A"}}`)
				w.Settled()
				w.True(`order("A").status == "CANCELLED" && order("A").version == 2 && order("A").net == 0 && order("A").charges == 0 && stock("mouse") == 100 && saga("A").state == "compensated" && ` + allHold)
				assert.Equal(t, "what was done is taken back, because cancelled by the customer", w.At("sagas", "o-1", "because"))
			})
		})
	}
}

// Who was asked to undo what it had not done yet remembers that.
func TestCommandsThatOvertakeEachOtherLeaveNothingBehind(t *testing.T) {
	for _, service := range []string{"payment", "inventory"} {
		t.Run(service, func(t *testing.T) {
			labtest.Bubble(t, orchestrated(""), func(t *testing.T, w *labtest.World) {
				do, undo := "ChargePayment", "RefundPayment"
				if service == "inventory" {
					do, undo = "ReserveStock", "ReleaseStock"
				}
				w.Do(`{"publish":{"event":"` + undo + `","order":"X"}}`)
				w.Settled()
				w.Do(`{"publish":{"event":"` + do + `","order":"X"}}`)
				w.Settled()
				w.True(`stock("mouse") == 100 && events("PaymentCompleted") == 0 && events("StockReserved") == 0 && topic("saga-replies").records == 2`)
				w.Never("written payment charged", "written inventory reserved")
			})
		})
	}
}

// The article's own messages: numeric ids, a total, no zone.
func TestAnOrderFromOutsideIsOrchestratedToo(t *testing.T) {
	labtest.Bubble(t, orchestrated(""), func(t *testing.T, w *labtest.World) {
		w.Do(`{"publish":{"topic":"orders","key":"100","value":"{\"event_type\":\"OrderCreated\",\"timestamp\":\"2026-01-15T10:30:00\",\"data\":{\"order_id\":4711,\"user_id\":100,\"items\":[{\"name\":\"Mouse\",\"qty\":2}],\"total\":5000}}"}}`)
		w.Settled()
		w.True(`order("4711").status == "COMPLETED" && order("4711").saga == "orchestration" && order("4711").source == "outside" && order("4711").charged == 5000 && order("4711").charges == 1`)
		w.True(`saga("4711").state == "completed" && stock("mouse") == 98 && topic("payments").records == 0 && read("4711").status == "COMPLETED" && ` + allHold)

		w.Do(`{"publish":{"topic":"orders","value":"{\"event_type\":\"OrderCreated\",\"data\":{\"order_id\":4712,\"user_id\":100,\"items\":[{\"name\":\"Teapot\",\"qty\":1}],\"total\":100}}"}}`)
		w.Settled()
		w.True(`order("4712").status == "CANCELLED" && order("4712").net == 0 && saga("4712").state == "compensated" && len(broken) == 0`)
	})
}

// An order keeps the style that it started in, whoever is asked to change it.
func TestOrdersKeepTheStyleTheyStartedIn(t *testing.T) {
	labtest.Bubble(t, "", func(t *testing.T, w *labtest.World) {
		assert.Empty(t, w.At("services", "orchestrator", "seats"), "nobody needs it")
		w.True(`service("orchestrator").state == "stopped" && service("orchestrator").instances == 0`)
		w.Do(`{"pause":"payment"}`)
		w.Place("A")
		w.Do(`{"set":{"saga":"orchestration"}}`)
		w.Place("B")
		w.Until(`saga("B").step == "charge"`, 5*time.Second)
		w.Do(`{"set":{"saga":"choreography"}}`)
		w.Place("C")
		w.Do(`{"resume":"payment"}`)
		w.Settled()
		w.True(`order("A").saga == "choreography" && order("B").saga == "orchestration" && order("C").saga == "choreography"`)
		w.True(`all(orders, .status == "COMPLETED" && .charges == 1 && .notifications == 1) && saga("A").state == "" && saga("B").state == "completed" && saga("C").state == "" && ` + allHold)
		w.True(`topic("payments").records == 2 && topic("payment-commands").records == 1 && service("orchestrator").state == "running"`)
		w.Do(`{"scale":{"service":"orchestrator","instances":0}}`)
		w.Place("D")
		w.Settled()
		w.True(`order("D").status == "COMPLETED" && lag("orchestrator") == 0`)
		w.Do(`{"set":{"saga":"orchestration"}}`)
		w.Do(`{"scale":{"service":"orchestrator","instances":1}}`)
		w.Place("E")
		w.Settled()
		w.True(`order("E").status == "COMPLETED" && saga("E").state == "completed" && lag("orchestrator") == 0 && ` + allHold)
	})
}

// Without its orchestrator an order waits, and the board says for whom.
func TestTheBoardSaysWhoMakesAnOrchestratedOrderWait(t *testing.T) {
	labtest.Bubble(t, orchestrated(""), func(t *testing.T, w *labtest.World) {
		w.Do(`{"scale":{"service":"orchestrator","instances":0}}`)
		w.Place("A")
		w.Until(`lag("orchestrator","orders") == 1 && lag("payment") == 0`, 5*time.Second)
		w.True(`!settled`)
		assert.Equal(t, "waits for orchestrator, because no instance of it runs", w.At("orders", "o-1", "waiting"))
		w.Do(`{"crash":"inventory"}`)
		w.Do(`{"scale":{"service":"orchestrator","instances":1}}`)
		w.Until(`saga("A").step == "reserve"`, 5*time.Second)
		w.Later(time.Second)
		assert.Contains(t, w.At("orders", "o-1", "waiting"), "waits for inventory, because ")
		w.Do(`"heal"`)
		w.Settled()
		w.True(`order("A").status == "COMPLETED" && ` + allHold)
		assert.Equal(t, "", w.At("orders", "o-1", "waiting"))
	})
}

// Why an order is as it is leads back through replies and commands to whoever
// placed it.
func TestWhyGoesBackThroughRepliesAndCommands(t *testing.T) {
	labtest.Bubble(t, orchestrated(""), func(t *testing.T, w *labtest.World) {
		w.Place("A")
		w.Settled()
		seq := w.Expect("saga orchestrator complete is done")[0].Seq
		var kinds []string
		for seq > 0 {
			e := w.After(seq - 1)[0]
			if e.Kind == "produced" {
				kinds = append(kinds, e.EventType)
			}
			if e.Cause == 0 {
				assert.EqualValues(t, "action", e.Kind)
			}
			seq = e.Cause
		}
		assert.Equal(t, []string{"OrderCompleted", "CompleteOrder", "NotificationSent", "SendNotification", "StockReserved", "ReserveStock", "PaymentCompleted", "ChargePayment", "OrderCreated"}, kinds)
	})
}
