package e2e

import (
	"fmt"
	"os"
	"os/exec"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// foreign is an order as a producer from outside writes it: a number for a
// user, a total under another name, a time without a zone.
const foreign = `{"event_type":"OrderCreated","event_id":"f-1","timestamp":"2026-03-02T10:00:00","data":{"order_id":4711,"user_id":100,"items":[{"name":"Mouse","qty":2}],"total":5000}}`

func TestKcatListsProducesAndConsumes(t *testing.T) {
	kcat := need(t, "kcat")
	p, bootstrap := openLab(t)

	list := run(t, "", kcat, "-b", bootstrap, "-L")
	assert.Contains(t, list, "3 brokers")
	assert.Contains(t, list, `topic "orders" with 3 partitions`)

	run(t, foreign+"\n", kcat, "-b", bootstrap, "-P", "-t", "orders", "-k", "100")
	run(t, "this is no JSON\n", kcat, "-b", bootstrap, "-P", "-t", "orders", "-k", "100")
	p.act("open", settled, `{"expect":"order(\"4711\").status == \"COMPLETED\""}`, `{"expect":"order(\"4711\").source == \"outside\""}`)
	assert.Equal(t, 1.0, p.eval("open", `dead_letters("orders", "payment")`))
	assert.Equal(t, "holds", p.eval("open", `invariant("no-double-charge")`))

	out := run(t, "", kcat, "-b", bootstrap, "-C", "-t", "payments", "-e", "-q")
	assert.Contains(t, out, "PaymentCompleted")
}

// python finds a Python that has the Kafka client of the lessons.
func python(t *testing.T) string {
	t.Helper()
	path := os.Getenv("EDDY_PYTHON")
	if path == "" {
		path = need(t, "python3")
	}
	if err := exec.Command(path, "-c", "import confluent_kafka").Run(); err != nil {
		missing(t, "Python has no confluent_kafka (pip install confluent-kafka)")
	}
	return path
}

const producer = `
import json, sys
from confluent_kafka import Producer
failed = []
p = Producer({'bootstrap.servers': sys.argv[1], 'acks': 'all'})
p.produce('orders', key='100', value=sys.argv[2].encode(), callback=lambda err, msg: failed.append(err) if err else None)
p.flush()
sys.exit(1 if failed else 0)
`

const consumer = `
import json, sys
from confluent_kafka import Consumer
servers, group, topic, want = sys.argv[1], sys.argv[2], sys.argv[3], int(sys.argv[4])
c = Consumer({'bootstrap.servers': servers, 'group.id': group, 'auto.offset.reset': 'earliest', 'enable.auto.commit': False,
              'partition.assignment.strategy': 'range'})
c.subscribe([topic])
while want:
    msg = c.poll(1.0)
    if msg is None or msg.error():
        continue
    print(json.loads(msg.value())['event_type'], flush=True)
    c.commit(msg, asynchronous=False)
    want -= 1
print('done', flush=True)
sys.stdin.readline()
c.close()
`

// background starts a program that talks line by line, and returns a func that
// lets it end.
func background(t *testing.T, name string, args ...string) (lines func(n int) []string, end func()) {
	t.Helper()
	cmd := exec.Command(name, args...)
	in, err := cmd.StdinPipe()
	require.NoError(t, err)
	out, err := cmd.StdoutPipe()
	require.NoError(t, err)
	cmd.Stderr = os.Stderr
	require.NoError(t, cmd.Start())
	t.Cleanup(func() { _ = cmd.Process.Kill(); _ = cmd.Wait() })
	read := make(chan string, 100)
	go func() {
		defer close(read)
		var line string
		for {
			if _, err := fmt.Fscanln(out, &line); err != nil {
				return
			}
			read <- line
		}
	}()
	return func(n int) (got []string) {
			for range n {
				line, ok := <-read
				require.True(t, ok, "it ended early, after %v", got)
				got = append(got, line)
			}
			return got
		}, func() {
			_, _ = in.Write([]byte("\n"))
			assert.NoError(t, cmd.Wait())
		}
}

func TestPythonProducesAndConsumesLikeAnyService(t *testing.T) {
	py := python(t)
	p, bootstrap := openLab(t)

	run(t, "", py, "-c", producer, bootstrap, foreign)
	p.act("open", settled, `{"expect":"order(\"4711\").status == \"COMPLETED\""}`)

	lines, end := background(t, py, "-c", consumer, bootstrap, "my-group", "orders", "1")
	assert.Equal(t, []string{"OrderCreated", "done"}, lines(2))
	p.act("open", `{"wait_until":{"expr":"members(\"my-group\") == 1 && lag(\"my-group\") == 1","within":"10s"}}`)
	end()
}

func TestPythonTakesThePlaceOfTheScaledDownPaymentService(t *testing.T) {
	py := python(t)
	p, bootstrap := openLab(t)
	p.act("open", `{"scale":{"service":"payment","instances":0}}`, orderA)
	lines, end := background(t, py, "-c", consumer, bootstrap, "payment-service", "orders", "1")
	assert.Equal(t, []string{"OrderCreated", "done"}, lines(2))
	p.act("open", `{"wait_until":{"expr":"members(\"payment\") == 1 && lag(\"payment\", \"orders\") == 0","within":"10s"}}`)
	assert.Equal(t, "CREATED", p.eval("open", `order("A").status`), "nobody charged: the Python consumer only reads")
	end()
}

func TestGarbageOnTheKafkaPortHurtsNobody(t *testing.T) {
	curl := need(t, "curl")
	p, bootstrap := openLab(t)
	_ = exec.Command(curl, "-s", "-m", "2", "http://"+bootstrap+"/"+strings.Repeat("x", 5000)).Run()
	p.act("open", orderA, settled, `{"expect":"order(\"A\").status == \"COMPLETED\""}`)
}
