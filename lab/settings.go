package lab

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"eddy/lab/shop"
)

// Duration is a time.Duration that reads and writes as Go text ("200ms").
type Duration time.Duration

// D returns d as a time.Duration.
func (d Duration) D() time.Duration { return time.Duration(d) }

func (d Duration) String() string { return time.Duration(d).String() }

// MarshalText writes d as time.Duration does.
func (d Duration) MarshalText() ([]byte, error) { return []byte(d.String()), nil }

// UnmarshalText reads what time.ParseDuration reads; negative durations are
// refused.
func (d *Duration) UnmarshalText(text []byte) error {
	v, err := time.ParseDuration(string(text))
	if err != nil {
		return fmt.Errorf("%q is not a duration: write 200ms, 1.5s or 2m", text)
	}
	if v < 0 {
		return fmt.Errorf("%q is negative: a duration here is 0 or more", text)
	}
	*d = Duration(v)
	return nil
}

// UnmarshalJSON reads text, and a plain 0, which needs no unit.
func (d *Duration) UnmarshalJSON(data []byte) error {
	var text string
	switch err := json.Unmarshal(data, &text); {
	case string(data) == "null":
		return nil
	case string(data) == "0":
		text = "0"
	case err != nil:
		return fmt.Errorf("%s is not a duration: write 200ms, 1.5s or 2m", data)
	}
	return d.UnmarshalText([]byte(text))
}

// Settings describe a lab: what it is made of and how its services behave.
// The zero Settings are not valid; start from DefaultSettings.
type Settings struct {
	Saga           string         `json:"saga" is:"choreography|orchestration|sync"`
	Key            string         `json:"key" is:"user|order|none"` // what the record key is
	Brokers        int            `json:"brokers"`                  // 1 to 3
	Partitions     map[string]int `json:"partitions"`               // per topic, 3 where nothing is said
	Seed           uint64         `json:"seed"`                     // decides every choice the lab makes itself
	SnapshotEvery  int            `json:"snapshot_every"`           // events per aggregate snapshot, 0 none
	SessionTimeout Duration       `json:"session_timeout"`          // until a silent member is out of its group
	Heartbeat      Duration       `json:"heartbeat"`
	CallTimeout    Duration       `json:"call_timeout"` // of a synchronous call
	SagaTimeout    Duration       `json:"saga_timeout"` // until an orchestrated step that is not answered counts as failed
	Slots          int            `json:"slots"`        // synchronous calls that a service serves at once
	Stock          map[string]int `json:"stock"`        // pieces available at the start

	Services map[string]ServiceSettings `json:"services"`
}

// ServiceSettings are the switches of one service. Each pattern has one.
type ServiceSettings struct {
	Instances          int      `json:"instances"`   // 0 to 8 members of its group
	Idempotent         bool     `json:"idempotent"`  // inbox, and an idempotency key at the gateway
	Retries            int      `json:"retries"`     // tries = retries + 1
	Backoff            Duration `json:"backoff"`     // before the second try; doubles
	DeadLetter         bool     `json:"dead_letter"` // false: retry for ever, which blocks the partition
	Outbox             bool     `json:"outbox"`      // false: write, then publish (dual write)
	Commit             string   `json:"commit" is:"after|before|auto"`
	Upcast             bool     `json:"upcast"`         // read version 1 events as version 2
	SchemaVersion      int      `json:"schema_version"` // of the events it produces
	Work               Duration `json:"work"`           // simulated work a message
	Balancer           string   `json:"balancer" is:"cooperative|eager|range|roundrobin"`
	Acks               string   `json:"acks" is:"all|leader|none"`
	IdempotentProducer bool     `json:"idempotent_producer"` // the broker drops a producer's repeats; needs acks all
	CheckStock         bool     `json:"check_stock"`         // order only: refuse at the command
}

// ServiceNames lists the services in the order in which the page shows them.
var ServiceNames = []string{"order", "payment", "inventory", "notification", "projector", "orchestrator"}

// groupIDs are the consumer groups of the services.
var groupIDs = map[string]string{
	"order": "order-service", "payment": "payment-service", "inventory": "inventory-service",
	"notification": "notification-service", "projector": "projector", "orchestrator": "saga-orchestrator",
}

// GroupID returns the consumer group of a service, "" where there is none.
func GroupID(service string) string { return groupIDs[service] }

// ServiceName finds a service by its short name or its group id.
func ServiceName(name string) (string, error) {
	for _, s := range ServiceNames {
		if name == s || name == groupIDs[s] {
			return s, nil
		}
	}
	return "", Errorf(Invalid, "there is no service %q: the services are %s", name, strings.Join(ServiceNames, ", "))
}

// BusinessTopics carry the events of the choreography.
var BusinessTopics = []string{"orders", "payments", "inventory", "notifications"}

var sagaTopics = []string{"order-commands", "payment-commands", "inventory-commands", "notification-commands", "saga-replies"}

// TopicNames lists every topic but the dead-letter ones.
func TopicNames() []string { return append(slices.Clone(BusinessTopics), sagaTopics...) }

// AllTopics lists every topic, dead-letter topics among them.
func AllTopics() []string {
	var all []string
	for _, t := range TopicNames() {
		all = append(all, t, t+".dlq")
	}
	return all
}

// DefaultSettings is a lab as the contract describes it.
func DefaultSettings() Settings {
	s := Settings{
		Saga: "choreography", Key: "user", Brokers: 3, Seed: 1,
		Partitions:     map[string]int{},
		SessionTimeout: Duration(3 * time.Second), Heartbeat: Duration(500 * time.Millisecond),
		CallTimeout: Duration(time.Second), Slots: 4, SagaTimeout: Duration(15 * time.Second),
		Stock: map[string]int{}, Services: map[string]ServiceSettings{},
	}
	for _, t := range AllTopics() {
		s.Partitions[t] = 3
	}
	for _, p := range shop.Catalogue {
		s.Stock[p.SKU] = 100
	}
	for _, name := range ServiceNames {
		s.Services[name] = DefaultServiceSettings()
	}
	return s
}

// DefaultServiceSettings are the switches of a service that nobody changed.
func DefaultServiceSettings() ServiceSettings {
	return ServiceSettings{
		Instances: 1, Idempotent: true, Retries: 3, Backoff: Duration(200 * time.Millisecond), DeadLetter: true,
		Outbox: true, Commit: "after", Upcast: true, SchemaVersion: 2, Work: Duration(50 * time.Millisecond),
		Balancer: "cooperative", Acks: "all", IdempotentProducer: true,
	}
}

// Clone copies s so that no map is shared.
func (s Settings) Clone() Settings {
	s.Partitions, s.Stock, s.Services = maps.Clone(s.Partitions), maps.Clone(s.Stock), maps.Clone(s.Services)
	return s
}

// ParseSettings reads settings in JSON over the defaults. A top-level "work"
// is the work of every service that does not name its own. Unknown names and
// values out of range are errors that say what would be valid.
func ParseSettings(data []byte) (Settings, error) {
	s := DefaultSettings()
	if len(bytes.TrimSpace(data)) == 0 {
		return s, nil
	}
	var top map[string]json.RawMessage
	if err := json.Unmarshal(data, &top); err != nil {
		return s, Errorf(Invalid, "lab settings are not a JSON object: %v", err)
	}
	if raw, ok := top["work"]; ok {
		delete(top, "work")
		for name, svc := range s.Services {
			if err := json.Unmarshal(raw, &svc.Work); err != nil {
				return s, Errorf(Invalid, "work: %v", err)
			}
			s.Services[name] = svc
		}
	}
	services := top["services"]
	delete(top, "services")
	rest, err := json.Marshal(top)
	if err != nil {
		return s, Errorf(Invalid, "lab settings: %v", err)
	}
	if err := strict(rest, &s, "lab setting", "work"); err != nil {
		return s, err
	}
	if len(services) > 0 {
		var byName map[string]json.RawMessage
		if err := json.Unmarshal(services, &byName); err != nil {
			return s, Errorf(Invalid, "services: expected an object like {\"payment\": {\"idempotent\": false}}: %v", err)
		}
		for given, raw := range byName {
			name, err := ServiceName(given)
			if err != nil {
				return s, err
			}
			svc := s.Services[name]
			if err := strict(raw, &svc, "setting of service "+name); err != nil {
				return s, err
			}
			s.Services[name] = svc
		}
	}
	return s.normal()
}

// normal applies the rules that tie settings together and checks every value.
func (s Settings) normal() (Settings, error) {
	standard := DefaultSettings()
	s.Partitions = filled(s.Partitions, standard.Partitions)
	s.Stock = filled(s.Stock, standard.Stock)
	s.Services = filled(s.Services, standard.Services)
	for name, svc := range s.Services {
		if svc.Acks != "all" {
			// A broker can only drop repeats of a producer that waits for all replicas.
			svc.IdempotentProducer = false
		}
		s.Services[name] = svc
	}
	return s, s.check()
}

// filled adds what a map does not say.
func filled[V any](given, standard map[string]V) map[string]V {
	if given == nil {
		return standard
	}
	for name, v := range standard {
		if _, ok := given[name]; !ok {
			given[name] = v
		}
	}
	return given
}

func (s Settings) check() error {
	if err := oneOf(s, "saga", s.Saga); err != nil {
		return err
	}
	if err := oneOf(s, "key", s.Key); err != nil {
		return err
	}
	if err := within("brokers", s.Brokers, 1, 3); err != nil {
		return err
	}
	for topic, n := range s.Partitions {
		if !slices.Contains(AllTopics(), topic) {
			return Errorf(Invalid, "partitions: there is no topic %q: the topics are %s", topic, strings.Join(AllTopics(), ", "))
		}
		if err := within("partitions of "+topic, n, 1, 12); err != nil {
			return err
		}
	}
	for sku, n := range s.Stock {
		if _, ok := shop.Find(sku, ""); !ok {
			return Errorf(Invalid, "stock: there is no product %q: the shop sells %s", sku, strings.Join(shop.SKUs(), ", "))
		}
		if err := within("stock of "+sku, n, 0, 1_000_000); err != nil {
			return err
		}
	}
	if err := within("slots", s.Slots, 1, 64); err != nil {
		return err
	}
	if err := within("snapshot_every", s.SnapshotEvery, 0, 1000); err != nil {
		return err
	}
	if s.Heartbeat.D() < 50*time.Millisecond || s.SessionTimeout.D() < time.Second || s.SessionTimeout.D() > 5*time.Minute || 2*s.Heartbeat > s.SessionTimeout {
		return Errorf(Invalid, "session_timeout %s and heartbeat %s do not fit: session_timeout is 1s to 5m, heartbeat at least 50ms and at most half of it", s.SessionTimeout, s.Heartbeat)
	}
	if d := s.CallTimeout.D(); d < 10*time.Millisecond || d > time.Minute {
		return Errorf(Invalid, "call_timeout %s is out of range: 10ms to 1m", s.CallTimeout)
	}
	if d := s.SagaTimeout.D(); d < 100*time.Millisecond || d > 10*time.Minute {
		return Errorf(Invalid, "saga_timeout %s is out of range: 100ms to 10m", s.SagaTimeout)
	}
	for _, name := range slices.Sorted(maps.Keys(s.Services)) {
		if !slices.Contains(ServiceNames, name) {
			return Errorf(Invalid, "there is no service %q: the services are %s", name, strings.Join(ServiceNames, ", "))
		}
		if err := s.Services[name].check(name); err != nil {
			return err
		}
	}
	return nil
}

func (v ServiceSettings) check(service string) error {
	for _, err := range []error{
		within("instances", v.Instances, 0, 8),
		within("retries", v.Retries, 0, 20),
		within("schema_version", v.SchemaVersion, 1, 2),
		oneOf(v, "commit", v.Commit),
		oneOf(v, "balancer", v.Balancer),
		oneOf(v, "acks", v.Acks),
		atMost("backoff", v.Backoff, time.Minute),
		atMost("work", v.Work, time.Minute),
	} {
		if err != nil {
			return Errorf(Invalid, "%s: %v", service, err)
		}
	}
	return nil
}

// oneOf checks a value against the list in the tag of its field.
func oneOf(of any, name, value string) error {
	args := argsOf(of)
	valid := args[slices.IndexFunc(args, func(a Arg) bool { return a.Name == name })].OneOf
	if slices.Contains(valid, value) {
		return nil
	}
	return Errorf(Invalid, "%s cannot be %q: it is %s", name, value, strings.Join(valid, ", "))
}

func within(name string, value, low, high int) error {
	if value >= low && value <= high {
		return nil
	}
	return Errorf(Invalid, "%s cannot be %d: it is %d to %d", name, value, low, high)
}

func atMost(name string, value Duration, high time.Duration) error {
	if value.D() <= high {
		return nil
	}
	return Errorf(Invalid, "%s cannot be %s: it is at most %s", name, value, high)
}

// strict decodes data over into and turns an unknown key into an error that
// lists the known ones, and those besides them that were read already.
func strict(data []byte, into any, what string, besides ...string) error {
	dec := json.NewDecoder(bytes.NewReader(data))
	dec.DisallowUnknownFields()
	err := dec.Decode(into)
	if err == nil {
		return nil
	}
	if name, ok := unknownField(err); ok {
		return Errorf(Invalid, "there is no %s %q: valid are %s", what, name, strings.Join(append(fieldNames(into), besides...), ", "))
	}
	return Errorf(Invalid, "%s: %s", what, plainJSONError(err))
}

// shop is the same switches as the shop takes them.
func (v ServiceSettings) shop() shop.Settings {
	return shop.Settings{
		Instances: v.Instances, Idempotent: v.Idempotent, Retries: v.Retries, Backoff: v.Backoff.D(), DeadLetter: v.DeadLetter,
		Outbox: v.Outbox, Commit: v.Commit, Upcast: v.Upcast, SchemaVersion: v.SchemaVersion, Work: v.Work.D(),
		Balancer: v.Balancer, Acks: v.Acks, IdempotentProducer: v.IdempotentProducer, CheckStock: v.CheckStock,
	}
}

// slowMax bounds what `slow` adds to a message.
const slowMax = 5 * time.Minute
