package lab_test

import (
	"testing"
	"time"

	"eddy/lab"
	"eddy/lab/labtest"

	"github.com/stretchr/testify/assert"
)

// What becomes of a held message is an entry of its own: the one that tells of
// the stop, and with it the board of that moment, stays as it was.
func TestTheEntryOfAStopIsNotChangedLater(t *testing.T) {
	labtest.Bubble(t, `{}`, func(t *testing.T, w *labtest.World) {
		w.Do(`{"break_on":{"service":"payment","event":"OrderCreated"}}`)
		w.Place("A")
		stop := w.Await("frozen", 10*time.Second)
		w.Do(`{"held":{"do":"drop"}}`)
		w.Settled()
		again := w.After(stop.Seq - 1)[0]
		assert.Equal(t, lab.KindFrozen, again.Kind)
		assert.Empty(t, again.Data.Held.Fate)
	})
}
