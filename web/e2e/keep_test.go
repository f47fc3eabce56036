package e2e

import (
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"eddy/scenarios"
)

// What was clicked in the free lab is saved as a scenario, and the program that
// made it checks and plays it.
func TestWhatWasClickedIsSavedAsAScenario(t *testing.T) {
	p := serve(t, 3)
	v := browse(t, p, "/lab/free", wide, high)
	v.live()
	v.click("#again-open")
	v.click("#keep")
	v.until(`/Nothing was done in this lab yet/.test(document.querySelector('#again .keep .refused').innerText)`)
	ask[any](v, `document.querySelector('#again').close()`)

	v.click("#place")
	v.until(`window.__lab.board().counts.completed === 1`)
	v.click("#again-open")
	v.click("#keep")
	v.until(`document.querySelector('#keep-form') !== null`)
	require.Contains(t, ask[string](v, `document.querySelector('#keep-form').innerText`), "order A is COMPLETED")
	ask[any](v, `(() => {
		const title = document.querySelector('#keep-form [name=title]');
		title.value = 'Mine, by clicking';
		title.dispatchEvent(new Event('input', { bubbles: true }));
	})()`)
	assert.Equal(t, "mine-by-clicking", ask[string](v, `document.querySelector('#keep-form [name=id]').value`))
	v.click("#keep-form .btn.go")
	v.until(`/mine-by-clicking.yaml is saved/.test(document.querySelector('#keep-form .after')?.innerText)`)

	// The file that the browser was given.
	resp, err := http.Get(p.URL + "/api/labs/" + v.labID() + "/scenario?" + url.Values{"id": {"mine-by-clicking"}, "title": {"Mine, by clicking"}}.Encode())
	require.NoError(t, err)
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	require.NoError(t, err)
	require.Equal(t, http.StatusOK, resp.StatusCode, "%s", text)
	assert.Equal(t, `attachment; filename="mine-by-clicking.yaml"`, resp.Header.Get("Content-Disposition"))
	s, problems := scenarios.Parse("mine-by-clicking", text)
	require.Empty(t, problems)
	assert.Equal(t, "Mine, by clicking", s.Title)
	file := filepath.Join(t.TempDir(), "mine-by-clicking.yaml")
	require.NoError(t, os.WriteFile(file, text, 0o600))
	for _, args := range [][]string{{"check", file}, {"play", file}, {"play", "--untouched", file}} {
		out, err := exec.Command(p.cmd.Path, args...).CombinedOutput()
		assert.NoError(t, err, "eddy %s: %s", args, out)
	}
	v.quiet()
}

// The search tells how far it is, can be cancelled, and hands over what it found.
func TestTheSmallestFaultIsSearchedForAndHandedOver(t *testing.T) {
	p := serve(t, 3)
	v := browse(t, p, "/author/smallest", wide, high)
	ask[any](v, `document.querySelector('[name=tries]').value = 2000`)
	ask[any](v, `document.querySelector('[value=no-oversell]').checked = true`)
	v.click("#search")
	v.until(`/^[1-9]\d* of 2000 tries/.test(document.querySelector('#count').innerText)`)
	v.click("#cancel")
	v.until(`/cancelled/.test(document.querySelector('#refused').innerText) && !document.querySelector('#search').hidden`)

	ask[any](v, `document.querySelector('[name=tries]').value = 30`)
	ask[any](v, `document.querySelector('[value=no-double-charge]').checked = true`)
	require.Eventually(t, func() bool {
		// The search that was cancelled may take a moment to end.
		return ask[bool](v, `(() => {
			const found = document.querySelector('#answer h2');
			if (!found && document.querySelector('#running').hidden) document.querySelector('#ask').requestSubmit();
			return found !== null && /actions break no-double-charge/.test(found.innerText);
		})()`)
	}, 80*time.Second, 200*time.Millisecond)
	said := ask[string](v, `document.querySelector('#answer').innerText`)
	assert.Contains(t, said, "With payment.idempotent: true none of 30 tries broke it.")
	assert.Contains(t, said, "order A was charged 2 times")
	// The studio takes it over, and keeps what was there before in its undo.
	ask[any](v, `document.querySelector('#answer .btn.go').click()`)
	v.until(`location.pathname === '/author' && document.querySelector('#studio')?.dataset.ready !== undefined && !document.querySelector('#undo').disabled`)
	v.until(`localStorage.getItem('eddy.author')?.includes('smallest-no-double-charge')`)
	text := ask[string](v, `localStorage.getItem('eddy.author')`)
	_, problems := scenarios.Parse("smallest-no-double-charge", []byte(text))
	require.Empty(t, problems)
	assert.True(t, strings.Contains(text, "duplicate: {event: OrderCreated, order: A}"))
}

// The same in a terminal.
func TestTheSmallestFaultInATerminal(t *testing.T) {
	out, err := exec.Command(binary, "smallest", "--invariant", "nothing-lost", "--set", "order.outbox=false", "--tries", "24", "--json").Output()
	require.NoError(t, err)
	lines := strings.Split(strings.TrimSpace(string(out)), "\n")
	assert.Contains(t, lines[0], `{"progress":{"tries":24,"of":24,`)
	var answer struct {
		Found   bool
		Actions []string
		Words   string
	}
	require.NoError(t, json.Unmarshal([]byte(lines[len(lines)-1]), &answer))
	assert.True(t, answer.Found)
	assert.Equal(t, "crash: {service: order, at: after_write}", answer.Actions[0])
	assert.Contains(t, answer.Words, "With order.outbox: true none of 24 tries broke it.")

	for _, args := range [][]string{{"--invariant", "nope"}, {}, {"--invariant", "no-oversell", "--set", "payment.idempotnt=false"}, {"--invariant", "no-oversell", "--set", "x"}, {"--invariant", "no-oversell", "--lab", "{"}} {
		said, err := exec.Command(binary, append([]string{"smallest"}, args...)...).CombinedOutput()
		var exit *exec.ExitError
		require.ErrorAs(t, err, &exit, "%v: %s", args, said)
		assert.Equal(t, 2, exit.ExitCode(), "%v: %s", args, said)
	}
}
