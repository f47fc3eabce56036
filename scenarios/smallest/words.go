package smallest

import (
	"fmt"
	"strings"

	"eddy/lab"
	"eddy/scenarios"
)

// Invariants are the promises that can be asked about.
func Invariants() []string { return lab.InvariantIDs() }

// Means says what a promise promises.
func Means(invariant string) string {
	return map[string]string{
		"no-double-charge": "no order is charged twice", "no-oversell": "no more is reserved than there is", "no-paid-cancelled": "no cancelled order stays paid",
		"every-order-ends": "every order is completed or cancelled in the end", "nothing-lost": "every accepted order has its event",
		"per-key-order": "the events of an order are handled in their order", "per-user-order": "the events of a user are handled in their order",
		"read-model-agrees": "the read side shows what is true",
	}[invariant]
}

func list(words []string) string { return strings.Join(words, ", ") }

// describe says what a plan does, in a few words.
func describe(p Plan) string {
	orders := 0
	var faults []string
	for _, m := range p {
		a, err := lab.DecodeAction(m.Action)
		switch {
		case err != nil || m.Phase == Repair:
		case m.Phase == Order:
			orders++
		default:
			faults = append(faults, scenarios.ActionLine(a))
		}
	}
	words := "one order"
	if orders > 1 {
		words = fmt.Sprintf("%d orders", orders)
	}
	if len(faults) == 0 {
		return words
	}
	return words + ": " + strings.Join(faults, ", ")
}

// words is the answer in one sentence.
func (s *search) words() string {
	a := &s.answer
	if !a.Found {
		switch a.Ended {
		case "cancelled":
			return fmt.Sprintf("The search was cancelled. None of %d tries had broken %s.", a.Tries, a.Invariant)
		case "time":
			return fmt.Sprintf("The time was over. None of %d tries had broken %s.", a.Tries, a.Invariant)
		}
		return fmt.Sprintf("None of %d tries broke %s.", a.Tries, a.Invariant)
	}
	n := fmt.Sprintf("%d actions break", len(a.Actions))
	if len(a.Actions) == 1 {
		n = "One action breaks"
	}
	words := fmt.Sprintf("%s %s: %s.", n, a.Invariant, a.Because)
	if !a.Sure {
		words += " It depends on who of two is first, so it is not broken every time."
	}
	for _, r := range a.Reverse {
		words += " " + r.Words
	}
	return words
}
