package smallest

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"eddy/lab"
	"eddy/scenarios"
)

// TryJob is the name of the job that tries plans.
const TryJob = "smallest"

// tries is the job: plans to be tried one after the other.
type tries struct {
	Settings  lab.Settings `json:"settings"`
	Invariant string       `json:"invariant"`
	Plans     []Plan       `json:"plans"`
	Record    bool         `json:"record"` // what was done is to be had as a scenario
}

// tried is what became of a plan.
type tried struct {
	Broken   bool              `json:"broken"`
	Because  string            `json:"because,omitempty"`
	Evidence []Evidence        `json:"evidence,omitempty"`
	Record   *scenarios.Record `json:"record,omitempty"`
}

// Evidence is an entry of the journal that proves that a promise is broken.
type Evidence struct {
	At   int64  `json:"at"` // lab time, ms
	Text string `json:"text"`
}

// How long a lab may take to come to rest: while a fault may keep it from it, and
// once everything is repaired.
const (
	restWithin   = 8 * time.Second
	repairWithin = 40 * time.Second
	pause        = 500 * time.Millisecond // as a person makes one: the recorder tells by it that a lab was at rest
)

// Try is the job that a search asks for.
func Try(ctx context.Context, in json.RawMessage) (any, error) {
	var job tries
	if err := json.Unmarshal(in, &job); err != nil {
		return nil, fmt.Errorf("read a try: %w", err)
	}
	var all []tried
	for _, p := range job.Plans {
		t, err := job.play(ctx, p)
		if err != nil {
			return nil, err
		}
		all = append(all, t)
	}
	return all, nil
}

// play makes the moves of a plan in a lab of its own, lets it come to rest, and
// looks at the promise.
func (j *tries) play(ctx context.Context, p Plan) (t tried, err error) {
	l, err := lab.Open(ctx, settingsFor(j.Settings, p), lab.Options{})
	if err != nil {
		return t, fmt.Errorf("open a lab: %w", err)
	}
	defer l.Close()
	rested := true
	for i, m := range p {
		if m.Phase > During && !rested {
			if _, err := l.Until(ctx, "settled", restWithin); err != nil {
				return t, err
			}
			time.Sleep(pause)
		}
		a, err := lab.DecodeAction(m.Action)
		if err != nil {
			return t, fmt.Errorf("read move %d: %w", i+1, err)
		}
		// What is refused is not possible there: the plan goes on without it.
		if _, err := l.Do(ctx, a); err != nil && lab.AsError(err).Code == lab.Internal {
			return t, err
		}
		rested = false
	}
	if _, err := l.Until(ctx, "settled", repairWithin); err != nil {
		return t, err
	}
	broken, err := l.Eval(ctx, fmt.Sprintf("invariant(%q) == %q", j.Invariant, "broken"))
	if err != nil {
		return t, err
	}
	if t.Broken = broken == true; t.Broken {
		err = t.tell(l, j.Invariant)
	}
	if t.Broken && j.Record && err == nil {
		t.Record, err = scenarios.NewRecord(l, l.Head())
	}
	return t, err
}

// tell says why the promise is broken, with the entries that prove it.
func (t *tried) tell(l *lab.Lab, invariant string) error {
	raw, _ := l.Snapshot()
	b, err := lab.ReadBoard(raw)
	if err != nil {
		return err
	}
	v := b.Invariants[invariant]
	if v == nil {
		return errors.New("the board does not know the promise " + invariant)
	}
	t.Because = v.Because
	for _, seq := range v.Evidence[:min(len(v.Evidence), 6)] {
		if entries, _ := l.Entries(seq, seq, 1); len(entries) == 1 && entries[0].Seq == seq {
			t.Evidence = append(t.Evidence, Evidence{entries[0].At, entries[0].Text})
		}
	}
	return nil
}

// settingsFor are the settings under which a plan can be tried in virtual time.
func settingsFor(s lab.Settings, p Plan) lab.Settings {
	var actions []lab.Action
	for _, m := range p {
		if a, err := lab.DecodeAction(m.Action); err == nil { // else it is not done
			actions = append(actions, a)
		}
	}
	return scenarios.ForVirtualTime(s, actions)
}
