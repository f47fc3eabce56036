package scenarios

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"sync"
	"testing"
	"testing/synctest"

	"eddy/lab/virtual"
)

// job is what one child process plays: one way, once for each seed.
type job struct {
	Text    string   `json:"text"` // of the scenario's file
	Mode    Mode     `json:"mode"`
	Step    string   `json:"step,omitempty"`
	Seeds   []uint64 `json:"seeds"` // 0 is the scenario's own
	Speed   float64  `json:"speed,omitempty"`
	Wall    bool     `json:"wall,omitempty"`    // on the wall clock, not in virtual time
	Journal string   `json:"journal,omitempty"` // a file that the journals are added to
}

// line is what a child says, a line each.
type line struct {
	Seed   uint64      `json:"seed,omitempty"`
	Began  *Beginning  `json:"began,omitempty"`
	Ended  *StepResult `json:"ended,omitempty"`
	Result *Result     `json:"result,omitempty"`
	Error  string      `json:"error,omitempty"` // why the child gives up
}

// Beginning is a step that begins to be played.
type Beginning struct {
	Step int    `json:"step"` // from 0
	Of   int    `json:"of"`
	ID   string `json:"id"`
	What string `json:"what,omitempty"` // untouched, wrong moves 2
}

// Child plays the job on standard input, tells how it goes in JSON lines on
// standard output, and ends the process. It ends it too when standard input
// ends, so that no child outlives whoever started it.
func Child() error {
	var j job
	if err := json.Unmarshal(<-virtual.Lines(os.Stdin), &j); err != nil {
		return fmt.Errorf("read what is to be played: %w", err)
	}
	s, problems := Parse("", []byte(j.Text))
	if len(problems) > 0 {
		return fmt.Errorf("the scenario cannot be played: %w", problems[0])
	}
	out := newTeller(os.Stdout)
	os.Stdout = os.Stderr // what a test prints is not for whoever reads the lines
	virtual.BoundMemory(func(why string) { out.tell(line{Error: why}) })

	if j.Wall {
		for _, seed := range j.Seeds {
			if err := j.play(context.Background(), s, seed, out); err != nil {
				return err
			}
		}
		os.Exit(0)
	}
	return virtual.Main(s.ID, func(t *testing.T) {
		for _, seed := range j.Seeds {
			t.Run(fmt.Sprintf("seed %d", seed), func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					if err := j.play(t.Context(), s, seed, out); err != nil {
						t.Fatal(err)
					}
				})
			})
		}
	})
}

// play plays the scenario once.
func (j job) play(ctx context.Context, s *Scenario, seed uint64, out *teller) error {
	c := Config{Mode: j.Mode, Step: j.Step, Seed: seed, Speed: j.Speed}
	c.Began = func(step int, what string) {
		out.tell(line{Seed: seed, Began: &Beginning{Step: step, Of: len(s.Steps), ID: s.Steps[step].ID, What: what}})
	}
	c.Ended = func(r StepResult) { out.tell(line{Seed: seed, Ended: &r}) }
	if j.Journal != "" {
		f, err := os.OpenFile(j.Journal, os.O_APPEND|os.O_WRONLY|os.O_CREATE, 0o644)
		if err != nil {
			return fmt.Errorf("open the journal's file: %w", err)
		}
		defer f.Close()
		c.Journal = f
	}
	r, err := Run(ctx, s, c)
	if err != nil {
		return err
	}
	out.tell(line{Seed: seed, Result: &r})
	return nil
}

// teller writes lines. It is safe for concurrent use.
type teller struct {
	mu  sync.Mutex
	enc *json.Encoder
}

func newTeller(out io.Writer) *teller { return &teller{enc: json.NewEncoder(out)} }

func (t *teller) tell(l line) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.enc.Encode(l) // plain values; whoever does not read any more ends this process
}
