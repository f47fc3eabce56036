package lab

import (
	"encoding/json"
	"fmt"
	"strings"
	"time"
)

// Recording is what was done in a lab up to a moment, and what that lab was
// made of: enough to do it all again in a fresh one (Options.Again). It shares
// nothing with the lab that it was taken from.
type Recording struct {
	Settings Settings      // as the lab was opened
	Steps    []Recorded    // oldest first
	Seq      int64         // of the last journal entry that belongs to it
	End      time.Duration // lab time of that entry
}

// Recorded is one action of a Recording.
type Recorded struct {
	Seq    int64         `json:"seq"` // of the action's entry in the lab where it was done
	At     time.Duration `json:"at"`  // lab time at which it was done
	Action Action        `json:"action"`
	Seen   Seen          `json:"seen"` // what had happened by then
}

// Seen counts what somebody who acts waits for: a restart is made once a
// service has crashed. A rerun that is faster than Kafka waits for as much.
type Seen struct {
	Crashed      int `json:"crashed,omitempty"`
	Handled      int `json:"handled,omitempty"`
	DeadLettered int `json:"dead_lettered,omitempty"`
}

// covers tells whether all of another has happened.
func (s Seen) covers(o Seen) bool {
	return s.Crashed >= o.Crashed && s.Handled >= o.Handled && s.DeadLettered >= o.DeadLettered
}

// recordedMax bounds what a lab remembers of what was done in it.
const recordedMax = 2000

// recorder remembers the actions of a lab. Guarded by Lab.mu.
type recorder struct {
	opened Settings
	steps  []Recorded
	full   int64 // seq of the first action that found no room, 0 where all did
	seen   Seen
}

// hear takes an entry's action, if it has one that was not refused.
func (r *recorder) hear(e Entry) {
	switch e.Kind {
	case KindCrashed:
		r.seen.Crashed++
	case KindHandled:
		r.seen.Handled++
	case KindDeadLettered:
		r.seen.DeadLettered++
	}
	if e.Data == nil || e.Data.Action == nil || e.Kind == KindRefused {
		return
	}
	args, ok := e.Data.Action.Args.(Doer)
	switch {
	case !ok || r.full > 0:
	case len(r.steps) == recordedMax:
		r.full = e.Seq
	default:
		r.steps = append(r.steps, Recorded{e.Seq, time.Duration(e.At) * time.Millisecond, Action{e.Data.Action.Name, args}, r.seen})
	}
}

// Recording is what was done in the lab up to the entry of seq, that one
// included.
func (l *Lab) Recording(seq int64) (Recording, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	e, kept := l.journal.at(seq)
	switch {
	case !kept:
		return Recording{}, Errorf(NotFound, "there is no entry %d: the journal keeps %d to %d", seq, l.journal.first, l.journal.head())
	case l.recorder.full > 0 && seq >= l.recorder.full:
		return Recording{}, Errorf(TooMany, "a lab can be done again up to its first %d actions, and this moment lies after them: take an earlier one, before entry %d", recordedMax, l.recorder.full)
	}
	r := Recording{Settings: l.recorder.opened.Clone(), Seq: seq, End: time.Duration(e.At) * time.Millisecond}
	for _, step := range l.recorder.steps {
		if step.Seq > seq {
			break
		}
		own, err := step.Action.clone()
		if err != nil {
			return Recording{}, err
		}
		step.Action = own
		r.Steps = append(r.Steps, step)
	}
	return r, nil
}

// clone copies an action the way it travels, so that nothing is shared.
func (a Action) clone() (Action, error) {
	raw, err := json.Marshal(a)
	if err != nil {
		return Action{}, fmt.Errorf("write the action %s: %w", a.Name, err)
	}
	return DecodeAction(raw)
}

// But is the same recording in a lab that is set differently from the start.
// The change is written as the arguments of the action `set`. The text says
// what is different, in words. A setting that a recorded action sets anew
// would undo the difference halfway; such an action is left out.
func (r Recording) But(set json.RawMessage) (Recording, string, error) {
	var change setting
	if err := strict(set, &change, "setting"); err != nil {
		return r, "", err
	}
	settings, service, text, err := change.apply(r.Settings.Clone())
	if err != nil {
		return r, "", err
	}
	steps, same := r.Steps, len(CompareSettings(r.Settings, settings)) == 0
	r.Settings, r.Steps = settings, nil
	for _, step := range steps {
		if later, ok := step.Action.Args.(*setting); ok && later.overrides(change, service) {
			continue
		}
		if _, styled := change.values["saga"]; styled {
			step = step.inStyle(settings.Saga)
		}
		r.Steps = append(r.Steps, step)
	}
	if same && len(r.Steps) == len(steps) {
		return r, "", Errorf(Invalid, "that is how the lab was set all the time (%s): twins need one setting that differs", text)
	}
	return r, strings.ReplaceAll(text, " to ", " = "), nil
}

// overrides tells whether a sets what change sets, on the same service.
func (a *setting) overrides(change setting, service string) bool {
	if own, err := ServiceName(text(a.values["service"])); service != "" && (err != nil || own != service) {
		return false
	}
	for name := range a.values {
		if _, both := change.values[name]; both && name != "service" {
			return true
		}
	}
	return false
}

func text(raw json.RawMessage) (s string) {
	if json.Unmarshal(raw, &s) != nil {
		return ""
	}
	return s
}
