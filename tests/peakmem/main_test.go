package main

import (
	"os/exec"
	"testing"
)

func TestHeld(t *testing.T) {
	status := "Name:\taiopt\nVmRSS:\t   900 kB\nRssAnon:\t     120 kB\nRssFile:\t     777 kB\nRssShmem:\t       3 kB\nThreads:\t5\n"
	for _, tt := range []struct {
		status string
		want   int
	}{{status, 123}, {"RssAnon:\t7 kB", 7}, {"RssAnon:\n", 0}, {"", 0}} {
		if got := held([]byte(tt.status)); got != tt.want {
			t.Errorf("held(%q) = %d, expected %d", tt.status, got, tt.want)
		}
	}
}

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
