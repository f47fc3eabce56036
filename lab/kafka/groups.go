package kafka

import (
	"cmp"
	"context"
	"sync"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"
)

// Dead is the state of a group that does not exist.
const Dead = "Dead"

// Group is a consumer group.
type Group struct {
	State      string // Empty PreparingRebalance CompletingRebalance Stable Dead; KIP-848 has Assigning Reconciling too
	Protocol   string // how partitions are spread; known in Stable
	Generation int32  // 0 where it is not known
	Members    []Member
	Committed  map[string]map[int32]int64 // by topic and partition: the next offset to read
}

// Member is one member of a group.
type Member struct {
	ID, ClientID, Host string
	Partitions         map[string][]int32 // by topic; empty while the group rebalances
}

// listGroups asks every broker which groups it coordinates, and remembers it.
func (p *Probe) listGroups(ctx context.Context, client *kgo.Client, brokers []Broker) (groups []string) {
	var (
		asking sync.WaitGroup
		mu     sync.Mutex
	)
	for _, broker := range brokers {
		asking.Go(func() {
			response, err := askBroker[*kmsg.ListGroupsResponse](ctx, client, broker.ID, kmsg.NewPtrListGroupsRequest())
			if err != nil || response.ErrorCode != 0 {
				return
			}
			mu.Lock()
			defer mu.Unlock()
			for _, g := range response.Groups {
				// Share groups have neither generations nor commits.
				if g.GroupType == "share" {
					continue
				}
				groups = append(groups, g.Group)
				p.coordinate(g.Group, broker.ID)
			}
		})
	}
	asking.Wait()
	return groups
}

func (p *Probe) coordinate(group string, broker int32) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.coordinators[group] = broker
}

func (p *Probe) forget(group string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	delete(p.coordinators, group)
}

// lookGroups asks each coordinator once for its groups and once for their
// offsets. Groups whose coordinator has moved are looked up and asked again.
func (p *Probe) lookGroups(ctx context.Context, client *kgo.Client, groups []string) map[string]Group {
	seen := make(map[string]Group, len(groups))
	for try := 0; try < tries && len(groups) > 0 && ctx.Err() == nil; try++ {
		p.findCoordinators(ctx, client, groups)
		var (
			asking sync.WaitGroup
			mu     sync.Mutex
			again  []string
		)
		for broker, theirs := range p.byCoordinator(groups) {
			asking.Go(func() {
				answered := p.askCoordinator(ctx, client, broker, theirs)
				mu.Lock()
				defer mu.Unlock()
				for _, name := range theirs {
					if g, ok := answered[name]; ok {
						seen[name] = g
					} else {
						p.forget(name)
						again = append(again, name)
					}
				}
			})
		}
		asking.Wait()
		groups = again
	}
	return seen
}

// findCoordinators looks up, in one request, the coordinators that are not known.
func (p *Probe) findCoordinators(ctx context.Context, client *kgo.Client, groups []string) {
	request := kmsg.NewPtrFindCoordinatorRequest()
	p.mu.Lock()
	for _, g := range groups {
		if _, known := p.coordinators[g]; !known {
			request.CoordinatorKeys = append(request.CoordinatorKeys, g)
		}
	}
	p.mu.Unlock()
	if len(request.CoordinatorKeys) == 0 {
		return
	}
	response, err := request.RequestWith(ctx, client)
	if err != nil {
		return // these groups stay unknown and absent
	}
	for _, c := range response.Coordinators {
		if c.ErrorCode == 0 {
			p.coordinate(c.Key, c.NodeID)
		}
	}
}

func (p *Probe) byCoordinator(groups []string) map[int32][]string {
	p.mu.Lock()
	defer p.mu.Unlock()
	by := make(map[int32][]string)
	for _, g := range groups {
		if broker, known := p.coordinators[g]; known {
			by[broker] = append(by[broker], g)
		}
	}
	return by
}

// askCoordinator returns the groups that the broker answered for.
func (p *Probe) askCoordinator(ctx context.Context, client *kgo.Client, broker int32, groups []string) map[string]Group {
	var (
		asking sync.WaitGroup
		states map[string]Group
		commit map[string]map[string]map[int32]int64
	)
	asking.Go(func() { states = p.describe(ctx, client, broker, groups) })
	asking.Go(func() { commit = commits(ctx, client, broker, groups) })
	asking.Wait()
	answered := make(map[string]Group, len(groups))
	for name, g := range states {
		if committed, ok := commit[name]; ok {
			g.Committed = committed
			answered[name] = g
		}
	}
	return answered
}

// describe asks for states and members. Brokers describe the two kinds of
// groups by two requests, and call a group of the other kind unknown.
func (p *Probe) describe(ctx context.Context, client *kgo.Client, broker int32, groups []string) map[string]Group {
	request := kmsg.NewPtrDescribeGroupsRequest()
	request.Groups = groups
	response, err := askBroker[*kmsg.DescribeGroupsResponse](ctx, client, broker, request)
	if err != nil {
		return nil
	}
	seen := make(map[string]Group, len(groups))
	var unknown []string
	for _, g := range response.Groups {
		switch {
		case g.ErrorCode == kerr.GroupIDNotFound.Code, g.ErrorCode == 0 && g.State == Dead,
			// The fake describes a group of the new kind without its members.
			g.ErrorCode == 0 && g.State != "Empty" && len(g.Members) == 0:
			unknown = append(unknown, g.Group)
			seen[g.Group] = Group{State: cmp.Or(g.State, Dead), Generation: p.generation(g.Group)}
		case g.ErrorCode == 0:
			seen[g.Group] = Group{State: g.State, Protocol: g.Protocol, Generation: p.generation(g.Group), Members: members(g.Members)}
		}
	}
	if len(unknown) > 0 {
		p.describeNew(ctx, client, broker, unknown, seen)
	}
	return seen
}

func members(in []kmsg.DescribeGroupsResponseGroupMember) []Member {
	var out []Member
	for _, m := range in {
		member := Member{ID: m.MemberID, ClientID: m.ClientID, Host: m.ClientHost, Partitions: make(map[string][]int32)}
		var assigned kmsg.ConsumerMemberAssignment
		// Groups of other protocols than "consumer" put here what they like.
		if assigned.ReadFrom(m.MemberAssignment) == nil {
			for _, t := range assigned.Topics {
				member.Partitions[t.Topic] = t.Partitions
			}
		}
		out = append(out, member)
	}
	return out
}

// describeNew asks for KIP-848 groups, and writes over seen what it learns.
func (p *Probe) describeNew(ctx context.Context, client *kgo.Client, broker int32, groups []string, seen map[string]Group) {
	request := kmsg.NewPtrConsumerGroupDescribeRequest()
	request.Groups = groups
	response, err := askBroker[*kmsg.ConsumerGroupDescribeResponse](ctx, client, broker, request)
	if err != nil {
		return // older brokers have no such groups
	}
	for _, g := range response.Groups {
		if g.ErrorCode != 0 {
			continue
		}
		group := Group{State: g.State, Protocol: g.AssignorName, Generation: g.Epoch}
		for _, m := range g.Members {
			member := Member{ID: m.MemberID, ClientID: m.ClientID, Host: m.ClientHost, Partitions: make(map[string][]int32)}
			for _, t := range m.Assignment.TopicPartitions {
				// A broker may leave the name out; then the id tells the topic.
				if t.Topic == "" {
					t.Topic = p.name(ctx, client, t.TopicID)
				}
				member.Partitions[t.Topic] = t.Partitions
			}
			group.Members = append(group.Members, member)
		}
		seen[g.Group] = group
	}
}

// name returns the name of a topic by its id, or "" for one that is gone.
func (p *Probe) name(ctx context.Context, client *kgo.Client, id [16]byte) string {
	known := func() string {
		p.mu.Lock()
		defer p.mu.Unlock()
		return p.names[id]
	}
	if name := known(); name != "" {
		return name
	}
	if metadata, err := askMetadata(ctx, client, true); err == nil {
		p.partitions(metadata) // notes the names
	}
	return known()
}

// commits asks for all committed offsets of the groups.
func commits(ctx context.Context, client *kgo.Client, broker int32, groups []string) map[string]map[string]map[int32]int64 {
	request := kmsg.NewPtrOffsetFetchRequest()
	for _, name := range groups {
		g := kmsg.NewOffsetFetchRequestGroup() // nil topics: all
		g.Group = name
		request.Groups = append(request.Groups, g)
	}
	response, err := askBroker[*kmsg.OffsetFetchResponse](ctx, client, broker, request)
	if err != nil {
		return nil
	}
	seen := make(map[string]map[string]map[int32]int64, len(groups))
	for _, g := range response.Groups {
		if movedAway(g.ErrorCode) {
			continue
		}
		committed := make(map[string]map[int32]int64, len(g.Topics))
		for _, t := range g.Topics {
			committed[t.Topic] = make(map[int32]int64, len(t.Partitions))
			for _, tp := range t.Partitions {
				if tp.ErrorCode == 0 && tp.Offset >= 0 {
					committed[t.Topic][tp.Partition] = tp.Offset
				}
			}
		}
		seen[g.Group] = committed
	}
	return seen
}
