package trial

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"testing"
	"testing/synctest"

	"eddy/lab/virtual"
)

// Env is set in the environment of the processes that a Pool starts.
const Env = "EDDY_TRIAL"

// Job does one thing in virtual time. What it returns is written as JSON.
type Job func(ctx context.Context, in json.RawMessage) (any, error)

type request struct {
	Job string          `json:"job"`
	In  json.RawMessage `json:"in"`
}

type answer struct {
	Out   json.RawMessage `json:"out,omitempty"`
	Error string          `json:"error,omitempty"`
}

// Serve does the jobs that it reads, a line each. The process ends with its
// standard input, in the midst of a job too: nobody waits for the answer.
func Serve(jobs map[string]Job) error {
	lines := virtual.Lines(os.Stdin)
	virtual.BoundMemory(func(why string) { fmt.Fprintln(os.Stderr, why) })
	return virtual.Main("trials", func(t *testing.T) {
		if err := serve(t, jobs, lines, os.Stdout); err != nil {
			t.Fatal(err)
		}
	})
}

func serve(t *testing.T, jobs map[string]Job, lines <-chan []byte, out io.Writer) error {
	for line := range lines {
		var r request
		if err := json.Unmarshal(line, &r); err != nil {
			return fmt.Errorf("read a job: %w", err)
		}
		var a answer
		synctest.Test(t, func(t *testing.T) { a = do(t.Context(), jobs, r) })
		if err := json.NewEncoder(out).Encode(a); err != nil {
			return fmt.Errorf("answer a job: %w", err)
		}
	}
	return nil
}

func do(ctx context.Context, jobs map[string]Job, r request) (a answer) {
	job, ok := jobs[r.Job]
	if !ok {
		return answer{Error: fmt.Sprintf("there is no job %q", r.Job)}
	}
	out, err := job(ctx, r.In)
	if err == nil {
		a.Out, err = json.Marshal(out)
	}
	if err != nil {
		a.Error = err.Error()
	}
	return a
}
