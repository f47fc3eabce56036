package store

import (
	"context"
	"fmt"
	"os"
	"runtime"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func openWrite(t testing.TB) *Write {
	t.Helper()
	w, err := OpenWrite(context.Background())
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, w.Close()) })
	return w
}

func openRead(t testing.TB) *Read {
	t.Helper()
	r, err := OpenRead(context.Background())
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, r.Close()) })
	return r
}

func TestEventsAreNeverChangedOrDeleted(t *testing.T) {
	w := openWrite(t)
	_, err := w.DB.Exec(`INSERT INTO events (event_id, aggregate_id, type, data, timestamp, version, schema_version)
		VALUES ('e1', 'o1', 'OrderCreated', '{}', 0, 1, 1)`)
	require.NoError(t, err)
	for _, forbidden := range []string{`UPDATE events SET data = '{"total":0}'`, `DELETE FROM events`} {
		_, err := w.DB.Exec(forbidden)
		assert.ErrorContains(t, err, "append a new one", forbidden)
	}
	var data string
	require.NoError(t, w.DB.QueryRow(`SELECT data FROM events`).Scan(&data))
	assert.Equal(t, "{}", data)
}

func TestADatabaseSharesNothingWithAnother(t *testing.T) {
	one, two := openWrite(t), openWrite(t)
	_, err := one.DB.Exec(`INSERT INTO stock VALUES ('mouse', 100)`)
	require.NoError(t, err)
	var n int
	require.NoError(t, two.DB.QueryRow(`SELECT count(*) FROM stock`).Scan(&n))
	assert.Zero(t, n)
}

// The database is gone with its connection, so that one must outlive idleness
// and the end of a context that was used with it.
func TestTheDatabaseOutlivesIdlenessAndCancelledCalls(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w, err := OpenWrite(t.Context())
		require.NoError(t, err)
		_, err = w.DB.Exec(`INSERT INTO stock VALUES ('mouse', 100)`)
		require.NoError(t, err)
		ctx, cancel := context.WithCancel(t.Context())
		tx, err := w.DB.BeginTx(ctx, nil)
		require.NoError(t, err)
		_, err = tx.ExecContext(ctx, `UPDATE stock SET available = 0`)
		require.NoError(t, err)
		cancel()
		time.Sleep(24 * time.Hour)
		var n int
		require.NoError(t, w.DB.QueryRow(`SELECT available FROM stock`).Scan(&n))
		assert.Equal(t, 100, n, "rolled back, not lost")
		require.NoError(t, w.Close())
	})
}

// A statement that is kept must not be reset while its rows are being read.
func TestAQueryWithinItsOwnRowsSeesAllOfThem(t *testing.T) {
	w := openWrite(t)
	for i := range 3 {
		_, err := w.DB.Exec(`INSERT INTO stock VALUES (?, 1)`, fmt.Sprint(i))
		require.NoError(t, err)
	}
	tx, err := w.DB.Begin()
	require.NoError(t, err)
	defer tx.Rollback()
	const query = `SELECT sku FROM stock ORDER BY sku`
	outer, err := tx.Query(query)
	require.NoError(t, err)
	var pairs []string
	for outer.Next() {
		var a, b string
		require.NoError(t, outer.Scan(&a))
		inner, err := tx.Query(query)
		require.NoError(t, err)
		for inner.Next() {
			require.NoError(t, inner.Scan(&b))
			pairs = append(pairs, a+b)
		}
		require.NoError(t, inner.Close())
	}
	assert.Len(t, pairs, 9)
}

func TestStatementsThatAreMadeUpDoNotPileUp(t *testing.T) {
	w := openWrite(t)
	for i := range 2 * keptMax {
		_, err := w.DB.Exec(fmt.Sprintf(`DELETE FROM stock WHERE sku = '%d'`, i))
		require.NoError(t, err)
	}
	c, err := w.DB.Conn(t.Context())
	require.NoError(t, err)
	defer c.Close()
	require.NoError(t, c.Raw(func(driver any) error {
		assert.Len(t, driver.(*conn).kept, keptMax)
		return nil
	}))
}

func created(order, user string, at int64) Change {
	return Change{EventID: "created-" + order, OrderID: order, Update: func(v *View) bool {
		v.UserID, v.Status, v.CreatedAt, v.Items, v.Version = user, "CREATED", at, "[]", 1
		return true
	}}
}

func TestAnEventIsAppliedOnce(t *testing.T) {
	r := openRead(t)
	calls := 0
	add := Change{EventID: "e1", OrderID: "o1", Update: func(v *View) bool {
		calls++
		v.Total += 2500
		return true
	}}
	require.NoError(t, r.Apply(t.Context(), []Change{add, add}))
	require.NoError(t, r.Apply(t.Context(), []Change{add}))
	v, ok, err := r.Get(t.Context(), "o1")
	require.NoError(t, err)
	require.True(t, ok)
	assert.EqualValues(t, 2500, v.Total)
	assert.Equal(t, 1, calls)
}

func TestABatchIsAppliedAsAWholeOrNotAtAll(t *testing.T) {
	r := openRead(t)
	ctx, cancel := context.WithCancel(t.Context())
	bad := Change{EventID: "e2", OrderID: "o2", Update: func(*View) bool { cancel(); return true }}
	require.Error(t, r.Apply(ctx, []Change{created("o1", "user-1", 1), bad}))
	_, ok, err := r.Get(t.Context(), "o1")
	require.NoError(t, err)
	assert.False(t, ok)
	require.NoError(t, r.Apply(t.Context(), []Change{created("o1", "user-1", 1)}), "its event is still new")
	_, ok, _ = r.Get(t.Context(), "o1")
	assert.True(t, ok)
}

func TestChangesOfOneRowBuildOnEachOther(t *testing.T) {
	r := openRead(t)
	paid := Change{EventID: "p", OrderID: "o1", Update: func(v *View) bool {
		v.Status, v.Version = v.Status+" PAID", v.Version+1
		return true
	}}
	ignored := Change{EventID: "i", OrderID: "o9", Update: func(*View) bool { return false }}
	require.NoError(t, r.Apply(t.Context(), []Change{created("o1", "user-1", 1), paid, ignored}))
	v, _, err := r.Get(t.Context(), "o1")
	require.NoError(t, err)
	assert.Equal(t, "CREATED PAID", v.Status)
	assert.Equal(t, 2, v.Version)
	_, ok, _ := r.Get(t.Context(), "o9")
	assert.False(t, ok)
}

// A row that only moves on is written in part; one that also changes what it is
// found by is written as a whole.
func TestAChangedRowIsFoundByWhatItSaysNow(t *testing.T) {
	r := openRead(t)
	change := func(update func(*View)) {
		t.Helper()
		require.NoError(t, r.Apply(t.Context(), []Change{{OrderID: "o1", Update: func(v *View) bool { update(v); return true }}}))
	}
	require.NoError(t, r.Apply(t.Context(), []Change{created("o1", "user-1", 5), created("o2", "user-1", 4)}))
	change(func(v *View) { v.Status, v.Reason, v.Version, v.UpdatedAt = "PAID", "why", 2, 9 })
	v, _, err := r.Get(t.Context(), "o1")
	require.NoError(t, err)
	assert.Equal(t, View{OrderID: "o1", UserID: "user-1", Items: "[]", Status: "PAID", Reason: "why", Version: 2, CreatedAt: 5, UpdatedAt: 9}, v)
	change(func(v *View) { v.Status, v.CreatedAt = "RESERVED", 3 })
	views, _, err := r.ByUser(t.Context(), "user-1", 1, 2)
	require.NoError(t, err)
	assert.Equal(t, []string{"o2", "o1"}, []string{views[0].OrderID, views[1].OrderID})
	change(func(v *View) { v.Items, v.UserID = `[{"sku":"mouse"}]`, "user-2" })
	views, _, err = r.ByUser(t.Context(), "user-2", 1, 2)
	require.NoError(t, err)
	require.Len(t, views, 1)
	assert.Equal(t, `[{"sku":"mouse"}]`, views[0].Items)
}

func TestByUserPagesNewestFirst(t *testing.T) {
	r := openRead(t)
	var changes []Change
	for i := range 5 {
		changes = append(changes, created(fmt.Sprint("o", i), "user-1", int64(i)))
	}
	require.NoError(t, r.Apply(t.Context(), append(changes, created("x", "user-2", 9))))
	views, total, err := r.ByUser(t.Context(), "user-1", 2, 2)
	require.NoError(t, err)
	assert.Equal(t, 5, total)
	require.Len(t, views, 2)
	assert.Equal(t, []string{"o2", "o1"}, []string{views[0].OrderID, views[1].OrderID})
}

// How far the log was read and what came of it are one transaction.
func TestTheReadPlacesAreKeptWithTheRowsAndNeverMoveBack(t *testing.T) {
	r := openRead(t)
	orders := func(next int64) Place { return Place{Topic: "orders", Partition: 1, Next: next} }
	require.NoError(t, r.Apply(t.Context(), []Change{created("o1", "user-1", 1)}, orders(7), Place{Topic: "payments", Next: 2}))
	require.NoError(t, r.Apply(t.Context(), nil, orders(5)))
	ctx, cancel := context.WithCancel(t.Context())
	bad := Change{OrderID: "o2", Update: func(*View) bool { cancel(); return true }}
	require.Error(t, r.Apply(ctx, []Change{bad}, orders(9)))
	places, err := r.Places(t.Context())
	require.NoError(t, err)
	assert.ElementsMatch(t, []Place{orders(7), {Topic: "payments", Next: 2}}, places)
}

// BenchmarkPlaceOrder is the transaction of the order service: a row, an event
// and an outgoing message.
func BenchmarkPlaceOrder(b *testing.B) {
	w, ctx := openWrite(b), context.Background()
	value := []byte(strings.Repeat("x", 300))
	for i := 0; b.Loop(); i++ {
		id := fmt.Sprint("order-", i)
		tx, err := w.DB.BeginTx(ctx, nil)
		require.NoError(b, err)
		_, err = tx.ExecContext(ctx, `INSERT INTO orders (order_id, user_id, items, total, status, version, created_at)
			VALUES (?, 'user-1', '[{"sku":"mouse","qty":1}]', 2500, 'CREATED', 1, 0)`, id)
		require.NoError(b, err)
		_, err = tx.ExecContext(ctx, `INSERT INTO events (event_id, aggregate_id, type, data, timestamp, version, schema_version)
			VALUES (?, ?, 'OrderCreated', ?, 0, 1, 2)`, id, id, string(value))
		require.NoError(b, err)
		_, err = tx.ExecContext(ctx, `INSERT INTO outbox (service, owner, claimed_until, topic, key, event_id, value, headers)
			VALUES ('order', 'order/1', 0, 'orders', 'user-1', ?, ?, '{}')`, id, value)
		require.NoError(b, err)
		require.NoError(b, tx.Commit())
	}
}

func benchmarkApply(b *testing.B, size int) {
	r, ctx := openRead(b), context.Background()
	n := 0
	for b.Loop() {
		changes := make([]Change, size)
		for i := range changes {
			changes[i] = created(fmt.Sprint("order-", n), "user-1", int64(n))
			n++
		}
		require.NoError(b, r.Apply(ctx, changes))
	}
	b.ReportMetric(float64(n)/b.Elapsed().Seconds(), "rows/s")
}

// BenchmarkApplyFive is what a projector does about an order: five events, one
// after the other.
func BenchmarkApplyFive(b *testing.B) {
	r, ctx := openRead(b), context.Background()
	n := 0
	for b.Loop() {
		for i := range 5 {
			c := created(fmt.Sprint("order-", n), fmt.Sprint("user-", n%20), int64(n))
			c.EventID = fmt.Sprint("event-", n, "-", i)
			update := c.Update
			c.Update = func(v *View) bool { update(v); v.Version = i + 1; return true }
			require.NoError(b, r.Apply(ctx, []Change{c}, Place{Topic: "orders", Partition: int32(n % 3), Next: int64(n)}))
		}
		n++
	}
}

func BenchmarkApplyOne(b *testing.B)      { benchmarkApply(b, 1) }
func BenchmarkApplyThousand(b *testing.B) { benchmarkApply(b, 1000) }

// BenchmarkReplay is a rebuild: five events an order, a thousand events a batch,
// the events of an order a few dozen orders apart.
func BenchmarkReplay(b *testing.B) {
	r, ctx := openRead(b), context.Background()
	n := 0
	for b.Loop() {
		changes := make([]Change, 1000)
		for i := range changes {
			order := fmt.Sprint("order-", n/250*50+n%50)
			changes[i] = created(order, "user-1", int64(n))
			changes[i].EventID = fmt.Sprint("event-", n)
			n++
		}
		require.NoError(b, r.Apply(ctx, changes))
	}
	b.ReportMetric(float64(n)/b.Elapsed().Seconds(), "events/s")
}

func BenchmarkOpen(b *testing.B) {
	for b.Loop() {
		w, err := OpenWrite(context.Background())
		require.NoError(b, err)
		w.Close()
	}
}

// BenchmarkMemory reports what a pair of databases with ten orders weighs.
func BenchmarkMemory(b *testing.B) {
	const pairs = 200
	for b.Loop() {
		before := resident()
		var close []func() error
		for range pairs {
			w, err := OpenWrite(context.Background())
			require.NoError(b, err)
			r, err := OpenRead(context.Background())
			require.NoError(b, err)
			for i := range 10 {
				_, err := w.DB.Exec(`INSERT INTO orders (order_id, user_id, items, total, status, version, created_at)
					VALUES (?, 'user-1', '[]', 2500, 'CREATED', 1, 0)`, fmt.Sprint(i))
				require.NoError(b, err)
				require.NoError(b, r.Apply(context.Background(), []Change{created(fmt.Sprint(i), "user-1", 0)}))
			}
			close = append(close, w.Close, r.Close)
		}
		b.ReportMetric(float64(resident()-before)/1024/pairs, "kB/pair")
		for _, f := range close {
			require.NoError(b, f())
		}
	}
}

// resident returns the resident memory of this process in bytes.
func resident() int64 {
	runtime.GC()
	var pages, size int64
	if text, err := os.ReadFile("/proc/self/statm"); err == nil {
		fmt.Sscan(string(text), &size, &pages)
	}
	return pages * int64(os.Getpagesize())
}
