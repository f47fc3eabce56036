package trial

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"sync"
	"time"

	"eddy/lab/virtual"
)

// Pool does jobs in processes of its own. Its methods may be called
// concurrently; there are as many processes as calls of Do at the same time.
type Pool struct {
	command []string
	limit   time.Duration

	mu     sync.Mutex
	idle   []*worker
	all    map[*worker]bool // those that have not ended
	closed bool
	doing  sync.WaitGroup // calls of Do
}

// ErrClosed says that a job ended, or did not begin, because the pool was closed.
var ErrClosed = errors.New("it is not tried any more: the pool was closed")

// ErrHangs says that a job took longer than it may. Time stands still in a
// bubble while somebody waits for a mutex.
var ErrHangs = errors.New("it cannot be tried in virtual time: it hangs")

// NewPool starts no process yet. The command is a program that calls Serve when
// Env is set; limit is the wall time that a job may take.
func NewPool(command []string, limit time.Duration) *Pool {
	return &Pool{command: command, limit: limit, all: map[*worker]bool{}}
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
	defer p.doing.Done()
	limit, cancel := context.WithTimeout(ctx, p.limit)
	defer cancel()
	got, err := w.ask(limit, append(line, '\n'))
	if err != nil {
		closed := p.drop(w)
		switch {
		case ctx.Err() != nil:
			return context.Cause(ctx)
		case closed:
			return ErrClosed
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

// Close ends every process, busy or not, and returns when they have ended.
func (p *Pool) Close() {
	p.mu.Lock()
	p.closed = true
	for w := range p.all {
		w.cmd.Process.Kill() // it may have ended by itself
	}
	p.mu.Unlock()
	p.doing.Wait() // each drops its own
	p.mu.Lock()
	idle := p.idle
	p.idle = nil
	p.mu.Unlock()
	for _, w := range idle {
		p.drop(w)
	}
}

// take finds an idle process or starts one. Unless it fails, p.doing counts the
// call.
func (p *Pool) take() (*worker, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.closed {
		return nil, ErrClosed
	}
	if n := len(p.idle); n > 0 {
		w := p.idle[n-1]
		p.idle = p.idle[:n-1]
		p.doing.Add(1)
		return w, nil
	}
	w, err := start(p.command)
	if err != nil {
		return nil, err
	}
	p.all[w] = true
	p.doing.Add(1)
	return w, nil
}

func (p *Pool) giveBack(w *worker) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.idle = append(p.idle, w) // where the pool was closed meanwhile, Close drops it
}

// drop ends a process, and tells whether the pool was closed.
func (p *Pool) drop(w *worker) (closed bool) {
	w.end()
	p.mu.Lock()
	defer p.mu.Unlock()
	delete(p.all, w)
	return p.closed
}

// worker is one process.
type worker struct {
	cmd *exec.Cmd
	in  io.WriteCloser
	out *bufio.Reader
	err virtual.Head
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
	text := w.err.String()
	return text[:min(len(text), 600)]
}
