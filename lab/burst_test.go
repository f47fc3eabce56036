package lab_test

import (
	"testing"
	"time"

	"eddy/lab/labtest"
)

// A consumer does not fetch a partition of which too much is waiting. Once there
// is room, it must not take until the fetch under way has waited its half minute.
func TestAFullPartitionIsReadOnAsSoonAsThereIsRoom(t *testing.T) {
	labtest.Bubble(t, `{"work":"0s"}`, func(t *testing.T, w *labtest.World) {
		w.Do(`{"scale":{"service":"inventory","instances":0}}`) // nothing else is there to be fetched
		w.Later(5 * time.Second)                                // after its members joined the client asks again and again
		w.Do(`{"pause":"payment"}`)
		w.Do(`{"burst":{"orders":600,"rate":5000,"users":1}}`)
		w.Until(`topic("orders").records == 600`, 10*time.Second)
		w.Do(`{"resume":"payment"}`)
		w.Until(`events("PaymentCompleted") == 600`, 5*time.Second)
	})
}
