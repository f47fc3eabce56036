package kafka_test

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kmsg"

	"eddy/lab/kafka"
)

func listening(t testing.TB) *kafka.Cluster {
	t.Helper()
	return startWith(t, kafka.Config{Topics: map[string]int{"orders": 3}, Listen: "127.0.0.1:0"})
}

// kcat runs kcat against the cluster. It ends with the test's time at the latest.
func kcat(t *testing.T, c *kafka.Cluster, stdin string, args ...string) string {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "kcat", append([]string{"-b", c.Seeds()[0]}, args...)...)
	cmd.Stdin = strings.NewReader(stdin)
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	require.NoError(t, err, "kcat %v: %s", args, &stderr)
	return string(out)
}

func TestKcatListsProducesAndConsumes(t *testing.T) {
	if _, err := exec.LookPath("kcat"); err != nil {
		if os.Getenv("EDDY_TEST_ALL") == "1" {
			require.NoError(t, err)
		}
		t.Skip("kcat is not installed; EDDY_TEST_ALL=1 makes this a failure")
	}
	c := listening(t)
	assert.True(t, c.Listening())

	list := kcat(t, c, "", "-L")
	assert.Contains(t, list, "3 brokers")
	assert.Contains(t, list, `topic "orders" with 3 partitions`)

	kcat(t, c, "k1:one\nk2:two\nk3:three\n", "-P", "-t", "orders", "-K", ":", "-z", "snappy")
	assert.True(t, marked(t, c).Topics[kafka.Some])

	lines := strings.Fields(kcat(t, c, "", "-C", "-t", "orders", "-o", "beginning", "-e", "-q"))
	assert.ElementsMatch(t, []string{"one", "two", "three"}, lines)

	// The lab's own members and kcat see one log and one group.
	grouped := kcat(t, c, "", "-G", "script", "-X", "auto.offset.reset=earliest", "-c", "3", "-q", "orders")
	assert.ElementsMatch(t, []string{"one", "two", "three"}, strings.Fields(grouped))
	assert.Contains(t, lookGroup(t, probe(t, c), "script").Committed, "orders")
	produce(t, client(t, c, nil, "eddy-order-1"), "four")
	assert.Len(t, consume(t, member(t, c, nil, "eddy-payment-1", "payment-service"), 4), 4)
}

func TestTakenPortIsNamed(t *testing.T) {
	c := listening(t)
	_, err := kafka.Start(kafka.Config{Listen: c.Seeds()[0]})
	_, port, _ := net.SplitHostPort(c.Seeds()[0])
	require.ErrorContains(t, err, "port "+port+" on 127.0.0.1 is taken")

	// The second port of three is taken: the first must be free again after.
	first, second := c.Seeds()[0], c.Seeds()[1]
	c.Close()
	taken, err := net.Listen("tcp", second)
	require.NoError(t, err)
	defer taken.Close()
	_, err = kafka.Start(kafka.Config{Listen: first})
	_, port, _ = net.SplitHostPort(second)
	require.ErrorContains(t, err, "port "+port+" on 127.0.0.1 is taken")
	again, err := net.Listen("tcp", first)
	require.NoError(t, err)
	again.Close()
}

func TestPortsAreFreeAfterClose(t *testing.T) {
	c := listening(t)
	address := c.Seeds()[0]
	c.Close()
	startWith(t, kafka.Config{Listen: address})
}

// Clients are sent to what is advertised.
func TestListeningOnAllAddressesAdvertisesOneThatCanBeDialed(t *testing.T) {
	c := startWith(t, kafka.Config{Topics: map[string]int{"orders": 1}, Listen: "0.0.0.0:0"})
	assert.Contains(t, c.Seeds()[0], "127.0.0.1:")
	produce(t, client(t, c, nil, "eddy-order-1"), "a")
}

// "GET " read as a size is 1.2 GB.
func TestWebBrowserOnTheKafkaPortCostsNothing(t *testing.T) {
	c := listening(t)
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	for range 3 {
		conn, err := net.Dial("tcp", c.Seeds()[0])
		require.NoError(t, err)
		_, err = fmt.Fprint(conn, "GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")
		require.NoError(t, err)
		require.NoError(t, conn.SetReadDeadline(time.Now().Add(10*time.Second)))
		_, err = io.ReadAll(conn)
		assert.NotErrorIs(t, err, os.ErrDeadlineExceeded, "the broker hangs up")
		conn.Close()
	}
	runtime.ReadMemStats(&after)
	assert.Less(t, after.TotalAlloc-before.TotalAlloc, uint64(8<<20), "bytes allocated")
}

// Whatever is sent to the port, the brokers stay up.
func TestGarbageDoesNotStopTheCluster(t *testing.T) {
	c := listening(t)
	random := rand.New(rand.NewPCG(1, 2))
	send := func(frame []byte) {
		conn, err := net.Dial("tcp", c.Seeds()[random.IntN(3)])
		require.NoError(t, err)
		defer conn.Close()
		_, _ = conn.Write(append(binary.BigEndian.AppendUint32(nil, uint32(len(frame))), frame...))
		require.NoError(t, conn.(*net.TCPConn).CloseWrite())
		require.NoError(t, conn.SetReadDeadline(time.Now().Add(30*time.Second)))
		_, err = io.ReadAll(conn) // the broker answers or hangs up
		assert.NotErrorIs(t, err, os.ErrDeadlineExceeded, "frame %x keeps the broker busy", frame)
	}
	noise := func(n int) (b []byte) {
		for range n {
			b = append(b, byte(random.IntN(256)))
		}
		return b
	}
	header := func(key, version int, rest ...byte) []byte {
		frame := binary.BigEndian.AppendUint16(nil, uint16(key))
		return append(binary.BigEndian.AppendUint16(frame, uint16(version)), rest...)
	}
	send(nil)
	send([]byte{0})
	send(header(3, 12, 0, 0, 0, 1, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x0f)) // four billion tags
	for key := -1; key <= kmsg.MaxKey+1; key++ {
		for _, version := range []int{-1, 0, 5, 12, 99} {
			send(header(key, version, noise(random.IntN(60))...))
			// No client id and no tags, and then not much.
			send(header(key, version, 0, 0, 0, 1, 0xff, 0xff, 0, byte(random.IntN(4)), byte(random.IntN(4))))
		}
	}
	produce(t, client(t, c, nil, "eddy-order-1"), "a")
}
