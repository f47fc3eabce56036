package lab_test

import (
	"testing"
	"time"

	"eddy/lab"
	"eddy/lab/labtest"

	"github.com/stretchr/testify/assert"
)

// Cut off from Kafka, a service runs on and hears nothing: its group goes on
// without it, and takes it back.
func TestAServiceThatIsCutOffFromKafkaLeavesItsGroupAndComesBack(t *testing.T) {
	for _, repair := range []string{`{"mend":"payment"}`, `"heal"`, `{"heal":"payment"}`, `{"mend":{"service":"payment","from":"kafka"}}`} {
		t.Run(repair, func(t *testing.T) {
			labtest.Bubble(t, "", func(t *testing.T, w *labtest.World) {
				w.Settled()
				w.Do(`{"cut":"payment"}`)
				assert.Equal(t, []any{"kafka"}, w.At("services", "payment", "cut"))
				w.Place("A")
				w.Until(`members("payment") == 0`, 10*time.Second)
				w.True(`service("payment").state == "running" && lag("payment") == 1 && order("A").charges == 0 && !settled`)
				assert.Equal(t, "waits for payment, because it is cut off from kafka", w.At("orders", "o-1", "waiting"))
				says(t, why(t, w, lab.Question{Order: "A"}), "action", "order A is CREATED and goes no further: payment should move it on",
					"you cut payment off from Kafka")
				w.Refused(`{"cut":"payment"}`)
				w.Do(repair)
				assert.Empty(t, w.At("services", "payment", "cut"))
				assert.Empty(t, w.At("faults"))
				w.Settled()
				w.True(`members("payment") == 1 && order("A").status == "COMPLETED" && order("A").charges == 1 && len(broken) == 0`)
				w.Refused(`{"mend":"payment"}`)
			})
		})
	}
}

// What it had done before the cut cannot be published before it is mended.
func TestWhatIsDoneDuringACutIsPublishedAfterIt(t *testing.T) {
	labtest.Bubble(t, "", func(t *testing.T, w *labtest.World) {
		w.Place("A")
		w.Until(`order("A").status == "CREATED"`, time.Second)
		w.Later(20 * time.Millisecond) // payment is in its simulated work
		w.Do(`{"cut":"payment"}`)
		w.Later(time.Minute)
		w.True(`order("A").charges == 1 && events("PaymentCompleted") == 0 && members("payment") == 0`)
		w.Do(`{"mend":"payment"}`)
		w.Settled()
		w.True(`order("A").charges == 1 && order("A").status == "COMPLETED" && len(broken) == 0`)
	})
}

// The cut belongs to the service, not to the process that runs it.
func TestACutSurvivesARestartAndACrash(t *testing.T) {
	labtest.Bubble(t, "", func(t *testing.T, w *labtest.World) {
		w.Settled()
		w.Do(`{"cut":"inventory"}`)
		w.Do(`{"restart":"inventory"}`)
		w.Place("A")
		w.Later(20 * time.Second)
		w.True(`members("inventory") == 0 && order("A").status == "PAID"`)
		w.Do(`{"crash":"inventory"}`)
		w.Do(`{"restart":"inventory"}`)
		w.Later(20 * time.Second)
		w.True(`members("inventory") == 0`)
		w.Do(`"heal"`)
		w.Settled()
		w.True(`order("A").status == "COMPLETED" && members("inventory") == 1 && len(broken) == 0`)
	})
}

// A database that cannot be reached is a failure that passes, for as long as
// there are tries.
func TestAServiceThatIsCutOffFromItsDatabaseFailsUntilItIsMended(t *testing.T) {
	for _, service := range []string{"payment", "inventory", "notification", "projector", "order"} {
		t.Run(service, func(t *testing.T) {
			labtest.Bubble(t, `{"services":{"`+service+`":{"retries":20,"backoff":"1s"}}}`, func(t *testing.T, w *labtest.World) {
				w.Do(`{"pause":"` + service + `"}`)
				w.Place("A")
				w.Until(`topic("orders").records == 1`, time.Second)
				w.Do(`{"cut":{"service":"` + service + `","from":"database"}}`)
				w.Do(`{"resume":"` + service + `"}`)
				w.Until(`service("`+service+`").failed >= 2`, time.Minute)
				w.Expect("failed " + service + " the database cannot be reached")
				w.True(`!settled && order("A").charges <= 1`)
				if service == "order" {
					r := w.Place("B")
					assert.Equal(t, "unavailable", r.Answer)
					assert.Contains(t, r.Text, "database cannot be reached")
				}
				w.Do(`{"mend":"` + service + `"}`)
				w.Settled()
				w.True(`order("A").status == "COMPLETED" && order("A").charges == 1 && order("A").notifications == 1 && read("A").status == "COMPLETED" && len(broken) == 0`)
			})
		})
	}
}

// Without an outbox the caller waits for Kafka, but not for ever.
func TestACallerOfACutServiceIsAnsweredInTheEnd(t *testing.T) {
	labtest.Bubble(t, `{"work":"0s","services":{"order":{"outbox":false}}}`, func(t *testing.T, w *labtest.World) {
		w.Settled()
		w.Do(`{"cut":{"service":"order","from":"kafka"}}`)
		began := time.Now()
		r := w.Place("A")
		assert.Equal(t, "unavailable", r.Answer)
		assert.Contains(t, r.Text, "did not take the event")
		assert.Less(t, time.Since(began), 15*time.Second)
		w.Do(`"heal"`)
		w.Settled()
		w.Place("B")
		w.Settled()
		w.True(`order("B").status == "COMPLETED"`)
	})
}
