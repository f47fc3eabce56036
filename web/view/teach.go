package view

import "fmt"

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
	Rows      []ResultRow
	Items     []ResultItem
}

// ResultRow is one learner.
type ResultRow struct {
	Learner, Score string
	Percent        float64
	Passed         bool
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
