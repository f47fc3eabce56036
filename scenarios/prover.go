package scenarios

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"time"

	"eddy/lab/virtual"
)

// Prover plays scenarios in processes of their own, in virtual time where that
// is possible: a scenario takes a second or two then, and one that hangs can be
// ended. It is safe for concurrent use.
type Prover struct {
	child   []string // the command, which calls Child
	env     []string
	places  chan struct{} // of children that compute
	waiting chan struct{} // of children on the wall clock, which mostly wait
	limits  map[bool]limit
}

// limit bounds one child, in real time.
type limit struct{ silence, whole time.Duration }

// NewProver returns a Prover whose children are the command: a program that
// calls Child. Env is added to their environment.
func NewProver(command []string, env ...string) *Prover {
	return &Prover{
		child: command, env: env,
		places:  make(chan struct{}, max(1, runtime.NumCPU()/2)),
		waiting: make(chan struct{}, 4),
		limits: map[bool]limit{
			false: {silence: 45 * time.Second, whole: 2 * time.Minute},
			true:  {silence: 3 * time.Minute, whole: 15 * time.Minute},
		},
	}
}

// Run is Run in a process of its own. Of the configuration Open is not used;
// journal is a file that the journals are added to, "" for none.
func (p *Prover) Run(ctx context.Context, s *Scenario, c Config, journal string) (Result, error) {
	j := job{Text: string(s.text), Mode: c.Mode, Step: c.Step, Seeds: []uint64{c.Seed}, Speed: c.Speed, Wall: NeedsWallClock(s) != "", Journal: journal}
	r := Result{Scenario: s.ID, Steps: []StepResult{}}
	began := time.Now()
	err := p.play(ctx, j, func(l line) {
		switch {
		case l.Began != nil && c.Began != nil:
			c.Began(l.Began.Step, l.Began.What)
		case l.Ended != nil:
			r.Steps = append(r.Steps, *l.Ended)
			if c.Ended != nil {
				c.Ended(*l.Ended)
			}
		case l.Result != nil:
			r.Passed, r.Error = l.Result.Passed, l.Result.Error
		}
	})
	if err != nil {
		r.Passed, r.Error = false, err.Error()
	}
	r.TookMS = time.Since(began).Milliseconds()
	return r, ctx.Err()
}

// play runs a child and hands on what it says, from one goroutine. The error
// says why the play did not come to its end; when it returns, the process has
// ended.
func (p *Prover) play(ctx context.Context, j job, say func(line)) error {
	places := p.places
	if j.Wall {
		places = p.waiting
	}
	select {
	case places <- struct{}{}:
		defer func() { <-places }()
	case <-ctx.Done():
		return context.Cause(ctx)
	}
	raw, err := json.Marshal(j)
	if err != nil {
		return fmt.Errorf("write what is to be played: %w", err)
	}
	bounds := p.limits[j.Wall]
	run, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	silence := time.AfterFunc(bounds.silence, func() {
		stop(fmt.Errorf("it hangs: nothing happened for %s", bounds.silence))
	})
	defer silence.Stop()
	whole := time.AfterFunc(bounds.whole, func() { stop(fmt.Errorf("it was not through after %s", bounds.whole)) })
	defer whole.Stop()

	cmd := exec.CommandContext(run, p.child[0], p.child[1:]...)
	cmd.Env = append(os.Environ(), p.env...)
	cmd.WaitDelay = 5 * time.Second
	var trace virtual.Head
	cmd.Stderr = &trace
	in, err := cmd.StdinPipe()
	if err != nil {
		return fmt.Errorf("start a process to play in: %w", err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		return fmt.Errorf("start a process to play in: %w", err)
	}
	if err := cmd.Start(); err != nil {
		return fmt.Errorf("start a process to play in: %w", err)
	}
	defer in.Close() // the child lives as long as this end is open
	_, sent := in.Write(append(raw, '\n'))

	left, refused := len(j.Seeds), ""
	lines := bufio.NewScanner(out)
	lines.Buffer(nil, 4<<20)
	for lines.Scan() {
		var l line
		if json.Unmarshal(lines.Bytes(), &l) != nil {
			continue
		}
		silence.Reset(bounds.silence)
		if l.Error != "" {
			refused = l.Error
		}
		if l.Result != nil {
			left--
		}
		say(l)
	}
	if lines.Err() != nil {
		stop(fmt.Errorf("read what the play says: %w", lines.Err()))
	}
	err = cmd.Wait()
	switch {
	case ctx.Err() != nil:
		return context.Cause(ctx)
	case run.Err() != nil:
		return context.Cause(run)
	case refused != "":
		return errors.New(refused)
	case err != nil || left > 0:
		return fmt.Errorf("the process that played it ended early: %w\n%s", errors.Join(err, sent), trace.String())
	}
	return nil
}
