package web

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"net"
	"net/http"
	"sync"
	"time"

	"golang.org/x/sync/singleflight"

	lessons "eddy/content"
	"eddy/lab"
	"eddy/lab/code"
	"eddy/lab/fleet"
	"eddy/quiz"
	"eddy/scenarios"
	"eddy/web/keep"
)

// Timeouts of the HTTP server. A body may come slowly from a bad network, an
// answer may wait for an action; handlers that take longer say so themselves.
const (
	headerTimeout   = 5 * time.Second
	readTimeout     = 30 * time.Second
	writeTimeout    = 90 * time.Second
	idleTimeout     = 2 * time.Minute
	shutdownTimeout = 5 * time.Second
)

// Config is what a Server needs. Labs and TeacherKey are required.
type Config struct {
	Labs       *fleet.Fleet
	TeacherKey string
	Hosts      []string           // names the server is reached by, besides loopback and the address a request came in on
	Version    string             // shown on the front door and in /healthz
	Log        *slog.Logger       // discarded where nil
	Static     fs.FS              // the embedded files where nil
	Scenarios  *scenarios.Library // the bundled ones where nil
	Keep       *keep.Store        // in memory where nil; whoever opened it closes it after Close
	Quizzes    *quiz.Bank         // the bundled ones where nil
	Lessons    *lessons.Course    // the bundled ones where nil
	Trials     []string           // this program as it tries things in virtual time (scenarios/trial); nil: nothing is tried
	Prover     *scenarios.Prover  // nothing is proven where nil
}

// Server answers every request. It is an http.Handler; Serve runs it.
type Server struct {
	cfg     Config
	handler http.Handler
	decode  func([]byte) ([]lab.Action, error)
	assets  map[string]*asset
	limits  limits
	runs    *runs
	metrics *metrics
	colours colours
	stacks  code.Look // where the instances of every lab stand
	guides  *guides
	ownKeep *keep.Store // closed with the server: nobody else knows it

	resuming singleflight.Group // labs that are being brought to where a learner goes on
	grading  singleflight.Group // attempts that are being graded

	quizzes   *quiz.Bank
	questions quiz.Labs // what judges a question that only a lab can
	desk      *quiz.Desk

	trials trials
	author *author

	ctx     context.Context // ends when the server stops; its cause is the reason
	stop    context.CancelCauseFunc
	mu      sync.Mutex
	sockets map[string]int // by lab, for the limit a lab
	open    int            // sockets in all
	running sync.WaitGroup // one for each socket
}

// New checks the configuration and returns a Server.
func New(cfg Config) (*Server, error) {
	if cfg.Labs == nil {
		return nil, errors.New("web: Config.Labs is missing")
	}
	if cfg.TeacherKey == "" {
		return nil, errors.New("web: Config.TeacherKey is missing: an empty key would open every door")
	}
	if cfg.Log == nil {
		cfg.Log = slog.New(slog.DiscardHandler)
	}
	if cfg.Static == nil {
		cfg.Static = embedded()
	}
	if cfg.Lessons == nil {
		cfg.Lessons = lessons.Bundled()
	}
	assets, err := indexAssets(cfg.Static)
	if err != nil {
		return nil, err
	}
	if cfg.Scenarios == nil {
		if cfg.Scenarios, err = scenarios.NewLibrary(""); err != nil {
			return nil, err
		}
	}
	if cfg.Quizzes == nil {
		if cfg.Quizzes, err = quiz.NewBank(""); err != nil {
			return nil, err
		}
	}
	var ownKeep *keep.Store
	if cfg.Keep == nil {
		if ownKeep, err = keep.Open(context.Background(), keep.Memory); err != nil {
			return nil, err
		}
		cfg.Keep = ownKeep
	}
	s := &Server{cfg: cfg, decode: lab.DecodeActions, assets: assets, limits: newLimits(), runs: newRuns(), sockets: map[string]int{}, guides: newGuides(), author: newAuthor(), ownKeep: ownKeep, trials: newTrials()}
	s.questions = quiz.Labs{Scenario: cfg.Scenarios.Settings}
	s.quizzes = cfg.Quizzes
	s.desk = &quiz.Desk{Store: cfg.Keep, Find: s.quizzes.Find, Judge: atOnce{s.questions, make(chan struct{}, judging)}}
	s.ctx, s.stop = context.WithCancelCause(context.Background())
	s.metrics = newMetrics(s)
	s.handler = s.guard(s.routes())
	return s, nil
}

// ServeHTTP answers one request.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) { s.handler.ServeHTTP(w, r) }

// Serve answers requests on ln until ctx ends, then closes the sockets, lets
// running requests end for a few seconds and returns nil. It closes ln.
func (s *Server) Serve(ctx context.Context, ln net.Listener) error {
	hs := &http.Server{
		Handler:           s,
		ReadHeaderTimeout: headerTimeout,
		ReadTimeout:       readTimeout,
		WriteTimeout:      writeTimeout,
		IdleTimeout:       idleTimeout,
		MaxHeaderBytes:    32 << 10,
		ErrorLog:          slog.NewLogLogger(s.cfg.Log.Handler(), slog.LevelDebug),
		// A request that waits inside a lab ends with the server.
		BaseContext: func(net.Listener) context.Context { return s.ctx },
	}
	served := make(chan error, 1)
	go func() { served <- hs.Serve(ln) }()

	var err error
	select {
	case err = <-served: // the listener broke
		err = fmt.Errorf("serving %s: %w", ln.Addr(), err)
	case <-ctx.Done():
	}
	s.Close()
	grace, cancel := context.WithTimeout(context.Background(), shutdownTimeout)
	defer cancel()
	if hs.Shutdown(grace) != nil {
		hs.Close() // somebody reads an answer very slowly
	}
	if err == nil {
		<-served // always http.ErrServerClosed: it was asked to stop
	}
	return err
}

// Close closes every socket, with a reason for its client, and returns when
// their goroutines have ended. New sockets are refused. Serve calls it.
func (s *Server) Close() {
	s.mu.Lock()
	s.stop(closing("The server is shutting down."))
	s.mu.Unlock()
	s.running.Wait()
	if s.ownKeep != nil {
		s.ownKeep.Close()
	}
}
