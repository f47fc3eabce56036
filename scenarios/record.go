package scenarios

import (
	"cmp"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"eddy/lab"
)

// Recordable is a lab as the recorder needs it; *lab.Lab is one.
type Recordable interface {
	Head() int64
	Recording(seq int64) (lab.Recording, error)
	Entries(from, to int64, limit int) (entries []lab.Entry, first int64)
	BoardAt(seq int64) (json.RawMessage, error)
}

// Record is what was done by hand in a lab, made into the steps of a scenario.
type Record struct {
	Settings lab.Settings
	Pattern  string // a guess
	Steps    []RecordStep
}

// RecordStep is what was done between two notes.
type RecordStep struct {
	Title   string
	Explain string        // a note after which nothing was done
	Actions []lab.Action  // with pauses, as a solution has them
	Goals   []Suggestion  // what changed, what says most first
	Within  time.Duration // how long the goal may take, 0: as always
}

// Suggestion is a goal that could be a step's.
type Suggestion struct {
	Goal  string `json:"goal"`
	Words string `json:"words"`

	weight int // how much it says
}

// Bounds of what can be recorded.
const (
	maxRecorded    = 200 // actions
	maxSuggestions = 8   // a step
)

// flow are the actions that a recording gets anew: pauses come from the times of
// the others, and how fast lab time ran does not matter.
var flow = []string{"wait", "wait_until", "expect", "speed"}

// NewRecord makes what was done in a lab up to the entry of seq into the steps
// of a scenario. Each note that somebody wrote begins a step. Orders get a
// handle where they have none. Goals are suggested from what changed; whether
// they hold in other runs is left to Rehearse.
func NewRecord(source Recordable, seq int64) (*Record, error) {
	r, err := source.Recording(seq)
	if err != nil {
		return nil, err
	}
	steps := slices.DeleteFunc(r.Steps, func(s lab.Recorded) bool { return slices.Contains(flow, s.Action.Name) })
	r.Steps = steps
	done := slices.DeleteFunc(slices.Clone(steps), isNote)
	switch {
	case len(done) == 0:
		return nil, lab.Errorf(lab.Conflict, "Nothing was done in this lab yet. Place an order or break something, then save it as a scenario.")
	case len(done) > maxRecorded:
		return nil, lab.Errorf(lab.TooMany, "%d actions were done in this lab, and a scenario takes %d at most: look back to an earlier moment and save that, or begin in a new lab.", len(done), maxRecorded)
	}
	rec := &recorder{source: source, end: r, handles: map[string]string{}}
	if err := rec.name(steps); err != nil {
		return nil, err
	}
	record := &Record{Settings: r.Settings}
	if err := rec.split(record, steps); err != nil {
		return nil, err
	}
	record.Pattern = rec.pattern(record)
	return record, nil
}

func isNote(s lab.Recorded) bool { return s.Action.Name == "note" }

// recorder makes a Record.
type recorder struct {
	source  Recordable
	end     lab.Recording
	handles map[string]string // by order id
	given   []string          // handle for each recorded place_order, "" for other actions
}

// name gives orders a handle that have none: A, B, C …
func (r *recorder) name(steps []lab.Recorded) error {
	taken := map[string]bool{}
	for _, s := range steps {
		if as, ok := arg(s.Action, "as"); ok {
			taken[as] = true
		}
	}
	next := 0
	for _, s := range steps {
		handle := ""
		if s.Action.Name == "place_order" {
			if handle, _ = arg(s.Action, "as"); handle == "" {
				for handle == "" || taken[handle] {
					handle = letters(next)
					next++
				}
				taken[handle] = true
			}
			if entries, _ := r.source.Entries(s.Seq, s.Seq, 1); len(entries) == 1 && entries[0].Seq == s.Seq && entries[0].Order != "" {
				r.handles[entries[0].Order] = handle
			}
		}
		r.given = append(r.given, handle)
	}
	return nil
}

// letters counts A to Z, then A2 to Z2 and so on.
func letters(n int) string {
	letter := string(rune('A' + n%26))
	if n < 26 {
		return letter
	}
	return letter + strconv.Itoa(n/26+1)
}

// arg is a text argument of an action.
func arg(a lab.Action, name string) (text string, ok bool) {
	var args map[string]any
	if argsOf(a, &args) != nil {
		return "", false
	}
	text, ok = args[name].(string)
	return text, ok
}

// split cuts what was done into steps, at the notes.
func (r *recorder) split(record *Record, steps []lab.Recorded) error {
	var step RecordStep
	from := steps[0].Seq - 1
	var last lab.Recorded // the action before, in this step or an earlier one
	finish := func(until lab.Recorded) error {
		if len(step.Actions) == 0 {
			return nil
		}
		if err := r.pause(&step, last, until, true); err != nil {
			return err
		}
		before, err := r.board(from)
		if err != nil {
			return err
		}
		after, err := r.board(until.Seq)
		if err != nil {
			return err
		}
		step.Goals = r.suggest(before, after)
		if took := until.At - last.At; took > 5*time.Second {
			step.Within = min(2*took, 2*time.Minute).Round(time.Second)
		}
		from = until.Seq
		record.Steps = append(record.Steps, step)
		step = RecordStep{}
		return nil
	}
	for i, s := range steps {
		if isNote(s) {
			if err := finish(lab.Recorded{Seq: s.Seq - 1, At: s.At}); err != nil {
				return err
			}
			step.Title, _ = arg(s.Action, "text")
			last = s
			continue
		}
		if len(step.Actions) > 0 || len(record.Steps) > 0 {
			if err := r.pause(&step, last, lab.Recorded{Seq: s.Seq - 1, At: s.At}, false); err != nil {
				return err
			}
		}
		action, err := r.renamed(s.Action, r.given[i])
		if err != nil {
			return err
		}
		step.Actions = append(step.Actions, action)
		last = s
	}
	if title := step.Title; len(step.Actions) == 0 && len(record.Steps) > 0 {
		record.Steps[len(record.Steps)-1].Explain = title
	}
	if err := finish(lab.Recorded{Seq: r.end.Seq, At: r.end.End}); err != nil {
		return err
	}
	if len(record.Steps) > maxSteps {
		return lab.Errorf(lab.TooMany, "There are notes for %d steps, and a scenario has %d at most.", len(record.Steps), maxSteps)
	}
	return nil
}

// renamed is an action in which orders have their handles.
func (r *recorder) renamed(a lab.Action, handle string) (lab.Action, error) {
	raw, err := json.Marshal(a.Args)
	if err != nil {
		return a, fmt.Errorf("write the action %s: %w", a.Name, err)
	}
	var args map[string]json.RawMessage
	if err := json.Unmarshal(raw, &args); err != nil {
		return a, fmt.Errorf("read the action %s: %w", a.Name, err)
	}
	text := func(name, value string) {
		args[name], err = json.Marshal(value)
	}
	if handle != "" {
		text("as", handle)
	}
	if id, ok := arg(a, "order"); ok && r.handles[id] != "" {
		text("order", r.handles[id])
	}
	if when, ok := arg(a, "when"); ok {
		for id, handle := range r.handles {
			when = strings.ReplaceAll(when, `order("`+id+`")`, `order("`+handle+`")`)
		}
		text("when", when)
	}
	if err != nil {
		return a, err
	}
	raw, err = json.Marshal(map[string]any{a.Name: args})
	if err != nil {
		return a, err
	}
	return lab.DecodeAction(raw)
}

func (r *recorder) board(seq int64) (*lab.Board, error) {
	raw, err := r.source.BoardAt(max(seq, 1))
	if err != nil {
		return nil, err
	}
	return lab.ReadBoard(raw)
}

// called is the name of an order in an expression, "" for one that has none
// that is the same in every run.
func (r *recorder) called(o *lab.Order) string { return cmp.Or(o.Handle, r.handles[o.ID]) }

// pattern guesses what the scenario teaches.
func (r *recorder) pattern(record *Record) string {
	var goals, actions strings.Builder
	for _, s := range record.Steps {
		for _, g := range s.Goals {
			goals.WriteString(g.Goal + "\n")
		}
		for _, a := range s.Actions {
			raw, _ := json.Marshal(a) // what was decoded can be written
			actions.Write(raw)
		}
	}
	settings := record.Settings
	has := func(in *strings.Builder, words ...string) bool {
		return slices.ContainsFunc(words, func(w string) bool { return strings.Contains(in.String(), w) })
	}
	switch {
	case has(&goals, "no-double-charge", ".charges == 2", "skipped_duplicates"):
		return "idempotency"
	case has(&goals, "nothing-lost"):
		return "outbox"
	case has(&goals, "dead_letters(", "blocked"):
		return "dead-letter"
	case settings.Saga == "sync" || has(&actions, `"saga":"sync"`):
		return "sync-async"
	case has(&goals, "no-paid-cancelled", "saga(") || settings.Saga == "orchestration" || has(&actions, `"decline"`, `"saga":"orchestration"`, "declined-card"):
		return "saga"
	case has(&actions, "schema_version", "upcast"):
		return "schema"
	case has(&actions, `"amend_order"`, "if_version"):
		return "event-sourcing"
	case has(&actions, `"rebuild"`, "projector") || has(&goals, "read-model-agrees"):
		return "cqrs"
	}
	return "kafka"
}
