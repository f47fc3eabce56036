package lab_test

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"eddy/lab"
	"eddy/lab/labtest"
	"eddy/lab/pattern"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func stream(t *testing.T, w *labtest.World, order string, at int64) lab.Stream {
	t.Helper()
	s, err := w.Stream(order, at)
	require.NoError(t, err)
	return s
}

// at is a state in a line: what an event changed stands in brackets.
func at(e lab.StreamEvent) string {
	var said []string
	for _, v := range e.State {
		text := v.Name + " " + v.Value
		if v.Changed {
			text = "[" + text + "]"
		}
		said = append(said, text)
	}
	return strings.Join(said, ", ")
}

// whyValue is why a value is what it is at a version, as the page puts it
// together.
func whyValue(s lab.Stream, version int, name string) string {
	e := s.Events[version-1]
	for _, v := range e.State {
		switch {
		case v.Name != name:
		case v.Name == "version":
			return e.Counted
		case v.By == 0:
			return e.Unsaid
		default:
			var said strings.Builder
			for _, p := range s.Events[v.By-1].Because {
				said.WriteString(p.Text)
			}
			return said.String()
		}
	}
	return ""
}

func TestTheStreamOfAnOrderIsToldEventByEvent(t *testing.T) {
	labtest.Bubble(t, `{"work":"0s"}`, func(t *testing.T, w *labtest.World) {
		w.Do(`{"place_order":{"as":"A","user":"user-3","items":[{"sku":"mouse","qty":2},{"sku":"cable","qty":1}]}}`)
		w.Settled()
		s := stream(t, w, "A", 0)
		require.Len(t, s.Events, 4)
		assert.Equal(t, []any{"o-1", "A", 4, 0, ""}, []any{s.Order, s.Name, s.Version, s.Missing, s.Note})
		for i, want := range []string{
			"OrderCreated: [status CREATED], [total 59.00], charged 0.00, reserved nothing, [version 1]",
			"OrderPaid: [status PAID], total 59.00, [charged 59.00], reserved nothing, [version 2]",
			"OrderReserved: [status RESERVED], total 59.00, charged 59.00, [reserved 3 items], [version 3]",
			"OrderCompleted: [status COMPLETED], total 59.00, charged 59.00, reserved 3 items, [version 4]",
		} {
			e := s.Events[i]
			assert.Equal(t, want, e.Type+": "+at(e))
			assert.NotEmpty(t, e.EventID)
			assert.Equal(t, []any{int64(i + 1), i + 1, false}, []any{e.Seq, e.Version, e.Later}, "place in the store, place in the stream")
		}
		assert.JSONEq(t, `{"payment_id":"pay-1","method":"card","amount":5900}`, string(s.Events[1].Data), "an event says only what happened")
		assert.JSONEq(t, `{}`, string(s.Events[3].Data))

		// Every value can say why, and where that came from.
		assert.Regexp(t, `^Because v2 OrderPaid says so, at 00:00\.\d\. It was caused by payments p\d #0, PaymentCompleted\.$`, whyValue(s, 4, "charged"))
		assert.Regexp(t, `^Because v1 OrderCreated says so, at 00:00\.\d\. It was caused by an action: you placed order A: 59\.00 for user-3\.$`, whyValue(s, 4, "total"))
		assert.Equal(t, "Because no event up to v2 says anything about it.", whyValue(s, 2, "reserved"))
		assert.Equal(t, "Because it is the number of the newest event: the stream has 3 events up to here.", whyValue(s, 3, "version"))
		w.Expect("produced payment PaymentCompleted")
		entry, _ := w.Lab.Entries(s.Events[1].Cause.Seq, s.Events[1].Cause.Seq, 1)
		assert.Equal(t, []any{lab.KindProduced, "PaymentCompleted"}, []any{entry[0].Kind, entry[0].EventType})

		// The row beside it, and what it has forgotten.
		assert.Equal(t, lab.Forgot{Ask: "When was it paid, and how?", Row: "It says COMPLETED. It has no column for when, and none for how.",
			Stream: s.Forgot[0].Stream, Version: 2}, s.Forgot[0])
		assert.Regexp(t, `^At 00:00\.\d: 59\.00 by card, payment pay-1\.$`, s.Forgot[0].Stream)
	})
}

// The past has the events that came later too, and says so.
func TestTheStreamOfThePastKnowsWhatCameLater(t *testing.T) {
	labtest.Bubble(t, `{"work":"100ms"}`, func(t *testing.T, w *labtest.World) {
		w.Place("A")
		w.Until(`order("A").status == "PAID"`, 5*time.Second)
		then := w.Head()
		w.Settled()
		s := stream(t, w, "A", then)
		assert.Equal(t, 2, s.Version)
		require.Len(t, s.Events, 4)
		assert.Equal(t, []bool{false, false, true, true}, []bool{s.Events[0].Later, s.Events[1].Later, s.Events[2].Later, s.Events[3].Later})
		assert.Contains(t, s.Row, lab.RowColumn{Name: "status", Value: "PAID"})
		_, err := w.Stream("A", 3)
		require.ErrorContains(t, err, "at entry 3 there was no order A yet")
		_, err = w.Stream("nobody", 0)
		assert.Equal(t, lab.NotFound, lab.AsError(err).Code)

		// A run from a file has nothing but the journal, and tells the same.
		run := opened(t, saved(t, w))
		for _, seq := range []int64{then, w.Head(), 0} {
			want, err := json.Marshal(stream(t, w, "A", seq))
			require.NoError(t, err)
			told, err := run.Stream("A", seq)
			require.NoError(t, err)
			got, err := json.Marshal(told)
			require.NoError(t, err)
			assert.JSONEq(t, string(want), string(got), "the stream at %d", seq)
		}
	})
}

func TestAStreamWhoseBeginningIsNotKeptSaysSo(t *testing.T) {
	labtest.BubbleWith(t, `{"work":"0s"}`, lab.Options{Keep: 60}, func(t *testing.T, w *labtest.World) {
		w.Place("A")
		w.Settled()
		w.Do(`{"burst":{"orders":10,"rate":100}}`)
		w.Settled()
		s := stream(t, w, "A", 0)
		assert.Equal(t, 4, s.Missing)
		assert.Contains(t, s.Note, "4 events of this order came before")
		w.Do(`{"amend_order":{"order":"A","address":"2 Quay Street"}}`)
		s = stream(t, w, "A", 0)
		require.Len(t, s.Events, 1)
		assert.Equal(t, []any{4, 5, 0}, []any{s.Missing, s.Events[0].Version, len(s.Events[0].State)}, "what cannot be folded is not shown")
	})
}

// Two writers have seen the same version: the store takes one of them.
func TestOfTwoWritersAtOneVersionOneGetsAConflict(t *testing.T) {
	labtest.Bubble(t, `{"work":"0s"}`, func(t *testing.T, w *labtest.World) {
		w.Place("A")
		w.Settled()
		var both sync.WaitGroup
		errs := make([]error, 2)
		for i := range 2 {
			a, err := lab.DecodeAction(fmt.Appendf(nil, `{"amend_order":{"order":"A","address":"%d Quay Street","if_version":4}}`, i+1))
			require.NoError(t, err)
			both.Go(func() { _, errs[i] = w.Lab.Do(context.Background(), a) })
		}
		both.Wait()
		require.NotEqual(t, errs[0] == nil, errs[1] == nil, "one is taken and one is not: %v", errs)
		lost := errs[0]
		if lost == nil {
			lost = errs[1]
		}
		assert.Equal(t, lab.Conflict, lab.AsError(lost).Code)
		assert.Contains(t, lost.Error(), "order A is at version 5, not 4: somebody else appended first")
		w.True(`order("A").version == 5 && order("A").status == "COMPLETED"`)

		s := stream(t, w, "A", 0)
		require.Len(t, s.Events, 5)
		require.Len(t, s.Refused, 1)
		w.True(`order("A").conflicts == 1 && orders[0].conflicts == 1`)
		assert.Equal(t, lab.StaleAppend{Seq: s.Refused[0].Seq, At: s.Refused[0].At, Command: "amend_order", Seen: 4, Found: 5, Text: lost.Error()}, s.Refused[0])
		assert.Equal(t, 1, w.Count("refused"), "it is journaled")
		assert.Equal(t, stream(t, w, "A", s.Refused[0].Seq-1).Refused, []lab.StaleAppend{}, "before it there was none")
	})
}

// The customer cancels what was not paid yet when she looked.
func TestACancellationThatRacesWithThePaymentGetsAConflict(t *testing.T) {
	labtest.Bubble(t, `{"work":"0s"}`, func(t *testing.T, w *labtest.World) {
		w.Do(`{"pause":"inventory"}`)
		w.Place("A")
		w.Until(`order("A").status == "PAID"`, 5*time.Second)
		code, text := w.Refused(`{"cancel_order":{"order":"A","if_version":1}}`)
		assert.Equal(t, lab.Conflict, code)
		assert.Contains(t, text, "is at version 2, not 1")
		s := stream(t, w, "A", 0)
		require.Len(t, s.Refused, 1)
		assert.Equal(t, []any{"cancel_order", 1, 2}, []any{s.Refused[0].Command, s.Refused[0].Seen, s.Refused[0].Found})
		w.Do(`{"cancel_order":{"order":"A","if_version":2}}`)
		w.Do(`{"resume":"inventory"}`)
		w.Settled()
		s = stream(t, w, "A", 0)
		assert.Equal(t, "[status CANCELLED], total 25.00, charged 25.00, reserved nothing, [reason cancelled by the customer], [version 3]", at(s.Events[2]))
		assert.Equal(t, "What was it before it was cancelled, and until when?", s.Forgot[1].Ask)
		assert.Regexp(t, `^PAID, until `, s.Forgot[1].Stream)
		w.True(`len(broken) == 0`)
	})
}

// A correction is a new event: what was written first can still be read.
func TestACorrectionIsANewEvent(t *testing.T) {
	labtest.Bubble(t, `{"work":"0s"}`, func(t *testing.T, w *labtest.World) {
		w.Place("A")
		w.Settled()
		w.Do(`{"amend_order":{"order":"A","address":"1 Quay Street"}}`)
		r := w.Do(`{"amend_order":{"order":"A","address":"2 Quay Street"}}`)
		assert.Equal(t, []any{"A", "accepted"}, []any{r.Order, r.Answer})
		w.Settled()
		w.True(`order("A").status == "COMPLETED" && order("A").version == 6 && len(broken) == 0`)
		s := stream(t, w, "A", 0)
		assert.Contains(t, at(s.Events[4]), "[address 1 Quay Street]")
		assert.Contains(t, at(s.Events[5]), "[address 2 Quay Street]")
		assert.Contains(t, s.Row, lab.RowColumn{Name: "address", Value: "2 Quay Street"})
		asked := s.Forgot[len(s.Forgot)-1]
		assert.Equal(t, "What was the address before?", asked.Ask)
		assert.Contains(t, asked.Stream, "1 Quay Street")
		assert.NotContains(t, asked.Row, "1 Quay Street")

		for action, want := range map[string]string{
			`{"amend_order":"A"}`: "needs the new address", `{"amend_order":{"order":"Z","address":"x"}}`: "no order",
			`{"amend_order":{"order":"A","address":"x","if_version":-1}}`:                "if_version",
			`{"amend_order":{"order":"A","address":"` + strings.Repeat("x", 121) + `"}}`: "at most 120",
			`{"amend_order":{"order":"A","address":"x","if_version":9}}`:                 "at version 6, not 9",
		} {
			_, text := w.Refused(action)
			assert.Contains(t, text, want)
		}
		w.Do(`{"set":{"service":"payment","work":"1s"}}`)
		w.Place("B")
		w.Do(`{"cancel_order":"B"}`)
		_, text := w.Refused(`{"amend_order":{"order":"B","address":"x"}}`)
		assert.Contains(t, text, "is CANCELLED")
	})
}

// Nothing of a stream is ever deleted, so there is an end to corrections.
func TestCorrectionsHaveAnEnd(t *testing.T) {
	labtest.BubbleWith(t, `{"work":"0s"}`, lab.Options{Orders: 600}, func(t *testing.T, w *labtest.World) {
		w.Place("A")
		w.Place("B")
		w.Settled()
		amend := func(order string, n int) {
			for i := range n {
				w.Do(fmt.Sprintf(`{"amend_order":{"order":%q,"address":"%d Quay Street"}}`, order, i))
			}
		}
		amend("A", 496)
		code, text := w.Refused(`{"amend_order":{"order":"A","address":"x"}}`)
		assert.Equal(t, lab.TooMany, code)
		assert.Contains(t, text, "order A has 500 events")
		amend("B", 104)
		code, text = w.Refused(`{"amend_order":{"order":"B","address":"x"}}`)
		assert.Equal(t, lab.TooMany, code)
		assert.Contains(t, text, "a lab takes 600 corrections")
		assert.Len(t, stream(t, w, "A", 0).Events, 500)
	})
}

func TestAnOldEventIsShownAsItIsStoredAndAsItIsRead(t *testing.T) {
	labtest.Bubble(t, `{"work":"0s","services":{"order":{"schema_version":1}}}`, func(t *testing.T, w *labtest.World) {
		w.Place("A")
		w.Settled()
		e := stream(t, w, "A", 0).Events[0]
		assert.Equal(t, []int{1, 2}, []int{e.SchemaVersion, e.ReadAs})
		assert.NotContains(t, string(e.Data), "currency")
		assert.Contains(t, string(e.ReadData), `"currency":"USD"`)
		w.Do(`{"set":{"service":"order","schema_version":2}}`)
		w.Place("B")
		e = stream(t, w, "B", 0).Events[0]
		assert.Equal(t, []int{2, 2}, []int{e.SchemaVersion, e.ReadAs})
		assert.Empty(t, e.ReadData)
	})
}

// rows is a table of the write database, a line each.
func streamRows(t *testing.T, w *labtest.World, query string) (all []string) {
	t.Helper()
	found, err := w.WriteStore().DB.QueryContext(t.Context(), query)
	require.NoError(t, err)
	defer found.Close()
	names, err := found.Columns()
	require.NoError(t, err)
	for found.Next() {
		values, into := make([]any, len(names)), make([]any, len(names))
		for i := range values {
			into[i] = &values[i]
		}
		require.NoError(t, found.Scan(into...))
		all = append(all, fmt.Sprint(values...))
	}
	require.NoError(t, found.Err())
	return all
}

func TestNoEventCanBeChanged(t *testing.T) {
	labtest.Bubble(t, `{"work":"0s"}`, func(t *testing.T, w *labtest.World) {
		w.Place("A")
		w.Settled()
		before := streamRows(t, w, `SELECT * FROM events ORDER BY seq`)
		require.Len(t, before, 4)
		tried, err := w.Tamper(t.Context(), "A", 2)
		require.NoError(t, err)
		assert.Equal(t, before, streamRows(t, w, `SELECT * FROM events ORDER BY seq`), "row by row")
		require.Len(t, tried.Attempts, 2)
		assert.Contains(t, tried.Attempts[0].SQL, "UPDATE events")
		assert.Contains(t, tried.Attempts[0].Refusal, "events are never changed; append a new one")
		assert.Contains(t, tried.Attempts[1].Refusal, "events are never deleted; append a new one")
		assert.True(t, tried.Kept)
		w.Expect("note - tried to change and to delete v2 of order A; the database refused")
		_, err = w.Tamper(t.Context(), "A", 5)
		require.ErrorContains(t, err, "order A has no version 5")
		w.Settled()
	})
}

// The row is the service's projection of the stream, whatever happened: with and
// without snapshots, and with all of them gone.
func TestTheFoldOfEveryStreamIsTheRowOfItsOrder(t *testing.T) {
	eachRun(t, lab.Options{}, func(t *testing.T, w *labtest.World, seed uint64) {
		if seed%2 == 0 {
			w.Do(`{"set":{"snapshot_every":2}}`)
		}
		for round := range 6 {
			run(w, t, seed*10+uint64(round), 8, func() {})
			for _, id := range []string{"o-1", "o-2", "o-3"} {
				if a, err := lab.DecodeAction(fmt.Appendf(nil, `{"amend_order":{"order":%q,"address":"%d Quay Street"}}`, id, round)); assert.NoError(t, err) {
					_, _ = w.Lab.Do(t.Context(), a) // there may be no such order, or nobody who serves
				}
			}
		}
		w.Do(`"thaw"`)
		w.Do(`"heal"`)
		w.Later(5 * time.Second)
		db := w.WriteStore().DB
		all := streamRows(t, w, `SELECT order_id FROM orders`)
		require.NotEmpty(t, all)
		for _, gone := range []bool{false, true} {
			if gone {
				_, err := db.ExecContext(t.Context(), `DELETE FROM snapshots`)
				require.NoError(t, err)
			}
			for _, id := range all {
				start, err := pattern.NewestSnapshot(t.Context(), db, id)
				require.NoError(t, err)
				o, _, err := pattern.FoldOn(t.Context(), db, start)
				require.NoError(t, err)
				row := streamRows(t, w, `SELECT user_id, total, address, status, reason, version, method FROM orders WHERE order_id = '`+id+`'`)
				require.Equal(t, fmt.Sprint(o.User, o.Total, o.Address, o.Status, o.Reason, o.Version, o.Method), strings.Join(row, ""), "order %s", id)

				// And the journal tells the same stream.
				s := stream(t, w, id, 0)
				stored, err := pattern.Load(t.Context(), db, id)
				require.NoError(t, err)
				require.Len(t, s.Events, len(stored))
				for i, e := range stored {
					require.Equal(t, []any{e.Seq, e.ID, e.Type, string(e.Data), e.At.UnixMilli(), e.SchemaVersion},
						[]any{s.Events[i].Seq, s.Events[i].EventID, s.Events[i].Type, string(s.Events[i].Data), s.Events[i].Timestamp, s.Events[i].SchemaVersion})
				}
				require.Equal(t, o.Status, s.Events[len(s.Events)-1].State[0].Value)
			}
		}
	})
}

func TestSnapshotsSaveReadingAndAreMeasured(t *testing.T) {
	labtest.Bubble(t, `{"work":"0s"}`, func(t *testing.T, w *labtest.World) {
		w.Place("A")
		w.Settled()
		load, err := w.LoadStream(t.Context(), "A")
		require.NoError(t, err)
		assert.Equal(t, []int{0, 4, 4}, []int{load.Snapshot, load.Whole.Events, load.Quick.Events})
		assert.Equal(t, "Order A has no snapshot: all 4 events are read, every time.", load.Text)

		w.Do(`{"set":{"snapshot_every":5}}`)
		for i := range 19 {
			w.Do(fmt.Sprintf(`{"amend_order":{"order":"A","address":"%d Quay Street"}}`, i))
		}
		assert.Equal(t, []string{"5", "10", "15", "20"}, streamRows(t, w, `SELECT version FROM snapshots ORDER BY version`))
		load, err = w.LoadStream(t.Context(), "A")
		require.NoError(t, err)
		assert.Equal(t, []int{23, 5, 20, 23, 3}, []int{load.Version, load.Every, load.Snapshot, load.Whole.Events, load.Quick.Events})
		assert.Equal(t, "From the snapshot at v20 only 3 events had to be read instead of 23, and the state is the same.", load.Text)
		s := stream(t, w, "A", 0)
		assert.True(t, s.Events[19].Snapshot)
		assert.False(t, s.Events[20].Snapshot)

		// A snapshot that says something else is found out, and is only a cache.
		db := w.WriteStore().DB
		_, err = db.ExecContext(t.Context(), `UPDATE snapshots SET state = replace(state, 'COMPLETED', 'PAID') WHERE version = 20`)
		require.NoError(t, err)
		_, err = w.LoadStream(t.Context(), "A")
		require.ErrorContains(t, err, "leads elsewhere")
		_, err = db.ExecContext(t.Context(), `DELETE FROM snapshots`)
		require.NoError(t, err)
		w.Do(`{"amend_order":{"order":"A","address":"last"}}`)
		w.True(`order("A").version == 24 && order("A").status == "COMPLETED"`)
	})
}

// What nobody planned is answered from what was written before anybody asked.
func TestANewProjectionReadsOldEvents(t *testing.T) {
	labtest.Bubble(t, `{"work":"0s","stock":{"monitor":1}}`, func(t *testing.T, w *labtest.World) {
		empty, err := w.Ask(t.Context(), "revenue")
		require.NoError(t, err)
		assert.Equal(t, []any{"There are no events yet.", [][]string{}}, []any{empty.Text, empty.Rows})
		w.Place("A")
		w.Do(`{"place_order":{"as":"B","user":"user-2","items":[{"sku":"cable","qty":3}],"method":"declined-card"}}`)
		w.Do(`{"place_order":{"as":"C","user":"user-3","items":[{"sku":"monitor","qty":2}]}}`)
		w.Do(`{"place_order":{"as":"D","user":"user-4","items":[{"sku":"cable","qty":2},{"sku":"mouse","qty":1}]}}`)
		w.Settled()
		w.Do(`{"amend_order":{"order":"A","address":"1 Quay Street"}}`)
		w.Do(`{"amend_order":{"order":"A","address":"2 Quay Street"}}`)
		for question, want := range map[string][][]string{
			"revenue":       {{"mouse", "2", "50.00"}, {"cable", "2", "18.00"}},
			"cancellations": {{"out_of_stock", "1", "378.00", "378.00"}, {"the card was declined", "1", "27.00", "0.00"}},
			"corrections":   {{"A", "2", "none", "2 Quay Street"}},
		} {
			a, err := w.Ask(t.Context(), question)
			require.NoError(t, err)
			assert.Equal(t, want, a.Rows, question)
			assert.Equal(t, []int{4 + 2 + 3 + 4 + 2, 4}, []int{a.Events, a.Streams}, "every event was read")
			assert.Contains(t, a.Text, "15 events of 4 orders were read, the oldest written at 00:0")
			for _, row := range a.Rows {
				assert.Len(t, row, len(a.Columns))
			}
		}
		a, err := w.Ask(t.Context(), "payment")
		require.NoError(t, err)
		assert.Equal(t, []string{"card", "3"}, a.Rows[0][:2])
		_, err = w.Ask(t.Context(), "weather")
		require.ErrorContains(t, err, "the questions are cancellations, revenue, payment, corrections")
	})
}

func TestAnOrderFromOutsideHasAStreamLikeAnyOther(t *testing.T) {
	labtest.Bubble(t, `{"work":"0s"}`, func(t *testing.T, w *labtest.World) {
		w.Do(`{"publish":{"topic":"orders","key":"k","value":"{\"event_id\":\"e1\",\"event_type\":\"OrderCreated\",\"data\":{\"order_id\":77,\"user_id\":7,\"items\":[{\"sku\":\"mouse\",\"qty\":1}],\"total\":2500}}"}}`)
		w.Settled()
		s := stream(t, w, "77", 0)
		require.Len(t, s.Events, 4)
		assert.Equal(t, "[status CREATED], [total 25.00], charged 0.00, reserved nothing, [version 1]", at(s.Events[0]))
		assert.Contains(t, s.Events[0].Cause.Text, "orders p")
		assert.JSONEq(t, `{"payment_id":"pay-1","method":"card","amount":2500}`, string(s.Events[1].Data))
		assert.Contains(t, at(s.Events[3]), "[status COMPLETED]")
	})
}

// Adopted and cancelled in one transaction: the snapshot of it is whole.
func TestAnOrderThatIsAdoptedAtItsEndHasAWholeSnapshot(t *testing.T) {
	labtest.Bubble(t, `{"work":"0s","snapshot_every":2}`, func(t *testing.T, w *labtest.World) {
		w.Do(`{"publish":{"topic":"payments","key":"k","value":"{\"event_id\":\"e1\",\"event_type\":\"PaymentFailed\",\"data\":{\"order_id\":78,\"user_id\":7,\"reason\":\"no\",\"items\":[{\"sku\":\"mouse\",\"qty\":1}],\"total\":2500}}"}}`)
		w.Settled()
		load, err := w.LoadStream(t.Context(), "78")
		require.NoError(t, err, "the snapshot and the events say the same")
		assert.Equal(t, []int{2, 2, 0}, []int{load.Version, load.Snapshot, load.Quick.Events})
	})
}

// What happened second may be read first: then the message about the goods says
// how they were paid.
func TestAnOrderThatHearsOfItsGoodsFirstKnowsItsPayment(t *testing.T) {
	labtest.Bubble(t, `{"work":"0s"}`, func(t *testing.T, w *labtest.World) {
		w.Place("A")
		w.Settled()
		said := w.Eval(`filter([0,1,2], topic("inventory").partitions[#].end > 0)`).([]any)
		require.Len(t, said, 1)
		reserved := w.At("tapes", "inventory", said[0], "records", 0, "value").(string)
		assert.Contains(t, reserved, `"payment_id":"pay-1"`)

		w.Do(`{"pause":"payment"}`)
		b := w.Place("B").OrderID
		forged := strings.NewReplacer("o-1", b, "pay-1", "pay-9").Replace(withID(reserved, "forged"))
		raw, err := json.Marshal(forged)
		require.NoError(t, err)
		w.Do(fmt.Sprintf(`{"publish":{"topic":"inventory","key":"user-1","value":%s}}`, raw))
		w.Until(`order("B").status == "COMPLETED"`, 5*time.Second)
		s := stream(t, w, "B", 0)
		require.Len(t, s.Events, 4)
		assert.JSONEq(t, `{"payment_id":"pay-9","method":"card","amount":2500}`, string(s.Events[1].Data))
	})
}

// withID gives an event another id.
func withID(event, id string) string {
	var fields map[string]any
	if json.Unmarshal([]byte(event), &fields) != nil {
		return ""
	}
	fields["event_id"] = id
	raw, _ := json.Marshal(fields)
	return string(raw)
}

func TestTheFoldIsShownInItsOwnSource(t *testing.T) {
	code, err := lab.Fold()
	require.NoError(t, err)
	assert.Equal(t, "lab/pattern/aggregate.go", code.File)
	assert.Contains(t, code.Lines[0], "func (o *Order) Apply(e Event) error {")
	assert.Equal(t, "}", code.Lines[len(code.Lines)-1])
	for typ, says := range map[string]string{"OrderCreated": `"CREATED"`, "OrderPaid": "said.Amount", "OrderReserved": "said.Items", "OrderAmended": "said.Address", "OrderCompleted": `"COMPLETED"`, "OrderCancelled": "said.Reason"} {
		lines, ok := code.Cases[typ]
		require.True(t, ok, typ)
		marked := strings.Join(code.Lines[lines[0]-code.First:lines[1]-code.First+1], "\n")
		assert.Contains(t, marked, says)
		assert.Contains(t, marked, `case "`+typ+`"`)
		assert.Equal(t, 1, strings.Count(marked, "case "), "one case and no more: %s", marked)
	}
}
