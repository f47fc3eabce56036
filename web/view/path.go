package view

import "strconv"

// CoursePath is the lessons, each with the scenarios and the quiz that belong
// to it.
type CoursePath struct {
	Stops []PathStop
	More  []LessonLink // quizzes that belong to no lesson
	Read  int
}

// PathStop is one lesson on the path.
type PathStop struct {
	LessonLink
	Summary   string
	Minutes   int
	Next      bool // the first one that is not read and has all it needs
	Scenarios []LessonLink
	Quiz      LessonLink
}

func (c CoursePath) sum() string {
	return strconv.Itoa(c.Read) + " of " + strconv.Itoa(len(c.Stops)) + " read"
}
