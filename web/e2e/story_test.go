package e2e

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/assert"
)

const names = `[...document.querySelectorAll('#lens-story .tale-msg')].map((one) => one.dataset.type).join(' ')`

// One order from its first message to its last, in the order of time; each
// message opens its place in the log.
func TestStoryTellsAnOrderMessageByMessage(t *testing.T) {
	p := serve(t, 3)
	v := browse(t, p, "/lab/free", wide, high)
	v.live()
	v.click("#tab-story")
	v.until(`/Place an order/.test(document.querySelector('#lens-story .empty').textContent)`)
	v.click("#place")
	v.until(`document.querySelector('#lens-story .tale-msg')`) // it grows while the order travels
	v.until(`document.querySelector('#lens-story .tale-end')?.dataset.status === 'COMPLETED'`)
	v.until(`document.querySelectorAll('#lens-story .tale-msg').length === 5`)
	assert.Regexp(t, "^OrderCreated PaymentCompleted StockReserved (OrderCompleted NotificationSent|NotificationSent OrderCompleted)$", ask[string](v, names))
	assert.Equal(t, "Order Payment Inventory Notification", ask[string](v, `[...document.querySelectorAll('#lens-story .tale-heads b')].map((one) => one.textContent).join(' ')`))
	assert.Equal(t, "4", ask[string](v, `document.querySelector('#lens-story [data-total=knows] dd').firstChild.textContent`))
	// Time runs down, and no two labels lie on each other.
	assert.True(t, ask[bool](v, `(() => {
		const tops = [...document.querySelectorAll('#lens-story .tale-msg')].map((one) => one.getBoundingClientRect().top);
		return tops.every((top, i) => i === 0 || top >= tops[i - 1] - 1);
	})()`))
	assert.Equal(t, "", ask[string](v, `(() => {
		const boxes = [...document.querySelectorAll('#lens-story .tale-msg, #lens-story .tale-mark, #lens-story .where')].map((one) => [one.textContent, one.getBoundingClientRect()]);
		for (const [a, x] of boxes) for (const [b, y] of boxes) if (a !== b && x.left < y.right - 1 && y.left < x.right - 1 && x.top < y.bottom - 1 && y.top < x.bottom - 1) return a + ' on ' + b;
		return '';
	})()`))

	record := ask[string](v, `document.querySelectorAll('#lens-story .tale-msg')[1].dataset.record`)
	v.click(`#lens-story .tale-msg[data-type="PaymentCompleted"]`)
	v.until(fmt.Sprintf(`document.querySelector('#inspector h1').textContent === 'PaymentCompleted' && %q.startsWith('payments/')`, record))
	v.until(`document.querySelector('#lens-story .tale-msg[data-type="PaymentCompleted"]').hasAttribute('data-picked')`)

	v.click("#table")
	v.until(`document.querySelectorAll('#lens-story .tale tbody tr').length >= 5`)
	v.quiet()
}

// The past shows as much of the story as had happened; a phone shows it as a list.
func TestStoryFollowsThePastAndFitsAPhone(t *testing.T) {
	p := serve(t, 3)
	v := browse(t, p, "/lab/free", 390, 844)
	v.live()
	v.click("#tab-story")
	v.click("#place")
	v.until(`document.querySelector('#lens-story .tale-end')?.dataset.status === 'COMPLETED'`)
	assert.Equal(t, "list", ask[string](v, `document.querySelector('#lens-story .tale').dataset.form`))
	assert.True(t, ask[bool](v, `document.documentElement.scrollWidth <= document.documentElement.clientWidth`))
	ask[any](v, `(async () => {
		const story = await (await fetch('/api/labs/' + document.querySelector('#lab').dataset.lab + '/story?order=A')).json();
		history.replaceState(null, '', location.pathname + '?lens=story&at=' + story.messages[1].seq);
		location.reload();
	})()`)
	v.until(`window.__lab && document.documentElement.hasAttribute('data-past')`)
	v.until(names + ` === 'OrderCreated PaymentCompleted'`)
	assert.Equal(t, "CREATED", ask[string](v, `document.querySelector('#lens-story .tale-end').dataset.status`))
	v.quiet()
}

// Twins show the order's two stories next to each other.
func TestTwinsTellTheSameOrdersStorySideBySide(t *testing.T) {
	p := serve(t, 3)
	v := browse(t, p, "/lab/free", wide, high)
	v.live()
	id := v.labID()
	p.act(id, `{"fail":{"service":"payment","kind":"permanent","on":"OrderCreated"}}`, `{"place_order":{"as":"A","items":[{"sku":"mouse","qty":1}]}}`,
		`{"wait_until":{"expr":"dead_letters(\"orders\") == 1","within":"10s"}}`)
	page := ask[string](v, fmt.Sprintf(`fetch('/api/labs/%s/twins', {method: 'POST', body: JSON.stringify({but: {set: {key: 'order'}}})}).then((r) => r.json()).then((a) => a.page)`, id))
	ask[any](v, fmt.Sprintf(`void location.assign(%q + '?view=story&order=A')`, page))
	v.until(`document.querySelector('#twins')?.dataset.over === 'true'`)
	v.until(`document.querySelectorAll('#stories [data-side] .tale-mark[data-kind=dead_letter]').length === 2`)
	assert.Equal(t, "Choreography", ask[string](v, `document.querySelector('[data-side=left] h2').firstChild.textContent`))
	assert.Equal(t, "Nobody is in charge. Each service knows its own part.", ask[string](v, `document.querySelector('[data-side=right] header p').textContent`))
	assert.Contains(t, ask[string](v, `document.querySelector('#same').textContent`), "Same order, same fault, same seed.")
	assert.Contains(t, ask[string](v, `document.querySelector('[data-side=left] .because').textContent`), "because Payment gave OrderCreated up")
	assert.InDelta(t, ask[float64](v, `document.querySelector('[data-side=left] .verdict').getBoundingClientRect().top`), ask[float64](v, `document.querySelector('[data-side=right] .verdict').getBoundingClientRect().top`), 1, "the footers are aligned")
	v.click(`[data-side=left] .tale-msg`)
	v.until(`window.__lab && document.querySelector('#inspector h1')?.textContent === 'OrderCreated'`)
	v.quiet()
}
