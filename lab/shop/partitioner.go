package shop

import (
	"context"
	"sync/atomic"

	"github.com/twmb/franz-go/pkg/kgo"
)

// Partitioner sends records with a key where Java's producer would send them
// (murmur2), and records without one round robin. Kafka's own default keeps
// key-less records on one partition until a batch is full, which hides in a
// small run that their order is not kept.
func Partitioner() kgo.Partitioner { return roundRobin{kgo.StickyKeyPartitioner(nil)} }

type roundRobin struct{ keyed kgo.Partitioner }

func (r roundRobin) ForTopic(topic string) kgo.TopicPartitioner {
	return &topicPartitioner{TopicPartitioner: r.keyed.ForTopic(topic)}
}

type topicPartitioner struct {
	kgo.TopicPartitioner
	next atomic.Uint32
}

func (p *topicPartitioner) RequiresConsistency(*kgo.Record) bool { return true }

func (p *topicPartitioner) Partition(r *kgo.Record, n int) int {
	if to, ok := r.Context.Value(toPartition{}).(int32); ok {
		return int(to) % n
	}
	if r.Key == nil {
		return int(p.next.Add(1)-1) % n
	}
	return p.TopicPartitioner.Partition(r, n)
}

// ToPartition makes a context in which records go to one partition, whatever
// their key.
func ToPartition(ctx context.Context, partition int32) context.Context {
	return context.WithValue(ctx, toPartition{}, partition)
}

type toPartition struct{}
