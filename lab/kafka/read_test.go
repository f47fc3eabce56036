package kafka_test

import (
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"

	"eddy/lab/kafka"
)

// one starts a cluster whose topic "orders" has one partition.
func one(t testing.TB) *kafka.Cluster {
	return startWith(t, kafka.Config{Topics: map[string]int{"orders": 1}})
}

func offsets(records []*kgo.Record) (all []int64) {
	for _, r := range records {
		all = append(all, r.Offset)
	}
	return all
}

// Not in a bubble: the zstd decoder is finalized outside of it, which the
// runtime does not forgive.
func TestReadFillsAGapOfCompressedBatches(t *testing.T) {
	for name, codec := range map[string]kgo.CompressionCodec{
		"none": kgo.NoCompression(), "gzip": kgo.GzipCompression(), "snappy": kgo.SnappyCompression(),
		"lz4": kgo.Lz4Compression(), "zstd": kgo.ZstdCompression(),
	} {
		t.Run(name, func(t *testing.T) {
			c := one(t)
			cl := client(t, c, nil, "my-script", kgo.ProducerBatchCompression(codec))
			var all []*kgo.Record
			for range 10 {
				all = append(all, &kgo.Record{Topic: "orders", Value: []byte(strings.Repeat("order ", 100))})
			}
			require.NoError(t, cl.ProduceSync(t.Context(), all...).FirstErr())

			records, err := probe(t, c).Read(t.Context(), "orders", 0, 3, 7)
			require.NoError(t, err)
			assert.Equal(t, []int64{3, 4, 5, 6}, offsets(records))
			assert.Equal(t, all[3].Value, records[0].Value)
			assert.Equal(t, "orders", records[0].Topic)
		})
	}
}

func TestReadReturnsWhatFitsAndGoesOnFromThere(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := one(t)
		cl := client(t, c, nil, "eddy-order-1")
		for range 40 {
			require.NoError(t, cl.ProduceSync(t.Context(), &kgo.Record{Topic: "orders", Value: make([]byte, 1<<16)}).FirstErr())
		}
		p := probe(t, c)
		var got []int64
		reads := 0
		for next := int64(0); next < 40; reads++ {
			records, err := p.Read(t.Context(), "orders", 0, next, 40)
			require.NoError(t, err)
			require.NotEmpty(t, records)
			require.LessOrEqual(t, len(records), 17, "about a megabyte")
			got = append(got, offsets(records)...)
			next = got[len(got)-1] + 1
		}
		assert.Len(t, got, 40)
		assert.Greater(t, reads, 2)
	})
}

func TestReadOutsideTheLogIsEmpty(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := one(t)
		produce(t, client(t, c, nil, "eddy-order-1"), "a", "b", "c")
		p := probe(t, c)
		for _, span := range [][2]int64{{3, 10}, {50, 60}, {1, 1}, {2, 1}} {
			records, err := p.Read(t.Context(), "orders", 0, span[0], span[1])
			require.NoError(t, err)
			assert.Empty(t, records, span)
		}
		_, err := p.Read(t.Context(), "nothing", 0, 0, 1)
		assert.ErrorContains(t, err, "read nothing/0 from 0")
	})
}

func TestReadStartsWhereTheTrimmedLogStarts(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := one(t)
		cl := client(t, c, nil, "eddy-order-1")
		produce(t, cl, "a", "b", "c", "d")
		trim := kmsg.NewPtrDeleteRecordsRequest()
		topic := kmsg.NewDeleteRecordsRequestTopic()
		topic.Topic = "orders"
		topic.Partitions = []kmsg.DeleteRecordsRequestTopicPartition{{Partition: 0, Offset: 2}}
		trim.Topics = append(trim.Topics, topic)
		_, err := trim.RequestWith(t.Context(), cl)
		require.NoError(t, err)

		records, err := probe(t, c).Read(t.Context(), "orders", 0, 0, 4)
		require.NoError(t, err)
		assert.Equal(t, []int64{2, 3}, offsets(records))
	})
}

func TestReadStepsOverTransactionMarkers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := one(t)
		cl := client(t, c, nil, "my-script", kgo.TransactionalID("tx"))
		for _, end := range []kgo.TransactionEndTry{kgo.TryCommit, kgo.TryAbort, kgo.TryCommit} {
			require.NoError(t, cl.BeginTransaction())
			produce(t, cl, "a")
			require.NoError(t, cl.EndTransaction(t.Context(), end))
		}
		p := probe(t, c)
		records, err := p.Read(t.Context(), "orders", 0, 0, 6)
		require.NoError(t, err)
		assert.Equal(t, []int64{0, 2, 4}, offsets(records))
		records, err = p.Read(t.Context(), "orders", 0, 1, 2)
		require.NoError(t, err)
		assert.Empty(t, records, "offset 1 is a marker")
	})
}

func TestReadFollowsAMovedLeader(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := one(t)
		cl := client(t, c, nil, "eddy-order-1")
		produce(t, cl, "a", "b")
		p := probe(t, c)
		_, err := p.Look(t.Context(), kafka.Scope{Topics: true}) // now it knows the old leader
		require.NoError(t, err)
		moveLeaders(t, cl)
		records, err := p.Read(t.Context(), "orders", 0, 0, 2)
		require.NoError(t, err)
		assert.Equal(t, []int64{0, 1}, offsets(records))
	})
}

// A consumer that checks its epoch against a new leader must not be told that
// records were lost.
func TestLeaderMoveIsNoDataLoss(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := one(t)
		cl := client(t, c, nil, "eddy-order-1")
		m := client(t, c, nil, "eddy-payment-1", kgo.ConsumeTopics("orders"), kgo.MetadataMaxAge(200*time.Millisecond))
		produce(t, cl, "a")
		consume(t, m, 1)
		for range 4 {
			moveLeaders(t, cl)
			time.Sleep(time.Second) // the consumer hears of the new leader
			produce(t, cl, "b")
			assert.Equal(t, "b", string(consume(t, m, 1)[0].Value))
		}
	})
}

// moveLeaders makes the next broker the leader of every partition of "orders".
func moveLeaders(t testing.TB, cl *kgo.Client) {
	t.Helper()
	elect := kmsg.NewPtrElectLeadersRequest()
	topic := kmsg.NewElectLeadersRequestTopic()
	topic.Topic, topic.Partitions = "orders", []int32{0}
	elect.Topics = append(elect.Topics, topic)
	response, err := elect.RequestWith(t.Context(), cl)
	require.NoError(t, err)
	require.Zero(t, response.ErrorCode)
}
