package lab_test

import (
	"testing"
	"time"

	"eddy/lab/labtest"
)

// A producer that left records of several partitions in its outbox sends them
// all at once, and the brokers take their time.
func TestAProducerGetsItsIDBeforeItsFirstRecords(t *testing.T) {
	stands := time.AfterFunc(20*time.Second, func() { panic("virtual time stands still") }) // of the wall
	defer stands.Stop()
	labtest.Bubble(t, `{"key":"order"}`, func(t *testing.T, w *labtest.World) {
		for _, slow := range []string{`{"broker":{"id":0,"slow":"50ms"}}`, `{"broker":{"id":1,"slow":"50ms"}}`, `{"broker":{"id":2,"slow":"50ms"}}`} {
			w.Do(slow)
		}
		w.Do(`{"cut":"order"}`)
		for _, handle := range []string{"A", "B", "C", "D"} {
			w.Place(handle)
		}
		w.Do(`{"restart":"order"}`)
		w.Do(`{"mend":"order"}`)
		w.Settled()
		w.True(`all(orders, .status == "COMPLETED")`)
	})
}
