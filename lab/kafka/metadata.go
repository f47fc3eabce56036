package kafka

import (
	"encoding/binary"
	"slices"

	"github.com/twmb/franz-go/pkg/kbin"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kmsg"
)

// The fake goes on naming a broker that is down. A real cluster leaves it out
// of the brokers, of the in-sync replicas and of the leaders, so that clients
// stop asking it; and so does this one, on the wire.

// edits tells whether responses of a kind have to be changed.
func (w *wire) edits(key int16) bool {
	return w.fragile.Load() > 0 && (key == int16(kmsg.Metadata) || key == int16(kmsg.DescribeCluster))
}

// edit returns the response without the brokers that are down; as it is, where
// it cannot be read.
func (w *wire) edit(c call, response []byte) []byte {
	r := kbin.Reader{Src: response[8:]}
	if c.flexible() {
		kmsg.SkipTags(&r)
	}
	var changed kmsg.Response
	switch kmsg.Key(c.key) {
	case kmsg.Metadata:
		m := kmsg.NewPtrMetadataResponse()
		m.SetVersion(c.version)
		if m.ReadFrom(r.Src) != nil {
			return response
		}
		w.editMetadata(m)
		changed = m
	case kmsg.DescribeCluster:
		d := kmsg.NewPtrDescribeClusterResponse()
		d.SetVersion(c.version)
		if d.ReadFrom(r.Src) != nil {
			return response
		}
		d.Brokers = slices.DeleteFunc(d.Brokers, func(b kmsg.DescribeClusterResponseBroker) bool { return w.down(b.NodeID) })
		if w.down(d.ControllerID) {
			d.ControllerID = -1
		}
		changed = d
	default:
		return response
	}
	out := append([]byte(nil), response[:8]...)
	if changed.IsFlexible() {
		out = append(out, 0) // no tags in the header
	}
	out = changed.AppendTo(out)
	binary.BigEndian.PutUint32(out, uint32(len(out)-4))
	return out
}

func (w *wire) editMetadata(m *kmsg.MetadataResponse) {
	m.Brokers = slices.DeleteFunc(m.Brokers, func(b kmsg.MetadataResponseBroker) bool { return w.down(b.NodeID) })
	if w.down(m.ControllerID) {
		m.ControllerID = -1
	}
	for i := range m.Topics {
		for j := range m.Topics[i].Partitions {
			p := &m.Topics[i].Partitions[j]
			in, out := []int32{}, []int32{}
			for _, replica := range p.Replicas {
				if w.down(replica) {
					out = append(out, replica)
				} else {
					in = append(in, replica)
				}
			}
			p.ISR, p.OfflineReplicas = in, out
			if w.down(p.Leader) {
				p.Leader, p.ErrorCode = -1, kerr.LeaderNotAvailable.Code
			}
		}
	}
}

// down tells whether the machine of a broker is down.
func (w *wire) down(id int32) bool {
	m := w.machine(id)
	return m != nil && m.condition() == down
}
