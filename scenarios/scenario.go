package scenarios

import (
	"slices"
	"time"

	"eddy/lab"
	"eddy/lab/form"
	"eddy/lab/script"
)

// What a scenario file shares with other files that drive a lab.
type (
	Actions  = script.Actions
	Action   = script.Action
	Setting  = script.Setting
	Settings = script.Settings
)

// Scenario is a guided walk through one pattern: a lab and a few steps in it.
type Scenario struct {
	ID      string   `yaml:"id" form:"required" schema:"pattern=^[a-z0-9]+(-[a-z0-9]+)*$" doc:"equals the name of the file"`
	Title   string   `yaml:"title" form:"required"`
	Pattern string   `yaml:"pattern" form:"required" is:"sync-async|kafka|cqrs|event-sourcing|saga|idempotency|dead-letter|schema|outbox|capstone" doc:"what it teaches"`
	Level   int      `yaml:"level" form:"required" schema:"minimum=1; maximum=5" doc:"1, for somebody who has never seen Kafka, to 5"`
	Minutes int      `yaml:"minutes" form:"required" schema:"minimum=1; maximum=120" doc:"how long a learner takes, about"`
	Needs   []string `yaml:"needs" doc:"ids of scenarios to do before"`
	Summary string   `yaml:"summary" form:"required" doc:"one sentence"`
	Lab     Settings `yaml:"lab" doc:"settings of the lab, where they differ from the standard ones"`
	Steps   []Step   `yaml:"steps" form:"required" schema:"minItems=1; maxItems=20"`

	file *form.File
	text []byte // the whole file
}

// Step is one thing to understand: the learner predicts, does, observes, and
// explains.
type Step struct {
	ID           string        `yaml:"id" form:"required" schema:"pattern=^[a-z0-9]+(-[a-z0-9]+)*$"`
	Title        string        `yaml:"title" form:"required"`
	Say          string        `yaml:"say" doc:"what the learner reads first; markdown"`
	Predict      *Question     `yaml:"predict" doc:"asked before anything is done"`
	Do           Actions       `yaml:"do" doc:"done for the learner when the step opens"`
	Tasks        []Task        `yaml:"tasks" schema:"maxItems=3" doc:"one to three things to do, which tick themselves"`
	Allow        []string      `yaml:"allow" doc:"the actions that the learner is offered; everything where nothing is said"`
	Goal         string        `yaml:"goal" form:"required" doc:"true once the step is done: an expression over the board"`
	Within       time.Duration `yaml:"within" doc:"how long after the solution the goal may take, 10s where nothing is said; lab time"`
	Observe      *Observation  `yaml:"observe" doc:"asked at the decisive moment, while the lab stands still"`
	Hints        []string      `yaml:"hints" schema:"maxItems=3" doc:"look, think, do: where to look, the principle as a question, the exact action"`
	Because      []Part        `yaml:"because" doc:"the sentence that explains it, to be put together: text, and lists of choices of which the first is right"`
	Explain      string        `yaml:"explain" doc:"the model answer; markdown"`
	InProduction string        `yaml:"in_production" doc:"what it means outside the lab, two lines; markdown"`
	Switch       *Switch       `yaml:"switch" doc:"the one setting that turns the outcome: same again, but with it"`
	Solution     Actions       `yaml:"solution" doc:"actions that reach the goal"`
	During       Actions       `yaml:"during" doc:"actions, and waits among them, that the lab does by itself while the learner is at work"`
	Score        []ScoreLine   `yaml:"score" doc:"points that are given when the goal is met"`
	Wrong        []Actions     `yaml:"wrong" doc:"lists of actions that look right and do not reach the goal"`
	Near         []Near        `yaml:"near" schema:"maxItems=5" doc:"near misses: what is said to who almost did it"`
	Lens         string        `yaml:"lens" is:"map|topics|story|aggregate|read|code" doc:"the figure that is open"`
	Follow       string        `yaml:"follow" schema:"pattern=^[A-Za-z0-9_-]{1,20}$" doc:"handle of the order whose letter the figures follow"`
}

// Question is asked before: the learner predicts.
type Question struct {
	Ask     string   `yaml:"ask" form:"required"`
	Options []string `yaml:"options" form:"required" schema:"minItems=2; maxItems=8; uniqueItems=true"`
	Answer  int      `yaml:"answer" schema:"minimum=0" form:"required" doc:"which option is right, counted from 0"`
}

// Observation is asked afterwards: the learner says what was seen. It has
// options, or an expression whose value is to be read from the figures.
type Observation struct {
	Ask     string   `yaml:"ask" form:"required"`
	Options []string `yaml:"options" schema:"minItems=2; maxItems=8; uniqueItems=true"`
	Answer  int      `yaml:"answer" schema:"minimum=0" doc:"which option is right, counted from 0"`
	Expr    string   `yaml:"expr" doc:"the value to be read, over the board"`
}

// Task is a thing to do on the way to the goal. It ticks when its expression
// is true for the first time.
type Task struct {
	Text string `yaml:"text" form:"required"`
	When string `yaml:"when" form:"required"`
}

// Part is a piece of a sentence: one text, or choices of which the first is
// right.
type Part []string

// ReadForm implements form.Reader.
func (p *Part) ReadForm(v form.Value) {
	if text, ok := v.Text(); ok {
		*p = Part{text}
		return
	}
	items, ok := v.List()
	if !ok || len(items) < 2 {
		v.Problem("a part of the sentence is text, or a list of two choices or more with the right one first; it is %s", v.Kind())
		return
	}
	for _, item := range items {
		text, ok := item.Text()
		if !ok {
			item.Problem("a choice is text, and it is %s", item.Kind())
			continue
		}
		*p = append(*p, text)
	}
}

// SchemaForm implements form.Describer.
func (p *Part) SchemaForm() map[string]any {
	text := map[string]any{"type": "string"}
	return map[string]any{"oneOf": []any{text, map[string]any{"type": "array", "items": text, "minItems": 2}}}
}

// Switch is the one setting that turns a step's outcome.
type Switch struct {
	Label string  `yaml:"label" form:"required" doc:"what it is, in words"`
	Set   Setting `yaml:"set" form:"required" doc:"arguments of the action set"`
}

// index finds a step by its id, −1 where there is none.
func (s *Scenario) index(step string) int {
	return slices.IndexFunc(s.Steps, func(st Step) bool { return st.ID == step })
}

// settings are the lab's, with the seed that was asked for.
func (s *Scenario) settings(seed uint64) lab.Settings {
	settings := s.Lab.Settings
	if s.Lab.JSON == nil {
		settings = lab.DefaultSettings()
	}
	settings = settings.Clone()
	if seed > 0 {
		settings.Seed = seed
	}
	return settings
}

// within is how long after the solution the goal may take.
func (s *Step) within() time.Duration {
	if s.Within > 0 {
		return s.Within
	}
	return 10 * time.Second
}
