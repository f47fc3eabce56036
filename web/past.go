package web

import (
	"encoding/json"
	"net/http"
	"time"

	"eddy/lab"
)

const (
	journalChunk  = 500 // entries written at a time
	streamTimeout = 30 * time.Second
)

// past is what one can look back at: a lab, or a run that was opened from a
// file.
type past interface {
	Head() int64
	Snapshot() (json.RawMessage, int64)
	BoardAt(seq int64) (json.RawMessage, error)
	SeqAt(ms int64) int64
	Entries(from, to int64, limit int) (entries []lab.Entry, first int64)
	Outline() lab.Outline
	File() (*lab.RunFile, error)
	Why(q lab.Question) (lab.Answer, error)
	Story(order string, at int64) (lab.Story, error)
	Stream(order string, at int64) (lab.Stream, error)
}

// finder finds the past that a request names and that its caller may see.
type finder func(*http.Request) (past, error)

func (s *Server) labPast(r *http.Request) (past, error) { return s.world(r) }

// board sends the board as it is, as it was at ?at=SEQ, or as it was at
// ?time=MS of lab time.
func (s *Server) board(find finder) handlerFunc {
	return func(w http.ResponseWriter, r *http.Request) error {
		p, err := find(r)
		if err != nil {
			return err
		}
		query := r.URL.Query()
		var board json.RawMessage
		switch {
		case query.Has("at"):
			at, err := seqParam(r, "at", 0)
			if err != nil {
				return err
			}
			if board, err = p.BoardAt(at); err != nil {
				return err
			}
		case query.Has("time"):
			ms, err := seqParam(r, "time", 0)
			if err != nil {
				return lab.Errorf(lab.Invalid, "time must be lab time in milliseconds, 0 or more, not %q.", query.Get("time"))
			}
			if board, err = p.BoardAt(p.SeqAt(ms)); err != nil {
				return err
			}
		default:
			board, _ = p.Snapshot()
		}
		writeRaw(w, board)
		return nil
	}
}

// timeline sends what a timeline is drawn from.
func (s *Server) timeline(find finder) handlerFunc {
	return func(w http.ResponseWriter, r *http.Request) error {
		p, err := find(r)
		if err != nil {
			return err
		}
		w.Header().Set("Cache-Control", "no-store")
		writeJSON(w, http.StatusOK, p.Outline())
		return nil
	}
}

// journal streams entries as JSON lines, ?from=SEQ to ?to=SEQ, both included,
// as far as they are kept. Without bounds it is everything up to now.
func (s *Server) journal(find finder) handlerFunc {
	return func(w http.ResponseWriter, r *http.Request) error {
		p, err := find(r)
		if err != nil {
			return err
		}
		from, err := seqParam(r, "from", 1)
		if err != nil {
			return err
		}
		to, err := seqParam(r, "to", p.Head())
		if err != nil {
			return err
		}
		w.Header().Set("Content-Type", "application/x-ndjson")
		w.Header().Set("Cache-Control", "no-store")
		// A journal that still grows must not make the answer endless.
		writeEntries(w, p, max(from, 1), min(to, p.Head()))
		return nil
	}
}

// writeEntries writes the entries from … to as JSON lines, until the client is
// gone.
func writeEntries(w http.ResponseWriter, p past, from, to int64) {
	control := http.NewResponseController(w)
	lines := json.NewEncoder(w)
	for from <= to {
		entries, _ := p.Entries(from, to, journalChunk)
		if len(entries) == 0 {
			return
		}
		// Not every writer has a deadline; those that have get one a chunk.
		control.SetWriteDeadline(time.Now().Add(streamTimeout))
		for i := range entries {
			if lines.Encode(&entries[i]) != nil {
				return
			}
		}
		if control.Flush() != nil {
			return
		}
		from = entries[len(entries)-1].Seq + 1
	}
}

func writeRaw(w http.ResponseWriter, body json.RawMessage) {
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	w.Write(body) // an error here means that the client is gone
}
