package e2e

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// page is one tab of a real browser.
type page struct {
	t   *testing.T
	ctx context.Context

	mu     sync.Mutex
	errors []string // what the console and uncaught exceptions said
}

// browse opens a browser on the program's front door.
func browse(t *testing.T, p *program, path string, width, height int64) *page {
	t.Helper()
	chromium := need(t, "chromium")
	options := append(chromedp.DefaultExecAllocatorOptions[:len(chromedp.DefaultExecAllocatorOptions):len(chromedp.DefaultExecAllocatorOptions)],
		chromedp.ExecPath(chromium), chromedp.NoSandbox,
		chromedp.Flag("disable-quic", true), chromedp.Flag("disable-background-networking", true), chromedp.Flag("disable-component-update", true))
	ctx, cancel := chromedp.NewExecAllocator(context.Background(), options...)
	t.Cleanup(cancel)
	v := &page{t: t}
	v.ctx, cancel = chromedp.NewContext(ctx, chromedp.WithListener(v.hear))
	t.Cleanup(cancel)
	v.ctx, cancel = context.WithTimeout(v.ctx, 90*time.Second)
	t.Cleanup(cancel)
	v.do(chromedp.EmulateViewport(width, height), chromedp.Navigate(p.URL+path))
	return v
}

// hear collects what the console says.
func (v *page) hear(event any) {
	switch e := event.(type) {
	case *runtime.EventConsoleAPICalled:
		if e.Type == runtime.ConsoleAPICalledTypeError || e.Type == runtime.ConsoleAPICalledTypeWarning {
			v.complain(fmt.Sprint(e.Type, " ", args(e.Args)))
		}
	case *runtime.EventExceptionThrown:
		v.complain(fmt.Sprint(e.ExceptionDetails.Text, " ", args([]*runtime.RemoteObject{e.ExceptionDetails.Exception})))
	}
}

func args(objects []*runtime.RemoteObject) string {
	var said []string
	for _, o := range objects {
		if o == nil {
			continue
		}
		said = append(said, strings.Trim(string(o.Value), `"`)+o.Description)
	}
	return strings.Join(said, " ")
}

func (v *page) complain(text string) {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.errors = append(v.errors, text)
}

// quiet asserts that the console has nothing to say.
func (v *page) quiet() {
	v.t.Helper()
	v.mu.Lock()
	defer v.mu.Unlock()
	assert.Empty(v.t, v.errors, "the console complains")
}

func (v *page) do(steps ...chromedp.Action[chromedp.Void]) {
	v.t.Helper()
	require.NoError(v.t, chromedp.Do(v.ctx, steps...))
}

// until waits until a JavaScript expression is true. A page that is being left
// meanwhile is no failure.
func (v *page) until(expr string) {
	v.t.Helper()
	var err error
	for deadline := time.Now().Add(20 * time.Second); time.Now().Before(deadline); {
		var ok bool
		if ok, err = chromedp.Run(v.ctx, chromedp.Poll[bool]("Boolean("+expr+")", chromedp.WithPollingTimeout(5*time.Second))); err == nil && ok {
			return
		}
	}
	text, _ := chromedp.Run(v.ctx, chromedp.Evaluate[string]("document.body.innerText"))
	require.Fail(v.t, "never true: "+expr, "%v\nthe page says:\n%s", err, text)
}

func ask[T any](v *page, expr string) T {
	v.t.Helper()
	value, err := chromedp.Run(v.ctx, chromedp.Evaluate[T](expr, chromedp.EvalAwaitPromise))
	require.NoError(v.t, err, expr)
	return value
}

// click presses the mouse on an element, once it stands still: what is drawn
// while a page fills moves what lies below it, and a press would hit a neighbour.
func (v *page) click(selector string) {
	v.t.Helper()
	v.do(chromedp.WaitVisible(selector))
	still := fmt.Sprintf(`(() => {
		const find = () => %[2]t ? document.evaluate(%[1]q, document, null, XPathResult.FIRST_ORDERED_NODE_TYPE, null).singleNodeValue : document.querySelector(%[1]q);
		const e = find();
		e?.scrollIntoView({ block: 'nearest', behavior: 'instant' });
		const at = () => { const now = find(), r = now?.getBoundingClientRect(); return r && now === e ? [r.x, r.y, r.width, r.height].join() : ''; };
		const before = at();
		return new Promise((done) => setTimeout(() => done(before !== '' && at() === before), 60));
	})()`, selector, strings.HasPrefix(selector, "/"))
	for deadline := time.Now().Add(10 * time.Second); !ask[bool](v, still) && time.Now().Before(deadline); {
	}
	v.do(chromedp.Click(selector))
}

// live waits until the page has its first frame from the socket.
func (v *page) live() {
	v.t.Helper()
	v.until(`window.__lab && window.__lab.board() && window.__lab.board().seq > 0`)
}

// labID reads the lab from the address.
func (v *page) labID() string {
	v.t.Helper()
	url := ask[string](v, "location.pathname")
	_, id, ok := strings.Cut(url, "~")
	require.True(v.t, ok, url)
	return id
}

const wide, high = 1440, 900

// The first minute: from the front door to one's own event in a tape.
func TestNewcomerSeesAnOrderInATapeWithinThreeClicks(t *testing.T) {
	p := serve(t, 3)
	v := browse(t, p, "/", wide, high)
	v.click(`a[href="/lab/free"]`)
	v.live()
	v.click("#place")
	v.until(`document.querySelector('#lens-topics .cell[data-offset="0"]')`)
	v.until(`Object.values(window.__lab.board().orders)[0].status === "COMPLETED"`)
	v.quiet()
}

func TestCrashOfPaymentIsSeenToStopTheOrderAndRestartCompletesIt(t *testing.T) {
	p := serve(t, 3)
	v := browse(t, p, "/lab/free", wide, high)
	v.live()
	id := v.labID()
	p.act(id, `{"crash":"payment"}`)
	v.click("#place")

	v.until(`window.__lab.board().groups["payment-service"].offsets.orders && Object.values(window.__lab.board().groups["payment-service"].offsets.orders).some(o => o.lag === 1)`)
	// Every failed thing owes a reason, next to it, with a link to its cause.
	v.until(`[...document.querySelectorAll('[data-cause-for]')].some(e => e.offsetParent !== null && /because/.test(e.textContent))`)
	v.until(`[...document.querySelectorAll('[data-state="crashed"], [data-state="failed"]')].some(e => /payment|pay-1/i.test(e.textContent))`)

	p.act(id, `{"restart":"payment"}`)
	v.until(`Object.values(window.__lab.board().orders)[0].status === "COMPLETED"`)
	v.until(`document.querySelectorAll('#lens-map [data-state="crashed"], #lens-map [data-state="failed"]').length === 0`)
	v.quiet()
}

func TestFreezeStopsThePictureAndStepHandlesOneMessage(t *testing.T) {
	p := serve(t, 3)
	v := browse(t, p, "/lab/free", wide, high)
	v.live()
	v.click("#run")
	v.until(`window.__lab.board().state === "frozen"`)
	v.click("#place")
	v.until(`window.__lab.board().counts.orders === 1`)
	v.until(`window.__lab.board().topics.orders.partitions.some(p => p.end === 1)`)
	v.still()
	const handlings = `window.__lab.journal().filter(e => e.kind === "handled" && e.topic).length`
	handled := func() float64 {
		return ask[float64](v, handlings)
	}
	before := handled()
	v.click("#step")
	v.until(fmt.Sprintf(`%s > %v`, handlings, before))
	v.still()
	assert.Equal(t, before+1, handled(), "a step handles one message")
	v.click("#run")
	v.until(`Object.values(window.__lab.board().orders)[0].status === "COMPLETED"`)
	v.quiet()
}

// Nothing that was under way moves on: a tenth of a second after the lab stood
// still, the stage stays as it is.
func TestAFrozenStageStandsStill(t *testing.T) {
	p := serve(t, 3)
	v := browse(t, p, "/lab/free", wide, high)
	v.live()
	p.act(v.labID(), `{"burst":{"orders":40,"rate":8}}`)
	v.until(`window.__lab.board().counts.orders > 12`)
	p.act(v.labID(), `"freeze"`)
	v.until(`window.__lab.board().state === "frozen"`)
	const picture = `[...document.querySelectorAll('#stage .mapfig, #stage .mapfig text, #stage .tokens > *, #stage .movers > *, #stage .cell')].map(e => {
		const box = e.getBoundingClientRect();
		return [e.tagName, e.textContent, Math.round(box.x), Math.round(box.y)].join(' ');
	}).join('\n')`
	const after = `new Promise(done => setTimeout(() => done(%s), %d))`
	at := ask[string](v, fmt.Sprintf(after, picture, 150))
	assert.Equal(t, at, ask[string](v, fmt.Sprintf(after, picture, 2500)))
	v.quiet()
}

// still waits until the journal has not grown for a second, and returns its
// head.
func (v *page) still() float64 {
	v.t.Helper()
	const head = `window.__lab.board().seq`
	was := ask[float64](v, head)
	for {
		now := ask[float64](v, `new Promise(done => setTimeout(() => done(`+head+`), 1000))`)
		if now == was {
			return now
		}
		was = now
	}
}

func TestTwentyReloadsDuringABurstLoseNothing(t *testing.T) {
	p := serve(t, 3)
	v := browse(t, p, "/lab/free", wide, high)
	v.live()
	id := v.labID()
	p.act(id, `{"set":{"service":"order","work":"5ms"}}`, `{"set":{"service":"payment","work":"5ms"}}`, `{"set":{"service":"inventory","work":"5ms"}}`,
		`{"set":{"service":"notification","work":"5ms"}}`, `{"set":{"service":"projector","work":"0s"}}`, `{"burst":{"orders":400,"rate":40}}`)
	for range 20 {
		v.do(chromedp.Reload())
		v.live()
	}
	p.act(id, `{"wait_until":{"expr":"settled","within":"55s"}}`)
	v.until(`window.__lab.board().counts.orders === 400 && window.__lab.board().counts.open === 0`)
	v.caughtUp(p, id)
	v.same(p, id)
	v.until(whole)
	v.quiet()
}

// whole tells whether the journal in the page has no gaps. What came in a rush
// is fetched when it is over.
const whole = `window.__lab.journal().at(-1).seq === window.__lab.board().seq && window.__lab.journal().every((e, i, all) => i === 0 || e.seq === all[i-1].seq + 1)`

func TestReconnectKeepsThePicture(t *testing.T) {
	p := serve(t, 3)
	v := browse(t, p, "/lab/free", wide, high)
	v.live()
	id := v.labID()
	p.act(id, orderA, settled)
	v.until(`Object.values(window.__lab.board().orders)[0].status === "COMPLETED"`)

	// The socket is closed under the page; it comes back by itself with from=SEQ.
	ask[bool](v, `(window.__lab.drop(), true)`)
	p.act(id, strings.Replace(orderA, `"A"`, `"B"`, 1), settled)
	v.until(`Object.values(window.__lab.board().orders).filter(o => o.status === "COMPLETED").length === 2`)

	v.same(p, id)
	v.quiet()
}

// caughtUp waits until the page, which is live, has drawn every entry that the
// server has now.
func (v *page) caughtUp(p *program, id string) {
	v.t.Helper()
	var board struct{ Seq float64 }
	require.Equal(v.t, http.StatusOK, p.call("GET", "/api/labs/"+id, "", &board))
	v.until(fmt.Sprintf(`Number(document.documentElement.dataset.seq) >= %d`, int(board.Seq)))
}

// same waits until the page has caught up, and asserts that its board is the
// server's of the same entry.
func (v *page) same(p *program, id string) {
	v.t.Helper()
	v.caughtUp(p, id)
	var browser, server map[string]any
	require.NoError(v.t, json.Unmarshal([]byte(ask[string](v, `JSON.stringify(window.__lab.board())`)), &browser))
	require.Equal(v.t, http.StatusOK, p.call("GET", fmt.Sprintf("/api/labs/%s/board?at=%d", id, int(browser["seq"].(float64))), "", &server))
	for _, part := range []string{"orders", "groups", "topics", "tapes", "services", "invariants", "stock", "settings", "faults"} {
		assert.Equal(v.t, server[part], browser[part], part)
	}
}

func TestPhoneNeverScrollsSideways(t *testing.T) {
	p := serve(t, 3)
	for _, width := range []int64{390, 320} {
		for _, path := range []string{"/", "/lab/free?new=1", "/lab/nowhere"} {
			v := browse(t, p, path, width, 844)
			if strings.Contains(path, "free") {
				v.live()
				id := v.labID()
				p.act(id, orderA, `{"crash":"payment"}`, strings.Replace(orderA, `"A"`, `"B"`, 1))
				v.until(`[...document.querySelectorAll('[data-cause-for]')].some(e => /because/.test(e.textContent))`)
			}
			const wide = "document.documentElement.scrollWidth"
			assert.LessOrEqual(t, ask[float64](v, wide), float64(width), "%s at %d", path, width)
			if strings.Contains(path, "free") { // the word PAST takes room of its own
				v.do(chromedp.KeyEvent(","))
				v.until(`document.documentElement.dataset.past !== undefined`)
				assert.LessOrEqual(t, ask[float64](v, wide), float64(width), "the past at %d", width)
			}
		}
	}
}

// On a screen that is wide and low, such as a projector's, half a figure of
// each kind would teach nothing.
func TestALowScreenShowsOneLensAtATime(t *testing.T) {
	p := serve(t, 3)
	v := browse(t, p, "/lab/free", 1280, 720)
	v.live()
	const open = `[...document.querySelectorAll('#lensview .lens')].filter(e => !e.hidden).map(e => e.id).join()`
	assert.Equal(t, "lens-map", ask[string](v, open))
	v.click("#place")
	v.click("#tab-topics")
	assert.Equal(t, "lens-topics", ask[string](v, open))
	v.until(`document.querySelector('#lens-topics .cell[data-offset="0"]')`)
	assert.True(t, ask[bool](v, `document.querySelector('#lens-topics .cell').getBoundingClientRect().bottom < document.querySelector('#actions').getBoundingClientRect().top`))
	v.quiet()
}

// Four seats of a group that reads two topics: each says what it has, and no
// two say the same.
func TestNoTwoSeatsReadTheSame(t *testing.T) {
	p := serve(t, 3)
	v := browse(t, p, "/lab/free", wide, high)
	v.live()
	p.act(v.labID(), `{"scale":{"service":"payment","instances":4}}`)
	const seats = `[...document.querySelectorAll('[data-service=payment] .seat .what')].map(e => e.textContent)`
	v.until(`new Set(` + seats + `.filter(what => /p\d/.test(what))).size === 4`)
}

// A record that was given up says why beside its tape, and its order whom it
// waits for.
func TestADeadRecordSaysBecause(t *testing.T) {
	p := serve(t, 3)
	v := browse(t, p, "/lab/free", wide, high)
	v.live()
	p.act(v.labID(), `{"fail":{"service":"payment","on":"OrderCreated","kind":"permanent","times":1}}`, orderA)
	v.until(`[...document.querySelectorAll('#lens-topics .note[data-cause-for]')].some(e => /given up, because/.test(e.textContent) && e.querySelector('[data-seq]'))`)
	v.until(`/because it gave up OrderCreated, whose dead letter is in orders.dlq/.test(document.querySelector('#story').textContent)`)
	v.quiet()
}

// calm asks for reduced motion.
func (v *page) calm() {
	v.t.Helper()
	_, err := chromedp.Call(v.ctx, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{
		Features: []*emulation.MediaFeature{{Name: "prefers-reduced-motion", Value: "reduce"}}})
	require.NoError(v.t, err)
}

// Calm: with reduced motion nothing moves, and the trail tells the same story.
func TestReducedMotionMovesNothing(t *testing.T) {
	p := serve(t, 3)
	v := browse(t, p, "/", wide, high)
	v.calm()
	v.do(chromedp.Navigate(p.URL + "/lab/free"))
	v.live()
	v.click("#place")
	moved := 0.0
	for range 20 {
		moved += ask[float64](v, `new Promise(done => setTimeout(() => done(document.getAnimations().length), 100))`)
	}
	assert.Zero(t, moved)
	v.until(`Object.values(window.__lab.board().orders)[0].status === "COMPLETED"`)
	v.quiet()
}

func TestKeyboardAlonePlacesBreaksFreezesAndHelps(t *testing.T) {
	p := serve(t, 3)
	v := browse(t, p, "/lab/free", wide, high)
	v.live()
	v.do(chromedp.KeyEvent("o"))
	v.until(`window.__lab.board().counts.orders === 1`)
	v.do(chromedp.KeyEvent("f"))
	v.until(`document.querySelector('#palette').matches(':popover-open')`)
	v.do(chromedp.KeyEvent(kb.Escape))
	v.until(`!document.querySelector('#palette').matches(':popover-open')`)
	v.do(chromedp.KeyEvent("k"))
	v.until(`window.__lab.board().state === "frozen"`)
	v.do(chromedp.KeyEvent("k"))
	v.until(`window.__lab.board().state === "live"`)
	v.do(chromedp.KeyEvent("?"))
	v.until(`document.querySelector('#help').open`)
	v.quiet()
}

func TestPayloadsAreNeverMarkup(t *testing.T) {
	p := serve(t, 3)
	v := browse(t, p, "/lab/free", wide, high)
	v.live()
	id := v.labID()
	const evil = `<img src=x onerror="window.hurt=1"><script>window.hurt=1</script>`
	raw, err := json.Marshal(map[string]any{"publish": map[string]any{"topic": "orders", "key": evil, "value": evil, "headers": map[string]string{evil: evil}}})
	require.NoError(t, err)
	user, err := json.Marshal(map[string]any{"place_order": map[string]any{"user": evil[:60], "items": []any{map[string]any{"sku": "mouse", "qty": 1}}}})
	require.NoError(t, err)
	note, err := json.Marshal(map[string]any{"note": evil})
	require.NoError(t, err)
	p.act(id, string(raw), string(user), string(note), settled)
	v.until(`document.querySelector('#lens-topics .cell')`)
	ask[float64](v, `[...document.querySelectorAll('#lens-topics .cell')].map(c => c.click()).length`)
	assert.Equal(t, "undefined", ask[string](v, "typeof window.hurt"))
	assert.Zero(t, ask[float64](v, `document.querySelectorAll('img[src="x"]').length`))
}

// Over five records a second a tape is drawn in blocks of ten, with the last
// five one by one; a caret still stands where its offset is. Motion is off, so
// that a caret is nowhere in between when it is measured.
func TestBusyTapeIsDrawnInBlocksAndBecomesCalmAgain(t *testing.T) {
	p := serve(t, 3)
	v := browse(t, p, "/", wide, high)
	v.calm()
	v.do(chromedp.Navigate(p.URL + "/lab/free"))
	v.live()
	id := v.labID()
	for _, s := range []string{"order", "payment", "inventory", "notification", "projector"} {
		p.act(id, fmt.Sprintf(`{"set":{"service":%q,"work":"0s"}}`, s))
	}
	p.act(id, `{"burst":{"orders":350,"rate":35}}`)
	v.until(`document.querySelectorAll('[data-topic="orders"] .cell.block').length > 3`)
	assert.Empty(t, ask[[]string](v, blockFaults))
	v.until(`[...document.querySelectorAll('.ratelabel')].some(label => /^[1-9][0-9]+\/s$/.test(label.textContent))`)
	p.act(id, settled)
	v.until(`document.querySelectorAll('.cell.block').length === 0`)
	v.until(`document.querySelectorAll('.ratelabel').length === 0`)
	assert.Empty(t, ask[[]string](v, blockFaults))
	v.quiet()
}

// blockFaults compares every tape of orders with its numbers: blocks without
// gaps, five single records behind them, the end and the caret in their places.
const blockFaults = `[...document.querySelectorAll('[data-topic="orders"] .row')].flatMap(row => {
	const faults = [], [end, saved, lag] = [...row.querySelectorAll('.nums > *')].map(n => Number(n.textContent));
	const cells = [...row.querySelectorAll('.cell')].map(c => ({from: Number(c.dataset.from ?? c.dataset.offset), to: Number(c.dataset.to ?? c.dataset.offset), block: c.classList.contains('block'), box: c.getBoundingClientRect()}));
	if (!cells.length) return faults;
	cells.forEach((c, i) => {
		if (i && c.from !== cells[i-1].to + 1) faults.push('a gap before ' + c.from);
		if (i && c.box.left < cells[i-1].box.right) faults.push('overlap at ' + c.from);
	});
	if (cells.at(-1).to !== end - 1) faults.push('the tape ends at ' + cells.at(-1).to + ', not ' + end);
	if (cells[0].block && cells.filter(c => !c.block).length !== 5) faults.push('not five single records');
	if (saved >= 0 && lag !== end - saved) faults.push('lag ' + lag + ' of ' + saved + ' to ' + end);
	const caret = row.querySelector('.caret:not(.caret2)');
	if (saved >= cells[0].from && !caret.hasAttribute('hidden')) {
		const x = caret.getBoundingClientRect().left + 6;
		const at = cells.find(c => saved >= c.from && saved <= c.to);
		const want = at ? at.box.left - 1.5 + (at.box.width + 3) * (saved - at.from) / (at.to - at.from + 1) : cells.at(-1).box.right + 1.5;
		if (Math.abs(x - want) > 3) faults.push('the caret of ' + saved + ' is off by ' + (x - want));
	}
	return faults;
})`

// A line that dies without a word: said within three seconds, and afterwards
// nothing is missing.
func TestDeadLineIsSaidAndLeavesNoGap(t *testing.T) {
	p := serve(t, 3)
	v := browse(t, p, "/lab/free", wide, high)
	v.live()
	id := v.labID()
	for _, s := range []string{"order", "payment", "inventory", "notification", "projector"} {
		p.act(id, fmt.Sprintf(`{"set":{"service":%q,"work":"20ms"}}`, s))
	}
	p.act(id, `{"burst":{"orders":60,"rate":10}}`)
	v.until(`window.__lab.board().counts.orders > 5`)
	const said = `(!document.querySelector('#banner').hidden && /as of/.test(document.querySelector('#banner').textContent))`
	began := ask[float64](v, `(new MutationObserver(() => { if (`+said+`) window.saidAt ??= performance.now() })
		.observe(document.querySelector('#banner'), {attributes: true, childList: true, subtree: true}), performance.now())`)
	require.NoError(t, p.cmd.Process.Signal(syscall.SIGSTOP))
	v.until(`window.saidAt`)
	assert.Less(t, ask[float64](v, `window.saidAt`)-began, 4000.0, "milliseconds, by the page's own clock")
	assert.True(t, ask[bool](v, said))
	assert.True(t, ask[bool](v, `document.querySelector('#place').disabled && document.querySelector('#place').title !== ""`))
	v.until(`/NO LINK/.test(document.querySelector('#state').textContent)`) // what cannot be reached is not live
	require.NoError(t, p.cmd.Process.Signal(syscall.SIGCONT))
	v.until(`document.querySelector('#banner').hidden && !document.querySelector('#place').disabled`)
	p.act(id, `{"wait_until":{"expr":"settled","within":"55s"}}`)
	v.until(whole)
	v.same(p, id)
}

func TestBusyLabStaysReadable(t *testing.T) {
	if os.Getenv("EDDY_TEST_ALL") != "1" {
		t.Skip("half a minute of traffic: set EDDY_TEST_ALL=1")
	}
	p := serve(t, 3)
	v := browse(t, p, "/lab/free", wide, high)
	v.live()
	id := v.labID()
	for _, s := range []string{"order", "payment", "inventory", "notification", "projector"} {
		p.act(id, fmt.Sprintf(`{"set":{"service":%q,"work":"0s"}}`, s))
	}
	const movers = `document.querySelectorAll('#stage .movers > *').length`
	ask[bool](v, `(() => { // the most that were ever in the air
		window.tokens = 0;
		new MutationObserver(() => { window.tokens = Math.max(window.tokens, `+movers+`) }).observe(document.querySelector('#stage .movers'), {childList: true});
		return true;
	})()`)
	// A token takes six seconds at this speed, and the three orders are
	// through long before: more than eight would be in the air.
	p.act(id, `{"speed":0.1}`)
	for n := range 3 {
		v.click(`#place`)
		v.until(fmt.Sprintf(`window.__lab.board().counts.completed === %d`, n+1))
	}
	assert.Greater(t, ask[float64](v, `window.tokens`), 3.0, "tokens travel")
	p.act(id, `{"speed":1}`)
	p.act(id, `{"burst":{"orders":600,"rate":35}}`)
	most := 0.0
	for range 60 {
		most = max(most, ask[float64](v, `new Promise(done => setTimeout(() => done(document.querySelectorAll('#stage *').length), 200))`))
	}
	assert.LessOrEqual(t, most, 3000.0, "nodes on the stage")
	assert.LessOrEqual(t, ask[float64](v, `window.tokens`), 8.0, "moving tokens")
	v.quiet()
}
