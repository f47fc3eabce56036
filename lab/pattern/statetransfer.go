package pattern

import (
	"context"
	"fmt"
)

// Carried answers from a copy that events keep up to date, where Lookup would
// ask the service that owns the data.
//
// Problem: a service needs what another one owns, such as a customer's address.
// If it asks at every event, it works only while the other one does, and every
// event costs a call.
//
// Guarantee: the owner publishes its state with every change (event-carried
// state transfer); who needs it keeps a copy and asks nobody. It goes on while
// the owner is down.
//
// Cost: a copy of data in every service that needs it, and it is late: a change
// that has not arrived is not known.
//
// Not covered: what must be right this very moment. Then a call is the answer,
// with a timeout and a plan for when there is none.
type Carried struct{ Copy Changelog }

// Address returns what the copy says about a customer.
func (c Carried) Address(_ context.Context, customer string) (string, error) {
	address, ok := c.Copy[customer]
	if !ok {
		return "", fmt.Errorf("the copy does not know %s", customer)
	}
	return address, nil
}

// Lookup asks the owner each time.
type Lookup struct {
	Ask func(ctx context.Context, customer string) (string, error)
}

// Address returns what the owner says, if it answers.
func (l Lookup) Address(ctx context.Context, customer string) (string, error) {
	address, err := l.Ask(ctx, customer)
	if err != nil {
		return "", fmt.Errorf("ask for the address of %s: %w", customer, err)
	}
	return address, nil
}
