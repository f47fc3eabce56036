package kafka

import (
	"bytes"
	"encoding/binary"

	"github.com/twmb/franz-go/pkg/kbin"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"
)

// produced is what a request appends to one partition.
type produced struct {
	topic     string   // "" from version 13 on, which names topics by their ids
	id        [16]byte // of the topic, from version 13 on
	partition int32
	records   int
	numbered  bool // by an idempotent producer
	client    string
}

// readProduce reads a whole request; nil where it is not a produce request or
// no client would write it like that.
func readProduce(frame []byte) (request *kmsg.ProduceRequest, client string) {
	r := kbin.Reader{Src: frame}
	c := call{key: r.Int16(), version: r.Int16(), correlation: r.Int32()}
	id := r.NullableString()
	if !r.Ok() || c.key != int16(kmsg.Produce) {
		return nil, ""
	}
	if c.flexible() {
		kmsg.SkipTags(&r)
	}
	request = kmsg.NewPtrProduceRequest()
	request.SetVersion(c.version)
	if request.ReadFrom(r.Src) != nil {
		return nil, ""
	}
	if id != nil {
		client = *id
	}
	return request, client
}

// produced lists what the request that has just come in appends; nothing where
// nobody waits for its answer.
func (c *conn) produced() (all []produced) {
	request, client := readProduce(c.head)
	if request == nil || request.Acks == 0 {
		return nil
	}
	for _, t := range request.Topics {
		for _, p := range t.Partitions {
			all = append(all, produced{topic: t.Topic, id: t.TopicID, partition: p.Partition, records: batchRecords(p.Records), numbered: numbered(p.Records), client: client})
		}
	}
	return all
}

// batchRecords reads how many records a batch says that it has.
func batchRecords(batch []byte) int {
	const at = 57 // offset, length, epoch, magic, crc, attributes, and what is about the whole batch
	if len(batch) < at+4 {
		return 0
	}
	return int(int32(binary.BigEndian.Uint32(batch[at:])))
}

// numbered tells whether a batch has the id of a producer.
func numbered(batch []byte) bool {
	const at = 43 // before it: what batchRecords skips, up to the times of the records
	return len(batch) >= at+8 && int64(binary.BigEndian.Uint64(batch[at:])) >= 0
}

// Unstored is a record that a broker took and did not store before it died, and
// that its producer does not send again, because it waits for no answer.
type Unstored struct {
	Client string      // id of the producer
	Record *kgo.Record // without an offset: it never had one
}

// unstored lists the records of the request that has just come in whose
// producer waits for no answer. Topics that are named by an id only are left
// out: no client with acks=0 of the lab's own is that new.
func (c *conn) unstored() (all []Unstored) {
	if !c.whole {
		return nil
	}
	request, client := readProduce(bytes.Clone(c.head)) // records outlive the frame, whose memory is used again
	if request == nil || request.Acks != 0 {
		return nil
	}
	for _, t := range request.Topics {
		for _, p := range t.Partitions {
			// A fetch answers in the batches that were produced, so that what
			// reads one reads the other.
			batch := kmsg.NewFetchResponseTopicPartition()
			batch.Partition, batch.HighWatermark, batch.RecordBatches = p.Partition, int64(batchRecords(p.Records)), p.Records
			read, _ := kgo.ProcessFetchPartition(kgo.ProcessFetchPartitionOpts{Topic: t.Topic, Partition: p.Partition}, &batch, kgo.DefaultDecompressor(), nil)
			for _, record := range read.Records {
				record.Offset = -1
				all = append(all, Unstored{Client: client, Record: record})
			}
		}
	}
	return all
}
