package command

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"eddy/scenarios"
)

// envPlay is set for the child that plays a scenario in virtual time.
const envPlay = "EDDY_PLAY_CHILD"

// Self is this same program, to be started again: virtual time takes a process of
// its own.
func Self() (string, error) {
	self, err := os.Executable()
	if err != nil {
		return "", fmt.Errorf("find this program, to start it again: %w", err)
	}
	return self, nil
}

// NewProver plays scenarios in children that are this same program.
func NewProver() (*scenarios.Prover, error) {
	self, err := Self()
	if err != nil {
		return nil, err
	}
	return scenarios.NewProver([]string{self, "play", "-"}, envPlay+"=1"), nil
}

// runFunc plays a scenario, as scenarios.Run does.
type runFunc func(context.Context, *scenarios.Scenario, scenarios.Config) (scenarios.Result, error)

// inVirtualTime is scenarios.Run in virtual time, where that is possible.
func inVirtualTime(journal string) (runFunc, error) {
	prover, err := NewProver()
	if err != nil {
		return nil, err
	}
	return func(ctx context.Context, s *scenarios.Scenario, c scenarios.Config) (scenarios.Result, error) {
		return prover.Run(ctx, s, c, journal)
	}, nil
}

// check validates files.
func check(stdout io.Writer) *cobra.Command {
	var lint, strict bool
	var seeds int
	cmd := &cobra.Command{
		Use: "check FILE|DIR…", Short: "Validate scenario, quiz and lesson files", Args: cobra.MinimumNArgs(1),
		Long: "Validate scenario, quiz and lesson files.\n\nWith --lint, what is warned of:\n" + rules(),
		RunE: func(cmd *cobra.Command, args []string) error {
			if seeds < 0 || seeds > scenarios.MaxSeeds {
				return UsageError{fmt.Errorf("--lint-seeds is 0 to %d, not %d", scenarios.MaxSeeds, seeds)}
			}
			read, err := readFiles(args)
			if err != nil {
				return err
			}
			sources, problems := read.scenarios, read.check()
			for _, line := range problems {
				fmt.Fprintln(stdout, line)
			}
			warnings := 0
			if lint || strict {
				if warnings, err = lintSources(cmd.Context(), sources, seeds, stdout); err != nil {
					return err
				}
			}
			switch {
			case len(problems) > 0:
				return fmt.Errorf("%d problems in %d files", len(problems), read.count)
			case strict && warnings > 0:
				return fmt.Errorf("%d warnings in %d files", warnings, read.count)
			case warnings > 0:
				fmt.Fprintf(stdout, "%d files, no problems, %d warnings\n", read.count, warnings)
			default:
				fmt.Fprintf(stdout, "%d files, no problems\n", read.count)
			}
			return nil
		},
	}
	f := cmd.Flags()
	f.BoolVar(&lint, "lint", false, "warn of what can be played and teaches badly; plays scenarios in virtual time for that")
	f.BoolVar(&strict, "strict", false, "like --lint, and a warning is an error")
	f.IntVar(&seeds, "lint-seeds", 20, fmt.Sprintf("lint: other seeds to play each scenario with, 0 to %d", scenarios.MaxSeeds))
	return cmd
}

// rules is a line for each rule of the linter.
func rules() string {
	var text strings.Builder
	for _, name := range slices.Sorted(maps.Keys(scenarios.Rules)) {
		fmt.Fprintf(&text, "  %-18s %s\n", name, scenarios.Rules[name])
	}
	return text.String()
}

// lintSources prints what the linter finds in the files that have no problems,
// a line each, and returns how many lines there were.
func lintSources(ctx context.Context, sources []*scenarios.Source, seeds int, stdout io.Writer) (warnings int, err error) {
	prover, err := NewProver()
	if err != nil {
		return 0, err
	}
	for _, src := range sources {
		if len(src.Problems) > 0 {
			continue
		}
		found := scenarios.Lint(src.Scenario)
		proof, err := prover.Prove(ctx, src.Scenario, seeds, nil)
		if err != nil {
			return warnings, errors.Join(err, context.Cause(ctx))
		}
		for _, f := range append(found, proof.Warnings...) {
			fmt.Fprintf(stdout, "%s:%d:%d: warning: %s (%s)\n", src.Name, f.Line, f.Column, f.Message, f.Rule)
			warnings++
		}
	}
	return warnings, nil
}
