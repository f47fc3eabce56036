package lab_test

import (
	"fmt"
	"testing"
	"time"

	"eddy/lab"
	"eddy/lab/labtest"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestATransientFailureIsTriedAgain(t *testing.T) {
	labtest.Bubble(t, "", func(t *testing.T, w *labtest.World) {
		w.Do(`{"fail":{"service":"payment","times":2,"on":"OrderCreated","error":"the database is busy"}}`)
		w.Place("A")
		w.Settled()
		w.True(`order("A").status == "COMPLETED" && service("payment").failed == 2 && service("payment").retried == 2 && service("payment").handled == 1 && dead_letters("orders") == 0`)
		found := w.Expect("failed payment try 1 of 4: the database is busy", "retrying payment", "failed payment try 2 of 4", "retrying payment", "handling payment", "handled payment")
		first, second := found[1].Data.Try.NextMS, found[3].Data.Try.NextMS
		assert.InDelta(t, 180, first, 21, "200 ms, less a jitter of a fifth")
		assert.InDelta(t, 360, second, 41, "twice as long")
		assert.GreaterOrEqual(t, found[2].At-found[1].At, first)
		assert.Empty(t, w.At("faults"))
	})
}

func TestAPermanentFailureIsADeadLetterAtOnce(t *testing.T) {
	labtest.Bubble(t, "", func(t *testing.T, w *labtest.World) {
		w.Do(`{"fail":{"service":"payment","kind":"permanent","error":"no such customer"}}`)
		w.Place("A")
		w.Settled()
		w.True(`dead_letters("orders") == 1 && dead_letters("orders.dlq","payment-service") == 1 && dead_letters("orders","order") == 0 && service("payment").dead_lettered == 1 && service("payment").retried == 0`)
		letter := w.At("dead_letters", 0).(map[string]any)
		assert.EqualValues(t, 1, letter["attempts"])
		assert.Equal(t, "orders", letter["original_topic"])
		assert.Equal(t, "payment-service", letter["group"])
		assert.Equal(t, "no such customer", letter["error"])
		w.True(`invariant("every-order-ends") == "broken" && events("OrderCreated") == 1 && topic("orders.dlq").records == 1`)
		w.Expect("failed payment", "produced payment dead letter", "dead_lettered payment after 1 tries")
	})
}

func TestUsedUpRetriesAreADeadLetterAfterFourTries(t *testing.T) {
	labtest.Bubble(t, "", func(t *testing.T, w *labtest.World) {
		w.Do(`{"fail":{"service":"inventory","times":10,"on":"PaymentCompleted"}}`)
		w.Place("A")
		w.Settled()
		w.True(`service("inventory").failed == 4 && service("inventory").retried == 3 && dead_letters("payments","inventory") == 1`)
		assert.EqualValues(t, 4, w.At("dead_letters", 0, "attempts"))
		assert.EqualValues(t, 6, w.At("faults", 0, "left"))
	})
}

func TestRetriesCanBeSet(t *testing.T) {
	labtest.Bubble(t, `{"services":{"inventory":{"retries":0}}}`, func(t *testing.T, w *labtest.World) {
		w.Do(`{"fail":{"service":"inventory","rate":1}}`)
		w.Place("A")
		w.Settled()
		w.True(`service("inventory").failed == 1 && dead_letters("payments") == 1`)
		w.Do(`{"set":{"service":"inventory","retries":1}}`)
		w.Place("B")
		w.Settled()
		w.True(`service("inventory").failed == 3 && dead_letters("payments") == 2`)
	})
}

// A poison message holds up its own partition, and no other.
func TestWithoutDeadLettersAPartitionIsBlockedAndTheOthersGoOn(t *testing.T) {
	labtest.Bubble(t, `{"services":{"payment":{"dead_letter":false}}}`, func(t *testing.T, w *labtest.World) {
		poisoned := w.Do(`{"publish":{"topic":"orders","partition":0,"value":"{broken"}}`)
		w.Until(`service("payment").state == "blocked"`, 5*time.Second)
		assert.Contains(t, w.At("services", "payment", "because"), "orders partition 0 is blocked because offset 0 fails")
		assert.Greater(t, w.At("services", "payment", "because_seq"), float64(poisoned.Seq))
		w.Do(`{"burst":{"orders":12,"rate":20}}`)
		w.Later(20 * time.Second)
		w.True(`service("payment").state == "blocked" && !settled && lag("payment","orders") > 0 && dead_letters("orders","payment") == 0`)
		w.True(`count(orders, .status == "COMPLETED") > 0 && committed("payment","orders",0) == -1`)
		seen := 0
		for _, e := range w.After(w.Expect("retrying payment")[0].Seq) {
			if e.Kind == lab.KindHandled && e.Service == "payment" {
				raw, err := w.BoardAt(e.Seq)
				require.NoError(t, err)
				services := labtest.Parse(t, raw)["services"].(map[string]any)
				require.Equal(t, "blocked", services["payment"].(map[string]any)["state"], "the others go on, and it stays blocked")
				seen++
			}
		}
		assert.Positive(t, seen)
		w.Do(`{"set":{"service":"payment","dead_letter":true}}`)
		w.Settled()
		w.True(`service("payment").state == "running" && dead_letters("orders","payment") == 1 && count(orders, .status == "COMPLETED") == 12`)
		assert.Equal(t, "", w.At("services", "payment", "because"))
	})
}

func TestHealingUnblocksAPartition(t *testing.T) {
	labtest.Bubble(t, `{"services":{"payment":{"dead_letter":false}}}`, func(t *testing.T, w *labtest.World) {
		w.Do(`{"fail":{"service":"payment","rate":1,"on":"OrderCreated"}}`)
		w.Expect("fault payment fails at OrderCreated, every time (transient)")
		w.Place("A")
		w.Until(`service("payment").failed >= 5 && service("payment").state == "blocked"`, time.Minute)
		w.Do(`{"heal":"payment"}`)
		w.Settled()
		w.True(`service("payment").state == "running" && order("A").status == "COMPLETED"`)
	})
}

func TestAPausedServiceStaysInItsGroupAndHandlesNothing(t *testing.T) {
	labtest.Bubble(t, "", func(t *testing.T, w *labtest.World) {
		w.Do(`{"pause":"payment"}`)
		w.Place("A")
		w.Later(time.Minute)
		w.True(`service("payment").state == "paused" && members("payment") == 1 && lag("payment") == 1 && !settled`)
		w.Never("handling payment", "member_left")
		w.Refused(`{"pause":"payment"}`)
		w.Do(`{"resume":"payment"}`)
		w.Settled()
		w.True(`service("payment").state == "running" && order("A").status == "COMPLETED"`)
		w.Refused(`{"resume":"payment"}`)
		assert.Empty(t, w.At("faults"))
	})
}

// Whatever state an instance is in, healing lets it work.
func TestHealingRunsWhatWasPausedAndThenCrashed(t *testing.T) {
	labtest.Bubble(t, "", func(t *testing.T, w *labtest.World) {
		w.Do(`{"pause":"payment"}`)
		w.Do(`{"crash":"payment"}`)
		w.Place("A")
		w.Do(`"heal"`)
		w.Settled()
		w.True(`service("payment").state == "running" && order("A").status == "COMPLETED"`)
		assert.Empty(t, w.At("faults"))
	})
}

func TestSlowAddsToEveryMessageUntilItIsCleared(t *testing.T) {
	labtest.Bubble(t, "", func(t *testing.T, w *labtest.World) {
		w.Do(`{"slow":{"service":"payment","by":"3s"}}`)
		w.Place("A")
		w.Later(2900 * time.Millisecond)
		w.True(`order("A").charges == 0`)
		w.Later(200 * time.Millisecond)
		w.True(`order("A").charges == 1`)
		w.Settled()
		w.Do(`{"slow":{"service":"payment","by":"0s"}}`)
		w.Place("B")
		w.Later(200 * time.Millisecond)
		w.True(`order("B").charges == 1`)
		assert.Empty(t, w.At("faults"))
	})
}

// Each group that reads a topic gives up for itself.
func TestWhatIsNoEventIsADeadLetterOfEveryGroupThatReadsIt(t *testing.T) {
	for name, value := range map[string]string{
		"not JSON": `{"event_id": 1,`, "empty": "", "an unknown type": `{"event_id":"1","event_type":"OrderTeleported","data":{"order_id":"x"}}`,
		"JSON of another shape": `[1,2,3]`, "no data": `{"event_type":"OrderCreated"}`, "not a record of ours": `null`,
	} {
		t.Run(name, func(t *testing.T) {
			labtest.Bubble(t, "", func(t *testing.T, w *labtest.World) {
				w.Do(fmt.Sprintf(`{"publish":{"topic":"orders","key":"k","value":%q}}`, value))
				w.Settled()
				w.True(`dead_letters("orders") == 3 && dead_letters("orders","order") == 1 && dead_letters("orders","payment") == 1 && dead_letters("orders","projector") == 1`)
				w.True(`len(broken) == 0 && len(orders) == 0 && lag("order") == 0`)
				for i := range 3 {
					assert.EqualValues(t, 1, w.At("dead_letters", i, "attempts"))
					assert.EqualValues(t, 0, w.At("dead_letters", i, "original_offset"))
				}
				w.Place("A")
				w.Settled()
				w.True(`order("A").status == "COMPLETED"`)
			})
		})
	}
}

// A producer of another team: numbers for ids, other names, nothing optional.
func TestEventsFromOutsideAreUnderstoodAndAdopted(t *testing.T) {
	labtest.Bubble(t, "", func(t *testing.T, w *labtest.World) {
		w.Do(`{"publish":{"topic":"orders","value":"{\"event_id\":17,\"event_type\":\"OrderCreated\",\"timestamp\":\"2024-05-01T10:00:00\",\"data\":{\"order_id\":100,\"user_id\":7,\"items\":[{\"name\":\"Mouse\",\"qty\":2}],\"total\":5000}}"}}`)
		w.Settled()
		w.True(`order("100").status == "COMPLETED" && order("100").source == "outside" && order("100").total == 5000 && order("100").charges == 1 && order("100").charged == 5000 && order("100").notifications == 1 && order("100").version == 4`)
		w.True(`stock("mouse") == 98 && read("100").status == "COMPLETED" && read("100").user_name == "Gia Tran" && len(orders) == 1 && len(broken) == 0`)
		w.True(`events("OrderCreated","100") == 1 && events("OrderCompleted","100") == 1`)
	})
}

// Whoever handles it first, the board counts an order from outside as any other.
func TestAnOrderFromOutsideCountsEvenWhereItIsChargedBeforeItIsAdopted(t *testing.T) {
	labtest.Bubble(t, `{"services":{"payment":{"idempotent":false}}}`, func(t *testing.T, w *labtest.World) {
		w.Do(`{"pause":"order"}`)
		w.Do(`{"publish":{"event":"OrderCreated","order":"stranger"}}`)
		w.Until(`service("payment").handled == 1 && service("notification").handled == 1`, 5*time.Second)
		w.True(`len(orders) == 0`)
		w.Do(`{"duplicate":{"event":"OrderCreated","order":"stranger"}}`)
		w.Until(`service("payment").handled == 2`, 5*time.Second)
		w.Do(`{"resume":"order"}`)
		w.Settled()
		w.True(`order("stranger").charges == 2 && order("stranger").charged == 5000 && order("stranger").notifications == 1 && broken == ["no-double-charge"]`)
	})
}

func TestAnUnknownProductFromOutsideEndsInARefund(t *testing.T) {
	labtest.Bubble(t, "", func(t *testing.T, w *labtest.World) {
		w.Do(`{"publish":{"topic":"orders","key":"7","value":"{\"event_type\":\"OrderCreated\",\"data\":{\"order_id\":\"X\",\"user_id\":\"7\",\"items\":[{\"sku\":\"sofa\",\"qty\":1,\"price\":700}]}}"}}`)
		w.Settled()
		w.True(`order("X").status == "CANCELLED" && order("X").charged == 700 && order("X").net == 0 && events("StockReservationFailed","X") == 1 && len(broken) == 0`)
		assert.Equal(t, "unknown_sku", w.At("orders", "X", "reason"))
	})
}

func TestADuplicateIsSkippedByWhoeverKeepsAnInbox(t *testing.T) {
	labtest.Bubble(t, "", func(t *testing.T, w *labtest.World) {
		w.Place("A")
		w.Settled()
		handled := w.Eval(`service("payment").handled`)
		w.Do(`{"duplicate":{"event":"OrderCreated","order":"A"}}`)
		w.Do(`{"duplicate":{"topic":"payments","partition":2,"offset":0}}`)
		w.Settled()
		w.True(`events("OrderCreated","A") == 2 && service("payment").skipped_duplicates == 1 && order("A").charges == 1 && len(broken) == 0`)
		w.True(`service("inventory").skipped_duplicates == 1 && service("order").skipped_duplicates == 1 && service("projector").skipped_duplicates == 2`)
		assert.Equal(t, handled, w.Eval(`service("payment").handled`), "a skip is not handled")
		record := w.At("tapes", "orders", 2, "records", 2).(map[string]any)
		assert.Equal(t, true, record["duplicate"])
		assert.EqualValues(t, 0, record["copy_of"])
		w.Refused(`{"duplicate":{"topic":"payments","partition":2,"offset":9}}`)
		w.Refused(`{"duplicate":{"event":"PaymentFailed","order":"A"}}`)
	})
}

func TestARecordThatIsTooLargeIsRefusedWithASentence(t *testing.T) {
	labtest.Bubble(t, "", func(t *testing.T, w *labtest.World) {
		big := make([]byte, 2_000_000)
		for i := range big {
			big[i] = 'x'
		}
		for _, action := range []string{
			`{"publish":{"topic":"orders","value":"` + string(big) + `"}}`,
			`{"publish":{"topic":"orders","key":"` + string(big) + `"}}`,
			`{"publish":{"topic":"orders","headers":{"h":"` + string(big) + `"}}}`,
		} {
			code, why := w.Refused(action)
			assert.Equal(t, lab.Invalid, code)
			assert.Contains(t, why, "bytes")
		}
		w.True(`topic("orders").records == 0`)
	})
}

// The lesson of schemas: version 1 has no currency, and somebody must say so.
func TestVersionOneFailsWithoutAnUpcaster(t *testing.T) {
	for _, upcast := range []bool{true, false} {
		t.Run(fmt.Sprintf("upcast %v", upcast), func(t *testing.T) {
			labtest.Bubble(t, fmt.Sprintf(`{"services":{"order":{"schema_version":1},"payment":{"upcast":%v}}}`, upcast), func(t *testing.T, w *labtest.World) {
				w.Place("A")
				w.Settled()
				if upcast {
					w.True(`order("A").status == "COMPLETED" && len(broken) == 0`)
					assert.EqualValues(t, 1, w.At("tapes", "orders", 2, "records", 0, "schema_version"))
					return
				}
				w.True(`order("A").status == "CREATED" && service("payment").failed == 4 && dead_letters("orders","payment") == 1 && broken == ["every-order-ends"]`)
				assert.Contains(t, w.At("dead_letters", 0, "error"), "version 1")
				w.Do(`{"set":{"service":"order","schema_version":2}}`)
				w.Place("B")
				w.Settled()
				w.True(`order("B").status == "COMPLETED"`)
			})
		})
	}
}

// Events made by hand have the form that the shop itself would give them.
func TestPublishedEventsAreProperEnvelopes(t *testing.T) {
	labtest.Bubble(t, `{"services":{"payment":{"upcast":false}}}`, func(t *testing.T, w *labtest.World) {
		w.Do(`{"publish":{"event":"OrderCreated","order":"H"}}`)
		w.Settled()
		w.True(`order("H").status == "COMPLETED" && order("H").source == "outside" && len(broken) == 0`)
		w.Do(`{"publish":{"event":"PaymentCompleted","order":"H","headers":{"who":"me"}}}`)
		w.Settled()
		w.True(`events("PaymentCompleted","H") == 2 && order("H").charges == 1 && order("H").notifications == 1`)
		w.Do(`{"publish":{"topic":"orders","key":"7","value":{"event_type":"OrderCreated","version":2,"data":{"order_id":"J","user_id":7,"items":[{"sku":"cable"}]}}}}`)
		w.Settled()
		w.True(`order("J").status == "COMPLETED"`) // a value may be JSON as it stands
		w.Refused(`{"publish":{"event":"OrderTeleported"}}`)
		w.Refused(`{"publish":{"event":"OrderCreated","value":"x"}}`)
		w.Refused(`{"publish":{"value":"x"}}`)
		w.Refused(`{"publish":{"topic":"nothing","value":"x"}}`)
		w.Refused(`{"publish":{"topic":"orders","partition":3,"value":"x"}}`)
	})
}

// An event that is tried again may have become needless meanwhile. The lab does
// not wait for it for ever.
func TestARetryThatIsNotNeededAnyMoreEnds(t *testing.T) {
	labtest.Bubble(t, "", func(t *testing.T, w *labtest.World) {
		w.Do(`{"fail":{"service":"order","on":"OrderCreated"}}`)
		w.Do(`{"publish":{"event":"OrderCreated","order":"new"}}`)
		w.Settled()
		w.Expect("retrying order OrderCreated", "skipped order not needed any more")
		w.True(`order("new").status == "COMPLETED" && service("order").state == "running"`)
	})
}
