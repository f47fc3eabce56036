package lab_test

import (
	"testing"

	"eddy/lab"
	"eddy/lab/labtest"

	"github.com/stretchr/testify/assert"
)

// What is merely said sets nothing in motion: a lab that was settled with a
// lost order stays so, and what it found out stays true.
func TestRemarksDoNotUnsettle(t *testing.T) {
	for name, remark := range map[string]func(w *labtest.World){
		"a note":    func(w *labtest.World) { w.Do(`{"note":"look at this"}`) },
		"a refusal": func(w *labtest.World) { w.Refused(`{"cancel_order":{"order":"nobody"}}`) },
	} {
		t.Run(name, func(t *testing.T) {
			labtest.Bubble(t, "", func(t *testing.T, w *labtest.World) {
				w.Do(`{"fail":{"service":"payment","kind":"permanent"}}`)
				w.Place("A")
				w.Settled()
				w.True(`broken == ["every-order-ends"]`)
				w.Mark()
				remark(w)
				w.Do(`{"expect":"invariant(\"every-order-ends\") == \"broken\" && settled"}`)
				w.Never("invariant")
				raw, err := w.BoardAt(w.Head())
				assert.NoError(t, err)
				past := labtest.Parse(t, raw)["invariants"].(map[string]any)["every-order-ends"].(map[string]any)
				assert.Equal(t, "broken", past["state"])

				w.Place("B")
				w.Expect("invariant - every-order-ends pending")
			})
		})
	}
}

// The page and the journal name both: an order must not look like an instance.
func TestOrderIdsAreNoInstanceNames(t *testing.T) {
	labtest.Bubble(t, "", func(t *testing.T, w *labtest.World) {
		assert.Equal(t, "o-1", w.Place("A").OrderID)
		assert.Equal(t, "o-2", w.Place("B").OrderID)
		w.Settled()
		w.True(`order("o-2").handle == "B"`)
	})
}

func TestRefusalsUseTheCallersWords(t *testing.T) {
	labtest.Bubble(t, `{"services":{"payment":{"instances":2,"balancer":"range"}}}`, func(t *testing.T, w *labtest.World) {
		w.Place("A")
		w.Settled()
		for action, says := range map[string]string{
			`{"cancel_order":{"order":"A"}}`:                           "order A is COMPLETED; only a CREATED or PAID order can be cancelled",
			`{"cancel_order":{"order":"A","if_version":2}}`:            "order A is at version 4, not 2",
			`{"cancel_order":{"order":"o-1"}}`:                         "order o-1 is COMPLETED",
			`{"place_order":{"items":[{"sku":"sofa","qty":1}]}}`:       "the shop sells keyboard, mouse, monitor, cable",
			`{"restart":{"service":"payment","instance":7}}`:           "it has 1, 2",
			`{"burst":{"orders":1,"sku":"sofa"}}`:                      "the shop sells keyboard, mouse, monitor, cable",
			`{"crash":{"service":"payment","at":"now","instance":17}}`: "it has 1, 2",
		} {
			_, why := w.Refused(action)
			assert.Contains(t, why, says, action)
		}
	})
	_, err := lab.ParseSettings([]byte(`{"wrok":"1s"}`))
	assert.ErrorContains(t, err, "services, work")
}
