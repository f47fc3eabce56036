package kafka

import (
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kmsg"
)

// fixEpochs answers OffsetForLeaderEpoch as a real broker does. The fake says
// "unknown" until the new leader has written a record of its own, which a
// consumer takes for data loss: it rewinds and reads records again after every
// leader move. Nothing is ever truncated in the fake, so every epoch ends at
// the end of the log or before, and the end of the log is a right answer.
func fixEpochs(fake *kfake.Cluster) {
	fake.ControlKey(int16(kmsg.OffsetForLeaderEpoch), func(r kmsg.Request) (kmsg.Response, error, bool) {
		fake.KeepControl()
		request := r.(*kmsg.OffsetForLeaderEpochRequest)
		response := request.ResponseKind().(*kmsg.OffsetForLeaderEpochResponse)
		node := fake.CurrentNode()
		for _, asked := range request.Topics {
			topic := kmsg.NewOffsetForLeaderEpochResponseTopic()
			topic.Topic = asked.Topic
			for _, p := range asked.Partitions {
				partition := kmsg.NewOffsetForLeaderEpochResponseTopicPartition()
				partition.Partition = p.Partition
				info := fake.PartitionInfo(asked.Topic, p.Partition)
				switch {
				case info == nil:
					partition.ErrorCode = kerr.UnknownTopicOrPartition.Code
				case info.Leader != node:
					partition.ErrorCode = kerr.NotLeaderForPartition.Code
				case p.CurrentLeaderEpoch != -1 && p.CurrentLeaderEpoch < info.Epoch:
					partition.ErrorCode = kerr.FencedLeaderEpoch.Code
				case p.CurrentLeaderEpoch > info.Epoch:
					partition.ErrorCode = kerr.UnknownLeaderEpoch.Code
				default:
					partition.LeaderEpoch = p.LeaderEpoch
					partition.EndOffset = info.HighWatermark
				}
				topic.Partitions = append(topic.Partitions, partition)
			}
			response.Topics = append(response.Topics, topic)
		}
		return response, nil, true
	})
}
