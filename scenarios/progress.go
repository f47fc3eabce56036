package scenarios

import (
	"slices"
	"time"
)

// Progress is how far a learner is. It is what must last.
type Progress struct {
	Scenario  string         `json:"scenario"`
	Step      int            `json:"step"`
	Phase     Phase          `json:"phase"`
	Challenge bool           `json:"challenge,omitempty"` // goals alone: no predictions, no questions
	Steps     []StepProgress `json:"steps"`
	Began     time.Time      `json:"began"`
	Finished  time.Time      `json:"finished,omitzero"`
}

// StepProgress is what a learner did in one step.
type StepProgress struct {
	ID         string    `json:"id"`
	Start      int64     `json:"start"`                // seq of the journal at which the learner begins
	Predicted  int       `json:"predicted"`            // index of an option, −1 none yet
	Confidence string    `json:"confidence,omitempty"` // guess think sure
	Tasks      []bool    `json:"tasks,omitempty"`
	Met        int64     `json:"met,omitempty"` // seq at which the goal was met, 0 not yet
	MetAt      time.Time `json:"met_at,omitzero"`
	Observed   int       `json:"observed"` // index of the option that was chosen last, −1 none
	Value      string    `json:"value,omitempty"`
	Seen       bool      `json:"seen,omitempty"`   // observed rightly
	Misses     int       `json:"misses,omitempty"` // wrong observations
	Because    []string  `json:"because,omitempty"`
	Explained  bool      `json:"explained,omitempty"`
	Hints      int       `json:"hints,omitempty"` // rungs that were opened
	Helped     bool      `json:"helped,omitempty"`
	Restarts   int       `json:"restarts,omitempty"`
	Done       bool      `json:"done,omitempty"`
	During     int       `json:"during,omitempty"` // how many of the things that happen by themselves have happened
	Score      []Points  `json:"score,omitempty"`  // once the goal is met
}

func (p Progress) clone() Progress {
	p.Steps = slices.Clone(p.Steps)
	for i := range p.Steps {
		p.Steps[i].Tasks = slices.Clone(p.Steps[i].Tasks)
		p.Steps[i].Because = slices.Clone(p.Steps[i].Because)
		p.Steps[i].Score = slices.Clone(p.Steps[i].Score)
	}
	return p
}
