package lab_test

import (
	"encoding/json"
	"testing"

	"eddy/lab"
	"eddy/lab/labtest"
	"eddy/lab/shop"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// shopping has every event of the choreography happen once at least.
func shopping(w *labtest.World) {
	w.Place("A")
	w.Do(`{"place_order":{"as":"B","method":"declined-card","items":[{"sku":"mouse","qty":1}]}}`)
	w.Do(`{"place_order":{"as":"C","user":"user-3","items":[{"sku":"monitor","qty":900}]}}`)
	w.Settled()
}

func TestEveryEventIsAsItsSchemaSays(t *testing.T) {
	for _, version := range []string{"1", "2"} {
		labtest.Bubble(t, `{"work":"0s","services":{"order":{"schema_version":`+version+`}}}`, func(t *testing.T, w *labtest.World) {
			shopping(w)
			seen := map[string]bool{}
			for _, e := range w.Entries() {
				if e.Kind != lab.KindProduced || e.Data == nil || e.Data.Record == nil {
					continue
				}
				var event struct {
					Type    string         `json:"event_type"`
					Version int            `json:"version"`
					Data    map[string]any `json:"data"`
				}
				require.NoError(t, json.Unmarshal([]byte(e.Data.Record.Value), &event))
				versions := shop.Schemas[event.Type]
				require.GreaterOrEqual(t, len(versions), event.Version, event.Type)
				_, problems := versions[event.Version-1].Read(event.Data)
				assert.Empty(t, problems, "%s", e.Data.Record.Value)
				for name := range event.Data {
					assert.Contains(t, versions[event.Version-1], name, "%s version %d", event.Type, event.Version)
				}
				seen[event.Type] = true
			}
			for event := range shop.TopicOf {
				if event != shop.StockReleased { // it takes a cancellation that comes late
					assert.True(t, seen[event], "%s did not happen", event)
				}
			}
		})
	}
}

func TestASchemaIsCheckedAgainstWhatIsOnTheLog(t *testing.T) {
	labtest.Bubble(t, `{"work":"0s","services":{"order":{"schema_version":1}}}`, func(t *testing.T, w *labtest.World) {
		w.Place("A")
		w.Settled()
		check := func(schema string) lab.SchemaCheck {
			t.Helper()
			c, err := w.CheckSchema("OrderCreated", []byte(schema))
			require.NoError(t, err)
			return c
		}
		const common = `"order_id":{"type":"string","required":true},"user_id":{"type":"string","required":true},"items":{"type":"array","required":true},"total_amount":{"type":"integer","required":true},"method":{"type":"string"},"currency":{"type":"string","required":true,"default":"USD"}`
		c := check(`{` + common + `,"note":{"type":"string"}}`)
		assert.True(t, c.Full)
		assert.Equal(t, lab.ReadWith{Events: 1}, c.Read)
		assert.Equal(t, 2, c.Against)

		c = check(`{` + common + `,"vat":{"type":"integer","required":true}}`)
		assert.False(t, c.Full)
		require.Len(t, c.Backward, 1)
		assert.Equal(t, "vat", c.Backward[0].Field)
		assert.Empty(t, c.Forward)
		assert.Equal(t, 1, c.Read.Failed, "the order that is there has none")
		require.NotNil(t, c.Read.First)
		assert.Equal(t, "orders", c.Read.First.Topic)
		assert.Equal(t, 1, c.Read.First.Version)

		for schema, why := range map[string]string{
			`[]`: "a schema is a JSON object of fields", `{"a":{"typ":"string"}}`: `no "typ"`, `{"a":{"type":"text"}}`: `no type "text"`,
			`{}`: "1 to 100 fields", `{"a":{"type":"string"}} x`: "behind its end",
		} {
			_, err := w.CheckSchema("OrderCreated", []byte(schema))
			assert.ErrorContains(t, err, why, schema)
		}
		_, err := w.CheckSchema("OrderShipped", []byte(`{}`))
		assert.ErrorContains(t, err, "PaymentCompleted")
	})
}

// Old events stay as they were written and are read as new ones: also by who
// reads the log again from its start.
func TestOldEventsAreReplayedThroughTheUpcaster(t *testing.T) {
	labtest.Bubble(t, `{"work":"0s","services":{"order":{"schema_version":1},"payment":{"upcast":false,"retries":0}}}`, func(t *testing.T, w *labtest.World) {
		w.Place("A")
		w.Settled()
		w.True(`dead_letters("orders","payment") == 1 && order("A").status == "CREATED"`)
		assert.Contains(t, w.At("dead_letters", 0, "error"), "no upcaster")
		w.Do(`{"set":{"service":"payment","upcast":true}}`)
		w.Do(`{"rewind":{"group":"payment","topic":"orders","to":"earliest"}}`)
		w.Settled()
		w.True(`order("A").status == "COMPLETED" && order("A").charges == 1`)
		assert.EqualValues(t, 1, w.At("tapes", "orders", 2, "records", 0, "schema_version"), "the log is as it was")
	})
}
