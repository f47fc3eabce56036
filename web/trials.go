package web

import (
	"net/http"
	"runtime"
	"sync"
	"time"

	"eddy/lab"
	"eddy/scenarios"
	"eddy/scenarios/trial"
)

// trialLimit is the wall time that one job in virtual time may take.
const trialLimit = 30 * time.Second

// trials bound what is tried in virtual time for visitors: it takes a processor
// for seconds.
type trials struct {
	recording chan struct{} // a place for each recording that is tried
	searching sync.Mutex    // one search at a time

	mu      sync.Mutex
	records []recorded // the newest recordings
}

// recorded is a recording that was tried: the page asks for it twice, once to
// choose and once for the file.
type recorded struct {
	lab    string
	seq    int64
	record *scenarios.Record
	tried  error
}

// recordsMost bounds how many recordings are remembered.
const recordsMost = 16

func newTrials() trials { return trials{recording: make(chan struct{}, max(1, runtime.NumCPU()/2))} }

// pool starts processes for trials, which its Close ends.
func (s *Server) pool() (*trial.Pool, error) {
	if len(s.cfg.Trials) == 0 {
		return nil, lab.Errorf(lab.Unavailable, "This server cannot try things in virtual time.")
	}
	return trial.NewPool(s.cfg.Trials, trialLimit), nil
}

// record is what was done in a lab, with its goals tried.
func (s *Server) record(r *http.Request, id string, source scenarios.Recordable, seq int64) (recorded, error) {
	t := &s.trials
	t.mu.Lock()
	for _, one := range t.records {
		if one.lab == id && one.seq == seq {
			t.mu.Unlock()
			return one, nil
		}
	}
	t.mu.Unlock()
	if err := s.allowLab(r); err != nil { // it costs as much as one
		return recorded{}, err
	}
	rec, err := scenarios.NewRecord(source, seq)
	if err != nil {
		return recorded{}, err
	}
	one := recorded{lab: id, seq: seq, record: rec}
	pool, err := s.pool()
	if err == nil {
		defer pool.Close()
		select {
		case t.recording <- struct{}{}:
		case <-r.Context().Done():
			return recorded{}, r.Context().Err()
		}
		err = rec.Rehearse(r.Context(), pool)
		<-t.recording
	}
	if r.Context().Err() != nil {
		return recorded{}, r.Context().Err()
	}
	one.tried = err
	t.mu.Lock()
	t.records = append(t.records, one)
	t.records = t.records[max(0, len(t.records)-recordsMost):]
	t.mu.Unlock()
	return one, nil
}
