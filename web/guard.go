package web

import (
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"strings"

	"eddy/lab"
)

// contentPolicy allows what the server itself sends and nothing else. No
// inline script or style: text that a learner put into an event stays text.
// Only a page of this server may frame another: twins stand side by side.
const contentPolicy = "default-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; " +
	"frame-ancestors 'self'; base-uri 'none'; form-action 'self'; object-src 'none'"

// guard stands before every handler. It refuses requests that a foreign page
// made a browser send. A foreign Host means that a foreign name was pointed at
// this address (DNS rebinding): to the browser that page and this server are
// then one site, so a check of the Origin alone does not see it. Sockets come
// through here as well, before they are upgraded.
func (s *Server) guard(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("Content-Security-Policy", contentPolicy)
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("Referrer-Policy", "no-referrer") // the path of a lab is the right to it
		h.Set("Cross-Origin-Resource-Policy", "same-origin")
		h.Set("Cross-Origin-Opener-Policy", "same-origin")
		switch {
		case !s.ownHost(r):
			s.fail(w, r, lab.Errorf(lab.Forbidden, "This server does not answer to the name %q. Start it with --hosts to give it that name.", r.Host))
		case !ownOrigin(r):
			s.fail(w, r, lab.Errorf(lab.Forbidden, "Requests from pages of another site are not allowed."))
		default:
			if err := s.allowKey(r); err != nil {
				s.fail(w, r, err)
				return
			}
			next.ServeHTTP(w, r)
		}
	})
}

// ownHost reports whether the Host header names this server: a loopback name,
// a configured name, or the very address that the connection came in on. The
// port does not matter: it changes with every tunnel, and rebinding is about
// names.
func (s *Server) ownHost(r *http.Request) bool {
	host := hostname(r.Host)
	if loopbackName(host) {
		return true
	}
	for _, own := range s.cfg.Hosts {
		if host != "" && strings.EqualFold(host, own) {
			return true
		}
	}
	named, err := netip.ParseAddr(host)
	if err != nil {
		return false
	}
	local, _ := r.Context().Value(http.LocalAddrContextKey).(net.Addr)
	if local == nil {
		return false
	}
	here, err := netip.ParseAddrPort(local.String())
	return err == nil && here.Addr().Unmap().WithZone("") == named.Unmap().WithZone("")
}

// ownOrigin reports whether a request comes from a page of this server or from
// no page at all.
func ownOrigin(r *http.Request) bool {
	site := r.Header.Get("Sec-Fetch-Site")
	origins := r.Header.Values("Origin")
	switch {
	case len(origins) == 0:
		// A picture or a prefetch on a foreign page sends no Origin. A link
		// there that a person follows is welcome.
		return site != "cross-site" || r.Header.Get("Sec-Fetch-Mode") == "navigate"
	case len(origins) > 1:
		return false
	case origins[0] == "null":
		// Our own forms send "null" because of our Referrer-Policy, and so do
		// foreign sandboxes; only the browser's own word tells them apart.
		return site == "same-origin"
	}
	u, err := url.Parse(origins[0])
	if err != nil || u.Scheme != "http" && u.Scheme != "https" {
		return false
	}
	return strings.EqualFold(dropDefaultPort(u.Host, u.Scheme), dropDefaultPort(r.Host, u.Scheme))
}

func dropDefaultPort(host, scheme string) string {
	if scheme == "https" {
		return strings.TrimSuffix(host, ":443")
	}
	return strings.TrimSuffix(host, ":80")
}

// hostname is the host of a Host header, without port and brackets.
func hostname(hostport string) string {
	u := url.URL{Host: hostport}
	return strings.TrimSuffix(u.Hostname(), ".")
}

func loopbackName(host string) bool {
	if strings.EqualFold(host, "localhost") {
		return true
	}
	ip, err := netip.ParseAddr(host)
	return err == nil && ip.Unmap().IsLoopback()
}
