package command

import (
	"bytes"
	"testing"

	"github.com/spf13/cobra"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// A call that can never work does nothing before it says so.
func TestACallThatCannotWorkDoesNothing(t *testing.T) {
	for _, args := range [][]string{
		{"play", "--junit", "/nonexistent/x.xml", "--virtual", "first-order"},
		{"play", "--journal", "/nonexistent/x.jsonl", "first-order"},
		{"check", "--strict", "--lint-seeds", "51", "../../scenarios/library/first-order.yaml"},
		{"check", "--lint-seeds", "-1", "../../scenarios/library/first-order.yaml"},
	} {
		var out bytes.Buffer
		root := &cobra.Command{Use: "eddy", SilenceErrors: true, SilenceUsage: true}
		root.AddCommand(All(&out)...)
		root.SetArgs(args)
		err := root.ExecuteContext(t.Context())
		var usage UsageError
		require.ErrorAs(t, err, &usage, "%v", args)
		assert.Empty(t, out.String(), "%v", args)
	}
}
