package lab

import (
	"context"
	"fmt"

	"eddy/lab/kafka"
	"eddy/lab/shop"
)

type moveLeader struct {
	Topic     string `json:"topic" is:"topic"`
	Partition int32  `json:"partition"`
	To        *int32 `json:"to"`
}

func (a *moveLeader) do(ctx context.Context, l *Lab, c call) (Result, error) {
	l.acting.Lock()
	defer l.acting.Unlock()
	if err := l.knowsPartition(a.Topic, &a.Partition); err != nil {
		return Result{}, err
	}
	to, err := l.brokerOf(a.To, "to")
	if err != nil {
		return Result{}, err
	}
	if to.State == "down" {
		return Result{}, Errorf(Conflict, "broker %d is down: it cannot lead anything", to.ID)
	}
	l.mu.Lock()
	from := l.board.Topics[a.Topic].Partitions[a.Partition].Leader
	l.mu.Unlock()
	if from == to.ID {
		return Result{}, Errorf(Conflict, "broker %d leads %s p%d already", to.ID, a.Topic, a.Partition)
	}
	seq := c.accept(l, "", fmt.Sprintf("you made broker %d the leader of %s p%d", to.ID, a.Topic, a.Partition))
	return Result{Seq: seq}, l.changeCluster(ctx, seq, func() error {
		_, err := l.cluster.MoveLeader(a.Topic, a.Partition, to.ID)
		return err
	})
}

// producers says who alone writes to a topic.
var producers = map[string]string{"orders": "order", "payments": "payment", "inventory": "inventory", "notifications": "notification"}

type loseAck struct {
	Topic string `json:"topic" is:"topic"`
	Times int    `json:"times,omitempty"`
}

func (a *loseAck) do(_ context.Context, l *Lab, c call) (Result, error) {
	l.acting.Lock()
	defer l.acting.Unlock()
	if err := l.knowsPartition(a.Topic, nil); err != nil {
		return Result{}, err
	}
	how, times, err := often(a.Times, 0)
	if err != nil {
		return Result{}, err
	}
	service := producers[a.Topic]
	if service != "" && l.settings().Services[service].Acks == "none" {
		return Result{}, Errorf(Conflict, "%s waits for no answer (acks none), so that none can be lost: set its acks to all or leader", service)
	}
	text := fmt.Sprintf("the answer to whoever writes to %s is lost, %s", a.Topic, how)
	seq := c.accept(l, "", "you armed a lost answer: "+text)
	f := &armed{Fault: Fault{Kind: "lose_ack", Service: service, Topic: a.Topic, Text: text, Left: times}}
	l.arm(f, seq)
	stop, err := l.cluster.LoseAcks(a.Topic, times, func(lost kafka.LostAck) { l.lostAck(f, lost) })
	if err != nil {
		return Result{}, err
	}
	l.mu.Lock()
	f.undo = func(context.Context, int64) error { stop(); return nil }
	l.mu.Unlock()
	return Result{Seq: seq, Text: text}, nil
}

// lostAck writes that a broker appended records, and that their producer did
// not hear of it.
func (l *Lab) lostAck(f *armed, lost kafka.LostAck) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.strikes(f)
	service, instance := seatOfClient(lost.Client)
	who := lost.Client
	if service != "" {
		who = nameOf(seat{service, instance})
	}
	where := placeText(lost.Topic, lost.Partition, lost.Offset)
	then := "sends it again, and the log has it twice"
	if lost.Idempotent {
		then = "sends it again under the same number, and the broker knows it"
	}
	seq := l.recordLocked(Entry{Kind: KindFault, Service: service, Instance: instance, Topic: lost.Topic, Partition: lost.Partition, Offset: lost.Offset, Cause: f.ID,
		Text: fmt.Sprintf("a broker appended %s, and its answer to %s was lost: %s %s", where, who, who, then), Data: &Data{Fault: ptr(f.Fault)}})
	if lost.Idempotent {
		return
	}
	for n := range int64(lost.Records) {
		l.unheard(tp{lost.Topic, lost.Partition}, lost.Offset+n, seq)
	}
}

// partitionsMax bounds the partitions of a topic.
const partitionsMax = 12

type addPartitions struct {
	Topic string `json:"topic" is:"topic"`
	To    int    `json:"to"`
}

func (a *addPartitions) do(ctx context.Context, l *Lab, c call) (Result, error) {
	l.acting.Lock()
	defer l.acting.Unlock()
	if err := l.knowsPartition(a.Topic, nil); err != nil {
		return Result{}, err
	}
	l.mu.Lock()
	n := len(l.board.Topics[a.Topic].Partitions)
	l.mu.Unlock()
	if a.To <= n {
		return Result{}, Errorf(Invalid, "%s has %d partitions, and nobody can take one away: to is %d to %d", a.Topic, n, n+1, partitionsMax)
	}
	if err := within("to", a.To, n+1, partitionsMax); err != nil {
		return Result{}, err
	}
	if id, up := l.cluster.Controller(); !up {
		return Result{}, Errorf(Conflict, "partitions are added by the controller, broker %d, and it is down: bring it up first", id)
	}
	seq := c.accept(l, "", fmt.Sprintf("you gave %s %d partitions instead of %d", a.Topic, a.To, n))
	l.blame(seq)
	ctx, cancel := context.WithTimeout(ctx, lookTimeout)
	defer cancel()
	if err := l.cluster.AddPartitions(ctx, a.Topic, a.To); err != nil {
		return Result{}, Errorf(Unavailable, "%v", err)
	}
	l.lookNow(ctx)
	l.refresh(func(*shop.Service) bool { return true })
	for _, s := range l.services {
		s.Heard(ctx, a.Topic, int32(a.To)-1)
	}
	return Result{Seq: seq, Text: fmt.Sprintf("%s has %d partitions now; this cannot be taken back, by no repair either", a.Topic, a.To)}, nil
}
