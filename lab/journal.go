package lab

import (
	"fmt"
	"slices"
	"time"
)

// Bounds of what a journal keeps at hand.
const (
	chunkEntries   = 512         // entries that are packed together
	segmentEntries = 4096        // least entries between two boards
	segmentMost    = 6           // times as many where they come in a rush
	segmentEvery   = time.Second // least time between two boards
	looseEntries   = 25_000      // newest entries that are not packed
)

// journal is the append-only list of what happened. It keeps the newest
// entries, and says where what it keeps begins. It is cut into segments, each
// with the board below its first entry, so that any board of the past is a
// short fold away. It is guarded by Lab.mu.
type journal struct {
	keep     int
	size     int           // least entries of a segment
	every    time.Duration // least time between two boards, unless entries come in a rush
	segments []*segment
	first    int64 // seq of the oldest entry that is kept
	newest   int64 // seq of the newest entry
	outline  outline
}

// segment is a run of entries and the board below the first of them.
type segment struct {
	first  int64
	began  time.Time
	base   *Board // never changed once it stands here; nil where packed
	packed []byte // the same board
	chunks []*chunk
	count  int
}

// chunk holds up to chunkEntries entries, loose or packed. Loose ones are only
// ever appended to.
type chunk struct {
	first   int64
	at      int64 // lab time of the first entry, ms
	count   int
	entries []Entry
	packed  []byte
	orders  map[string]bool // whom it is about, where it is packed: what a story need not unpack
	seats   []Entry         // of a packed one: those that say how an instance fares
}

// newJournal makes a journal above a board, whose seq it goes on from. It keeps
// at least keep entries.
func newJournal(keep int, base *Board) journal {
	j := journal{keep: keep, size: min(max(keep/4, 16), segmentEntries), first: base.Seq + 1, newest: base.Seq}
	if j.size == segmentEntries {
		j.every = segmentEvery
	}
	j.begin(base)
	return j
}

// head is the seq of the newest entry, 0 where there is none.
func (j *journal) head() int64 { return j.newest }

// due reports whether the next entry should begin a segment: a board is copied
// for it, so in a rush there are fewer of them.
func (j *journal) due() bool {
	s := j.segments[len(j.segments)-1]
	return s.count >= j.size && (s.count >= segmentMost*j.size || time.Since(s.began) >= j.every)
}

// begin starts a segment above a board that nobody changes any more, and drops
// the oldest ones that are more than what is to be kept.
func (j *journal) begin(base *Board) {
	j.segments = append(j.segments, &segment{first: base.Seq + 1, began: time.Now(), base: base})
	for len(j.segments) > 1 && j.newest-j.segments[1].first+1 >= int64(j.keep) {
		j.segments[0] = nil // the array behind the slice must not hold it
		j.segments = j.segments[1:]
		j.first = j.segments[0].first
		j.outline.forget(j.first)
	}
}

// append adds an entry.
func (j *journal) append(e Entry) {
	s := j.segments[len(j.segments)-1]
	if n := len(s.chunks); n == 0 || s.chunks[n-1].count == chunkEntries {
		s.chunks = append(s.chunks, &chunk{first: e.Seq, at: e.At})
	}
	c := s.chunks[len(s.chunks)-1]
	c.entries = append(c.entries, e)
	c.count++
	s.count++
	j.newest = e.Seq
	j.outline.add(e)
}

// slice copies the entries from … to that are kept, at most limit of them.
func (j *journal) slice(from, to int64, limit int) []Entry {
	return readEntries(j.chunks(from, to), from, min(to, max(from, j.first)+int64(limit)-1))
}

// at returns the entry of a seq, and whether it is kept.
func (j *journal) at(seq int64) (Entry, bool) {
	entries := j.slice(seq, seq, 1)
	if len(entries) != 1 || entries[0].Seq != seq {
		return Entry{}, false
	}
	return entries[0], true
}

// chunks are those with entries from … to, as they are now: they may be read
// while the journal goes on.
func (j *journal) chunks(from, to int64) (list []chunk) {
	at, _ := slices.BinarySearchFunc(j.segments, from, func(s *segment, seq int64) int { return compareSeq(s.first+int64(s.count), seq+1) })
	for _, s := range j.segments[min(at, len(j.segments)):] {
		if s.first > to {
			break
		}
		for _, c := range s.chunks {
			if c.first+int64(c.count) > from && c.first <= to {
				list = append(list, *c)
			}
		}
	}
	return list
}

func compareSeq(a, b int64) int { return int(max(min(a-b, 1), -1)) }

// readEntries copies the entries from … to out of chunks.
func readEntries(chunks []chunk, from, to int64) (entries []Entry) {
	if n := len(chunks); n > 0 {
		end := min(to, chunks[n-1].first+int64(chunks[n-1].count)-1)
		entries = make([]Entry, 0, max(0, end-max(from, chunks[0].first)+1))
	}
	for i := range chunks {
		c := &chunks[i]
		low, high := max(from-c.first, 0), min(to-c.first+1, int64(c.count))
		if low < high {
			entries = append(entries, c.loose()[low:high]...)
		}
	}
	return entries
}

// loose are the entries of a chunk.
func (c *chunk) loose() []Entry {
	if c.packed == nil {
		return c.entries[:c.count]
	}
	entries, err := unpackEntries(c.packed, c.count)
	if err != nil {
		panic(fmt.Sprintf("the entries from %d were packed here: %v", c.first, err))
	}
	return entries
}
