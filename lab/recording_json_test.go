package lab_test

import (
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"eddy/lab/labtest"
)

// A recording that was kept is the one that was taken: the settings, every
// action with its arguments, and when it was done.
func TestARecordingIsKeptAsJSON(t *testing.T) {
	labtest.Bubble(t, `{"seed":7,"work":"300ms","services":{"payment":{"idempotent":false,"instances":2}},"partitions":{"orders":2},"stock":{"mouse":3}}`, func(t *testing.T, w *labtest.World) {
		for _, action := range []string{`{"place_order":{"as":"A","user":"user-1","items":[{"sku":"mouse","qty":1}]}}`, `{"crash":{"service":"payment","at":"after_handle"}}`,
			`"freeze"`, `{"set":{"service":"payment","retries":5}}`, `"thaw"`} {
			w.Do(action)
		}
		taken, err := w.Recording(w.Head())
		require.NoError(t, err)
		require.Len(t, taken.Steps, 5)

		raw, err := json.Marshal(taken)
		require.NoError(t, err)
		var kept = taken
		kept.Steps, kept.Settings.Seed = nil, 0
		require.NoError(t, json.Unmarshal(raw, &kept))
		assert.Equal(t, taken, kept)

		assert.ErrorContains(t, json.Unmarshal([]byte(`{"settings":{"seed":"x"}}`), &kept), "settings of a recording")
		assert.ErrorContains(t, json.Unmarshal([]byte(`{"steps":[{"action":{"explode":{}}}]}`), &kept), "read a recording")
	})
}
