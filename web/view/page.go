package view

import (
	"encoding/json"

	"github.com/a-h/templ"
)

// HomePage is what the home page shows.
type HomePage struct {
	Continue string // the address of the visitor's own lab, "" where there is none
	Version  string // of Eddy
	Learn    string // the address of the scenario that the visitor is in the middle of, "" none
	LearnAt  string // where in it, in words
}

// LabPage is what the page of a lab starts with.
type LabPage struct {
	ID    string // the lab's id, which is also the right to it
	Title string
	Open  bool     // the lab's cluster listens for any Kafka client
	Addrs []string // where it listens
	// Board is a snapshot of the board for the first paint. It may be nil: then
	// the page waits for the live socket.
	Board json.RawMessage
	// Run says that this is a run which was opened from a file: ID is its id, and
	// there is no lab to act on.
	Run     bool
	Teacher bool // the visitor holds the teacher key
	Limits  []Limit
	// Scenario is the id of the scenario that the lab is of, and Guide what the
	// learner is to see of it, for the first paint. In a free lab they are empty.
	Scenario string
	Guide    json.RawMessage
	Part     bool // the page stands in a frame of another: no bar
	Figure   bool // and is one figure of it: nothing but the lens
}

// Limit is one thing that the simulation leaves out.
type Limit struct{ Topic, What string }

// TwinsPage is two labs side by side.
type TwinsPage struct {
	Left, Right string // ids
	But         string // what is set differently in the right one, in words
	Story       bool   // they differ in how sagas work: an order's two stories tell most
}

// RunFile is where the file of the lab's run, or of this run, is had.
func (p LabPage) RunFile() templ.SafeURL {
	if p.Run {
		return templ.URL("/api/runs/" + p.ID + "/run")
	}
	return templ.URL("/api/labs/" + p.ID + "/run")
}

// ErrorPage says what went wrong and where to go from here.
type ErrorPage struct {
	Status     int // of HTTP
	Title      string
	Message    string
	ActionText string // the words on the button, "" for no button
	ActionHref string
}
