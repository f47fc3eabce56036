package lab_test

import (
	"testing"
	"time"

	"eddy/lab"
	"eddy/lab/labtest"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func query(t *testing.T, w *labtest.World, q lab.OrderQuery) lab.OrderAnswer {
	t.Helper()
	a, err := w.QueryOrder(t.Context(), q)
	require.NoError(t, err)
	return a
}

func refusedQuery(t *testing.T, w *labtest.World, q lab.OrderQuery) *lab.Error {
	t.Helper()
	_, err := w.QueryOrder(t.Context(), q)
	require.Error(t, err)
	return lab.AsError(err)
}

// The query side knows what was projected and nothing else, however far the
// write side is.
func TestAQueryIsAnsweredFromTheReadModelAlone(t *testing.T) {
	labtest.Bubble(t, "", func(t *testing.T, w *labtest.World) {
		w.Do(`{"pause":"projector"}`)
		w.Place("A")
		w.Until(`order("A").status == "COMPLETED"`, 10*time.Second)
		missing := refusedQuery(t, w, lab.OrderQuery{Order: "A"})
		assert.Equal(t, lab.NotFound, missing.Code)
		assert.Equal(t, "order A is not in the read model yet, because you paused the projector", missing.Message)
		assert.Contains(t, refusedQuery(t, w, lab.OrderQuery{Order: "Z"}).Message, `no order "Z"`)
		w.Do(`{"resume":"projector"}`)
		w.Settled()
		a := query(t, w, lab.OrderQuery{Order: "A"})
		assert.Equal(t, []any{"o-1", "user-1", "Ada Moss", "ada.moss@example.com", "COMPLETED", 4, int64(2500), "Mouse", lab.FromReadModel, int64(0), int64(0)},
			[]any{a.OrderID, a.UserID, a.UserName, a.UserEmail, a.Status, a.Version, a.Total, a.Items[0].Name, a.Source, a.ReadLag, a.WaitedMS})
		assert.Less(t, a.AsOfMS, int64(1000), "its events happened while the projector was paused")
		assert.InDelta(t, a.AsOfMS, w.At("read_model", "orders", "o-1", "as_of"), 0)
	})
}

func TestAQueryThatWaitsForAVersionIsAnsweredWhenTheCopyHasIt(t *testing.T) {
	labtest.Bubble(t, "", func(t *testing.T, w *labtest.World) {
		w.Do(`{"slow":{"service":"projector","by":"500ms"}}`)
		w.Place("A")
		w.Until(`order("A").version == 4`, 10*time.Second)
		a := query(t, w, lab.OrderQuery{Order: "A", MinVersion: 3})
		assert.GreaterOrEqual(t, a.Version, 3)
		assert.InDelta(t, 1400, a.WaitedMS, 500, "three events of 550 ms")
		assert.Zero(t, query(t, w, lab.OrderQuery{Order: "A", MinVersion: 3}).WaitedMS, "it is there")
	})
}

func TestAQueryDoesNotWaitForEver(t *testing.T) {
	for _, freeze := range []bool{false, true} {
		labtest.Bubble(t, "", func(t *testing.T, w *labtest.World) {
			w.Do(`{"pause":"projector"}`)
			w.Place("A")
			if freeze { // then wall time counts
				w.Do(`"freeze"`)
			}
			began := time.Now()
			late := refusedQuery(t, w, lab.OrderQuery{Order: "A", MinVersion: 2})
			assert.Equal(t, lab.Unavailable, late.Code)
			assert.Contains(t, late.Message, "did not come to version 2 within 5s: the read model does not have it yet, because you paused the projector")
			assert.InDelta(t, 5, time.Since(began).Seconds(), 0.3)
			assert.Equal(t, lab.Invalid, refusedQuery(t, w, lab.OrderQuery{Order: "A", MinVersion: -1}).Code)
		})
	}
}

// What a command was answered with can be shown before the copy has it. It is
// no news about what others did meanwhile.
func TestAQueryShowsTheCallersOwnWrite(t *testing.T) {
	labtest.Bubble(t, "", func(t *testing.T, w *labtest.World) {
		w.Do(`{"pause":"projector"}`)
		w.Place("A")
		a := query(t, w, lab.OrderQuery{Order: "A", Own: true})
		assert.Equal(t, []any{"CREATED", 1, "Ada Moss", "Mouse", int64(2500), lab.FromOwnWrite}, []any{a.Status, a.Version, a.UserName, a.Items[0].Name, a.Total, a.Source})
		w.Until(`order("A").status == "COMPLETED"`, 10*time.Second)
		assert.Equal(t, "CREATED", query(t, w, lab.OrderQuery{Order: "A", Own: true}).Status, "the payment was not the caller's doing")

		w.Do(`{"pause":"payment"}`)
		w.Place("B")
		w.Do(`{"cancel_order":"B"}`)
		b := query(t, w, lab.OrderQuery{Order: "B", Own: true})
		assert.Equal(t, []any{"CANCELLED", 2, lab.FromOwnWrite}, []any{b.Status, b.Version, b.Source})
		w.Do(`"heal"`)
		w.Settled()
		assert.Equal(t, lab.FromReadModel, query(t, w, lab.OrderQuery{Order: "A", Own: true}).Source, "the copy has caught up")
		assert.Equal(t, []any{"CANCELLED", lab.FromReadModel}, []any{query(t, w, lab.OrderQuery{Order: "B", Own: true}).Status, query(t, w, lab.OrderQuery{Order: "B", Own: true}).Source})
	})
}

func TestAUsersOrdersArePaged(t *testing.T) {
	labtest.Bubble(t, "", func(t *testing.T, w *labtest.World) {
		w.Do(`{"burst":{"orders":7,"rate":100,"users":1}}`)
		w.Settled()
		var seen []string
		for page := range 4 {
			a, err := w.QueryOrders(t.Context(), "user-1", page+1, 3)
			require.NoError(t, err)
			assert.Equal(t, []int{7, page + 1, 3}, []int{a.Total, a.Page, a.Size})
			for _, o := range a.Orders {
				assert.Equal(t, []any{"COMPLETED", 4, "Ada Moss"}, []any{o.Status, o.Version, o.UserName})
				seen = append(seen, o.OrderID)
			}
		}
		assert.Equal(t, []string{"o-7", "o-6", "o-5", "o-4", "o-3", "o-2", "o-1"}, seen, "newest first, each once")
		none, err := w.QueryOrders(t.Context(), "user-9", 0, 0)
		require.NoError(t, err)
		assert.Equal(t, []int{0, 1, 20}, []int{none.Total, none.Page, none.Size})
		for _, bad := range []struct {
			user       string
			page, size int
		}{{"", 1, 1}, {"user-1", -1, 1}, {"user-1", 1, 101}, {"user-1", 1, -1}, {"user-1", 1 << 30, 1}} {
			_, err := w.QueryOrders(t.Context(), bad.user, bad.page, bad.size)
			require.Error(t, err)
			assert.Equal(t, lab.Invalid, lab.AsError(err).Code, bad)
		}
	})
}

// Which orders are shown older than they are, by how much, since when and why:
// the board says it, at any moment.
func TestTheBoardSaysWhichOrdersAreStaleAndWhy(t *testing.T) {
	labtest.Bubble(t, "", func(t *testing.T, w *labtest.World) {
		assert.Empty(t, w.At("read_model", "because"))
		w.Do(`{"pause":"projector"}`)
		w.Later(time.Second)
		placed := w.At("lab_time").(float64)
		w.Place("A")
		late := w.At("read_model", "late", "o-1").(map[string]any)
		assert.InDelta(t, 1, late["behind"], 0)
		assert.InDelta(t, placed, late["since"], 5)
		w.Until(`order("A").status == "COMPLETED"`, 10*time.Second)
		late = w.At("read_model", "late", "o-1").(map[string]any)
		assert.InDelta(t, 4, late["behind"], 0)
		assert.InDelta(t, placed, late["since"], 5, "it has been stale all the time")
		assert.Equal(t, "you paused the projector", w.At("read_model", "because"))
		paused := w.Entries()[int(w.At("read_model", "because_seq").(float64))-1]
		assert.Equal(t, []any{lab.KindFault, "projector"}, []any{paused.Kind, paused.Service})
		var stream []string
		for _, s := range w.At("orders", "o-1", "stream").([]any) {
			stream = append(stream, s.(map[string]any)["type"].(string))
		}
		assert.Equal(t, []string{"OrderCreated", "OrderPaid", "OrderReserved", "OrderCompleted"}, stream)

		w.Do(`{"slow":{"service":"projector","by":"2s"}}`)
		w.Do(`{"resume":"projector"}`)
		assert.Contains(t, w.At("read_model", "because"), "you slowed the projector down, by 2s an event")
		w.Do(`"heal"`)
		w.Do(`{"cut":{"service":"projector","from":"kafka"}}`)
		w.Place("B")
		assert.Contains(t, w.At("read_model", "because"), "you cut the projector off from its kafka")
		w.Do(`"heal"`)
		w.Do(`{"scale":{"service":"projector","instances":0}}`)
		w.Place("C")
		assert.Contains(t, w.At("read_model", "because"), "no instance of the projector runs")
		w.Do(`{"scale":{"service":"projector","instances":1}}`)
		w.Settled()
		assert.Empty(t, w.At("read_model", "late"))
		assert.Empty(t, w.At("read_model", "because"))
	})
}

// The line of staleness is the board's own lag, moment for moment, though it is
// worked out from entries alone.
func TestTheStalenessOfAWhileIsTheLagOfEveryBoardInIt(t *testing.T) {
	labtest.Bubble(t, "", func(t *testing.T, w *labtest.World) {
		w.Do(`{"slow":{"service":"projector","by":"300ms"}}`)
		w.Do(`{"burst":{"orders":4,"rate":10}}`)
		w.Later(time.Second)
		w.Do(`{"crash":"projector"}`)
		w.Later(2 * time.Second)
		w.Do(`"heal"`)
		w.Settled()
		w.Do(`{"rewind":{"group":"projector","topic":"orders","to":"earliest"}}`)
		w.Settled()
		s, err := lab.StalenessUpTo(w.Lab, w.Head(), 0, time.Hour)
		require.NoError(t, err)
		lag := map[int64]int64{}
		for _, e := range w.Entries() {
			raw, err := w.BoardAt(e.Seq)
			require.NoError(t, err)
			lag[e.At] = int64(labtest.Parse(t, raw)["read_model"].(map[string]any)["lag"].(float64)) // the last one of a moment
		}
		most := int64(0)
		for at, want := range lag {
			got := int64(-1)
			for _, p := range s.Points {
				if p.At <= at {
					got = p.Lag
				}
			}
			assert.Equal(t, want, got, "at %d ms", at)
			most = max(most, want)
		}
		assert.GreaterOrEqual(t, s.Most, most)
		assert.Greater(t, most, int64(5))

		some, err := lab.StalenessUpTo(w.Lab, w.Head(), s.To+300, 700*time.Millisecond)
		require.NoError(t, err)
		assert.Equal(t, []int64{s.To - 400, s.To + 300}, []int64{some.From, some.To})
		for i, p := range some.Points[1:] {
			assert.Equal(t, s.Points[len(s.Points)-len(some.Points)+1+i], p)
		}
		_, err = lab.StalenessUpTo(w.Lab, w.Head()+1, 0, time.Second)
		require.Error(t, err)
	})
}
