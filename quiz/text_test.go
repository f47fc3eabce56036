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
		{"nobody has to wait", "not wait", false},
		{"you don't wait", "not wait", true},
		{"the caller cannot wait", "not wait", true},
		{"it is never not loosely coupled", "loosely coupl", true},
		{"decoupling", "decoupl", true},
		{"", "decoupl", false},
	} {
		assert.Equal(t, c.says, says(tokens(c.answer), c.wording), "%q says %q", c.answer, c.wording)
	}
}
