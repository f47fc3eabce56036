// Package command is what the program does beside serving: play, check, list,
// schema, grade, convert, smallest.
//
// Guarantees:
//
//   - A call that can never work as it stands, because of a flag, a name or a
//     file, fails with a UsageError before anything is done.
//   - What is asked for goes to the writer that All was given, and nothing else
//     does.
//   - The processes that are started for virtual time are this same program; none
//     outlives the command.
package command

import (
	"io"

	"github.com/spf13/cobra"
)

// All is every command.
func All(stdout io.Writer) []*cobra.Command {
	return []*cobra.Command{play(stdout), check(stdout), list(stdout), schema(stdout), grade(stdout), convert(stdout), smallestFault(stdout), trials()}
}
