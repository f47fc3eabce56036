package scenarios

import (
	"cmp"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"

	"eddy/lab"
)

// suggest lists what changed between two boards as goals, what says most first.
func (r *recorder) suggest(before, after *lab.Board) []Suggestion {
	var found []Suggestion
	add := func(weight int, words, format string, args ...any) {
		found = append(found, Suggestion{Goal: fmt.Sprintf(format, args...), Words: r.inHandles(words), weight: weight})
	}
	for _, id := range slices.Sorted(maps.Keys(after.Invariants)) {
		was, is := before.Invariants[id], after.Invariants[id]
		switch {
		case is.State == "broken" && (was == nil || was.State != "broken"):
			add(100, fmt.Sprintf("the promise %s is broken: %s", id, is.Because), `invariant(%q) == "broken"`, id)
		case is.State == "holds" && was != nil && was.State == "broken":
			add(95, fmt.Sprintf("the promise %s holds again", id), `invariant(%q) == "holds"`, id)
		}
	}
	r.suggestOrders(before, after, add)
	suggestServices(before, after, add)
	for _, topic := range lab.TopicNames() {
		was, is := letterCount(before, topic), letterCount(after, topic)
		switch {
		case is > was:
			add(80, fmt.Sprintf("%d dead %s of %s", is, plural(is, "letter"), topic), "dead_letters(%q) == %d", topic, is)
		case is == 0 && was > 0:
			add(78, fmt.Sprintf("no dead letter of %s waits any more", topic), "dead_letters(%q) == 0", topic)
		}
		if p := after.Topics[topic]; p != nil && before.Topics[topic] != nil && len(p.Partitions) != len(before.Topics[topic].Partitions) {
			add(40, fmt.Sprintf("%s has %d partitions", topic, len(p.Partitions)), "len(topic(%q).partitions) == %d", topic, len(p.Partitions))
		}
	}
	if after.ReadModel.Lag > 0 && before.ReadModel.Lag == 0 {
		add(45, "the read side is behind", "read_lag > 0")
	}
	slices.SortStableFunc(found, func(a, b Suggestion) int { return b.weight - a.weight })
	return found[:min(len(found), 2*maxSuggestions)]
}

var orderID = regexp.MustCompile(`\bo-[0-9]+\b`)

// inHandles calls orders by their handles.
func (r *recorder) inHandles(words string) string {
	return orderID.ReplaceAllStringFunc(words, func(id string) string { return cmp.Or(r.handles[id], id) })
}

func plural(n int, word string) string {
	if n == 1 {
		return word
	}
	return word + "s"
}

type adder func(weight int, words, format string, args ...any)

// suggestOrders suggests what became of orders.
func (r *recorder) suggestOrders(before, after *lab.Board, add adder) {
	done := map[string]int{} // orders that have no name, by status
	for _, o := range byAge(after) {
		was := before.Orders[o.ID]
		if was == nil {
			was = &lab.Order{}
		}
		name := r.called(o)
		if name == "" {
			done[o.Status]++
			continue
		}
		if o.Charges != was.Charges && o.Charges != 1 && o.Charges >= 0 {
			words := fmt.Sprintf("order %s was charged %d times", name, o.Charges)
			if o.Charges == 0 {
				words = fmt.Sprintf("what order %s was charged was given back", name)
			}
			add(90, words, "order(%q).charges == %d", name, o.Charges)
		}
		if o.Refunded > was.Refunded {
			add(66, fmt.Sprintf("order %s got its money back", name), "order(%q).refunded == %d", name, o.Refunded)
		}
		if o.Notifications > max(1, was.Notifications) {
			add(72, fmt.Sprintf("order %s was told of %d times", name, o.Notifications), "order(%q).notifications == %d", name, o.Notifications)
		}
		if o.Status != was.Status {
			weight := map[string]int{"CANCELLED": 68, "COMPLETED": 50, "RESERVED": 30, "PAID": 30, "CREATED": 20}[o.Status]
			add(weight, fmt.Sprintf("order %s is %s", name, o.Status), "order(%q).status == %q", name, o.Status)
		}
		if row := after.ReadModel.Orders[o.ID]; row != nil && row.Status != o.Status {
			add(60, fmt.Sprintf("order %s is %s, and the read side shows %s", name, o.Status, row.Status), "read(%q).status != order(%q).status", name, name)
		}
		if saga := after.Sagas[o.ID]; saga != nil && saga.State != "running" && (before.Sagas[o.ID] == nil || before.Sagas[o.ID].State != saga.State) {
			add(55, fmt.Sprintf("the saga of order %s is %s", name, strings.ReplaceAll(saga.State, "_", " ")), "saga(%q).state == %q", name, saga.State)
		}
	}
	for _, status := range []string{"COMPLETED", "CANCELLED"} {
		if n := done[status]; n > 0 {
			add(35, fmt.Sprintf("%d of the orders of the burst are %s", n, status), "count(orders, .status == %q) >= %d", status, n)
		}
	}
}

// suggestServices suggests what services did.
func suggestServices(before, after *lab.Board, add adder) {
	for _, name := range lab.ServiceNames {
		was, is := before.Services[name], after.Services[name]
		if was == nil || is == nil {
			continue
		}
		if is.State != was.State && slices.Contains([]string{"crashed", "blocked", "paused"}, is.State) {
			add(70, fmt.Sprintf("%s is %s", name, is.State), "service(%q).state == %q", name, is.State)
		}
		if is.State == "running" && slices.Contains([]string{"crashed", "blocked", "paused"}, was.State) {
			add(44, name+" runs again", `service(%q).state == "running"`, name)
		}
		if is.SkippedDuplicates > was.SkippedDuplicates {
			add(74, fmt.Sprintf("%s skipped what it had done already", name), "service(%q).skipped_duplicates > %d", name, was.SkippedDuplicates)
		}
		if is.Instances != was.Instances {
			add(42, fmt.Sprintf("%s has %d %s", name, is.Instances, plural(is.Instances, "instance")), "service(%q).instances == %d", name, is.Instances)
			if n := members(after, name); n == is.Instances {
				add(43, fmt.Sprintf("the group of %s has %d %s", name, n, plural(n, "member")), "members(%q) == %d", name, n)
			}
		}
		switch {
		case is.Lag > 0 && was.Lag == 0:
			add(64, fmt.Sprintf("%s is behind: messages wait for it", name), "lag(%q) > 0", name)
		case is.Lag == 0 && was.Lag > 0:
			add(62, fmt.Sprintf("%s has caught up", name), "lag(%q) == 0", name)
		}
		if is.Retried > was.Retried {
			add(38, fmt.Sprintf("%s tried again", name), "service(%q).retried > %d", name, was.Retried)
		}
	}
}
