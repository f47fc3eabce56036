package scenarios_test

import (
	"slices"
	"testing"
	"testing/synctest"

	"eddy/scenarios"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// bundled is a scenario of the library.
func bundled(t *testing.T, id string) *scenarios.Scenario {
	t.Helper()
	for _, s := range scenarios.Bundled() {
		if s.ID == id {
			return s
		}
	}
	t.Fatalf("there is no scenario %q", id)
	return nil
}

// library are the bundled scenarios; in a short run, which is the one under the
// race detector, a few that crash and begin again.
func library() (list []*scenarios.Scenario) {
	for _, s := range scenarios.Bundled() {
		if !testing.Short() || slices.Contains([]string{"first-order", "double-charge", "crash-mid-saga", "friday-evening"}, s.ID) {
			list = append(list, s)
		}
	}
	return list
}

// Each bundled scenario is proven three ways: with its solutions every goal is
// met, as it stands and with its wrong moves none is.
func TestEveryScenarioIsProven(t *testing.T) {
	for _, s := range library() {
		t.Run(s.ID, func(t *testing.T) {
			for mode, name := range []string{"solved", "untouched", "wrong"} {
				t.Run(name, func(t *testing.T) {
					if scenarios.NeedsWallClock(s) != "" { // four times as fast
						t.Parallel()
						passes(t, s, scenarios.Config{Mode: scenarios.Mode(mode), Speed: 4})
						return
					}
					synctest.Test(t, func(t *testing.T) {
						passes(t, s, scenarios.Config{Mode: scenarios.Mode(mode)})
					})
				})
			}
		})
	}
}

// passes plays a scenario, which must pass.
func passes(t *testing.T, s *scenarios.Scenario, c scenarios.Config) {
	r, err := scenarios.Run(t.Context(), s, c)
	require.NoError(t, err)
	assert.True(t, r.Passed, "%s", told(r))
}

func told(r scenarios.Result) string {
	text := r.Error
	for _, st := range r.Steps {
		if st.Passed {
			continue
		}
		text += "\n" + st.Step + ": " + st.Goal + " " + st.Error
		for _, c := range st.Verdict.Parts {
			text += "\n  " + c.What + " should be " + c.Goal + " and is " + c.Now
		}
	}
	return text
}

// What is proven on the wall clock takes a minute each time, for authors too.
func TestFewScenariosNeedTheWallClock(t *testing.T) {
	for _, s := range scenarios.Bundled() {
		if s.ID != "rebalance" { // it is about a cooperative group
			assert.Empty(t, scenarios.NeedsWallClock(s), s.ID)
		}
	}
}
