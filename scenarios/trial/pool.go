package trial

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"sync"
	"time"
)

// Pool does jobs in processes of its own. Its methods may be called
// concurrently; there are as many processes as calls of Do at the same time.
type Pool struct {
	command []string
	limit   time.Duration

	mu     sync.Mutex
	idle   []*worker
	closed bool
}

// ErrHangs says that a job took longer than it may. Time stands still in a
// bubble while somebody waits for a mutex.
var ErrHangs = errors.New("it cannot be tried in virtual time: it hangs")

// NewPool starts no process yet. The command is a program that calls Serve when
// Env is set; limit is the wall time that a job may take.
func NewPool(command []string, limit time.Duration) *Pool {
	return &Pool{command: command, limit: limit}
}

// Do does a job and reads its answer into out.
func (p *Pool) Do(ctx context.Context, job string, in, out any) error {
	raw, err := json.Marshal(in)
	if err != nil {
		return fmt.Errorf("write the job %s: %w", job, err)
	}
	line, err := json.Marshal(request{job, raw})
	if err != nil {
		return fmt.Errorf("write the job %s: %w", job, err)
	}
	w, err := p.take()
	if err != nil {
		return err
	}
	limit, cancel := context.WithTimeout(ctx, p.limit)
	defer cancel()
	got, err := w.ask(limit, append(line, '\n'))
	if err != nil {
		w.end()
		switch {
		case ctx.Err() != nil:
			return context.Cause(ctx)
		case limit.Err() != nil:
			return ErrHangs
		}
		return fmt.Errorf("do the job %s: %w: %s", job, err, w.said())
	}
	p.giveBack(w)
	if got.Error != "" {
		return errors.New(got.Error)
	}
	if err := json.Unmarshal(got.Out, out); err != nil {
		return fmt.Errorf("read the answer to the job %s: %w", job, err)
	}
	return nil
}

// Close ends the processes that do nothing, and whoever is busy when done.
func (p *Pool) Close() {
	p.mu.Lock()
	idle := p.idle
	p.idle, p.closed = nil, true
	p.mu.Unlock()
	for _, w := range idle {
		w.end()
	}
}

func (p *Pool) take() (*worker, error) {
	p.mu.Lock()
	if n := len(p.idle); n > 0 {
		w := p.idle[n-1]
		p.idle = p.idle[:n-1]
		p.mu.Unlock()
		return w, nil
	}
	p.mu.Unlock()
	return start(p.command)
}

func (p *Pool) giveBack(w *worker) {
	p.mu.Lock()
	closed := p.closed
	if !closed {
		p.idle = append(p.idle, w)
	}
	p.mu.Unlock()
	if closed {
		w.end()
	}
}

// worker is one process.
type worker struct {
	cmd *exec.Cmd
	in  io.WriteCloser
	out *bufio.Reader
	err bytes.Buffer
}

func start(command []string) (*worker, error) {
	w := &worker{cmd: exec.Command(command[0], command[1:]...)}
	w.cmd.Env = append(os.Environ(), Env+"=1")
	w.cmd.Stderr = &w.err
	w.cmd.WaitDelay = 5 * time.Second
	in, err := w.cmd.StdinPipe()
	if err != nil {
		return nil, fmt.Errorf("start %s: %w", command[0], err)
	}
	out, err := w.cmd.StdoutPipe()
	if err != nil {
		return nil, fmt.Errorf("start %s: %w", command[0], err)
	}
	if err := w.cmd.Start(); err != nil {
		return nil, fmt.Errorf("start %s: %w", command[0], err)
	}
	w.in, w.out = in, bufio.NewReader(out)
	return w, nil
}

// ask hands over a job and waits for its answer. After an error the process is
// of no more use.
func (w *worker) ask(ctx context.Context, line []byte) (a answer, err error) {
	stop := context.AfterFunc(ctx, func() { w.cmd.Process.Kill() }) // it may have ended by itself
	defer stop()
	if _, err := w.in.Write(line); err != nil {
		return a, err
	}
	got, err := w.out.ReadBytes('\n')
	if err != nil {
		return a, err
	}
	return a, json.Unmarshal(got, &a)
}

// end ends the process. It may have ended already.
func (w *worker) end() {
	w.in.Close()
	w.cmd.Process.Kill()
	w.cmd.Wait()
}

// said is the beginning of what the process had to say about its end.
func (w *worker) said() string {
	text := strings.TrimSpace(w.err.String())
	return text[:min(len(text), 600)]
}
