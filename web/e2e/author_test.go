package e2e

import (
	"strings"
	"testing"

	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// ctrl presses a key together with Ctrl.
func (v *page) ctrl(key string) {
	v.t.Helper()
	v.do(chromedp.KeyEvent(key, chromedp.KeyModifiers(chromedp.ModifierCtrl)))
}

// studio opens the author studio with a scenario of the library.
func studio(t *testing.T, p *program, scenario string) *page {
	t.Helper()
	v := browse(t, p, "/author", wide, high)
	v.until(`document.querySelector('#studio[data-ready]')`)
	v.do(chromedp.Focus("#new"), chromedp.KeyEvent(kb.Enter))
	v.until(`document.querySelector('#begin').open`)
	v.do(chromedp.Focus(`[data-bundled="`+scenario+`"]`), chromedp.KeyEvent(kb.Enter))
	v.until(`!document.querySelector('#begin').open && document.activeElement.closest('.cm-editor')`)
	return v
}

const checkedClean = `document.querySelector('#found-title').textContent.startsWith('No errors')`

// seek puts the cursor behind a text of the file.
func (v *page) seek(text string) {
	v.t.Helper()
	v.ctrl("f")
	v.until(`document.activeElement.name === 'search'`)
	v.do(chromedp.KeyEvent(text), chromedp.KeyEvent(kb.Enter), chromedp.KeyEvent(kb.Escape))
	v.until(`document.activeElement.classList.contains('cm-content')`)
	v.do(chromedp.KeyEvent(kb.ArrowRight))
}

// An author takes a scenario of the library, breaks its goal, is shown where,
// mends it, proves it and plays it, all by keyboard.
func TestAnAuthorBreaksMendsProvesAndPlaysAScenario(t *testing.T) {
	p := serve(t, 3)
	v := studio(t, p, "first-order")
	v.until(checkedClean + ` && document.querySelector('#heading').textContent === 'Your first order'`)

	v.seek(`goal: any(orders`)
	v.do(chromedp.KeyEvent("X"))
	v.until(`document.querySelector('#found [data-severity=error] .what')?.textContent.includes('ordersX')`)
	where := ask[string](v, `document.querySelector('#found .where').textContent`)
	line, _, _ := strings.Cut(where, ":")
	assert.Equal(t, line, ask[string](v, `document.querySelector('.cm-activeLineGutter').textContent`), "the error is where it was made")
	assert.Equal(t, "ordersX", ask[string](v, `document.querySelector('.cm-lintRange-error').textContent`))
	v.until(`document.querySelector('.cm-lint-marker-error')`)
	assert.True(t, ask[bool](v, `document.querySelector('#prove').disabled && document.querySelector('#play-draft').disabled`), "what is broken is not played")

	v.do(chromedp.KeyEvent(kb.Home))
	v.do(chromedp.Focus("#found button"), chromedp.KeyEvent(kb.Enter)) // from the list back to the place
	v.until(`document.activeElement.classList.contains('cm-content')`)
	v.ctrl("z")
	v.until(checkedClean)

	v.ctrl(kb.Enter)
	v.until(`document.querySelector('.proof .verdict .chip.met')`)
	assert.Equal(t, "solved,untouched,wrong", ask[string](v, `[...document.querySelectorAll('.proofway[data-state=met]')].map((w) => w.dataset.way).join()`))
	assert.Zero(t, ask[int](v, `document.querySelectorAll('.proof [data-passed=false], .proof .chip.failed').length`))
	assert.Equal(t, 10, ask[int](v, `document.querySelectorAll('.proof .plays [data-passed=true]').length`), "3 solved, 3 untouched, 4 wrong")

	v.do(chromedp.Reload())
	v.until(`document.querySelector('#studio[data-ready]') && ` + checkedClean + ` && document.querySelector('#heading').textContent === 'Your first order'`)

	// A browser may refuse to open a window; the link is there either way.
	ask[bool](v, `(window.open = () => null, true)`)
	v.do(chromedp.Focus("#play-draft"), chromedp.KeyEvent(kb.Enter))
	v.until(`document.querySelector('#opened')`)
	v.do(chromedp.Navigate(p.URL + ask[string](v, `document.querySelector('#opened').getAttribute('href')`)))
	v.live()
	assert.Equal(t, "300ms", ask[string](v, `window.__lab.board().settings.services.payment.work`), "the lab is the scenario's")
	v.until(`document.querySelector('#side h1')?.textContent === 'Place an order' && document.querySelector('#side').innerText.includes('Step 1 of 3')`)
	v.quiet()
}

// What a proof finds is shown with what was wanted, what is and how far that is
// off, and leads back to its place.
func TestAFailedProofNamesTheDifference(t *testing.T) {
	p := serve(t, 3)
	v := studio(t, p, "first-order")
	v.until(checkedClean)
	v.seek(`"COMPLETED") >= 2`)
	v.do(chromedp.KeyEvent("0"))
	v.until(checkedClean)
	v.ctrl(kb.Enter)
	v.until(`document.querySelector('.proof .verdict .chip.failed')`)
	row := ask[string](v, `document.querySelector('.proofway[data-way=solved] .conds tr.unmet').innerText`)
	for _, want := range []string{"at least 20", "2", "18 too few"} {
		assert.Contains(t, row, want)
	}
	v.until(`document.querySelector('#found [data-severity=warning] .rule')?.textContent === 'not-proven'`)
	v.do(chromedp.Focus(`.proofway[data-way=solved] [data-passed=false] .link`), chromedp.KeyEvent(kb.Enter))
	v.until(`document.querySelector('.cm-activeLine').textContent.trim() === 'solution:'`)
	v.quiet()
}

func TestTheEditorCompletesFromTheSchema(t *testing.T) {
	p := serve(t, 3)
	v := studio(t, p, "first-order")
	v.until(checkedClean)
	offered := func(typed string) string {
		v.do(chromedp.KeyEvent(typed))
		v.ctrl(" ")
		v.until(`document.querySelector('.cm-tooltip-autocomplete li')`)
		list := ask[string](v, `[...document.querySelectorAll('.cm-tooltip-autocomplete .cm-completionLabel')].map((l) => l.textContent).join(' ')`)
		v.do(chromedp.KeyEvent(kb.Escape))
		v.until(`!document.querySelector('.cm-tooltip-autocomplete')`)
		return list
	}
	v.seek(`lab: {seed: 1, `)
	assert.Contains(t, offered("sag"), "saga")
	assert.Contains(t, offered("a: or"), "orchestration")
	v.ctrl("z")
	v.seek(`goal: `)
	assert.Contains(t, offered("ser"), "service")
	list := offered(`vice("pay`)
	assert.Contains(t, list, "payment")
	require.NotContains(t, list, "order(", "names, not functions, between quotes")
	assert.Contains(t, offered(`ment").cra`), "crashes")
	v.quiet()
}
