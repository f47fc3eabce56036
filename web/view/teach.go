package view

import (
	"fmt"
	"strconv"
)

// TeachPage is the teacher's door.
type TeachPage struct {
	Teacher bool // the visitor holds the teacher key
	Wrong   bool // the key that was typed is not the one
	Quizzes []TaughtQuiz
	Broken  []string // quiz files that cannot be taken, with what is wrong
}

// TaughtQuiz is a quiz and how many have a graded result.
type TaughtQuiz struct {
	ID, Title         string
	Questions, Graded int
}

// ResultsPage is what the graded attempts at a quiz say.
type ResultsPage struct {
	ID, Title string
	Running   []RunningAttempt
	Rows      []ResultRow
	Items     []ResultItem
}

// RunningAttempt is a graded attempt that was not submitted yet.
type RunningAttempt struct {
	ID, Learner  string
	Answered, Of int
	Left         string // of its time, in words
	Timed        bool   // it has a time limit
}

// AttemptPage is one learner's graded attempt.
type AttemptPage struct {
	ID, Quiz, Title, Learner string
	Waits                    bool   // it is not graded yet
	Left                     string // of its time, "" where it was submitted
	Score                    string
	Questions                []Marked
}

// Marked is a question, what was answered and what it was worth.
type Marked struct {
	ID, Kind, Ask string
	Said          string // the answer in words, "" none
	Sure          string // guess think sure, "" not said
	Graded        bool
	Points, Max   float64
	Correct       bool
	Why, Note     string // what it says, or what the teacher says
}

// ResultRow is one learner.
type ResultRow struct {
	Attempt, Learner, Score string
	Percent                 float64
	Passed                  bool
}

// ResultItem is one question.
type ResultItem struct {
	ID, Kind, Ask string
	Answered      int
	Difficulty    float64 // mean share of the points
	Tells         string  // how well it tells who knows, in words
	Weak          bool
	SureAndWrong  int
	Wrong         string // the most frequent wrong idea
	WrongCount    int
}

func (i ResultItem) share() string { return fmt.Sprintf("%.0f %%", i.Difficulty*100) }

func (r ResultRow) percent() string { return fmt.Sprintf("%g %%", r.Percent) }

func (p AttemptPage) standing() string {
	switch {
	case !p.Waits:
		return p.Score
	case p.Left != "":
		return "Not graded yet: " + p.Left + "."
	}
	return "Not graded yet."
}

func (m Marked) worth() string { return num(m.Points) + " of " + num(m.Max) }

func num(x float64) string { return strconv.FormatFloat(x, 'g', -1, 64) }
