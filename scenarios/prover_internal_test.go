package scenarios

import (
	"os"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// A child that hangs is ended, one that breaks is told of.
func TestAChildThatFailsIsToldOf(t *testing.T) {
	s, problems := Parse("", []byte("id: x\ntitle: X\npattern: kafka\nlevel: 1\nminutes: 1\nsummary: X.\nsteps:\n  - {id: a, title: A, goal: settled}\n"))
	require.Empty(t, problems)
	for what, want := range map[string]string{"hang": "it hangs: nothing happened for 300ms", "panic": "a play that broke"} {
		p := NewProver([]string{os.Args[0]}, "EDDY_TEST_PLAY_CHILD="+what)
		p.limits[false] = limit{silence: 300 * time.Millisecond, whole: time.Minute}
		if what == "panic" {
			p.limits[false] = limit{silence: time.Minute, whole: time.Minute}
		}
		r, err := p.Run(t.Context(), s, Config{Mode: Solved}, "")
		require.NoError(t, err)
		assert.False(t, r.Passed)
		assert.Contains(t, r.Error, want)
	}
}
