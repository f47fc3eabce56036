package view

import (
	"encoding/json"
	"strconv"

	"github.com/a-h/templ"

	"eddy/content"
)

// LessonPage is one lesson.
type LessonPage struct {
	Lesson    *content.Lesson
	N         int // which one on the path, from 1
	Done      bool
	Contents  []LessonLink
	Before    []LessonLink // what should be read first and is not yet
	Parts     []LessonPart
	Scenarios []LessonLink
	Quiz      LessonLink // without an address where there is none
	Questions int        // of the quiz
}

// LessonLink leads to a lesson, a scenario or a quiz.
type LessonLink struct {
	Href, Title, What string
	Done              bool
}

// LessonPart is a part of a lesson, with what only the server knows of it.
type LessonPart struct {
	content.Part
	Code     []CodePart                // of a code block
	Evidence map[string][]EvidenceLine // of a checklist, by question
}

// CodePart is a declaration, cut into pieces that are drawn alike.
type CodePart struct {
	Language, File, Name string
	Lines                []CodeLine
}

// CodeLine is one line and its number in the file.
type CodeLine struct {
	N      int
	Pieces [][2]string // class and text
}

// EvidenceLine is what a reader's own runs say about a question.
type EvidenceLine struct{ Text, Href string }

// GlossaryPage is every term.
type GlossaryPage struct{ Terms []content.Term }

// doJSON is what a button does, for the module that sends it.
func doJSON(do any) string {
	text, err := json.Marshal(do)
	if err != nil {
		return "[]" // actions were read from JSON, so they can be written
	}
	return string(text)
}

func (p LessonPage) kicker() string {
	return "Lesson " + strconv.Itoa(p.N) + "\u2002·\u2002" + strconv.Itoa(p.Lesson.Minutes) + " minutes"
}

func (p LessonPage) neighbour(by int) (LessonLink, bool) {
	if at := p.N - 1 + by; at >= 0 && at < len(p.Contents) {
		return p.Contents[at], true
	}
	return LessonLink{}, false
}

// src is where the figure's frame is had, once there is a lab.
func src(f *content.Figure) string {
	address := "?part=figure&lens=" + f.Lens
	if f.Follow != "" {
		address += "&follow=" + f.Follow
	}
	return address
}

func md(text string) templ.Component { return templ.Raw(content.Inline(text)) }

func itoa(n int) string { return strconv.Itoa(n) }

func check(q LessonPage) string {
	if q.Questions == 1 {
		return "Check yourself, 1 question"
	}
	return "Check yourself, " + strconv.Itoa(q.Questions) + " questions"
}

func pieceClass(p [2]string) string { return "t-" + p[0] }

// lensName is the lens of a figure, as the lab calls it.
func lensName(f *content.Figure) string {
	return map[string]string{"map": "Map", "topics": "Topics", "story": "Story", "aggregate": "Aggregate", "read": "Read side"}[f.Lens]
}
