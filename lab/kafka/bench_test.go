package kafka_test

import (
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kgo"

	"eddy/lab/kafka"
)

// BenchmarkHop is the floor under every hop of a saga: one record produced
// with acks=all and received by the only member of a group.
func BenchmarkHop(b *testing.B) {
	for name, listen := range map[string]string{"memory": "", "tcp": "127.0.0.1:0"} {
		b.Run(name, func(b *testing.B) {
			c := startWith(b, kafka.Config{Topics: map[string]int{"orders": 1}, Listen: listen})
			from := client(b, c, nil, "eddy-order-1")
			to := client(b, c, nil, "eddy-payment-1", kgo.ConsumerGroup("g"), kgo.ConsumeTopics("orders"))
			hop := func() {
				require.NoError(b, from.ProduceSync(b.Context(), &kgo.Record{Topic: "orders", Value: []byte("order")}).FirstErr())
				for to.PollFetches(b.Context()).NumRecords() == 0 {
				}
			}
			hop() // the group forms
			for b.Loop() {
				hop()
			}
		})
	}
}

// BenchmarkLook is what every change costs.
func BenchmarkLook(b *testing.B) {
	c := startWith(b, kafka.Config{Topics: map[string]int{"orders": 3, "payments": 3, "inventory": 3}})
	m := member(b, c, nil, "eddy-payment-1", "g")
	produce(b, m, "a")
	consume(b, m, 1)
	p := probe(b, c)
	for name, scope := range map[string]kafka.Scope{
		"topics": {Topics: true}, "group": {Groups: []string{"g"}}, "all": {Topics: true, Brokers: true, AllGroups: true},
	} {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				_, err := p.Look(b.Context(), scope)
				require.NoError(b, err)
			}
		})
	}
}
