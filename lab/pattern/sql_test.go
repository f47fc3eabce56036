package pattern

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"eddy/lab/store"
)

func openDB(t *testing.T) *sql.DB {
	t.Helper()
	w, err := store.OpenWrite(context.Background())
	require.NoError(t, err)
	t.Cleanup(func() { w.Close() })
	return w.DB
}

// inTx runs f in a transaction, which is kept if f returns nil.
func inTx(t *testing.T, db *sql.DB, f func(tx *sql.Tx) error) error {
	t.Helper()
	tx, err := db.Begin()
	require.NoError(t, err)
	defer tx.Rollback()
	if err := f(tx); err != nil {
		return err
	}
	return tx.Commit()
}

func TestAnEventIsNewOncePerConsumer(t *testing.T) {
	db := openDB(t)
	var got []bool
	first := func(consumer string) {
		require.NoError(t, inTx(t, db, func(tx *sql.Tx) error {
			ok, err := Inbox{}.First(t.Context(), tx, consumer, "e1")
			got = append(got, ok)
			return err
		}))
	}
	first("payment")
	first("payment")
	first("inventory")
	assert.Equal(t, []bool{true, false, true}, got)
}

// If the work is rolled back, its inbox row must be too, or the redelivery
// would be skipped and the work lost.
func TestAnEventIsNewAgainAfterARollback(t *testing.T) {
	db := openDB(t)
	undo := errors.New("undo")
	for range 2 {
		require.ErrorIs(t, inTx(t, db, func(tx *sql.Tx) error {
			ok, err := Inbox{}.First(t.Context(), tx, "payment", "e1")
			require.NoError(t, err)
			assert.True(t, ok)
			return undo
		}), undo)
	}
}

func created(id string) Event {
	return Event{ID: id, Type: "OrderCreated", Data: []byte(`{"total":1}`), At: time.UnixMilli(1500).UTC(), SchemaVersion: 2}
}

func TestAStreamIsReadBackInOrder(t *testing.T) {
	db := openDB(t)
	require.NoError(t, Append(t.Context(), db, "o1", 0, created("e1"), Event{ID: "e2", Type: "OrderPaid", Data: []byte(`{}`)}))
	require.NoError(t, Append(t.Context(), db, "o2", 0, created("x")))
	require.NoError(t, Append(t.Context(), db, "o1", 2, Event{ID: "e3", Type: "OrderCompleted", Data: []byte(`{}`)}))
	events, err := Load(t.Context(), db, "o1")
	require.NoError(t, err)
	status := Fold("", events, func(s string, e Event) string { return s + fmt.Sprint(e.Version, e.Type, " ") })
	assert.Equal(t, "1OrderCreated 2OrderPaid 3OrderCompleted ", status)
	want := created("e1")
	want.Seq, want.AggregateID, want.Version = 1, "o1", 1
	assert.Equal(t, want, events[0])
	none, err := Load(t.Context(), db, "o3")
	require.NoError(t, err)
	assert.Empty(t, none)
}

func TestWhoAppendsSecondAtAVersionGetsAConflict(t *testing.T) {
	db := openDB(t)
	require.NoError(t, Append(t.Context(), db, "o1", 0, created("e1")))
	require.ErrorIs(t, Append(t.Context(), db, "o1", 0, created("e2")), ErrConflict, "too old")
	require.ErrorIs(t, Append(t.Context(), db, "o1", 2, created("e2")), ErrConflict, "from nowhere")
	err := Append(t.Context(), db, "o2", 0, created("e1"))
	require.Error(t, err, "an event id is used once")
	assert.NotErrorIs(t, err, ErrConflict)
	events, err := Load(t.Context(), db, "o1")
	require.NoError(t, err)
	assert.Len(t, events, 1)
}

// staleDB answers the question for the version as if nobody had appended since.
type staleDB struct{ *sql.DB }

func (s staleDB) QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error) {
	stale := strings.Replace(query, `SELECT coalesce(max(version), 0) FROM events WHERE aggregate_id = ?`, `SELECT 0 WHERE ? <> ''`, 1)
	return s.DB.QueryContext(ctx, stale, args...)
}

// Where writers run side by side, both may read the same version. The unique
// key decides then.
func TestTheKeyDecidesBetweenWritersThatReadTheSameVersion(t *testing.T) {
	db := openDB(t)
	require.NoError(t, Append(t.Context(), db, "o1", 0, created("e1")))
	require.ErrorIs(t, Append(t.Context(), staleDB{db}, "o1", 0, created("e2")), ErrConflict)
}

func message(id string) Outgoing {
	return Outgoing{Topic: "orders", Key: []byte("user-1"), EventID: id, Value: []byte("{}"), Headers: map[string]string{"correlation-id": "o1"}}
}

// sent collects what a relay publishes.
type sent struct {
	mu  sync.Mutex
	ids []string
	err error
}

func (s *sent) publish(_ context.Context, msgs []Outgoing) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, m := range msgs {
		s.ids = append(s.ids, m.EventID)
	}
	return s.err
}

func TestAnEventIsPublishedIfItsTransactionCommits(t *testing.T) {
	db, out, s := openDB(t), &Outbox{Service: "order", Owner: "order/1", Lease: time.Minute}, &sent{}
	require.NoError(t, inTx(t, db, func(tx *sql.Tx) error { return out.Put(t.Context(), tx, message("a"), message("b")) }))
	undo := errors.New("undo")
	require.ErrorIs(t, inTx(t, db, func(tx *sql.Tx) error {
		require.NoError(t, out.Put(t.Context(), tx, message("never")))
		return undo
	}), undo)
	pending, err := out.Pending(t.Context(), db)
	require.NoError(t, err)
	assert.Equal(t, 2, pending)

	n, err := out.Relay(t.Context(), db, func(ctx context.Context, msgs []Outgoing) error {
		assert.Equal(t, message("a"), msgs[0])
		return s.publish(ctx, msgs)
	})
	require.NoError(t, err)
	assert.Equal(t, 2, n)
	assert.Equal(t, []string{"a", "b"}, s.ids)
	n, err = out.Relay(t.Context(), db, s.publish)
	require.NoError(t, err)
	assert.Zero(t, n)
}

// The ack never came, although the broker may have the event: it is sent again.
func TestWhatWasNotAckedIsPublishedAgain(t *testing.T) {
	db, out := openDB(t), &Outbox{Service: "order", Owner: "order/1", Lease: time.Minute}
	s := &sent{err: errors.New("no ack")}
	require.NoError(t, out.Put(t.Context(), db, message("a")))
	_, err := out.Relay(t.Context(), db, s.publish)
	require.ErrorIs(t, err, s.err)
	s.err = nil
	n, err := out.Relay(t.Context(), db, s.publish)
	require.NoError(t, err)
	assert.Equal(t, 1, n)
	assert.Equal(t, []string{"a", "a"}, s.ids)
}

func TestRowsOfASilentOwnerAreTakenOverAfterItsLease(t *testing.T) {
	db, s := openDB(t), &sent{}
	now := time.UnixMilli(0)
	clock := func() time.Time { return now }
	dead := &Outbox{Service: "order", Owner: "order/1", Lease: time.Second, Now: clock}
	alive := &Outbox{Service: "order", Owner: "order/2", Lease: time.Second, Now: clock}
	other := &Outbox{Service: "payment", Owner: "payment/1", Lease: time.Second, Now: clock}
	require.NoError(t, dead.Put(t.Context(), db, message("a")))
	relayed := func(o *Outbox) int {
		n, err := o.Relay(t.Context(), db, s.publish)
		require.NoError(t, err)
		return n
	}
	assert.Zero(t, relayed(alive), "the lease holds")
	now = now.Add(2 * time.Second)
	assert.Zero(t, relayed(other), "not its service")
	assert.Equal(t, 1, relayed(alive))
}

func TestRowsOfSomebodyElseInBetweenAreNotDeleted(t *testing.T) {
	db, s := openDB(t), &sent{}
	mine := &Outbox{Service: "order", Owner: "order/1", Lease: time.Minute}
	other := &Outbox{Service: "payment", Owner: "payment/1", Lease: time.Minute}
	for _, o := range []*Outbox{mine, other, mine} {
		require.NoError(t, o.Put(t.Context(), db, message(o.Service)))
	}
	n, err := mine.Relay(t.Context(), db, s.publish)
	require.NoError(t, err)
	assert.Equal(t, 2, n)
	pending, err := other.Pending(t.Context(), db)
	require.NoError(t, err)
	assert.Equal(t, 1, pending)
}

func TestMoreRowsThanABatchAreAllPublishedInOrder(t *testing.T) {
	db, out, s := openDB(t), &Outbox{Service: "order", Owner: "order/1", Lease: time.Minute}, &sent{}
	var want []string
	for i := range 2*relayBatch + 3 {
		want = append(want, fmt.Sprint(i))
		require.NoError(t, out.Put(t.Context(), db, message(want[i])))
	}
	n, err := out.Relay(t.Context(), db, s.publish)
	require.NoError(t, err)
	assert.Equal(t, len(want), n)
	assert.Equal(t, want, s.ids)
}

// looks counts the relays that looked for rows.
type looks struct {
	*sql.DB
	atomic.Int32
}

func (c *looks) QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error) {
	if strings.HasPrefix(query, "SELECT id") {
		c.Add(1)
	}
	return c.DB.QueryContext(ctx, query, args...)
}

// Each caller finds its own row published when Relay returns, and ten callers
// that waited together need one relay, not ten.
func TestCallersThatWaitShareTheNextRelay(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w, err := store.OpenWrite(t.Context())
		require.NoError(t, err)
		defer w.Close()
		out, s := &Outbox{Service: "order", Owner: "order/1", Lease: time.Hour}, &sent{}
		db := &looks{DB: w.DB}
		slow := func(ctx context.Context, msgs []Outgoing) error {
			time.Sleep(time.Second)
			return s.publish(ctx, msgs)
		}
		call := func(id string) {
			assert.NoError(t, out.Put(t.Context(), w.DB, message(id)))
			_, err := out.Relay(t.Context(), db, slow)
			assert.NoError(t, err)
			s.mu.Lock()
			defer s.mu.Unlock()
			assert.Contains(t, s.ids, id)
		}
		var all sync.WaitGroup
		all.Go(func() { call("first") })
		synctest.Wait() // its relay has read its rows
		for i := range 10 {
			all.Go(func() { call(fmt.Sprint(i)) })
		}
		all.Wait()
		assert.EqualValues(t, 2, db.Load())
		assert.Len(t, s.ids, 11)
	})
}

func TestACallerThatWaitsForARelayCanBeCancelled(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w, err := store.OpenWrite(t.Context())
		require.NoError(t, err)
		defer w.Close()
		out := &Outbox{Service: "order", Owner: "order/1", Lease: time.Hour}
		require.NoError(t, out.Put(t.Context(), w.DB, message("a")))
		release := make(chan struct{})
		go out.Relay(t.Context(), w.DB, func(context.Context, []Outgoing) error { <-release; return nil })
		synctest.Wait()
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		_, err = out.Relay(ctx, w.DB, (&sent{}).publish)
		assert.ErrorIs(t, err, context.DeadlineExceeded)
		close(release)
		synctest.Wait()
	})
}
