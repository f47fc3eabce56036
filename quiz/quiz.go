package quiz

import (
	"eddy/lab/form"
)

// Quiz is a file of questions.
type Quiz struct {
	ID        string     `yaml:"id" form:"required" doc:"equals the name of the file"`
	Title     string     `yaml:"title" form:"required"`
	Pass      int        `yaml:"pass" doc:"per cent that pass, 70 where nothing is said"`
	Minutes   int        `yaml:"minutes" doc:"how long a graded attempt may take; no limit where nothing is said"`
	Questions []Question `yaml:"questions" form:"required"`

	file     *form.File
	revision string // of the file that it was read from
}

// Kind is how a question is asked.
type Kind string

// The kinds of questions.
const (
	Single   Kind = "single"
	Multiple Kind = "multiple"
	Order    Kind = "order"
	Match    Kind = "match"
	Number   Kind = "number"
	Text     Kind = "text"
	Predict  Kind = "predict" // what will the lab show?
	Lab      Kind = "lab"     // make the lab show it
)

// Question is one question. What belongs to its kind is there, the rest empty.
type Question struct {
	ID      string    `yaml:"id" form:"required"`
	Topic   string    `yaml:"topic" is:"sync-async|kafka|cqrs|event-sourcing|saga|idempotency|dead-letter|schema|outbox|capstone" doc:"what it is about"`
	Kind    Kind      `yaml:"kind" form:"required" is:"single|multiple|order|match|number|text|predict|lab"`
	Ask     string    `yaml:"ask" form:"required" doc:"markdown"`
	Points  float64   `yaml:"points" doc:"1 where nothing is said; for text, the points of its ideas"`
	Options []Option  `yaml:"options" doc:"of single and multiple, and of a predict that is answered by choosing"`
	Order   []string  `yaml:"order" doc:"of order: the items as they belong"`
	Before  []Pair    `yaml:"before" doc:"of order: which item must come before which, where not every place is fixed"`
	Match   []Couple  `yaml:"match" doc:"of match: what belongs together"`
	Number  *Numeric  `yaml:"number" doc:"of number"`
	Accept  []Idea    `yaml:"accept" doc:"of text: the ideas that score, each in any of its wordings"`
	Lab     *LabTask  `yaml:"lab" doc:"of predict and lab"`
	Vary    Variables `yaml:"vary" doc:"of predict and lab: values for a name, of which every learner gets one; {name} stands for it in ask, do, lab and answer"`
	Explain string    `yaml:"explain" doc:"shown with the result; markdown"`
}

// Option is one of the answers to choose from.
type Option struct {
	Text    string `yaml:"text" form:"required"`
	Correct bool   `yaml:"correct"`
	Why     string `yaml:"why" doc:"why it is wrong: the misconception behind it; every wrong option has one"`
}

// Pair says that the first item must come before the second.
type Pair struct{ First, Second string }

// ReadForm implements form.Reader.
func (p *Pair) ReadForm(v form.Value) {
	items, ok := v.List()
	if !ok || len(items) != 2 {
		v.Problem("this must be a list of two items, the earlier one first; it is %s", v.Kind())
		return
	}
	p.First, _ = items[0].Text()
	p.Second, _ = items[1].Text()
}

// SchemaForm implements form.Describer.
func (p *Pair) SchemaForm() map[string]any {
	return map[string]any{"type": "array", "items": map[string]any{"type": "string"}, "minItems": 2, "maxItems": 2}
}

// Couple is two things that belong together.
type Couple struct {
	Left  string `yaml:"left" form:"required"`
	Right string `yaml:"right" form:"required"`
}

// Numeric is the value of a number.
type Numeric struct {
	Value     float64 `yaml:"value" form:"required"`
	Tolerance float64 `yaml:"tolerance" doc:"how far off still counts"`
}

// Idea is something that a text must say. A wording counts where its words
// stand in the text in this order and near each other, and are not denied; each
// word of it matches the beginning of a word, and one of up to three letters a
// word and its forms. In a wording, take|takes is one of
// several words, a + stands between parts that one sentence has in any order,
// not is any negation, ^no is a No that the answer begins with, and a !word must
// not stand between the others.
//
// Two terms that are easily taken for one another need more: who swaps them uses
// all the right words. A sentence with a wording of Not says the opposite.
type Idea struct {
	Idea   string   `yaml:"idea" form:"required" doc:"what it is called in the result"`
	Any    []string `yaml:"any" form:"required" doc:"its wordings; beginnings of words are enough, of four letters or more: loosely coupl, take|takes over, crash + not stop, ^no"`
	Not    []string `yaml:"not" doc:"wordings that say the opposite, such as two terms swapped: whoever says one of them has not said the idea; choreography coordinator !orchestration, where the ! word does not stand between"`
	Points float64  `yaml:"points" doc:"1 where nothing is said"`
}

// LabTask is what a lab is asked.
type LabTask struct {
	Scenario string   `yaml:"scenario" doc:"id of the scenario whose lab it is"`
	Lab      Settings `yaml:"lab" doc:"settings, where there is no scenario"`
	Do       Moves    `yaml:"do" doc:"what is done first"`
	Answer   string   `yaml:"answer" form:"required" doc:"predict: the value that the learner says; lab: what the learner's actions make true"`
}

// max is how many points a question has.
func (q *Question) max() float64 {
	if q.Points > 0 {
		return q.Points
	}
	if q.Kind != Text {
		return 1
	}
	var sum float64
	for _, idea := range q.Accept {
		sum += idea.points()
	}
	return sum
}

func (i Idea) points() float64 {
	if i.Points > 0 {
		return i.Points
	}
	return 1
}

// pass is how many per cent pass.
func (q *Quiz) pass() float64 {
	if q.Pass > 0 {
		return float64(q.Pass)
	}
	return 70
}

// Find returns a question by its id, nil where there is none.
func (q *Quiz) Find(id string) *Question {
	for i := range q.Questions {
		if q.Questions[i].ID == id {
			return &q.Questions[i]
		}
	}
	return nil
}
