package debugger

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/aiopt/aiopt"
)

// served is a server at an address that nothing listens on, for requests by hand.
func served(t *testing.T) *Server {
	t.Helper()
	s := New(aiopt.Standard(), Options{})
	s.addr = "127.0.0.1:4321"
	t.Cleanup(func() {
		for _, j := range s.jobs.list {
			j.cancel()
		}
		s.jobs.wait(time.Minute)
	})
	return s
}

// request makes one as the page does.
func request(s *Server, method, target, body string) *http.Request {
	r := httptest.NewRequest(method, target, strings.NewReader(body))
	r.Host = s.addr
	r.AddCookie(&http.Cookie{Name: s.cookie(), Value: s.token})
	if method != http.MethodGet {
		r.Header.Set("Origin", "http://"+s.addr)
	}
	return r
}

func answered(s *Server, r *http.Request) *httptest.ResponseRecorder {
	w := httptest.NewRecorder()
	s.Handler().ServeHTTP(w, r)
	return w
}

// TestRefused: what is not of the page itself gets no answer, whichever way it lacks.
func TestRefused(t *testing.T) {
	s := served(t)
	for _, c := range []struct {
		name   string
		change func(*http.Request)
		status int
	}{
		{"the page itself", func(*http.Request) {}, http.StatusOK},
		{"under the other name", func(r *http.Request) { r.Host = "localhost:4321" }, http.StatusOK},
		{"no token", func(r *http.Request) { r.Header.Del("Cookie") }, http.StatusUnauthorized},
		{"a wrong token", func(r *http.Request) { r.Header.Set("Cookie", s.cookie()+"=AAAA") }, http.StatusUnauthorized},
		{"the cookie of another port", func(r *http.Request) { r.Header.Set("Cookie", "aiopt-1234="+s.token) }, http.StatusUnauthorized},
		{"a token in the query of the API", func(r *http.Request) { r.Header.Del("Cookie"); r.URL.RawQuery = "token=" + s.token }, http.StatusUnauthorized},
		{"another host name", func(r *http.Request) { r.Host = "example.com:4321" }, http.StatusForbidden},
		{"another port", func(r *http.Request) { r.Host = "127.0.0.1:80" }, http.StatusForbidden},
		{"no host name", func(r *http.Request) { r.Host = "" }, http.StatusForbidden},
		{"another origin", func(r *http.Request) { r.Header.Set("Origin", "http://example.com") }, http.StatusForbidden},
		{"a page without origin", func(r *http.Request) { r.Header.Set("Origin", "null") }, http.StatusForbidden},
		{"another scheme", func(r *http.Request) { r.Header.Set("Origin", "https://"+s.addr) }, http.StatusForbidden},
		{"a change without origin", func(r *http.Request) { r.Method = http.MethodDelete; r.Header.Del("Origin") }, http.StatusForbidden},
	} {
		r := request(s, http.MethodGet, "/api/about", "")
		c.change(r)
		w := answered(s, r)
		if w.Code != c.status {
			t.Errorf("%s: got %d %s, want %d", c.name, w.Code, w.Body, c.status)
		}
		if got := w.Header().Get("Content-Security-Policy"); got != policy {
			t.Errorf("%s: the policy is %q", c.name, got)
		}
	}
}

// TestToken: the URL that is printed gives a cookie that other sites cannot send, and leaves no token in the address.
func TestToken(t *testing.T) {
	s := served(t)
	r := httptest.NewRequest(http.MethodGet, strings.TrimPrefix(s.URL(), "http://"+s.addr), nil)
	r.Host = s.addr
	w := answered(s, r)
	if w.Code != http.StatusSeeOther || w.Header().Get("Location") != "/" {
		t.Fatalf("got %d to %q", w.Code, w.Header().Get("Location"))
	}
	cookies := w.Result().Cookies()
	if len(cookies) != 1 || cookies[0].Value != s.token || !cookies[0].HttpOnly || cookies[0].SameSite != http.SameSiteStrictMode {
		t.Fatalf("got the cookies %v", cookies)
	}
	r = httptest.NewRequest(http.MethodGet, "/?token=guess", nil)
	r.Host = s.addr
	if w := answered(s, r); w.Code != http.StatusUnauthorized || len(w.Result().Cookies()) != 0 {
		t.Errorf("a guess: got %d", w.Code)
	}
	if other := newToken(); other == s.token || len(other) < 32 {
		t.Errorf("a token is %q", other)
	}
}

// TestPage: the page and its parts are served, and nothing else of the program.
func TestPage(t *testing.T) {
	s := served(t)
	for path, kind := range map[string]string{"/": "text/html", "/page.js": "text/javascript", "/page.css": "text/css"} {
		w := answered(s, request(s, http.MethodGet, path, ""))
		if got := w.Header().Get("Content-Type"); w.Code != http.StatusOK || !strings.HasPrefix(got, kind) {
			t.Errorf("%s: got %d, %s", path, w.Code, got)
		}
	}
	for _, path := range []string{"/../server.go", "/server.go", "/web/package.json", "/%2e%2e/server.go"} {
		if w := answered(s, request(s, http.MethodGet, path, "")); w.Code == http.StatusOK {
			t.Errorf("%s is served", path)
		}
	}
}
