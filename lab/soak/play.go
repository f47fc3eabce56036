package soak

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"reflect"
	"strings"
	"sync"
	"time"

	"eddy/lab"
)

// How long things may take, in virtual time.
const (
	answerWithin = 2 * time.Minute // an action
	settleWithin = 5 * time.Minute // a healed lab, or some of the work that it has left: bursts wait in line, and back-offs are long
)

// Play does what a plan says, heals everything and looks at what became of it.
// It must run inside a synctest bubble. The first thing found is returned.
func Play(ctx context.Context, p Plan) error {
	open := make([]*lab.Lab, len(p.Labs))
	for i, settings := range p.Labs {
		s, err := lab.ParseSettings(settings)
		if err != nil {
			return fmt.Errorf("read the settings of lab %d: %w", i, err)
		}
		if open[i], err = lab.Open(ctx, s, lab.Options{}); err != nil {
			return fmt.Errorf("open lab %d: %w", i, err)
		}
		defer open[i].Close()
	}
	found := make([]error, len(open))
	var running sync.WaitGroup
	for i, l := range open {
		running.Go(func() {
			if err := live(ctx, l, i, p); err != nil {
				found[i] = fmt.Errorf("lab %d: %w\n%s", i, err, tail(l))
			}
		})
	}
	running.Wait()
	return errors.Join(found...)
}

// live is the life of one lab.
func live(ctx context.Context, l *lab.Lab, which int, p Plan) error {
	began := time.Now()
	for _, m := range p.Moves {
		if m.Lab != which {
			continue
		}
		time.Sleep(time.Until(began.Add(m.At)))
		if err := act(ctx, l, m.Action); err != nil {
			return err
		}
	}
	time.Sleep(time.Until(began.Add(p.Length)))
	if err := recovered(ctx, l); err != nil {
		return err
	}
	return consistent(l)
}

// act does one action. A refusal is an answer like any other; an internal error
// or none at all is not.
func act(ctx context.Context, l *lab.Lab, raw json.RawMessage) error {
	a, err := lab.DecodeAction(raw)
	if err != nil {
		return fmt.Errorf("decode %s: %w", raw, err)
	}
	ctx, cancel := context.WithTimeout(ctx, answerWithin)
	defer cancel()
	_, err = l.Do(ctx, a)
	switch {
	case ctx.Err() != nil && a.Name == "rebuild" && rebuilds(l):
		return nil // it takes as long as its records, of a slow projector
	case ctx.Err() != nil:
		return fmt.Errorf("%s was not answered within %s", raw, answerWithin)
	case err != nil && lab.AsError(err).Code == lab.Internal:
		return fmt.Errorf("%s: %w", raw, err)
	}
	return nil
}

// rebuilds tells whether a rebuild gets on, or is done.
func rebuilds(l *lab.Lab) bool {
	was, err := board(l)
	if err != nil {
		return false
	}
	time.Sleep(answerWithin)
	is, err := board(l)
	before, now := was.ReadModel.Rebuild, is.ReadModel.Rebuild
	return err == nil && (now.State == "done" || now.Seq == before.Seq && now.Left < before.Left)
}

// recovered heals everything and waits for the lab to settle. A service that
// was scaled away is no fault, and gets an instance back; nor is a lab that
// stands still, which is let go on.
func recovered(ctx context.Context, l *lab.Lab) error {
	actions := []string{`"unbreak"`, `"heal"`, `"thaw"`, `{"speed":1}`}
	b, err := board(l)
	if err != nil {
		return err
	}
	for _, name := range services {
		if b.Services[name].Instances == 0 {
			actions = append(actions, fmt.Sprintf(`{"scale":{"service":%q,"instances":1}}`, name))
		}
	}
	// A breakpoint that struck meanwhile holds the lab again; it is gone now.
	for _, a := range append(actions, `"thaw"`) {
		if err := act(ctx, l, json.RawMessage(a)); err != nil {
			return fmt.Errorf("put it right: %w", err)
		}
	}
	until, err := lab.DecodeAction(fmt.Appendf(nil, `{"wait_until":{"expr":"settled","within":%q}}`, settleWithin))
	if err != nil {
		return err
	}
	for left := int64(math.MaxInt64); ; {
		_, err := l.Do(ctx, until)
		if err == nil {
			return nil
		}
		b, readErr := board(l)
		if readErr != nil {
			return readErr
		}
		if now := lag(b); now >= left || now == 0 {
			return fmt.Errorf("healed, it does not settle: %w\n%s", err, unsettled(b))
		} else {
			left = now
		}
	}
}

// lag is how many messages the services have before them.
func lag(b *lab.Board) (sum int64) {
	for _, name := range services {
		sum += b.Services[name].Lag
	}
	return sum
}

// consistent looks at the journal and the board of a lab that is settled.
func consistent(l *lab.Lab) error {
	head := l.Head()
	entries, first := l.Entries(1, head, 10_000_000)
	seq := first - 1
	for _, e := range entries {
		if e.Seq != seq+1 {
			return fmt.Errorf("the journal jumps from %d to %d", seq, e.Seq)
		}
		if seq = e.Seq; e.Cause >= e.Seq {
			return fmt.Errorf("entry %d is caused by %d: %s", e.Seq, e.Cause, e.Text)
		}
	}
	b, err := board(l)
	if err != nil {
		return err
	}
	for id, v := range b.Invariants {
		if v.State == "broken" && (len(v.Evidence) == 0 || v.Because == "") {
			return fmt.Errorf("%s is broken without evidence: %s", id, v.Because)
		}
		for _, at := range v.Evidence {
			if at < 1 || at > b.Seq {
				return fmt.Errorf("%s names entry %d as evidence: there are 1 to %d", id, at, b.Seq)
			}
		}
	}
	return folds(l)
}

// folds checks that the board is what its journal adds up to.
func folds(l *lab.Lab) error {
	for range 10 {
		now, seq := l.Snapshot()
		again, err := l.BoardAt(seq)
		if err != nil {
			return fmt.Errorf("fold the journal: %w", err)
		}
		if l.Head() != seq {
			continue // it moved meanwhile
		}
		var a, b map[string]any
		if err := errors.Join(json.Unmarshal(now, &a), json.Unmarshal(again, &b)); err != nil {
			return err
		}
		for name := range a {
			if name != "time" && name != "lab_time" && !reflect.DeepEqual(a[name], b[name]) {
				return fmt.Errorf("the board is not the fold of its journal: %s is %s, folded %s", name, short(a[name]), short(b[name]))
			}
		}
		return nil
	}
	return nil
}

func short(v any) string {
	raw, _ := json.Marshal(v)
	return string(raw[:min(len(raw), 2000)])
}

func board(l *lab.Lab) (*lab.Board, error) {
	raw, _ := l.Snapshot()
	return lab.ReadBoard(raw)
}

// unsettled names what is not at rest.
func unsettled(b *lab.Board) string {
	var out strings.Builder
	fmt.Fprintf(&out, "the lab is %s, speed %g\n", b.State, b.Speed)
	for _, name := range services {
		if s := b.Services[name]; s.Lag != 0 || s.State != "running" {
			fmt.Fprintf(&out, "%s is %s with lag %d %s\n", name, s.State, s.Lag, s.Because)
		}
		if g := b.Groups[lab.GroupID(name)]; g.State != "Stable" {
			fmt.Fprintf(&out, "%s is %s with %d members\n", lab.GroupID(name), g.State, len(g.Members))
		}
	}
	for _, f := range b.Faults {
		fmt.Fprintf(&out, "fault: %s\n", f.Text)
	}
	return out.String()
}

// tail is the newest entries, which say more than a stack trace.
func tail(l *lab.Lab) string {
	var out strings.Builder
	head := l.Head()
	entries, _ := l.Entries(head-60, head, 100)
	for _, e := range entries {
		fmt.Fprintf(&out, "%5d %8d %-13s %-12s <%d %s\n", e.Seq, e.At, e.Kind, e.Service, e.Cause, e.Text)
	}
	return out.String()
}
