package view

// QuizPage is what the page of a quiz starts with.
type QuizPage struct {
	ID        string
	Title     string
	Questions int // how many
	Minutes   int // that a graded attempt may take, 0 no limit
}
