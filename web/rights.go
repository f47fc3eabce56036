package web

import (
	"crypto/sha256"
	"crypto/subtle"
	"encoding/hex"
	"net"
	"net/http"
	"net/netip"
	"strings"

	"eddy/lab"
	"eddy/lab/fleet"
)

// openID is the lab that is open to the machine it runs on.
const openID = "open"

const teacherCookie = "eddy_teacher"

// world finds the lab that a request names and that its caller may use.
func (s *Server) world(r *http.Request) (fleet.World, error) {
	id := r.PathValue("id")
	if err := s.mayUse(r, id); err != nil {
		return nil, err
	}
	return s.cfg.Labs.Get(id)
}

// mayUse decides who has a right to a lab. The id of a lab is the right to it;
// only the one whose id everybody knows needs more.
func (s *Server) mayUse(r *http.Request, id string) error {
	if id == openID && !fromThisMachine(r) && !s.fromTeacher(r) {
		return lab.Errorf(lab.Forbidden, "The open lab is for the machine it runs on. From elsewhere it needs the teacher key: Authorization: Bearer KEY, or /lab/open?key=KEY in a browser.")
	}
	return nil
}

// fromTeacher reports whether a request carries the teacher key, as a bearer
// token or as the cookie that stands for it.
func (s *Server) fromTeacher(r *http.Request) bool {
	if key, ok := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer "); ok {
		return s.isTeacherKey(strings.TrimSpace(key))
	}
	c, err := r.Cookie(teacherCookie)
	return err == nil && same(c.Value, s.teacherToken())
}

// teacherOnly refuses whoever is neither the teacher nor on this machine. The
// page is where a browser may bring the key to.
func (s *Server) teacherOnly(r *http.Request, what, page string) error {
	if fromThisMachine(r) || s.fromTeacher(r) {
		return nil
	}
	return lab.Errorf(lab.Forbidden, "%s is for the teacher, and for whoever sits at this machine, because it keeps the machine busy. From elsewhere it needs the teacher key: Authorization: Bearer KEY, or %s?key=KEY in a browser.", what, page)
}

// tookKey takes the teacher key from the address of a page: the browser gets a
// cookie that stands for it, and is sent on to the page without it.
func (s *Server) tookKey(w http.ResponseWriter, r *http.Request) bool {
	if !s.isTeacherKey(r.URL.Query().Get("key")) {
		return false
	}
	s.setCookie(w, r, teacherCookie, s.teacherToken(), cookieAge)
	http.Redirect(w, r, r.URL.Path, http.StatusSeeOther)
	return true
}

// allowKey slows the guessing of the teacher key down: a wrong one takes one of
// the caller's few tries, and without a try left no key is looked at, so that
// nothing tells a right one. The cookie is no key: it cannot be guessed.
func (s *Server) allowKey(r *http.Request) error {
	key, ok := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
	if !ok {
		if key = r.URL.Query().Get("key"); key == "" {
			return nil
		}
	}
	return s.tryKey(r, key)
}

// tryKey is allowKey of a key that came otherwise.
func (s *Server) tryKey(r *http.Request, key string) error {
	after := s.limits.keys.empty(clientAddr(r))
	if after == 0 && !s.isTeacherKey(strings.TrimSpace(key)) {
		after = s.limits.keys.take(clientAddr(r), 1) // guesses that come at once share the tries
	}
	if after > 0 {
		return &tooFast{lab.Errorf(lab.TooMany, "Too many wrong teacher keys from here. Try again in a moment."), after}
	}
	return nil
}

func (s *Server) isTeacherKey(key string) bool { return same(key, s.cfg.TeacherKey) }

// teacherToken is what the cookie holds: it proves the key without being it.
func (s *Server) teacherToken() string {
	sum := sha256.Sum256([]byte("eddy teacher cookie\x00" + s.cfg.TeacherKey))
	return hex.EncodeToString(sum[:])
}

// same compares secrets in a time that tells nothing about them.
func same(a, b string) bool {
	x, y := sha256.Sum256([]byte(a)), sha256.Sum256([]byte(b))
	return subtle.ConstantTimeCompare(x[:], y[:]) == 1
}

// fromThisMachine reports whether a request was made by a program or browser
// on this machine. What a proxy on this machine passes on does not count.
func fromThisMachine(r *http.Request) bool {
	for _, h := range []string{"X-Forwarded-For", "Forwarded", "X-Real-Ip", "Via"} {
		if r.Header.Get(h) != "" {
			return false
		}
	}
	return remoteIP(r).IsLoopback() && loopbackName(hostname(r.Host))
}

// clientAddr names the network address that limits count by: an IPv4 address
// or an IPv6 /64, which is what one household or school gets. A proxy on this
// machine is believed about whom it speaks for.
func clientAddr(r *http.Request) string {
	ip := remoteIP(r)
	if ip.IsLoopback() {
		hops := strings.Split(strings.Join(r.Header.Values("X-Forwarded-For"), ","), ",")
		if last, err := netip.ParseAddr(strings.TrimSpace(hops[len(hops)-1])); err == nil {
			ip = last.Unmap()
		}
	}
	if ip.Is6() {
		if p, err := ip.WithZone("").Prefix(64); err == nil {
			return p.String()
		}
	}
	return ip.String()
}

// remoteIP is the address at the other end of the connection; the zero Addr,
// which is nobody's, where it has none.
func remoteIP(r *http.Request) netip.Addr {
	host, _, err := net.SplitHostPort(r.RemoteAddr)
	if err != nil {
		return netip.Addr{}
	}
	ip, err := netip.ParseAddr(host)
	if err != nil {
		return netip.Addr{}
	}
	return ip.Unmap()
}
