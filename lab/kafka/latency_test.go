package kafka_test

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"
	"github.com/twmb/franz-go/pkg/kversion"

	"eddy/lab/kafka"
)

// A consumer that knows a leader by an epoch that is over is refused, and asks
// again at once, until it may ask for metadata.
func TestWhoIsRefusedAgainAndAgainDoesNotStopTime(t *testing.T) {
	stands := time.AfterFunc(20*time.Second, func() { panic("virtual time stands still") }) // of the wall
	defer stands.Stop()
	synctest.Test(t, func(t *testing.T) {
		c := startWith(t, kafka.Config{Topics: map[string]int{"orders": 1}})
		cl := client(t, c, nil, "eddy-payment-1", kgo.MaxVersions(kversion.V2_6_0())) // whose fetches name topics
		produce(t, cl, "a")
		home := leaders(t, probe(t, c))[0]
		for _, to := range []int32{(home + 1) % 3, home} {
			_, err := c.MoveLeader("orders", 0, to)
			require.NoError(t, err)
		}
		time.Sleep(time.Minute)
		request := kmsg.NewPtrFetchRequest()
		request.ReplicaID, request.MaxBytes, request.SessionEpoch = -1, 1000, -1
		topic, partition := kmsg.NewFetchRequestTopic(), kmsg.NewFetchRequestTopicPartition()
		topic.Topic, partition.CurrentLeaderEpoch, partition.PartitionMaxBytes = "orders", 0, 1000
		topic.Partitions = append(topic.Partitions, partition)
		request.Topics = append(request.Topics, topic)
		for began := time.Now(); time.Since(began) < 100*time.Millisecond; {
			response, err := cl.Broker(int(home)).Request(t.Context(), request)
			require.NoError(t, err)
			answer := response.(*kmsg.FetchResponse).Topics[0].Partitions[0]
			require.ErrorIs(t, kerr.ErrorForCode(answer.ErrorCode), kerr.FencedLeaderEpoch)
		}
	})
}
