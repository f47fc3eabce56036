package kafka

import (
	"maps"
	"slices"

	"github.com/twmb/franz-go/pkg/kmsg"
)

// rehashes bounds the search for a placement of all groups on brokers that are
// up. The fake places them by a hash, and can only be made to hash anew: with
// one broker of three left, a dozen groups take some ten thousand tries each.
const rehashes = 20_000

// watchCoordinators sees to it that nobody is sent to a coordinator that is
// down. It stops by itself when all brokers are up again.
func (c *Cluster) watchCoordinators() {
	c.placement.mu.Lock()
	defer c.placement.mu.Unlock()
	if c.placement.watching {
		return
	}
	c.placement.watching = true
	c.fake.ControlKey(int16(kmsg.FindCoordinator), func(r kmsg.Request) (kmsg.Response, error, bool) {
		request := r.(*kmsg.FindCoordinatorRequest)
		c.placement.mu.Lock()
		if c.wire.fragile.Load() == 0 {
			c.placement.watching = false
			c.placement.mu.Unlock()
			c.fake.DropControl()
			return nil, nil, false
		}
		if c.placement.groups == nil {
			c.placement.groups = make(map[string]bool)
		}
		for _, key := range append(slices.Clone(request.CoordinatorKeys), request.CoordinatorKey) {
			if key != "" {
				c.placement.groups[key] = true
			}
		}
		c.placement.mu.Unlock()
		c.findHomes()
		return nil, nil, false
	})
}

// findHomes hashes anew until no group that is known has its coordinator on a
// broker that is down, or no broker is up.
func (c *Cluster) findHomes() {
	if len(c.up()) == 0 {
		return
	}
	c.placement.mu.Lock()
	known := maps.Clone(c.placement.groups)
	c.placement.mu.Unlock()
	groups := append(slices.Collect(maps.Keys(known)), c.tap.groups()...)
	slices.Sort(groups)
	groups = slices.Compact(groups)
	homeless := func(group string) bool { return c.wire.down(c.fake.CoordinatorFor(group)) }
	for range rehashes {
		if !slices.ContainsFunc(groups, homeless) {
			return
		}
		c.fake.RehashCoordinators()
	}
}
