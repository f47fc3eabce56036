package lab

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"eddy/lab/shop"
)

// start runs an instance of a service. It is running once it has its place in
// its group, which the journal tells.
func (l *Lab) start(service string, instance int, cause int64, why string) error {
	if l.ctx.Err() != nil {
		return errClosed
	}
	at := seat{service, instance}
	text := fmt.Sprintf("%s starts", nameOf(at))
	if why != "" {
		text += ", " + why
	}
	l.mu.Lock()
	seq := l.recordLocked(Entry{Kind: KindNote, Service: service, Instance: instance, Cause: cause, Text: text,
		Data: &Data{Service: &ServiceFact{State: "starting"}}})
	l.causes.comes(at, seq)
	delete(l.parked, at)
	l.mu.Unlock()
	if err := l.services[service].Start(instance); err != nil {
		return err
	}
	return nil
}

// halt stops an instance in good order: it leaves its group at once.
func (l *Lab) halt(service string, instance int, cause int64, why string, gone bool) {
	at := seat{service, instance}
	l.mu.Lock()
	l.causes.goes(at, cause) // whoever sees it leave may be quicker than the entry below
	l.mu.Unlock()
	l.services[service].Stop(instance)
	l.empty(at)
	l.record(Entry{Kind: KindNote, Service: service, Instance: instance, Cause: cause, Text: fmt.Sprintf("%s stopped, %s", nameOf(at), why),
		Data: &Data{Service: &ServiceFact{State: "stopped", Because: nameOf(at) + " is stopped because " + why, Gone: gone}}})
}

// crash cuts an instance off the network.
func (l *Lab) crash(service string, instance int, cause int64, text string) {
	at := seat{service, instance}
	// The entry comes first: whatever the cut brings about is its effect.
	seq := l.record(Entry{Kind: KindCrashed, Service: service, Instance: instance, Cause: cause, Text: nameOf(at) + " crashed",
		Data: &Data{Service: &ServiceFact{State: "crashed", Because: text}}})
	l.mu.Lock()
	l.causes.goes(at, seq)
	l.causes.inHand[at] = seq
	l.mu.Unlock()
	l.services[service].Crash(instance)
	l.empty(at)
}

// empty forgets what a seat had in hand or was going to try again.
func (l *Lab) empty(at seat) {
	l.mu.Lock()
	delete(l.parked, at)
	l.mu.Unlock()
	l.gate.leave(at)
}

// instances lists the seats of a service in a state; no states means all.
func (l *Lab) instances(service string, states ...string) (found []int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, s := range l.board.Services[service].Seats {
		if len(states) == 0 || slices.Contains(states, s.State) {
			found = append(found, s.Instance)
		}
	}
	return found
}

// chosen checks a service and an instance of it; instance 0 stands for all that
// are in one of the states.
func (l *Lab) chosen(given string, instance int, states ...string) (service string, instances []int, err error) {
	service, err = ServiceName(given)
	if err != nil {
		return "", nil, err
	}
	all := l.instances(service)
	if instance != 0 && !slices.Contains(all, instance) {
		if len(all) == 0 {
			return "", nil, Errorf(NotFound, "%s has no instances: scale it up first", service)
		}
		return "", nil, Errorf(NotFound, "%s has no instance %d: it has %s", service, instance, numbers(all))
	}
	for _, n := range l.instances(service, states...) {
		if instance == 0 || n == instance {
			instances = append(instances, n)
		}
	}
	return service, instances, nil
}

// numbers writes 1, 2, 3.
func numbers(ns []int) string {
	var out []string
	for _, n := range ns {
		out = append(out, strconv.Itoa(n))
	}
	return strings.Join(out, ", ")
}

// seatOrchestrator fills the orchestrator's seat once orders need it. It stays
// when they do not any more: sagas that are under way need it to the end.
func (l *Lab) seatOrchestrator(s Settings, cause int64) error {
	if s.Saga != shop.Orchestration || len(l.instances("orchestrator")) > 0 {
		return nil
	}
	return l.scaleTo("orchestrator", s.Services["orchestrator"].Instances, cause)
}
