package command

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"eddy/quiz"
	"eddy/scenarios"
)

// grade grades answers offline.
func grade(stdout io.Writer) *cobra.Command {
	var format string
	cmd := &cobra.Command{
		Use: "grade QUIZ ANSWERS.json", Short: "Grade answers offline", Args: cobra.ExactArgs(2),
		RunE: func(cmd *cobra.Command, args []string) error {
			if format != "json" && format != "csv" {
				return UsageError{fmt.Errorf("--format is json or csv, not %q", format)}
			}
			q, err := findQuiz(args[0])
			if err != nil {
				return UsageError{err}
			}
			text, err := os.ReadFile(args[1])
			if err != nil {
				return UsageError{fmt.Errorf("read the answers: %w", err)}
			}
			answers, isList, err := quiz.ReadAnswers(text)
			if err != nil {
				return UsageError{fmt.Errorf("%s: %w", args[1], err)}
			}
			results := []quiz.Result{}
			library, err := scenarios.NewLibrary("")
			if err != nil {
				return err
			}
			judge := quiz.Remembering(quiz.Labs{Scenario: library.Settings})
			for _, a := range answers {
				r, err := q.Grade(cmd.Context(), a, judge)
				if err != nil {
					return UsageError{fmt.Errorf("%s: %w", args[1], err)}
				}
				results = append(results, r)
			}
			if format == "csv" {
				return quiz.WriteCSV(stdout, q, results)
			}
			out := json.NewEncoder(stdout)
			out.SetIndent("", "  ")
			if !isList {
				return out.Encode(results[0])
			}
			return out.Encode(results)
		},
	}
	cmd.Flags().StringVar(&format, "format", "json", "json or csv")
	return cmd
}

// findQuiz finds a quiz by its id or its file.
func findQuiz(name string) (*quiz.Quiz, error) {
	for _, q := range quiz.Bundled() {
		if q.ID == name {
			return q, nil
		}
	}
	text, err := readText(name)
	if err != nil {
		return nil, fmt.Errorf("%q is neither a bundled quiz (eddy list quizzes) nor a file that can be read: %w", name, err)
	}
	source := quiz.ReadSource(name, text)
	if len(source.Problems) > 0 {
		return nil, errors.New(strings.Join(problemLines(name, source.Problems), "\n"))
	}
	return source.Quiz, nil
}
