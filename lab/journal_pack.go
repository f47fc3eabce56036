package lab

import (
	"bytes"
	"compress/flate"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"sync"
	"time"
)

// packShare bounds what packing takes of a processor: one part in so many.
const packShare = 20

// packEntries writes entries as compressed JSON lines: about a tenth of what
// they take loose.
func packEntries(entries []Entry) ([]byte, error) {
	return squeezed(func(w io.Writer) error {
		lines := json.NewEncoder(w)
		lines.SetEscapeHTML(false)
		for i := range entries {
			if err := lines.Encode(&entries[i]); err != nil {
				return fmt.Errorf("pack entry %d: %w", entries[i].Seq, err)
			}
		}
		return nil
	})
}

// unpackEntries reads what packEntries wrote.
func unpackEntries(packed []byte, count int) ([]Entry, error) {
	r := flate.NewReader(bytes.NewReader(packed))
	defer r.Close()
	lines := json.NewDecoder(r)
	entries := make([]Entry, count)
	for i := range entries {
		if err := lines.Decode(&entries[i]); err != nil {
			return nil, fmt.Errorf("unpack an entry: %w", err)
		}
	}
	return entries, nil
}

func packWhole(b *Board) ([]byte, error) {
	raw, err := b.pack()
	if err != nil {
		return nil, err
	}
	return squeezed(func(w io.Writer) error {
		_, err := w.Write(raw)
		return err
	})
}

func unpackWhole(packed []byte) (*Board, error) {
	r := flate.NewReader(bytes.NewReader(packed))
	defer r.Close()
	raw, err := io.ReadAll(r)
	if err != nil {
		return nil, fmt.Errorf("unpack a board: %w", err)
	}
	return unpackBoard(raw)
}

// squeezers are shared by all labs: one weighs more than what it squeezes.
var squeezers = sync.Pool{New: func() any {
	z, err := flate.NewWriter(nil, flate.BestSpeed)
	if err != nil {
		panic(fmt.Sprintf("flate knows its own level: %v", err))
	}
	return z
}}

func squeezed(write func(io.Writer) error) ([]byte, error) {
	var out bytes.Buffer
	z := squeezers.Get().(*flate.Writer)
	defer squeezers.Put(z)
	z.Reset(&out)
	if err := write(z); err != nil {
		return nil, err
	}
	if err := z.Close(); err != nil {
		return nil, fmt.Errorf("compress: %w", err)
	}
	return bytes.Clone(out.Bytes()), nil
}

// stale is the oldest segment that should be packed and is not, nil where there
// is none. What was appended last is read most: it stays loose.
func (j *journal) stale() *segment {
	for i, s := range j.segments[:len(j.segments)-1] {
		if j.newest-j.segments[i+1].first+1 < looseEntries {
			return nil
		}
		if s.packed == nil {
			return s
		}
	}
	return nil
}

// packLocked has old segments packed in the background. It is called under
// Lab.mu, and one goroutine at a time does the work.
func (l *Lab) packLocked() {
	if l.packing || l.journal.stale() == nil || l.ctx.Err() != nil {
		return
	}
	l.packing = true
	l.work.Go(func() {
		for l.packOne() {
		}
	})
}

// packOne packs the oldest segment that should be, and rests in proportion. It
// is false where there is none left, or the lab ends.
func (l *Lab) packOne() bool {
	l.mu.Lock()
	s := l.journal.stale()
	if s == nil || l.ctx.Err() != nil {
		l.packing = false
		l.mu.Unlock()
		return false
	}
	base, chunks := s.base, s.chunks // a segment that is not the last one grows no more
	l.mu.Unlock()

	began := time.Now()
	whole, packed, err := packSegment(l.ctx, base, chunks)
	if err != nil {
		panic(fmt.Sprintf("a journal is made of plain values: %v", err))
	}
	if l.ctx.Err() == nil {
		l.mu.Lock()
		s.take(whole, packed)
		l.mu.Unlock()
	}
	rest := time.NewTimer(packShare * time.Since(began))
	defer rest.Stop()
	select {
	case <-rest.C:
	case <-l.ctx.Done():
	}
	return true
}

// packSegment packs what a segment is made of. It stops where ctx ends: then
// what it returns is of no use.
func packSegment(ctx context.Context, base *Board, chunks []*chunk) (whole []byte, packed []chunk, err error) {
	if whole, err = packWhole(base); err != nil {
		return nil, nil, err
	}
	packed = make([]chunk, len(chunks))
	for i, c := range chunks {
		if ctx.Err() != nil {
			return nil, nil, nil
		}
		if packed[i].packed, err = packEntries(c.entries); err != nil {
			return nil, nil, err
		}
		packed[i].orders, packed[i].seats = told(c.entries)
	}
	return whole, packed, nil
}

// take puts what was packed in the place of what is loose.
func (s *segment) take(whole []byte, packed []chunk) {
	for i, c := range s.chunks {
		c.packed, c.orders, c.seats, c.entries = packed[i].packed, packed[i].orders, packed[i].seats, nil
	}
	s.packed, s.base = whole, nil
}

// told says which orders have a story that entries are part of, and which of
// the entries tell how an instance fares: that is part of any story.
func told(entries []Entry) (orders map[string]bool, seats []Entry) {
	orders = map[string]bool{}
	for i := range entries {
		e := &entries[i]
		if e.Order != "" && (!aside(e.Service) || e.Kind == KindProduced) {
			orders[e.Order] = true
		}
		if e.Instance > 0 && e.Data != nil && e.Data.Service != nil {
			seats = append(seats, *e)
		}
	}
	return orders, seats
}
