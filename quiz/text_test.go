package quiz

import (
	"testing"

	"github.com/stretchr/testify/assert"
)

// A wording counts where its words stand near each other and are not denied.
func TestSays(t *testing.T) {
	for _, c := range []struct {
		answer, wording string
		says            bool
	}{
		{"Services are loosely coupled.", "loosely coupl", true},
		{"Services are loosely-coupled", "loosely coupl", true},
		{"LOOSELY and simply COUPLED", "loosely coupl", true},
		{"coupled loosely", "loosely coupl", false},
		{"loosely speaking, every one of them is coupled", "loosely coupl", false},
		{"Services are not loosely coupled", "loosely coupl", false},
		{"They aren't really loosely coupled", "loosely coupl", false},
		{"Not only loosely coupled but also faster", "loosely coupl", true},
		{"It does not block, and services are loosely coupled", "loosely coupl", true},
		{"without loose coupling", "loose coupl", false},
		{"Loose coupling is not an advantage", "loose coupl", false},
		{"Loose coupling: no service has to wait", "loose coupl", true},
		{"nobody has to wait", "not wait", true},
		{"you don't wait", "not wait", true},
		{"the caller cannot wait", "not wait", true},
		{"it is never not loosely coupled", "loosely coupl", true},
		{"decoupling", "decoupl", true},
		{"instead of waiting, the caller goes on", "not wait", true},
		{"it does not know. Wait", "not wait", false},
		{"you don’t wait", "not wait", true},
		{"it dont wait", "not wait", true},
		{"it is not true that nobody waits", "not wait", false},
		{"It is not true that all of the services are loosely coupled", "loosely coupl", false},
		{"It is not true that the services of this shop are not loosely coupled", "loosely coupl", true},
		{"It is wrong that services are decoupled", "decoupl", false},
		{"I don't know whether it is decoupled", "decoupl", false},
		{"I'm not sure, but I think it is decoupled", "decoupl", true},
		{"I don't know, maybe it is decoupled?", "decoupl", true},
		{"tightly coupled instead of loosely coupled", "loosely coupl", false},
		{"If payment crashes, the others do not stop", "crash|fail + not stop|break", true},
		{"The others do not break when payment fails", "crash|fail + not stop|break", true},
		{"Payment crashes. The mail does not stop", "crash|fail + not stop|break", false},
		{"If payment does not crash, the others do not stop", "crash|fail + not stop|break", false},
		{"If payment crashes, the others stop", "crash|fail + not stop|break", false},
		{"if it is not idempotent the card is charged twice", "card charg", true},
		{"if the card is not charged twice", "charg twice", false},
		{"the orchestrator decides nothing", "orchestrator decid", false},
		{"if payment fails, nothing stops", "fail", true},
		{"they took it over", "take|takes|took over", true},
		{"Instead of changing it you append an event", "append event", true},
		{"instead you append an event", "append event", true},
		{"nothing is changed, one appends an event instead", "append event", true},
		{"it does not block they are loosely coupled", "loosely coupl", true},
		{"No, they are loosely coupled", "loosely coupl", true},
		{"no they are loosely coupled", "loosely coupl", true},
		{"no service is loosely coupled", "loosely coupl", false},
		{"a rebalance does not happen", "rebalanc", false},
		{"the services are decoupled and do not wait", "decoupl", true},
		{"decuopled", "decoupl", true},
		{"looosely coupled", "loosely coupl", true},
		{"charge", "change", false},
		{"stale", "state", false},
		{"No. Never.", "^no", true},
		{"No", "^no", true},
		{"no idea", "^no", false},
		{"there is no change", "^no", false},
		{"", "decoupl", false},
		{"In choreography a coordinator decides", "choreography coordinator !orchestration", true},
		{"In choreography: orchestration has a coordinator", "choreography coordinator !orchestration", false},
	} {
		assert.Equal(t, c.says, says(tokens(c.answer), c.wording), "%q says %q", c.answer, c.wording)
	}
}
