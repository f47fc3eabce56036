package lab_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"eddy/lab"
	"eddy/lab/labtest"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// why asks, and checks what holds for every answer: each link is older than the
// one that it explains, and what is not the end is not a beginning.
func why(t *testing.T, w *labtest.World, q lab.Question) lab.Answer {
	t.Helper()
	a, err := w.Why(q)
	require.NoError(t, err, "%+v", q)
	require.NotEmpty(t, a.Chain)
	require.LessOrEqual(t, len(a.Chain), 14)
	newer := w.Head() + 1
	for i, link := range a.Chain {
		require.NotEmpty(t, link.Text)
		if link.Seq == 0 {
			continue
		}
		if i != 1 { // a state may be older than what keeps it from changing
			require.LessOrEqual(t, link.Seq, newer, "%s", a.Sentence)
		}
		if i > 0 {
			require.NotEqual(t, a.Chain[i-1].Text, link.Text, "said twice")
		}
		newer = link.Seq
	}
	if last := a.Chain[len(a.Chain)-1]; a.Ends == "action" {
		e, _ := w.Lab.Entries(last.Seq, last.Seq, 1)
		require.True(t, begins(e[0]), "%s", a.Sentence)
	}
	return a
}

// texts are the links of an answer, one a line.
func texts(a lab.Answer) (lines []string) {
	for _, link := range a.Chain {
		lines = append(lines, link.Text)
	}
	return lines
}

// says asks that an answer's links are these, in parts, and no others.
func says(t *testing.T, a lab.Answer, ends string, parts ...string) {
	t.Helper()
	got := texts(a)
	require.Len(t, got, len(parts), "%s", strings.Join(got, "\n"))
	for i, part := range parts {
		assert.Contains(t, got[i], part)
	}
	assert.Equal(t, ends, a.Ends)
}

func TestWhyAnOrderWasChargedTwice(t *testing.T) {
	labtest.Bubble(t, "", func(t *testing.T, w *labtest.World) {
		off := w.Do(`{"set":{"service":"payment","idempotent":false}}`)
		w.Later(time.Second)
		armed := w.Do(`{"crash":{"service":"payment","at":"after_handle","on":"OrderCreated"}}`)
		w.Place("A")
		w.Until(`service("payment").state == "crashed"`, 5*time.Second)
		w.Do(`{"restart":"payment"}`)
		w.Settled()
		want := []string{"order A was charged 2 times",
			"OrderCreated was handed to payment-1 a second time, from orders p2 #0: its offset was not saved",
			"payment-1 crashed after it handled OrderCreated of A, before its offset was saved",
			"you armed a crash: payment will crash after it handled the next OrderCreated, before its offset is saved"}
		for _, q := range []lab.Question{{Invariant: "no-double-charge"}, {Order: "A"}, {Order: "o-1"}} {
			a := why(t, w, q)
			says(t, a, "action", want...)
			assert.Equal(t, armed.Seq, a.Chain[3].Seq)
			require.Len(t, a.Also, 1)
			assert.Equal(t, off.Seq, a.Also[0].Seq)
			assert.Contains(t, a.Also[0].Text, "idempotent is off")
			assert.Contains(t, a.Also[0].Text, "because you set payment: idempotent to false")
			assert.Contains(t, a.Sentence, "; because payment-1 crashed after")
			assert.Contains(t, a.Sentence, "at 1.0 s")
		}
		verdict := w.Expect("invariant - no-double-charge broken")[0]
		says(t, why(t, w, lab.Question{Seq: verdict.Seq}), "action", want...)
	})
}

func TestWhyADuplicateStandsOnTheLogAndWhatItDid(t *testing.T) {
	labtest.Bubble(t, `{"services":{"payment":{"idempotent":false}}}`, func(t *testing.T, w *labtest.World) {
		w.Place("A")
		w.Settled()
		copied := w.Do(`{"duplicate":{"topic":"orders","partition":2,"offset":0}}`)
		w.Settled()
		second := w.Expect("produced - OrderCreated", "action - you duplicated", "produced - OrderCreated")[2]
		says(t, why(t, w, lab.Question{Seq: second.Seq}), "action", "OrderCreated of A stands on the log a second time", "you duplicated orders p2 #0")
		a := why(t, w, lab.Question{Order: "A"})
		says(t, a, "action", "order A was charged 2 times", "OrderCreated of A stands on the log a second time", "you duplicated orders p2 #0")
		assert.Equal(t, copied.Seq, a.Chain[2].Seq)
		require.Len(t, a.Also, 1)
		assert.Contains(t, a.Also[0].Text, "since the lab began")
	})
	labtest.Bubble(t, "", func(t *testing.T, w *labtest.World) { // the inbox knows it
		w.Place("A")
		w.Settled()
		w.Do(`{"duplicate":{"topic":"orders","partition":2,"offset":0}}`)
		w.Settled()
		says(t, why(t, w, lab.Question{Record: fmt.Sprintf("orders/2/%d", w.Expect("skipped payment")[0].Offset)}), "action",
			"payment-1 skipped OrderCreated of A: its inbox has event", "OrderCreated of A stands on the log a second time", "you duplicated orders p2 #0")
	})
}

func TestWhyARecordIsADeadLetter(t *testing.T) {
	labtest.Bubble(t, "", func(t *testing.T, w *labtest.World) {
		armed := w.Do(`{"fail":{"service":"inventory","times":9,"on":"PaymentCompleted","error":"the shelf is locked"}}`)
		w.Place("A")
		w.Settled()
		letter := w.At("dead_letters", 0).(map[string]any)
		failed := "inventory-1 failed at PaymentCompleted of A, try 4 of 4: the shelf is locked"
		gaveUp := "inventory-service gave up PaymentCompleted of A after 4 tries and put it on payments.dlq"
		says(t, why(t, w, lab.Question{Seq: int64(letter["seq"].(float64))}), "action", gaveUp, failed, "you armed a failure")
		a := why(t, w, lab.Question{Order: "A"})
		says(t, a, "action", "order A is PAID and goes no further: inventory should move it on", gaveUp, failed, "you armed a failure: inventory fails")
		assert.Equal(t, armed.Seq, a.Chain[3].Seq)
		a = why(t, w, lab.Question{Invariant: "every-order-ends"})
		says(t, a, "action", "order A is still PAID", gaveUp, failed, "you armed a failure")
		// What is no event is given up at once, whoever wrote it.
		w.Do(`{"publish":{"topic":"orders","partition":0,"value":"{broken"}}`)
		w.Settled()
		a = why(t, w, lab.Question{Record: "orders/0/0"})
		assert.Equal(t, "action", a.Ends)
		assert.Contains(t, a.Chain[len(a.Chain)-1].Text, "you published a record to orders")
	})
}

func TestWhyAPartitionIsStuck(t *testing.T) {
	labtest.Bubble(t, `{"services":{"payment":{"dead_letter":false}}}`, func(t *testing.T, w *labtest.World) {
		w.Do(`{"publish":{"topic":"orders","partition":2,"value":"{broken"}}`)
		w.Until(`service("payment").state == "blocked"`, 5*time.Second)
		w.Place("A")
		w.Later(time.Second)
		for _, q := range []lab.Question{{Service: "payment"}, {Service: "payment-service"}, {Order: "A"}} {
			a := why(t, w, q)
			assert.Equal(t, "action", a.Ends)
			got := strings.Join(texts(a), "\n")
			assert.Contains(t, got, "payment-1 failed at a record that is no event")
			assert.Contains(t, a.Chain[len(a.Chain)-1].Text, "you published a record to orders")
			require.Len(t, a.Also, 1, "%+v", q)
			assert.Contains(t, a.Also[0].Text, "dead_letter is off")
		}
		assert.Contains(t, texts(why(t, w, lab.Question{Service: "payment"}))[0], "orders partition 2 is blocked because offset 0 fails")
	})
}

func TestWhyAServiceStandsStill(t *testing.T) {
	labtest.Bubble(t, "", func(t *testing.T, w *labtest.World) {
		says(t, why(t, w, lab.Question{Service: "payment"}), "start", "payment runs, and nothing waits for it", "the lab is open")

		crash := w.Do(`{"crash":"payment"}`)
		w.Place("A")
		w.Later(5 * time.Second)
		a := why(t, w, lab.Question{Service: "payment"})
		says(t, a, "action", "payment is down", "payment-1 crashed", "you crashed payment-1")
		assert.Equal(t, crash.Seq, a.Chain[2].Seq)
		says(t, why(t, w, lab.Question{Order: "A"}), "action", "order A is CREATED and goes no further: payment should move it on", "payment-1 crashed", "you crashed payment-1")
		w.Do(`"heal"`)
		w.Settled()

		w.Do(`{"pause":"inventory"}`)
		says(t, why(t, w, lab.Question{Service: "inventory"}), "action", "inventory is paused", "you paused inventory-1")
		w.Do(`{"resume":"inventory"}`)

		w.Do(`{"scale":{"service":"notification","instances":0}}`)
		says(t, why(t, w, lab.Question{Service: "notification"}), "action", "notification has no instances", "you scaled notification to 0")

		w.Do(`{"slow":{"service":"payment","by":"2s"}}`)
		w.Do(`{"burst":{"orders":4,"rate":100}}`)
		w.Later(time.Second)
		says(t, why(t, w, lab.Question{Service: "payment"}), "action", "4 records wait for payment", "you slowed payment down by 2s")
		w.Do(`"freeze"`)
		says(t, why(t, w, lab.Question{Seq: w.Expect("frozen")[0].Seq}), "action", "the lab is frozen", "you froze the lab")
	})
}

func TestWhyAnOrderIsCancelled(t *testing.T) {
	labtest.Bubble(t, "", func(t *testing.T, w *labtest.World) {
		w.Do(`{"place_order":{"as":"A","user":"user-1","items":[{"sku":"mouse","qty":1}],"method":"declined-card"}}`)
		w.Settled()
		a := why(t, w, lab.Question{Order: "A"})
		assert.Equal(t, "action", a.Ends)
		assert.Equal(t, []string{"order A is CANCELLED: the card was declined", "payment wrote PaymentFailed of A to payments p2 #0",
			"the gateway refused 25.00: the card was declined", "order wrote OrderCreated of A to orders p2 #0",
			"you placed order A: 25.00 for user-1, to be paid by a declined card"}, texts(a))

		armed := w.Do(`{"decline":{"times":1}}`)
		w.Place("B")
		w.Settled()
		a = why(t, w, lab.Question{Order: "B"})
		says(t, a, "action", "order B is CANCELLED: the gateway declined", "payment wrote PaymentFailed of B", "the gateway refused 25.00", "you armed a refusal: the payment gateway says no, once")
		assert.Equal(t, armed.Seq, a.Chain[3].Seq)

		w.Do(`{"decline":{"stock_out":"mouse"}}`)
		w.Place("C")
		w.Settled()
		says(t, why(t, w, lab.Question{Order: "C"}), "action", "order C is CANCELLED: out_of_stock", "payment wrote PaymentRefunded of C", "inventory wrote StockReservationFailed of C",
			"mouse is out of stock", "you took every mouse off the shelf")
		w.Do(`{"heal":"inventory"}`)

		w.Do(`{"pause":"payment"}`)
		w.Place("D")
		w.Do(`{"cancel_order":"D"}`)
		says(t, why(t, w, lab.Question{Order: "D"}), "action", "order D is CANCELLED: cancelled by the customer", "you cancelled order D")
	})
}

func TestWhyAnOrderIsCompleted(t *testing.T) {
	labtest.Bubble(t, "", func(t *testing.T, w *labtest.World) {
		w.Place("A")
		w.Settled()
		says(t, why(t, w, lab.Question{Order: "A"}), "action", "order A is COMPLETED", "inventory wrote StockReserved of A", "payment wrote PaymentCompleted of A",
			"order wrote OrderCreated of A", "you placed order A")
	})
}

func TestWhyEventsWereHandledOutOfOrder(t *testing.T) {
	labtest.Bubble(t, `{"services":{"payment":{"instances":3,"balancer":"range"}}}`, func(t *testing.T, w *labtest.World) {
		w.Until(`members("payment") == 3`, 10*time.Second)
		w.Do(`{"set":{"key":"none"}}`)
		for i := 1; i <= 32; i++ {
			w.Do(fmt.Sprintf(`{"place_order":{"as":"O%d","user":"user-1","items":[{"sku":"mouse","qty":1}]}}`, i))
			if i%4 == 0 {
				w.Do(fmt.Sprintf(`{"cancel_order":"O%d"}`, i))
			}
		}
		w.Settled()
		a := why(t, w, lab.Question{Invariant: "per-key-order"})
		assert.Equal(t, "action", a.Ends)
		assert.Regexp(t, ` handled OrderCreated of order O\d+ after the newer`, a.Chain[0].Text)
		assert.Contains(t, a.Chain[0].Text, "and partitions are read side by side")
		assert.Contains(t, a.Chain[len(a.Chain)-1].Text, "you placed order O")
		require.Len(t, a.Also, 1)
		assert.Contains(t, a.Also[0].Text, "records have no key")
		assert.Contains(t, a.Also[0].Text, "because you set key to none")
	})
}

func TestWhyAnOrderIsLost(t *testing.T) {
	labtest.Bubble(t, `{"services":{"order":{"outbox":false}}}`, func(t *testing.T, w *labtest.World) {
		w.Do(`{"crash":{"service":"order","at":"after_write","on":"PlaceOrder"}}`)
		w.Place("A")
		w.Do(`{"restart":"order"}`)
		w.Settled()
		a := why(t, w, lab.Question{Invariant: "nothing-lost"})
		says(t, a, "action", "order A was accepted, and its OrderCreated is on no topic", "order-1 crashed after its database commit for PlaceOrder of A", "you armed a crash: order will crash")
		require.Len(t, a.Also, 1)
		assert.Contains(t, a.Also[0].Text, "outbox is off")
	})
}

// A record that comes again because its partition went to another instance.
func TestWhyARecordIsHandledAgainAfterARebalance(t *testing.T) {
	labtest.Bubble(t, `{"services":{"payment":{"idempotent":false,"balancer":"range","instances":2}}}`, func(t *testing.T, w *labtest.World) {
		w.Until(`members("payment") == 2`, 10*time.Second)
		w.Do(`{"crash":{"service":"payment","at":"after_handle","on":"OrderCreated"}}`)
		w.Place("A")
		w.Until(`order("A").charges == 2`, 20*time.Second) // nobody restarted anything
		a := why(t, w, lab.Question{Order: "A"})
		says(t, a, "action", "order A was charged 2 times", "a second time, from orders p2 #0", "crashed after it handled OrderCreated of A", "you armed a crash")
	})
}

func TestWhyIsRefusedInWords(t *testing.T) {
	labtest.Bubble(t, "", func(t *testing.T, w *labtest.World) {
		w.Place("A")
		w.Settled()
		for _, c := range []struct {
			q    lab.Question
			code lab.Code
			says string
		}{
			{lab.Question{}, lab.Invalid, "ask about one thing: seq, order, service, invariant or record"},
			{lab.Question{Seq: 1, Order: "A"}, lab.Invalid, "one thing"},
			{lab.Question{Seq: 99999}, lab.NotFound, "the journal keeps 1 to"},
			{lab.Question{Seq: -1}, lab.NotFound, "the journal keeps 1 to"},
			{lab.Question{Order: "Z"}, lab.NotFound, `no order "Z"`},
			{lab.Question{Service: "pay"}, lab.Invalid, "payment"},
			{lab.Question{Invariant: "no-fun"}, lab.NotFound, "no-double-charge"},
			{lab.Question{Invariant: "no-oversell"}, lab.Conflict, "no-oversell is holds"},
			{lab.Question{Record: "orders"}, lab.Invalid, "topic/partition/offset"},
			{lab.Question{Record: "orders/x/1"}, lab.Invalid, "topic/partition/offset"},
			{lab.Question{Record: "order/0/1"}, lab.Invalid, "the topics are"},
			{lab.Question{Record: "orders/0/77"}, lab.NotFound, "orders p0 #77"},
		} {
			_, err := w.Why(c.q)
			require.Error(t, err, "%+v", c.q)
			assert.Equal(t, c.code, lab.AsError(err).Code, "%+v", c.q)
			assert.Contains(t, err.Error(), c.says)
		}
	})
}

// What is no longer kept is said to be so, and what still is, is explained.
func TestWhyOfWhatIsNoLongerKeptSaysSo(t *testing.T) {
	labtest.BubbleWith(t, "", lab.Options{Keep: 200}, func(t *testing.T, w *labtest.World) {
		w.Do(`{"crash":"payment"}`)
		w.Place("A")
		w.Do(`{"burst":{"orders":30,"rate":100}}`)
		w.Later(5 * time.Second)
		a := why(t, w, lab.Question{Seq: 2})
		assert.Equal(t, "forgotten", a.Ends)
		assert.Regexp(t, `^entry 2 is no longer kept: the journal keeps \d+ to \d+\.$`, a.Sentence)
		a = why(t, w, lab.Question{Service: "payment"})
		assert.Equal(t, "forgotten", a.Ends)
		assert.Contains(t, a.Sentence, "because you crashed it")
		a = why(t, w, lab.Question{Seq: w.Expect("produced")[0].Seq})
		assert.Equal(t, "forgotten", a.Ends)
		assert.Regexp(t, `^order wrote OrderCreated of o-\d+ to orders .*; because of entry \d+, which is no longer kept: the journal keeps \d+ to \d+\.$`, a.Sentence)
		w.Place("B")
		w.Later(100 * time.Millisecond)
		a = why(t, w, lab.Question{Order: "B"})
		assert.Equal(t, "forgotten", a.Ends)
		assert.Contains(t, a.Sentence, "payment should move it on, and payment-1 is down because you crashed it; because of entry")
		a = why(t, w, lab.Question{Seq: w.Expect("action - you placed order B", "produced")[1].Seq})
		assert.Equal(t, "action", a.Ends)
	})
}

// The past is explained by what was known then, and an opened run like the lab
// that it was saved from.
func TestWhyOfTheLabAsItWas(t *testing.T) {
	labtest.Bubble(t, "", func(t *testing.T, w *labtest.World) {
		w.Do(`{"crash":"payment"}`)
		w.Place("A")
		w.Later(time.Second)
		then := w.Head()
		w.Do(`"heal"`)
		w.Settled()
		stuck := []string{"order A is CREATED and goes no further: payment should move it on", "payment-1 crashed", "you crashed payment-1"}
		says(t, why(t, w, lab.Question{Order: "A", At: then}), "action", stuck...)
		assert.Equal(t, "order A is COMPLETED", why(t, w, lab.Question{Order: "A"}).Chain[0].Text)
		_, err := w.Why(lab.Question{Seq: then + 1, At: then})
		assert.ErrorContains(t, err, fmt.Sprintf("the journal keeps 1 to %d", then))
		_, err = w.Why(lab.Question{Order: "A", At: w.Head() + 1})
		assert.ErrorContains(t, err, "there is no entry")

		run := opened(t, saved(t, w))
		a, err := run.Why(lab.Question{Order: "A", At: then})
		require.NoError(t, err)
		says(t, a, "action", stuck...)
		a, err = run.Why(lab.Question{Order: "A"})
		require.NoError(t, err)
		assert.Equal(t, why(t, w, lab.Question{Order: "A"}), a)
	})
}

// Asked about any entry of an eventful run, there is an answer, and it ends
// where somebody acted.
func TestWhyOfEveryEntryEndsWhereSomebodyActed(t *testing.T) {
	eachRun(t, lab.Options{}, func(t *testing.T, w *labtest.World, seed uint64) {
		run(w, t, seed, 40, func() {})
		w.Do(`"thaw"`)
		w.Do(`"heal"`)
		w.Later(5 * time.Second)
		for _, e := range w.Entries() {
			a := why(t, w, lab.Question{Seq: e.Seq})
			require.Contains(t, []string{"action", "start"}, a.Ends, "%d %s: %s", e.Seq, e.Text, a.Sentence)
		}
	})
}
