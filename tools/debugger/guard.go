package debugger

import (
	"crypto/rand"
	"crypto/subtle"
	"encoding/base64"
	"net"
	"net/http"
	"slices"
)

// policy lets the page load what this server serves, and nothing else; see Content Security Policy Level 3.
const policy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; " +
	"base-uri 'none'; form-action 'none'; frame-ancestors 'none'"

// newToken makes what a browser has to know to be answered.
func newToken() string {
	b := make([]byte, 24)
	_, _ = rand.Read(b) // it never fails, see crypto/rand
	return base64.RawURLEncoding.EncodeToString(b)
}

// guard answers only the page of this server. A page elsewhere may send requests here, also under a name that it makes lead
// to this machine, but knows no token, and cannot choose what a browser states as Host and Origin.
func (s *Server) guard(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("Content-Security-Policy", policy)
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("Referrer-Policy", "no-referrer")
		h.Set("Cross-Origin-Resource-Policy", "same-origin")
		h.Set("Cross-Origin-Opener-Policy", "same-origin")
		h.Set("Cache-Control", "no-store")
		if why := s.foreign(r); why != "" {
			writeError(w, problem{http.StatusForbidden, why})
			return
		}
		if s.enters(r) {
			http.SetCookie(w, &http.Cookie{Name: s.cookie(), Value: s.token, Path: "/", HttpOnly: true, SameSite: http.SameSiteStrictMode})
			http.Redirect(w, r, "/", http.StatusSeeOther)
			return
		}
		if c, err := r.Cookie(s.cookie()); err != nil || !s.knows(c.Value) {
			writeError(w, problem{http.StatusUnauthorized, "this address needs the token that `aiopt debug` has printed: open the page by the whole of that URL"})
			return
		}
		next.ServeHTTP(w, r)
	})
}

// enters reports a request for the page that has the token, or a ticket for it.
func (s *Server) enters(r *http.Request) bool {
	if r.Method != http.MethodGet || r.URL.Path != "/" {
		return false
	}
	q := r.URL.Query()
	return s.knows(q.Get("token")) || s.ticket.take(q.Get("ticket"))
}

// foreign says why a request is not of this server's page; empty where it may be.
func (s *Server) foreign(r *http.Request) string {
	_, port, _ := net.SplitHostPort(s.addr)
	hosts := []string{s.addr, net.JoinHostPort("localhost", port)}
	switch origin := r.Header.Get("Origin"); {
	case !slices.Contains(hosts, r.Host):
		return "the request is for another host name than this server's"
	case origin != "" && origin != "http://"+r.Host:
		return "the request comes from a page of another origin"
	case origin == "" && r.Method != http.MethodGet && r.Method != http.MethodHead:
		return "a request that changes something has to state its Origin, as browsers do"
	}
	return ""
}

func (s *Server) knows(token string) bool {
	return subtle.ConstantTimeCompare([]byte(token), []byte(s.token)) == 1
}

// cookie is a name for each port: browsers send the cookies of a host to all its ports.
func (s *Server) cookie() string {
	_, port, _ := net.SplitHostPort(s.addr)
	return "aiopt-" + port
}
