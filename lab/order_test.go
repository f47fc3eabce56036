package lab_test

import (
	"fmt"
	"testing"
	"time"

	"eddy/lab/labtest"

	"github.com/stretchr/testify/assert"
)

// used counts the partitions of orders that have records.
func used(w *labtest.World) (n int) {
	for p := range 3 {
		if w.Eval(fmt.Sprintf(`topic("orders").partitions[%d].end`, p)).(int) > 0 {
			n++
		}
	}
	return n
}

// The key decides the partition, and the partition is what keeps an order.
func TestTheKeyDecidesWhichRecordsShareAPartition(t *testing.T) {
	for key, want := range map[string]int{"user": 1, "order": 3, "none": 3} {
		t.Run(key, func(t *testing.T) {
			t.Parallel()
			labtest.Bubble(t, `{"work":"0s","key":"`+key+`"}`, func(t *testing.T, w *labtest.World) {
				w.Do(`{"burst":{"orders":9,"rate":100,"users":1}}`)
				w.Settled()
				assert.Equal(t, want, used(w))
				w.True(`count(orders, .status == "COMPLETED") == 9`)
				if key == "user" {
					w.True(`len(broken) == 0`)
				}
				if key == "order" {
					w.True(`invariant("per-key-order") == "holds"`)
				}
			})
		})
	}
}

func TestTheKeyCanBeSetWhileTheLabRuns(t *testing.T) {
	labtest.Bubble(t, `{"work":"0s"}`, func(t *testing.T, w *labtest.World) {
		w.Do(`{"set":{"key":"none"}}`)
		w.Do(`{"burst":{"orders":6,"rate":100,"users":1}}`)
		w.Settled()
		assert.Equal(t, 3, used(w))
		assert.Equal(t, "none", w.At("settings", "key"))
	})
}

// Round robin spreads the events of one order over partitions, and three
// instances handle them side by side: the slow one handles the older one last.
func TestWithoutAKeyTheOrderOfEventsIsLost(t *testing.T) {
	for key, want := range map[string]string{"none": "broken", "user": "holds"} {
		t.Run(key, func(t *testing.T) {
			labtest.Bubble(t, `{"key":"`+key+`","services":{"payment":{"instances":3,"balancer":"range"}}}`, func(t *testing.T, w *labtest.World) {
				w.Until(`members("payment") == 3`, 10*time.Second)
				w.Settled()
				// Each instance is busy for a different time.
				for i := 1; i <= 32; i++ {
					w.Do(fmt.Sprintf(`{"place_order":{"as":"O%d","user":"user-1","items":[{"sku":"mouse","qty":1}]}}`, i))
					if i%4 == 0 {
						w.Do(fmt.Sprintf(`{"cancel_order":"O%d"}`, i))
					}
				}
				w.Settled()
				w.True(`invariant("per-key-order") == "holds" || invariant("per-user-order") == "broken"`)
				w.True(fmt.Sprintf(`invariant("per-key-order") == %q`, want))
				if want == "broken" {
					assert.Len(t, w.At("invariants", "per-key-order", "evidence"), 4)
				}
			})
		})
	}
}

func TestAPartitionKeepsTheOrderOfAUserWhateverIsRedelivered(t *testing.T) {
	labtest.Bubble(t, `{"work":"10ms","services":{"payment":{"idempotent":false}}}`, func(t *testing.T, w *labtest.World) {
		w.Do(`{"burst":{"orders":80,"rate":200,"users":1}}`)
		w.Do(`{"crash":{"service":"payment","at":"after_handle","on":"OrderCreated"}}`)
		w.Until(`service("payment").crashes == 1`, 10*time.Second)
		w.Do(`{"restart":"payment"}`)
		w.Settled()
		w.Do(`{"duplicate":{"topic":"orders","partition":2,"offset":0}}`)
		w.Settled()
		w.True(`invariant("per-key-order") == "holds" && invariant("per-user-order") == "holds" && invariant("no-double-charge") == "broken"`)
	})
}

func TestProducersWithOtherAcksStillDeliver(t *testing.T) {
	for _, acks := range []string{"leader", "none"} {
		t.Run(acks, func(t *testing.T) {
			labtest.Bubble(t, `{"services":{"order":{"acks":"`+acks+`"},"payment":{"acks":"`+acks+`"}}}`, func(t *testing.T, w *labtest.World) {
				assert.Equal(t, false, w.At("settings", "services", "payment", "idempotent_producer"))
				assert.Equal(t, true, w.At("settings", "services", "inventory", "idempotent_producer"))
				w.Do(`{"burst":{"orders":5,"rate":100}}`)
				w.Settled()
				w.True(`count(orders, .status == "COMPLETED") == 5 && len(broken) == 0 && topic("orders").records == 10`)
			})
		})
	}
}

// Whoever writes events from outside names orders as he likes, and may take
// the number that the lab would have given to its next one.
func TestAnOrderFromOutsideMayTakeTheNextNumber(t *testing.T) {
	labtest.Bubble(t, "", func(t *testing.T, w *labtest.World) {
		for _, id := range []string{"o-1", "o-3"} {
			w.Do(`{"publish":{"event":"OrderCreated","order":"` + id + `"}}`)
		}
		w.Settled()
		w.True(`order("o-1").source == "outside" && len(orders) == 2`)
		assert.Equal(t, "o-2", w.Place("A").OrderID)
		w.Do(`{"burst":{"orders":2,"rate":10}}`)
		w.Settled()
		w.True(`len(orders) == 5 && all(orders, .status == "COMPLETED") && order("A").source == "shop"`)
	})
}

// An order from outside may be about nothing. It is reserved and released like
// any other.
func TestAnOrderWithoutItemsGivesNothingBack(t *testing.T) {
	labtest.Bubble(t, "", func(t *testing.T, w *labtest.World) {
		w.Do(`{"publish":{"topic":"orders","value":"{\"event_type\":\"OrderCreated\",\"data\":{\"order_id\":7,\"user_id\":7,\"items\":[]}}"}}`)
		w.Settled()
		w.True(`order("7").status == "COMPLETED" && events("StockReserved", "7") == 1`)
		w.Do(`{"publish":{"event":"PaymentRefunded","order":"7"}}`)
		w.Settled()
		w.True(`events("StockReleased", "7") == 1 && stock("mouse") == 100`)
	})
}
