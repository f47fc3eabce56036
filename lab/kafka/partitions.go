package kafka

// A topic that gets more partitions.
//
// What a real cluster does: the controller adds empty partitions; records stay
// where they are. Producers take the new number into account as soon as they
// hear of it, within five minutes by default, and from then on most keys go to
// another partition than before: the order of one key is kept no longer. The
// leader of each consumer group has its members join anew. Nobody can take a
// partition away again.
//
// Here: the same request to the same controller. What the fake leaves out: its
// controller is the broker with the highest id and does not fail over, so that
// nothing can be added while it is down.

import (
	"context"
	"fmt"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"
)

// Controller returns the id of the controller, and whether it is up.
func (c *Cluster) Controller() (id int32, isUp bool) {
	id = int32(len(c.wire.ports)) - 1
	return id, !c.wire.down(id)
}

// AddPartitions gives a topic so many more that it has count. It asks the
// controller over the Kafka protocol; new partitions are led by brokers that
// are up, in turn.
func (c *Cluster) AddPartitions(ctx context.Context, topic string, count int) error {
	client, err := kgo.NewClient(c.Options(nil, own+"admin")...)
	if err != nil {
		return fmt.Errorf("add partitions to %s: %w", topic, err)
	}
	defer client.Close()
	request := kmsg.NewPtrCreatePartitionsRequest()
	t := kmsg.NewCreatePartitionsRequestTopic()
	t.Topic, t.Count = topic, int32(count)
	alive := c.up()
	for p := len(c.fake.PartitionInfos(topic)); p < count; p++ {
		a := kmsg.NewCreatePartitionsRequestTopicAssignment()
		a.Replicas = []int32{alive[p%len(alive)]}
		t.Assignment = append(t.Assignment, a)
	}
	request.Topics = append(request.Topics, t)
	response, err := request.RequestWith(ctx, client)
	if err != nil {
		return fmt.Errorf("add partitions to %s: %w", topic, err)
	}
	for _, t := range response.Topics {
		if err := kerr.ErrorForCode(t.ErrorCode); err != nil {
			return fmt.Errorf("add partitions to %s: %w", topic, err)
		}
	}
	c.elected()
	return nil
}
