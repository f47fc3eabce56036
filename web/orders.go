package web

import (
	"net/http"
	"strconv"
	"time"

	"eddy/lab"
)

// The query API: what a customer's page asks. Commands are actions; queries are
// answered from the read model only.

// maxOrderID bounds the name of an order, in bytes.
const maxOrderID = 200

// order answers with one order of the read model: GET …/orders/{order}. With
// ?min_version=N it waits until the read model has that version, with ?own=1 it
// shows the caller's own write where the read model is older.
func (s *Server) order(w http.ResponseWriter, r *http.Request) error {
	world, err := s.world(r)
	if err != nil {
		return err
	}
	q := lab.OrderQuery{Order: r.PathValue("order")}
	if len(q.Order) > maxOrderID {
		return lab.Errorf(lab.Invalid, "The name of an order has at most %d bytes, not %d.", maxOrderID, len(q.Order))
	}
	if q.MinVersion, err = intParam(r, "min_version"); err != nil {
		return err
	}
	switch own := r.URL.Query().Get("own"); own {
	case "", "0", "false":
	case "1", "true":
		q.Own = true
	default:
		return lab.Errorf(lab.Invalid, "own is 1 or 0, not %q.", own)
	}
	answer, err := world.QueryOrder(r.Context(), q)
	if err != nil {
		return err
	}
	w.Header().Set("Cache-Control", "no-store")
	writeJSON(w, http.StatusOK, answer)
	return nil
}

// orders answers with a page of a user's orders: GET …/orders?user=&page=&size=.
func (s *Server) orders(w http.ResponseWriter, r *http.Request) error {
	world, err := s.world(r)
	if err != nil {
		return err
	}
	page, err := intParam(r, "page")
	if err != nil {
		return err
	}
	size, err := intParam(r, "size")
	if err != nil {
		return err
	}
	for name, n := range map[string]int{"page": page, "size": size} {
		if n == 0 && r.URL.Query().Get(name) != "" {
			return lab.Errorf(lab.Invalid, "%s must be 1 or more.", name)
		}
	}
	answer, err := world.QueryOrders(r.Context(), r.URL.Query().Get("user"), page, size)
	if err != nil {
		return err
	}
	w.Header().Set("Cache-Control", "no-store")
	writeJSON(w, http.StatusOK, answer)
	return nil
}

// intParam reads a whole number from the query, 0 where there is none.
func intParam(r *http.Request, name string) (int, error) {
	text := r.URL.Query().Get(name)
	if text == "" {
		return 0, nil
	}
	n, err := strconv.Atoi(text)
	if err != nil {
		return 0, lab.Errorf(lab.Invalid, "%s must be a whole number, not %q.", name, text)
	}
	return n, nil
}

// Bounds of the while whose staleness is asked for.
const (
	staleWhile    = 30 * time.Second
	staleWhileMax = 10 * time.Minute
)

// staleness answers with how many events the read model did not have, over the
// last ?last=MS up to the lab time ?to=MS, as of the entry ?at=SEQ.
func (s *Server) staleness(find finder) handlerFunc {
	return func(w http.ResponseWriter, r *http.Request) error {
		p, err := find(r)
		if err != nil {
			return err
		}
		at, err := seqParam(r, "at", p.Head())
		if err != nil {
			return err
		}
		to, err := intParam(r, "to")
		if err != nil {
			return err
		}
		last, err := intParam(r, "last")
		if err != nil {
			return err
		}
		while := staleWhile
		if last != 0 {
			while = time.Duration(last) * time.Millisecond
		}
		if while < 0 || while > staleWhileMax || last > int(staleWhileMax/time.Millisecond) {
			return lab.Errorf(lab.Invalid, "last is how many milliseconds to look back: 1 to %d.", staleWhileMax/time.Millisecond)
		}
		answer, err := lab.StalenessUpTo(p, at, int64(to), while)
		if err != nil {
			return err
		}
		w.Header().Set("Cache-Control", "no-store")
		writeJSON(w, http.StatusOK, answer)
		return nil
	}
}
