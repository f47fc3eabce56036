package command

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"runtime"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"eddy/lab"
	"eddy/scenarios"
	"eddy/scenarios/smallest"
	"eddy/scenarios/trial"
)

// TrialCommand is how this program is started again to try things in virtual
// time.
func TrialCommand() ([]string, error) {
	self, err := Self()
	return []string{self, "trial"}, err
}

// trialLimit is the wall time that one job of a few tries may take.
const trialLimit = 30 * time.Second

// trials is that other process.
func trials() *cobra.Command {
	return &cobra.Command{
		Use: "trial", Hidden: true, Args: cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			if os.Getenv(trial.Env) == "" {
				return UsageError{errors.New("trial is what Eddy starts by itself, to try things in virtual time")}
			}
			return trial.Serve(map[string]trial.Job{smallest.TryJob: smallest.Try, scenarios.RehearseJob: scenarios.Rehearsed})
		},
	}
}

// smallestFault searches for the fewest actions that break a promise.
func smallestFault(stdout io.Writer) *cobra.Command {
	q := smallest.Question{Jobs: runtime.NumCPU()}
	var settings string
	var set []string
	var asJSON bool
	cmd := &cobra.Command{
		Use: "smallest --invariant ID", Short: "Search for the fewest actions that break a promise: why is a pattern needed?", Args: cobra.NoArgs,
		Example: "  eddy smallest --invariant no-double-charge --set payment.idempotent=false",
		RunE: func(cmd *cobra.Command, _ []string) (err error) {
			if q.Lab, err = smallest.Settings([]byte(settings), set); err != nil {
				return UsageError{err}
			}
			command, err := TrialCommand()
			if err != nil {
				return err
			}
			pool := trial.NewPool(command, trialLimit)
			defer pool.Close()
			tell := func(p smallest.Progress) { fmt.Fprintf(stdout, "%4d of %d tries: %s\n", p.Tries, p.Of, p.Text) }
			out := json.NewEncoder(stdout)
			if asJSON {
				tell = func(p smallest.Progress) { out.Encode(map[string]any{"progress": p}) }
			}
			a, err := smallest.Search(cmd.Context(), q, pool, tell)
			var refused *lab.Error
			if errors.As(err, &refused) && refused.Code == lab.Invalid {
				return UsageError{err}
			}
			if err != nil {
				return err
			}
			if asJSON {
				return out.Encode(a)
			}
			tellAnswer(stdout, a)
			return nil
		},
	}
	f := cmd.Flags()
	f.StringVar(&q.Invariant, "invariant", "", "the promise: "+strings.Join(smallest.Invariants(), ", "))
	f.StringVar(&settings, "lab", "", "settings of the lab, JSON as POST /api/labs takes them")
	f.StringArrayVar(&set, "set", nil, "a setting, such as payment.idempotent=false or key=none; may be given more than once")
	f.IntVar(&q.Tries, "tries", 400, "tries at most")
	f.DurationVar(&q.Time, "time", 2*time.Minute, "time at most")
	f.Uint64Var(&q.Seed, "seed", 1, "decides what is tried at once, from two faults on")
	f.BoolVar(&asJSON, "json", false, "an object a line, the last one the answer")
	return cmd
}

func tellAnswer(out io.Writer, a smallest.Answer) {
	fmt.Fprintf(out, "\n%s\n", a.Words)
	if !a.Found {
		return
	}
	fmt.Fprintln(out)
	for i, line := range a.Actions {
		fmt.Fprintf(out, "  %d. %s\n", i+1, line)
	}
	for _, e := range a.Evidence {
		fmt.Fprintf(out, "     %6.2f s  %s\n", float64(e.At)/1000, e.Text)
	}
	if len(a.Also) > 0 {
		fmt.Fprintf(out, "\nBroken every time, too, by\n  %s\n", strings.Join(a.Also, "\n  "))
	}
	fmt.Fprintf(out, "\n%s\n", a.Solution)
}
