package command

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"runtime"
	"slices"
	"strings"
	"sync"

	"github.com/spf13/cobra"

	"eddy/scenarios"
)

// play plays scenarios without a browser.
func play(stdout io.Writer) *cobra.Command {
	var c scenarios.Config
	var asJSON, untouched, wrong, virtual bool
	var junit, journal string
	cmd := &cobra.Command{
		Use: "play NAME|FILE…", Short: "Play scenarios without a browser", Args: cobra.MinimumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if os.Getenv(envPlay) != "" {
				return scenarios.Child()
			}
			switch {
			case untouched && wrong:
				return UsageError{errors.New("--untouched and --wrong are two different proofs: give one of them")}
			case untouched:
				c.Mode = scenarios.Untouched
			case wrong:
				c.Mode = scenarios.Wrong
			}
			if c.Speed < 0.1 || c.Speed > 4 {
				return UsageError{fmt.Errorf("--speed is 0.1 to 4, not %g", c.Speed)}
			}
			toPlay, err := toPlay(args)
			if err != nil {
				return err
			}
			if journal != "" {
				f, err := os.Create(journal)
				if err != nil {
					return UsageError{fmt.Errorf("the journal: %w", err)}
				}
				defer f.Close()
				c.Journal = f
			}
			report := io.WriteCloser(nil)
			if junit != "" {
				if report, err = os.Create(junit); err != nil {
					return UsageError{fmt.Errorf("the JUnit report: %w", err)}
				}
			}
			run := scenarios.Run
			if virtual {
				if run, err = inVirtualTime(journal); err != nil {
					return err
				}
				for _, s := range toPlay {
					if why := scenarios.NeedsWallClock(s); why != "" && !asJSON {
						fmt.Fprintf(stdout, "%s  on the wall clock: %s\n", s.ID, why)
					}
				}
			}
			results, err := playAll(cmd.Context(), toPlay, c, run, asJSON, stdout)
			if report != nil {
				err = errors.Join(err, scenarios.WriteJUnit(report, results), report.Close())
			}
			return err
		},
	}
	f := cmd.Flags()
	f.BoolVar(&asJSON, "json", false, "an object a line, the last one for each scenario with the whole")
	f.StringVar(&junit, "junit", "", "a file for a JUnit report")
	f.StringVar(&journal, "journal", "", "a file for the journals, JSON lines")
	f.Float64Var(&c.Speed, "speed", 1, "speed of lab time, 0.1 to 4")
	f.Uint64Var(&c.Seed, "seed", 0, "instead of the scenario's own seed")
	f.BoolVar(&virtual, "virtual", false, "in virtual time, where that is possible: a play takes a moment")
	f.BoolVar(&untouched, "untouched", false, "leave each step's solution out: its goal must stay unmet")
	f.BoolVar(&wrong, "wrong", false, "do each step's wrong moves instead: its goal must stay unmet")
	return cmd
}

// toPlay finds scenarios by their id or their file.
func toPlay(args []string) (found []*scenarios.Scenario, err error) {
	var sources []*scenarios.Source
	for _, arg := range args {
		if i := slices.IndexFunc(scenarios.Bundled(), func(s *scenarios.Scenario) bool { return s.ID == arg }); i >= 0 {
			found = append(found, scenarios.Bundled()[i])
			continue
		}
		text, err := readText(arg)
		if err != nil {
			return nil, UsageError{fmt.Errorf("%q is neither a bundled scenario (eddy list) nor a file that can be read: %w", arg, err)}
		}
		source := scenarios.ReadSource(arg, text)
		sources, found = append(sources, source), append(found, source.Scenario)
	}
	scenarios.CheckNeeds(sources, scenarios.Bundled()...)
	var lines []string
	for _, s := range sources {
		lines = append(lines, problemLines(s.Name, s.Problems)...)
	}
	if len(lines) > 0 {
		return nil, UsageError{errors.New(strings.Join(lines, "\n"))}
	}
	return found, nil
}

// playAll plays scenarios, as many side by side as there are processors.
func playAll(ctx context.Context, all []*scenarios.Scenario, c scenarios.Config, run runFunc, asJSON bool, stdout io.Writer) ([]scenarios.Result, error) {
	results := make([]scenarios.Result, len(all))
	human, lines := scenarios.NewConsole(stdout), scenarios.NewJSONLines(stdout)
	places := make(chan struct{}, runtime.NumCPU())
	if c.Journal != nil {
		places = make(chan struct{}, 1) // one file: one after the other
	}
	var playing sync.WaitGroup
	var mu sync.Mutex
	var failed []string
	for i, s := range all {
		playing.Go(func() {
			places <- struct{}{}
			defer func() { <-places }()
			own := c
			own.Began, own.Ended = human.Began(s), human.Ended(s, c.Mode)
			if asJSON {
				own.Began, own.Ended = nil, lines.Ended
			}
			r, err := run(ctx, s, own)
			if err != nil {
				r.Passed, r.Error = false, err.Error()
			}
			results[i] = r
			if asJSON {
				lines.Summary(r)
			} else {
				human.Summary(s, r)
			}
			if !r.Passed {
				mu.Lock()
				failed = append(failed, s.ID)
				mu.Unlock()
			}
		})
	}
	playing.Wait()
	if len(failed) > 0 {
		slices.Sort(failed)
		return results, fmt.Errorf("not passed: %s", strings.Join(failed, ", "))
	}
	return results, nil
}
