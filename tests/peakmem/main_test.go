package main

import (
	"os/exec"
	"testing"
)

func TestWatchGivesTheResultOfTheCommand(t *testing.T) {
	cmd := exec.Command("go", "version", "--no-such-flag")
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	done := make(chan error)
	go func() { done <- cmd.Wait() }()
	if _, err := watch(cmd.Process.Pid, done); err == nil {
		t.Error("a command that fails gave no error")
	}
}
