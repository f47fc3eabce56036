package e2e

import (
	"fmt"
	"testing"

	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
	"github.com/stretchr/testify/assert"
)

// chain is what the Why panel says, a link a line.
const chain = `[...document.querySelectorAll('#inspector .whychain li')].map(li => li.textContent)`

// twice is a run in which order A is charged twice, because a learner crashed
// payment at the wrong moment.
var twice = []string{`{"set":{"service":"payment","idempotent":false}}`, `{"crash":{"service":"payment","at":"after_handle","on":"OrderCreated"}}`,
	orderA, `{"wait_until":{"expr":"service(\"payment\").state == \"crashed\"","within":"10s"}}`}

// From a red state back to what the learner did, by mouse and by keyboard.
func TestWhyLeadsFromARedStateToTheAction(t *testing.T) {
	p := serve(t, 3)
	v := browse(t, p, "/lab/free", wide, high)
	v.live()
	id := v.labID()
	p.act(id, twice...)

	v.click(`#faults [data-why="service=payment"]`)
	v.until(`document.querySelectorAll('.whychain li.root').length === 1`)
	links := ask[[]string](v, chain)
	assert.Len(t, links, 3)
	assert.Contains(t, links[0], "Payment is down")
	assert.Contains(t, links[1], "because"+"pay-1 crashed after it handled OrderCreated of A, before its offset was saved")
	assert.Contains(t, links[2], "because"+"you armed a crash: payment will crash")
	v.until(`/you armed a crash/.test(document.querySelector('#status').textContent)`) // it is said aloud
	v.do(chromedp.KeyEvent(kb.Escape))
	v.until(`document.querySelector('#inspector').hidden && document.activeElement.dataset.why === "service=payment"`)

	p.act(id, `{"restart":"payment"}`, settled)
	v.caughtUp(p, id)
	v.click(`#promise-no-double-charge`)
	v.click(`#inspector [data-why="invariant=no-double-charge"]`)
	v.until(`document.querySelectorAll('.whychain li').length === 4`)
	links = ask[[]string](v, chain)
	assert.Contains(t, links[0], "Order A was charged 2 times")
	assert.Contains(t, links[1], "a second time, from orders p2 #0")
	assert.Contains(t, links[3], "you armed a crash")
	assert.Contains(t, ask[string](v, `document.querySelector('.whyalso').textContent`), "idempotent is off")

	// A link shows its cell and its seat.
	v.click(`.whychain li:nth-child(2) .link`)
	v.until(`document.querySelector('[data-topic="orders"] [data-partition="p2"] .cell[data-offset="0"][data-picked]')`)
	v.until(`document.querySelector('.svc[data-service="payment"][data-picked]')`)
	// Its time shows the whole lab as it was then.
	seq := ask[float64](v, `Number(document.querySelector('.whychain li:nth-child(3)').dataset.seq)`)
	v.click(`.whychain li:nth-child(3) .at`)
	v.until(fmt.Sprintf(`window.__lab.shown().seq === %d && window.__lab.shown().services.payment.state === "crashed"`, int(seq)))
	assert.Equal(t, "running", ask[string](v, `window.__lab.board().services.payment.state`))
	v.do(chromedp.KeyEvent("l"))
	v.until(`window.__lab.shown() === window.__lab.board()`)

	// Any order, and by key.
	v.do(chromedp.KeyEvent(kb.Escape))
	v.click(`[data-order-id] .st`)
	v.until(`/Order A was charged 2 times/.test(document.querySelector('.whychain')?.textContent)`)
	v.do(chromedp.KeyEvent(kb.Escape))
	v.until(`document.querySelector('#inspector').hidden`)
	v.do(chromedp.KeyEvent("y"))
	v.until(`/Order A was charged 2 times/.test(document.querySelector('.whychain')?.textContent)`)
	v.quiet()
}

func TestWhyOfADuplicateCellEndsAtWhoeverDuplicatedIt(t *testing.T) {
	p := serve(t, 3)
	v := browse(t, p, "/lab/free", wide, high)
	v.live()
	p.act(v.labID(), orderA, settled, `{"duplicate":{"event":"OrderCreated","order":"A"}}`, settled)
	v.caughtUp(p, v.labID())
	v.click(`[data-topic="orders"] .cell[data-dup]`)
	v.click(`#inspector [data-why]`)
	v.until(`document.querySelectorAll('.whychain li.root').length === 1`)
	links := ask[[]string](v, chain)
	assert.Contains(t, links[len(links)-1], "you duplicated orders p2 #0")
	assert.Contains(t, links[len(links)-2], "OrderCreated of A stands on the log a second time")
	v.quiet()
}

// threadFaults compares the threads with the board: each followed order has one
// that joins its records, as far as their cells are drawn, in the order of the journal, and every line
// begins and ends at the cells that it joins.
const threadFaults = `(() => {
	const faults = [], board = window.__lab.board();
	const cell = key => { const [topic, p, n] = key.split('/'); return document.querySelector('[data-topic="' + topic + '"] [data-partition="p' + p + '"] .cell[data-offset="' + n + '"]'); };
	for (const g of document.querySelectorAll('.threads [data-thread]')) {
		const order = Object.values(board.orders).find(o => o.handle === g.dataset.thread);
		const records = Object.entries(board.tapes).flatMap(([topic, ps]) => Object.entries(ps).flatMap(([p, tape]) => Object.values(tape.records).filter(r => r.order === order.id).map(r => ({key: topic + '/' + p + '/' + r.offset, seq: r.seq})))).sort((a, b) => a.seq - b.seq).map(r => r.key).filter(key => cell(key));
		const lines = [...g.querySelectorAll('.thread')];
		const way = lines.length ? [lines[0].dataset.from, ...lines.map(l => l.dataset.to)] : [];
		if (way.join() !== records.join()) faults.push(g.dataset.thread + ' goes ' + way + ', not ' + records);
		for (const line of lines) {
			const at = line.ownerSVGElement.getBoundingClientRect();
			const ends = [line.getPointAtLength(0), line.getPointAtLength(line.getTotalLength())];
			[line.dataset.from, line.dataset.to].forEach((key, i) => {
				const box = cell(key).getBoundingClientRect(), x = at.left + ends[i].x, y = at.top + ends[i].y;
				if (x < box.left || x > box.right || Math.min(Math.abs(y - box.top), Math.abs(y - box.bottom)) > 2) faults.push(g.dataset.thread + ' misses ' + key);
			});
		}
	}
	return faults;
})()`

func TestFollowedOrdersAreThreadedAcrossTheTapes(t *testing.T) {
	p := serve(t, 3)
	for _, width := range []int64{wide, 390} {
		v := browse(t, p, "/lab/free?new=1", width, high)
		v.calm()
		v.live()
		id := v.labID()
		for _, name := range []string{"A", "B", "C", "D"} {
			p.act(id, fmt.Sprintf(`{"place_order":{"as":%q,"user":"user-%d","items":[{"sku":"mouse","qty":1}]}}`, name, name[0]-'A'+1))
		}
		p.act(id, settled)
		v.caughtUp(p, id)
		if width == 390 {
			v.click(`#tab-topics`)
		}
		v.until(`document.querySelectorAll('.olist [data-order-id]').length === 4`)
		for _, name := range []string{"A", "B", "C", "D"} { // three at most: the oldest one goes
			button := fmt.Sprintf(`document.querySelector('.olist [data-order=%q] .ofollow')`, name)
			ask[bool](v, `(b => (b.getAttribute('aria-pressed') === 'true' || b.click(), true))(`+button+`)`)
			v.until(button + `.getAttribute('aria-pressed') === 'true'`)
		}
		v.until(`document.querySelectorAll('.threads [data-thread]').length === 3`)
		least := 4
		if width != wide {
			least = 3 // a narrow tape has no room for the oldest record
		}
		v.until(fmt.Sprintf(`[...document.querySelectorAll('.threads [data-thread]')].every(g => g.querySelectorAll('.thread').length >= %d)`, least))
		assert.Empty(t, ask[[]string](v, threadFaults))
		looks := ask[[]string](v, `[...document.querySelectorAll('.threads [data-thread]')].map(g => getComputedStyle(g.querySelector('.thread')).strokeDasharray + g.querySelector('.bead').tagName)`)
		assert.Len(t, unique(looks), 3, "threads differ by more than hue: %v", looks)
		assert.Zero(t, ask[float64](v, `document.getAnimations().length`), "nothing moves")
		// It is the same order in the story and on the timeline.
		v.until(`document.querySelectorAll('#lanes .o[data-hue]').length > 0 && document.querySelectorAll('.olist .ofollow[aria-pressed=true] .o[data-hue]').length === 3`)
		// A scroll moves threads and cells together.
		ask[bool](v, `(document.querySelector('#lensview').scrollBy(0, 120), window.scrollBy(0, 120), true)`)
		assert.Empty(t, ask[[]string](v, threadFaults))
		assert.LessOrEqual(t, ask[float64](v, "document.documentElement.scrollWidth"), float64(width))
		v.quiet()
	}
}

func unique(list []string) map[string]bool {
	seen := map[string]bool{}
	for _, one := range list {
		seen[one] = true
	}
	return seen
}
