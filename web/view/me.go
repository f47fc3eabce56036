package view

// MePage is what is kept of a learner.
type MePage struct {
	Scenarios []Standing // those that were begun, in the order of learning
	Done, All int        // scenarios
	Quizzes   []Standing // attempts, the newest first
	Reviews   []Review
	Deleted   bool // it was just deleted
}

// Standing is how something stands with a learner.
type Standing struct{ Title, Href, State string }

// Review is something that a learner was sure of and wrong about.
type Review struct {
	Where, Href, Ask, Said string
	Right                  string // the right answer, where words can say it
	Why                    string // what the lab said, where only a lab can judge
}
