package e2e

import (
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// slider is a value of the scrubber.
func (v *page) slider(name string) string {
	v.t.Helper()
	return ask[string](v, `document.querySelector('#moment-slider').getAttribute('aria-value'+`+strconv.Quote(name)+`) ?? ''`)
}

// shows asserts that everything on the page is the board of one moment, as the
// server has it.
func (v *page) shows(p *program, id string, seq int) {
	v.t.Helper()
	v.until(fmt.Sprintf(`document.documentElement.dataset.seq === "%d"`, seq))
	var board struct {
		LabTime int64 `json:"lab_time"`
		Orders  map[string]struct{ User, Status string }
		Topics  map[string]struct{ Partitions []struct{ End int } }
	}
	require.Equal(v.t, 200, p.call("GET", fmt.Sprintf("/api/labs/%s/board?at=%d", id, seq), "", &board))
	lenses := ask[[]string](v, `[...document.querySelectorAll('[data-t]')].map(e => e.dataset.t)`)
	require.GreaterOrEqual(v.t, len(lenses), 3)
	for _, t := range lenses {
		assert.Equal(v.t, fmt.Sprint(board.LabTime), t, "a lens shows another moment")
	}
	records := 0
	for _, part := range board.Topics["orders"].Partitions {
		records += part.End
	}
	assert.EqualValues(v.t, records, ask[float64](v, `[...document.querySelectorAll('[data-topic="orders"] .cell')].length`), "records on the tapes of orders at %d", seq)
	statuses := ask[[]string](v, `[...document.querySelectorAll('.olist .st')].map(e => e.textContent)`)
	require.Len(v.t, statuses, len(board.Orders), "orders at %d", seq)
	for _, o := range board.Orders {
		assert.Contains(v.t, statuses, o.Status)
	}
}

func TestScrubbingShowsAMomentInEveryLensAndLiveGoesOn(t *testing.T) {
	p := serve(t, 3)
	v := browse(t, p, "/lab/free", wide, high)
	v.live()
	id := v.labID()
	p.act(id, orderA, settled, strings.Replace(orderA, `"A"`, `"B"`, 1), settled)
	v.caughtUp(p, id)
	head := int(v.still())

	// By keys, entry by entry.
	ask[bool](v, `(document.querySelector('#moment-slider').focus(), true)`)
	v.do(chromedp.KeyEvent(kb.ArrowLeft))
	v.shows(p, id, head-1)
	assert.Equal(t, fmt.Sprint(head-1), v.slider("now"))
	assert.Contains(t, v.slider("text"), fmt.Sprintf("entry %d of %d", head-1, head))
	v.do(chromedp.KeyEvent(kb.PageDown))
	v.shows(p, id, head-11)
	v.do(chromedp.KeyEvent(kb.ArrowRight))
	v.shows(p, id, head-10)
	v.do(chromedp.KeyEvent(kb.Home))
	v.shows(p, id, 1)
	assert.Equal(t, "1", v.slider("min"))

	// The past is named, and nothing can be done in it.
	assert.Contains(t, ask[string](v, `document.querySelector('#pastbar').innerText`), "PAST")
	resting := ask[[]string](v, `[...document.querySelectorAll('[data-act]')].map(b => b.disabled && b.title.includes('past') ? '' : b.textContent).filter(Boolean)`)
	assert.Empty(t, resting, "these can still be pressed")
	assert.Contains(t, ask[string](v, `window.__lab.act('freeze').then(() => 'done', e => e.message)`), "This is the past")
	v.do(chromedp.KeyEvent("o"), chromedp.KeyEvent("k"))

	// The lab goes on meanwhile, and nothing of it is seen.
	p.act(id, strings.Replace(orderA, `"A"`, `"C"`, 1), settled)
	v.until(`Object.keys(window.__lab.board().orders).length === 3`)
	v.shows(p, id, 1)
	require.Equal(t, "live", ask[string](v, `window.__lab.board().state`), "a key reached the lab")

	// By dragging: the moment under the pointer.
	var box []float64
	box = ask[[]float64](v, `(() => { const b = document.querySelector('#moment-slider').getBoundingClientRect(); const k = document.querySelector('#moment-slider .knob').getBoundingClientRect(); return [b.left, b.top + b.height / 2, b.width, k.left + k.width / 2] })()`)
	v.do(chromedp.MouseEvent(chromedp.MousePressed, box[0]+box[2]*0.02, box[1], chromedp.ButtonLeft, chromedp.ClickCount(1)))
	v.until(`Number(document.documentElement.dataset.seq) > 1`)
	early := ask[float64](v, `Number(document.documentElement.dataset.seq)`)
	for x := 0.03; x < 0.2; x += 0.01 {
		v.do(chromedp.MouseEvent("mouseMoved", box[0]+box[2]*x, box[1], chromedp.ButtonLeft))
	}
	v.do(chromedp.MouseEvent("mouseReleased", box[0]+box[2]*0.2, box[1], chromedp.ButtonLeft))
	v.until(fmt.Sprintf(`Number(document.documentElement.dataset.seq) > %d`, int(early)))
	at := int(v.settledSeq())
	v.shows(p, id, at)

	v.click("#to-live")
	v.until(`document.documentElement.dataset.past === undefined && document.documentElement.dataset.seq === String(window.__lab.board().seq)`)
	v.until(`!document.querySelector('#place').disabled && document.querySelectorAll('.olist li').length === 3`)
	assert.NotContains(t, ask[string](v, `location.search`), "at=")
	v.quiet()
}

// settledSeq waits until the page has shown one moment for half a second.
func (v *page) settledSeq() float64 {
	v.t.Helper()
	const seq = `Number(document.documentElement.dataset.seq)`
	was := ask[float64](v, seq)
	for {
		now := ask[float64](v, `new Promise(done => setTimeout(() => done(`+seq+`), 500))`)
		if now == was {
			return now
		}
		was = now
	}
}

func TestALinkToAMomentOpensIt(t *testing.T) {
	p := serve(t, 3)
	v := browse(t, p, "/lab/free", wide, high)
	v.live()
	id := v.labID()
	p.act(id, orderA, settled)
	v.caughtUp(p, id)
	v.still()
	v.do(chromedp.KeyEvent(","))
	v.until(`/[?&]at=\d+/.test(location.search)`)
	link := ask[string](v, `location.pathname + location.search`)
	v.do(chromedp.KeyEvent(","))
	v.until(fmt.Sprintf(`location.pathname + location.search !== %q`, link))
	v.do(chromedp.KeyEvent("."))
	v.until(fmt.Sprintf(`location.pathname + location.search === %q`, link))

	at, err := strconv.Atoi(link[strings.LastIndex(link, "=")+1:])
	require.NoError(t, err)
	other := browse(t, p, fmt.Sprintf("/lab/~%s?at=%d", id, at-20), wide, high)
	other.live()
	other.shows(p, id, at-20)
	other.do(chromedp.KeyEvent("l"))
	other.until(`document.documentElement.dataset.past === undefined`)
	other.quiet()
	v.quiet()

	// A moment that has not come yet is the newest one.
	late := browse(t, p, fmt.Sprintf("/lab/~%s?at=999999", id), wide, high)
	late.live()
	late.until(`document.documentElement.dataset.past !== undefined && document.documentElement.dataset.seq === String(window.__lab.board().seq)`)
}

// A run that was saved in one program and opened in another, which has no lab.
func TestASavedRunIsOpenedWithoutALabAndShowsTheSame(t *testing.T) {
	p := serve(t, 3)
	id := p.newLab(`{"work":"20ms"}`)
	p.act(id, orderA, `{"crash":"payment"}`, strings.Replace(orderA, `"A"`, `"B"`, 1), `{"wait":"300ms"}`, `{"restart":"payment"}`, settled, `"freeze"`)
	v := browse(t, p, "/lab/~"+id, wide, high)
	v.live()
	require.Equal(t, "/api/labs/"+id+"/run", ask[string](v, `new URL(document.querySelector('#save-run').href).pathname`))
	file := p.text("/api/labs/" + id + "/run")

	other := serve(t, 3)
	w := browse(t, other, "/", wide, high)
	chosen := filepath.Join(t.TempDir(), "run.ndjson")
	require.NoError(t, os.WriteFile(chosen, []byte(file), 0o600))
	w.do(chromedp.SetUploadFiles(`#open-run input`, []string{chosen}))
	w.until(`location.pathname.startsWith('/run/') && window.__lab?.board()`)
	run := strings.TrimPrefix(ask[string](w, `location.pathname`), "/run/")

	// The same moments, as the page shows them and as the server has them.
	head := int(ask[float64](w, `window.__lab.board().seq`))
	for _, seq := range []int{head, head / 2, 40} {
		var want, got map[string]any
		require.Equal(t, 200, p.call("GET", fmt.Sprintf("/api/labs/%s/board?at=%d", id, seq), "", &want))
		require.Equal(t, 200, other.call("GET", fmt.Sprintf("/api/runs/%s/board?at=%d", run, seq), "", &got))
		require.Equal(t, want, got, "the board at %d", seq)
		w.do(chromedp.Navigate(fmt.Sprintf("%s/run/%s?at=%d", other.URL, run, seq)))
		w.until(fmt.Sprintf(`document.documentElement.dataset.seq === "%d"`, seq))
		assert.EqualValues(t, want["lab_time"], ask[float64](w, `Number(document.querySelector('#lens-topics').dataset.t)`))
		require.Equal(t, len(want["orders"].(map[string]any)), int(ask[float64](w, `document.querySelectorAll('.olist li').length`)))
	}
	ask[bool](w, `(document.querySelector('#moment-slider').focus(), true)`)
	w.do(chromedp.KeyEvent(kb.Home))
	w.until(`document.documentElement.dataset.seq === "1"`)
	w.do(chromedp.KeyEvent(kb.End))
	w.until(fmt.Sprintf(`document.documentElement.dataset.seq === "%d"`, head))
	assert.Zero(t, ask[float64](w, `[...document.querySelectorAll('[data-act]')].filter(b => b.offsetParent && !b.disabled).length`), "a run is read-only")
	w.quiet()

	// Anything else says what is wrong, and the page stays.
	w.do(chromedp.Navigate(other.URL + "/"))
	require.NoError(t, os.WriteFile(chosen, []byte("hello\n"), 0o600))
	w.do(chromedp.SetUploadFiles(`#open-run input`, []string{chosen}))
	w.until(`/line 1: this is neither/.test(document.querySelector('#open-run .refused').textContent)`)
}

// text reads an answer as it is.
func (p *program) text(path string) string {
	p.t.Helper()
	resp, err := http.Get(p.URL + path)
	require.NoError(p.t, err)
	defer resp.Body.Close()
	raw, err := io.ReadAll(resp.Body)
	require.NoError(p.t, err)
	require.Equal(p.t, http.StatusOK, resp.StatusCode, "%s", raw)
	return string(raw)
}
