package web

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"eddy/lab"
)

// What was done in a lab is an answer that a judge takes: however long somebody
// thought about it, the pauses are short, and each move is there.
func TestMovesOfALab(t *testing.T) {
	action := func(text string) lab.Action {
		a, err := lab.DecodeAction([]byte(text))
		require.NoError(t, err)
		return a
	}
	said := func(steps []lab.Recorded) string {
		text, err := json.Marshal(movesOf(steps))
		require.NoError(t, err)
		return string(text)
	}
	assert.JSONEq(t, `[{"wait":"1s"},"freeze",{"wait":"5s"},{"wait":"2s"},"thaw"]`, said([]lab.Recorded{
		{At: time.Second, Action: action(`"freeze"`)},
		{At: time.Hour, Action: action(`{"speed":{"factor":0.1}}`)},
		{At: time.Hour, Action: action(`{"wait":"2s"}`)},
		{At: time.Hour + 2*time.Second, Action: action(`"thaw"`)},
	}), "what a lab waited is a pause already")

	var steps []lab.Recorded
	for i := range 100 {
		steps = append(steps, lab.Recorded{At: time.Duration(i) * time.Minute, Action: action(`"freeze"`)})
	}
	var sum time.Duration
	count := 0
	for _, m := range movesOf(steps) {
		if w, ok := m.(map[string]string); ok {
			d, err := time.ParseDuration(w["wait"])
			require.NoError(t, err)
			sum += d
			continue
		}
		count++
	}
	assert.Equal(t, 100, count)
	assert.Greater(t, sum, 50*time.Second)
	assert.LessOrEqual(t, sum, allPauses)
}
