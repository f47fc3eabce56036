package scenarios

import (
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"eddy/lab"
)

// Wish is what somebody wants of a recorded scenario; all of it may be empty.
type Wish struct {
	ID    string
	Title string
	Goals map[int][]string // by step, from 0: of the suggestions, those that are its goal
}

// Draft is a recorded scenario as a file, with what else it could be.
type Draft struct {
	ID    string      `json:"id"`
	Title string      `json:"title"`
	Steps []DraftStep `json:"steps"`
	Proof string      `json:"proof"` // how the goals were tried, one sentence
	YAML  string      `json:"yaml"`
}

// DraftStep is a step of a Draft.
type DraftStep struct {
	Title       string       `json:"title"`
	Actions     []string     `json:"actions"` // a line each, as the file has them
	Suggestions []Suggestion `json:"suggestions"`
	Goal        string       `json:"goal"`
	Within      string       `json:"within,omitempty"`
	Explain     string       `json:"explain,omitempty"`
}

// ErrNoGoal says that nothing changed that could be a goal.
var ErrNoGoal = lab.Errorf(lab.Conflict, "What was done changed nothing that a goal could be about, or it did not come out the same when it was done again. Place an order, break something, and save it once the lab has come to rest.")

// Draft writes the file. Tried is nil where Rehearse kept what stands, or why
// nothing could be tried.
func (r *Record) Draft(w Wish, tried error) (Draft, error) {
	d := Draft{Title: strings.TrimSpace(w.Title), ID: w.ID, Proof: fmt.Sprintf("Each goal was tried %d times with different seeds: it is not met before its step, it is met after it, and it does not come true by itself.", rehearsals)}
	if d.Title == "" {
		d.Title = "What I did in the free lab"
	}
	if d.ID == "" {
		d.ID = slug(d.Title)
	}
	if !scenarioID.MatchString(d.ID) || slices.Contains(reserved, d.ID) || len(d.ID) > 60 {
		return d, lab.Errorf(lab.Invalid, "An id is made of small letters, digits and single dashes, such as double-charge; %q is none.", d.ID)
	}
	if len(d.Title) > 120 {
		return d, lab.Errorf(lab.Invalid, "The title has %d characters: at most 120.", len(d.Title))
	}
	if tried != nil {
		d.Proof = fmt.Sprintf("The goals were not tried again: %v.", tried)
	}
	for i, s := range r.Steps {
		if len(s.Goals) == 0 {
			return d, ErrNoGoal
		}
		step := DraftStep{Title: s.Title, Suggestions: s.Goals[:min(len(s.Goals), maxSuggestions)], Explain: s.Explain, Actions: []string{}}
		if step.Title == "" {
			step.Title = "Do it"
			if len(r.Steps) > 1 {
				step.Title = fmt.Sprintf("Step %d", i+1)
			}
		}
		if s.Within > 0 {
			step.Within = s.Within.String()
		}
		for _, a := range s.Actions {
			step.Actions = append(step.Actions, ActionLine(a))
		}
		var goals []string
		for _, g := range w.Goals[i] {
			if !slices.ContainsFunc(step.Suggestions, func(s Suggestion) bool { return s.Goal == g }) {
				return d, lab.Errorf(lab.Invalid, "%s is not among the goals that are suggested for step %d.", g, i+1)
			}
			goals = append(goals, g)
		}
		if len(goals) == 0 {
			goals = []string{step.Suggestions[0].Goal}
		}
		step.Goal = strings.Join(goals, " && ")
		d.Steps = append(d.Steps, step)
	}
	d.YAML = d.write(r)
	if _, problems := Parse(d.ID, []byte(d.YAML)); len(problems) > 0 {
		return d, lab.Errorf(lab.Conflict, "What was done cannot be written as a scenario: %v", problems[0])
	}
	return d, nil
}

var notInID = regexp.MustCompile(`[^a-z0-9]+`)

// slug makes an id of a title.
func slug(title string) string {
	id := strings.Trim(notInID.ReplaceAllString(strings.ToLower(title), "-"), "-")
	id = strings.Trim(id[:min(len(id), 50)], "-")
	if id == "" || slices.Contains(reserved, id) {
		return "recorded"
	}
	return id
}

// write is the file, with what a person has to add in comments.
func (d *Draft) write(r *Record) string {
	var b strings.Builder
	line := func(format string, args ...any) { fmt.Fprintf(&b, format+"\n", args...) }
	line("# Recorded from a lab. The file is called %s.yaml.", d.ID)
	line("# %s", d.Proof)
	line("# Next: eddy check %s.yaml, then eddy play %s.yaml; write say, predict, hints and explain, or go on at /author.", d.ID, d.ID)
	line("id: %s", d.ID)
	line("title: %s", scalar(d.Title))
	line("pattern: %s   # %s", r.Pattern, "a guess: what does it teach?")
	line("level: 2")
	line("minutes: %d", max(3, 3*len(d.Steps)))
	line("summary: %s", scalar(d.summary()))
	if s := settingsLine(r.Settings); s != "" {
		line("lab: %s", s)
	}
	line("steps:")
	ids := map[string]bool{}
	for i, s := range d.Steps {
		id := slug(s.Title)
		if id == "recorded" || ids[id] {
			id = fmt.Sprintf("step-%d", i+1)
		}
		ids[id] = true
		line("  - id: %s", id)
		line("    title: %s", scalar(s.Title))
		line("    # say: |")
		line("    #   What the learner reads first.")
		line("    # predict: {ask: What happens?, options: [first, second, third], answer: 1}")
		for _, other := range s.Suggestions {
			if slices.Contains(strings.Split(s.Goal, " && "), other.Goal) {
				continue
			}
			line("    # could be the goal: %s   (%s)", other.Goal, oneLine(other.Words))
		}
		line("    goal: %s", quoted(s.Goal))
		if s.Within != "" {
			line("    within: %s", s.Within)
		}
		line("    # hints: [look …, think …, do …]")
		if s.Explain != "" {
			line("    explain: %s", scalar(s.Explain))
		}
		line("    solution:")
		for _, a := range s.Actions {
			line("      - %s", a)
		}
		line("    # wrong: [[…]]   moves that look right and do not reach the goal")
	}
	return b.String()
}

func oneLine(text string) string { return strings.Join(strings.Fields(text), " ") }

func (d *Draft) summary() string {
	last := d.Steps[len(d.Steps)-1]
	for _, s := range last.Suggestions {
		if strings.HasPrefix(last.Goal, s.Goal) {
			return "It ends so: " + s.Words + "."
		}
	}
	return "It ends so: " + last.Goal + "."
}

// settingsLine are the settings of a lab where they differ from the standard
// ones, and its seed; "" where there is nothing to say.
func settingsLine(s lab.Settings) string {
	d := settingsDiff(s)
	d["seed"] = s.Seed
	return flowOf(d)
}

// settingsDiff are the settings that are not the standard ones, as
// lab.ParseSettings takes them.
func settingsDiff(s lab.Settings) map[string]any {
	is, standard := Plain(s), Plain(lab.DefaultSettings())
	delete(is, "seed")
	if work, same := commonWork(s); same {
		for _, svc := range is["services"].(map[string]any) {
			delete(svc.(map[string]any), "work")
		}
		d := differs(is, standard)
		if work != lab.DefaultServiceSettings().Work {
			d["work"] = work.String()
		}
		return d
	}
	return differs(is, standard)
}

// commonWork is the work of all services, if it is the same.
func commonWork(s lab.Settings) (work lab.Duration, same bool) {
	work = s.Services[lab.ServiceNames[0]].Work
	for _, svc := range s.Services {
		if svc.Work != work {
			return 0, false
		}
	}
	return work, true
}

// differs is what a has otherwise than b.
func differs(a, b map[string]any) map[string]any {
	d := map[string]any{}
	for name, value := range a {
		inner, isMap := value.(map[string]any)
		if isMap {
			other, _ := b[name].(map[string]any)
			if sub := differs(inner, other); len(sub) > 0 {
				d[name] = sub
			}
			continue
		}
		if fmt.Sprint(value) != fmt.Sprint(b[name]) {
			d[name] = value
		}
	}
	if acks, there := d["acks"]; there && acks != "all" {
		delete(d, "idempotent_producer") // it follows
	}
	return d
}

// Plain is settings as a JSON object: the fields by their names.
func Plain(v any) (m map[string]any) {
	raw, err := json.Marshal(v)
	if err == nil {
		err = json.Unmarshal(raw, &m)
	}
	if err != nil {
		panic(fmt.Sprintf("scenarios: settings are plain values: %v", err))
	}
	return m
}
