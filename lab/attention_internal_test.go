package lab

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// A lab that nobody looks at takes seconds to find out that it is settled, and
// says the same then; whoever looks again has it at once.
func TestALabThatNobodyLooksAtSettlesLater(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, err := ParseSettings(nil)
		require.NoError(t, err)
		l, err := Open(t.Context(), s, Options{})
		require.NoError(t, err)
		defer l.Close()
		settlesIn := func() time.Duration {
			began := time.Now()
			for l.unsettled() {
				time.Sleep(time.Millisecond)
			}
			return time.Since(began)
		}
		note := func() { // moves, as far as the lab can tell
			l.record(Entry{Kind: KindNote, Service: "payment", Text: "something happened"})
		}
		settlesIn()
		time.Sleep(time.Minute) // nobody looks

		note()
		assert.Greater(t, settlesIn(), settleUnseen)

		note()
		time.Sleep(settleUnseen / 2)
		require.True(t, l.unsettled())
		l.Snapshot()
		assert.Less(t, settlesIn(), 10*settleAfter)

		note()
		assert.Less(t, settlesIn(), 10*settleAfter, "the look holds for a while")

		time.Sleep(time.Minute)
		go l.Wait(t.Context(), l.Head()+1)
		time.Sleep(time.Minute)
		note()
		assert.Less(t, settlesIn(), 10*settleAfter, "somebody waits for news")
	})
}
