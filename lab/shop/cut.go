package shop

import (
	"errors"
	"fmt"
	"maps"
	"slices"
)

// What a service can be cut off from. Kafka is a network: the connections of
// every instance are closed and dials are refused, so heartbeats stop and the
// group goes on without them. The calls of the sync style go through the same
// cable, both ways. The embedded database has no wire: a service that
// is cut off from it has every call refused, as by a host that cannot be
// reached, before the call has any effect.
const (
	FromKafka    = "kafka"
	FromDatabase = "database"
)

var errNoDatabase = errors.New("the database cannot be reached: connection refused")

// Cut cuts every instance off, those that are started later included, until
// Mend.
func (s *Service) Cut(from string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.cutOff[from] = true
	if from == FromKafka {
		for _, m := range s.members {
			m.link.Cut()
		}
	}
}

// Mend takes a cut back. Clients connect again when they next try.
func (s *Service) Mend(from string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.cutOff, from)
	if from == FromKafka {
		for _, m := range s.members {
			m.link.Mend()
		}
	}
}

// CutOff lists what the service is cut off from.
func (s *Service) CutOff() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Sorted(maps.Keys(s.cutOff))
}

// database fails while the service cannot reach its database.
func (s *Service) database() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.cutOff[FromDatabase] {
		return fmt.Errorf("%s: %w", s.name, errNoDatabase)
	}
	return nil
}
