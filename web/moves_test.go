package web

import (
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"eddy/lab"
	"eddy/lab/fleet"
	"eddy/quiz"
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

// What the question does first is not part of the answer: the judge does it
// too, and twice would be something else.
func TestAnAnswerInALabBeginsWhereTheLearnerDoes(t *testing.T) {
	dir := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(dir, "doing.yaml"), []byte(`
id: doing
title: Doing
questions:
  - id: three
    kind: lab
    ask: Two orders are there. Make it three.
    lab: {do: [{burst: {orders: 2, rate: 50}}], answer: len(orders) == 3}
`), 0o600))
	bank, err := quiz.NewBank(dir)
	require.NoError(t, err)
	require.Empty(t, bank.Broken())
	synctest.Test(t, func(t *testing.T) {
		st := newSite(t, func(c *Config, f *fleet.Config) { c.Quizzes, f.Open = bank, fleet.OpenLab })
		st.decode = lab.DecodeActions
		id := st.json("POST", "/api/quizzes/doing/attempts", "", http.StatusCreated)["id"].(string)
		own := st.json("POST", "/api/attempts/"+id+"/questions/three/lab", "", http.StatusCreated)
		give := func(want int) map[string]any {
			return st.json("PUT", "/api/attempts/"+id+"/answers/three", fmt.Sprintf(`{"lab":%q,"from":%v}`, own["id"], own["from"]), want)
		}
		give(http.StatusConflict) // nothing was done in it by the learner
		require.Equal(t, http.StatusOK, st.ask("POST", "/api/labs/"+own["id"].(string)+"/actions", `{"place_order":{"user":"user-1","items":[{"sku":"mouse","qty":1}]}}`).Code)
		assert.Equal(t, true, give(http.StatusOK)["feedback"].(map[string]any)["correct"])
	})
}
