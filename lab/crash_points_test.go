package lab_test

import (
	"fmt"
	"testing"
	"time"

	"eddy/lab/labtest"

	"github.com/stretchr/testify/assert"
)

// What a crash costs depends on where it strikes, and on what the service does
// about it. Everything that the shop has against it is switched off here: no
// outbox, no inbox. For each service and point, this is what is seen to come
// out, after a restart: nothing is amiss, something is there twice, or lost.
func TestWhatACrashCostsAtEachPointOfEachServiceWithoutItsGuards(t *testing.T) {
	type costs struct{ now, before, after, write string }
	for service, c := range map[string]struct {
		on string
		costs
	}{
		"order":        {"StockReserved", costs{"nothing", "nothing", "nothing", "loss"}},
		"payment":      {"OrderCreated", costs{"nothing", "nothing", "duplicate", "duplicate"}},
		"inventory":    {"PaymentCompleted", costs{"nothing", "nothing", "duplicate", "duplicate"}},
		"notification": {"StockReserved", costs{"nothing", "nothing", "duplicate", "duplicate"}},
		"projector":    {"OrderCreated", costs{"nothing", "nothing", "nothing", "nothing"}},
	} {
		for at, want := range map[string]string{"now": c.now, "before_handle": c.before, "after_handle": c.after, "after_write": c.write} {
			t.Run(service+" "+at, func(t *testing.T) {
				t.Parallel()
				settings := fmt.Sprintf(`{"services":{%q:{"idempotent":false,"outbox":false}}}`, service)
				labtest.Bubble(t, settings, func(t *testing.T, w *labtest.World) {
					if at == "now" {
						w.Do(fmt.Sprintf(`{"crash":%q}`, service))
						w.Do(`"heal"`) // a call to a service that is down would not be taken at all
						w.Do(fmt.Sprintf(`{"pause":%q}`, service))
						w.Place("A")
						w.Later(time.Second)
						w.Do(fmt.Sprintf(`{"crash":%q}`, service))
					} else {
						w.Do(fmt.Sprintf(`{"crash":{"service":%q,"at":%q,"on":%q}}`, service, at, c.on))
						w.Place("A")
						w.Until(fmt.Sprintf(`service(%q).crashes == 1`, service), 10*time.Second)
					}
					w.Later(5 * time.Second)
					w.Do(`"heal"`)
					w.Settled()
					assert.Equal(t, want, whatCameOut(w))
				})
			})
		}
	}
}

// whatCameOut reads it off the tapes, the gateway and the databases.
func whatCameOut(w *labtest.World) string {
	for _, event := range []string{"OrderCreated", "PaymentCompleted", "StockReserved", "OrderCompleted", "NotificationSent"} {
		if w.Eval(`events("`+event+`","A")`) == 0 {
			return "loss"
		}
	}
	if w.Eval(`order("A").charges > 1 || order("A").notifications > 1 || stock("mouse") < 99`) == true {
		return "duplicate"
	}
	if w.Eval(`order("A").status == "COMPLETED" && read("A").status == "COMPLETED" && len(broken) == 0`) == true {
		return "nothing"
	}
	return "something else"
}
