package scenarios_test

import (
	"testing"

	"eddy/lab/labtest"
	"eddy/scenarios"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// Who almost does it hears what is missing, as long as that is so.
func TestANearMissIsNamed(t *testing.T) {
	const text = `
id: near
title: Near
pattern: kafka
level: 1
minutes: 1
summary: One order, paid.
lab: {seed: 1, work: 10ms}
steps:
  - id: place
    title: Place
    goal: order("A").status == "COMPLETED"
    near:
      - {when: 'any(orders, .status == "CANCELLED")', say: "It was **cancelled**. Take another card."}
`
	guided(t, text, func(t *testing.T, w *labtest.World, g *scenarios.Guide) {
		require.NoError(t, g.Open(t.Context()))
		said := func() string {
			require.NoError(t, g.Judge(t.Context()))
			return g.View().Near
		}
		assert.Empty(t, said(), "nothing was done yet")
		w.Do(`{"place_order":{"as":"B","user":"user-1","items":[{"sku":"mouse","qty":1}],"method":"declined-card"}}`)
		w.Do(`{"wait_until":{"expr":"settled","within":"20s"}}`)
		assert.Equal(t, "It was **cancelled**. Take another card.", said())
		complete(w, "A")
		assert.Empty(t, said(), "the goal is met")
	})
}

// A proof tells of near misses that are said to everybody, or to nobody.
func TestANearMissIsTriedByPlaying(t *testing.T) {
	near := func(when string) []scenarios.Finding {
		p, _ := prove(t, parsed(t, "    goal: order(\"A\").status == \"COMPLETED\"\n", "    goal: order(\"A\").status == \"COMPLETED\"\n    near: [{when: '"+when+"', say: Close.}]\n"), 0)
		return p.Warnings
	}
	assert.Empty(t, near(`any(orders, .status == "CANCELLED")`), "the wrong moves come to it")
	found := near(`len(orders) == 0`)
	require.Len(t, found, 1)
	assert.Equal(t, "near-at-start", found[0].Rule)
	found = near(`len(orders) > 5`)
	require.Len(t, found, 1)
	assert.Equal(t, "near-unseen", found[0].Rule)
	assert.Equal(t, 13, found[0].Line)
}
