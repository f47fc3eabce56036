package kafka_test

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"

	"eddy/lab/kafka"
)

// marked waits for a mark and takes it.
func marked(t testing.TB, c *kafka.Cluster) kafka.Changes {
	t.Helper()
	select {
	case <-c.Changed():
		return c.TakeChanges()
	case <-time.After(time.Minute):
		require.Fail(t, "nothing was marked within a minute")
		return kafka.Changes{}
	}
}

// unmarked checks that nothing is marked once everything has settled.
func unmarked(t testing.TB, c *kafka.Cluster) {
	t.Helper()
	synctest.Wait()
	assert.True(t, c.TakeChanges().Empty())
	select {
	case <-c.Changed():
		assert.Fail(t, "a mark was announced after all were taken")
	default:
	}
}

func TestOutsideProduceIsMarkedAndOwnIsNot(t *testing.T) {
	for name, options := range map[string][]kgo.Opt{
		"acks all":    nil,
		"acks leader": {kgo.RequiredAcks(kgo.LeaderAck()), kgo.DisableIdempotentWrite()},
		"acks none":   {kgo.RequiredAcks(kgo.NoAck()), kgo.DisableIdempotentWrite()},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				c := start(t)
				produce(t, client(t, c, nil, "eddy-order-1", options...), "a", "b")
				time.Sleep(time.Second)
				unmarked(t, c)

				outside := client(t, c, nil, "my-script", options...)
				p := probe(t, c)
				for end := int64(3); end < 10; end++ {
					produce(t, outside, "c")
					assert.Equal(t, map[string]bool{kafka.Some: true}, marked(t, c).Topics)
					seen, err := p.Look(t.Context(), kafka.Scope{Topics: true})
					require.NoError(t, err)
					var records int64
					for _, partition := range seen.Partitions["orders"] {
						records += partition.End
					}
					assert.Equal(t, end, records, "a look after the mark sees the record")
				}
			})
		})
	}
}

func TestJoiningAndLeavingIsMarkedAndHeartbeatsAreNot(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := start(t)
		m := member(t, c, nil, "eddy-payment-1", "payment-service")
		go func() { m.PollFetches(t.Context()) }()
		assert.True(t, marked(t, c).Groups["payment-service"])
		time.Sleep(time.Second)
		synctest.Wait()
		c.TakeChanges()

		time.Sleep(time.Minute) // 120 heartbeats
		unmarked(t, c)

		m.Close()
		assert.True(t, marked(t, c).Groups["payment-service"])
		assert.Empty(t, lookGroup(t, probe(t, c), "payment-service").Members)
	})
}

func TestOutsideCommitIsMarkedAndOwnIsNot(t *testing.T) {
	for id, want := range map[string]bool{"my-script": true, "eddy-payment-1": false} {
		synctest.Test(t, func(t *testing.T) {
			c := start(t)
			m := member(t, c, nil, id, "g")
			produce(t, client(t, c, nil, "eddy-order-1"), "a")
			records := consume(t, m, 1)
			time.Sleep(time.Second)
			synctest.Wait()
			c.TakeChanges()
			require.NoError(t, m.CommitRecords(t.Context(), records...))
			synctest.Wait()
			assert.Equal(t, want, c.TakeChanges().Groups["g"], id)
		})
	}
}

// Nothing is said on the wire when the only member's session ends.
func TestLastMemberThrownOutIsMarked(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := start(t)
		cable := c.Link("payment-1")
		m := member(t, c, cable, "eddy-payment-1", "g")
		go func() { m.PollFetches(t.Context()) }()
		time.Sleep(5 * time.Second)
		c.TakeChanges()
		cable.Cut()
		began := time.Now()
		assert.True(t, marked(t, c).Groups["g"])
		assert.InDelta(t, 3, time.Since(began).Seconds(), 0.1)
		assert.Empty(t, lookGroup(t, probe(t, c), "g").Members)
	})
}

func TestEndOfATransactionMarksTheGroupsItCommits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := start(t)
		produce(t, client(t, c, nil, "eddy-order-1"), "a")
		session, err := kgo.NewGroupTransactSession(append(c.Options(nil, "my-script"), kgo.TransactionalID("tx"),
			kgo.ConsumerGroup("g"), kgo.ConsumeTopics("orders"), kgo.FetchIsolationLevel(kgo.ReadCommitted()))...)
		require.NoError(t, err)
		defer session.Close()
		require.Len(t, session.PollFetches(t.Context()).Records(), 1)
		require.NoError(t, session.Begin())
		time.Sleep(time.Second)
		c.TakeChanges()
		done, err := session.End(t.Context(), kgo.TryCommit)
		require.NoError(t, err)
		require.True(t, done)
		synctest.Wait()
		changes := c.TakeChanges()
		assert.True(t, changes.Groups["g"])
		assert.True(t, changes.Topics[kafka.Some])
	})
}

func TestTopicsAndLeadersThatChangeAreMarked(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := start(t)
		cl := client(t, c, nil, "eddy-lab")
		moveLeaders(t, cl)
		assert.True(t, marked(t, c).Brokers)

		create := kmsg.NewPtrCreateTopicsRequest()
		topic := kmsg.NewCreateTopicsRequestTopic()
		topic.Topic, topic.NumPartitions, topic.ReplicationFactor = "mine", 1, -1
		create.Topics = append(create.Topics, topic)
		_, err := create.RequestWith(t.Context(), cl)
		require.NoError(t, err)
		assert.True(t, marked(t, c).Topics[kafka.Some])
	})
}
