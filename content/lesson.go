package content

import (
	"regexp"
	"slices"
	"strings"

	"eddy/lab"
	"eddy/lab/code"
	"eddy/lab/form"
	"eddy/lab/script"
)

// Lesson is one text to read, with the running lab in it.
type Lesson struct {
	ID        string          `yaml:"id" form:"required" doc:"equals the name of the file"`
	Title     string          `yaml:"title" form:"required"`
	Topic     string          `yaml:"topic" form:"required" is:"basics|sync-async|kafka|idempotency|dead-letter|outbox|cqrs|event-sourcing|saga|schema|capstone|adoption"`
	Minutes   int             `yaml:"minutes" form:"required" doc:"how long it takes to read and try, about"`
	Needs     []string        `yaml:"needs" doc:"ids of lessons to read before"`
	Summary   string          `yaml:"summary" form:"required" doc:"one sentence"`
	Scenarios []string        `yaml:"scenarios" doc:"ids of the scenarios that go deeper"`
	Quiz      string          `yaml:"quiz" doc:"id of the quiz that checks it"`
	Lab       script.Settings `yaml:"lab" doc:"settings of the lab, where they differ from the standard ones"`
	Seed      uint64          `yaml:"seed"`

	Parts []Part // the text, in order
	Terms []Term // that the text names, by name

	file *form.File // the front matter
}

// Part is a piece of a lesson: markdown that was rendered, or one block. One of
// its fields is set.
type Part struct {
	HTML      string
	Figure    *Figure
	Code      *Code
	Compare   *Compare
	Checklist *Checklist
}

// Figure is the lesson's running lab, seen through a lens.
type Figure struct {
	Caption string   `yaml:"caption" form:"required" doc:"what is seen; markdown"`
	Lens    string   `yaml:"lens" form:"required" is:"map|topics|story|aggregate|read"`
	Follow  string   `yaml:"follow" doc:"handle of the order whose letter the figure follows"`
	Buttons []Button `yaml:"buttons" form:"required"`
	Watch   []Value  `yaml:"watch" doc:"values that stand below the figure"`

	N int // which one of the lesson, from 1
}

// Button is something to do in a lab.
type Button struct {
	Label string         `yaml:"label" form:"required"`
	Do    script.Actions `yaml:"do" form:"required"`
}

// Value is an expression over a lab, by the words that stand before it.
type Value struct {
	Label string `yaml:"label" form:"required"`
	Expr  string `yaml:"value" form:"required"`
}

// Code is declarations that were cut from the real source.
type Code struct {
	Go      string `yaml:"go" doc:"such as lab/pattern/idempotent.go#Inbox.First"`
	Python  string `yaml:"python" doc:"such as lab/pattern/python/idempotent.py#handle"`
	Caption string `yaml:"caption" doc:"markdown"`

	Cuts []code.Snippet // Go first
}

// Compare runs the same in two fresh labs.
type Compare struct {
	Title   string  `yaml:"title" form:"required"`
	Before  Side    `yaml:"before" form:"required"`
	After   Side    `yaml:"after" form:"required"`
	Outcome []Value `yaml:"outcome" form:"required"`

	N int // which one of the lesson, from 1
}

// Side is one of the two labs of a comparison.
type Side struct {
	Label string          `yaml:"label" form:"required"`
	Lab   script.Settings `yaml:"lab"`
	Do    script.Actions  `yaml:"do" form:"required"`
}

// Checklist is questions about the reader's own system.
type Checklist struct {
	Title     string     `yaml:"title"`
	Questions []Question `yaml:"questions" form:"required"`
}

// Question is one question of a checklist.
type Question struct {
	ID       string   `yaml:"id" form:"required"`
	Ask      string   `yaml:"ask" form:"required"`
	Options  []Option `yaml:"options" form:"required"`
	Evidence Evidence `yaml:"evidence"`
}

// Option is an answer, and what it suggests.
type Option struct {
	Text     string `yaml:"text" form:"required"`
	Suggests string `yaml:"suggests" form:"required" doc:"markdown"`
}

// Evidence is where a reader's own runs have something to say about a question.
type Evidence struct {
	Scenarios  []string `yaml:"scenarios" doc:"ids: that the reader finished them"`
	Invariants []string `yaml:"invariants" doc:"ids: that the reader saw them broken"`
	Label      string   `yaml:"label" doc:"what expr is, in words"`
	Expr       string   `yaml:"expr" doc:"a value of the reader's own free lab, as long as it is open"`
}

// Any tells whether there is anything to look for.
func (e Evidence) Any() bool { return len(e.Scenarios)+len(e.Invariants) > 0 || e.Expr != "" }

// Settings are those of the lesson's lab.
func (l *Lesson) Settings() lab.Settings { return settings(l.Lab, l.Seed) }

// SettingsOf are those of one side of a comparison.
func (l *Lesson) SettingsOf(s Side) lab.Settings { return settings(s.Lab, l.Seed) }

func settings(given script.Settings, seed uint64) lab.Settings {
	s := lab.DefaultSettings()
	if given.JSON != nil {
		s = given.Settings.Clone()
	}
	if seed > 0 {
		s.Seed = seed
	}
	return s
}

// Figures lists the figures of a lesson.
func (l *Lesson) Figures() (list []*Figure) {
	for _, p := range l.Parts {
		if p.Figure != nil {
			list = append(list, p.Figure)
		}
	}
	return list
}

// Compares lists the comparisons of a lesson.
func (l *Lesson) Compares() (list []*Compare) {
	for _, p := range l.Parts {
		if p.Compare != nil {
			list = append(list, p.Compare)
		}
	}
	return list
}

// Evals lists every expression over the lesson's lab that its page shows.
func (l *Lesson) Evals() (list []string) {
	for _, p := range l.Parts {
		for _, m := range liveTag.FindAllStringSubmatch(p.HTML, -1) {
			list = append(list, unescape(m[1]))
		}
		if p.Figure != nil {
			for _, w := range p.Figure.Watch {
				list = append(list, w.Expr)
			}
		}
	}
	slices.Sort(list)
	return slices.Compact(list)
}

var slug = regexp.MustCompile(`[^a-z0-9]+`)

// slugOf is a name as it stands in an address.
func slugOf(name string) string {
	return strings.Trim(slug.ReplaceAllString(strings.ToLower(name), "-"), "-")
}
