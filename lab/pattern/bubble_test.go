package pattern

import (
	"context"
	"fmt"
	"net"
	"sync"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kgo"
)

const group = "payment-service"

// bench is a cluster with the topic orders, in a bubble with virtual time.
type bench struct {
	*testing.T
	net   *kfake.VirtualNetwork
	kafka *kfake.Cluster
	admin *kgo.Client
}

// inBubble runs a test of consumers against a cluster of its own.
func inBubble(t *testing.T, partitions int32, test func(*bench)) {
	synctest.Test(t, func(t *testing.T) {
		b := &bench{T: t, net: &kfake.VirtualNetwork{}}
		var err error
		b.kafka, err = kfake.NewCluster(kfake.NumBrokers(1), kfake.Ports(9092), kfake.ListenFn(b.net.Listen),
			kfake.SeedTopics(partitions, "orders"), kfake.SeedTopics(1, "orders.dlq"))
		require.NoError(t, err)
		defer b.kafka.Close()
		b.admin = b.client(kgo.RecordPartitioner(kgo.ManualPartitioner()))
		defer b.admin.Close()
		test(b)
	})
}

func (b *bench) client(opts ...kgo.Opt) *kgo.Client {
	b.Helper()
	client, err := kgo.NewClient(append([]kgo.Opt{
		kgo.SeedBrokers("localhost:9092"), kgo.DisableClientMetrics(), kgo.ProducerLinger(0),
		kgo.MetadataMinAge(100 * time.Millisecond), kgo.Dialer(b.dial),
	}, opts...)...)
	require.NoError(b, err)
	return client
}

// dial makes the errors of the virtual network look like those of a real one.
func (b *bench) dial(ctx context.Context, network, address string) (net.Conn, error) {
	conn, err := b.net.DialContext(ctx, network, address)
	if err != nil {
		return nil, &net.OpError{Op: "dial", Net: network, Err: syscall.ECONNREFUSED}
	}
	return conn, nil
}

// produce appends records with these values to a partition of orders.
func (b *bench) produce(partition int32, values ...string) {
	b.Helper()
	for _, v := range values {
		rec := &kgo.Record{Topic: "orders", Partition: partition, Value: []byte(v)}
		require.NoError(b, b.admin.ProduceSync(b.Context(), rec).FirstErr())
	}
}

// committed returns the group's offset in a partition, -1 if there is none.
func (b *bench) committed(partition int32) int64 {
	b.Helper()
	offsets, err := kadm.NewClient(b.admin).FetchOffsets(b.Context(), group)
	require.NoError(b, err)
	if o, ok := offsets.Lookup("orders", partition); ok {
		return o.At
	}
	return -1
}

// member is a running Consumer that writes down what it does.
type member struct {
	*Consumer
	cancel context.CancelFunc
	ended  chan error

	mu      sync.Mutex
	handled []string
	steps   []Step
}

// join starts a member of the group. Handle and Trace of c are called after the
// member has written down what came.
func (b *bench) join(c *Consumer, opts ...kgo.Opt) *member {
	b.Helper()
	m := &member{Consumer: c, ended: make(chan error, 1)}
	handle, trace := c.Handle, c.Trace
	c.Handle = func(ctx context.Context, rec *kgo.Record) error {
		m.mu.Lock()
		m.handled = append(m.handled, string(rec.Value))
		m.mu.Unlock()
		if handle != nil {
			return handle(ctx, rec)
		}
		return nil
	}
	c.Trace = func(ctx context.Context, s Step) error {
		m.mu.Lock()
		m.steps = append(m.steps, s)
		m.mu.Unlock()
		if trace != nil {
			return trace(ctx, s)
		}
		return nil
	}
	c.Client = b.client(append(append([]kgo.Opt{kgo.ConsumerGroup(group), kgo.ConsumeTopics("orders"),
		kgo.HeartbeatInterval(200 * time.Millisecond), kgo.FetchMaxWait(500 * time.Millisecond)}, c.Options()...), opts...)...)
	ctx, cancel := context.WithCancel(b.Context())
	m.cancel = cancel
	go func() { m.ended <- c.Run(ctx) }()
	return m
}

// crash breaks a member off. Its client leaves the group, so that the test need
// not wait for the session timeout; nothing is committed on the way.
func (m *member) crash() error {
	m.cancel()
	err := <-m.ended
	m.Client.Close()
	return err
}

// leave stops a member cleanly.
func (m *member) leave() error {
	m.Stop()
	err := <-m.ended
	m.cancel()
	m.Client.Close()
	return err
}

// seen returns the values of the records that were handed to Handle.
func (m *member) seen() []string {
	m.mu.Lock()
	defer m.mu.Unlock()
	return append([]string{}, m.handled...)
}

// told returns the steps as "stage value", or "committed offset".
func (m *member) told() []string {
	m.mu.Lock()
	defer m.mu.Unlock()
	var told []string
	for _, s := range m.steps {
		if s.Stage == Committed {
			told = append(told, fmt.Sprint("committed ", s.Offset))
		} else {
			told = append(told, fmt.Sprint(s.Stage, " ", string(s.Record.Value)))
		}
	}
	return told
}

// later lets virtual time pass.
func later(d time.Duration) {
	time.Sleep(d)
	synctest.Wait()
}
