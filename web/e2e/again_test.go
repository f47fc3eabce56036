package e2e

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// The double charge, and beside it the same run with idempotence: the page
// names the difference, and both labs are there to look at.
func TestTwinsStandSideBySideWithTheirDifferenceNamed(t *testing.T) {
	p := serve(t, 3)
	v := browse(t, p, "/lab/free", wide, high)
	v.live()
	ask[any](v, `(async () => {
		const act = window.__lab.act;
		await act({set: {service: 'payment', idempotent: false}});
		await act({crash: {service: 'payment', at: 'after_handle'}});
		await act({place_order: {as: 'A', items: [{sku: 'mouse', qty: 1}]}});
		await act({wait_until: {expr: 'service("payment").state == "crashed"', within: '20s'}});
		await act({restart: {service: 'payment'}});
		await act({wait_until: {expr: 'order("A").charges == 2', within: '20s'}});
	})()`)
	v.click("#again-open")
	require.Contains(t, ask[string](v, `document.querySelector('#again').innerText`), "Twins")
	ask[any](v, `(() => {
		const select = document.querySelector('#again select');
		select.value = [...select.options].find((o) => o.text === 'payment: idempotent').value;
	})()`)
	v.click("#again .btn.go")
	v.until(`document.querySelector('#twins')?.dataset.over === 'true'`)
	v.until(`[...document.querySelectorAll('#diff tr')].some((row) => /charges of order A\s+2\s+1/.test(row.innerText))`)
	assert.Equal(t, 2.0, ask[float64](v, `document.querySelectorAll('.pair iframe').length`))
	v.until(`[...document.querySelectorAll('.pair iframe')].every((f) => f.contentWindow.__lab?.board()?.orders && Object.keys(f.contentWindow.__lab.board().orders).length === 1)`)
	v.quiet()
}

// From a moment that went by, in a lab of its own that stands still there.
func TestRestartFromNowStandsFrozenAndGoesOn(t *testing.T) {
	p := serve(t, 3)
	v := browse(t, p, "/lab/free", wide, high)
	v.live()
	first := v.labID()
	v.click("#place")
	v.until(`window.__lab.board().counts.orders === 1`)
	v.click("#again-open")
	v.click("#again section:nth-of-type(2) .btn")
	v.until(`window.__lab && window.__lab.board()?.rerun?.over`)
	assert.NotEqual(t, first, v.labID())
	v.until(`document.documentElement.dataset.state === 'frozen'`)
	v.until(`/repeats the other lab/.test(document.querySelector('#rerun').innerText)`)
	assert.Equal(t, 1.0, ask[float64](v, `window.__lab.board().counts.orders`))
	v.click("#run")
	v.until(`window.__lab.board().counts.completed === 1`)
	v.quiet()
}
