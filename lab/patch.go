package lab

import (
	linked "container/list"
	"encoding/json"
	"strconv"
)

// path names a part of the board that is sent as a whole when it changes: a
// section, and one or two keys below it.
type path struct {
	section string
	a, b    string
	n       int64 // offset, below a tape
}

// changes remembers which parts of the board changed and when, so that a patch
// from any seq to now is a walk over the newest changes. It needs no memory of
// what each reader has. The zero value is ready to use.
type changes struct {
	off    bool // nobody will ask: nothing is remembered
	byPath map[path]*linked.Element
	log    linked.List // of *change, each part once, the newest at the back
	from   int64       // changes with a seq above this are all in the log
}

type change struct {
	seq  int64
	path path
}

// changesKept bounds the log. A reader that is further behind gets a snapshot.
const changesKept = 20_000

// touch notes that a part changed by the entry of seq.
func (c *changes) touch(seq int64, p path) {
	if c.off {
		return
	}
	if at := c.byPath[p]; at != nil {
		at.Value.(*change).seq = seq
		c.log.MoveToBack(at)
		return
	}
	if c.byPath == nil {
		c.byPath = map[path]*linked.Element{}
	}
	c.byPath[p] = c.log.PushBack(&change{seq, p})
	if c.log.Len() > changesKept {
		oldest := c.log.Remove(c.log.Front()).(*change)
		delete(c.byPath, oldest.path)
		c.from = oldest.seq
	}
}

// since lists the parts that changed after seq, each once.
func (c *changes) since(seq int64) (parts []path, ok bool) {
	if seq < c.from {
		return nil, false
	}
	for at := c.log.Back(); at != nil && at.Value.(*change).seq > seq; at = at.Prev() {
		parts = append(parts, at.Value.(*change).path)
	}
	return parts, true
}

// patch makes the JSON merge patch (RFC 7386) that brings a board of seq up to
// date. Parts that are gone are null.
func (b *Board) patch(seq int64) (json.RawMessage, bool, error) {
	parts, ok := b.changes.since(seq)
	if !ok || seq > b.Seq {
		return nil, false, nil
	}
	tree := map[string]any{"seq": b.Seq, "lab_time": b.LabTime, "time": b.Time}
	for _, p := range parts {
		set(tree, p, b.part(p))
	}
	out, err := json.Marshal(tree)
	return out, true, err
}

// set puts a value at its path, beside what stands below the same path.
func set(tree map[string]any, p path, value any) {
	keys := []string{p.section}
	if p.a != "" {
		keys = append(keys, p.a)
	}
	if p.b != "" {
		keys = append(keys, p.b)
	}
	if p.n >= 0 {
		keys = append(keys, "records", strconv.FormatInt(p.n, 10))
	}
	for _, k := range keys[:len(keys)-1] {
		below, ok := tree[k].(map[string]any)
		if !ok {
			below = map[string]any{}
			tree[k] = below
		}
		tree = below
	}
	tree[keys[len(keys)-1]] = value
}

// part returns what stands at a path, nil where nothing does any more.
func (b *Board) part(p path) any {
	switch p.section {
	case "topics":
		return orNil(b.Topics, p.a)
	case "groups":
		if p.b == "" {
			return orNil(b.Groups, p.a)
		}
	case "services":
		return orNil(b.Services, p.a)
	case "orders":
		return orNil(b.Orders, p.a)
	case "calls":
		return orNil(b.Calls, p.a)
	case "sagas":
		return orNil(b.Sagas, p.a)
	case "invariants":
		return orNil(b.Invariants, p.a)
	case "read_model":
		switch p.a {
		case "lag":
			return b.ReadModel.Lag
		case "lag_ms":
			return b.ReadModel.LagMS
		case "because":
			return b.ReadModel.Because
		case "because_seq":
			return b.ReadModel.BecauseSeq
		case "rebuild":
			return b.ReadModel.Rebuild
		case "late":
			return orNil(b.ReadModel.Late, p.b)
		}
		return orNil(b.ReadModel.Orders, p.b)
	case "stock":
		return b.Stock
	case "tapes":
		n, err := strconv.Atoi(p.b)
		if tape := b.Tapes[p.a][int32(n)]; err == nil && p.n < 0 {
			return tape
		}
		if tape := b.Tapes[p.a][int32(n)]; err == nil && tape != nil {
			return orNil(tape.Records, p.n)
		}
		return nil
	case "state":
		return b.State
	case "speed":
		return b.Speed
	case "settings":
		return b.Settings
	case "brokers":
		return b.Brokers
	case "dead_letters":
		return b.DeadLetters
	case "event_store":
		return b.EventStore
	case "breakpoints":
		return b.Breakpoints
	case "held":
		return b.Held
	case "faults":
		return b.Faults
	case "alerts":
		return b.Alerts
	case "experiments":
		return b.Experiments
	case "rerun":
		return b.Rerun
	case "counts":
		return b.Counts
	}
	return nil
}

// orNil returns an untyped nil for what is not there, which JSON writes as
// null.
func orNil[K comparable, V any](m map[K]*V, k K) any {
	if v, ok := m[k]; ok {
		return v
	}
	return nil
}
