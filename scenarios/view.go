package scenarios

import (
	"hash/fnv"
	"math/rand/v2"
	"regexp"
	"slices"
	"strings"

	"eddy/lab"
)

// View is what a learner is shown of a Guide. It never holds an answer that
// was not given yet. Texts are markdown.
type View struct {
	Scenario  string        `json:"scenario"`
	Title     string        `json:"title"`
	Step      int           `json:"step"` // from 0
	Steps     []StepView    `json:"steps"`
	Phase     Phase         `json:"phase"`
	Challenge bool          `json:"challenge"`
	Heading   string        `json:"heading"`
	Say       string        `json:"say,omitempty"`
	Lens      string        `json:"lens,omitempty"`
	Follow    string        `json:"follow,omitempty"`
	Allow     []string      `json:"allow,omitempty"`
	Predict   *AskView      `json:"predict,omitempty"`
	Tasks     []TaskView    `json:"tasks,omitempty"`
	Goal      string        `json:"goal"`
	Verdict   lab.Judgement `json:"verdict"`
	Near      string        `json:"near,omitempty"` // what is said about the near miss that it is
	Observe   *AskView      `json:"observe,omitempty"`
	Because   []PartView    `json:"because,omitempty"`
	Explain   string        `json:"explain,omitempty"`
	InReality string        `json:"in_production,omitempty"`
	Switch    *SwitchView   `json:"switch,omitempty"`
	Hints     []string      `json:"hints,omitempty"`   // those that were opened
	Rungs     int           `json:"rungs"`             // how many there are
	CanShow   bool          `json:"can_show"`          // the step can be shown
	Showing   string        `json:"showing,omitempty"` // the action that is being shown, JSON
	Start     int64         `json:"start"`             // seq at which the learner began the step
	Met       int64         `json:"met,omitempty"`     // seq at which its goal was met
	Helped    bool          `json:"helped,omitempty"`
	Restarts  int           `json:"restarts,omitempty"`
	During    string        `json:"during,omitempty"` // what happens by itself: running, over; "" nothing does
	Score     *ScoreView    `json:"score,omitempty"`
}

// StepView is a step in the list of steps.
type StepView struct {
	ID    string `json:"id"`
	Title string `json:"title"`
	State string `json:"state"` // done, helped (done with help), now, later
}

// AskView is a question, and what was answered.
type AskView struct {
	Ask        string   `json:"ask"`
	Options    []string `json:"options,omitempty"` // none: a value is asked for
	Chosen     int      `json:"chosen"`            // −1: nothing yet
	Value      string   `json:"value,omitempty"`
	Confidence string   `json:"confidence,omitempty"`
	Locked     bool     `json:"locked"`
	Misses     int      `json:"misses,omitempty"`
	Answer     *int     `json:"answer,omitempty"` // what was right: once it is known
}

// TaskView is a task and whether it ticked.
type TaskView struct {
	Text string `json:"text"`
	Done bool   `json:"done"`
}

// PartView is a part of the because-sentence: text, or choices.
type PartView struct {
	Text    string   `json:"text,omitempty"`
	Choices []string `json:"choices,omitempty"`
	Chosen  string   `json:"chosen,omitempty"`
	Right   *bool    `json:"right,omitempty"` // of what was chosen
}

// SwitchView is the switch that turns the outcome.
type SwitchView struct {
	Label string `json:"label"`
	Set   any    `json:"set"`
}

// View says what the learner is to see.
func (g *Guide) View() View {
	g.mu.Lock()
	defer g.mu.Unlock()
	st, sp := g.step()
	v := View{
		Scenario: g.s.ID, Title: g.s.Title, Step: g.p.Step, Phase: g.p.Phase, Challenge: g.p.Challenge, Heading: st.Title, Say: st.Say,
		Lens: st.Lens, Follow: st.Follow, Allow: st.Allow, Goal: st.Goal, Verdict: g.verdict, Rungs: len(st.Hints),
		CanShow: len(st.Solution) > 0, Showing: g.showing, Start: sp.Start, Met: sp.Met, Helped: sp.Helped, Restarts: sp.Restarts,
		Hints: slices.Clone(st.Hints[:sp.Hints]), Score: scoreView(st, sp, &g.history),
	}
	if g.near > 0 && g.p.Phase == Doing {
		v.Near = st.Near[g.near-1].Say
	}
	if names := unanswered(st, sp); len(names) > 0 {
		v.Goal, v.Verdict.Parts = "", without(v.Verdict.Parts, names)
	}
	if len(st.During) > 0 {
		v.During = "over"
		if sp.Met == 0 && sp.During < len(st.During) {
			v.During = "running"
		}
	}
	for i := range g.s.Steps {
		state := "later"
		switch done := g.p.Steps[i]; {
		case done.Done && done.Helped:
			state = "helped"
		case done.Done:
			state = "done"
		case i == g.p.Step:
			state = "now"
		}
		v.Steps = append(v.Steps, StepView{g.s.Steps[i].ID, g.s.Steps[i].Title, state})
	}
	for i, t := range st.Tasks {
		v.Tasks = append(v.Tasks, TaskView{t.Text, sp.Tasks[i]})
	}
	if q := st.Predict; q != nil && !g.p.Challenge {
		v.Predict = &AskView{Ask: q.Ask, Options: q.Options, Chosen: sp.Predicted, Confidence: sp.Confidence, Locked: sp.Predicted >= 0}
		if g.p.Phase == Explaining || g.p.Phase == Finished {
			v.Predict.Answer = &q.Answer
		}
	}
	if q := st.Observe; q != nil && !g.p.Challenge && (sp.Met > 0) {
		v.Observe = &AskView{Ask: q.Ask, Options: q.Options, Chosen: sp.Observed, Value: sp.Value, Locked: sp.Seen, Misses: sp.Misses}
		if sp.Seen && q.Expr == "" {
			v.Observe.Answer = &q.Answer
		}
	}
	if g.p.Phase == Explaining || g.p.Phase == Finished {
		v.Because = g.because(st, sp)
		if sp.Explained || len(st.Because) == 0 || g.p.Challenge {
			v.Explain, v.InReality = st.Explain, st.InProduction
			if st.Switch != nil {
				v.Switch = &SwitchView{st.Switch.Label, st.Switch.Set.JSON}
			}
		}
	}
	return v
}

var answerName = regexp.MustCompile(`\b(predicted|observed)\b`)

// answerWords are what a judgement calls an answer.
var answerWords = map[string]string{"predicted": "your prediction", "observed": "your observation"}

// unanswered lists the answers that a goal asks for, and with that tells, and
// that the learner has not given yet.
func unanswered(st *Step, sp *StepProgress) (names []string) {
	for _, name := range answerName.FindAllString(st.Goal, -1) {
		if name == "predicted" && sp.Predicted < 0 || name == "observed" && !sp.Seen {
			names = append(names, name)
		}
	}
	return names
}

// without leaves out what a judgement says about answers.
func without(parts []lab.Condition, names []string) []lab.Condition {
	return slices.DeleteFunc(slices.Clone(parts), func(c lab.Condition) bool {
		return slices.ContainsFunc(names, func(name string) bool { return strings.Contains(c.What, name) || c.What == answerWords[name] })
	})
}

// because shows the parts of the sentence, choices in an order that does not
// tell which is right and stays the same.
func (g *Guide) because(st *Step, sp *StepProgress) (parts []PartView) {
	h := fnv.New64a()
	h.Write([]byte(g.s.ID + "/" + st.ID))
	dice := rand.New(rand.NewPCG(h.Sum64(), 1))
	n := 0
	for _, p := range st.Because {
		if len(p) == 1 {
			parts = append(parts, PartView{Text: p[0]})
			continue
		}
		v := PartView{Choices: slices.Clone(p)}
		dice.Shuffle(len(v.Choices), func(i, j int) { v.Choices[i], v.Choices[j] = v.Choices[j], v.Choices[i] })
		if n < len(sp.Because) {
			right := sp.Because[n] == p[0]
			v.Chosen, v.Right = sp.Because[n], &right
		}
		n++
		parts = append(parts, v)
	}
	return parts
}

// Outline is a scenario in a list. It holds no answers.
type Outline struct {
	ID      string   `json:"id"`
	Title   string   `json:"title"`
	Pattern string   `json:"pattern"`
	Level   int      `json:"level"`
	Minutes int      `json:"minutes"`
	Needs   []string `json:"needs"`
	Summary string   `json:"summary"`
	Steps   []string `json:"steps"` // their titles
}

// Outline describes the scenario for a list.
func (s *Scenario) Outline() Outline {
	o := Outline{ID: s.ID, Title: s.Title, Pattern: s.Pattern, Level: s.Level, Minutes: s.Minutes, Needs: append([]string{}, s.Needs...), Summary: s.Summary}
	for _, st := range s.Steps {
		o.Steps = append(o.Steps, st.Title)
	}
	return o
}
