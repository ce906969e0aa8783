package ir

import (
	"fmt"
	"strings"
)

// DimScope is a place in which more is known of sizes than around it, such as the body of a loop. What it says is worked out when
// somebody asks, and remembered. It is for one goroutine.
type DimScope struct {
	around *DimScope
	decls  []*DimDecl
	guards []Guard
	env    *DimEnv // nil until it is asked
	inner  map[string]*DimScope
	simple map[string]Dim
}

// Scope is the outermost one, where only the environment is known.
func (e *DimEnv) Scope() *DimScope { return &DimScope{env: e} }

// With is the scope inside s where also a symbol is declared, if one is given, and guards hold. Equal ones are one.
func (s *DimScope) With(decl *DimDecl, guards ...Guard) *DimScope {
	var text strings.Builder
	var decls []*DimDecl
	if decl != nil {
		decls = []*DimDecl{decl}
		fmt.Fprintf(&text, "%s %d %d", decl.Name, decl.Min, decl.Max)
	}
	for _, g := range guards {
		text.WriteString("; " + g.String())
	}
	key := text.String()
	if s.inner[key] == nil {
		if s.inner == nil {
			s.inner = map[string]*DimScope{}
		}
		s.inner[key] = &DimScope{around: s, decls: decls, guards: guards}
	}
	return s.inner[key]
}

// Env is all that is known in the scope.
func (s *DimScope) Env() *DimEnv {
	if s.env == nil {
		s.env = s.around.Env().With(s.decls, s.guards)
	}
	return s.env
}

// Simplify is that of Env.
func (s *DimScope) Simplify(d Dim) Dim {
	text := d.String()
	simple, ok := s.simple[text]
	if !ok {
		if s.simple == nil {
			s.simple = map[string]Dim{}
		}
		simple = s.Env().Simplify(d)
		s.simple[text] = simple
	}
	return simple
}
