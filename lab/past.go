package lab

import (
	"encoding/json"
	"slices"
	"time"
)

// moment is what a board of the past is folded from. It may be used while the
// journal goes on.
type moment struct {
	seq    int64
	base   *Board
	packed []byte
	chunks []chunk
}

// moment finds what the board of seq is made of; false where it is not kept.
func (j *journal) moment(seq int64) (moment, bool) {
	if seq < j.first-1 || seq > j.newest {
		return moment{}, false
	}
	i := len(j.segments) - 1
	for i > 0 && j.segments[i].first-1 > seq {
		i--
	}
	s := j.segments[i]
	return moment{seq, s.base, s.packed, j.chunks(s.first, seq)}, true
}

// board folds the moment's board.
func (m moment) board() (*Board, error) {
	var b *Board
	if m.packed != nil {
		var err error
		if b, err = unpackWhole(m.packed); err != nil {
			return nil, err
		}
	} else {
		b = m.base.clone()
	}
	for i := range m.chunks {
		for _, e := range m.chunks[i].loose() {
			if e.Seq > m.seq {
				break
			}
			b.foldOn(e)
		}
	}
	return b, nil
}

// foldOn folds an entry that stands in the journal. What it breaks or mends
// stands there too, so that only what merely passes is taken from the verdicts.
func (b *Board) foldOn(e Entry) {
	b.Apply(e)
	b.judge(e)
}

// below copies the board as the one below the journal's next entry. Settling is
// no entry, so a fold of entries alone never is settled.
func (b *Board) below(at int64) *Board {
	c := b.clone()
	c.LabTime, c.settled = at, false
	return c
}

// seqAt is the newest entry that was written at lab time ms or before, first−1
// where there is none.
func seqAt(chunks []chunk, ms, first int64) int64 {
	i, _ := slices.BinarySearchFunc(chunks, ms+1, func(c chunk, ms int64) int { return compareSeq(c.at, ms) })
	if i == 0 {
		return first - 1
	}
	c := &chunks[i-1]
	entries := c.loose()
	n, _ := slices.BinarySearchFunc(entries, ms+1, func(e Entry, ms int64) int { return compareSeq(e.At, ms) })
	return c.first + int64(n) - 1
}

// BoardAt is the board as it was when seq was the newest entry. It is folded
// from the nearest board that is kept, so what Options.Keep let go cannot be
// shown: then the error is a NotFound that says what is kept.
func (l *Lab) BoardAt(seq int64) (json.RawMessage, error) {
	l.mu.Lock()
	m, ok := l.journal.moment(seq)
	head, first := l.journal.head(), l.journal.first
	l.mu.Unlock()
	if !ok {
		return nil, notKept(seq, first, head)
	}
	b, err := m.board()
	if err != nil {
		return nil, err
	}
	b.Time = l.clock.start.Add(time.Duration(b.LabTime) * time.Millisecond).UTC().Format(time.RFC3339Nano)
	return json.Marshal(b)
}

func notKept(seq, first, head int64) *Error {
	return Errorf(NotFound, "there is no entry %d: the journal keeps %d to %d", seq, first, head)
}

// SeqAt is the newest entry that was written at lab time ms or before; one
// below the oldest that is kept where all are younger.
func (l *Lab) SeqAt(ms int64) int64 {
	l.mu.Lock()
	chunks, first := l.journal.chunks(0, l.journal.newest), l.journal.first
	l.mu.Unlock()
	return seqAt(chunks, ms, first)
}

// Outline says in little what the journal holds from its oldest kept entry to
// its newest: what a timeline is drawn from.
func (l *Lab) Outline() Outline {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.journal.outlined()
}
