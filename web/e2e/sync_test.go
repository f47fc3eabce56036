package e2e

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// In the sync style the map has double lines and slots; one slow service fills
// those of whoever calls it, and the map says why.
func TestMapShowsSlotsFillAndWhoWaitsForWhom(t *testing.T) {
	p := serve(t, 3)
	id := p.newLab(`{"saga":"sync"}`)
	v := browse(t, p, "/lab/~"+id, wide, high)
	v.live()
	taken := func(service, state string) string {
		return `document.querySelectorAll('[data-service=` + service + `] .slots i[data-state=` + state + `]').length`
	}
	require.Equal(t, 4, ask[int](v, taken("payment", "free")))
	require.Equal(t, 4, ask[int](v, `document.querySelectorAll('.mapfig path.call').length`), "from the shop, and to the three services that order calls")

	p.act(id, `{"slow":{"service":"payment","by":"1m"}}`, `{"burst":{"orders":4,"rate":100}}`)
	v.until(taken("order", "taken") + ` === 4 && ` + taken("payment", "taken") + ` === 4`)
	p.act(id, `"freeze"`)
	said := `[...document.querySelectorAll('.mapnote')].map(n => n.textContent).join('\n')`
	v.until(`/ord-1 has no free slot, because its 4 calls wait for payment, which is slow since/.test(` + said + `)`)
	v.until(`document.querySelector('[data-service=order]').dataset.full === '' && /no slot/.test(document.querySelector('[data-service=order]').textContent)`)
	assert.Equal(t, "4 wait", ask[string](v, `document.querySelector('.callcount').textContent`))

	p.act(id, `"thaw"`)
	v.until(taken("payment", "left") + ` === 4 && ` + taken("order", "free") + ` === 4`) // the callers gave up, the work goes on
	p.act(id, `{"restart":"payment"}`, `"heal"`, settled)
	v.until(taken("payment", "free") + ` === 4 && !document.querySelector('[data-full]')`)
	v.quiet()
}
