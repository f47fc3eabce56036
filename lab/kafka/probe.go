package kafka

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"sync"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"
	"github.com/twmb/franz-go/pkg/kversion"
)

// tries is how often a look or a read asks again after a leader or a
// coordinator has moved under it.
const tries = 4

// Scope says what a Look looks at. The zero Scope looks at nothing.
type Scope struct {
	Topics    bool     // leaders, starts and ends of all partitions
	Brokers   bool     // brokers and the controller
	Groups    []string // these groups
	AllGroups bool     // every group there is; with Groups, those too
}

// Observation is what a Look saw. Maps are nil where the Scope did not ask.
type Observation struct {
	Partitions map[string][]Partition // by topic, in order of ids
	Brokers    []Broker               // in order of ids; those that are up
	Groups     map[string]Group       // by group id
}

// Partition is one partition of a topic. Its records have offsets from Start
// to End-1, some of which may be missing.
type Partition struct {
	ID, Leader int32 // Leader is -1 when there is none
	Start, End int64
}

// Broker is one broker of the cluster.
type Broker struct {
	ID         int32
	Controller bool
}

// Probe looks at a cluster from outside, over the Kafka protocol, with a
// client of its own that connects on first use. Its methods may be called from
// any goroutine. Whoever made it closes it.
type Probe struct {
	options    []kgo.Opt
	generation func(group string) int32
	codecs     kgo.Decompressor

	mu           sync.Mutex
	closed       bool
	lazy         *kgo.Client
	seen         map[string][]Partition // what topics last answered
	coordinators map[string]int32       // by group
	names        map[[16]byte]string    // topics by id
}

// NewProbe returns a probe of the cluster. Nothing connects before its first
// use.
func (c *Cluster) NewProbe() *Probe { return c.newProbe(nil, own+"probe") }

// NewReader returns a probe that dials through link: a reader without a group,
// such as a service that reads a log from its start beside its own group.
func (c *Cluster) NewReader(link *Link, clientID string) *Probe { return c.newProbe(link, clientID) }

func (c *Cluster) newProbe(link *Link, clientID string) *Probe {
	// Later versions name topics by an id that has to be looked up first, or
	// carry a timeout, which costs a connection of its own.
	versions := kversion.Stable()
	versions.SetMaxKeyVersion(int16(kmsg.Fetch), 12)
	versions.SetMaxKeyVersion(int16(kmsg.OffsetFetch), 9)
	versions.SetMaxKeyVersion(int16(kmsg.ListOffsets), 9)
	return &Probe{
		options:      append(c.Options(link, clientID), kgo.MaxVersions(versions)),
		generation:   c.Generation,
		codecs:       kgo.DefaultDecompressor(),
		seen:         make(map[string][]Partition),
		coordinators: make(map[string]int32),
		names:        make(map[[16]byte]string),
	}
}

// Close ends the probe's client. Looks that are under way fail.
func (p *Probe) Close() {
	p.mu.Lock()
	p.closed = true
	client := p.lazy
	p.mu.Unlock()
	if client != nil {
		client.Close()
	}
}

func (p *Probe) client() (*kgo.Client, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.closed {
		return nil, errors.New("the probe is closed")
	}
	if p.lazy == nil {
		client, err := kgo.NewClient(p.options...)
		if err != nil {
			return nil, fmt.Errorf("make the probe's client: %w", err)
		}
		p.lazy = client
	}
	return p.lazy, nil
}

// Topics lists the topics that the last look at topics saw, those that clients
// made themselves among them.
func (p *Probe) Topics() []string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return slices.Sorted(maps.Keys(p.seen))
}

// Answers asks one broker whether it is there.
func (p *Probe) Answers(ctx context.Context, broker int32) bool {
	client, err := p.client()
	if err != nil {
		return false
	}
	_, err = askBroker[*kmsg.ApiVersionsResponse](ctx, client, broker, kmsg.NewPtrApiVersionsRequest())
	return err == nil
}

// Look asks the cluster for what scope names. It fails when no broker answers
// or ctx ends. Where single brokers do not answer, the rest is still told: a
// partition keeps the start and end that it last had (0 when never seen), and
// a group that could not be asked is absent, while one that does not exist is
// there in the state Dead when scope named it.
func (p *Probe) Look(ctx context.Context, scope Scope) (Observation, error) {
	var seen Observation
	client, err := p.client()
	if err != nil {
		return seen, fmt.Errorf("look at the cluster: %w", err)
	}
	if scope.Topics || scope.Brokers || scope.AllGroups {
		if err := p.lookTopics(ctx, client, scope.Topics, &seen); err != nil {
			return seen, fmt.Errorf("look at topics: %w", err)
		}
	}
	if scope.AllGroups || len(scope.Groups) > 0 {
		groups := slices.Clone(scope.Groups)
		if scope.AllGroups {
			groups = append(groups, p.listGroups(ctx, client, seen.Brokers)...)
		}
		slices.Sort(groups)
		seen.Groups = p.lookGroups(ctx, client, slices.Compact(groups))
	}
	if !scope.Brokers {
		seen.Brokers = nil
	}
	if err := ctx.Err(); err != nil {
		return seen, fmt.Errorf("look at the cluster: %w", err)
	}
	return seen, nil
}

// lookTopics asks one broker for leaders, and every leader for its offsets. It
// asks again when a leader moved in between.
func (p *Probe) lookTopics(ctx context.Context, client *kgo.Client, topics bool, seen *Observation) error {
	for try := range tries {
		metadata, err := askMetadata(ctx, client, topics)
		if err != nil {
			return err
		}
		seen.Brokers = seen.Brokers[:0]
		for _, b := range metadata.Brokers {
			seen.Brokers = append(seen.Brokers, Broker{ID: b.NodeID, Controller: b.NodeID == metadata.ControllerID})
		}
		slices.SortFunc(seen.Brokers, func(a, b Broker) int { return int(a.ID - b.ID) })
		if !topics {
			return nil
		}
		seen.Partitions = p.partitions(metadata)
		if moved := p.lookOffsets(ctx, client, seen.Partitions); !moved || try == tries-1 {
			break
		}
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.seen = make(map[string][]Partition, len(seen.Partitions))
	for topic, partitions := range seen.Partitions {
		p.seen[topic] = slices.Clone(partitions)
	}
	return nil
}

func askMetadata(ctx context.Context, client *kgo.Client, topics bool) (*kmsg.MetadataResponse, error) {
	request := kmsg.NewPtrMetadataRequest() // nil topics: all
	if !topics {
		request.Topics = []kmsg.MetadataRequestTopic{}
	}
	response, err := request.RequestWith(ctx, client)
	if err != nil {
		return nil, fmt.Errorf("ask for metadata: %w", err)
	}
	return response, nil
}

// partitions turns metadata into partitions with the offsets last seen.
func (p *Probe) partitions(metadata *kmsg.MetadataResponse) map[string][]Partition {
	p.mu.Lock()
	defer p.mu.Unlock()
	all := make(map[string][]Partition, len(metadata.Topics))
	for _, t := range metadata.Topics {
		if t.ErrorCode != 0 || t.Topic == nil || t.IsInternal {
			continue
		}
		p.names[t.TopicID] = *t.Topic
		partitions := make([]Partition, 0, len(t.Partitions))
		for _, tp := range t.Partitions {
			partition := Partition{ID: tp.Partition, Leader: tp.Leader}
			if old := find(p.seen[*t.Topic], tp.Partition); old != nil {
				partition.Start, partition.End = old.Start, old.End
			}
			partitions = append(partitions, partition)
		}
		slices.SortFunc(partitions, func(a, b Partition) int { return int(a.ID - b.ID) })
		all[*t.Topic] = partitions
	}
	return all
}

func find(partitions []Partition, id int32) *Partition {
	for i := range partitions {
		if partitions[i].ID == id {
			return &partitions[i]
		}
	}
	return nil
}

// The two offsets that ListOffsets is asked for. One request may name a
// partition only once, so that every leader is asked twice, at the same time.
const (
	latest   = -1
	earliest = -2
)

// lookOffsets fills in starts and ends, and reports whether a leader turned
// out not to be one. A leader that does not answer changes nothing.
func (p *Probe) lookOffsets(ctx context.Context, client *kgo.Client, all map[string][]Partition) (moved bool) {
	var (
		asking sync.WaitGroup
		mu     sync.Mutex
	)
	ask := func(leader int32, which int64, request *kmsg.ListOffsetsRequest) {
		response, err := askBroker[*kmsg.ListOffsetsResponse](ctx, client, leader, request)
		if err != nil {
			return
		}
		mu.Lock()
		defer mu.Unlock()
		for _, t := range response.Topics {
			for _, tp := range t.Partitions {
				partition := find(all[t.Topic], tp.Partition)
				switch {
				case partition == nil:
				case tp.ErrorCode != 0:
					moved = true
				case which == earliest:
					partition.Start = tp.Offset
				default:
					partition.End = tp.Offset
				}
			}
		}
	}
	// Both kinds are made before the first answer writes into all.
	starts, ends := offsetRequests(all, earliest), offsetRequests(all, latest)
	for leader := range starts {
		asking.Go(func() { ask(leader, earliest, starts[leader]) })
		asking.Go(func() { ask(leader, latest, ends[leader]) })
	}
	asking.Wait()
	return moved
}

// offsetRequests makes one request a leader.
func offsetRequests(all map[string][]Partition, which int64) map[int32]*kmsg.ListOffsetsRequest {
	requests := make(map[int32]*kmsg.ListOffsetsRequest)
	for topic, partitions := range all {
		for _, p := range partitions {
			if p.Leader < 0 {
				continue
			}
			request := requests[p.Leader]
			if request == nil {
				request = kmsg.NewPtrListOffsetsRequest()
				request.ReplicaID = -1
				requests[p.Leader] = request
			}
			if n := len(request.Topics); n == 0 || request.Topics[n-1].Topic != topic {
				t := kmsg.NewListOffsetsRequestTopic()
				t.Topic = topic
				request.Topics = append(request.Topics, t)
			}
			tp := kmsg.NewListOffsetsRequestTopicPartition()
			tp.Partition, tp.Timestamp = p.ID, which
			t := &request.Topics[len(request.Topics)-1]
			t.Partitions = append(t.Partitions, tp)
		}
	}
	return requests
}

// askBroker sends a request to one broker. It asks a second time, because a
// connection that idled may be found closed only when it is used.
func askBroker[R kmsg.Response](ctx context.Context, client *kgo.Client, broker int32, request kmsg.Request) (R, error) {
	response, err := client.Broker(int(broker)).Request(ctx, request)
	if err != nil && ctx.Err() == nil {
		response, err = client.Broker(int(broker)).Request(ctx, request)
	}
	if err != nil {
		var none R
		return none, fmt.Errorf("ask broker %d for %s: %w", broker, kmsg.NameForKey(request.Key()), err)
	}
	return response.(R), nil
}

// movedAway reports whether an answer says that another broker is to be asked.
func movedAway(code int16) bool {
	switch kerr.ErrorForCode(code) {
	case kerr.NotLeaderForPartition, kerr.LeaderNotAvailable, kerr.FencedLeaderEpoch, kerr.UnknownLeaderEpoch,
		kerr.ReplicaNotAvailable, kerr.KafkaStorageError,
		kerr.NotCoordinator, kerr.CoordinatorNotAvailable, kerr.CoordinatorLoadInProgress:
		return true
	}
	return false
}
