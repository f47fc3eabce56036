package lab_test

import (
	"strings"
	"testing"
	"time"

	"eddy/lab"
	"eddy/lab/code"
	"eddy/lab/labtest"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// standing is where payment-1 stands, once word of it is fresh.
func standing(t *testing.T, w *labtest.World) lab.Standing {
	t.Helper()
	w.Later(time.Second)
	all, err := w.Running(new(code.Look))
	require.NoError(t, err)
	for _, s := range all {
		if s.Service == "payment" {
			return s
		}
	}
	t.Fatal("payment has no instance")
	return lab.Standing{}
}

// line is the text of the line at which a frame stands.
func line(t *testing.T, f code.Frame) string {
	t.Helper()
	file, ok := code.Find(f.File)
	require.True(t, ok, "%s is shown", f.File)
	return strings.TrimSpace(strings.Split(file.Text, "\n")[f.Line-1])
}

func TestAnInstanceStandsWhereItsStackSays(t *testing.T) {
	labtest.Bubble(t, `{"services":{"payment":{"work":"5s"}}}`, func(t *testing.T, w *labtest.World) {
		idle := standing(t, w)
		require.NotEmpty(t, idle.Frames)
		assert.Equal(t, "Consumer.wait", idle.Frames[len(idle.Frames)-1].Func, "nothing to do: it waits for a record")
		assert.Nil(t, idle.Doing)

		w.Do(`"freeze"`)
		w.Place("A")
		held := standing(t, w)
		last := held.Frames[len(held.Frames)-1]
		assert.Equal(t, "pattern/consume.go", last.File)
		assert.Contains(t, line(t, last), "Delivered", "a frozen lab holds the record between its poll and its handler")

		w.Do(`"thaw"`)
		w.Until(`service("payment").state == "running" && lag("payment") == 1`, time.Second)
		busy := standing(t, w)
		var lines []string
		for _, f := range busy.Frames {
			lines = append(lines, line(t, f))
		}
		assert.Contains(t, lines, "err = c.Handle(ctx, rec)")
		assert.Contains(t, lines[len(lines)-1], "Clock.Sleep(ctx, w.settings.Work)", "the simulated work")
		require.NotNil(t, busy.Next)
		assert.Equal(t, "payment.charge", busy.Next.Func)
		assert.Contains(t, line(t, *busy.Next), "func (p payment) charge")

		w.Do(`{"crash":"payment"}`)
		assert.Empty(t, standing(t, w).Frames, "what crashed stands nowhere")
	})
}

func TestInstancesOfOtherLabsAreNotSeen(t *testing.T) {
	labtest.Bubble(t, "", func(t *testing.T, w *labtest.World) {
		other := labtest.Open(t, `{"services":{"payment":{"instances":3,"balancer":"range"}}}`, lab.Options{})
		defer other.Close()
		w.Later(time.Second)
		var look code.Look
		count := func(of *labtest.World) (n int) {
			all, err := of.Running(&look)
			require.NoError(t, err)
			for _, s := range all {
				if len(s.Frames) > 0 {
					n++
				}
			}
			return n
		}
		assert.Equal(t, 5, count(w))
		assert.Equal(t, 7, count(other))
	})
}
