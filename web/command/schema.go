package command

import (
	"encoding/json"
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"eddy/quiz"
	"eddy/scenarios"
)

// schema prints the JSON Schema of a kind of file.
func schema(stdout io.Writer) *cobra.Command {
	return &cobra.Command{
		Use: "schema scenario|quiz", Short: "Print a JSON Schema for editors", Args: cobra.ExactArgs(1), ValidArgs: []string{"scenario", "quiz"},
		RunE: func(_ *cobra.Command, args []string) error {
			of, ok := map[string]func() map[string]any{"scenario": scenarios.Schema, "quiz": quiz.Schema}[args[0]]
			if !ok {
				return UsageError{fmt.Errorf("there is no schema %q: there are scenario and quiz", args[0])}
			}
			out := json.NewEncoder(stdout)
			out.SetIndent("", "  ")
			return out.Encode(of())
		},
	}
}
