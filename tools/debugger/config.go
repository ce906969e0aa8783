package debugger

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"unicode"

	"github.com/aiopt/aiopt/passes/recipe"
)

// maxConfig bounds the text of a configuration.
const maxConfig = 1 << 20

// Config is a configuration of compression (docs/recipes.md) as text: no file is opened for it.
type Config struct {
	Name string // for messages: that of the file, where it comes from one
	Text string // empty for none
}

// ReadConfig reads a configuration from a file.
func ReadConfig(path string) (Config, error) {
	f, err := os.Open(path)
	if err != nil {
		return Config{}, err
	}
	defer f.Close()
	data, err := io.ReadAll(io.LimitReader(f, maxConfig+1))
	if err != nil {
		return Config{}, err
	}
	c := Config{path, string(data)}
	return c, c.check()
}

// check refuses what is no configuration, with the places of all mistakes.
func (c Config) check() error {
	if len(c.Text) > maxConfig {
		return fmt.Errorf("%s: a configuration has at most %d MiB", c.Name, maxConfig>>20)
	}
	_, err := recipe.Read(c.Name, []byte(c.Text), recipe.Options{})
	return err
}

// maxName bounds the name that the page gives a configuration.
const maxName = 200

// config is a text that the page sends, under a name that says where it comes from: what the page calls it, if it does.
func (s *Server) config(text, name string) (Config, error) {
	if len(name) > maxName || strings.ContainsFunc(name, unicode.IsControl) {
		return Config{}, badRequest("config_name: expected at most %d characters of one line", maxName)
	}
	given := s.opt.Config
	c := Config{Text: text}
	switch {
	case text == "":
		return c, nil
	case text == given.Text:
		c.Name = given.Name
	case name != "":
		c.Name = name
	case given.Text == "":
		c.Name = "the page's configuration"
	default:
		c.Name = filepath.Base(given.Name) + ", edited"
	}
	return c, c.check()
}

// texts are what passes may read instead of files.
func (c Config) texts() map[string]string {
	if c.Text == "" {
		return nil
	}
	return map[string]string{c.Name: c.Text}
}
