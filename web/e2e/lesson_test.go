package e2e

import (
	"fmt"
	"os"
	"os/exec"
	"slices"
	"testing"

	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"eddy/content"
)

// inFigure is the window of the frame of the page's first figure.
const inFigure = `document.querySelector('#fig-1 iframe').contentWindow`

// liveNumber is what the first number in the prose says.
const liveNumber = `document.querySelector('.prose .live').textContent`

// A figure is the running lab: a button acts in it, breaking it is seen in the
// figure, and the numbers of the text follow.
func TestALessonsFigureIsARunningLab(t *testing.T) {
	p := serve(t, 3)
	v := browse(t, p, "/learn/kafka", wide, high)
	v.until(`document.querySelector('#fig-1 .empty')`)
	assert.Equal(t, "–", ask[string](v, liveNumber))
	assert.Equal(t, "", ask[string](v, `document.getElementById('lesson').dataset.lab ?? ''`), "opening a lesson makes no lab")

	v.click(`#fig-1 [data-do*="burst"]`)
	v.until(inFigure + `?.__lab?.board()?.counts.completed >= 3`)
	v.until(inFigure + `.document.querySelector('#lens-topics .cell')`)
	v.until(`Number(` + liveNumber + `) >= 6`)
	v.until(`[...document.querySelectorAll('#fig-1 .watch .live')].every((one) => one.textContent !== '–')`)

	// The second button breaks it: the figure shows who is down, and what is
	// ordered now waits, in the figure and in the text.
	v.click(`#fig-1 [data-do*="crash"]`)
	v.until(inFigure + `.__lab.board().services.payment.state === 'crashed'`)
	v.until(inFigure + `.document.querySelector('#lens-topics').textContent.includes('nobody')`)
	before := ask[string](v, liveNumber)
	v.click(`#fig-1 [data-do*="burst"]`)
	v.until(fmt.Sprintf(`%s !== %q`, liveNumber, before))
	v.until(`[...document.querySelectorAll('#fig-1 .watch div')].some((one) => /in front/.test(one.textContent) && Number(one.querySelector('dd').textContent) >= 3)`)

	// Begun anew, the lab is another one, and empty.
	lab := ask[string](v, `document.getElementById('lesson').dataset.lab`)
	v.click(`#fig-1 [data-anew]`)
	v.until(fmt.Sprintf(`![undefined, %q].includes(document.getElementById('lesson').dataset.lab)`, lab))
	v.until(inFigure + `?.__lab?.board()?.counts.orders === 0`)
	v.quiet()
}

// A term opens in place by the keyboard, and Escape gives the focus back.
func TestATermOfTheGlossaryOpensInPlace(t *testing.T) {
	p := serve(t, 3)
	v := browse(t, p, "/learn/kafka", 390, 844)
	v.until(`document.querySelector('a.term[aria-expanded=false]')`)
	ask[bool](v, `(document.querySelector('a.term').focus(), true)`)
	v.do(chromedp.KeyEvent(kb.Enter))
	v.until(`document.querySelector('.means')?.textContent.length > 20 && document.activeElement.getAttribute('aria-expanded') === 'true'`)
	assert.Equal(t, "/learn/kafka", ask[string](v, "location.pathname"))
	v.do(chromedp.KeyEvent(kb.Escape))
	v.until(`!document.querySelector('.means') && document.activeElement.matches('a.term[aria-expanded=false]')`)
	assert.True(t, ask[bool](v, `document.documentElement.scrollWidth <= innerWidth`), "nothing scrolls sideways")
	v.quiet()
}

// Both sides run, and their outcomes stand side by side.
func TestAComparisonRunsBothLabs(t *testing.T) {
	p := serve(t, 3)
	v := browse(t, p, "/learn/kafka", wide, high)
	v.click(`.compare [data-run]`)
	v.until(`document.querySelector('.compare[data-over]')`)
	v.until(`[...document.querySelectorAll('.compare td[data-side]')].every((one) => one.textContent !== '–') && document.querySelector('.compare tr[data-differs]')`)
	v.until(`document.querySelectorAll('.compare [data-said] a').length === 2`)
	v.quiet()
}

// A mark survives the page.
func TestALessonStaysMarkedAsRead(t *testing.T) {
	p := serve(t, 3)
	v := browse(t, p, "/learn/kafka", wide, high)
	v.click("#done")
	v.until(`document.getElementById('done').getAttribute('aria-pressed') === 'true'`)
	v.do(chromedp.Reload())
	v.until(`document.getElementById('done').getAttribute('aria-pressed') === 'true' && document.querySelector('.toc [aria-current] .tick')`)
	v.quiet()
}

// The checklist keeps its answers in the browser and hands them over as a file.
func TestTheChecklistKeepsAndWritesItsAnswers(t *testing.T) {
	i := slices.IndexFunc(content.Bundled().Lessons, func(l *content.Lesson) bool {
		return slices.ContainsFunc(l.Parts, func(p content.Part) bool { return p.Checklist != nil })
	})
	if i < 0 {
		t.Skip("no bundled lesson has a checklist")
	}
	p := serve(t, 3)
	v := browse(t, p, "/learn/"+content.Bundled().Lessons[i].ID, wide, high)
	v.click(`#checklist [data-question] .opts label:nth-child(2)`)
	v.until(`document.querySelector('#checklist [data-suggests="1"]:not([hidden])')`)
	v.do(chromedp.SendKeys(`#checklist [data-note]`, "two services"))
	v.do(chromedp.Reload())
	v.until(`document.getElementById('answered').textContent === '1' && document.querySelector('#checklist [data-note]').value === 'two services'`)

	file := ask[string](v, `new Promise((done) => {
		HTMLAnchorElement.prototype.click = () => {}; // what would be saved is read, not saved
		URL.createObjectURL = (blob) => { blob.text().then(done); return 'blob:none'; };
		document.getElementById('save-list').click();
	})`)
	said := ask[string](v, `document.querySelector('#checklist input:checked').parentElement.textContent.trim()`)
	for _, want := range []string{"## 1. ", "**Answer:** " + said, "**Suggests:** ", "**Note:** two services", "**Answer:** not answered yet", "**Evidence from my own runs:** no evidence yet"} {
		assert.Contains(t, file, want)
	}
	v.click("#clear-list")
	v.until(`document.getElementById('answered').textContent === '0'`)
	v.quiet()
}

// Lessons are listed and checked by the command line like everything else.
func TestLessonsAndQuizzesAreCheckedByTheirKeys(t *testing.T) {
	dir := t.TempDir()
	write := func(name, text string) {
		require.NoError(t, os.WriteFile(dir+"/"+name, []byte(text), 0o600))
	}
	write("bad.md", "---\nid: bad\ntitle: x\ntopic: kafka\nminutes: 3\nsummary: x\nscenarios: [first-ordr]\n---\nA [[topik]].\n")
	write("README.md", "# No lesson\n")
	write("quizzy.yaml", "id: quizzy\ntitle: x\npass: 70\nquestions:\n  - id: a\n    kind: singel\n")
	said, err := exec.Command(binary, "check", dir).CombinedOutput()
	var exit *exec.ExitError
	require.ErrorAs(t, err, &exit)
	out := string(said)
	assert.Equal(t, 1, exit.ExitCode())
	assert.Contains(t, out, "bad.md:9:5: there is no term \"topik\"")
	assert.Contains(t, out, "bad.md:7:13: there is no scenario \"first-ordr\" (did you mean \"first-order\"?)")
	assert.Contains(t, out, "quizzy.yaml:6:11: kind cannot be \"singel\"")
	assert.NotContains(t, out, "README")
	said, err = exec.Command(binary, "list", "lessons", "--json").CombinedOutput()
	require.NoError(t, err)
	assert.Contains(t, string(said), `"id": "kafka"`)
}
