package scenarios_test

import (
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"eddy/scenarios"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// Each bundled scenario can be walked through: the solution is shown, the lab
// stands still where something is asked, and the right answers lead on.
func TestEveryScenarioCanBeWalkedThrough(t *testing.T) {
	for _, s := range library() {
		if scenarios.NeedsWallClock(s) != "" {
			continue // its clock would stand still
		}
		t.Run(s.ID, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w, err := scenarios.OpenLab(t.Context(), s.Lab.Settings)
				require.NoError(t, err)
				defer w.Close()
				g := scenarios.NewGuide(s, w, nil, nil)
				require.NoError(t, g.Open(t.Context()))
				for i := range s.Steps {
					walkThrough(t, w, g, &s.Steps[i])
				}
				require.Equal(t, scenarios.Finished, g.View().Phase)
			})
		})
	}
}

func walkThrough(t *testing.T, w scenarios.World, g *scenarios.Guide, st *scenarios.Step) {
	t.Helper()
	if st.Predict != nil {
		require.NoError(t, g.Predict(st.Predict.Answer, "sure"), st.ID)
	}
	watched(t, g, func() {
		if len(st.Solution) > 0 {
			require.NoError(t, g.Show(t.Context()), st.ID)
		}
		for waited := time.Duration(0); g.View().Phase == scenarios.Doing && waited < 20*time.Minute; waited += time.Second {
			time.Sleep(time.Second)
		}
	})
	require.NotZero(t, g.View().Met, "%s: %+v", st.ID, g.View().Verdict)
	if o := st.Observe; o != nil {
		require.Equal(t, scenarios.Observing, g.View().Phase, st.ID)
		time.Sleep(5 * time.Second)
		value := ""
		if o.Expr != "" {
			is, err := w.Eval(t.Context(), o.Expr)
			require.NoError(t, err)
			value = fmt.Sprint(is)
		}
		again, err := w.Judge(t.Context(), st.Goal)
		require.NoError(t, err)
		assert.True(t, again.Met || strings.Contains(st.Goal, "settled"), "%s: while it is asked about, it is still to be seen: %s: %+v", st.ID, st.Goal, again.Parts)
		right, err := g.Observe(t.Context(), o.Answer, value)
		require.NoError(t, err, st.ID)
		require.True(t, right, st.ID)
	}
	var sentence []string
	for _, part := range st.Because {
		if len(part) > 1 {
			sentence = append(sentence, part[0])
		}
	}
	if len(sentence) > 0 {
		_, err := g.Explain(sentence)
		require.NoError(t, err, st.ID)
	}
	if v := g.View().Score; v != nil {
		assert.Equal(t, v.Of, v.Points, "%+v", v.Lines)
	}
	require.NoError(t, g.Next(t.Context()), st.ID)
}
