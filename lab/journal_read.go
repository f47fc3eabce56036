package lab

import (
	"cmp"
	"slices"
)

// reading is a journal as it was at a moment, to be read here and there while
// the journal itself goes on. It is one reader's own.
type reading struct {
	first, newest int64
	chunks        []chunk
}

func (j *journal) reading() *reading {
	return &reading{first: j.first, newest: j.newest, chunks: j.chunks(j.first, j.newest)}
}

func (r *reading) head() int64 { return r.newest }

// at returns the entry of a seq, and whether it is kept. A chunk that was
// packed is unpacked once.
func (r *reading) at(seq int64) (Entry, bool) {
	i, found := slices.BinarySearchFunc(r.chunks, seq, func(c chunk, seq int64) int { return cmp.Compare(c.first, seq) })
	if !found {
		i--
	}
	if i < 0 || seq < r.first || seq > r.newest {
		return Entry{}, false
	}
	c := &r.chunks[i]
	if c.packed != nil {
		c.entries, c.packed = c.loose(), nil
	}
	return c.entries[seq-c.first], true
}
