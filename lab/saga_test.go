package lab_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"eddy/lab"
	"eddy/lab/labtest"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// The good path: six events over four topics, one order, one charge.
func TestOrderIsChargedReservedCompletedAndNotified(t *testing.T) {
	labtest.Bubble(t, "", func(t *testing.T, w *labtest.World) {
		r := w.Do(`{"place_order":{"as":"A","user":"user-3","items":[{"sku":"mouse","qty":2},{"sku":"cable","qty":1}]}}`)
		assert.Equal(t, lab.Result{OK: true, Seq: r.Seq, Order: "A", OrderID: r.OrderID, Answer: "accepted"}, r)
		w.True(`order("A").status == "CREATED" && order("A").version == 1`)
		w.Settled()
		w.True(`order("A").status == "COMPLETED" && order("A").version == 4 && order("A").total == 5900 && order("A").saga == "choreography"`)
		w.True(`order("A").charges == 1 && order("A").charged == 5900 && order("A").refunded == 0 && order("A").net == 5900`)
		w.True(`order("A").notifications == 1 && stock("mouse") == 98 && stock("cable") == 99`)
		w.True(`read("A").status == "COMPLETED" && read("A").version == 4 && read("A").user_name == "Cleo Park" && read_lag == 0 && read_lag_ms == 0`)
		w.True(`topic("orders").records == 2 && topic("payments").records == 1 && topic("inventory").records == 1 && topic("notifications").records == 1`)
		w.True(`len(broken) == 0 && all(["no-double-charge","no-oversell","no-paid-cancelled","every-order-ends","nothing-lost","per-key-order","per-user-order","read-model-agrees"], invariant(#) == "holds")`)
		// Messages that the service reacts to: not the command, not what it passes over.
		w.True(`service("order").handled == 2 && service("payment").handled == 1 && service("inventory").handled == 1 && service("notification").handled == 1 && service("projector").handled == 5`)
		w.Expect("action - placed order A", "written order CREATED", "produced order OrderCreated", "delivered payment", "handling payment",
			"written payment charged 59.00", "produced payment PaymentCompleted", "handled payment", "committed payment",
			"produced inventory StockReserved", "written order COMPLETED", "produced order OrderCompleted")
	})
}

// Six events, each with four fields, and the headers that tie them together.
func TestEveryEventCarriesOrderUserItemsAndTotal(t *testing.T) {
	labtest.Bubble(t, "", func(t *testing.T, w *labtest.World) {
		w.Place("A")
		w.Settled()
		n := 0
		for topic, parts := range w.At("tapes").(map[string]any) {
			for _, tape := range parts.(map[string]any) {
				for _, r := range tape.(map[string]any)["records"].(map[string]any) {
					n++
					rec := r.(map[string]any)
					event := labtest.Parse(t, []byte(rec["value"].(string)))
					data := event["data"].(map[string]any)
					for _, field := range []string{"order_id", "user_id", "items", "total_amount"} {
						assert.Contains(t, data, field, "%v on %s", event["event_type"], topic)
					}
					assert.Equal(t, "user-1", rec["key"])
					headers := rec["headers"].(map[string]any)
					assert.Equal(t, data["order_id"], headers["correlation-id"])
					if event["event_type"] == "OrderCreated" {
						assert.EqualValues(t, 2, event["version"])
						assert.Equal(t, "USD", data["currency"])
					} else {
						assert.NotEmpty(t, headers["causation-id"], "%v", event["event_type"])
					}
					if topic == "payments" {
						assert.Equal(t, "card", data["method"])
						assert.NotEmpty(t, data["payment_id"])
						assert.EqualValues(t, 2500, data["amount"])
					}
				}
			}
		}
		assert.Equal(t, 5, n)
	})
}

func TestDeclinedPaymentCancelsTheOrder(t *testing.T) {
	for name, arm := range map[string]string{
		"the gateway says no":  `{"decline":{"times":1}}`,
		"the card is declined": `{"note":"the method says it"}`,
	} {
		t.Run(name, func(t *testing.T) {
			labtest.Bubble(t, "", func(t *testing.T, w *labtest.World) {
				w.Do(arm)
				method := "card"
				if name == "the card is declined" {
					method = "declined-card"
				}
				w.Do(`{"place_order":{"as":"A","items":[{"sku":"mouse","qty":1}],"method":"` + method + `"}}`)
				w.Settled()
				w.True(`order("A").status == "CANCELLED" && order("A").net == 0 && order("A").charges == 0 && order("A").charged == 0 && order("A").version == 2`)
				w.True(`events("PaymentFailed","A") == 1 && events("OrderCancelled","A") == 1 && events("PaymentRefunded") == 0 && order("A").notifications == 0`)
				w.True(`len(broken) == 0 && read("A").status == "CANCELLED" && stock("mouse") == 100`)
				assert.Empty(t, w.At("faults"), "a refusal that was used up is no fault any more")
				w.Place("B")
				w.Settled()
				w.True(`order("B").status == "COMPLETED"`)
			})
		})
	}
}

func TestDeclineByRateRefusesAShareOfTheOrders(t *testing.T) {
	labtest.Bubble(t, `{"work":"0s","seed":5}`, func(t *testing.T, w *labtest.World) {
		w.Do(`{"decline":{"rate":0.5}}`)
		w.Do(`{"burst":{"orders":40,"rate":100}}`)
		w.Settled()
		w.True(`count(orders, .status == "CANCELLED") > 5 && count(orders, .status == "COMPLETED") > 5 && len(orders) == 40`)
		w.True(`all(orders, .status == "COMPLETED" ? .net == .total : .net == 0) && len(broken) == 0`)
		w.Do(`"heal"`)
		assert.Empty(t, w.At("faults"))
	})
}

// What cannot be reserved is paid back: a compensation, not a rollback.
func TestOrderWithoutStockIsRefundedAndCancelled(t *testing.T) {
	labtest.Bubble(t, "", func(t *testing.T, w *labtest.World) {
		w.Do(`{"decline":{"stock_out":"mouse"}}`)
		w.True(`stock("mouse") == 0`)
		w.Place("A")
		w.Settled()
		w.True(`order("A").status == "CANCELLED" && order("A").charges == 0 && order("A").charged == 2500 && order("A").refunded == 2500 && order("A").net == 0 && order("A").version == 3`)
		w.True(`events("StockReservationFailed","A") == 1 && events("PaymentRefunded","A") == 1 && events("StockReleased") == 0 && len(broken) == 0`)
		w.Expect("written payment charged", "compensated payment gave back 25.00", "written order CANCELLED")
		w.Do(`{"heal":"inventory"}`)
		w.True(`stock("mouse") == 100`)
		w.Place("B")
		w.Settled()
		w.True(`order("B").status == "COMPLETED" && stock("mouse") == 99`)
	})
}

// Two lines of one product are still one shelf.
func TestLinesOfTheSameProductAreAddedUp(t *testing.T) {
	labtest.Bubble(t, `{"stock":{"mouse":5}}`, func(t *testing.T, w *labtest.World) {
		w.Do(`{"place_order":{"as":"A","items":[{"sku":"mouse","qty":3},{"sku":"mouse","qty":3}]}}`)
		w.Settled()
		w.True(`order("A").status == "CANCELLED" && stock("mouse") == 5 && invariant("no-oversell") == "holds"`)
	})
}

func TestCheckStockRefusesAtTheCommand(t *testing.T) {
	labtest.Bubble(t, `{"stock":{"mouse":1},"services":{"order":{"check_stock":true}}}`, func(t *testing.T, w *labtest.World) {
		for _, items := range []string{`[{"sku":"mouse","qty":2}]`, `[{"sku":"mouse","qty":1},{"sku":"mouse","qty":1}]`} {
			r := w.Do(`{"place_order":{"items":` + items + `}}`)
			assert.Equal(t, "rejected", r.Answer)
		}
		w.Settled()
		w.True(`len(orders) == 0 && topic("orders").records == 0 && invariant("nothing-lost") == "holds"`)
		assert.Equal(t, "accepted", w.Place("C").Answer)
	})
}

func TestCancellingACreatedOrderRefundsWhatWasCharged(t *testing.T) {
	labtest.Bubble(t, "", func(t *testing.T, w *labtest.World) {
		w.Place("A")
		r := w.Do(`{"cancel_order":{"order":"A","if_version":1}}`)
		assert.Equal(t, "accepted", r.Answer)
		w.True(`order("A").status == "CANCELLED"`)
		w.Settled()
		w.True(`order("A").status == "CANCELLED" && order("A").net == 0 && order("A").version == 2 && stock("mouse") == 100 && len(broken) == 0`)
		w.True(`events("OrderCancelled","A") == 1 && read("A").status == "CANCELLED"`)
		// The action stands before its effect, and is its cause.
		found := w.Expect("action - cancelled order A", "written order CANCELLED")
		assert.Equal(t, found[0].Seq, found[1].Cause)
	})
}

func TestCancellingAPaidOrderPutsThePiecesBack(t *testing.T) {
	labtest.Bubble(t, "", func(t *testing.T, w *labtest.World) {
		w.Do(`{"slow":{"service":"inventory","by":"2s"}}`)
		w.Place("A")
		w.Until(`order("A").status == "PAID"`, 5*time.Second)
		code, why := w.Refused(`{"cancel_order":{"order":"A","if_version":1}}`)
		assert.Equal(t, lab.Conflict, code)
		assert.Contains(t, why, "version 2")
		w.Do(`{"cancel_order":{"order":"A","if_version":2}}`)
		w.Settled()
		w.True(`order("A").status == "CANCELLED" && order("A").net == 0 && order("A").charges == 0 && stock("mouse") == 100 && events("StockReleased") == 1 && len(broken) == 0`)
	})
}

func TestACompletedOrderCannotBeCancelled(t *testing.T) {
	labtest.Bubble(t, "", func(t *testing.T, w *labtest.World) {
		w.Place("A")
		w.Settled()
		code, why := w.Refused(`{"cancel_order":"A"}`)
		assert.Equal(t, lab.Conflict, code)
		assert.Contains(t, why, "COMPLETED")
		code, _ = w.Refused(`{"cancel_order":"nobody"}`)
		assert.Equal(t, lab.NotFound, code)
		w.True(`order("A").status == "COMPLETED" && events("OrderCancelled") == 0`)
	})
}

// A failing notification tells nobody, and harms nobody.
func TestAFailingNotificationCancelsNothing(t *testing.T) {
	labtest.Bubble(t, "", func(t *testing.T, w *labtest.World) {
		w.Do(`{"fail":{"service":"notification","kind":"permanent"}}`)
		w.Place("A")
		w.Settled()
		w.True(`order("A").status == "COMPLETED" && order("A").notifications == 0 && dead_letters("inventory","notification") == 1 && len(broken) == 0`)
	})
}

// An id says which order it was, whatever became of the caller.
func TestOrdersHaveAQuota(t *testing.T) {
	labtest.BubbleWith(t, "", lab.Options{Orders: 3}, func(t *testing.T, w *labtest.World) {
		w.Place("A")
		code, _ := w.Refused(`{"burst":{"orders":3}}`)
		assert.Equal(t, lab.TooMany, code)
		w.Do(`{"burst":{"orders":2}}`)
		code, why := w.Refused(`{"place_order":{"items":[{"sku":"mouse","qty":1}]}}`)
		assert.Equal(t, lab.TooMany, code)
		assert.Contains(t, why, "3 orders")
		code, _ = w.Refused(`{"burst":{"orders":9223372036854775807}}`)
		require.Contains(t, []lab.Code{lab.TooMany, lab.Invalid}, code)
		w.Settled()
		w.True(`len(orders) == 3`)
	})
}

// What is on its topic is not under way any more, whatever becomes of the order.
func TestNothingIsLostOnceOrderCreatedStandsOnItsTopic(t *testing.T) {
	labtest.Bubble(t, "", func(t *testing.T, w *labtest.World) {
		w.Do(`{"fail":{"service":"payment","kind":"permanent"}}`)
		w.Place("A")
		w.Settled()
		w.True(`invariant("nothing-lost") == "holds" && broken == ["every-order-ends"]`)
	})
}

// An expression that names a field that is not there says which there are, and
// values have outside the names that they have in an expression.
func TestExpressionsSayWhichFieldsThereAre(t *testing.T) {
	_, err := lab.CompileExpr(`order("A").bar == 1`, true)
	require.ErrorContains(t, err, `line 1, column 12: there is no "bar" here; valid are id, handle, user, status`)
	out, err := json.Marshal(lab.ExprRead{Status: "PAID", UserName: "Ada Moss"})
	require.NoError(t, err)
	assert.JSONEq(t, `{"status":"PAID","version":0,"user_name":"Ada Moss"}`, string(out))
}

// An order waits for the service that has to read the last event about it, not
// for the one that its status would suggest.
func TestOrderSaysWhomItWaitsFor(t *testing.T) {
	for _, test := range []struct{ do, says string }{
		{`{"crash":{"service":"order","at":"before_handle","on":"PaymentCompleted"}}`, "waits for order, because order-1 crashed before it handled PaymentCompleted"},
		{`{"crash":{"service":"order","at":"after_write","on":"PlaceOrder"}}`, "waits for order, because order-1 crashed after its database commit for PlaceOrder"},
		{`{"crash":"payment"}`, "waits for payment, because payment-1 is down because you crashed it"},
		{`{"crash":"inventory"}`, "waits for inventory, because inventory-1 is down because you crashed it"},
		{`{"scale":{"service":"payment","instances":0}}`, "waits for payment, because no instance of it runs"},
	} {
		labtest.Bubble(t, "", func(t *testing.T, w *labtest.World) {
			w.Do(test.do)
			id := w.Place("A").OrderID
			w.Later(2 * time.Second)
			waiting := w.At("orders").(map[string]any)[id].(map[string]any)["waiting"]
			assert.Contains(t, waiting, test.says)
			w.Do(`"heal"`)
			w.Do(`{"scale":{"service":"payment","instances":1}}`)
			w.Settled()
			assert.Empty(t, w.At("orders").(map[string]any)[id].(map[string]any)["waiting"])
		})
	}
}

// A service passes over what it does not need, however little it says; what is
// no event is refused in words that need no Go.
func TestLettersComeFromThoseWhoNeedTheEvent(t *testing.T) {
	labtest.Bubble(t, "", func(t *testing.T, w *labtest.World) {
		w.Do(`{"publish":{"topic":"orders","value":"{\"event_type\":\"OrderCompleted\"}"}}`)
		w.Settled()
		w.True(`dead_letters("orders","projector") == 1 && dead_letters("orders") == 1`)
		for value, says := range map[string]string{
			`[]`: "an event is a JSON object, not array",
			`{"event_type":"OrderCreated","timestamp":1714557600}`: "timestamp cannot be a JSON number",
			`{broken`: "not JSON: invalid character",
		} {
			w.Mark()
			w.Do(fmt.Sprintf(`{"publish":{"topic":"orders","value":%q}}`, value))
			w.Settled()
			w.Expect("dead_lettered payment " + says)
		}
	})
}

// Names that a stranger makes up do not fill the journal.
func TestEndlessNamesBecomeLetters(t *testing.T) {
	labtest.Bubble(t, "", func(t *testing.T, w *labtest.World) {
		long := strings.Repeat("L", 50_000)
		w.Mark()
		w.Do(fmt.Sprintf(`{"publish":{"topic":"orders","value":"{\"event_type\":\"OrderCreated\",\"data\":{\"order_id\":\"%s\"}}"}}`, long))
		w.Do(fmt.Sprintf(`{"publish":{"topic":"orders","value":"{\"event_type\":\"%s\"}"}}`, long))
		w.Settled()
		for _, why := range []string{"order_id", "event_type"} { // without keys, so in either order
			assert.Equal(t, 1, w.Count("dead_lettered payment "+why+" has 50000 bytes"))
		}
		for _, e := range w.Entries() {
			require.Less(t, len(e.Text)+len(e.EventType)+len(e.Order), 1000)
		}
	})
}

// A record as large as they come goes to the dead letters like any other.
func TestLargestRecordDoesNotBlockItsPartition(t *testing.T) {
	labtest.Bubble(t, "", func(t *testing.T, w *labtest.World) {
		w.Do(fmt.Sprintf(`{"publish":{"topic":"inventory","value":%q}}`, strings.Repeat("x", 1_000_000)))
		w.Settled()
		w.True(`dead_letters("inventory") == 4`)
	})
}

func TestStepSaysThatARetryWaits(t *testing.T) {
	labtest.Bubble(t, "", func(t *testing.T, w *labtest.World) {
		w.Do(`{"fail":{"service":"payment","times":2,"on":"OrderCreated"}}`)
		w.Do(`"freeze"`)
		w.Place("A")
		w.Later(time.Second)
		w.Do(`{"step":{"events":2}}`) // the projector's and payment's
		_, why := w.Refused(`"step"`)
		assert.Contains(t, why, "waits for its next try")
	})
}
