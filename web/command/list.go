package command

import (
	"encoding/json"
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"eddy/content"
	"eddy/quiz"
	"eddy/scenarios"
)

// list lists what is bundled.
func list(stdout io.Writer) *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use: "list [scenarios|quizzes|lessons]", Short: "List what is bundled", Args: cobra.MaximumNArgs(1), ValidArgs: []string{"scenarios", "quizzes", "lessons"},
		RunE: func(_ *cobra.Command, args []string) error {
			what := "scenarios"
			if len(args) > 0 {
				what = args[0]
			}
			items, lines := []any{}, []string{}
			switch what {
			case "scenarios":
				for _, s := range scenarios.Bundled() {
					items = append(items, s.Outline())
					lines = append(lines, fmt.Sprintf("%-26s level %d  %3d min  %s", s.ID, s.Level, s.Minutes, s.Title))
				}
			case "quizzes":
				for _, q := range quiz.Bundled() {
					items = append(items, q.Outline())
					lines = append(lines, fmt.Sprintf("%-26s %3d questions  %s", q.ID, len(q.Questions), q.Title))
				}
			case "lessons":
				for _, l := range content.Bundled().Lessons {
					items = append(items, l.Outline())
					lines = append(lines, fmt.Sprintf("%-26s %3d min  %s", l.ID, l.Minutes, l.Title))
				}
			default:
				return UsageError{fmt.Errorf("there are no %q: list takes scenarios, quizzes or lessons", what)}
			}
			if asJSON {
				out := json.NewEncoder(stdout)
				out.SetIndent("", "  ")
				return out.Encode(items)
			}
			for _, line := range lines {
				fmt.Fprintln(stdout, line)
			}
			return nil
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "an array of objects")
	return cmd
}
