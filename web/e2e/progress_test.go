package e2e

import (
	"fmt"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"eddy/scenarios"
)

// kill ends the program as a power cut would: it is not asked.
func (p *program) kill() {
	p.t.Helper()
	require.NoError(p.t, p.cmd.Process.Signal(syscall.SIGKILL))
	_ = p.cmd.Wait()
}

// A learner goes on at the same step after a reload, in another tab, and after
// the program was killed and started again.
func TestProgressOutlivesReloadAndKill(t *testing.T) {
	data := filepath.Join(t.TempDir(), "data")
	p := serve(t, 3, "--data", data)
	v := browse(t, p, "/lab/first-order", wide, high)
	v.live()
	l := &learner{page: v, p: p, s: bundled(t, "first-order")}
	l.step(0)
	l.phase(1, scenarios.Predicting)
	l.onPage("p")
	l.choose(l.s.Steps[1].Predict.Answer)
	l.tabTo("[data-part=predict] [name=sure]")
	l.choose(0)
	l.tabTo("[data-part=predict] [type=submit]")
	l.press("\r")
	l.phase(1, scenarios.Doing)
	first := v.labID()

	v.do(chromedp.Reload())
	v.live()
	l.phase(1, scenarios.Doing)
	assert.Equal(t, first, v.labID(), "the same lab after a reload")
	v.do(chromedp.Navigate(p.URL + "/lab/first-order"))
	v.live()
	l.phase(1, scenarios.Doing)
	assert.Equal(t, first, v.labID(), "and in another tab")

	addr := p.URL[len("http://"):]
	p.kill()
	again := serve(t, 3, "--data", data, "--addr", addr)
	l.p = again
	// The page that is still open finds its way by itself.
	v.until(fmt.Sprintf("location.pathname.startsWith('/lab/~') && !location.pathname.endsWith(%q)", first))
	v.live()
	l.phase(1, scenarios.Doing)
	assert.True(t, ask[bool](v, "document.querySelector('[data-part=predict] .said').textContent.length > 3"), "the prediction is still locked")
	assert.Equal(t, "COMPLETED", again.eval(v.labID(), `order("A").status`), "the lab is where the step begins")
	for _, a := range l.s.Steps[1].Solution {
		l.acts(a.Action)
	}
	l.phase(1, scenarios.Observing)

	// Killed while a question is open about the moment at which the lab stands.
	again.kill()
	third := serve(t, 3, "--data", data, "--addr", addr)
	l.p = third
	second := v.labID()
	v.until(fmt.Sprintf("location.pathname.startsWith('/lab/~') && !location.pathname.endsWith(%q)", second))
	v.live()
	l.phase(1, scenarios.Observing)
	v.until("window.__lab.board().state === 'frozen'")
	assert.Equal(t, true, third.eval(v.labID(), l.s.Steps[1].Goal), "the goal is met there, too")
}

// The goal of a step is noticed at once, and a step is begun anew at once.
func TestGoalAndRestartAreNoticedAtOnce(t *testing.T) {
	p := serve(t, 3)
	v := browse(t, p, "/lab/first-order", wide, high)
	v.live()
	l := &learner{page: v, p: p, s: bundled(t, "first-order")}
	l.step(0)
	l.step(1)
	last := l.s.Steps[2]
	l.phase(2, scenarios.Predicting)
	l.onPage("p")
	l.choose(last.Predict.Answer)
	l.tabTo("[data-part=predict] [name=sure]")
	l.choose(0)
	l.tabTo("[data-part=predict] [type=submit]")
	l.press("\r")
	l.phase(2, scenarios.Doing)

	for round := range 2 {
		lab := v.labID()
		for _, a := range last.Solution {
			l.acts(a.Action)
		}
		require.Eventually(t, func() bool { return p.eval(lab, last.Goal) == true }, 20*time.Second, 20*time.Millisecond)
		became := time.Now()
		met := scenarios.Explaining
		if last.Observe != nil {
			met = scenarios.Observing
		}
		l.phase(2, met)
		noticed := time.Since(became)
		t.Logf("round %d: the page shows that the goal is met %v after it became true", round+1, noticed.Round(time.Millisecond))
		assert.Less(t, noticed, time.Second*slack)

		began := time.Now()
		l.tabTo("#restart-step")
		pressed := time.Now()
		l.press("\r")
		v.until(fmt.Sprintf("location.pathname.startsWith('/lab/~') && !location.pathname.endsWith(%q)", lab))
		v.live()
		l.phase(2, scenarios.Doing)
		took := time.Since(pressed)
		t.Logf("round %d: the step begins anew %v after Restart was pressed (found by Tab in %v)", round+1, took.Round(time.Millisecond), pressed.Sub(began).Round(time.Millisecond))
		assert.Less(t, took, 2*time.Second*slack)
		assert.Equal(t, false, p.eval(v.labID(), last.Goal), "as it stood when the step began")
		assert.True(t, ask[bool](v, "document.querySelector('[data-part=predict] .said').textContent.length > 3"), "the prediction stays")
	}
	v.quiet()
}

// slack is how much slower than promised a busy machine may be.
const slack = 4
