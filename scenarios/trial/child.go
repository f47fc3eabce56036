package trial

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
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

// Serve does the jobs that it reads, a line each, until there are no more, and
// ends the process.
func Serve(jobs map[string]Job) error {
	return virtual.Main("trials", func(t *testing.T) {
		if err := serve(t, jobs, os.Stdin, os.Stdout); err != nil {
			t.Fatal(err)
		}
	})
}

func serve(t *testing.T, jobs map[string]Job, in io.Reader, out io.Writer) error {
	lines := bufio.NewReader(in)
	for {
		line, err := lines.ReadBytes('\n')
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return fmt.Errorf("read a job: %w", err)
		}
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
