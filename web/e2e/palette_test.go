package e2e

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// What the palette offers is what the lab takes: a refusal names all that a
// service reacts to.
func TestPaletteOffersTheMessagesThatEachServiceReactsTo(t *testing.T) {
	p := serve(t, 3)
	v := browse(t, p, "/lab/free", wide, high)
	v.live()
	offers := ask[map[string][]string](v, `import('/static/lab/words.js').then(words => words.HANDLES)`)
	require.Equal(t, []string{"inventory", "notification", "orchestrator", "order", "payment", "projector"}, slices.Sorted(maps.Keys(offers)))
	for service, events := range offers {
		var answer struct {
			Results []struct{ Error struct{ Message string } }
		}
		p.call("POST", "/api/labs/"+v.labID()+"/actions", fmt.Sprintf(`[{"fail":{"service":%q,"on":"?"}}]`, service), &answer)
		require.Len(t, answer.Results, 1)
		slices.Sort(events)
		assert.Regexp(t, "reacts to "+strings.Join(events, ", ")+`\W*$`, answer.Results[0].Error.Message, service)
	}
}

func TestPaletteAimsACrashAtOneKindOfMessage(t *testing.T) {
	p := serve(t, 3)
	v := browse(t, p, "/lab/free", wide, high)
	v.live()
	choose := func(name, value string) {
		require.True(t, ask[bool](v, fmt.Sprintf(`(() => { const e = document.querySelector('#palette [name=%s]'); e.value = %q;
			e.dispatchEvent(new Event('input', {bubbles: true})); e.dispatchEvent(new Event('change', {bubbles: true})); return e.value === %q })()`, name, value, value)))
	}
	v.click("#break")
	v.click(`[data-what="Crash before the work"]`)
	choose("on", "StockReservationFailed")
	choose("times", "2")
	v.click(`#palette [type=submit]`)
	v.until(`/payment will crash before it handles the next StockReservationFailed/.test(document.querySelector('#faults').textContent)`)

	v.click("#place")
	v.until(`Object.values(window.__lab.board().orders)[0]?.status === "COMPLETED"`)
	require.Zero(t, p.eval(v.labID(), `service("payment").crashes`), "an OrderCreated is not what it waits for")

	p.act(v.labID(), `{"decline":{"stock_out":"keyboard"}}`, `{"place_order":{"items":[{"sku":"keyboard","qty":1}]}}`)
	v.until(`window.__lab.board().services.payment.state === "crashed"`)
	v.quiet()
}
