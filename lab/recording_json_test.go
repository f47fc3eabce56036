package lab_test

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"eddy/lab"
	"eddy/lab/labtest"
)

// A recording that was kept is the one that was taken: the settings, every
// action with its arguments, and when it was done.
func TestARecordingIsKeptAsJSON(t *testing.T) {
	labtest.Bubble(t, `{"seed":7,"work":"300ms","services":{"payment":{"idempotent":false,"instances":2}},"partitions":{"orders":2},"stock":{"mouse":3}}`, func(t *testing.T, w *labtest.World) {
		w.Do(`{"crash":{"service":"payment","at":"after_handle","on":"OrderCreated"}}`)
		w.Place("A")
		w.Until(`service("payment").state == "crashed" || service("payment").crashes == 1`, 10*time.Second)
		w.Do(`{"publish":{"topic":"orders","key":"x","value":"{oops"}}`)
		w.Until(`dead_letters("orders") > 0`, 30*time.Second)
		for _, action := range []string{`"freeze"`, `{"set":{"service":"payment","retries":5}}`, `"thaw"`} {
			w.Do(action)
		}
		taken, err := w.Recording(w.Head())
		require.NoError(t, err)
		require.Len(t, taken.Steps, 6)
		seen := taken.Steps[5].Seen
		assert.True(t, seen.Crashed > 0 && seen.Handled > 0 && seen.DeadLettered > 0, "%+v", seen)

		raw, err := json.Marshal(taken)
		require.NoError(t, err)
		var kept lab.Recording
		require.NoError(t, json.Unmarshal(raw, &kept))
		assert.Equal(t, taken, kept)

		assert.ErrorContains(t, json.Unmarshal([]byte(`{"settings":{"seed":"x"}}`), &kept), "settings of a recording")
		assert.ErrorContains(t, json.Unmarshal([]byte(`{"steps":[{"action":{"explode":{}}}]}`), &kept), "read a recording")
	})
}
