package kafka

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"sync"
	"time"

	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kgo"
)

// Config says what cluster to start. The zero value of a field means the
// default that is named with it.
type Config struct {
	Brokers int            // number of brokers, ids from 0; 3
	Topics  map[string]int // topic to number of partitions; all exist from the start

	// Listen is "host:port" for real TCP, one port a broker, counted up from
	// this one; port 0 takes any free run of ports. Empty: an in-memory
	// network that uses no port and no file descriptor.
	Listen string

	GroupMinSession time.Duration // shortest session timeout a member may ask for; 500ms
	RetentionBytes  int64         // kept in a partition before the oldest records go; 8 MB
	SegmentBytes    int64         // size of one log segment; 1 MB
}

func (c Config) withDefaults() Config {
	c.Brokers = cmp.Or(c.Brokers, 3)
	c.GroupMinSession = cmp.Or(c.GroupMinSession, 500*time.Millisecond)
	c.RetentionBytes = cmp.Or(c.RetentionBytes, 8<<20)
	c.SegmentBytes = cmp.Or(c.SegmentBytes, 1<<20)
	return c
}

func (c Config) check() error {
	if c.Brokers < 1 {
		return fmt.Errorf("a cluster needs at least 1 broker, not %d", c.Brokers)
	}
	for topic, partitions := range c.Topics {
		if partitions < 1 {
			return fmt.Errorf("topic %q needs at least 1 partition, not %d", topic, partitions)
		}
	}
	if c.GroupMinSession < 0 || c.RetentionBytes < 0 || c.SegmentBytes < 0 {
		return errors.New("GroupMinSession, RetentionBytes and SegmentBytes cannot be negative")
	}
	return nil
}

// Cluster is a running cluster. Its methods may be called from any goroutine.
type Cluster struct {
	fake  *kfake.Cluster
	wire  *wire
	tap   *tap
	links linkSet
	seeds []string
	tcp   bool

	topics    []string // of the Config
	placement placement
	closing   sync.Once
}

// batchMax is the largest batch: Kafka's default of a megabyte, and room for
// the headers of a dead letter.
const batchMax = 1<<20 + 64<<10

// Start starts a cluster; the caller closes it. It fails when the Config makes
// no sense or, with Listen, when a port is taken: the error names the port.
func Start(config Config) (*Cluster, error) {
	config = config.withDefaults()
	if err := config.check(); err != nil {
		return nil, fmt.Errorf("start kafka: %w", err)
	}
	tap := newTap()
	wire, err := listen(config, tap)
	if err != nil {
		return nil, fmt.Errorf("start kafka: %w", err)
	}
	options := []kfake.Opt{
		kfake.Ports(wire.ports...),
		kfake.ListenFn(wire.listener),
		kfake.ClusterID("eddy"),
		kfake.GroupMinSessionTimeout(config.GroupMinSession),
		kfake.BrokerConfigs(map[string]string{
			"log.retention.bytes": strconv.FormatInt(config.RetentionBytes, 10),
			"log.segment.bytes":   strconv.FormatInt(config.SegmentBytes, 10),
			// A letter is its original and the reason: it must fit beside a
			// record as large as a client sends by default.
			"message.max.bytes": strconv.Itoa(batchMax),
			// The default of 5s makes a second KIP-848 member wait that long.
			"group.consumer.heartbeat.interval.ms": "1000",
		}),
	}
	for _, topic := range slices.Sorted(maps.Keys(config.Topics)) {
		options = append(options, kfake.SeedTopics(int32(config.Topics[topic]), topic))
	}
	fake, err := kfake.NewCluster(options...)
	if err != nil {
		wire.close()
		return nil, fmt.Errorf("start kafka: %w", err)
	}
	fixEpochs(fake)
	tap.trimEvery(config.SegmentBytes, fake.ApplyRetention)
	return &Cluster{fake: fake, wire: wire, tap: tap, seeds: wire.addresses(), tcp: config.Listen != "",
		topics: slices.Sorted(maps.Keys(config.Topics))}, nil
}

// Close ends the cluster and returns when nothing serves a connection any
// more. Clients that are still there see closed connections and refused dials.
// Calling it again waits for the first call.
func (c *Cluster) Close() {
	c.closing.Do(func() {
		// The tap first: a call into the fake that is under way while the
		// fake closes would wait forever.
		c.tap.close()
		c.fake.Close()
		c.wire.wait()
	})
}

// Seeds returns the address of every broker as "host:port", in order of ids.
func (c *Cluster) Seeds() []string { return slices.Clone(c.seeds) }

// Listening reports whether clients outside this process can connect.
func (c *Cluster) Listening() bool { return c.tcp }

// Options returns what every client in the lab starts from. The client dials
// through link, whose Cut is then its crash; nil stands for a cable that
// nobody cuts. Ids that start with "eddy-" mark the lab's own clients.
//
// What a service must choose itself is left out: group, topics, session and
// heartbeat times, acks, partitioner, balancer.
func (c *Cluster) Options(link *Link, clientID string) []kgo.Opt {
	if link == nil {
		link = c.newLink("")
	}
	return []kgo.Opt{
		kgo.SeedBrokers(c.seeds...),
		kgo.ClientID(clientID),
		kgo.Dialer(link.DialContext),
		// A cut in the first exchange of a connection is not a TLS mistake.
		kgo.AlwaysRetryEOF(),
		kgo.DisableClientMetrics(),
		// The default of 10ms would be most of the time of a hop.
		kgo.ProducerLinger(0),
		kgo.ProducerBatchCompression(kgo.NoCompression()),
		kgo.ProducerBatchMaxBytes(batchMax),
		kgo.MetadataMinAge(100 * time.Millisecond),
		// A waiting fetch is woken by the append, so long waits cost no time.
		kgo.FetchMaxWait(30 * time.Second),
		// A Refetch ends a connection; the first try after that should not wait.
		kgo.RetryBackoffFn(backoff),
		// The fake forgets a member whose session runs out while its join
		// waits for others. This and 10s more is when the member asks again.
		kgo.RebalanceTimeout(10 * time.Second),
	}
}

// backoff is what a client waits before it tries a request again.
func backoff(failures int) time.Duration {
	return min(10*time.Millisecond<<min(failures, 10), time.Second)
}

// Changed delivers a value when something moved since the last TakeChanges.
// Several changes may share one value. The channel is never closed.
func (c *Cluster) Changed() <-chan struct{} { return c.tap.changed }

// TakeChanges returns what moved since the last call and forgets it.
func (c *Cluster) TakeChanges() Changes { return c.tap.take() }

// Generation returns the newest generation that a member of the group was told
// (the group epoch for KIP-848 groups), or 0 when none was.
func (c *Cluster) Generation(group string) int32 { return c.tap.generation(group) }
