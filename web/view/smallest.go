package view

// SmallestPage is where the smallest fault that breaks a promise is searched for.
type SmallestPage struct {
	Promises []Promise
}

// Promise is a promise of the shop and what it means.
type Promise struct{ ID, Means string }

// Pattern is a switch of the settings: without it a promise may be broken.
type Pattern struct {
	Name  string // in the form
	Label string
	Set   string // settings of a lab with the pattern off, JSON
}

// patternSwitches are the switches that the page offers, each off when it is
// chosen.
func patternSwitches() []Pattern {
	return []Pattern{
		{"payment-idempotent", "payment is not idempotent", `{"services":{"payment":{"idempotent":false}}}`},
		{"inventory-idempotent", "inventory is not idempotent", `{"services":{"inventory":{"idempotent":false}}}`},
		{"order-outbox", "order has no outbox", `{"services":{"order":{"outbox":false}}}`},
		{"payment-outbox", "payment has no outbox", `{"services":{"payment":{"outbox":false}}}`},
		{"payment-commit", "payment saves offsets before it handles", `{"services":{"payment":{"commit":"before"}}}`},
		{"payment-dead-letter", "payment has no dead letters", `{"services":{"payment":{"dead_letter":false}}}`},
		{"key", "records have no key", `{"key":"none"}`},
		{"acks", "order does not wait for acks", `{"services":{"order":{"acks":"none"}}}`},
	}
}
