package web

import (
	"fmt"

	markdown "eddy/content"
	"eddy/scenarios"
)

// stepPreview is a step in all its phases, as a learner sees them one after the
// other, with the answers. Texts are HTML that is safe to put into a page.
type stepPreview struct {
	ID        string           `json:"id"`
	Title     string           `json:"title"`
	Line      int              `json:"line"` // where the step stands in the file
	Say       string           `json:"say,omitempty"`
	Predict   *questionPreview `json:"predict,omitempty"`
	Tasks     []string         `json:"tasks,omitempty"`
	Allow     []string         `json:"allow,omitempty"`
	Goal      string           `json:"goal"`
	Observe   *questionPreview `json:"observe,omitempty"`
	Hints     []string         `json:"hints,omitempty"`
	Because   []partPreview    `json:"because,omitempty"`
	Explain   string           `json:"explain,omitempty"`
	InReality string           `json:"in_production,omitempty"`
	Switch    string           `json:"switch,omitempty"`
	Lens      string           `json:"lens,omitempty"`
	Follow    string           `json:"follow,omitempty"`
	Score     []scorePreview   `json:"score,omitempty"`
	During    int              `json:"during,omitempty"` // number of actions that the lab does by itself
	Solution  int              `json:"solution"`         // number of actions
	Wrong     int              `json:"wrong"`            // number of lists
}

type scorePreview struct {
	Text   string `json:"text"`
	Points int    `json:"points"`
}

type questionPreview struct {
	Ask     string   `json:"ask"`
	Options []string `json:"options,omitempty"`
	Answer  int      `json:"answer"`
	Expr    string   `json:"expr,omitempty"`
}

type partPreview struct {
	Text    string   `json:"text,omitempty"`
	Choices []string `json:"choices,omitempty"` // as text, in the order in which a learner sees them
	Right   int      `json:"right,omitempty"`
}

// preview shows what of a scenario could be read.
func preview(s *scenarios.Scenario) []stepPreview {
	steps := []stepPreview{}
	for i := range s.Steps {
		st := &s.Steps[i]
		p := stepPreview{
			ID: st.ID, Title: st.Title, Line: s.Place(fmt.Sprintf("steps[%d]", i)).Line, Say: markdown.HTML(st.Say), Allow: st.Allow, Goal: st.Goal,
			Explain: markdown.HTML(st.Explain), InReality: markdown.HTML(st.InProduction), Lens: st.Lens, Follow: st.Follow,
			Solution: len(st.Solution), Wrong: len(st.Wrong),
		}
		if q := st.Predict; q != nil {
			p.Predict = &questionPreview{Ask: markdown.Inline(q.Ask), Options: inlines(q.Options), Answer: q.Answer}
		}
		if q := st.Observe; q != nil {
			p.Observe = &questionPreview{Ask: markdown.Inline(q.Ask), Options: inlines(q.Options), Answer: q.Answer, Expr: q.Expr}
		}
		for _, t := range st.Tasks {
			p.Tasks = append(p.Tasks, markdown.Inline(t.Text))
		}
		p.Hints = inlines(st.Hints)
		p.During = len(st.During)
		for _, line := range st.Score {
			p.Score = append(p.Score, scorePreview{markdown.Inline(line.Text), line.Points})
		}
		for _, part := range s.BecauseOf(i) {
			one := partPreview{Text: markdown.Inline(part.Text)}
			for n, choice := range part.Choices {
				one.Choices = append(one.Choices, markdown.Plain(choice))
				if choice == part.Chosen {
					one.Right = n
				}
			}
			p.Because = append(p.Because, one)
		}
		if st.Switch != nil {
			p.Switch = markdown.Inline(st.Switch.Label)
		}
		steps = append(steps, p)
	}
	return steps
}

func inlines(texts []string) (all []string) {
	for _, t := range texts {
		all = append(all, markdown.Inline(t))
	}
	return all
}
