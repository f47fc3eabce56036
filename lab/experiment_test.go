package lab_test

import (
	"bytes"
	"runtime"
	"testing"
	"time"

	"eddy/lab"
	"eddy/lab/labtest"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestAnExperimentLeavesItsResultOnTheBoardAndTheLabAlone(t *testing.T) {
	labtest.Bubble(t, "", func(t *testing.T, w *labtest.World) {
		w.Place("A")
		w.Do(`{"experiment":{"name":"transactions"}}`)
		w.Do(`{"experiment":{"name":"transactions","with":true}}`)
		w.Do(`{"experiment":"compaction"}`)
		w.Do(`{"experiment":{"name":"transactions","with":true}}`)
		all := w.At("experiments").([]any)
		assert.Len(t, all, 3, "the newest of each name, with and without")
		off, on := w.At("experiments", 0).(map[string]any), w.At("experiments", 2).(map[string]any)
		assert.Equal(t, false, off["on"])
		assert.Contains(t, off["because"], "9 invoices count for 6 orders")
		assert.Equal(t, true, on["on"])
		assert.Contains(t, on["because"], "6 invoices count")
		w.Settled()
		w.True(`order("A").status == "COMPLETED" && len(broken) == 0`)
		w.Never("member_joined - worker")
		assert.Len(t, w.At("groups").(map[string]any), 6, "its groups are on a cluster of its own")
		code, why := w.Refused(`{"experiment":"magic"}`)
		assert.Equal(t, lab.Invalid, code)
		assert.Contains(t, why, "state_transfer")
	})
}

// Close returns when the experiment has ended too.
func TestCloseEndsAnExperiment(t *testing.T) {
	labtest.Bubble(t, "", func(t *testing.T, w *labtest.World) {
		a, err := lab.DecodeAction([]byte(`{"experiment":"share_group"}`))
		require.NoError(t, err)
		go func() { _, _ = w.Lab.Do(t.Context(), a) }() // what it answers is not asked here
		w.Later(300 * time.Millisecond)
		stacks := make([]byte, 4<<20)
		running := func() bool {
			return bytes.Contains(stacks[:runtime.Stack(stacks, true)], []byte("eddy/lab/beyond.runShareGroup"))
		}
		require.True(t, running(), "it is under way")
		w.Close()
		assert.False(t, running())
	})
}
