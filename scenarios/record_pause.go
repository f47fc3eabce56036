package scenarios

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"eddy/lab"
)

// How pauses between actions are taken. People pause for moments that mean
// nothing; a lab that has been quiet for a while has come to rest.
const (
	shortPause = 400 * time.Millisecond
	quietFor   = 300 * time.Millisecond
	longPause  = time.Minute
)

// pause writes the time between two actions: as a wait for what became true
// meanwhile where that can be told, else as the time itself. At the end of a
// step only what became true matters.
func (r *recorder) pause(step *RecordStep, last, next lab.Recorded, end bool) error {
	gap := next.At - last.At
	struck := r.struck(last.Seq, next.Seq)
	if gap < shortPause && !struck && !end {
		return nil
	}
	if struck {
		// A message is held: no expression tells of it. While the lab stands still
		// a wait takes wall time.
		return r.add(step, "wait", map[string]any{"for": round(gap + 500*time.Millisecond).String()})
	}
	before, err := r.board(last.Seq)
	if err != nil {
		return err
	}
	after, err := r.board(next.Seq)
	if err != nil {
		return err
	}
	if after.State == "frozen" || len(after.Held) > 0 {
		return nil
	}
	if !end && !r.moved(last.Seq, next.Seq) {
		return nil
	}
	if became := r.became(before, after, next, end); became != "" {
		within := min(max(2*gap, 30*time.Second), 2*time.Minute).Round(time.Second)
		return r.add(step, "wait_until", map[string]any{"expr": became, "within": within.String()})
	}
	if end {
		return nil
	}
	return r.add(step, "wait", map[string]any{"for": min(round(gap), longPause).String()})
}

func (r *recorder) add(step *RecordStep, name string, args map[string]any) error {
	raw, err := json.Marshal(map[string]any{name: args})
	if err != nil {
		return err
	}
	a, err := lab.DecodeAction(raw)
	if err != nil {
		return fmt.Errorf("write a pause: %w", err)
	}
	step.Actions = append(step.Actions, a)
	return nil
}

func round(d time.Duration) time.Duration { return d.Round(100 * time.Millisecond) }

// became says in an expression what was not so after the one action and was so
// before the other; "" where there is nothing to tell.
func (r *recorder) became(before, after *lab.Board, next lab.Recorded, end bool) string {
	if r.quiet(after, next, end) {
		return "settled"
	}
	var parts []string
	for _, name := range lab.ServiceNames {
		was, is := before.Services[name], after.Services[name]
		if was == nil || is == nil {
			continue
		}
		switch {
		case is.State == "crashed" && was.State != "crashed", is.State == "blocked" && was.State != "blocked", is.State == "running" && (was.State == "crashed" || was.State == "starting"):
			parts = append(parts, fmt.Sprintf("service(%q).state == %q", name, is.State))
		case is.Crashes > was.Crashes && is.State != "crashed" && is.Instances > 1:
			parts = append(parts, fmt.Sprintf("service(%q).crashes >= %d", name, is.Crashes))
		}
		if n := members(after, name); n == 0 && members(before, name) > 0 {
			parts = append(parts, fmt.Sprintf("members(%q) == 0", name))
		}
	}
	for _, topic := range lab.TopicNames() {
		if n := letterCount(after, topic); n > letterCount(before, topic) {
			parts = append(parts, fmt.Sprintf("dead_letters(%q) >= %d", topic, n))
		}
	}
	if len(parts) == 0 {
		parts = r.moves(before, after)
	}
	return strings.Join(parts[:min(len(parts), 3)], " && ")
}

// moves are the newest orders that came further.
func (r *recorder) moves(before, after *lab.Board) (parts []string) {
	path := []string{"CREATED", "PAID", "RESERVED", "COMPLETED"}
	for _, o := range byAge(after) {
		name := r.called(o)
		was, there := "", before.Orders[o.ID]
		if there != nil {
			was = there.Status
		}
		if name == "" || o.Status == was || was == "" && o.Status == "CREATED" {
			continue
		}
		if i := slices.Index(path, o.Status); i > 0 {
			// It may be further by the time that somebody looks.
			further, _ := json.Marshal(path[i:])
			parts = append(parts, fmt.Sprintf("order(%q).status in %s", name, strings.ReplaceAll(string(further), ",", ", ")))
			continue
		}
		parts = append(parts, fmt.Sprintf("order(%q).status == %q", name, o.Status))
	}
	return parts[:min(len(parts), 1)]
}

// byAge lists the orders of a board, the newest first.
func byAge(b *lab.Board) (orders []*lab.Order) {
	for _, o := range b.Orders {
		orders = append(orders, o)
	}
	slices.SortFunc(orders, func(x, y *lab.Order) int { return int(y.PlacedSeq - x.PlacedSeq) })
	return orders
}

func members(b *lab.Board, service string) int {
	g := b.Groups[lab.GroupID(service)]
	if g == nil {
		return 0
	}
	return len(g.Members)
}

// letterCount counts the dead letters of a topic that wait.
func letterCount(b *lab.Board, topic string) (n int) {
	for _, l := range b.DeadLetters {
		if l.OriginalTopic == topic && l.State == "waiting" {
			n++
		}
	}
	return n
}

// quiet tells whether a lab had come to rest: everything is handled, and nothing
// has happened for a while. How long a lab has been quiet at its end is not known.
func (r *recorder) quiet(b *lab.Board, at lab.Recorded, end bool) bool {
	for _, name := range lab.ServiceNames {
		svc := b.Services[name]
		if svc == nil || svc.Instances == 0 && svc.Lag == 0 {
			continue
		}
		if svc.Lag > 0 || svc.State != "running" {
			return false
		}
		for _, seat := range svc.Seats {
			if seat.Doing != nil || len(seat.Retries) > 0 {
				return false
			}
		}
	}
	for _, saga := range b.Sagas {
		if saga.State == "running" || saga.State == "compensating" {
			return false
		}
	}
	if len(b.Calls) > 0 || b.Counts.Orders < r.asked(at.Seq) {
		return false
	}
	if end {
		return true
	}
	entries, _ := r.source.Entries(max(at.Seq-20, 1), at.Seq, 21)
	for _, e := range slices.Backward(entries) {
		if !stirs(e) {
			continue
		}
		return at.At-time.Duration(e.At)*time.Millisecond >= quietFor
	}
	return true
}

// asked counts the orders that were asked for up to an entry: a burst may still
// be under way.
func (r *recorder) asked(seq int64) (n int) {
	for _, s := range r.end.Steps {
		switch {
		case s.Seq > seq:
		case s.Action.Name == "place_order":
			n++
		case s.Action.Name == "burst":
			var args struct{ Orders int }
			if argsOf(s.Action, &args) == nil {
				n += max(args.Orders, 1)
			}
		}
	}
	return n
}

// moved tells whether anything happened between two entries.
func (r *recorder) moved(from, to int64) bool {
	entries, _ := r.source.Entries(from+1, to, 1000)
	return slices.ContainsFunc(entries, stirs)
}

// stirs tells whether an entry is something that happened in the shop or the
// cluster, and not a remark.
func stirs(e lab.Entry) bool {
	switch e.Kind {
	case lab.KindRefused, lab.KindGoal, lab.KindNote, lab.KindInvariant, lab.KindAction, lab.KindFault:
		return false
	}
	return true
}

// struck tells whether a breakpoint stopped the lab between two entries.
func (r *recorder) struck(from, to int64) bool {
	entries, _ := r.source.Entries(from+1, to, 5000)
	return slices.ContainsFunc(entries, func(e lab.Entry) bool { return e.Kind == lab.KindFrozen && e.Data != nil && e.Data.Held != nil })
}
