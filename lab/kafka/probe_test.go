package kafka_test

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kgo"

	"eddy/lab/kafka"
)

func TestProbeSeesPartitionsAndBrokers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := startWith(t, kafka.Config{Topics: map[string]int{"orders": 3, "payments": 1}})
		produce(t, client(t, c, nil, "eddy-order-1"), "a", "b", "c", "d")

		seen, err := probe(t, c).Look(t.Context(), kafka.Scope{Topics: true, Brokers: true})
		require.NoError(t, err)
		assert.Equal(t, []kafka.Broker{{ID: 0}, {ID: 1}, {ID: 2, Controller: true}}, seen.Brokers)
		require.Len(t, seen.Partitions, 2)
		assert.Len(t, seen.Partitions["payments"], 1)
		require.Len(t, seen.Partitions["orders"], 3)
		var records int64
		for i, p := range seen.Partitions["orders"] {
			assert.EqualValues(t, i, p.ID)
			assert.Contains(t, []int32{0, 1, 2}, p.Leader)
			assert.Zero(t, p.Start)
			records += p.End
		}
		assert.EqualValues(t, 4, records)
		assert.Nil(t, seen.Groups)
	})
}

func TestLookLeavesOutWhatTheScopeDoesNotName(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := start(t)
		p := probe(t, c)
		seen, err := p.Look(t.Context(), kafka.Scope{})
		require.NoError(t, err)
		assert.Equal(t, kafka.Observation{}, seen)
		seen, err = p.Look(t.Context(), kafka.Scope{AllGroups: true})
		require.NoError(t, err)
		assert.Nil(t, seen.Brokers)
		assert.Nil(t, seen.Partitions)
		assert.Empty(t, seen.Groups)
	})
}

// The group is anybody's: its id does not start with "eddy-".
func TestProbeSeesMembersAndCommitsOfAnOutsideGroup(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := start(t)
		p := probe(t, c)
		outside := member(t, c, nil, "my-script", "my-group")
		produce(t, outside, "a", "b", "c", "d")
		records := consume(t, outside, 4)
		require.NoError(t, outside.CommitRecords(t.Context(), records...))

		g := lookGroup(t, p, "my-group")
		assert.Equal(t, "Stable", g.State)
		assert.Equal(t, "cooperative-sticky", g.Protocol)
		assert.EqualValues(t, 1, g.Generation)
		require.Len(t, g.Members, 1)
		assert.Equal(t, "my-script", g.Members[0].ClientID)
		assert.ElementsMatch(t, []int32{0, 1, 2}, g.Members[0].Partitions["orders"])
		var committed int64
		for _, offset := range g.Committed["orders"] {
			committed += offset
		}
		assert.EqualValues(t, 4, committed)

		outside.Close()
		g = lookGroup(t, p, "my-group")
		assert.Equal(t, "Empty", g.State)
		assert.Empty(t, g.Members)
		assert.NotEmpty(t, g.Committed["orders"])
	})
}

func TestGenerationGrowsWithEveryRebalance(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := start(t)
		p := probe(t, c)
		assert.Zero(t, c.Generation("g"))
		first := member(t, c, nil, "eddy-payment-1", "g")
		go func() { first.PollFetches(t.Context()) }()
		until(t, func() bool { return len(lookGroup(t, p, "g").Members) == 1 })
		before := c.Generation("g")
		second := member(t, c, nil, "eddy-payment-2", "g")
		go func() { second.PollFetches(t.Context()) }()
		until(t, func() bool { g := lookGroup(t, p, "g"); return len(g.Members) == 2 && g.State == "Stable" })
		assert.Greater(t, c.Generation("g"), before)
		assert.Equal(t, c.Generation("g"), lookGroup(t, p, "g").Generation)
	})
}

func TestProbeSeesGroupsOfTheNewProtocol(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := start(t)
		p := probe(t, c)
		m := client(t, c, nil, "my-script", kgo.ConsumerGroup("new"), kgo.ConsumeTopics("orders"), kgo.ServerSideBalancer())
		produce(t, m, "a")
		consume(t, m, 1)
		// The broker counts a partition as the member's once the member said so.
		var g kafka.Group
		until(t, func() bool {
			g = lookGroup(t, p, "new")
			return g.State == "Stable" && len(g.Members) == 1 && len(g.Members[0].Partitions["orders"]) == 3
		})
		assert.Positive(t, g.Generation)
		assert.Equal(t, g.Generation, c.Generation("new"))
	})
}

func TestProbeListsAllGroupsAndTellsDeadOnes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := start(t)
		p := probe(t, c)
		names := []string{"one", "two", "three", "four"}
		for _, name := range names {
			m := member(t, c, nil, name, name)
			go func() { m.PollFetches(t.Context()) }()
		}
		time.Sleep(time.Second)
		seen, err := p.Look(t.Context(), kafka.Scope{AllGroups: true, Groups: []string{"nobody"}})
		require.NoError(t, err)
		require.Len(t, seen.Groups, 5)
		assert.Equal(t, kafka.Dead, seen.Groups["nobody"].State)
		for _, name := range names {
			assert.Len(t, seen.Groups[name].Members, 1)
		}
	})
}

func TestClosedProbeSaysSo(t *testing.T) {
	c := start(t)
	p := c.NewProbe()
	p.Close()
	_, err := p.Look(t.Context(), kafka.Scope{Topics: true})
	assert.ErrorContains(t, err, "the probe is closed")
}
