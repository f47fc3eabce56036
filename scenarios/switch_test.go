package scenarios_test

import (
	"testing"
	"testing/synctest"
	"time"

	"eddy/lab"
	"eddy/scenarios"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// sameEnd are the steps whose switch leads to the same end, and why.
var sameEnd = map[string]string{
	"choreography-compensation/refund":   "the other style gives the money back too: what differs is who knows the way",
	"orchestration-compensation/refused": "the other style gives the money back too: what differs is who knows the way",
}

// unpaced are the scenarios whose actions may not be paced by a clock that
// stands still: a broker that goes down holds what a rush waits for.
var unpaced = map[string]bool{"broker-down": true}

// A switch is the one setting that turns the outcome: the step's solution, done
// again in a twin that is set like that, does not lead to where it led.
func TestEverySwitchTurnsItsOutcome(t *testing.T) {
	for _, s := range library() {
		for i := range s.Steps {
			name := s.ID + "/" + s.Steps[i].ID
			if s.Steps[i].Switch == nil || scenarios.NeedsWallClock(s) != "" || unpaced[s.ID] {
				continue
			}
			t.Run(name, func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					recording := solvedUpTo(t, s, i)
					other, _, err := recording.But(s.Steps[i].Switch.Set.JSON)
					require.NoError(t, err)
					assert.True(t, endsIn(t, s.Steps[i].Goal, recording), "the same again ends elsewhere")
					assert.Equal(t, sameEnd[name] != "", endsIn(t, s.Steps[i].Goal, other))
				})
			})
		}
	}
}

// solvedUpTo plays a scenario to the end of a step and says what was done.
func solvedUpTo(t *testing.T, s *scenarios.Scenario, last int) lab.Recording {
	w, err := scenarios.OpenLab(t.Context(), s.Lab.Settings)
	require.NoError(t, err)
	defer w.Close()
	for i := range last + 1 {
		st := &s.Steps[i]
		for _, a := range append(append(scenarios.Actions{}, st.Do...), st.Solution...) {
			_, err := w.Do(t.Context(), a.Action)
			require.NoError(t, err, "%s: %s", st.ID, a.Name)
			time.Sleep(500 * time.Millisecond) // as a person would
		}
		met, err := w.Until(t.Context(), st.Goal, 30*time.Second)
		require.NoError(t, err)
		require.True(t, met, "%s: %s", st.ID, st.Goal)
	}
	time.Sleep(5 * time.Second)
	recording, err := w.Recording(w.Head())
	require.NoError(t, err)
	return recording
}

// endsIn tells whether a goal holds at the end of a lab that repeats a recording.
func endsIn(t *testing.T, goal string, r lab.Recording) bool {
	l, err := lab.Open(t.Context(), lab.DefaultSettings(), lab.Options{Again: &lab.Again{Recording: r, Of: "the first lab"}})
	require.NoError(t, err)
	defer l.Close()
	time.Sleep(90 * time.Second)
	met, err := l.Eval(t.Context(), goal)
	require.NoError(t, err)
	return met == true
}
