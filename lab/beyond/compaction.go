package beyond

import (
	"context"
	"fmt"

	"eddy/lab/pattern"

	"github.com/twmb/franz-go/pkg/kgo"
)

var compaction = Experiment{
	Name: "compaction", Title: "Log compaction", Switch: "cleanup.policy=compact", File: "changelog.go",
	Ask:     "4 products change their stock 200 times in all. The table is lost and read again from its topic. How many records are read?",
	Explain: "The table is the same. The compacted log holds little more than its rows, and has forgotten how they came about: that is why events are not kept in one.",
	run:     runCompaction,
}

const changes = 200

var products = []string{"cable", "keyboard", "monitor", "mouse"}

func runCompaction(ctx context.Context, b *bench, on bool) error {
	want := pattern.Changelog{}
	var records []*kgo.Record
	for i := range changes {
		r := &kgo.Record{Key: []byte(products[i%len(products)]), Value: fmt.Appendf(nil, "%d pieces", changes-i)}
		want.Apply(r)
		records = append(records, r)
	}
	policy := "delete"
	if on {
		policy = "compact"
	}
	if err := b.topic(ctx, "stock", 1, map[string]*string{"cleanup.policy": text(policy)}, records...); err != nil {
		return err
	}
	b.step("%d changes of %d products are written to a topic with cleanup.policy=%s", changes, len(products), policy)
	b.cluster.Compact()
	b.step("the broker cleans its logs")
	end, err := b.end(ctx, "stock")
	if err != nil {
		return err
	}
	c, _, err := b.client("reader", kgo.ConsumeTopics("stock"), kgo.ConsumeResetOffset(kgo.NewOffset().AtStart()))
	if err != nil {
		return err
	}
	table, read, err := pattern.Read(ctx, c, end)
	if err != nil {
		return err
	}
	b.step("the table is read again from the topic")
	same := 0
	for key, value := range want {
		if table[key] == value {
			same++
		}
	}
	b.fact("changes", changes, false)
	b.fact("rows of the table", len(want), false)
	b.fact("rows that are right after reading it again", same, same != len(want))
	b.fact("records that had to be read", read, read == changes)
	b.fact("the last offset", int(end)-1, false)
	if on {
		b.result.Because = fmt.Sprintf("%d records were enough, because the broker keeps the newest of each key and drops what it replaced; offsets stay as they were", read)
	} else {
		b.result.Because = fmt.Sprintf("all %d records were read, because this log keeps every change until it is too old", read)
	}
	return nil
}
