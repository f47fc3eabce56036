package lab

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kgo"

	"eddy/lab/pattern"
)

// A record that somebody reads before its ack is told has its cause all the same.
func TestARecordThatIsReadBeforeItsAckHasItsCause(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l, err := Open(t.Context(), DefaultSettings(), Options{})
		require.NoError(t, err)
		defer l.Close()
		event := `{"event_id":"e-1","event_type":"OrderCreated","data":{"order_id":"o-9","user_id":"user-1","items":[{"sku":"mouse","qty":1}],"total":2500}}`
		given := &kgo.Record{Topic: "orders", Partition: 1, Offset: 3, Value: []byte("broken")}
		letter := pattern.Letter(given, GroupID("payment"), 4, errInjected, l.clock.Now())

		l.mu.Lock()
		defer l.mu.Unlock()
		l.causes.byHand[&publication{"payments", "by hand", 2}] = true
		l.causes.place[readPlace{"payment", tp{"orders", 1}}] = readAt{3, 5}
		write := func(topic, value string) Entry {
			at := tp{topic, 0}
			rec := &kgo.Record{Topic: topic, Value: []byte(value), Offset: l.ledger.parts[at].next}
			if topic == letter.Topic {
				rec = letter
			}
			l.writeProduced(at, l.ledger.parts[at], rec)
			e, _ := l.journal.at(l.journal.head())
			return e
		}
		assert.EqualValues(t, 2, write("payments", "by hand").Cause)
		assert.Zero(t, write("payments", "by nobody").Cause, "it came from outside")
		gaveUp := write(letter.Topic, "")
		assert.EqualValues(t, 5, gaveUp.Cause)
		assert.Equal(t, "payment", gaveUp.Service)
		first := write("orders", event)
		assert.Equal(t, first.Seq, write("orders", event).Cause, "a copy comes from what it copies")
	})
}

// The observer may see a change of the cluster before whoever makes it is back.
func TestAChangeOfTheClusterThatIsSeenAtOnceHasItsCause(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l, err := Open(t.Context(), DefaultSettings(), Options{})
		require.NoError(t, err)
		defer l.Close()
		cause := l.record(Entry{Kind: KindNote, Text: "broker 1 is about to go"})
		require.NoError(t, l.changeCluster(t.Context(), cause, func() error {
			_, _, err := l.cluster.Down(1)
			time.Sleep(time.Second) // it is seen
			return err
		}))
		seen := 0
		entries, _ := l.Entries(cause+1, l.Head(), 100)
		for _, e := range entries {
			if e.Kind == KindBroker || e.Kind == KindLeaderMoved {
				assert.Equal(t, cause, e.Cause, e.Text)
				seen++
			}
		}
		assert.Greater(t, seen, 1, "it went, and its partitions have other leaders")
	})
}

// A record that the hand waits for no longer is still its own: it may come yet.
func TestARecordIsTheHandsUntilItsClientHasHeardOfIt(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l, err := Open(t.Context(), DefaultSettings(), Options{})
		require.NoError(t, err)
		defer l.Close()
		do := func(action string) (r Result) {
			a, err := DecodeAction([]byte(action))
			require.NoError(t, err)
			r, err = l.Do(t.Context(), a)
			require.NoError(t, err)
			return r
		}
		underWay := func() int {
			l.mu.Lock()
			defer l.mu.Unlock()
			return len(l.causes.byHand)
		}
		do(`{"publish":{"event":"OrderCreated"}}`) // the hand knows the brokers now
		assert.Zero(t, underWay())
		for _, id := range []string{"0", "1", "2"} {
			do(`{"broker":{"id":` + id + `,"slow":"40s"}}`)
		}
		assert.Equal(t, "unavailable", do(`{"publish":{"event":"OrderCreated"}}`).Answer)
		assert.Equal(t, 1, underWay())
		do(`"heal"`)
		time.Sleep(time.Minute)
		assert.Zero(t, underWay())
	})
}
