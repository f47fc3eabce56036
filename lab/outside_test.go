package lab_test

import (
	"bytes"
	"context"
	"sync"
	"testing"
	"time"

	"eddy/lab"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"
)

// listening opens a lab that clients from outside can reach, and one of them.
func listening(t *testing.T, settings string) (*lab.Lab, *kgo.Client) {
	t.Parallel()
	s, err := lab.ParseSettings([]byte(settings))
	require.NoError(t, err)
	l, err := lab.Open(t.Context(), s, lab.Options{Listen: "127.0.0.1:0"})
	require.NoError(t, err)
	t.Cleanup(l.Close)
	client, err := kgo.NewClient(kgo.SeedBrokers(l.Addrs()...))
	require.NoError(t, err)
	t.Cleanup(client.Close)
	return l, client
}

func act(t *testing.T, l *lab.Lab, action string) {
	t.Helper()
	a, err := lab.DecodeAction([]byte(action))
	require.NoError(t, err)
	_, err = l.Do(t.Context(), a)
	require.NoError(t, err, action)
}

// A group shares its partitions out by one rule. Who knows another one cannot
// join, and must not look as if it were about to.
func TestAnInstanceThatItsGroupDoesNotTakeSaysWhy(t *testing.T) {
	l, _ := listening(t, "")
	act(t, l, `{"scale":{"service":"payment","instances":0}}`)
	act(t, l, `{"wait_until":{"expr":"members(\"payment\") == 0","within":"10s"}}`)
	// Only now: the group would not take a stranger while payment is in it.
	var once sync.Once
	joined := make(chan struct{}) // before that, payment could still be first and set the rule
	outside, err := kgo.NewClient(kgo.SeedBrokers(l.Addrs()...), kgo.ConsumerGroup("payment-service"), kgo.ConsumeTopics("orders"), kgo.Balancers(kgo.RangeBalancer()),
		kgo.OnPartitionsAssigned(func(context.Context, *kgo.Client, map[string][]int32) { once.Do(func() { close(joined) }) }))
	require.NoError(t, err)
	t.Cleanup(outside.Close)
	go func() {
		for !outside.PollFetches(t.Context()).IsClientClosed() && t.Context().Err() == nil {
		}
	}()
	select {
	case <-joined:
	case <-time.After(10 * time.Second):
		require.Fail(t, "the group did not take the stranger")
	}
	act(t, l, `{"wait_until":{"expr":"members(\"payment\") == 1","within":"10s"}}`)
	act(t, l, `{"scale":{"service":"payment","instances":1}}`)
	assert.Eventually(t, func() bool {
		raw, _ := l.Snapshot()
		return bytes.Contains(raw, []byte("set the balancer of payment to range"))
	}, 10*time.Second, 50*time.Millisecond)
	act(t, l, `{"set":{"service":"payment","balancer":"range"}}`)
	act(t, l, `{"wait_until":{"expr":"members(\"payment\") == 2 && service(\"payment\").state == \"running\"","within":"20s"}}`)
}

func TestTheBoardShowsWhatWasDeletedFromATopic(t *testing.T) {
	l, outside := listening(t, "")
	act(t, l, `{"publish":{"topic":"orders","partition":0,"value":"x"}}`)
	act(t, l, `{"publish":{"topic":"orders","partition":0,"value":"y"}}`)
	act(t, l, `{"wait_until":{"expr":"settled","within":"20s"}}`)
	req := kmsg.NewPtrDeleteRecordsRequest()
	topic := kmsg.NewDeleteRecordsRequestTopic()
	topic.Topic = "orders"
	part := kmsg.NewDeleteRecordsRequestTopicPartition()
	part.Offset = 1
	topic.Partitions = append(topic.Partitions, part)
	req.Topics = append(req.Topics, topic)
	for _, shard := range outside.RequestSharded(t.Context(), req) {
		require.NoError(t, shard.Err)
	}
	act(t, l, `{"publish":{"topic":"orders","partition":0,"value":"z"}}`)
	act(t, l, `{"wait_until":{"expr":"topic(\"orders\").partitions[0].start == 1 && topic(\"orders\").partitions[0].end == 3","within":"10s"}}`)
}
