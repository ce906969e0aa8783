package cli

import (
	"context"
	"fmt"
	"strings"

	"github.com/spf13/pflag"
)

// completeCommand is the name of the command that scripts of shells call; it is in no list.
const completeCommand = "__complete"

func completionCommand() command {
	return command{
		name:  "completion",
		usage: "bash | zsh | fish",
		doc:   "Print a completion script for a shell.",
		long:  "For bash: source <(aiopt completion bash). For zsh and fish likewise; put the line into the shell's start-up file to keep it.",
		setup: func(t *tool, _ *pflag.FlagSet) func(context.Context, []string) error {
			return func(_ context.Context, args []string) error {
				for _, s := range shells() {
					if len(args) == 1 && args[0] == s.name {
						fmt.Fprintf(t.stdout, s.script, t.name, completeCommand)
						return nil
					}
				}
				return usagef("expected one shell: bash, zsh or fish")
			}
		},
	}
}

// shell is a shell and the script that makes it ask this program; %[1]s is the program's name, %[2]s the command it asks.
type shell struct{ name, script string }

func shells() []shell {
	const bash = `_%[1]s() {
  local word
  COMPREPLY=()
  while IFS= read -r word; do
    COMPREPLY+=("$word")
  done < <("${1/#\~/$HOME}" %[2]s "${COMP_LINE:0:$COMP_POINT}" "$COMP_WORDBREAKS" 2>/dev/null)
}
complete -o nospace -F _%[1]s %[1]s
`
	return []shell{
		{"bash", bash},
		{"zsh", "autoload -U +X compinit && compinit\nautoload -U +X bashcompinit && bashcompinit\n" + bash},
		{"fish", "complete -c %[1]s -f -a \"(%[1]s %[2]s (commandline -cp | string collect) '' 2>/dev/null | string trim)\"\n"},
	}
}

// complete prints the words that may stand at the end of a line, each as the shell takes it in the place of what follows
// the last of its word breaks. A word that is complete ends with a space.
func (t *tool) complete(args []string) error {
	if len(args) != 2 {
		return usagef("expected a line and the characters that break words")
	}
	l := splitLine(args[0])
	if len(l.words) == 0 {
		return nil
	}
	cut := len(l.current) - len(l.tail(args[1]))
	for _, w := range t.candidates(l.words[1:], l.current) {
		text, ok := strings.CutPrefix(w.text, l.current)
		if !ok {
			continue
		}
		if !l.open {
			text = escaped(text)
		}
		text = l.current[cut:] + text
		if w.done && !l.open {
			text += " "
		}
		fmt.Fprintln(t.stdout, text)
	}
	return nil
}

// commandLine is a line up to the cursor.
type commandLine struct {
	words   []string // that are complete
	current string   // the word at the cursor, without quotes
	quoted  int      // where in current an open quote begins
	open    bool     // there is an open quote
}

// splitLine reads a line as shells do, variables and the like apart.
func splitLine(text string) commandLine {
	var l commandLine
	var word strings.Builder
	var quote rune
	some, escape := false, false
	for _, r := range text {
		switch {
		case escape:
			word.WriteRune(r)
			escape = false
		case r == '\\' && quote != '\'':
			some, escape = true, true
		case quote == r:
			quote = 0
		case quote != 0:
			word.WriteRune(r)
		case r == '\'' || r == '"':
			some, quote = true, r
			l.quoted = word.Len()
		case r == ' ' || r == '\t' || r == '\n':
			if some {
				l.words = append(l.words, word.String())
			}
			word.Reset()
			some = false
			continue
		default:
			word.WriteRune(r)
		}
		some = true
	}
	l.current, l.open = word.String(), quote != 0
	return l
}

// tail is the part of the current word that the shell replaces: what follows the open quote or, without one, the last
// character that breaks words.
func (l *commandLine) tail(breaks string) string {
	if l.open {
		return l.current[l.quoted:]
	}
	at := strings.LastIndexAny(l.current, breaks)
	if at >= 0 && strings.IndexByte("@$", l.current[at]) >= 0 { // what readline takes into the word
		return l.current[at:]
	}
	return l.current[at+1:]
}

// escaped puts a backslash before what shells take for their own, braces and the like of pipelines apart.
func escaped(text string) string {
	var b strings.Builder
	for _, r := range text {
		if strings.ContainsRune(" \t'\"\\$&;()<>|*?!`", r) {
			b.WriteByte('\\')
		}
		b.WriteRune(r)
	}
	return b.String()
}
