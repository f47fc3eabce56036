package scenarios_test

import (
	"testing"
	"testing/synctest"

	"eddy/scenarios"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// Each bundled scenario is proven both ways: with its solutions every goal is
// met, as it stands and with its wrong moves none is.
func TestEveryScenarioIsProven(t *testing.T) {
	for _, s := range scenarios.Bundled() {
		t.Run(s.ID, func(t *testing.T) {
			for mode, name := range []string{"solved", "untouched", "wrong"} {
				t.Run(name, func(t *testing.T) {
					synctest.Test(t, func(t *testing.T) {
						r, err := scenarios.Run(t.Context(), s, scenarios.Config{Mode: scenarios.Mode(mode)})
						require.NoError(t, err)
						assert.True(t, r.Passed, "%s", told(r))
					})
				})
			}
		})
	}
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
