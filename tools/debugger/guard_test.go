package debugger

import (
	"io"
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
	return servedWith(t, Options{})
}

func servedWith(t *testing.T, opt Options) *Server {
	t.Helper()
	s := New(t.Context(), aiopt.Standard(), opt)
	s.addr = "127.0.0.1:4321"
	t.Cleanup(func() { s.jobs.end(time.Minute) })
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

// TestTicket: what other users of the machine may see among the arguments of a program opens the page once, and soon.
func TestTicket(t *testing.T) {
	s := served(t)
	enter := func(url string) int {
		r := httptest.NewRequest(http.MethodGet, strings.TrimPrefix(url, "http://"+s.addr), nil)
		r.Host = s.addr
		return answered(s, r).Code
	}
	if enter("/?ticket=") != http.StatusUnauthorized {
		t.Error("no ticket is one before there are any")
	}
	url := s.Once()
	if strings.Contains(url, s.token) {
		t.Fatalf("%s has the token", url)
	}
	if first, again := enter(url), enter(url); first != http.StatusSeeOther || again != http.StatusUnauthorized {
		t.Errorf("at first %d, then %d", first, again)
	}
	if old, newer := s.Once(), s.Once(); enter(old) != http.StatusUnauthorized || enter(newer) != http.StatusSeeOther {
		t.Error("the newest ticket is not the only one")
	}
	url = s.Once()
	s.ticket.until = time.Now()
	if enter(url) != http.StatusUnauthorized {
		t.Error("a ticket does not end")
	}
	if enter("/?ticket="+s.token) != http.StatusUnauthorized {
		t.Error("the token is a ticket")
	}
}

// counted counts what is read of endless text.
type counted struct{ read int64 }

func (c *counted) Read(p []byte) (int, error) {
	c.read += int64(len(p))
	for i := range p {
		p[i] = ' '
	}
	return len(p), nil
}

// TestTooLarge: a request over the limit is refused when it says so itself before it is read, otherwise at the limit.
func TestTooLarge(t *testing.T) {
	const most, slack = 1 << 20, 64 << 10
	for _, c := range []struct {
		name, path, head string
		length           int64
		read             int64
	}{
		{"a long upload", "/api/runs", "", maxUpload + 1, 0},
		{"an upload of no length", "/api/runs", "--b\r\nContent-Disposition: form-data; name=\"f\"; filename=\"x.npy\"\r\n\r\n", -1, most},
		{"a long value", "/api/runs", "--b\r\nContent-Disposition: form-data; name=\"ask\"\r\n\r\n", -1, most},
		{"a long question", "/api/models", "", maxAsk + 1, 0},
		{"a question of no length", "/api/models", "{", -1, maxAsk},
		{"a scene", "/api/models/m1/scene", "[", -1, maxAsk},
	} {
		s := opened(t, small)
		s.mostUpload = most
		body := &counted{}
		r := request(s, http.MethodPost, c.path, "")
		r.Body, r.ContentLength = io.NopCloser(io.MultiReader(strings.NewReader(c.head), body)), c.length
		r.Header.Set("Content-Type", "multipart/form-data; boundary=b")
		if w := answered(s, r); w.Code != http.StatusRequestEntityTooLarge || !strings.Contains(w.Body.String(), "--inputs") {
			t.Errorf("%s: %d %s", c.name, w.Code, w.Body)
		}
		if body.read > c.read+slack {
			t.Errorf("%s: %d bytes were read", c.name, body.read)
		}
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
