package lab_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"eddy/lab/labtest"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kgo"
)

// stranger is a consumer of another program: it polls until ctx ends.
func stranger(t *testing.T, w *labtest.World, group string, topics ...string) (client *kgo.Client, leave func()) {
	t.Helper()
	client, err := kgo.NewClient(append(w.ClientOptions("their-app"),
		kgo.ConsumerGroup(group), kgo.ConsumeTopics(topics...), kgo.DisableAutoCommit(),
		kgo.ConsumeResetOffset(kgo.NewOffset().AtStart()), kgo.SessionTimeout(3*time.Second), kgo.HeartbeatInterval(500*time.Millisecond))...)
	require.NoError(t, err)
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() {
		defer close(done)
		for ctx.Err() == nil {
			if f := client.PollFetches(ctx); !f.Empty() {
				_ = client.CommitUncommittedOffsets(ctx)
			}
		}
	}()
	return client, func() { cancel(); <-done; client.Close() }
}

// A learner's own program shows up like any service.
func TestAConsumerGroupFromOutsideIsOnTheBoard(t *testing.T) {
	labtest.Bubble(t, "", func(t *testing.T, w *labtest.World) {
		w.Place("A")
		w.Settled()
		_, leave := stranger(t, w, "their-group", "orders")
		w.Until(`members("their-group") == 1 && committed("their-group","orders",2) == 2 && lag("their-group") == 0`, 10*time.Second)
		group := w.At("groups", "their-group").(map[string]any)
		assert.Equal(t, true, group["outside"])
		assert.Equal(t, "Stable", group["state"])
		member := group["members"].([]any)[0].(map[string]any)
		assert.Equal(t, "their-app", member["client"])
		assert.NotContains(t, member, "service")
		w.Expect("member_joined - their-app joined their-group", "committed - their-group saved offset 2 of orders p2")
		w.True(`settled`)
		leave()
		w.Until(`members("their-group") == 0`, 10*time.Second)
		w.Place("B")
		w.Settled() // a stranger's lag does not count
		w.True(`lag("their-group","orders") == 2 && lag("their-group") == 2`)
	})
}

// What a stranger was given and has not committed yet is its lag.
func TestAGroupFromOutsideThatCommitsNothingHasItsLag(t *testing.T) {
	labtest.Bubble(t, "", func(t *testing.T, w *labtest.World) {
		w.Place("A")
		w.Settled()
		client, err := kgo.NewClient(append(w.ClientOptions("their-app"), kgo.ConsumerGroup("their-group"), kgo.ConsumeTopics("orders"), kgo.DisableAutoCommit())...)
		require.NoError(t, err)
		defer client.Close()
		w.Until(`lag("their-group") == 2 && lag("their-group","orders") == 2 && committed("their-group","orders",2) == -1`, 10*time.Second)
		w.Place("B")
		w.Settled()
		w.True(`lag("their-group") == 4`)
		assert.Len(t, w.At("groups", "their-group", "offsets", "orders"), 3)
	})
}

// Scaled to nothing, a service leaves its place to whoever takes it.
func TestAClientFromOutsideCanTakeAServicesPlace(t *testing.T) {
	labtest.Bubble(t, `{"services":{"payment":{"instances":0}}}`, func(t *testing.T, w *labtest.World) {
		w.Place("A")
		w.Until(`lag("payment") == 1`, time.Second)
		client, leave := stranger(t, w, "payment-service", "orders", "inventory")
		defer leave()
		w.Until(`members("payment") == 1 && lag("payment") == 0`, 10*time.Second)
		w.True(`service("payment").state == "stopped" && committed("payment","orders",2) == 1`)
		value := []byte(`{"event_id":"theirs","event_type":"PaymentCompleted","data":{"order_id":"o-1","user_id":"user-1","items":[{"sku":"mouse"}],"total":2500}}`)
		require.NoError(t, client.ProduceSync(t.Context(), &kgo.Record{Topic: "payments", Key: []byte("user-1"), Value: value}).FirstErr())
		w.Settled()
		w.True(`order("A").status == "COMPLETED" && order("A").charges == 0 && len(broken) == 0`)
	})
}

// Records that no service takes up stand in the journal all the same, and
// before whatever comes after them.
func TestRecordsThatNobodyHandlesAreInTheJournalInTheirOrder(t *testing.T) {
	labtest.Bubble(t, "", func(t *testing.T, w *labtest.World) {
		w.Settled()
		client, leave := stranger(t, w, "their-group", "notifications")
		defer leave()
		event := `{"event_id":"%d","event_type":"StockReleased","data":{"order_id":"o","user_id":"u"}}`
		var batch []*kgo.Record
		for i := range 5 {
			// Inventory passes over the event type, and gives up the last one.
			value := fmt.Sprintf(event, i)
			if i == 4 {
				value = "broken"
			}
			batch = append(batch, &kgo.Record{Topic: "inventory-commands", Key: []byte("k"), Value: []byte(value)})
		}
		require.NoError(t, client.ProduceSync(t.Context(), batch...).FirstErr())
		w.Settled()
		w.True(`topic("inventory-commands").records == 5 && dead_letters("inventory-commands","inventory") == 1`)
		w.Never("produced - no record to read")
		assert.Equal(t, 4, w.Count("produced - StockReleased stands at inventory-commands"))
	})
}
