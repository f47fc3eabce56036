package kafka_test

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"

	"eddy/lab/kafka"
)

// leaders looks who leads the partitions of "orders".
func leaders(t testing.TB, p *kafka.Probe) (ids []int32) {
	t.Helper()
	seen, err := p.Look(t.Context(), kafka.Scope{Topics: true, Brokers: true})
	require.NoError(t, err)
	for _, one := range seen.Partitions["orders"] {
		ids = append(ids, one.Leader)
	}
	return ids
}

func brokers(t testing.TB, p *kafka.Probe) (ids []int32) {
	t.Helper()
	seen, err := p.Look(t.Context(), kafka.Scope{Brokers: true})
	require.NoError(t, err)
	for _, b := range seen.Brokers {
		ids = append(ids, b.ID)
	}
	return ids
}

func TestClientsGoOnWithoutABrokerThatIsDown(t *testing.T) {
	for id := range int32(3) {
		t.Run(fmt.Sprint("broker ", id), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				c := start(t)
				p := probe(t, c)
				producer := client(t, c, nil, "eddy-order-1")
				m := member(t, c, nil, "eddy-payment-1", "payment-service")
				produce(t, producer, "a", "b", "c", "d", "e", "f")
				consume(t, m, 6)
				generation := lookGroup(t, p, "payment-service").Generation
				before := leaders(t, p)
				for i := range before {
					if before[i] != id {
						_, err := c.MoveLeader("orders", int32(i), id)
						require.NoError(t, err)
					}
				}
				require.Equal(t, []int32{id, id, id}, leaders(t, p))

				moved, unstored, err := c.Down(id)
				require.NoError(t, err)
				assert.Len(t, moved, 3)
				assert.Empty(t, unstored, "the producer waits for answers")
				assert.NotContains(t, leaders(t, p), id)
				assert.NotContains(t, leaders(t, p), int32(-1))
				assert.NotContains(t, brokers(t, p), id)
				assert.False(t, p.Answers(t.Context(), id))

				began := time.Now()
				produce(t, producer, "g", "h", "i", "j", "k", "l")
				assert.Len(t, consume(t, m, 6), 6)
				assert.Less(t, time.Since(began), 2*time.Second)
				require.NoError(t, m.CommitUncommittedOffsets(t.Context()))
				time.Sleep(10 * time.Second)
				group := lookGroup(t, p, "payment-service")
				assert.Equal(t, generation, group.Generation, "another coordinator is no rebalance")
				assert.Len(t, group.Members, 1)

				moved, err = c.Up(id)
				require.NoError(t, err)
				assert.Len(t, moved, 3)
				assert.Equal(t, []int32{id, id, id}, leaders(t, p))
				assert.Equal(t, []int32{0, 1, 2}, brokers(t, p))
				assert.True(t, p.Answers(t.Context(), id))
				c.Elect()
				assert.Equal(t, before, leaders(t, p), "as if nobody had moved anything")
				began = time.Now()
				produce(t, producer, "m", "n", "o")
				assert.Len(t, consume(t, m, 3), 3)
				assert.Less(t, time.Since(began), 2*time.Second)
			})
		})
	}
}

func TestGroupIsNeverSentToACoordinatorThatIsDown(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := start(t)
		p := probe(t, c)
		for id := range int32(2) {
			_, _, err := c.Down(id)
			require.NoError(t, err)
		}
		for i := range 4 { // groups that nobody knew when the brokers went down
			group := fmt.Sprint("group-", i)
			m := member(t, c, nil, "eddy-payment-1", group)
			go m.PollFetches(t.Context())
			until(t, func() bool { return lookGroup(t, p, group).State == "Stable" })
		}
	})
}

func TestWithoutAnyBrokerEverybodyWaits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := start(t)
		p := probe(t, c)
		producer := client(t, c, nil, "eddy-order-1")
		produce(t, producer, "a")
		home := leaders(t, p)
		for id := range int32(3) {
			_, _, err := c.Down(id)
			require.NoError(t, err)
		}
		ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
		defer cancel()
		_, err := p.Look(ctx, kafka.Scope{Brokers: true})
		require.Error(t, err)
		acked := make(chan error, 1)
		producer.Produce(t.Context(), &kgo.Record{Topic: "orders", Value: []byte("b")}, func(_ *kgo.Record, err error) { acked <- err })
		time.Sleep(time.Minute)
		assert.Empty(t, acked)
		for id := range int32(3) {
			_, err := c.Up(id)
			require.NoError(t, err)
		}
		require.NoError(t, <-acked)
		assert.Equal(t, home, leaders(t, p))
	})
}

// What a producer without acks sends while the machine dies is gone; one that
// waits for answers sends it again.
func TestOnlyAProducerWithoutAcksLosesWhatADyingBrokerTook(t *testing.T) {
	for _, acks := range []string{"all", "leader", "none"} {
		t.Run(acks, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				c := startWith(t, kafka.Config{Topics: map[string]int{"orders": 1}})
				p := probe(t, c)
				options := map[string][]kgo.Opt{"all": nil, "leader": {kgo.RequiredAcks(kgo.LeaderAck()), kgo.DisableIdempotentWrite()},
					"none": {kgo.RequiredAcks(kgo.NoAck()), kgo.DisableIdempotentWrite()}}
				producer := client(t, c, nil, "eddy-order-1", options[acks]...)
				produce(t, producer, "before")
				at := leaders(t, p)[0]
				var produced sync.WaitGroup
				produced.Go(func() {
					time.Sleep(100 * time.Millisecond)
					produce(t, producer, "meanwhile")
				})
				_, unstored, err := c.Down(at)
				require.NoError(t, err)
				produced.Wait()
				time.Sleep(time.Second)
				producer.ForceMetadataRefresh()
				time.Sleep(time.Second)
				produce(t, producer, "after")
				time.Sleep(time.Second)
				_, err = p.Look(t.Context(), kafka.Scope{Topics: true})
				require.NoError(t, err)
				records, err := p.Read(t.Context(), "orders", 0, 0, 9)
				require.NoError(t, err)
				var values []string
				for _, r := range records {
					values = append(values, string(r.Value))
				}
				if acks != "none" {
					assert.Equal(t, []string{"before", "meanwhile", "after"}, values)
					assert.Empty(t, unstored)
					return
				}
				assert.Equal(t, []string{"before", "after"}, values)
				require.Len(t, unstored, 1)
				assert.Equal(t, "meanwhile", string(unstored[0].Record.Value))
				assert.Equal(t, "meanwhile", string(unstored[0].Record.Key))
				assert.Equal(t, "eddy-order-1", unstored[0].Client)
			})
		})
	}
}

func TestSlowBrokerAnswersLateAndOthersDoNot(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := startWith(t, kafka.Config{Topics: map[string]int{"orders": 1}})
		p := probe(t, c)
		producer := client(t, c, nil, "eddy-order-1")
		produce(t, producer, "a")
		at := leaders(t, p)[0]
		took := func() time.Duration {
			began := time.Now()
			produce(t, producer, "b")
			return time.Since(began)
		}
		require.Less(t, took(), 10*time.Millisecond)
		require.NoError(t, c.Slow((at+1)%3, 400*time.Millisecond))
		require.Less(t, took(), 10*time.Millisecond)
		require.NoError(t, c.Slow(at, 400*time.Millisecond))
		assert.Equal(t, 400*time.Millisecond, took().Round(10*time.Millisecond))
		began := time.Now()
		leaders(t, p)
		assert.Less(t, time.Since(began), 10*time.Millisecond, "the lab's own look is spared")
		require.NoError(t, c.Slow(at, 0))
		assert.Less(t, took(), 10*time.Millisecond)
		require.NoError(t, c.Slow(at, time.Hour))
		producer.Produce(t.Context(), &kgo.Record{Topic: "orders"}, nil)
		time.Sleep(time.Second) // and now everything is closed
	})
}

func TestOldLeaderSendsClientsAway(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := startWith(t, kafka.Config{Topics: map[string]int{"orders": 2}})
		p := probe(t, c)
		for i, leader := range leaders(t, p) {
			if leader != int32(i) {
				_, err := c.MoveLeader("orders", int32(i), int32(i))
				require.NoError(t, err)
			}
		}
		producer := client(t, c, nil, "eddy-order-1", kgo.RecordPartitioner(kgo.ManualPartitioner()))
		consumer := client(t, c, nil, "eddy-payment-1", kgo.ConsumeTopics("orders"))
		produce(t, producer, "a")
		consume(t, consumer, 1)
		time.Sleep(10 * time.Second) // fetches wait at both brokers
		move, err := c.MoveLeader("orders", 0, 1)
		require.NoError(t, err)
		assert.Equal(t, kafka.Move{Topic: "orders", Partition: 0, From: 0, To: 1}, move)
		_, err = c.MoveLeader("orders", 0, 1)
		require.Error(t, err, "it leads already")

		asked := kmsg.NewPtrListOffsetsRequest()
		topic := kmsg.NewListOffsetsRequestTopic()
		topic.Topic = "orders"
		topic.Partitions = append(topic.Partitions, kmsg.NewListOffsetsRequestTopicPartition())
		asked.ReplicaID, asked.Topics = -1, append(asked.Topics, topic)
		answer, err := producer.Broker(0).Request(t.Context(), asked)
		require.NoError(t, err)
		assert.Equal(t, kerr.NotLeaderForPartition.Code, answer.(*kmsg.ListOffsetsResponse).Topics[0].Partitions[0].ErrorCode)
		began := time.Now()
		produce(t, producer, "b")
		consume(t, consumer, 1)
		assert.Less(t, time.Since(began), time.Second)
		assert.Equal(t, []int32{1, 1}, leaders(t, p))
	})
}

func TestLostAckIsAppendedTwiceUnlessTheProducerIsIdempotent(t *testing.T) {
	for idempotent, want := range map[bool]int64{true: 2, false: 4} {
		t.Run(fmt.Sprint("idempotent ", idempotent), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				c := startWith(t, kafka.Config{Topics: map[string]int{"orders": 1, "payments": 1}})
				p := probe(t, c)
				var options []kgo.Opt
				if !idempotent {
					options = append(options, kgo.DisableIdempotentWrite())
				}
				producer := client(t, c, nil, "eddy-order-1", options...)
				produce(t, producer, "a")
				var lost []kafka.LostAck
				_, err := c.LoseAcks("orders", 2, func(l kafka.LostAck) { lost = append(lost, l) })
				require.NoError(t, err)
				require.NoError(t, producer.ProduceSync(t.Context(), &kgo.Record{Topic: "payments", Value: []byte("other")}).FirstErr())
				assert.Empty(t, lost, "the answer to another topic is none of ours")
				produce(t, producer, "b")
				require.Len(t, lost, 2)
				assert.Equal(t, kafka.LostAck{Topic: "orders", Offset: 1, Records: 1, Client: "eddy-order-1", Idempotent: idempotent}, lost[0])
				seen, err := p.Look(t.Context(), kafka.Scope{Topics: true})
				require.NoError(t, err)
				assert.Equal(t, want, seen.Partitions["orders"][0].End)
				produce(t, producer, "c")
				assert.Len(t, lost, 2, "so many and no more")

				stop, err := c.LoseAcks("orders", 5, func(l kafka.LostAck) { lost = append(lost, l) })
				require.NoError(t, err)
				stop()
				produce(t, producer, "d")
				assert.Len(t, lost, 2)
				_, err = c.LoseAcks("nothing", 1, nil)
				require.Error(t, err)
			})
		})
	}
}

func TestAddedPartitionsAreLedByBrokersThatAreUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := start(t)
		p := probe(t, c)
		_, _, err := c.Down(0)
		require.NoError(t, err)
		require.NoError(t, c.AddPartitions(t.Context(), "orders", 9))
		assert.Len(t, leaders(t, p), 9)
		assert.NotContains(t, leaders(t, p), int32(0))
		assert.NotContains(t, leaders(t, p), int32(-1))
		require.Error(t, c.AddPartitions(t.Context(), "orders", 5), "nobody takes one away")
		id, up := c.Controller()
		assert.Equal(t, int32(2), id)
		assert.True(t, up)
		_, _, err = c.Down(2)
		require.NoError(t, err)
		_, up = c.Controller()
		assert.False(t, up)
	})
}
