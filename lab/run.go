package lab

import (
	"context"
	"encoding/json"
	"time"
)

// Run is a journal that was read from a file. It can be looked at like a lab's
// past, and needs no cluster. It never changes, so any number of goroutines may
// use it.
type Run struct {
	head    RunHead
	journal journal
}

// Title says in a few words what the run is.
func (r *Run) Title() string {
	return "Run of " + r.head.Began.Format("2 Jan 15:04")
}

// Head is the seq of the run's last entry.
func (r *Run) Head() int64 { return r.journal.newest }

// BoardAt is the board as it was when seq was the newest entry; a NotFound says
// which entries the run has.
func (r *Run) BoardAt(seq int64) (json.RawMessage, error) {
	m, ok := r.journal.moment(seq)
	if !ok {
		return nil, Errorf(NotFound, "there is no entry %d: the run has %d to %d", seq, r.journal.first, r.journal.newest)
	}
	b, err := m.board()
	if err != nil {
		return nil, err
	}
	b.Time = r.head.Began.Add(time.Duration(b.LabTime) * time.Millisecond).UTC().Format(time.RFC3339Nano)
	return json.Marshal(b)
}

// Snapshot is the board of the last entry, and its seq.
func (r *Run) Snapshot() (json.RawMessage, int64) {
	board, err := r.BoardAt(r.journal.newest)
	if err != nil {
		panic("this board was folded when the run was opened: " + err.Error())
	}
	return board, r.journal.newest
}

// SeqAt is Lab.SeqAt.
func (r *Run) SeqAt(ms int64) int64 {
	return seqAt(r.journal.chunks(0, r.journal.newest), ms, r.journal.first)
}

// Outline is Lab.Outline.
func (r *Run) Outline() Outline { return r.journal.outlined() }

// Entries is Lab.Entries.
func (r *Run) Entries(from, to int64, limit int) (entries []Entry, first int64) {
	first = r.journal.first
	from = max(from, first)
	to = min(to, r.journal.newest, from+int64(limit)-1)
	return readEntries(r.journal.chunks(from, to), from, to), first
}

// File is the run as it can be written to a file again.
func (r *Run) File() (*RunFile, error) {
	s := r.journal.segments[0]
	return newRunFile(r.head, s.base, s.packed, r.journal.chunks(0, r.journal.newest))
}

// pack packs all segments but the last.
func (r *Run) pack(ctx context.Context) error {
	for _, s := range r.journal.segments[:len(r.journal.segments)-1] {
		if s.packed != nil {
			continue
		}
		whole, packed, err := packSegment(ctx, s.base, s.chunks)
		if err != nil || ctx.Err() != nil {
			return err
		}
		s.take(whole, packed)
	}
	return nil
}
