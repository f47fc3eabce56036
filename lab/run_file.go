package lab

import (
	"bytes"
	"compress/flate"
	"encoding/json"
	"fmt"
	"io"
	"time"
)

// runFormat is the format of the files that are written here.
const runFormat = 1

// RunHead is the first line of a run's file. The entries follow, a line each,
// as the journal has them.
type RunHead struct {
	Eddy     string    `json:"eddy"`   // "run"
	Format   int       `json:"format"` // 1
	Version  string    `json:"version,omitempty"`
	Began    time.Time `json:"began"` // wall clock at lab time 0
	First    int64     `json:"first"` // seq of the first entry
	Last     int64     `json:"last"`
	Settings Settings  `json:"settings"` // as the lab was opened, its seed among them
	// From is the board below the first entry with all that its fold remembers;
	// absent where the run begins with the lab.
	From json.RawMessage `json:"from,omitempty"`
}

// RunFile is a run as it was when it was asked for: the lab goes on meanwhile.
type RunFile struct {
	Head   RunHead
	chunks []chunk
}

// File is everything that the journal keeps, to be written to a file.
func (l *Lab) File() (*RunFile, error) {
	l.mu.Lock()
	s := l.journal.segments[0]
	head := RunHead{First: l.journal.first, Last: l.journal.newest, Began: l.clock.start, Settings: l.recorder.opened.Clone()}
	base, packed, chunks := s.base, s.packed, l.journal.chunks(0, l.journal.newest)
	l.mu.Unlock()
	return newRunFile(head, base, packed, chunks)
}

func newRunFile(head RunHead, base *Board, packed []byte, chunks []chunk) (*RunFile, error) {
	head.Eddy, head.Format, head.Began = "run", runFormat, head.Began.UTC()
	if head.First > 1 {
		var err error
		if packed != nil {
			head.From, err = io.ReadAll(flate.NewReader(bytes.NewReader(packed)))
		} else {
			head.From, err = base.pack()
		}
		if err != nil {
			return nil, fmt.Errorf("write the board below entry %d: %w", head.First, err)
		}
	}
	return &RunFile{Head: head, chunks: chunks}, nil
}

// Write writes the head and every entry, a line each.
func (f *RunFile) Write(w io.Writer) error {
	lines := json.NewEncoder(w)
	lines.SetEscapeHTML(false)
	if err := lines.Encode(f.Head); err != nil {
		return fmt.Errorf("write the head of a run: %w", err)
	}
	for i := range f.chunks {
		if err := f.chunks[i].write(w, lines); err != nil {
			return fmt.Errorf("write the entries from %d: %w", f.chunks[i].first, err)
		}
	}
	return nil
}

// write writes the chunk's entries, a line each: so they are packed.
func (c *chunk) write(w io.Writer, lines *json.Encoder) error {
	if c.packed != nil {
		_, err := io.Copy(w, flate.NewReader(bytes.NewReader(c.packed)))
		return err
	}
	for i := range c.entries[:c.count] {
		if err := lines.Encode(&c.entries[i]); err != nil {
			return err
		}
	}
	return nil
}
