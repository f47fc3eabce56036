package shop

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"sync"
	"time"

	"eddy/lab/store"
)

// Reaction is what a service does about one type of event. It runs after the
// inbox was asked and the simulated work is done.
type Reaction func(ctx context.Context, w *Work) error

// role is what makes one service differ from another.
type role struct {
	name   string
	group  string
	topics []string
	react  map[string]Reaction

	// style, where set, is that of the orders whose events the service reacts to.
	// Commands it does for any.
	style string
	// watch, where set, runs beside the messages of a member until ctx ends.
	watch func(ctx context.Context, m *member)
	// waiting, where set, counts what else the service is going to do by itself.
	waiting func(ctx context.Context, w *store.Write) (int, error)
	// needs, where set, passes over events that are no news to the service
	// although it reacts to their type.
	needs func(ctx context.Context, m *member, e Event) bool
	// reachesOut says that a reaction does something that no transaction of
	// ours takes back.
	reachesOut bool
	// ownInbox says that the reaction itself knows what it has handled.
	ownInbox bool
	// answers is what the service does when it is called, by what it is asked
	// for. It passes over the events of orders that are fulfilled by calls.
	answers map[string]Reaction
	// front, where set, serves customers instead.
	front func(typ string, body []byte) (servant, string)
}

// Service is one service of the shop: a consumer group with any number of
// members in this process.
type Service struct {
	role
	env *Env

	mu       sync.Mutex
	settings Settings
	members  map[int]*member
	cutOff   map[string]bool // see Cut
	starts   int             // members that were ever made
	ending   sync.WaitGroup  // members that are being taken down

	life context.Context // ends with Close
	end  context.CancelFunc
}

func newService(env *Env, r role, s Settings) *Service {
	service := &Service{role: r, env: env, settings: s, members: map[int]*member{}, cutOff: map[string]bool{}}
	service.life, service.end = context.WithCancel(context.Background())
	return service
}

// Name is the short name of the service.
func (s *Service) Name() string { return s.name }

// Group is the id of its consumer group.
func (s *Service) Group() string { return s.group }

// Topics are what its group subscribes to.
func (s *Service) Topics() []string { return slices.Clone(s.topics) }

// ReactsTo says whether the service does anything about an event type, or a
// call.
func (s *Service) ReactsTo(eventType string) bool {
	return s.react[eventType] != nil || s.answers[eventType] != nil
}

// Handler is the program counter of the function that handles an event type, 0
// where nothing is done about it.
func (s *Service) Handler(eventType string) uintptr {
	if s.react[eventType] == nil {
		return 0
	}
	return reflect.ValueOf(s.react[eventType]).Pointer()
}

// Settings are the switches as they stand.
func (s *Service) Settings() Settings {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.settings
}

// Set changes switches. It reports the instances that have to be restarted
// because their Kafka client has to be made anew.
func (s *Service) Set(to Settings) (restart []int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.settings.needsNewClient(to) {
		restart = s.running()
	}
	s.settings = to
	return restart
}

// Start runs an instance, which joins the group in the background. Starting a
// running one is an error.
func (s *Service) Start(instance int) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.members[instance] != nil {
		return fmt.Errorf("start %s-%d: it runs already", s.name, instance)
	}
	m, err := newMember(s, instance)
	if err != nil {
		return fmt.Errorf("start %s-%d: %w", s.name, instance, err)
	}
	s.members[instance] = m
	m.start()
	return nil
}

// Stop lets an instance finish what it can, commits, and leaves the group. It
// returns when the instance is gone.
func (s *Service) Stop(instance int) {
	if m := s.take(instance); m != nil {
		m.stop()
	}
}

// Crash ends an instance without a goodbye: its network is cut first. It
// returns at once; the group finds out when the session times out.
func (s *Service) Crash(instance int) {
	s.mu.Lock()
	m := s.members[instance]
	s.mu.Unlock()
	if m != nil {
		m.die()
	}
}

// take removes a member from the running ones, so that only one caller ends it.
func (s *Service) take(instance int) *member {
	s.mu.Lock()
	defer s.mu.Unlock()
	m := s.members[instance]
	delete(s.members, instance)
	return m
}

// lose is take for a member that crashed; false where somebody ends it already.
func (s *Service) lose(m *member) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.members[m.n] != m {
		return false
	}
	delete(s.members, m.n)
	s.ending.Add(1)
	return true
}

// inherit publishes what a crashed member left in its outbox, once its lease is
// over: by any member that runs then. Where none does, the next start does it.
func (s *Service) inherit() {
	if s.env.Clock.Sleep(s.life, s.env.SessionTimeout+10*time.Millisecond) != nil {
		return
	}
	if m, err := s.anyMember(); err == nil {
		defer m.relays.Done()
		m.relayAll()
	}
}

// Running lists the instances that run.
func (s *Service) Running() []int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.running()
}

func (s *Service) running() []int { return slices.Sorted(maps.Keys(s.members)) }

// Close cuts every instance off and returns when all of them are gone.
func (s *Service) Close() {
	s.end()
	for _, n := range s.Running() {
		s.Crash(n)
	}
	s.ending.Wait()
}

// Refresh has the Kafka clients of all instances ask for metadata, as they
// would by themselves after five minutes. It does not wait for the answers.
func (s *Service) Refresh() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, m := range s.members {
		m.client.ForceMetadataRefresh()
	}
}

// Heard returns when every instance that uses a topic knows a partition of it,
// or after a second, or with ctx.
func (s *Service) Heard(ctx context.Context, topic string, partition int32) {
	for patience := 100; patience > 0 && !s.hasHeard(topic, partition); patience-- {
		select {
		case <-time.After(10 * time.Millisecond):
		case <-ctx.Done():
			return
		}
	}
}

func (s *Service) hasHeard(topic string, partition int32) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, m := range s.members {
		uses, _, _ := m.client.PartitionLeader(topic, 0)
		knows, _, _ := m.client.PartitionLeader(topic, partition)
		if uses >= 0 && knows < 0 {
			return false
		}
	}
	return true
}

// Pending counts the events that wait in the outbox of the service, and what
// waits for its time.
func (s *Service) Pending(ctx context.Context) (int, error) {
	n, err := outboxPending(ctx, s.env.Write, s.name)
	if err != nil || s.waiting == nil {
		return n, err
	}
	waiting, err := s.waiting(ctx, s.env.Write)
	return n + waiting, err
}

// anyMember picks a running instance for a call from outside. The caller calls
// relays.Done when the call is over: an instance ends after its calls.
func (s *Service) anyMember() (*member, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, n := range s.running() {
		if m := s.members[n]; m.ctx.Err() == nil {
			m.relays.Add(1)
			return m, nil
		}
	}
	return nil, errNobody
}

// freeMember is anyMember that takes one that is held only where all of them
// are.
func (s *Service) freeMember(isHeld func(instance int) bool) (*member, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	var held *member
	for _, n := range s.running() {
		m := s.members[n]
		switch {
		case m.ctx.Err() != nil:
		case !isHeld(n):
			m.relays.Add(1)
			return m, nil
		case held == nil:
			held = m
		}
	}
	if held == nil {
		return nil, errNobody
	}
	held.relays.Add(1)
	return held, nil
}

// during makes the context of a call that a member serves: a crash cuts it off.
func (m *member) during(call context.Context) (context.Context, context.CancelFunc) {
	ctx, cancel := context.WithCancel(call)
	stop := context.AfterFunc(m.ctx, cancel)
	return ctx, func() { stop(); cancel() }
}

// cutOff says why a call failed: by the end of the member, where that came
// first, because err is only what became of it.
func (m *member) cutOff(err error) string {
	var crash *Crash
	if m.ctx.Err() != nil && !errors.As(err, &crash) {
		return context.Cause(m.ctx).Error()
	}
	return err.Error()
}

var errNobody = errors.New("no instance of the service runs")
