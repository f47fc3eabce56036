package pattern

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// history appends events to a stream, each at the version that was seen.
func history(t *testing.T, db DB, id string, events ...Event) {
	t.Helper()
	seen, err := Load(t.Context(), db, id)
	require.NoError(t, err)
	for i := range events {
		events[i].ID, events[i].At = fmt.Sprint(id, "-", len(seen)+i+1), time.UnixMilli(1)
	}
	require.NoError(t, Append(t.Context(), db, id, len(seen), events...))
}

func bought(currency string) Event {
	return Order{}.Event("OrderCreated", OrderFacts{User: "user-1", Items: []Line{{"mouse", "Mouse", 2, 2500}}, Total: 5000, Currency: currency, Method: "card"})
}

func TestAnOrderIsTheFoldOfItsEvents(t *testing.T) {
	db := openDB(t)
	history(t, db, "o1", bought("USD"), Order{}.Event("OrderPaid", OrderFacts{PaymentID: "pay-1", Method: "card", Amount: 5000}),
		Order{}.Event("OrderReserved", OrderFacts{Items: []Line{{SKU: "mouse", Qty: 2}}}), Order{}.Event("OrderCompleted", OrderFacts{}))
	events, err := Load(t.Context(), db, "o1")
	require.NoError(t, err)
	for version, want := range []Order{
		{ID: "o1", Status: "CREATED"}, {ID: "o1", Status: "PAID", PaymentID: "pay-1", Charged: 5000},
		{ID: "o1", Status: "RESERVED", PaymentID: "pay-1", Charged: 5000, Reserved: []Line{{SKU: "mouse", Qty: 2}}},
		{ID: "o1", Status: "COMPLETED", PaymentID: "pay-1", Charged: 5000, Reserved: []Line{{SKU: "mouse", Qty: 2}}},
	} {
		want.User, want.Method, want.Items, want.Total, want.Currency, want.Version = "user-1", "card", []Line{{"mouse", "Mouse", 2, 2500}}, 5000, "USD", version+1
		got, err := FromEvents(events[:version+1])
		require.NoError(t, err)
		assert.Equal(t, want, got, "the order at version %d", version+1)
	}
}

// A command changes nothing: it returns what is to be appended, or says why not.
func TestACommandDecidesOnTheStateAndReturnsEvents(t *testing.T) {
	paid, cancelled := Order{ID: "o1", Status: "PAID", Version: 2}, Order{ID: "o1", Status: "CANCELLED", Version: 3}
	events, err := paid.Cancel("no need")
	require.NoError(t, err)
	require.Len(t, events, 1)
	assert.Equal(t, "OrderCancelled", events[0].Type)
	assert.JSONEq(t, `{"reason":"no need"}`, string(events[0].Data))
	assert.Equal(t, "PAID", paid.Status, "deciding is not applying")
	_, err = Order{Status: "COMPLETED"}.Cancel("no need")
	require.EqualError(t, err, "is COMPLETED; only a CREATED or PAID order can be cancelled")
	_, err = cancelled.Amend("2 Quay Street")
	require.ErrorContains(t, err, "is CANCELLED")
	events, err = Order{Status: "COMPLETED"}.Amend("2 Quay Street")
	require.NoError(t, err)
	assert.JSONEq(t, `{"address":"2 Quay Street"}`, string(events[0].Data))
}

func TestAnOldEventIsReadInTheNewestFormAndStaysAsItIs(t *testing.T) {
	db := openDB(t)
	history(t, db, "o1", bought(""))
	events, err := Load(t.Context(), db, "o1")
	require.NoError(t, err)
	assert.Equal(t, 1, events[0].SchemaVersion)
	assert.NotContains(t, string(events[0].Data), "currency")
	o, err := FromEvents(events)
	require.NoError(t, err)
	assert.Equal(t, "USD", o.Currency)
	assert.EqualValues(t, 5000, o.Total, "the rest of it comes through")
}

func TestDataThatCannotBeReadIsAnErrorThatNamesTheEvent(t *testing.T) {
	_, err := FromEvents([]Event{{AggregateID: "o1", Type: "OrderPaid", Version: 2, Data: json.RawMessage(`{"amount":"much"}`)}})
	require.ErrorContains(t, err, "read OrderPaid, version 2 of o1")
}

// Wherever snapshots are taken, and whether they are there or not, the state is
// the same: they are a cache.
func TestASnapshotSavesReadingAndChangesNothing(t *testing.T) {
	db := openDB(t)
	dice := rand.New(rand.NewPCG(1, 2))
	history(t, db, "o1", bought("USD"))
	saved := 0
	for i := range 40 {
		history(t, db, "o1", Order{}.Event("OrderAmended", OrderFacts{Address: fmt.Sprint(i, " Quay Street")}))
		start, err := NewestSnapshot(t.Context(), db, "o1")
		require.NoError(t, err)
		quick, read, err := FoldOn(t.Context(), db, start)
		require.NoError(t, err)
		whole, all, err := FoldOn(t.Context(), db, Order{ID: "o1"})
		require.NoError(t, err)
		require.Equal(t, whole, quick)
		require.Equal(t, i+2, all)
		require.Equal(t, i+2-saved, read, "with a snapshot only what is newer is read")
		if dice.IntN(4) == 0 {
			require.NoError(t, SaveSnapshot(t.Context(), db, quick))
			saved = quick.Version
		}
	}
	require.Positive(t, saved)
	_, err := db.ExecContext(t.Context(), `DELETE FROM snapshots`)
	require.NoError(t, err, "a snapshot can be deleted")
	start, err := NewestSnapshot(t.Context(), db, "o1")
	require.NoError(t, err)
	assert.Equal(t, Order{ID: "o1"}, start)
	o, _, err := FoldOn(t.Context(), db, start)
	require.NoError(t, err)
	assert.Equal(t, "39 Quay Street", o.Address)
}

func TestASnapshotOfAnotherFormIsPassedOver(t *testing.T) {
	db := openDB(t)
	history(t, db, "o1", bought("USD"))
	require.NoError(t, SaveSnapshot(t.Context(), db, Order{ID: "o1", Version: 1, Status: "WRONG"}))
	_, err := db.ExecContext(t.Context(), `UPDATE snapshots SET schema_version = ?`, OrderSchema-1)
	require.NoError(t, err)
	start, err := NewestSnapshot(t.Context(), db, "o1")
	require.NoError(t, err)
	assert.Equal(t, Order{ID: "o1"}, start)
}

func TestAllEventsAreReadPageByPage(t *testing.T) {
	db := openDB(t)
	for i := range 7 {
		history(t, db, fmt.Sprint("o", i%3), Order{}.Event("OrderAmended", OrderFacts{Address: "x"}))
	}
	var ids []string
	for after := int64(0); ; {
		page, err := LoadAll(t.Context(), db, after, 3)
		require.NoError(t, err)
		if len(page) == 0 {
			break
		}
		for _, e := range page {
			ids, after = append(ids, e.ID), e.Seq
		}
	}
	assert.Equal(t, []string{"o0-1", "o1-1", "o2-1", "o0-2", "o1-2", "o2-2", "o0-3"}, ids)
}
