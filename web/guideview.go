package web

import (
	"encoding/json"
	"fmt"
	"regexp"
	"strings"

	markdown "eddy/content"
	"eddy/scenarios"
)

// guideView is what a learner is shown: a View whose texts are HTML that is
// safe to put into a page, and sentences that go with it. Options, and what can
// be chosen for a sentence, are there as they are written too, because that is
// how they are answered.
type guideView struct {
	scenarios.View
	Say       string       `json:"say,omitempty"`
	Explain   string       `json:"explain,omitempty"`
	InReality string       `json:"in_production,omitempty"`
	Hints     []string     `json:"hints,omitempty"`
	Near      string       `json:"near,omitempty"`
	Predict   *askHTML     `json:"predict,omitempty"`
	Observe   *askHTML     `json:"observe,omitempty"`
	Tasks     []taskHTML   `json:"tasks,omitempty"`
	Because   []partHTML   `json:"because,omitempty"`
	Opening   bool         `json:"opening,omitempty"`    // the lab does what the step begins with
	Gate      string       `json:"gate,omitempty"`       // why the lab cannot be acted on yet
	Ghost     string       `json:"ghost,omitempty"`      // the prediction, to stand by the figures
	Outcome   string       `json:"outcome,omitempty"`    // the prediction next to what came out
	Note      string       `json:"note,omitempty"`       // what to do after an answer that was wrong
	HintIn    int64        `json:"hint_in_ms,omitempty"` // until the next hint may be opened
	Caption   string       `json:"caption,omitempty"`    // what is being shown
	Trouble   string       `json:"trouble,omitempty"`    // what is wrong with the guide itself
	Finish    *guideFinish `json:"finish,omitempty"`
	Changes   int64        `json:"changes"` // grows with every change
}

type askHTML struct {
	*scenarios.AskView
	Ask  string   `json:"ask"`
	HTML []string `json:"options_html,omitempty"`
}

type taskHTML struct {
	Text  string `json:"text"`
	Done  bool   `json:"done"`
	Where string `json:"where,omitempty"` // on the page: "service/payment", "topic/orders", "lens/read", "place"
}

type partHTML struct {
	scenarios.PartView
	Text   string   `json:"text,omitempty"`
	Labels []string `json:"labels,omitempty"` // the choices as text without markup
}

// guideFinish is how a scenario ends.
type guideFinish struct {
	Learned []learned           `json:"learned"`
	Review  []scenarios.Review  `json:"review"`
	Next    []scenarios.Outline `json:"next"`
}

type learned struct {
	Title  string `json:"title"`
	Helped bool   `json:"helped,omitempty"`
}

// view is what the learner is to see now.
func (g *guided) view() guideView {
	n, _ := g.news() // before the view: it is at least as new
	v := guideView{View: g.guide.View(), Changes: n}
	v.Say, v.Explain, v.InReality = markdown.HTML(v.View.Say), markdown.HTML(v.View.Explain), markdown.HTML(v.View.InReality)
	v.Near = markdown.Inline(v.View.Near)
	for _, hint := range v.View.Hints {
		v.Hints = append(v.Hints, markdown.Inline(hint))
	}
	v.Predict, v.Observe = ask(v.View.Predict), ask(v.View.Observe)
	tasks := g.guide.Scenario().Steps[v.Step].Tasks
	for i, t := range v.View.Tasks {
		v.Tasks = append(v.Tasks, taskHTML{markdown.Inline(t.Text), t.Done, where(tasks[i].When)})
	}
	for _, p := range v.View.Because {
		part := partHTML{PartView: p, Text: markdown.Inline(p.Text)}
		for _, choice := range p.Choices {
			part.Labels = append(part.Labels, markdown.Plain(choice))
		}
		v.Because = append(v.Because, part)
	}
	v.Opening = v.Start == 0 && v.Phase != scenarios.Finished
	if v.Phase == scenarios.Predicting {
		v.Gate = "Lock in a prediction first."
	}
	if v.Phase == scenarios.Observing {
		v.Gate = "Say what you saw first: the lab stands still for that."
		if v.View.Observe != nil && v.View.Observe.Misses > 0 {
			v.Note = "The figures show something else. Watch the moment again, slowly, and then answer once more."
		}
	}
	v.Ghost, v.Outcome = ghost(v.View), outcome(v.View)
	v.Caption = caption(v.Showing)
	v.HintIn = g.hintIn().Milliseconds()
	g.mu.Lock()
	v.Trouble = g.trouble
	g.mu.Unlock()
	if v.Opening && v.Trouble == "" {
		v.Gate = "The lab is being prepared for this step."
	}
	if v.Phase == scenarios.Finished {
		v.Finish = g.finish()
	}
	return v
}

// places are what a task's expression is about, and where that is on the page.
// The first that is named counts: a service is told more about than the orders
// that it handles.
var places = []struct {
	named *regexp.Regexp
	where string
}{
	{regexp.MustCompile(`\b(?:service|members|lag)\("([a-z]+)"`), "service/$1"},
	{regexp.MustCompile(`\b(?:topic|dead_letters)\("([a-z-]+)"`), "topic/$1"},
	{regexp.MustCompile(`\bread\(`), "lens/read"},
	{regexp.MustCompile(`\b(?:orders\b|order\(|events\()`), "place"},
}

// where is the place on the page that an expression is about, "" none.
func where(expr string) string {
	for _, p := range places {
		if at := p.named.FindStringSubmatchIndex(expr); at != nil {
			return string(p.named.ExpandString(nil, p.where, expr, at))
		}
	}
	return ""
}

func ask(q *scenarios.AskView) *askHTML {
	if q == nil {
		return nil
	}
	v := askHTML{AskView: q, Ask: markdown.Inline(q.Ask)}
	for _, option := range q.Options {
		v.HTML = append(v.HTML, markdown.Inline(option))
	}
	return &v
}

// said is the option that a learner predicted, as text; "" none.
func said(v scenarios.View) string {
	if q := v.Predict; q != nil && q.Locked && q.Chosen < len(q.Options) {
		return markdown.Plain(q.Options[q.Chosen])
	}
	return ""
}

// ghost is the prediction while it is compared with what happens.
func ghost(v scenarios.View) string {
	text := said(v)
	if text == "" || v.Phase != scenarios.Observing {
		return ""
	}
	return "you said: " + text
}

// outcome sets the prediction against what came out, in the same tone whether
// it was right or not.
func outcome(v scenarios.View) string {
	q := v.Predict
	if said(v) == "" || q.Answer == nil {
		return ""
	}
	if q.Chosen == *q.Answer {
		return "It came out as you said."
	}
	return "It came out differently: " + markdown.Plain(q.Options[*q.Answer])
}

// caption says in words what is being shown.
func caption(action string) string {
	if action == "" {
		return ""
	}
	var bare string
	if json.Unmarshal([]byte(action), &bare) == nil {
		return spacedWords(bare)
	}
	var named map[string]json.RawMessage
	if json.Unmarshal([]byte(action), &named) != nil {
		return ""
	}
	for name, args := range named {
		return spacedWords(name) + arguments(args)
	}
	return ""
}

func spacedWords(name string) string {
	words := strings.ReplaceAll(name, "_", " ")
	return strings.ToUpper(words[:1]) + words[1:]
}

// arguments lists the arguments of an action in the order they are written in.
func arguments(raw json.RawMessage) string {
	dec := json.NewDecoder(strings.NewReader(string(raw)))
	if open, err := dec.Token(); err != nil || open != json.Delim('{') {
		return ": " + strings.Trim(string(raw), `"`)
	}
	var list []string
	for dec.More() {
		name, err := dec.Token()
		var value json.RawMessage
		if err != nil || dec.Decode(&value) != nil {
			break
		}
		text := strings.Trim(string(value), `"`)
		if strings.HasPrefix(text, "[") || strings.HasPrefix(text, "{") {
			continue // what is ordered is seen on the figures
		}
		list = append(list, fmt.Sprintf("%v %s", name, text))
	}
	if len(list) == 0 {
		return ""
	}
	return ": " + strings.Join(list, ", ")
}

// finish says what was learned, what is worth a second look and what comes
// next.
func (g *guided) finish() *guideFinish {
	p, s := g.guide.Progress(), g.guide.Scenario()
	f := &guideFinish{Learned: []learned{}, Review: []scenarios.Review{}, Next: []scenarios.Outline{}}
	for i, st := range s.Steps {
		f.Learned = append(f.Learned, learned{st.Title, p.Steps[i].Helped})
	}
	for _, r := range s.Reviews(p) {
		f.Review = append(f.Review, scenarios.Review{Step: r.Step, Ask: markdown.Inline(r.Ask), Said: markdown.Inline(r.Said), Answer: markdown.Inline(r.Answer)})
	}
	done, err := g.server.cfg.Keep.Finished(g.server.ctx, g.learner)
	if err != nil {
		g.server.cfg.Log.Error("reading what a learner has finished", "error", err)
	}
	has := func(id string) bool { _, ok := done[id]; return ok }
	for _, next := range scenarios.NextAfter(s.ID, g.server.cfg.Scenarios.All(), has, 3) {
		f.Next = append(f.Next, next.Outline())
	}
	return f
}
