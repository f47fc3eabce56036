package web

import (
	"cmp"
	"encoding/json"
	"net/http"
	"slices"
	"strings"

	"eddy/lab"
	"eddy/lab/fleet"
	"eddy/web/view"
)

// againRequest asks for a lab that does again what was done in another.
type againRequest struct {
	At  int64 `json:"at"` // the last entry that belongs to it, 0: up to now
	But struct {
		Set json.RawMessage `json:"set"` // arguments of the action set
	} `json:"but"` // twins only: what is different in the right one
}

// recorded reads such a request and what was done in the lab that it names.
func (s *Server) recorded(w http.ResponseWriter, r *http.Request) (req againRequest, rec lab.Recording, err error) {
	world, err := s.world(r)
	if err != nil {
		return req, rec, err
	}
	body, err := readBody(w, r)
	if err != nil {
		return req, rec, err
	}
	if len(body) > 0 {
		if err := json.Unmarshal(body, &req); err != nil {
			return req, rec, lab.Errorf(lab.Invalid, `The body must be like {"at": 120} or {"at": 120, "but": {"set": {"service": "payment", "idempotent": true}}}: %v`, err)
		}
	}
	if req.At == 0 {
		req.At = world.Head()
	}
	rec, err = world.Recording(req.At)
	return req, rec, err
}

// again opens a lab that does what was done in this one, up to a moment, and
// then stands still for somebody to go on differently: POST again.
func (s *Server) again(w http.ResponseWriter, r *http.Request) error {
	_, rec, err := s.recorded(w, r)
	if err != nil {
		return err
	}
	id, err := s.newLab(r, rec.Settings, lab.Options{Again: &lab.Again{Recording: rec, Of: "the other lab", Hold: true}})
	if err != nil {
		return err
	}
	w.Header().Set("Location", "/api/labs/"+id)
	w.Header().Set("Cache-Control", "no-store")
	writeJSON(w, http.StatusCreated, map[string]string{"id": id, "page": "/lab/~" + id})
	return nil
}

// twins opens two labs that do what was done in this one, the right one with
// one setting different: POST twins.
func (s *Server) twins(w http.ResponseWriter, r *http.Request) error {
	req, rec, err := s.recorded(w, r)
	if err != nil {
		return err
	}
	if len(req.But.Set) == 0 {
		return lab.Errorf(lab.Invalid, `Twins need one setting that differs, like {"but": {"set": {"service": "payment", "idempotent": true}}}.`)
	}
	other, but, err := rec.But(req.But.Set)
	if err != nil {
		return err
	}
	left, err := s.newLab(r, rec.Settings, lab.Options{Again: &lab.Again{Recording: rec, Of: "the first lab"}})
	if err != nil {
		return err
	}
	right, err := s.newLab(r, other.Settings, lab.Options{Again: &lab.Again{Recording: other, Of: "the first lab", But: but}})
	if err != nil {
		s.cfg.Labs.Delete(left) // half a pair is of no use; it may be closed already
		return err
	}
	w.Header().Set("Cache-Control", "no-store")
	writeJSON(w, http.StatusCreated, map[string]string{"left": left, "right": right, "but": but, "page": "/twins/" + left + "/" + right})
	return nil
}

// compare says in what two labs are set differently, and what came out
// differently so far: GET compare?with=ID.
func (s *Server) compare(w http.ResponseWriter, r *http.Request) error {
	left, err := s.world(r)
	if err != nil {
		return err
	}
	right, err := s.also(r, r.URL.Query().Get("with"))
	if err != nil {
		return err
	}
	a, err := boardOf(left)
	if err != nil {
		return err
	}
	b, err := boardOf(right)
	if err != nil {
		return err
	}
	w.Header().Set("Cache-Control", "no-store")
	writeJSON(w, http.StatusOK, struct {
		Seqs     [2]int64         `json:"seqs"`
		Settings []lab.Difference `json:"settings"`
		Outcome  []lab.Difference `json:"outcome"`
		Reruns   [2]*lab.Rerun    `json:"reruns"`
		Orders   []string         `json:"orders"` // those that both have, oldest first, by handle or else by id
	}{[2]int64{a.Seq, b.Seq}, lab.CompareSettings(a.Settings, b.Settings), lab.Compare(a, b), [2]*lab.Rerun{a.Rerun, b.Rerun}, shared(a, b)})
	return nil
}

// sharedMost bounds how many orders a comparison names.
const sharedMost = 50

// shared are the newest orders that stand on two boards under one name.
func shared(a, b *lab.Board) []string {
	name := func(o *lab.Order) string { return cmp.Or(o.Handle, o.ID) }
	there := map[string]bool{}
	for _, o := range b.Orders {
		there[name(o)] = true
	}
	var both []*lab.Order
	for _, o := range a.Orders {
		if there[name(o)] {
			both = append(both, o)
		}
	}
	slices.SortFunc(both, func(x, y *lab.Order) int { return cmp.Compare(x.PlacedSeq, y.PlacedSeq) })
	names := []string{}
	for _, o := range both[max(0, len(both)-sharedMost):] {
		names = append(names, name(o))
	}
	return names
}

func boardOf(world fleet.World) (*lab.Board, error) {
	raw, _ := world.Snapshot()
	return lab.ReadBoard(raw)
}

// also finds a second lab that the caller of a request may use.
func (s *Server) also(r *http.Request, id string) (fleet.World, error) {
	if id == "" {
		return nil, lab.Errorf(lab.Invalid, "with must be the id of the lab to compare with.")
	}
	if err := s.mayUse(r, id); err != nil {
		return nil, err
	}
	return s.cfg.Labs.Get(id)
}

// twinsPage shows two labs side by side: /twins/{id}/{right}.
func (s *Server) twinsPage(w http.ResponseWriter, r *http.Request) error {
	if _, err := s.world(r); err != nil {
		return err
	}
	right, err := s.also(r, r.PathValue("right"))
	if err != nil {
		return err
	}
	b, err := boardOf(right)
	if err != nil {
		return err
	}
	page := view.TwinsPage{Left: r.PathValue("id"), Right: r.PathValue("right")}
	if b.Rerun != nil {
		page.But = b.Rerun.But
		page.Story = strings.HasPrefix(page.But, "saga ")
	}
	s.render(w, r, http.StatusOK, view.Twins(page))
	return nil
}
