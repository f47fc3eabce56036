package kafka

import (
	"context"
	"fmt"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"
)

// SetOffsets commits offsets for a group from outside, by topic and partition:
// each is the next offset that the group handles. The group must have no
// members; a broker refuses the commit of somebody who is none of them.
func SetOffsets(ctx context.Context, client *kgo.Client, group string, offsets map[string]map[int32]int64) error {
	var all kadm.Offsets
	for topic, partitions := range offsets {
		for p, at := range partitions {
			all.AddOffset(topic, p, at, -1)
		}
	}
	answers, err := kadm.NewClient(client).CommitOffsets(ctx, group, all)
	if err != nil {
		return fmt.Errorf("set the offsets of %s: %w", group, err)
	}
	if err := answers.Error(); err != nil {
		return fmt.Errorf("set the offsets of %s: %w", group, err)
	}
	return nil
}
