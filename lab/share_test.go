package lab_test

import (
	"strings"
	"testing"
	"time"

	"eddy/lab/labtest"

	"github.com/stretchr/testify/assert"
)

// Eager: everybody gives everything back before anybody gets anything.
// Cooperative: only what moves is given back.
func TestEagerAndCooperativeGroupsShareOutDifferently(t *testing.T) {
	for balancer, all := range map[string]bool{"eager": true, "range": true, "cooperative": false} {
		t.Run(balancer, func(t *testing.T) {
			labtest.Bubble(t, `{"services":{"inventory":{"balancer":"`+balancer+`"}}}`, func(t *testing.T, w *labtest.World) {
				w.Settled()
				w.Mark()
				w.Do(`{"scale":{"service":"inventory","instances":2}}`)
				w.Until(`members("inventory") == 2 && service("inventory").state == "running"`, 20*time.Second)
				w.Settled()
				w.Await("note inventory inventory-1 gives back", 20*time.Second)
				gave := w.Expect("note inventory inventory-1 gives back")[0].Text
				had := []string{"payments p0 p1 p2", "inventory-commands p0 p1 p2"}
				if all {
					for _, part := range had {
						assert.Contains(t, gave, part)
					}
				} else {
					assert.Less(t, len(strings.Split(gave, " p")), 6, "it keeps some: %s", gave)
				}
				// A cooperative group hands out in a second round what was given
				// back in the first.
				for range 40 {
					if len(seated(w)) == 2 {
						break
					}
					w.Later(250 * time.Millisecond)
				}
				assert.Len(t, seated(w), 2)
			})
		})
	}
}

// seated lists the seats of inventory that have partitions.
func seated(w *labtest.World) (seats []any) {
	for _, seat := range w.At("services", "inventory", "seats").([]any) {
		if has, ok := seat.(map[string]any)["partitions"].(map[string]any); ok && len(has) > 0 {
			seats = append(seats, seat)
		}
	}
	return seats
}

// A partition has one reader in a group: who comes fourth waits, and the page
// says why.
func TestAFourthMemberOfThreePartitionsSaysWhyItIsIdle(t *testing.T) {
	labtest.Bubble(t, `{"services":{"inventory":{"instances":4,"balancer":"range"}}}`, func(t *testing.T, w *labtest.World) {
		w.Until(`members("inventory") == 4 && service("inventory").state == "running"`, 10*time.Second)
		w.Settled()
		idle := 0
		for _, seat := range w.At("services", "inventory", "seats").([]any) {
			if why, ok := seat.(map[string]any)["idle"].(string); ok && why != "" {
				assert.Contains(t, why, "reads nothing, because 4 members share 3 partitions of each topic")
				idle++
			}
		}
		assert.Equal(t, 1, idle)
		w.Do(`{"scale":{"service":"inventory","instances":3}}`)
		w.Until(`members("inventory") == 3`, 10*time.Second)
		w.Settled()
		for _, seat := range w.At("services", "inventory", "seats").([]any) {
			assert.Empty(t, seat.(map[string]any)["idle"])
		}
	})
}
