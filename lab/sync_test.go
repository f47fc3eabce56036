package lab_test

import (
	"fmt"
	"testing"
	"time"

	"eddy/lab"
	"eddy/lab/labtest"

	"github.com/stretchr/testify/assert"
)

// The good path of the sync style: three calls, four events in the store, none
// on a topic, and the customer hears the end of it.
func TestSyncOrderIsFulfilledByThreeCalls(t *testing.T) {
	labtest.Bubble(t, `{"saga":"sync"}`, func(t *testing.T, w *labtest.World) {
		began := time.Now()
		r := w.Do(`{"place_order":{"as":"A","user":"user-3","items":[{"sku":"mouse","qty":2},{"sku":"cable","qty":1}]}}`)
		assert.Equal(t, "accepted", r.Answer)
		assert.Equal(t, 150*time.Millisecond, time.Since(began), "three calls, one after the other, of 50 ms each")
		w.True(`order("A").status == "COMPLETED" && order("A").version == 4 && order("A").saga == "sync" && order("A").source == "shop"`)
		w.True(`order("A").charges == 1 && order("A").net == 5900 && order("A").notifications == 1 && stock("mouse") == 98 && stock("cable") == 99`)
		w.True(`read("A").status == "COMPLETED" && read("A").version == 4 && read("A").user_name == "Cleo Park"`)
		w.Settled()
		w.True(`topic("orders").records + topic("payments").records + topic("inventory").records + topic("notifications").records == 0`)
		w.True(`len(broken) == 0 && invariant("nothing-lost") == "holds" && service("payment").handled == 1 && service("inventory").handled == 1 && service("notification").handled == 1`)
		assert.Empty(t, w.At("calls"))
		w.Expect("action - placed order A", "delivered order PlaceOrder of o-1 from shop", "handling order", "written order CREATED", "projected order CREATED",
			"note order calls payment: ChargePayment", "delivered payment ChargePayment of o-1 from order-1", "handling payment", "written payment charged 59.00", "handled payment answered ChargePayment",
			"note order payment answered in 50 ms", "written order PAID", "note order calls inventory", "written inventory reserved", "written order COMPLETED",
			"note order calls notification", "written notification", "note order notification answered", "handled order answered PlaceOrder")
	})
}

// A dead service makes the whole order fail, at once, and only that order: what
// it had not reached is untouched.
func TestSyncOrderFailsWithADeadService(t *testing.T) {
	labtest.Bubble(t, `{"saga":"sync"}`, func(t *testing.T, w *labtest.World) {
		w.Do(`{"crash":"payment"}`)
		r := w.Place("A")
		assert.Equal(t, "unavailable", r.Answer)
		assert.Equal(t, "payment cannot be reached: connection refused", r.Text)
		w.True(`order("A").status == "CANCELLED" && order("A").net == 0 && read("A").status == "CANCELLED" && stock("mouse") == 100`)
		w.True(`service("inventory").state == "running" && service("inventory").handled == 0 && service("order").state == "running"`)
		w.Do(`"heal"`)
		assert.Equal(t, "accepted", w.Place("B").Answer)
		w.Settled()
		w.True(`order("B").status == "COMPLETED" && len(broken) == 0`)
	})
}

// The customer pays for an order that he does not get: the charge came after the
// caller had given up, and nobody takes it back.
func TestSyncChargeThatTimedOutStays(t *testing.T) {
	labtest.Bubble(t, `{"saga":"sync"}`, func(t *testing.T, w *labtest.World) {
		w.Do(`{"slow":{"service":"payment","by":"3s"}}`)
		began := time.Now()
		r := w.Place("A")
		assert.Equal(t, "unavailable", r.Answer)
		assert.Equal(t, "payment did not answer within 1s", r.Text)
		assert.Equal(t, time.Second, time.Since(began))
		w.True(`order("A").status == "CANCELLED" && order("A").charges == 0 && read("A").status == "CANCELLED"`)
		w.Settled() // the call is worked on to its end
		w.True(`order("A").charges == 1 && order("A").net == 2500 && invariant("no-paid-cancelled") == "broken"`)
		evidence := w.At("invariants", "no-paid-cancelled", "evidence").([]any)
		charged := w.Expect("failed order order-1 gave up on payment after 1s", "written order CANCELLED", "written payment charged")
		assert.Contains(t, evidence, float64(charged[2].Seq))
		why, err := w.Why(lab.Question{Order: "A"})
		assert.NoError(t, err)
		assert.Contains(t, fmt.Sprint(why), "you slowed payment down by 3s")
	})
}

func TestSyncOrderWithoutStockIsRefundedByACall(t *testing.T) {
	labtest.Bubble(t, `{"saga":"sync"}`, func(t *testing.T, w *labtest.World) {
		w.Do(`{"decline":{"stock_out":"mouse"}}`)
		r := w.Place("A")
		assert.Equal(t, "rejected", r.Answer)
		assert.Equal(t, "out_of_stock", r.Text)
		w.True(`order("A").status == "CANCELLED" && order("A").charged == 2500 && order("A").refunded == 2500 && order("A").net == 0 && order("A").version == 3 && order("A").notifications == 0`)
		w.Settled()
		w.True(`len(broken) == 0 && read("A").status == "CANCELLED" && events("PaymentRefunded") == 0`)
		w.Expect("note order inventory answered in 50 ms: out_of_stock", "note order calls payment: RefundPayment", "compensated payment gave back 25.00", "written order CANCELLED")
	})
}

func TestSyncDeclinedCardIsRejected(t *testing.T) {
	labtest.Bubble(t, `{"saga":"sync"}`, func(t *testing.T, w *labtest.World) {
		r := w.Do(`{"place_order":{"as":"A","items":[{"sku":"mouse","qty":1}],"method":"declined-card"}}`)
		assert.Equal(t, "rejected", r.Answer)
		w.Do(`{"decline":{"times":1}}`)
		assert.Equal(t, "rejected", w.Place("B").Answer)
		why, err := w.Why(lab.Question{Order: "B"})
		assert.NoError(t, err)
		assert.Contains(t, fmt.Sprint(why), "you armed a refusal: the payment gateway says no, once")
		assert.Equal(t, "accepted", w.Place("C").Answer)
		w.Settled()
		w.True(`order("A").status == "CANCELLED" && order("A").charges == 0 && order("B").status == "CANCELLED" && order("C").status == "COMPLETED" && len(broken) == 0`)
	})
}

// A notification that fails never cancels; the customer waits for it all the same.
func TestSyncNotificationThatFailsCancelsNothing(t *testing.T) {
	for name, arm := range map[string]string{"slow": `{"slow":{"service":"notification","by":"5s"}}`, "dead": `{"crash":"notification"}`, "failing": `{"fail":"notification"}`} {
		t.Run(name, func(t *testing.T) {
			labtest.Bubble(t, `{"saga":"sync"}`, func(t *testing.T, w *labtest.World) {
				w.Do(arm)
				r := w.Place("A")
				assert.Equal(t, "accepted", r.Answer)
				assert.Contains(t, r.Text, "the customer gets no message: notification")
				w.True(`order("A").status == "COMPLETED" && order("A").net == 2500 && order("A").notifications == 0 && read("A").status == "COMPLETED"`)
			})
		})
	}
}

// The whole point: one slow service fills the slots of whoever calls it, and the
// shop turns customers away. Beside it, the same burst on a slow payment service
// that is reached through a topic: everybody is accepted, and only lag grows.
func TestSlotsFillBackwardsWhereTheAsyncShopOnlyGrowsLag(t *testing.T) {
	labtest.Bubble(t, `{"saga":"sync"}`, func(t *testing.T, w *labtest.World) {
		async := labtest.Open(t, `{}`, lab.Options{})
		defer async.Close()
		for _, shop := range []*labtest.World{w, async} {
			shop.Do(`{"slow":{"service":"payment","by":"5s"}}`)
			shop.Do(`{"burst":{"orders":40,"rate":20}}`)
		}
		w.Until(`service("payment").state == "running" && count(orders, .status == "CREATED") >= 4`, 5*time.Second)
		w.Later(1500 * time.Millisecond)
		assert.EqualValues(t, 4, w.At("services", "payment", "slots", "used"))
		assert.EqualValues(t, 4, w.At("services", "order", "slots", "used"), "the order service's slots wait with it")
		assert.EqualValues(t, 4, w.At("services", "payment", "slots", "waiting"), "in line")
		assert.Equal(t, "order-1 has no free slot because its 4 calls wait for payment, which is slow since 00:00 (you)", w.At("services", "order", "slots", "because"))
		assert.Contains(t, w.At("services", "payment", "slots", "because"), "payment-1 has no free slot because 4 calls are under way, 4 of them for callers that gave up, and it is slow since")
		past, err := w.BoardAt(w.Head())
		assert.NoError(t, err)
		now, _ := w.Snapshot()
		assert.Equal(t, labtest.Parse(t, now)["calls"], labtest.Parse(t, past)["calls"], "the past has the calls too")
		assert.NotEmpty(t, w.At("calls"))
		w.Later(3 * time.Second)
		async.Until(`len(orders) == 40`, time.Second)
		refused := w.Count("note - heard: unavailable")
		assert.Greater(t, refused, 20, "callers that heard unavailable")
		assert.Greater(t, w.Count("note - order-1 has no free slot"), 20, "turned away at the door")
		assert.Zero(t, async.Count("note - heard: unavailable"))
		async.True(`lag("payment") > 30 && count(orders, .status == "CANCELLED") == 0`)

		for _, shop := range []*labtest.World{w, async} {
			shop.Do(`"heal"`)
			shop.Settled()
			assert.Equal(t, "accepted", shop.Place("after").Answer)
			shop.Settled()
			shop.True(`order("after").status == "COMPLETED" && invariant("every-order-ends") == "holds" && invariant("nothing-lost") == "holds"`)
		}
		w.True(`count(orders, .status == "COMPLETED") < 40 && invariant("no-paid-cancelled") == "broken"`)
		async.True(`count(orders, .status == "COMPLETED") == 41 && len(broken) == 0`)
		assert.EqualValues(t, 0, w.At("services", "order", "slots", "used"))
		assert.Empty(t, w.At("services", "order", "slots", "because"))
		assert.Empty(t, w.At("calls"))
	})
}

// While the lab stands still an order is taken: what is done about it waits. A
// step is a call.
func TestSyncOrderIsAcceptedWhileTheLabIsFrozen(t *testing.T) {
	labtest.Bubble(t, `{"saga":"sync","work":"0s"}`, func(t *testing.T, w *labtest.World) {
		w.Do(`"freeze"`)
		r := w.Place("A")
		assert.Equal(t, "accepted", r.Answer)
		w.Later(time.Minute)
		w.True(`order("A").status == "CREATED" && order("A").charges == 0 && !settled`)
		assert.EqualValues(t, 1, w.At("services", "payment", "slots", "used"))
		w.Do(`"step"`)
		w.Later(time.Millisecond)
		w.True(`order("A").status == "PAID" && service("inventory").handled == 0`)
		w.Do(`{"step":2}`)
		w.Later(time.Millisecond)
		w.True(`order("A").status == "COMPLETED" && order("A").notifications == 1`)
		w.Do(`"thaw"`)
		w.Settled()
		w.True(`len(broken) == 0`)
	})
}

// Where the order service cannot even write it down, nobody waits for ever.
func TestSyncOrderOfAFrozenLabDoesNotHang(t *testing.T) {
	labtest.Bubble(t, `{"saga":"sync"}`, func(t *testing.T, w *labtest.World) {
		w.Do(`{"pause":"order"}`)
		w.Do(`"freeze"`)
		r := w.Place("A")
		assert.Equal(t, "unavailable", r.Answer)
		assert.Contains(t, r.Text, "the lab stands still")
		w.Do(`"heal"`)
		w.Do(`"thaw"`)
		w.Settled()
		w.True(`len(broken) == 0`)
	})
}

// An order that is under way when the lab is frozen does not hang, and its time
// stands: a timeout counts lab time.
func TestFreezingTheLabHoldsACallAndItsTimeout(t *testing.T) {
	labtest.Bubble(t, `{"saga":"sync"}`, func(t *testing.T, w *labtest.World) {
		w.Do(`{"slow":{"service":"payment","by":"500ms"}}`)
		answer := make(chan string, 1)
		go func() { answer <- w.Place("A").Answer }()
		w.Until(`order("A").status == "CREATED"`, time.Second)
		w.Later(100 * time.Millisecond)
		w.Do(`"freeze"`)
		assert.Equal(t, "accepted", <-answer)
		w.Later(time.Hour)
		w.True(`order("A").status == "CREATED"`)
		w.Do(`"thaw"`)
		w.Settled()
		w.True(`order("A").status == "COMPLETED" && len(broken) == 0`)
	})
}

func TestSyncTimeoutsRunOnLabTime(t *testing.T) {
	labtest.Bubble(t, `{"saga":"sync"}`, func(t *testing.T, w *labtest.World) {
		w.Do(`{"speed":0.1}`)
		w.Do(`{"slow":{"service":"payment","by":"700ms"}}`)
		began := time.Now()
		assert.Equal(t, "accepted", w.Place("A").Answer, "750 ms of lab time are less than the timeout")
		assert.Equal(t, 8500*time.Millisecond, time.Since(began))
	})
}

// Whoever crashes in the middle of an order leaves it there: what the order
// service was about to do is written nowhere.
func TestOrderServiceThatCrashesInTheMiddleOfAnOrderLeavesIt(t *testing.T) {
	labtest.Bubble(t, `{"saga":"sync"}`, func(t *testing.T, w *labtest.World) {
		w.Do(`{"slow":{"service":"inventory","by":"500ms"}}`)
		answer := make(chan lab.Result, 1)
		go func() { answer <- w.Place("A") }()
		w.Until(`order("A").status == "PAID"`, time.Second)
		w.Later(100 * time.Millisecond)
		w.Do(`{"crash":"order"}`)
		assert.Equal(t, "unavailable", (<-answer).Answer)
		w.Do(`"heal"`)
		w.Settled()
		w.True(`order("A").status == "PAID" && order("A").charges == 1 && invariant("every-order-ends") == "broken" && stock("mouse") == 99`)
		assert.Contains(t, w.At("orders", "o-1", "waiting"), "waits in vain")
		assert.Empty(t, w.At("calls"))
		why, err := w.Why(lab.Question{Order: "A"})
		assert.NoError(t, err)
		assert.Contains(t, fmt.Sprint(why), "you crashed order-1")
		// A person can put it right: cancelling takes back what was done.
		w.Do(`{"cancel_order":{"order":"A"}}`)
		w.Settled()
		w.True(`order("A").status == "CANCELLED" && order("A").net == 0 && stock("mouse") == 100 && len(broken) == 0 && read("A").status == "CANCELLED"`)
	})
}

// Faults strike calls at the same points as messages.
func TestCrashPointsStrikeCalls(t *testing.T) {
	for at, charges := range map[string]int{"before_handle": 0, "after_write": 1, "after_handle": 1} {
		t.Run(at, func(t *testing.T) {
			labtest.Bubble(t, `{"saga":"sync"}`, func(t *testing.T, w *labtest.World) {
				w.Do(`{"crash":{"service":"payment","at":"` + at + `","on":"ChargePayment"}}`)
				r := w.Place("A")
				assert.Equal(t, "unavailable", r.Answer)
				assert.Equal(t, "payment broke off before it answered", r.Text)
				w.True(`order("A").status == "CANCELLED" && service("payment").state == "crashed" && service("payment").crashes == 1`)
				assert.EqualValues(t, charges, w.At("orders", "o-1", "charges"))
				w.Do(`"heal"`)
				w.Settled()
				assert.Equal(t, charges == 1, w.Eval(`invariant("no-paid-cancelled") == "broken"`))
			})
		})
	}
}

func TestFailPauseAndCutStrikeCalls(t *testing.T) {
	for name, c := range map[string]struct{ arm, text string }{
		"fail":           {`{"fail":{"service":"payment","on":"ChargePayment","error":"out of order"}}`, "payment failed: out of order"},
		"pause":          {`{"pause":"payment"}`, "payment did not answer within 1s"},
		"cut":            {`{"cut":{"service":"payment"}}`, "payment cannot be reached: connection refused"},
		"cut the caller": {`{"cut":{"service":"order","from":"database"}}`, "order: the database cannot be reached: connection refused"},
		"cut database":   {`{"cut":{"service":"payment","from":"database"}}`, "payment failed: payment: the database cannot be reached: connection refused"},
	} {
		t.Run(name, func(t *testing.T) {
			labtest.Bubble(t, `{"saga":"sync"}`, func(t *testing.T, w *labtest.World) {
				w.Do(c.arm)
				r := w.Place("A")
				assert.Equal(t, "unavailable", r.Answer)
				assert.Equal(t, c.text, r.Text)
				w.Do(`"heal"`)
				w.Settled()
				assert.Equal(t, "accepted", w.Place("B").Answer)
			})
		})
	}
}

// An order from outside is adopted, and fulfilled by the same calls. Nobody else
// does anything about its event.
func TestSyncOrderFromOutsideIsFulfilledByCalls(t *testing.T) {
	labtest.Bubble(t, `{"saga":"sync"}`, func(t *testing.T, w *labtest.World) {
		w.Do(`{"publish":{"topic":"orders","value":"{\"event_type\":\"OrderCreated\",\"data\":{\"order_id\":77,\"user_id\":7,\"total\":2500,\"items\":[{\"name\":\"Mouse\",\"qty\":1}]}}"}}`)
		w.Settled()
		w.True(`order("77").status == "COMPLETED" && order("77").source == "outside" && order("77").saga == "sync" && order("77").charges == 1 && order("77").notifications == 1`)
		w.True(`read("77").status == "COMPLETED" && len(broken) == 0 && topic("payments").records == 0 && service("payment").handled == 1`)
	})
}

// What a log is good for: the event comes again, and the order goes on where it
// was left, with the keys of the first time.
func TestSyncOrderFromOutsideGoesOnAfterACrash(t *testing.T) {
	labtest.Bubble(t, `{"saga":"sync"}`, func(t *testing.T, w *labtest.World) {
		w.Do(`{"crash":{"service":"order","at":"after_write","on":"OrderCreated","times":2}}`)
		w.Do(`{"publish":{"event":"OrderCreated","order":"X"}}`)
		w.Until(`service("order").state == "crashed"`, 5*time.Second)
		w.Do(`{"restart":"order"}`)
		w.Until(`service("order").crashes == 2`, 20*time.Second)
		w.True(`order("X").status != "COMPLETED"`)
		w.Do(`{"restart":"order"}`)
		w.Settled()
		w.True(`order("X").status == "COMPLETED" && order("X").charges == 1 && stock("mouse") == 99 && order("X").notifications == 1`)
	})
}

// Orders keep the style they started in.
func TestTheStyleCanBeSetWhileTheLabRuns(t *testing.T) {
	labtest.Bubble(t, "", func(t *testing.T, w *labtest.World) {
		w.Place("A")
		w.Do(`{"set":{"saga":"sync"}}`)
		assert.Equal(t, "accepted", w.Place("B").Answer)
		w.True(`order("B").status == "COMPLETED" && order("B").saga == "sync"`)
		w.Do(`{"set":{"saga":"choreography"}}`)
		w.Place("C")
		w.Settled()
		w.True(`order("A").status == "COMPLETED" && order("A").saga == "choreography" && order("C").status == "COMPLETED" && order("C").saga == "choreography"`)
		w.True(`events("OrderCreated","A") == 1 && events("OrderCreated","B") == 0 && events("OrderCreated","C") == 1 && len(broken) == 0`)
	})
}

// The same customers, the same slow payment service, and one setting that
// differs.
func TestTwinsOfSyncAndChoreography(t *testing.T) {
	labtest.Bubble(t, `{"saga":"sync"}`, func(t *testing.T, w *labtest.World) {
		w.Do(`{"slow":{"service":"payment","by":"2s"}}`)
		w.Place("A")
		w.Place("B")
		w.Settled()
		w.True(`order("A").status == "CANCELLED" && order("B").status == "CANCELLED"`)
		recording, err := w.Recording(w.Head())
		assert.NoError(t, err)
		again := labtest.Open(t, "", lab.Options{Again: &lab.Again{Recording: recording, Of: "the first lab"}})
		defer again.Close()
		other, text, err := recording.But([]byte(`{"saga":"choreography"}`))
		assert.NoError(t, err)
		assert.Equal(t, "saga = choreography", text)
		async := labtest.Open(t, "", lab.Options{Again: &lab.Again{Recording: other, Of: "the first lab"}})
		defer async.Close()
		for _, l := range []*labtest.World{again, async} {
			l.Later(time.Minute)
			l.Settled()
		}
		again.True(`order("A").status == "CANCELLED" && order("B").status == "CANCELLED" && order("A").net == 2500`)
		async.True(`order("A").status == "COMPLETED" && order("B").status == "COMPLETED" && len(broken) == 0`)
	})
}

// More instances have more slots, and a call goes past one that is down.
func TestCallsGoToEveryInstance(t *testing.T) {
	labtest.Bubble(t, `{"saga":"sync","slots":2,"services":{"payment":{"instances":2,"balancer":"range"}}}`, func(t *testing.T, w *labtest.World) {
		assert.EqualValues(t, 4, w.At("services", "payment", "slots", "total"))
		for range 4 {
			assert.Equal(t, "accepted", w.Do(`{"place_order":{"items":[{"sku":"mouse","qty":1}]}}`).Answer)
		}
		w.Expect("delivered payment payment-1 got the call", "delivered payment payment-2 got the call")
		w.Do(`{"crash":{"service":"payment","instance":1}}`)
		assert.EqualValues(t, 2, w.At("services", "payment", "slots", "total"))
		for range 4 {
			assert.Equal(t, "accepted", w.Do(`{"place_order":{"items":[{"sku":"mouse","qty":1}]}}`).Answer)
		}
	})
}

// Without the key a call that comes again is done again; with it, it is answered
// as before.
func TestACallThatComesAgainIsAnsweredAsBefore(t *testing.T) {
	for idempotent, charges := range map[string]int{"true": 1, "false": 2} {
		t.Run("idempotent "+idempotent, func(t *testing.T) {
			labtest.Bubble(t, `{"saga":"sync","services":{"payment":{"idempotent":`+idempotent+`}}}`, func(t *testing.T, w *labtest.World) {
				// The charge is made, and its caller crashes before it hears of it.
				w.Do(`{"slow":{"service":"payment","by":"300ms"}}`)
				w.Do(`{"publish":{"event":"OrderCreated","order":"X"}}`)
				w.Until(`order("X").status == "CREATED"`, 5*time.Second)
				w.Later(100 * time.Millisecond)
				w.Do(`{"crash":"order"}`)
				w.Until(`order("X").charges == 1`, 5*time.Second)
				w.Do(`"heal"`)
				w.Settled()
				w.True(`order("X").status == "COMPLETED"`)
				assert.EqualValues(t, charges, w.At("orders", "X", "charges"))
			})
		})
	}
}

func TestSyncCheckStockRefusesAtTheCommand(t *testing.T) {
	labtest.Bubble(t, `{"saga":"sync","stock":{"mouse":1},"services":{"order":{"check_stock":true}}}`, func(t *testing.T, w *labtest.World) {
		assert.Equal(t, "rejected", w.Do(`{"place_order":{"items":[{"sku":"mouse","qty":2}]}}`).Answer)
		w.Settled()
		w.True(`len(orders) == 0`)
	})
}

// The customer cancels while his card is being charged: the charge goes back.
func TestCancellingASyncOrderThatIsUnderWay(t *testing.T) {
	labtest.Bubble(t, `{"saga":"sync"}`, func(t *testing.T, w *labtest.World) {
		w.Do(`{"slow":{"service":"payment","by":"300ms"}}`)
		answer := make(chan lab.Result, 1)
		go func() { answer <- w.Place("A") }()
		w.Until(`order("A").status == "CREATED"`, time.Second)
		w.Later(100 * time.Millisecond)
		w.Do(`{"slow":{"service":"payment","by":"0s"}}`) // what asks for the money back is quicker than the charge
		assert.Equal(t, "accepted", w.Do(`{"cancel_order":{"order":"A"}}`).Answer)
		assert.Equal(t, "rejected", (<-answer).Answer)
		w.Settled()
		w.True(`order("A").status == "CANCELLED" && order("A").charged == 2500 && order("A").net == 0 && len(broken) == 0 && stock("mouse") == 100`)
	})
}

// No topic tells of an order that was fulfilled by calls: a read model that is
// built anew from the log takes its row over as it is.
func TestARebuildKeepsOrdersThatNoTopicTellsOf(t *testing.T) {
	labtest.Bubble(t, `{"work":"0s","saga":"sync"}`, func(t *testing.T, w *labtest.World) {
		w.Place("A")
		w.Do(`{"set":{"saga":"choreography"}}`)
		w.Place("B")
		w.Settled()
		w.Do(`{"rebuild":"orders"}`)
		w.Settled()
		w.True(`read("A").status == "COMPLETED" && read("B").status == "COMPLETED" && len(broken) == 0`)
	})
}
