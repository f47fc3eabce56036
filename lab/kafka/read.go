package kafka

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"
)

// readBytes bounds what one Read takes from the wire.
const readBytes = 1 << 20

// errMoved says that the partition has another leader now.
var errMoved = errors.New("the leader has moved")

// Read returns the records of a partition with offsets from `from` to `to`-1,
// in order. It returns what fits into about a megabyte: while the last record
// is not the one asked for, ask again from behind it. An empty answer means
// that nothing in the range exists, because it was trimmed, compacted away, is
// not written yet, or is the marker of a transaction. Records of transactions
// that were aborted are in the log like any other and are returned.
func (p *Probe) Read(ctx context.Context, topic string, partition int32, from, to int64) ([]*kgo.Record, error) {
	records, err := p.read(ctx, topic, partition, from, to)
	if err != nil {
		return nil, fmt.Errorf("read %s/%d from %d: %w", topic, partition, from, err)
	}
	return records, nil
}

func (p *Probe) read(ctx context.Context, topic string, partition int32, from, to int64) ([]*kgo.Record, error) {
	client, err := p.client()
	if err != nil {
		return nil, err
	}
	leader, err := p.leader(ctx, client, topic, partition, false)
	if err != nil {
		return nil, err
	}
	for moves := 0; from < to; {
		records, next, err := fetch(ctx, client, p.codecs, leader, topic, partition, from)
		switch {
		case errors.Is(err, errMoved) && moves < tries:
			moves++
			if err := pause(ctx, time.Duration(moves)*50*time.Millisecond); err != nil {
				return nil, err
			}
			if leader, err = p.leader(ctx, client, topic, partition, true); err != nil {
				return nil, err
			}
			continue
		case err != nil:
			return nil, err
		}
		if in := between(records, from, to); len(in) > 0 {
			return in, nil
		}
		if next <= from {
			return nil, nil // the end of the log
		}
		from = next // a batch without records, or a trimmed start
	}
	return nil, nil
}

// between cuts records, which are in order, to offsets from `from` to `to`-1.
func between(records []*kgo.Record, from, to int64) []*kgo.Record {
	for len(records) > 0 && records[0].Offset < from {
		records = records[1:]
	}
	for n := len(records); n > 0 && records[n-1].Offset >= to; n-- {
		records = records[:n-1]
	}
	return records
}

// fetch asks the leader once. next is the offset to go on from; it is from
// itself at the end of the log.
func fetch(ctx context.Context, client *kgo.Client, codecs kgo.Decompressor, leader int32, topic string, partition int32, from int64) (_ []*kgo.Record, next int64, _ error) {
	request := kmsg.NewPtrFetchRequest()
	request.ReplicaID, request.SessionEpoch = -1, -1 // a consumer, no session
	request.MaxBytes, request.MinBytes, request.MaxWaitMillis = readBytes, 0, 0
	t := kmsg.NewFetchRequestTopic()
	t.Topic = topic
	tp := kmsg.NewFetchRequestTopicPartition()
	tp.Partition, tp.FetchOffset, tp.PartitionMaxBytes = partition, from, readBytes
	t.Partitions = append(t.Partitions, tp)
	request.Topics = append(request.Topics, t)

	response, err := askBroker[*kmsg.FetchResponse](ctx, client, leader, request)
	if err != nil {
		if ctx.Err() != nil {
			return nil, from, err
		}
		return nil, from, fmt.Errorf("%w, or does not answer: %w", errMoved, err)
	}
	if len(response.Topics) != 1 || len(response.Topics[0].Partitions) != 1 {
		return nil, from, fmt.Errorf("ask broker %d: %w", leader, kerr.ErrorForCode(response.ErrorCode))
	}
	answer := &response.Topics[0].Partitions[0]
	switch err := kerr.ErrorForCode(answer.ErrorCode); {
	case errors.Is(err, kerr.OffsetOutOfRange):
		return nil, max(from, answer.LogStartOffset), nil
	case movedAway(answer.ErrorCode):
		return nil, from, fmt.Errorf("%w: %w", errMoved, err)
	case err != nil:
		return nil, from, err
	}
	read, next := kgo.ProcessFetchPartition(kgo.ProcessFetchPartitionOpts{
		Topic: topic, Partition: partition, Offset: from,
	}, answer, codecs, nil)
	if read.Err != nil {
		return nil, from, fmt.Errorf("decode: %w", read.Err)
	}
	return read.Records, next, nil
}

// leader returns the leader of the partition: the one last seen, or a fresh one.
func (p *Probe) leader(ctx context.Context, client *kgo.Client, topic string, partition int32, fresh bool) (int32, error) {
	p.mu.Lock()
	seen := find(p.seen[topic], partition)
	p.mu.Unlock()
	if seen != nil && seen.Leader >= 0 && !fresh {
		return seen.Leader, nil
	}
	metadata, err := askMetadata(ctx, client, true)
	if err != nil {
		return -1, err
	}
	partitions := p.partitions(metadata)[topic]
	found := find(partitions, partition)
	if found == nil {
		return -1, kerr.UnknownTopicOrPartition
	}
	p.mu.Lock()
	p.seen[topic] = partitions
	p.mu.Unlock()
	return found.Leader, nil
}

func pause(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
