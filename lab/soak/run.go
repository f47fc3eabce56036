package soak

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os/exec"
	"strings"
	"sync"
	"syscall"
	"time"
)

// Config says how much is soaked.
type Config struct {
	Seeds  int           // plans, of the seeds From, From+1, …
	From   uint64        // the first seed
	Length time.Duration // virtual time of each
	Jobs   int           // plans played side by side
	// Child is the command that plays the plan on its standard input, and exits
	// with 0 where nothing was found; see Child.
	Child []string
	Out   io.Writer // a line a plan, and what was found
}

// childTimeout is wall time. A plan that takes longer hangs, although virtual
// time goes on: see standstill.
const childTimeout = 30 * time.Minute

// playTries is how often a plan is played that cannot be played in a bubble as
// things came, before that is a failure like any other.
const playTries = 5

// againRuns is how often a plan that failed is played again before it is shrunk.
const againRuns = 3

// shrinkRuns bounds how often a plan that failed is played again.
const shrinkRuns = 60

// shrinkTime bounds it too, on the wall: each try may take a minute to hang.
const shrinkTime = 15 * time.Minute

// lines lets the jobs write one after the other.
type lines struct {
	mu  sync.Mutex
	out io.Writer
}

func (l *lines) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.out.Write(p)
}

// Failure is a plan in which something was found.
type Failure struct {
	Plan   Plan   // the smallest that still failed
	Report string // what the smallest one said
}

// Run plays the plans, each in a process of its own, and returns what failed,
// in the order in which it was found.
func Run(ctx context.Context, c Config) ([]Failure, error) {
	type result struct {
		plan   Plan
		report string
		took   time.Duration
		err    error
	}
	c.Out = &lines{out: c.Out}
	plans, results := make(chan Plan), make(chan result)
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	for range max(c.Jobs, 1) {
		go func() {
			for p := range plans {
				began := time.Now()
				report, err := c.play(ctx, p)
				results <- result{p, report, time.Since(began), err}
			}
		}()
	}
	go func() {
		defer close(plans)
		for i := range c.Seeds {
			select {
			case plans <- NewPlan(c.From+uint64(i), c.Length):
			case <-ctx.Done():
				return
			}
		}
	}()
	var failures []Failure
	for range c.Seeds {
		var r result
		select {
		case r = <-results:
		case <-ctx.Done():
			return failures, context.Cause(ctx)
		}
		if r.err != nil {
			return failures, r.err
		}
		if r.report == "" {
			fmt.Fprintf(c.Out, "seed %d: %d moves, nothing found, %.1f s\n", r.plan.Seed, len(r.plan.Moves), r.took.Seconds())
			continue
		}
		fmt.Fprintf(c.Out, "seed %d: FAILED after %.1f s\n%s\n", r.plan.Seed, r.took.Seconds(), r.report)
		if !c.again(ctx, r.plan) {
			failures = append(failures, Failure{r.plan, r.report})
			fmt.Fprintf(c.Out, "seed %d: played %d times more, it did not fail: it depends on which of two goroutines is first\n", r.plan.Seed, againRuns)
			continue
		}
		f := c.shrunk(ctx, r.plan, r.report)
		failures = append(failures, f)
		fmt.Fprintf(c.Out, "%s\nThe %d moves that still fail:\n%s\n", f.Report, len(f.Plan.Moves), f.Plan)
	}
	return failures, nil
}

// again tells whether a plan that failed fails again: else there is nothing to
// shrink it by.
func (c Config) again(ctx context.Context, p Plan) bool {
	for range againRuns {
		if report, err := c.play(ctx, p); err == nil && report != "" {
			return true
		}
	}
	return false
}

func (c Config) shrunk(ctx context.Context, p Plan, report string) Failure {
	f := Failure{p, report}
	ctx, cancel := context.WithTimeout(ctx, shrinkTime)
	defer cancel()
	f.Plan = Shrink(p, shrinkRuns, func(p Plan) bool {
		again, err := c.play(ctx, p)
		if err != nil || again == "" {
			return false
		}
		f.Report = again
		return true
	})
	return f
}

// play plays a plan in a process of its own and returns what it found, "" where
// that was nothing. A plan that could not be played is played anew a few times.
func (c Config) play(ctx context.Context, p Plan) (report string, err error) {
	for range playTries {
		if report, err = c.once(ctx, p); !errors.Is(err, errUnplayable) {
			return report, err
		}
		fmt.Fprintf(c.Out, "seed %d: is played anew: time stood still in the Kafka client, as it does only in a bubble\n", p.Seed)
	}
	return report, nil
}

var errUnplayable = errors.New("time stood still in the Kafka client")

func (c Config) once(ctx context.Context, p Plan) (string, error) {
	raw, err := json.Marshal(p)
	if err != nil {
		return "", fmt.Errorf("write the plan: %w", err)
	}
	limit, cancel := context.WithTimeout(ctx, childTimeout)
	defer cancel()
	cmd := exec.CommandContext(limit, c.Child[0], c.Child[1:]...)
	cmd.Stdin = bytes.NewReader(raw)
	cmd.Cancel = func() error { return cmd.Process.Signal(syscall.SIGQUIT) } // it says where it hangs
	cmd.WaitDelay = 10 * time.Second
	out, err := cmd.CombinedOutput()
	var exit *exec.ExitError
	switch {
	case err == nil:
		return "", nil
	case ctx.Err() != nil:
		return "", context.Cause(ctx)
	case limit.Err() != nil:
		return fmt.Sprintf("it hangs: not through after %s\n%s", childTimeout, out), nil
	case errors.As(err, &exit):
		if err = nil; exit.ExitCode() == unplayable {
			err = errUnplayable
		}
		return strings.TrimSpace(string(out)), err
	}
	return "", fmt.Errorf("start %s: %w", c.Child[0], err)
}

// String is the plan as lines to read and to play by hand.
func (p Plan) String() string {
	var out strings.Builder
	for i, settings := range p.Labs {
		fmt.Fprintf(&out, "lab %d: %s\n", i, settings)
	}
	for _, m := range p.Moves {
		fmt.Fprintf(&out, "%8.3f s, lab %d: %s\n", m.At.Seconds(), m.Lab, m.Action)
	}
	return out.String()
}

// ReadPlan reads a plan as Run hands it to its child.
func ReadPlan(r io.Reader) (p Plan, err error) {
	if err := json.NewDecoder(r).Decode(&p); err != nil {
		return p, fmt.Errorf("read the plan: %w", err)
	}
	return p, nil
}
