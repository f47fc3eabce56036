package pattern

import (
	"context"
	"fmt"

	"github.com/twmb/franz-go/pkg/kgo"
)

// Sharer is one member of a share group: a queue on a topic.
//
// Problem: in a consumer group a partition belongs to one member. More members
// than partitions sit idle, and one slow record holds up all behind it.
//
// Guarantee: in a share group (KIP-932) records are given out one by one, to
// any member, and each is acknowledged for itself. What a member releases, or
// holds for too long, is given to another. So as many work as there are
// members.
//
// Cost: order. Records of one key may be handled side by side, or the later
// one first.
//
// Not covered: exactly once. A record is delivered at least once, and the
// broker counts how often.
type Sharer struct {
	Client *kgo.Client // made with ShareGroup; the caller closes it
	Handle func(context.Context, *kgo.Record) error
}

// Next takes records, handles each, and says for each what became of it. It
// waits until there are some, or until ctx ends.
func (s *Sharer) Next(ctx context.Context) error {
	fetches := s.Client.PollFetches(ctx)
	if err := fetches.Err(); err != nil {
		return fmt.Errorf("poll: %w", err)
	}
	for _, rec := range fetches.Records() {
		status := kgo.AckAccept
		if s.Handle(ctx, rec) != nil {
			status = kgo.AckRelease // somebody else may do better
		}
		s.Client.MarkAcks(status, rec)
		if err := s.Client.FlushAcks(ctx); err != nil {
			return fmt.Errorf("acknowledge %s p%d #%d: %w", rec.Topic, rec.Partition, rec.Offset, err)
		}
	}
	return nil
}
