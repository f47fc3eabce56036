package kafka_test

import (
	"context"
	"io"
	"net"
	"runtime"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kgo"
	"go.uber.org/goleak"

	"eddy/lab/kafka"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// start starts a cluster with the topic "orders" of three partitions.
func start(t testing.TB) *kafka.Cluster {
	t.Helper()
	return startWith(t, kafka.Config{Topics: map[string]int{"orders": 3}})
}

func startWith(t testing.TB, config kafka.Config) *kafka.Cluster {
	t.Helper()
	cluster, err := kafka.Start(config)
	require.NoError(t, err)
	t.Cleanup(cluster.Close)
	return cluster
}

// client makes a client of the cluster that is closed with the test.
func client(t testing.TB, c *kafka.Cluster, link *kafka.Link, id string, more ...kgo.Opt) *kgo.Client {
	t.Helper()
	cl, err := kgo.NewClient(append(c.Options(link, id), more...)...)
	require.NoError(t, err)
	t.Cleanup(cl.Close)
	return cl
}

// member makes a client that consumes "orders" in a group with a session of 3s.
func member(t testing.TB, c *kafka.Cluster, link *kafka.Link, id, group string) *kgo.Client {
	t.Helper()
	return client(t, c, link, id, kgo.ConsumerGroup(group), kgo.ConsumeTopics("orders"),
		kgo.SessionTimeout(3*time.Second), kgo.HeartbeatInterval(500*time.Millisecond), kgo.DisableAutoCommit())
}

func produce(t testing.TB, cl *kgo.Client, values ...string) {
	t.Helper()
	for _, v := range values {
		r := &kgo.Record{Topic: "orders", Key: []byte(v), Value: []byte(v)}
		require.NoError(t, cl.ProduceSync(t.Context(), r).FirstErr())
	}
}

// consume polls until n records are there.
func consume(t testing.TB, cl *kgo.Client, n int) (records []*kgo.Record) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	for len(records) < n {
		fetches := cl.PollFetches(ctx)
		require.NoError(t, fetches.Err())
		records = append(records, fetches.Records()...)
	}
	return records
}

func probe(t testing.TB, c *kafka.Cluster) *kafka.Probe {
	t.Helper()
	p := c.NewProbe()
	t.Cleanup(p.Close)
	return p
}

func lookGroup(t testing.TB, p *kafka.Probe, group string) kafka.Group {
	t.Helper()
	seen, err := p.Look(t.Context(), kafka.Scope{Groups: []string{group}})
	require.NoError(t, err)
	require.Contains(t, seen.Groups, group)
	return seen.Groups[group]
}

func TestGroupConsumesWhatIsProduced(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := start(t)
		assert.Equal(t, []string{"localhost:9092", "localhost:9093", "localhost:9094"}, c.Seeds())
		assert.False(t, c.Listening())
		m := member(t, c, nil, "eddy-payment-1", "payment-service")
		produce(t, client(t, c, nil, "eddy-order-1"), "a", "b", "c")
		assert.Len(t, consume(t, m, 3), 3)
	})
}

func TestConfigWithoutSenseIsRefused(t *testing.T) {
	for config, want := range map[*kafka.Config]string{
		{Brokers: -1}:                             "at least 1 broker",
		{Topics: map[string]int{"orders": 0}}:     `topic "orders" needs at least 1 partition`,
		{Listen: "nowhere"}:                       `"nowhere"`,
		{Listen: "127.0.0.1:65535"}:               "must be 0 to 65533",
		{Listen: "127.0.0.1:9x"}:                  "must be 0 to 65533",
		{RetentionBytes: -1, Listen: "localhost"}: "cannot be negative",
	} {
		_, err := kafka.Start(*config)
		assert.ErrorContains(t, err, want)
	}
}

func TestClosingTwiceIsFine(t *testing.T) {
	c := start(t)
	c.Close()
	c.Close()
}

func TestConnectionsAreClosedWhenCloseReturns(t *testing.T) {
	c := start(t)
	var conns []net.Conn
	for range 20 {
		conn, err := c.Link("x").DialContext(t.Context(), "tcp", c.Seeds()[0])
		require.NoError(t, err)
		require.NoError(t, conn.SetReadDeadline(time.Now())) // tells closed from idle
		conns = append(conns, conn)
	}
	c.Close()
	for _, conn := range conns {
		_, err := conn.Read(make([]byte, 1))
		assert.ErrorIs(t, err, io.EOF)
	}
}

// With segments this small, every produce has retention applied.
func TestClosingWhileRetentionIsAppliedDoesNotHang(t *testing.T) {
	for round := range 200 {
		synctest.Test(t, func(t *testing.T) {
			c, err := kafka.Start(kafka.Config{Topics: map[string]int{"orders": 1}, SegmentBytes: 1})
			require.NoError(t, err)
			var conns []net.Conn
			for range 8 {
				conn, err := c.Link("x").DialContext(t.Context(), "tcp", c.Seeds()[0])
				require.NoError(t, err)
				conns = append(conns, conn)
			}
			for _, conn := range conns {
				go func() { _, _ = conn.Write([]byte{0, 0, 0, 12, 0, 0, 0, 3, 0, 0, 0, 1, 0xff, 0xff, 0, 0}) }()
			}
			for range round {
				runtime.Gosched() // every round closes a little later
			}
			c.Close()
			for _, conn := range conns {
				conn.Close()
			}
		})
	}
}

// A lab may be closed at any moment, with clients that wait for records.
func TestFiftyClustersLeaveNothing(t *testing.T) {
	before := goleak.IgnoreCurrent()
	for i := range 50 {
		c, err := kafka.Start(kafka.Config{Topics: map[string]int{"orders": 3}})
		require.NoError(t, err)
		m, err := kgo.NewClient(append(c.Options(nil, "eddy-payment-1"), kgo.ConsumerGroup("g"), kgo.ConsumeTopics("orders"))...)
		require.NoError(t, err)
		produce(t, m, "a")
		p := c.NewProbe()
		_, err = p.Look(t.Context(), kafka.Scope{Topics: true, AllGroups: true})
		require.NoError(t, err)
		if i%10 != 0 { // either may go first
			p.Close()
			m.Close()
			c.Close()
		} else {
			c.Close()
			m.Close()
			p.Close()
		}
	}
	goleak.VerifyNone(t, before)
}

func TestRetentionBoundsAPartition(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := startWith(t, kafka.Config{Topics: map[string]int{"orders": 1}, RetentionBytes: 1 << 20, SegmentBytes: 1 << 18})
		cl := client(t, c, nil, "eddy-order-1")
		for range 100 {
			r := &kgo.Record{Topic: "orders", Value: make([]byte, 1<<16)}
			require.NoError(t, cl.ProduceSync(t.Context(), r).FirstErr())
		}
		synctest.Wait()
		seen, err := probe(t, c).Look(t.Context(), kafka.Scope{Topics: true})
		require.NoError(t, err)
		p := seen.Partitions["orders"][0]
		assert.EqualValues(t, 100, p.End)
		kept := (p.End - p.Start) << 16
		assert.LessOrEqual(t, kept, int64(1<<20+2*1<<18), "bytes kept")
		assert.Greater(t, kept, int64(1<<19), "bytes kept")
	})
}
