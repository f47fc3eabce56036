package command

import (
	"fmt"
	"io"
	"os"

	"github.com/spf13/cobra"

	"eddy/quiz"
)

// convert turns a quiz into another program's format, or back.
func convert(stdout io.Writer) *cobra.Command {
	var to, from, id, title string
	cmd := &cobra.Command{
		Use: "convert QUIZ|FILE", Short: "Write a quiz as GIFT or QTI, or read one", Args: cobra.ExactArgs(1),
		RunE: func(_ *cobra.Command, args []string) error {
			var q *quiz.Quiz
			var lost []quiz.Lost
			if from != "" {
				text, err := os.ReadFile(args[0])
				if err != nil {
					return UsageError{err}
				}
				if q, lost, err = quiz.Import(quiz.Format(from), id, title, text); err != nil {
					return UsageError{fmt.Errorf("%s: %w", args[0], err)}
				}
			} else {
				var err error
				if q, err = findQuiz(args[0]); err != nil {
					return UsageError{err}
				}
			}
			more, err := q.Export(stdout, quiz.Format(to))
			if err != nil {
				return UsageError{err}
			}
			for _, l := range append(lost, more...) {
				fmt.Fprintf(os.Stderr, "not carried over: %s: %s\n", l.Question, l.What)
			}
			return nil
		},
	}
	cmd.Flags().StringVar(&to, "to", "yaml", "yaml, gift or qti")
	cmd.Flags().StringVar(&from, "from", "", "gift or qti: the file is of another program")
	cmd.Flags().StringVar(&id, "id", "imported", "id of the quiz that is read")
	cmd.Flags().StringVar(&title, "title", "", "its title")
	return cmd
}
