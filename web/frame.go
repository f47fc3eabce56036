package web

import (
	"encoding/json"
	"fmt"
	"strconv"
	"time"

	"eddy/lab"
)

const (
	listRate = 200  // entries a second that a reader can still follow one by one
	listMax  = 1000 // entries of one frame, however long they took
)

// journal is the part of a lab that frames are made of.
type journal interface {
	Snapshot() (json.RawMessage, int64)
	Since(seq int64) (patch json.RawMessage, head int64, ok bool)
	Entries(from, to int64, limit int) (entries []lab.Entry, first int64)
}

// reader makes the frames of one socket: an offset in the journal, and a
// memory of how fast it moved. It is used by one goroutine.
type reader struct {
	journal journal
	seq     int64 // everything up to here is in the frames made so far
	last    time.Time
	recent  []batch // of the last second
}

// batch is how many entries a frame took in, and when.
type batch struct {
	at time.Time
	n  int
}

// frame is one message to the client: a snapshot, or a patch and what happened
// since the frame before.
type frame struct {
	seq      int64
	snapshot json.RawMessage
	patch    json.RawMessage
	happened any        // []lab.Entry or map[lab.Kind]int
	guide    *guideView // nil where it has not changed
}

// first is the frame that a socket begins with: a snapshot, or what was missed
// since r.seq. Ok is false where nothing was.
func (r *reader) first() (f frame, ok bool) {
	if r.seq == 0 {
		return r.snapshot(), true
	}
	f, ok = r.next()
	r.last = time.Now()
	return f, ok
}

// snapshot makes a frame that owes nothing to what came before.
func (r *reader) snapshot() frame {
	board, seq := r.journal.Snapshot()
	r.seq, r.last = seq, time.Now()
	return frame{seq: seq, snapshot: board}
}

// next makes a frame of everything after r.seq; ok is false where there is
// nothing. Where the entries in between are no longer kept it is a snapshot.
func (r *reader) next() (f frame, ok bool) {
	patch, head, kept := r.journal.Since(r.seq)
	if kept && head == r.seq {
		return frame{}, false
	}
	if !kept {
		return r.snapshot(), true
	}
	entries, complete := entriesBetween(r.journal, r.seq+1, head)
	if !complete {
		return r.snapshot(), true
	}
	f = frame{seq: head, patch: patch, happened: entries}
	if r.tooFast(time.Now(), len(entries)) {
		f.happened = countKinds(entries)
	}
	r.seq = head
	return f, true
}

// tooFast reports whether n more entries are more than a reader can follow. A
// reader that was away for a while is judged by the time it was away, and one
// that just resumed only by the size of the frame.
func (r *reader) tooFast(now time.Time, n int) bool {
	away := now.Sub(r.last)
	resumed := r.last.IsZero()
	r.last = now
	if resumed {
		return n > listMax
	}
	keep := r.recent[:0]
	total := n
	for _, b := range r.recent {
		if now.Sub(b.at) < time.Second {
			keep = append(keep, b)
			total += b.n
		}
	}
	r.recent = append(keep, batch{now, n})
	perSecond := float64(total) / max(1, away.Seconds())
	return n > listMax || perSecond > listRate
}

// entriesBetween reads the entries from … to; complete is false where some are
// no longer kept.
func entriesBetween(j journal, from, to int64) (entries []lab.Entry, complete bool) {
	for next := from; next <= to; {
		more, first := j.Entries(next, to, int(to-next+1))
		if first > next || len(more) == 0 || more[0].Seq != next {
			return nil, false
		}
		entries = append(entries, more...)
		next = entries[len(entries)-1].Seq + 1
	}
	return entries, true
}

func countKinds(entries []lab.Entry) map[lab.Kind]int {
	counts := map[lab.Kind]int{}
	for i := range entries {
		counts[entries[i].Kind]++
	}
	return counts
}

// encode writes the frame. The board and the patch are JSON already and may be
// large; encoding/json would check every byte of them again.
func (f frame) encode() ([]byte, error) {
	b := strconv.AppendInt([]byte(`{"seq":`), f.seq, 10)
	if f.guide != nil {
		guide, err := json.Marshal(f.guide)
		if err != nil {
			return nil, fmt.Errorf("encoding the guide: %w", err)
		}
		b = append(append(b, `,"guide":`...), guide...)
	}
	if f.patch == nil && f.snapshot == nil { // the guide alone has news
		return append(b, `,"patch":{},"happened":[]}`...), nil
	}
	if f.snapshot != nil {
		b = append(append(b, `,"snapshot":`...), f.snapshot...)
		return append(b, '}'), nil
	}
	happened, err := json.Marshal(f.happened)
	if err != nil {
		return nil, fmt.Errorf("encoding the entries up to %d: %w", f.seq, err)
	}
	b = append(append(b, `,"patch":`...), f.patch...)
	b = append(append(b, `,"happened":`...), happened...)
	return append(b, '}'), nil
}
