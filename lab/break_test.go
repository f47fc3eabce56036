package lab_test

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"eddy/lab"
	"eddy/lab/labtest"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// heldMessage is the one message that the board says is held.
func heldMessage(t *testing.T, w *labtest.World) map[string]any {
	t.Helper()
	list := w.At("held").([]any)
	require.Len(t, list, 1)
	return list[0].(map[string]any)
}

// stopped waits until a breakpoint has stopped the lab.
func stopped(t *testing.T, w *labtest.World) map[string]any {
	t.Helper()
	for range 100 {
		if w.At("state") == "frozen" {
			return heldMessage(t, w)
		}
		w.Later(100 * time.Millisecond)
	}
	require.Fail(t, "the lab was not stopped")
	return nil
}

func TestABreakpointStopsTheLabBeforeTheHandlerAndShowsTheMessage(t *testing.T) {
	labtest.Bubble(t, "", func(t *testing.T, w *labtest.World) {
		set := w.Do(`{"break_on":{"event":"OrderCreated","service":"payment","order":"B"}}`)
		w.Place("A")
		w.Settled()
		w.True(`order("A").status == "COMPLETED"`) // it is about B only
		w.Place("B")
		h := stopped(t, w)
		assert.Equal(t, "OrderCreated", h["event_type"])
		assert.Equal(t, "payment", h["service"])
		assert.Equal(t, "user-1", h["key"])
		assert.Contains(t, h["value"], `"total_amount":2500`)
		assert.InDelta(t, set.Seq, h["breakpoint"], 0)
		assert.InDelta(t, set.Seq, w.At("breakpoints", 0, "id"), 0)
		w.Expect("frozen payment a breakpoint waits for OrderCreated of order B at payment")
		generation := w.At("groups", "payment-service", "generation")
		w.Later(time.Hour)
		w.True(`order("B").charges == 0 && !settled && members("payment") == 1`)
		assert.Equal(t, generation, w.At("groups", "payment-service", "generation"))

		w.Do(`{"held":"go"}`)
		assert.Equal(t, "live", w.At("state"))
		assert.Empty(t, w.At("held"))
		w.Settled()
		w.True(`order("B").status == "COMPLETED" && order("B").charges == 1 && len(broken) == 0`)
		w.Do(`"unbreak"`)
		assert.Empty(t, w.At("breakpoints"))
		w.Refused(`"unbreak"`)
	})
}

func TestTheConditionOfABreakpointSeesTheMessageAndTheBoard(t *testing.T) {
	labtest.Bubble(t, "", func(t *testing.T, w *labtest.World) {
		w.Do(`{"break_on":{"service":"payment","when":"message.event_type == 'OrderCreated' && message.data.total_amount > 4000 && any(message.data.items, .sku == 'keyboard') && message.headers['correlation-id'] == message.order && len(orders) >= 2"}}`)
		w.Place("A")
		w.Settled()
		w.Do(`{"place_order":{"as":"B","user":"user-2","items":[{"sku":"keyboard","qty":1}]}}`)
		assert.Equal(t, "o-2", stopped(t, w)["order"])
		w.Do(`"thaw"`)
		w.Settled()
		w.True(`order("B").status == "COMPLETED"`)
	})
}

// A condition that does not fit a message says so once, and stops nothing.
func TestAConditionThatCannotBeAskedIsSaidOnce(t *testing.T) {
	labtest.Bubble(t, "", func(t *testing.T, w *labtest.World) {
		w.Do(`{"break_on":{"when":"message.data.nothing.here > 1"}}`)
		w.Place("A")
		w.Settled()
		assert.Equal(t, 1, w.Count("note - condition cannot be asked"))
	})
}

func TestAHeldMessageIsDroppedAsIfItHadBeenHandled(t *testing.T) {
	labtest.Bubble(t, "", func(t *testing.T, w *labtest.World) {
		w.Do(`{"break_on":{"event":"PaymentCompleted","service":"inventory"}}`)
		w.Place("A")
		h := stopped(t, w)
		w.Do(`{"held":"drop"}`)
		w.Settled()
		w.True(`order("A").status == "PAID" && stock("mouse") == 100 && lag("inventory") == 0 && service("inventory").handled == 0 && broken == ["every-order-ends"]`)
		assert.Equal(t, "dropped", w.At("tapes", "payments", int(h["partition"].(float64)), "records", 0, "done", "inventory-service"))
		w.Never("handling inventory")
	})
}

// The log keeps what it has: what was changed is in the hand only.
func TestAHeldMessageIsChangedForItsReaderAndNotOnTheLog(t *testing.T) {
	labtest.Bubble(t, "", func(t *testing.T, w *labtest.World) {
		w.Do(`{"break_on":{"event":"OrderCreated","service":"payment"}}`)
		w.Place("A")
		value := stopped(t, w)["value"].(string)
		changed := strings.Replace(value, `"total_amount":2500`, `"total_amount":9900`, 1)
		require.NotEqual(t, value, changed)
		w.Do(`{"fail":{"service":"payment","times":1}}`) // another try has the same in hand
		w.Do(`{"held":{"do":"change","value":` + changed + `}}`)
		stopped(t, w)
		w.Do(`{"held":"go"}`)
		w.Settled()
		w.True(`order("A").charged == 9900 && order("A").total == 2500`)
		for _, p := range w.At("tapes", "orders").(map[string]any) {
			for _, r := range p.(map[string]any)["records"].(map[string]any) {
				assert.Contains(t, r.(map[string]any)["value"], `"total_amount":2500`)
			}
		}
	})
}

func TestAHeldMessageThatIsChangedIntoNonsenseBecomesADeadLetter(t *testing.T) {
	labtest.Bubble(t, "", func(t *testing.T, w *labtest.World) {
		w.Do(`{"break_on":{"event":"OrderCreated","service":"payment"}}`)
		w.Place("A")
		stopped(t, w)
		w.Do(`{"held":{"do":"change","value":"{oops"}}`)
		w.Settled()
		w.True(`dead_letters("orders","payment") == 1 && order("A").charges == 0`)
		// And into something that the service has no need of.
		w.Place("B")
		stopped(t, w)
		w.Do(`{"held":{"do":"change","value":{"event_id":"x","event_type":"OrderCompleted","data":{"order_id":"o-2"}}}}`)
		w.Settled()
		w.True(`order("B").charges == 0 && lag("payment") == 0`)
	})
}

func TestAHeldMessageIsDoubledOnTheLog(t *testing.T) {
	for settings, charges := range map[string]string{"": "1", `{"services":{"payment":{"idempotent":false}}}`: "2"} {
		labtest.Bubble(t, settings, func(t *testing.T, w *labtest.World) {
			w.Do(`{"break_on":{"event":"OrderCreated","service":"payment"}}`)
			w.Place("A")
			stopped(t, w)
			w.Do(`{"held":"duplicate"}`)
			stopped(t, w)
			w.Do(`{"unbreak":{"event":"OrderCreated"}}`)
			w.Do(`"thaw"`)
			w.Settled()
			w.True(`events("OrderCreated","A") == 2 && order("A").charges == ` + charges)
		})
	}
}

// Who froze the lab beside the breakpoint keeps it frozen.
func TestAHeldMessageIsStepped(t *testing.T) {
	labtest.Bubble(t, `{"services":{"payment":{"work":"10s"}}}`, func(t *testing.T, w *labtest.World) {
		w.Do(`{"scale":{"service":"projector","instances":0}}`)
		w.Do(`{"break_on":{"service":"payment"}}`)
		w.Place("A")
		stopped(t, w)
		w.Do(`"step"`)
		w.True(`order("A").charges == 1`)
		assert.Equal(t, "frozen", w.At("state"))
		assert.Empty(t, w.At("held"))
		w.Do(`"thaw"`)
		w.Place("B")
		stopped(t, w)
		w.Do(`"freeze"`)
		w.Do(`{"held":"go"}`)
		w.True(`order("B").charges == 1`)
		assert.Equal(t, "frozen", w.At("state"))
		w.Do(`"thaw"`)
		w.Until(`order("A").status == "COMPLETED" && order("B").status == "COMPLETED"`, time.Minute)
	})
}

func TestAHeldMessageOfACrashedInstanceComesAgain(t *testing.T) {
	labtest.Bubble(t, "", func(t *testing.T, w *labtest.World) {
		w.Do(`{"break_on":"OrderCreated"}`)
		w.Do(`{"unbreak":{"event":"OrderCreated"}}`)
		w.Do(`{"break_on":{"event":"OrderCreated","service":"payment"}}`)
		w.Place("A")
		stopped(t, w)
		w.Do(`{"crash":"payment"}`)
		w.Later(time.Second)
		assert.Empty(t, w.At("held"))
		assert.Equal(t, "frozen", w.At("state"))
		code, why := w.Refused(`{"held":"go"}`)
		assert.Equal(t, lab.Conflict, code)
		assert.Contains(t, why, "break_on")
		w.Do(`"thaw"`)
		w.Do(`"heal"`)
		stopped(t, w)
		w.Do(`{"held":"go"}`)
		w.Settled()
		w.True(`order("A").charges == 1 && order("A").status == "COMPLETED"`)
	})
}

// Work that is committed in batches is committed before the lab stops.
func TestABreakpointFindsEverythingBeforeItCommitted(t *testing.T) {
	labtest.Bubble(t, `{"work":"0s"}`, func(t *testing.T, w *labtest.World) {
		w.Do(`{"break_on":{"event":"OrderCompleted","service":"projector","order":"C"}}`)
		for _, name := range []string{"A", "B", "C"} {
			w.Place(name)
		}
		h := stopped(t, w)
		w.Later(time.Second)
		assert.InDelta(t, h["offset"], w.Eval(`committed("projector","orders",`+jsonOf(h["partition"])+`)`), 0)
	})
}

func jsonOf(v any) string {
	raw, _ := json.Marshal(v)
	return string(raw)
}

func TestBreakpointsThatMakeNoSenseAreRefused(t *testing.T) {
	labtest.Bubble(t, "", func(t *testing.T, w *labtest.World) {
		for action, want := range map[string]string{
			`{"break_on":{"event":"OrderShipped"}}`:                                 "OrderCreated",
			`{"break_on":{"event":"PlaceOrder"}}`:                                   "no message",
			`{"break_on":{"event":"NotificationSent","service":"payment"}}`:         "OrderCreated",
			`{"break_on":{"service":"kitchen"}}`:                                    "payment",
			`{"break_on":{"when":"message.colour == 1"}}`:                           "event_type",
			`{"break_on":{"when":"message.offset"}}`:                                "true or false",
			`{"break_on":{"when":"settled"}}`:                                       "settled",
			`{"wait_until":{"expr":"message.offset == 1"}}`:                         "breakpoint",
			`{"held":{"do":"eat"}}`:                                                 "go, change, drop, duplicate",
			`{"held":{"do":"change"}}`:                                              "value",
			`{"held":{"do":"go","value":"x"}}`:                                      "change",
			`{"held":"go"}`:                                                         "break_on",
			`{"unbreak":{"event":"OrderCreated"}}`:                                  "no breakpoint",
			`{"held":{"do":"change","value":"` + strings.Repeat("x", 1<<20) + `"}}`: "at most",
		} {
			_, why := w.Refused(action)
			assert.Contains(t, why, want, "%.80s", action)
		}
		w.Do(`{"break_on":"OrderCreated"}`)
		w.Refused(`{"break_on":"OrderCreated"}`)
		w.Refused(`{"unbreak":{"event":"OrderCompleted"}}`)
	})
}
