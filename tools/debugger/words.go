package debugger

import (
	"errors"
	"strings"
)

// flagWords are what messages of the command line say of its flags, and what the page has instead. Of two that begin alike the longer
// one is first.
func flagWords() []string {
	return []string{
		"choose one with --function, or give the inputs of each call with --inputs; `aiopt help inputs` explains", "choose one in the list Function, or compare on the inputs of a run",
		"choose one with --function", "choose one in the list Function",
		"give some with --inputs", "run it on other inputs first, and compare on those of that run",
		"give inputs that it runs with: --inputs=FILE.safetensors with ", "choose other sources for its inputs: ",
		"give inputs by name with --inputs", "compare on the inputs of a run",
	}
}

// forPage says an error in the words of the page.
func forPage(err error) error {
	if err == nil {
		return nil
	}
	text := strings.NewReplacer(flagWords()...).Replace(err.Error())
	if text == err.Error() {
		return err
	}
	return errors.New(text)
}
