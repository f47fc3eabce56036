package lab_test

import (
	"fmt"
	"testing"
	"time"

	"eddy/lab"
	"eddy/lab/labtest"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// begins tells whether nothing comes before an entry: somebody acted, or the
// lab itself began.
func begins(e lab.Entry) bool {
	return e.Kind == lab.KindAction || e.Kind == lab.KindRefused || e.Seq == 1 || e.Data != nil && e.Data.Action != nil
}

// causeless lists the entries that name no cause and should.
func causeless(entries []lab.Entry) (list []string) {
	for _, e := range entries {
		if e.Cause == 0 && !begins(e) {
			list = append(list, fmt.Sprintf("%d %s %s: %s", e.Seq, e.Kind, e.Service, e.Text))
		}
	}
	return list
}

// A run in which everything happens that a learner can bring about.
var eventful = []string{
	`{"place_order":{"as":"A","user":"user-1","items":[{"sku":"mouse","qty":1}]}}`, `{"wait":"200ms"}`,
	`{"crash":{"service":"payment","at":"after_handle","on":"OrderCreated"}}`,
	`{"place_order":{"as":"B","user":"user-2","items":[{"sku":"cable","qty":2}]}}`, `{"wait":"4s"}`, `{"restart":"payment"}`,
	`{"crash":"inventory"}`, `{"wait":"5s"}`, `"heal"`,
	`{"fail":{"service":"notification","times":2}}`, `{"fail":{"service":"inventory","kind":"permanent"}}`,
	`{"place_order":{"user":"user-3","items":[{"sku":"mouse","qty":1}]}}`, `{"wait":"3s"}`,
	`{"place_order":{"user":"user-4","items":[{"sku":"mouse","qty":1}],"method":"declined-card"}}`, `{"decline":{"times":1}}`,
	`{"place_order":{"user":"user-4","items":[{"sku":"mouse","qty":1}]}}`, `{"wait":"1s"}`,
	`{"scale":{"service":"payment","instances":3}}`, `{"wait":"4s"}`, `{"burst":{"orders":12,"rate":40}}`, `{"wait":"2s"}`,
	`{"duplicate":{"event":"OrderCreated"}}`, `{"publish":{"topic":"orders","value":"broken"}}`, `{"publish":{"event":"OrderCreated"}}`, `{"wait":"1s"}`,
	`{"pause":"projector"}`, `{"cancel_order":{"order":"A","if_version":99}}`, `{"wait":"1s"}`, `{"resume":"projector"}`,
	`{"scale":{"service":"payment","instances":1}}`, `{"set":{"service":"order","commit":"auto"}}`, `{"set":{"service":"payment","acks":"none"}}`,
	`{"set":{"service":"inventory","work":"0s"}}`, `{"burst":{"orders":9,"rate":90}}`, `{"wait":"6s"}`, `{"decline":{"stock_out":"mouse"}}`,
	`{"place_order":{"items":[{"sku":"mouse","qty":1}]}}`, `{"wait":"2s"}`, `"freeze"`, `{"place_order":{"items":[{"sku":"cable","qty":1}]}}`,
	`"step"`, `"thaw"`, `{"break_on":{"event":"OrderCreated","service":"payment"}}`, `{"place_order":{"items":[{"sku":"cable","qty":1}]}}`,
	`{"wait":"2s"}`, `{"held":"duplicate"}`, `{"wait":"2s"}`, `"unbreak"`, `"thaw"`,
	`{"broker":{"id":1,"state":"down"}}`, `{"place_order":{"items":[{"sku":"cable","qty":1}]}}`, `{"wait":"3s"}`, `{"broker":{"id":1,"state":"up"}}`,
	`{"move_leader":{"topic":"orders","partition":0,"to":2}}`, `{"lose_ack":{"topic":"orders"}}`, `{"place_order":{"items":[{"sku":"cable","qty":1}]}}`, `{"wait":"3s"}`,
	`{"add_partitions":{"topic":"notifications","to":4}}`, `{"wait":"2s"}`, `{"note":"a note"}`, `"heal"`,
}

// Every entry knows what led to it, and every way back ends where somebody
// acted.
func TestEveryEntryHasACause(t *testing.T) {
	labtest.Bubble(t, `{"services":{"payment":{"balancer":"range","idempotent":false}}}`, func(t *testing.T, w *labtest.World) {
		for _, move := range eventful {
			a, err := lab.DecodeAction([]byte(move))
			require.NoError(t, err, move)
			if _, err := w.Lab.Do(t.Context(), a); err != nil {
				require.NotEqual(t, lab.Internal, lab.AsError(err).Code, move)
			}
		}
		w.Settled()
		w.Later(time.Second)
		for _, kind := range []lab.Kind{lab.KindRebalanced, lab.KindMemberLeft, lab.KindRetrying, lab.KindSkipped, lab.KindDeadLettered, lab.KindCompensated,
			lab.KindInvariant, lab.KindRefused, lab.KindCrashed, lab.KindRestarted, lab.KindBroker, lab.KindHealed} {
			w.Expect(string(kind))
		}
		entries := w.Entries()
		assert.Empty(t, causeless(entries))
		for _, e := range entries {
			for at, steps := e, 0; !begins(at); steps++ {
				require.Less(t, steps, 200, "%d %s: the way back has no end", e.Seq, e.Text)
				require.Less(t, at.Cause, at.Seq)
				at = entries[at.Cause-1]
			}
		}
	})
}

// A call is answered beside the message that an instance has in hand: neither
// is taken for the cause of the other.
func TestACallIsNotTheCauseOfAMessageInHand(t *testing.T) {
	labtest.Bubble(t, `{"services":{"order":{"work":"400ms"}}}`, func(t *testing.T, w *labtest.World) {
		w.Place("A")
		w.Until(`service("payment").handled == 1`, 5*time.Second)
		w.Later(200 * time.Millisecond)
		handling := w.Expect("handling order PaymentCompleted")[0]
		placed := w.Place("B")
		w.Settled()
		for _, e := range w.Entries() {
			if e.Data != nil && e.Data.Order != nil && e.Data.Order.Status == "PAID" && e.Order == handling.Order {
				assert.Greater(t, e.Seq, placed.Seq)
				assert.Equal(t, handling.Seq, e.Cause)
				return
			}
		}
		t.Fatal("the order was never paid")
	})
}
