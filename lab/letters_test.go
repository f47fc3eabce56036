package lab_test

import (
	"testing"
	"time"

	"eddy/lab"
	"eddy/lab/labtest"

	"github.com/stretchr/testify/assert"
)

// letterOf makes payment give up the OrderCreated of A, and returns its place.
func letterOf(t *testing.T, w *labtest.World) (partition int) {
	t.Helper()
	w.Do(`{"fail":{"service":"payment","kind":"permanent"}}`)
	w.Place("A")
	w.Until(`dead_letters("orders") == 1`, 10*time.Second)
	letter := w.At("dead_letters", 0).(map[string]any)
	assert.Equal(t, "made to fail", letter["error"])
	assert.NotEmpty(t, w.At("alerts"))
	return int(letter["partition"].(float64))
}

// The copy comes last, under its own event id and with its story in headers.
func TestARedrivenLetterIsHandledAsIfItHadNeverFailed(t *testing.T) {
	labtest.Bubble(t, "", func(t *testing.T, w *labtest.World) {
		letterOf(t, w)
		w.Settled()
		w.True(`order("A").status == "CREATED" && invariant("every-order-ends") == "broken"`)
		w.Do(`{"redrive":{"topic":"orders.dlq","all":true}}`)
		w.Settled()
		w.True(`order("A").status == "COMPLETED" && order("A").charges == 1 && dead_letters("orders") == 0 && len(broken) == 0 && events("OrderCreated","A") == 2`)
		assert.Equal(t, "redriven", w.At("dead_letters", 0, "state"))
		assert.Empty(t, w.At("alerts"))
		copied := w.At("tapes", "orders", 2, "records", 1).(map[string]any)
		assert.Equal(t, true, copied["duplicate"])
		for name, want := range map[string]string{"attempts": "1", "original-topic": "orders", "original-partition": "2", "original-offset": "0", "correlation-id": "o-1"} {
			assert.Equal(t, want, copied["headers"].(map[string]any)[name], name)
		}
		code, why := w.Refused(`{"redrive":{"topic":"orders.dlq","partition":2,"offset":0}}`)
		assert.Equal(t, lab.Conflict, code)
		assert.Contains(t, why, "redriven already")
	})
}

// A letter that was not repaired is a letter again; a repaired one is not.
func TestALetterIsRepairedWhileItIsRedriven(t *testing.T) {
	labtest.Bubble(t, "", func(t *testing.T, w *labtest.World) {
		w.Do(`{"publish":{"topic":"orders","key":"user-1","value":"{oops","partition":2}}`)
		w.Until(`dead_letters("orders","payment") == 1 && dead_letters("orders") == 3`, 10*time.Second) // each group writes its own
		w.Do(`{"redrive":{"topic":"orders.dlq","partition":2,"offset":0}}`)
		w.Settled()
		w.True(`dead_letters("orders") == 5`)
		w.Do(`{"redrive":{"topic":"orders.dlq","partition":2,"offset":1,"value":{"event_id":"e-1","event_type":"OrderCreated","data":{"order_id":"9","user_id":"user-1","items":[{"sku":"mouse","qty":1}]}}}}`)
		w.Settled()
		w.True(`dead_letters("orders") == 4 && order("9").status == "COMPLETED"`)
	})
}

// What came after it was handled first: the order within a key is broken.
func TestARedrivenLetterComesOutOfOrder(t *testing.T) {
	labtest.Bubble(t, "", func(t *testing.T, w *labtest.World) {
		letterOf(t, w)
		w.Place("B")
		w.Settled()
		w.Do(`{"redrive":{"topic":"orders.dlq","all":true}}`)
		w.Settled()
		w.True(`order("A").status == "COMPLETED" && order("B").status == "COMPLETED" && broken == ["per-user-order"]`)
	})
}

func TestADiscardedLetterIsGoneForGood(t *testing.T) {
	labtest.Bubble(t, "", func(t *testing.T, w *labtest.World) {
		p := letterOf(t, w)
		w.Do(`{"discard":{"topic":"orders.dlq","partition":` + jsonOf(p) + `,"offset":0}}`)
		w.True(`dead_letters("orders") == 0`)
		w.Expect("note - discarded for good")
		w.Do(`"heal"`)
		_, why := w.Refused(`{"redrive":{"topic":"orders.dlq","partition":2,"offset":0}}`)
		assert.Contains(t, why, "discarded already")
		w.Settled()
		w.True(`order("A").status == "CREATED" && topic("orders.dlq").records == 1`)
	})
}

func TestLettersThatAreNotThereAreRefused(t *testing.T) {
	labtest.Bubble(t, "", func(t *testing.T, w *labtest.World) {
		for action, want := range map[string]string{
			`{"redrive":"orders"}`:                                      ".dlq",
			`{"redrive":"orders.dlq"}`:                                  "all: true",
			`{"redrive":{"topic":"shoes.dlq","all":true}}`:              "there is no topic",
			`{"discard":{"topic":"orders.dlq","all":true}}`:             "no letter waits",
			`{"discard":{"topic":"orders.dlq","offset":3}}`:             "no letter at",
			`{"redrive":{"topic":"orders.dlq","all":true,"offset":1}}`:  "all: true",
			`{"discard":{"topic":"orders.dlq","all":true,"value":"x"}}`: "partition",
		} {
			_, why := w.Refused(action)
			assert.Contains(t, why, want, action)
		}
		letterOf(t, w)
		_, why := w.Refused(`{"redrive":{"topic":"orders.dlq","all":true,"value":"x"}}`)
		assert.Contains(t, why, "one letter")
	})
}
