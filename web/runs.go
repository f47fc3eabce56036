package web

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"time"

	"eddy/lab"
	"eddy/web/view"
)

// Bounds of the runs that were opened from files.
const (
	runBytes   = 256 << 20 // of a file
	runTimeout = 2 * time.Minute
	runsMost   = 100 // open at once
	runsOwn    = 10  // of one client address; opening one more closes its oldest
	runsAtOnce = 2   // files that are read at once
	runIdle    = 2 * time.Hour
	runFresh   = 10 * time.Minute // a full server closes nothing that was used since
)

// runs are the runs that were opened from files. The id of a run is the right
// to it, as with labs.
type runs struct {
	reading chan struct{}

	mu   sync.Mutex
	byID map[string]*openRun
}

type openRun struct {
	run    *lab.Run
	client string
	used   time.Time
}

func newRuns() *runs {
	return &runs{reading: make(chan struct{}, runsAtOnce), byID: map[string]*openRun{}}
}

// get finds a run and counts as use of it.
func (rs *runs) get(id string) (*lab.Run, error) {
	rs.mu.Lock()
	defer rs.mu.Unlock()
	o := rs.byID[id]
	if o == nil || time.Since(o.used) >= runIdle {
		delete(rs.byID, id)
		return nil, lab.Errorf(lab.NotFound, "There is no run with this id. It may have been closed because nobody looked at it for %s, or the server was started anew: open its file again.", runIdle)
	}
	o.used = time.Now()
	return o.run, nil
}

// add makes room for a run and returns its id.
func (rs *runs) add(run *lab.Run, client string) (string, error) {
	rs.mu.Lock()
	defer rs.mu.Unlock()
	own, oldest, oldestOwn := 0, "", ""
	for id, o := range rs.byID {
		if time.Since(o.used) >= runIdle {
			delete(rs.byID, id)
			continue
		}
		if oldest == "" || o.used.Before(rs.byID[oldest].used) {
			oldest = id
		}
		if o.client == client {
			own++
			if oldestOwn == "" || o.used.Before(rs.byID[oldestOwn].used) {
				oldestOwn = id
			}
		}
	}
	switch {
	case own >= runsOwn:
		delete(rs.byID, oldestOwn)
	case len(rs.byID) >= runsMost && time.Since(rs.byID[oldest].used) < runFresh:
		return "", lab.Errorf(lab.TooMany, "This server has room for %d open runs and all of them are being looked at. Try again later.", runsMost)
	case len(rs.byID) >= runsMost:
		delete(rs.byID, oldest)
	}
	id := strings.ToLower(rand.Text())
	rs.byID[id] = &openRun{run: run, client: client, used: time.Now()}
	return id, nil
}

func (s *Server) runPast(r *http.Request) (past, error) { return s.runs.get(r.PathValue("id")) }

// openRun opens a run from the file that is the body: POST /api/runs.
func (s *Server) openRun(w http.ResponseWriter, r *http.Request) error {
	if err := s.allowLab(r); err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(r.Context(), runTimeout)
	defer cancel()
	select {
	case s.runs.reading <- struct{}{}:
		defer func() { <-s.runs.reading }()
	case <-ctx.Done():
		return lab.Errorf(lab.Unavailable, "Other files are being read just now. Try again in a moment.")
	}
	// A large file takes longer than other bodies. Not every connection has a deadline.
	control := http.NewResponseController(w)
	control.SetReadDeadline(time.Now().Add(runTimeout))
	control.SetWriteDeadline(time.Now().Add(runTimeout + streamTimeout))
	body := &bounded{ReadCloser: http.MaxBytesReader(w, r.Body, runBytes)}
	run, err := lab.OpenRun(ctx, body)
	if body.large {
		return &tooLarge{lab.Errorf(lab.Invalid, "The file is larger than %d MiB, which is the most that is read.", runBytes>>20)}
	}
	if err != nil {
		return err
	}
	id, err := s.runs.add(run, clientAddr(r))
	if err != nil {
		return err
	}
	_, first := run.Entries(0, 0, 0)
	w.Header().Set("Location", "/run/"+id)
	w.Header().Set("Cache-Control", "no-store")
	writeJSON(w, http.StatusCreated, struct {
		ID    string `json:"id"`
		First int64  `json:"first"`
		Last  int64  `json:"last"`
	}{id, first, run.Head()})
	return nil
}

// bounded notes that a body was larger than what is read of it.
type bounded struct {
	io.ReadCloser
	large bool
}

func (b *bounded) Read(p []byte) (int, error) {
	n, err := b.ReadCloser.Read(p)
	var large *http.MaxBytesError
	b.large = b.large || errors.As(err, &large)
	return n, err
}

// closeRun forgets a run: DELETE /api/runs/{id}.
func (s *Server) closeRun(w http.ResponseWriter, r *http.Request) error {
	if _, err := s.runs.get(r.PathValue("id")); err != nil {
		return err
	}
	s.runs.mu.Lock()
	delete(s.runs.byID, r.PathValue("id"))
	s.runs.mu.Unlock()
	w.WriteHeader(http.StatusNoContent)
	return nil
}

// saveRun sends what the journal holds as a file that openRun opens.
func (s *Server) saveRun(find finder) handlerFunc {
	return func(w http.ResponseWriter, r *http.Request) error {
		p, err := find(r)
		if err != nil {
			return err
		}
		file, err := p.File()
		if err != nil {
			return err
		}
		file.Head.Version = s.cfg.Version
		name := fmt.Sprintf("eddy-run-%s-%d.ndjson", file.Head.Began.Format("2006-01-02-1504"), file.Head.Last)
		w.Header().Set("Content-Type", "application/x-ndjson")
		w.Header().Set("Content-Disposition", `attachment; filename="`+name+`"`)
		w.Header().Set("Cache-Control", "no-store")
		file.Write(patient{w, http.NewResponseController(w)}) // an error here means that the client is gone
		return nil
	}
}

// patient gives every piece of a long answer a deadline of its own.
type patient struct {
	http.ResponseWriter
	control *http.ResponseController
}

func (p patient) Write(b []byte) (int, error) {
	p.control.SetWriteDeadline(time.Now().Add(streamTimeout))
	return p.ResponseWriter.Write(b)
}

// runPage is the page of a run: the lab's page, in the past for good.
func (s *Server) runPage(w http.ResponseWriter, r *http.Request) error {
	id := r.PathValue("id")
	run, err := s.runs.get(id)
	if err != nil {
		return err
	}
	board, _ := run.Snapshot()
	s.render(w, r, http.StatusOK, view.Lab(view.LabPage{ID: id, Title: run.Title(), Run: true, Board: board}))
	return nil
}
