package cli

import (
	"context"
	"fmt"
	"strings"

	"github.com/spf13/pflag"
)

func completionCommand() command {
	return command{
		name:  "completion",
		usage: "bash | zsh | fish",
		doc:   "Print a completion script for a shell.",
		long:  "For bash: source <(aiopt completion bash). For zsh and fish likewise; put the line into the shell's start-up file to keep it.",
		setup: func(t *tool, _ *pflag.FlagSet) func(context.Context, []string) error {
			return func(_ context.Context, args []string) error {
				if len(args) != 1 || scripts[args[0]] == nil {
					return usagef("expected one shell: bash, zsh or fish")
				}
				fmt.Fprint(t.stdout, scripts[args[0]](t.name, t.words()))
				return nil
			}
		},
	}
}

// scripts makes the text for each shell from the words that may follow each command.
var scripts = map[string]func(name string, words []commandWords) string{"bash": bash, "zsh": zsh, "fish": fish}

// commandWords are the flags and arguments of a command; the default command has no name.
type commandWords struct {
	name  string
	words []string
}

func (t *tool) words() []commandWords {
	var list []commandWords
	for _, c := range commands() {
		w := commandWords{name: c.name}
		fs := t.flags(c)
		c.setup(t, fs)
		fs.VisitAll(func(f *pflag.Flag) {
			if f.Name == "passes" {
				for _, p := range t.Passes.Names() {
					w.words = append(w.words, "--passes="+p)
				}
				for _, p := range pipelineNames(t) {
					w.words = append(w.words, "--passes=@"+p)
				}
				return
			}
			w.words = append(w.words, "--"+f.Name)
		})
		if c.name == "" {
			for _, other := range commands()[1:] {
				w.words = append(w.words, other.name)
			}
		}
		if c.name == "help" {
			w.words = append(w.words, "passes", "ops", "pipelines", "pass", "op", "pipeline")
			w.words = append(w.words, t.Passes.Names()...)
			w.words = append(w.words, opNames(t)...)
			w.words = append(w.words, loweredOperators(t)...)
		}
		if c.name == "completion" {
			w.words = append(w.words, "bash", "zsh", "fish")
		}
		list = append(list, w)
	}
	return list
}

func bash(name string, words []commandWords) string {
	var b strings.Builder
	fmt.Fprintf(&b, "_%s() {\n  local cur=${COMP_WORDS[COMP_CWORD]} words\n  case ${COMP_WORDS[1]} in\n", name)
	for _, w := range words[1:] {
		fmt.Fprintf(&b, "    %s) words='%s' ;;\n", w.name, strings.Join(w.words, " "))
	}
	fmt.Fprintf(&b, "    *) words='%s' ;;\n  esac\n", strings.Join(words[0].words, " "))
	fmt.Fprintf(&b, "  COMPREPLY=($(compgen -W \"$words\" -- \"$cur\") $(compgen -f -- \"$cur\"))\n}\n")
	fmt.Fprintf(&b, "COMP_WORDBREAKS=${COMP_WORDBREAKS//=}\ncomplete -o filenames -F _%s %s\n", name, name)
	return b.String()
}

func zsh(name string, words []commandWords) string {
	return "autoload -U +X bashcompinit && bashcompinit\n" + bash(name, words)
}

func fish(name string, words []commandWords) string {
	var b strings.Builder
	for _, w := range words {
		condition := "__fish_use_subcommand"
		if w.name != "" {
			condition = "__fish_seen_subcommand_from " + w.name
		}
		for _, word := range w.words {
			fmt.Fprintf(&b, "complete -c %s -n '%s' -a '%s'\n", name, condition, word)
		}
	}
	return b.String()
}
