package e2e

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// command runs the program to its end and returns what it printed and its exit
// code.
func command(t *testing.T, args ...string) (string, int) {
	t.Helper()
	out, err := exec.Command(binary, args...).CombinedOutput()
	var exit *exec.ExitError
	if errors.As(err, &exit) {
		return string(out), exit.ExitCode()
	}
	require.NoError(t, err, "%s", out)
	return string(out), 0
}

// Warnings are printed after the errors, and count with --strict alone.
func TestCheckLint(t *testing.T) {
	text, err := os.ReadFile(filepath.Join("..", "..", "scenarios", "library", "first-order.yaml"))
	require.NoError(t, err)
	dir := t.TempDir()
	write := func(changed string) string {
		file := filepath.Join(dir, "first-order.yaml")
		require.NoError(t, os.WriteFile(file, []byte(changed), 0o600))
		return file
	}
	sound := write(string(text))
	out, code := command(t, "check", "--strict", "--lint-seeds", "2", sound)
	assert.Zero(t, code, out)
	assert.Contains(t, out, "no problems")

	// A goal that is met as the step opens is found by playing alone.
	weak := write(strings.Replace(string(text), `goal: 'service("payment").instances == 0 && lag("payment", "orders") > 0 && any(orders, .status == "CREATED")'`, `goal: len(orders) > 0`, 1))
	out, code = command(t, "check", weak)
	assert.Zero(t, code, out)
	assert.NotContains(t, out, "warning")
	out, code = command(t, "check", "--lint", "--lint-seeds", "0", weak)
	assert.Zero(t, code, "warnings are no errors")
	assert.Regexp(t, `first-order.yaml:\d+:11: warning: the goal of the step "sleeping" is met as it opens.*\(goal-already-met\)`, out)
	_, code = command(t, "check", "--strict", "--lint-seeds", "0", weak)
	assert.Equal(t, 1, code)

	broken := write("title: x\n" + string(text))
	out, code = command(t, "check", "--lint", broken)
	assert.Equal(t, 1, code)
	assert.NotContains(t, out, "warning", "what has errors is not played")
}

// In virtual time a scenario of a minute takes a moment, and is played just as
// thoroughly.
func TestPlayVirtual(t *testing.T) {
	for _, mode := range []string{"--virtual", "--untouched", "--wrong"} {
		out, code := command(t, "play", "--virtual", mode, "first-order")
		assert.Zero(t, code, out)
		assert.Contains(t, out, "first-order  passed")
	}
	journal := filepath.Join(t.TempDir(), "journal.jsonl")
	out, code := command(t, "play", "--virtual", "--json", "--journal", journal, "first-order")
	assert.Zero(t, code, out)
	lines := strings.Split(strings.TrimSpace(out), "\n")
	assert.Len(t, lines, 4, "a line a step, and the whole")
	assert.Contains(t, lines[3], `"passed":true`)
	written, err := os.ReadFile(journal)
	require.NoError(t, err)
	assert.Contains(t, string(written), `"event_type":"NotificationSent"`)
}
