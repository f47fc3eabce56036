package e2e

import (
	"context"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// tab opens another tab of the same browser.
func (v *page) tab(url string) *page {
	v.t.Helper()
	other := &page{t: v.t}
	var cancel context.CancelFunc
	other.ctx, cancel = chromedp.NewContext(v.ctx, chromedp.WithListener(other.hear))
	v.t.Cleanup(cancel)
	other.do(chromedp.EmulateViewport(wide, high), chromedp.Navigate(url))
	return other
}

// opens goes to a question of the quiz, from 1, and waits until it is there. The
// buttons are drawn anew with every answer that arrives, under a pointer too.
func (v *page) opens(number string) {
	v.t.Helper()
	v.until(`document.querySelector('#qnav button')`)
	ask[bool](v, `(document.querySelector('#qnav button:nth-child(`+number+`)').click(), true)`)
	v.until(`/^Question ` + number + ` of/.test(document.querySelector('#question p').textContent)`)
}

// chooses clicks the option with a text.
func (v *page) chooses(text string) {
	v.t.Helper()
	require.True(v.t, ask[bool](v, `[...document.querySelectorAll('.opt')].filter(o => o.textContent === '`+text+`').map(o => o.querySelector('input').click()).length === 1`))
}

const (
	chosen   = `document.querySelector('.opt:has(input:checked)')?.textContent`
	onTheWay = `Object.keys(localStorage).filter(key => key.startsWith('eddy.answers.')).length`
	says     = `document.querySelector('#qstate').textContent`
)

// A graded attempt in two tabs, while the program is killed under them.
func TestAnAnswerOutlivesReloadTabsAndTheProgram(t *testing.T) {
	args := []string{"--data", t.TempDir(), "--quizzes", filepath.Dir(exam(t))}
	p := serve(t, 1, args...)
	args = append(args, "--addr", strings.TrimPrefix(p.URL, "http://"))
	kill := func() {
		require.NoError(t, p.cmd.Process.Kill())
		_ = p.cmd.Wait() // says that it was killed
	}
	v := browse(t, p, "/quiz/exam", wide, high)
	v.until(`window.__quiz`)
	v.click(`[data-begin=graded]`)
	v.opens("1")
	v.chooses("choice 1")
	v.until(`/Saved/.test(` + says + `)`)
	at := "/api/attempts/" + ask[string](v, `window.__quiz.attempt().id`)
	id := func(text string) string {
		return ask[string](v, `window.__quiz.attempt().questions[0].options.find(o => o.text === '`+text+`').id`)
	}
	kept := func() any {
		var a struct{ Answers map[string]any }
		p.call("GET", at, "", &a)
		return a.Answers["single-0"]
	}
	assert.Equal(t, id("choice 1"), kept())

	second := v.tab(p.URL + "/quiz/exam")
	second.opens("1")
	assert.Equal(t, "choice 1", ask[string](second, chosen))

	// The server is away: the answer is kept, said to be, and arrives once.
	kill()
	v.chooses("choice 2")
	v.until(`/kept here/.test(` + says + `) && ` + onTheWay + ` === 1`)
	p = serve(t, 1, args...)
	v.until(`/Saved/.test(` + says + `) && ` + onTheWay + ` === 0`)
	assert.Equal(t, id("choice 2"), kept())
	assert.Equal(t, 2, ask[int](v, `performance.getEntriesByType('resource').filter(r => r.name.endsWith('/answers/single-0') && r.responseStatus === 200).length`), "the first answer, and the second")

	// A tab that still shows the older answer does not write it over the newer.
	assert.Equal(t, "choice 1", ask[string](second, chosen))
	second.opens("2")
	second.opens("1")
	assert.Equal(t, id("choice 2"), kept())
	second.do(chromedp.Reload())
	second.opens("1")
	assert.Equal(t, "choice 2", ask[string](second, chosen))

	// Even the page goes before the answer could be sent.
	kill()
	v.chooses("choice 0")
	v.until(`/kept here/.test(` + says + `)`)
	v.do(chromedp.Navigate("about:blank"))
	p = serve(t, 1, args...)
	v.do(chromedp.Navigate(p.URL + "/quiz/exam"))
	v.opens("1")
	assert.Equal(t, "choice 0", ask[string](v, chosen))
	v.until(onTheWay + ` === 0`)
	assert.Equal(t, id("choice 0"), kept())

	// What is still being typed goes before the submission; that waits for it.
	v.opens("5")
	v.do(chromedp.SendKeys(`#question input[type=text]`, "42"))
	ask[bool](v, `(document.querySelector('[name=sure][value=sure]').click(), true)`)
	v.click(`#submit`)
	v.click(`#really`)
	v.until(`document.querySelector('.score')`)
	second.click(`#submit`)
	second.click(`#really`)
	second.until(`document.querySelector('.score')`)
	assert.Equal(t, ask[string](v, `document.querySelector('.score').textContent`), ask[string](second, `document.querySelector('.score').textContent`), "twice is once")
	var done struct {
		Answers map[string]any
		Sure    map[string]string
		Result  struct{ Score float64 }
	}
	p.call("GET", at, "", &done)
	assert.Equal(t, map[string]any{"single-0": id("choice 0"), "number-4": 42.0}, done.Answers)
	assert.Equal(t, map[string]string{"number-4": "sure"}, done.Sure, "a submission changes no answer")
	assert.Equal(t, 1.0, done.Result.Score)
	v.quiet()
	second.quiet()
}

// A submission does not overtake an answer that is still on its way.
func TestASubmissionWaitsForTheAnswers(t *testing.T) {
	p := serve(t, 1, "--data", t.TempDir(), "--quizzes", filepath.Dir(exam(t)))
	v := browse(t, p, "/quiz/exam", wide, high)
	v.until(`window.__quiz`)
	v.click(`[data-begin=graded]`)
	v.opens("1")
	// A slow line: an answer takes a while to leave, a submission does not.
	ask[bool](v, `(window.quick = window.fetch, window.fetch = async (url, how) => {
		if (how?.method === 'PUT') await new Promise((go) => { window.lineFree = go; });
		return window.quick(url, how);
	}, true)`)
	v.chooses("choice 1")
	v.until(`window.lineFree`)
	v.click(`#submit`)
	v.click(`#really`)
	time.AfterFunc(300*time.Millisecond, func() { _, _ = chromedp.Run(v.ctx, chromedp.Evaluate[bool](`(window.lineFree(), true)`)) })
	v.until(`document.querySelector('.score')`)
	assert.Contains(t, ask[string](v, `document.querySelector('.score').textContent`), "1 of")
}
