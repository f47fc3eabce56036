package scenarios

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"

	"eddy/lab"
)

// NeedsWallClock says why a scenario cannot be played in virtual time, "" where
// it can. Where several instances of a service are balanced cooperatively, a
// member that joins may hold a commit back on a mutex, and virtual time stands
// still while somebody waits for one. It looks at the settings and at the
// actions in their order, wrong moves among them; it plays nothing.
func NeedsWallClock(s *Scenario) string {
	return walk(s, func(all seats) string { return all.shared("cooperative") })
}

// MayVary tells whether chance has a part in a scenario: where a service has
// several instances, who gets which partition may differ from play to play.
// Like NeedsWallClock it plays nothing.
func MayVary(s *Scenario) bool {
	return walk(s, func(all seats) string { return all.shared("") }) != ""
}

// walk follows the seats through a scenario and stops where look finds
// something to say.
func walk(s *Scenario, look func(seats) string) string {
	seats := seatsOf(s.settings(0))
	if why := look(seats); why != "" {
		return why
	}
	for i := range s.Steps {
		st := &s.Steps[i]
		for _, own := range []Actions{st.Do, st.During} {
			if why := seats.follow(own, look); why != "" {
				return why
			}
		}
		for _, moves := range st.Wrong {
			if why := maps.Clone(seats).follow(moves, look); why != "" {
				return why
			}
		}
		if why := seats.follow(st.Solution, look); why != "" {
			return why
		}
	}
	return ""
}

// seats are the instances of each service and who shares out their partitions.
type seats map[string]seating

type seating struct {
	instances int
	balancer  string
}

func seatsOf(s lab.Settings) seats {
	all := seats{}
	for name, svc := range s.Services {
		all[name] = seating{svc.Instances, svc.Balancer}
	}
	return all
}

// follow does what actions do to the seats, and stops where look finds
// something to say.
func (all seats) follow(actions Actions, look func(seats) string) string {
	for _, a := range actions {
		if a.Name != "scale" && a.Name != "set" {
			continue
		}
		raw, err := json.Marshal(a.Args)
		if err != nil {
			continue // an action that cannot be written is refused when it is done
		}
		var args struct {
			Service   string  `json:"service"`
			Instances *int    `json:"instances"`
			Balancer  *string `json:"balancer"`
		}
		if json.Unmarshal(raw, &args) != nil {
			continue
		}
		name, err := lab.ServiceName(args.Service)
		if err != nil {
			continue
		}
		seat := all[name]
		if args.Instances != nil {
			seat.instances = *args.Instances
		}
		if args.Balancer != nil {
			seat.balancer = *args.Balancer
		}
		all[name] = seat
		if why := look(all); why != "" {
			return why
		}
	}
	return ""
}

// shared names a service with several instances that a balancer shares out, ""
// stands for any.
func (all seats) shared(balancer string) string {
	for _, name := range slices.Sorted(maps.Keys(all)) {
		if s := all[name]; s.instances > 1 && (balancer == "" || s.balancer == balancer) {
			return fmt.Sprintf("%s has %d instances and a %s balancer", name, s.instances, s.balancer)
		}
	}
	return ""
}
