package lab_test

import (
	"bytes"
	"fmt"
	"strings"
	"testing"
	"time"

	"eddy/lab"
	"eddy/lab/labtest"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// told writes a story down, a message a line: "order > payment: OrderCreated
// (orders p2 #0)", with what came of it where that is not plain.
func told(s lab.Story) (lines []string) {
	for _, m := range s.Messages {
		var to []string
		for _, d := range m.To {
			word := d.Service
			if d.State != "handled" {
				word += " " + d.State
			}
			if d.Tries > 1 {
				word += fmt.Sprintf(" x%d", d.Tries)
			}
			to = append(to, word)
		}
		line := fmt.Sprintf("%s > %s: %s", m.From, strings.Join(to, ", "), m.Type)
		if m.Kind != "event" {
			line += " [" + m.Kind + "]"
		}
		if m.Copy {
			line += " again"
		}
		lines = append(lines, line)
	}
	return lines
}

func marks(s lab.Story, bad bool) (texts []string) {
	for _, m := range s.Marks {
		if m.Bad == bad {
			texts = append(texts, m.Service+": "+m.Text)
		}
	}
	return texts
}

func columns(s lab.Story) (names []string) {
	for _, c := range s.Columns {
		names = append(names, c.Name)
	}
	return names
}

func story(t *testing.T, w *labtest.World, order string) lab.Story {
	t.Helper()
	s, err := w.Story(order, 0)
	require.NoError(t, err)
	return s
}

// The good path: everybody knows his own part, and the read side only looks on.
func TestStoryOfAChoreographedOrder(t *testing.T) {
	labtest.Bubble(t, "", func(t *testing.T, w *labtest.World) {
		w.Place("B")
		w.Place("A")
		w.Settled()
		s := story(t, w, "A")
		assert.Equal(t, []string{
			"order > payment: OrderCreated",
			"payment > inventory, order: PaymentCompleted",
			"inventory > order, notification: StockReserved",
			"order > : OrderCompleted",
			"notification > : NotificationSent",
		}, sorted(told(s)))
		assert.Equal(t, []string{"order", "payment", "inventory", "notification"}, columns(s))
		assert.Equal(t, "choreography", s.Style)
		assert.Equal(t, "Nobody is in charge. Each service knows its own part.", s.Rule)
		assert.Equal(t, lab.Totals{Messages: 5, Events: 5, Charged: 2500, Net: 2500,
			Knows: lab.Knows{Count: 4, Unit: "services", Who: []string{"order", "payment", "inventory", "notification"}}}, s.Totals)
		assert.Equal(t, "Completed because 25.00 was paid and 1 mouse reserved", s.Because)
		assert.Equal(t, []string{"payment: charged 25.00", "inventory: 1 mouse reserved"}, marks(s, false))
		assert.Empty(t, marks(s, true))
		assert.Empty(t, s.Gaps)
		assert.True(t, s.Ended)
		assert.Empty(t, s.Note)

		// A bar for every time that somebody had the order in hand: the command
		// of the customer, and four services' six messages.
		var bars []string
		for _, b := range s.Bars {
			assert.Equal(t, "handled", b.State)
			assert.Greater(t, b.EndSeq, b.Seq)
			bars = append(bars, b.Service)
		}
		assert.ElementsMatch(t, []string{"order", "payment", "order", "inventory", "order", "notification"}, bars)
		first := s.Messages[0]
		assert.Equal(t, "orders", first.Topic)
		assert.Regexp(t, `^orders p\d #\d$`, first.Where)
		assert.GreaterOrEqual(t, first.To[0].At, first.At)
		assert.Equal(t, "alone", s.Messages[len(s.Messages)-1].State)
	})
}

// sorted puts the two last messages, which two services send at the same time,
// in one order.
func sorted(lines []string) []string {
	if n := len(lines); n > 1 && strings.HasPrefix(lines[n-2], "notification") {
		lines[n-2], lines[n-1] = lines[n-1], lines[n-2]
	}
	return lines
}

func TestStoryOfADeclinedOrder(t *testing.T) {
	labtest.Bubble(t, "", func(t *testing.T, w *labtest.World) {
		w.Do(`{"decline":{"times":1}}`)
		w.Place("A")
		w.Settled()
		s := story(t, w, "A")
		assert.Equal(t, []string{"order > payment: OrderCreated", "payment > order: PaymentFailed", "order > payment: OrderCancelled"}, told(s))
		assert.Len(t, marks(s, true), 1)
		assert.Regexp(t, `^Cancelled because the gateway said no: `, s.Because)
		assert.Equal(t, []string{"order", "payment"}, s.Totals.Knows.Who)
		assert.Zero(t, s.Totals.Net)
		assert.Equal(t, []string{"order", "payment"}, columns(s))
		last := s.Messages[2].To[0]
		assert.False(t, last.Useful, "there was nothing to give back")
	})
}

// What cannot be reserved runs back: the refund is a message like any other, in
// the other direction.
func TestStoryOfAnOrderThatIsPaidBack(t *testing.T) {
	labtest.Bubble(t, "", func(t *testing.T, w *labtest.World) {
		w.Do(`{"decline":{"stock_out":"monitor"}}`)
		w.Do(`{"place_order":{"as":"D","user":"user-4","items":[{"sku":"monitor","qty":1}]}}`)
		w.Settled()
		s := story(t, w, "D")
		assert.Equal(t, []string{
			"order > payment: OrderCreated",
			"payment > inventory, order: PaymentCompleted",
			"inventory > payment: StockReservationFailed",
			"payment > order, inventory: PaymentRefunded [compensation]",
			"order > payment: OrderCancelled",
		}, told(s))
		assert.Equal(t, []string{"inventory: no monitor left"}, marks(s, true))
		assert.Equal(t, []string{"payment: charged 189.00", "payment: gave back 189.00"}, marks(s, false))
		assert.Equal(t, "Cancelled because Inventory had no monitor left", s.Because)
		assert.Equal(t, []int64{18900, 18900, 0}, []int64{s.Totals.Charged, s.Totals.Refunded, s.Totals.Net})
		assert.Equal(t, 3, s.Totals.Knows.Count)
		assert.Equal(t, "services", s.Totals.Knows.Unit)

		var at int64
		for _, m := range s.Marks {
			if m.Kind == "no_stock" {
				at = m.Seq
			}
		}
		assert.Less(t, at, s.Messages[2].Seq, "first it is gone, then inventory says so")
		e, _ := w.Lab.Entries(s.BecauseSeq, s.BecauseSeq, 1)
		assert.Equal(t, "inventory", e[0].Service, "the moment shows who had none")
	})
}

// Retries stack on their arrow.
func TestStoryCountsTriesOnTheirMessage(t *testing.T) {
	labtest.Bubble(t, "", func(t *testing.T, w *labtest.World) {
		w.Do(`{"fail":{"service":"payment","times":2,"on":"OrderCreated"}}`)
		w.Place("A")
		w.Until(`service("payment").retried == 1`, 5*time.Second)
		s := story(t, w, "A")
		assert.Equal(t, []string{"order > payment retrying: OrderCreated"}, told(s))
		assert.Equal(t, "OrderCreated waits because Payment failed at it (made to fail) and tries again", s.Because)
		w.Settled()
		s = story(t, w, "A")
		assert.Equal(t, "order > payment x3: OrderCreated", told(s)[0])
		assert.Equal(t, []string{"payment: try 2 of 4 failed: made to fail"}, marks(s, true), "one mark for all tries")
		var states []string
		for _, b := range s.Bars {
			if b.Service == "payment" {
				states = append(states, b.State)
			}
		}
		assert.Equal(t, []string{"failed", "failed", "handled"}, states)
		assert.Equal(t, 5, s.Totals.Messages, "a try is no message")
	})
}

func TestStoryEndsAtADeadLetter(t *testing.T) {
	labtest.Bubble(t, "", func(t *testing.T, w *labtest.World) {
		w.Do(`{"fail":{"service":"payment","times":4,"on":"OrderCreated"}}`)
		w.Place("A")
		w.Settled()
		s := story(t, w, "A")
		assert.Equal(t, []string{"order > payment dead_lettered x4: OrderCreated"}, told(s))
		assert.Equal(t, []string{"payment: given up after 4 tries: made to fail"}, marks(s, true))
		letter := s.Marks[len(s.Marks)-1]
		assert.Regexp(t, `^orders\.dlq p\d #0$`, letter.Where)
		assert.Equal(t, "It stands still because Payment gave OrderCreated up after 4 tries: made to fail", s.Because)
		assert.Equal(t, 1, s.Totals.Letters)
		assert.Equal(t, 1, s.Totals.Messages, "a dead letter is no message of the order")
		assert.Equal(t, "CREATED", s.Status)
	})
}

// Done, not said, delivered again: the inbox knows it.
func TestStoryShowsThatARedeliveredMessageIsSkipped(t *testing.T) {
	labtest.Bubble(t, "", func(t *testing.T, w *labtest.World) {
		w.Do(`{"crash":{"service":"payment","at":"after_handle","on":"OrderCreated"}}`)
		w.Place("A")
		w.Until(`service("payment").state == "crashed"`, 5*time.Second)
		w.Later(5 * time.Second)
		w.Do(`{"restart":"payment"}`)
		w.Settled()
		s := story(t, w, "A")
		assert.Equal(t, "order > payment, payment skipped: OrderCreated", told(s)[0])
		again := s.Messages[0].To[1]
		assert.True(t, again.Again)
		assert.False(t, again.Useful)
		assert.Equal(t, []string{"payment: payment-1 crashed"}, marks(s, true))
		assert.Contains(t, marks(s, false), "payment: seen before: skipped")
		require.NotEmpty(t, s.Gaps, "nobody had it in hand for seconds")
		gap := s.Gaps[len(s.Gaps)-1]
		assert.Equal(t, gap.To, again.At)
		assert.Greater(t, gap.To-gap.From, int64(3000))
	})
}

// A copy is a message of its own, drawn double.
func TestStoryKnowsACopy(t *testing.T) {
	labtest.Bubble(t, "", func(t *testing.T, w *labtest.World) {
		w.Place("A")
		w.Settled()
		w.Do(`{"duplicate":{"event":"OrderCreated","order":"A"}}`)
		w.Settled()
		s := story(t, w, "A")
		assert.Equal(t, "outside > payment skipped: OrderCreated again", told(s)[5])
		assert.Equal(t, "outside", columns(s)[0])
		assert.Equal(t, 6, s.Totals.Messages)
		assert.Equal(t, 1, s.Totals.Copies)
	})
}

// A crash cuts the bar short; the message is on its way until somebody is back.
func TestStoryOfACrashWithTheMessageInHand(t *testing.T) {
	labtest.Bubble(t, "", func(t *testing.T, w *labtest.World) {
		w.Place("A")
		w.Until(`events("OrderCreated") == 1`, time.Second)
		w.Later(20 * time.Millisecond)
		w.Do(`{"crash":"payment"}`)
		w.Later(2 * time.Second)
		s := story(t, w, "A")
		assert.Equal(t, []string{"order > payment crashed: OrderCreated"}, told(s))
		assert.Equal(t, "on_its_way", s.Messages[0].State)
		assert.Equal(t, "crashed", s.Bars[1].State)
		assert.Equal(t, []string{"payment: payment-1 crashed"}, marks(s, true))
		assert.Equal(t, "OrderCreated waits for Payment because payment-1 is down because you crashed it", s.Because)

		w.Do(`{"place_order":{"as":"B","user":"user-2","items":[{"sku":"mouse","qty":1}]}}`)
		w.Later(2 * time.Second)
		waiting := story(t, w, "B")
		assert.Equal(t, []string{"order > payment waiting: OrderCreated"}, told(waiting), "nobody has got it yet, and payment will")
		assert.Contains(t, waiting.Because, "waits for Payment because payment-1 is down")
		assert.Empty(t, marks(waiting, true), "the crash was not with this order in hand")

		w.Do(`{"restart":"payment"}`)
		w.Settled()
		assert.Equal(t, "COMPLETED", story(t, w, "A").Status)
		assert.Equal(t, "order > payment crashed, payment: OrderCreated", told(story(t, w, "A"))[0], "it came again")
	})
}

// At most once: the offset was saved first, so nobody will do it.
func TestStorySaysThatAMessageIsLost(t *testing.T) {
	labtest.Bubble(t, `{"services":{"payment":{"commit":"before"}}}`, func(t *testing.T, w *labtest.World) {
		w.Do(`{"crash":{"service":"payment","at":"before_handle","on":"OrderCreated"}}`)
		w.Place("A")
		w.Until(`service("payment").state == "crashed"`, 5*time.Second)
		w.Do(`{"restart":"payment"}`)
		w.Settled()
		s := story(t, w, "A")
		assert.Equal(t, []string{"order > payment lost: OrderCreated"}, told(s))
		assert.Equal(t, "It waits in vain because Payment crashed with OrderCreated in hand, and its offset was saved before it was done", s.Because)
	})
}

// An order from outside begins with a record that the shop did not write.
func TestStoryOfAnOrderFromOutside(t *testing.T) {
	labtest.Bubble(t, "", func(t *testing.T, w *labtest.World) {
		w.Do(`{"publish":{"topic":"orders","key":"9","value":"{\"event_type\":\"OrderCreated\",\"timestamp\":\"2024-05-01T12:00:00\",\"data\":{\"order_id\":77,\"user_id\":9,\"items\":[{\"name\":\"Mouse\",\"qty\":1}],\"total\":2500}}"}}`)
		w.Settled()
		s := story(t, w, "77")
		assert.Equal(t, "outside > payment, order: OrderCreated", told(s)[0])
		assert.Equal(t, []string{"outside", "order", "payment", "inventory", "notification"}, columns(s))
		assert.Equal(t, "COMPLETED", s.Status)
	})
}

// A story can be told as it was at any moment, and of a run.
func TestStoryOfAPastMomentAndOfARun(t *testing.T) {
	labtest.Bubble(t, "", func(t *testing.T, w *labtest.World) {
		before := w.Head()
		w.Place("A")
		w.Until(`order("A").status == "PAID"`, 5*time.Second)
		then, there := w.Head(), story(t, w, "A")
		assert.Equal(t, "PAID", there.Status)
		assert.False(t, there.Ended)
		assert.Contains(t, told(there)[1], "payment > ", "inventory has it in hand")
		w.Settled()
		past, err := w.Story("A", then)
		require.NoError(t, err)
		assert.Equal(t, there, past, "what came later is not known")
		assert.NotEqual(t, told(story(t, w, "A")), told(past))

		var file bytes.Buffer
		saved, err := w.File()
		require.NoError(t, err)
		require.NoError(t, saved.Write(&file))
		run, err := lab.OpenRun(t.Context(), &file)
		require.NoError(t, err)
		for _, at := range []int64{then, 0} {
			want, err := w.Story("A", at)
			require.NoError(t, err)
			got, err := run.Story("A", at)
			require.NoError(t, err)
			assert.Equal(t, want, got)
		}

		for _, c := range []struct {
			order string
			at    int64
			says  string
		}{{"nobody", 0, `there is no order "nobody"`}, {"A", before, fmt.Sprintf("at entry %d there was no order A yet", before)}, {"A", w.Head() + 5, "there is no entry"}} {
			_, err := w.Story(c.order, c.at)
			require.ErrorContains(t, err, c.says)
			assert.Equal(t, lab.NotFound, lab.AsError(err).Code)
		}
		_, err = run.Story("A", before)
		assert.Error(t, err)
	})
}

// Of an order whose beginning is not kept, the rest is told, with its money.
func TestStoryWithoutItsBeginning(t *testing.T) {
	labtest.BubbleWith(t, `{"work":"0s"}`, lab.Options{Keep: 200}, func(t *testing.T, w *labtest.World) {
		w.Place("A")
		w.Settled()
		w.Do(`{"burst":{"orders":4,"rate":1000}}`)
		w.Settled()
		w.Do(`{"duplicate":{"event":"OrderCreated","order":"A"}}`)
		w.Settled()
		s := story(t, w, "A")
		assert.Contains(t, s.Note, "is no longer kept")
		assert.Equal(t, "COMPLETED", s.Status)
		assert.EqualValues(t, 2500, s.Totals.Net)
		assert.Equal(t, "user-1", s.User)
		require.Len(t, s.Messages, 1)
		w.Do(`{"burst":{"orders":8,"rate":1000}}`)
		w.Settled()
		_, err := w.Story("A", 0)
		assert.ErrorContains(t, err, "nothing about order A is kept any more")
	})
}
